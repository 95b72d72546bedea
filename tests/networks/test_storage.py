"""What is loaded is what was saved, bit for bit; what is torn, foreign or of another version is refused."""

import json

import pytest
import torch

from selflearn.data.batch import Batch
from selflearn.data.images import ImageSpec
from selflearn.errors import RunError
from selflearn.networks import build, load_encoder, save_encoder

SPEC = ImageSpec(channels=3, height=16, width=16, mean=(0.5, 0.4, 0.3), std=(0.2, 0.3, 0.1))


def pictures(samples=4, side=16):
    return Batch(torch.rand(samples, 3, side, side), torch.arange(samples), torch.full((samples,), -1))


@pytest.fixture
def saved(tmp_path):
    encoder = build(SPEC, "resnet-narrow", width=4)
    encoder(pictures())
    save_encoder(encoder, tmp_path / "encoder")
    return encoder.eval(), tmp_path / "encoder"


def test_bit_for_bit(saved):
    encoder, folder = saved
    again = load_encoder(folder)
    assert again.settings == encoder.settings
    assert again.spec == encoder.spec
    for name, tensor in encoder.state_dict().items():
        assert torch.equal(tensor, again.state_dict()[name])
    batch = pictures()
    assert torch.equal(encoder(batch).pooled, again(batch).pooled)


def test_loaded_for_use_not_for_training(saved):
    assert not any(module.training for module in load_encoder(saved[1]).modules())


def test_loading_leaves_the_global_generator_alone(saved):
    state = torch.get_rng_state()
    load_encoder(saved[1])
    assert torch.equal(state, torch.get_rng_state())


def test_channels_last_weights_are_saved_too(tmp_path):
    encoder = build(SPEC, "resnet-narrow", width=4).to(memory_format=torch.channels_last)
    save_encoder(encoder, tmp_path)
    for name, tensor in load_encoder(tmp_path).state_dict().items():
        assert torch.equal(tensor, encoder.state_dict()[name])


def test_writing_leaves_two_files(saved):
    assert sorted(path.name for path in saved[1].iterdir()) == ["encoder.json", "encoder.safetensors"]
    assert set(json.loads((saved[1] / "encoder.json").read_text())) == {"format", "kind", "spec", "settings", "sha256", "seal"}


def test_overwriting(saved):
    other = build(SPEC, "resnet-narrow", width=5)
    save_encoder(other, saved[1])
    assert load_encoder(saved[1]).dim == 20


@pytest.mark.parametrize("keep", [0, 7, 100, -1])
def test_torn_weights(saved, keep):
    path = saved[1] / "encoder.safetensors"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(RunError, match="damaged"):
        load_encoder(saved[1])


def test_one_flipped_bit(saved):
    path = saved[1] / "encoder.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(RunError, match="damaged"):
        load_encoder(saved[1])


def test_missing(tmp_path, saved):
    with pytest.raises(RunError, match=r"encoder\.json is missing"):
        load_encoder(tmp_path / "nowhere")
    (saved[1] / "encoder.safetensors").unlink()
    with pytest.raises(RunError, match=r"encoder\.safetensors is missing"):
        load_encoder(saved[1])


def describe(folder, **changes):
    path = folder / "encoder.json"
    content = {**json.loads(path.read_text()), **changes}
    del content["seal"]  # as if whoever wrote it had meant it so
    path.write_text(json.dumps(content))


def test_a_changed_number_in_the_description_is_noticed(saved):
    path = saved[1] / "encoder.json"
    content = json.loads(path.read_text())
    content["spec"]["mean"] = [each + 0.01 for each in content["spec"]["mean"]]
    path.write_text(json.dumps(content))
    with pytest.raises(RunError, match="does not match its own seal"):
        load_encoder(saved[1])


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"format": 1}', "\udcff"])
def test_foreign_description(saved, text):
    (saved[1] / "encoder.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(RunError, match=r"encoder\.json"):
        load_encoder(saved[1])


@pytest.mark.parametrize(
    "changes",
    [
        {"format": 99},
        {"settings": {"name": "os.system"}},
        {"settings": {}},
        {"settings": {"name": "resnet-narrow", "width": 5, "size": 16}},
        {"settings": {"name": "resnet-narrow", "width": 4, "size": 16, "more": 1}},
        {"settings": {"name": {"a": 1}}},
        {"settings": {"name": "hf:someone/something"}},
        {"settings": {"name": "hf", "source": "someone/something"}},
        {"settings": {"name": "resnet-narrow", "spec": 1}},
        {"spec": {"kind": "smell"}},
        {"spec": {"kind": "image", "channels": 3}},
        {"spec": 3},
    ],
)
def test_description_of_something_else(saved, changes):
    describe(saved[1], **changes)
    with pytest.raises(RunError):
        load_encoder(saved[1])


def test_weights_that_are_no_safetensors(saved):
    import hashlib
    import pickle

    content = pickle.dumps({"a": 1})
    (saved[1] / "encoder.safetensors").write_bytes(content)
    describe(saved[1], sha256=hashlib.sha256(content).hexdigest())
    with pytest.raises(RunError):
        load_encoder(saved[1])
