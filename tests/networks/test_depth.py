"""The depth of parameters is read off encoders of every build."""

import pytest

from selflearn.networks import build, layer_depths


def test_a_transformers_blocks_are_its_layers(image_spec):
    depths, top = layer_depths(build(image_spec(3), "vit-tiny", depth=4, width=16, heads=2))
    assert top == 5
    assert {depths[name] for name in ("class_token", "mask_token", "embed.weight")} == {0}
    assert [depths[f"transformer.blocks.{block}.widen.weight"] for block in range(4)] == [1, 2, 3, 4]
    assert depths["transformer.norm.weight"] == top


@pytest.mark.parametrize("name", ["resnet18", "resnet-narrow"])
def test_a_convolutional_trunk_deepens_from_input_to_output(image_spec, name):
    encoder = build(image_spec(3), name)
    depths, top = layer_depths(encoder)
    order = list(depths.values())
    assert order == sorted(order)
    assert set(order) == set(range(1, top))  # nothing lies before or after the trunk
    assert set(depths) == {name for name, _ in encoder.named_parameters()}
