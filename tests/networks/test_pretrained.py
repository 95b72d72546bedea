"""Bodies of Hugging Face transformers, made small and stored locally: nothing is asked of a network."""

import json
import warnings

import pytest
import torch

from selflearn.data.batch import Batch
from selflearn.errors import RecipeError, RunError
from selflearn.networks import TokenMask, build, load_encoder, random_mask, save_encoder
from selflearn.networks.patches import join_patches

transformers = pytest.importorskip("transformers")

NARROW = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
STAGES = {"hidden_sizes": [4, 6, 8, 10], "depths": [1, 1, 1, 1]}
SWIN = {"image_size": 32, "patch_size": 2, "embed_dim": 8, "depths": [1, 1], "num_heads": [1, 2], "window_size": 4}
SEQUENCES = {
    "vit": ("ViTConfig", {**NARROW, "image_size": 32, "patch_size": 8}),
    "dinov2": ("Dinov2Config", {**NARROW, "image_size": 28, "patch_size": 7}),
    "registers": ("Dinov2WithRegistersConfig", {**NARROW, "image_size": 28, "patch_size": 7, "num_register_tokens": 3}),
    "dinov3": ("DINOv3ViTConfig", {**NARROW, "image_size": 32, "patch_size": 8, "num_register_tokens": 2}),
    "ijepa": ("IJepaConfig", {**NARROW, "image_size": 32, "patch_size": 8}),
}
BODIES = {
    **SEQUENCES,
    "convnext": ("ConvNextConfig", {**STAGES, "image_size": 32}),
    "convnextv2": ("ConvNextV2Config", {**STAGES, "image_size": 32}),
    "resnet": ("ResNetConfig", {**STAGES, "embedding_size": 4}),
    "swin": ("SwinConfig", SWIN),
    "swinv2": ("Swinv2Config", SWIN),
}
pytestmark = pytest.mark.filterwarnings("ignore:the body:UserWarning")


def config(name, **changes):
    kind, options = BODIES[name]
    if not hasattr(transformers, kind):
        pytest.skip(f"the installed transformers has no {kind}")
    return getattr(transformers, kind)(**{**options, **changes})


def stored(folder, name, processor=None, **changes):
    """A folder as the hub has them: configuration, safetensors, and perhaps how pictures are prepared."""
    torch.manual_seed(0)
    model = transformers.AutoModel.from_config(config(name, **changes))
    model.save_pretrained(folder)
    if processor:
        (folder / "preprocessor_config.json").write_text(json.dumps(processor))
    return model.eval()


@pytest.mark.parametrize("name", sorted(BODIES))
def test_configured(image_spec, pictures, name, tmp_path):
    """Any channels, a gradient everywhere, stored and rebuilt bit for bit."""
    encoder = build(image_spec(2), config(name))
    assert all(module.training for module in encoder.modules())
    batch = pictures(3, 2)
    features = encoder(batch, layers=True)
    assert features.pooled.shape == (3, encoder.dim)
    features.pooled.square().sum().backward()
    assert [key for key, each in encoder.named_parameters() if each.grad is None] == []
    assert ("tokens" in encoder.capabilities) == (name in SEQUENCES)
    save_encoder(encoder, tmp_path)
    again = load_encoder(tmp_path)
    assert again.settings == encoder.settings
    assert torch.equal(again(batch).pooled, encoder.eval()(batch).pooled)


@pytest.mark.parametrize("name", sorted(SEQUENCES))
def test_tokens_are_the_patches(image_spec, pictures, name):
    """As many as the grid says, without class and register tokens, each knowing its own patch best."""
    encoder = build(image_spec(), config(name)).eval()
    batch = pictures(1)
    batch.values.requires_grad_()
    features = encoder(batch, layers=True)
    rows, columns = encoder.token_grid()
    assert features.tokens.shape == (1, rows * columns, encoder.dim)
    assert [each.shape for each in features.layers] == [features.tokens.shape] * 2
    values = encoder.token_content(batch).values
    assert values.shape[2] == encoder.content_size()[0]
    restored = join_patches(values, (rows, columns), 3, encoder.size, encoder.size)
    if encoder.size == 32:
        torch.testing.assert_close(restored, (batch.values - 0.5) / 0.25)
    for place in (0, rows * columns - 1):
        (slope,) = torch.autograd.grad(features.tokens[0, place].square().sum(), batch.values, retain_graph=True)
        reach = torch.nn.functional.adaptive_avg_pool2d(slope.abs().mean(1), (rows, columns)).flatten()
        assert reach.argmax() == place


@pytest.mark.parametrize("name", ["vit", "dinov2", "registers", "dinov3", "resnet", "swin"])
def test_views_of_other_sizes(image_spec, pictures, name):
    encoder = build(image_spec(), config(name)).eval()
    assert "any-size" in encoder.capabilities
    for side in (16, 48):
        assert encoder(pictures(side=side)).pooled.shape == (2, encoder.dim)


@pytest.mark.parametrize("name", ["vit", "dinov2", "convnext"])
def test_a_folder_keeps_its_weights_and_its_statistics(image_spec, name, tmp_path):
    processor = {"image_mean": [0.4, 0.5, 0.6], "image_std": [0.2, 0.3, 0.4]}
    model = stored(tmp_path, name, processor)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        encoder = build(image_spec(side=28 if name == "dinov2" else 32), f"hf:{tmp_path}").eval()
    values = torch.rand(2, 3, encoder.size, encoder.size)
    standard = (values - torch.tensor([0.4, 0.5, 0.6])[:, None, None]) / torch.tensor([0.2, 0.3, 0.4])[:, None, None]
    output = model(standard)
    expected = output.last_hidden_state[:, 0] if name != "convnext" else output.pooler_output
    given = encoder(Batch(values, torch.arange(2), torch.full((2,), -1))).pooled
    torch.testing.assert_close(given, expected)
    assert encoder.settings["origin"] == str(tmp_path)


def test_a_stored_pretrained_encoder_needs_its_origin_no_more(image_spec, pictures, tmp_path):
    stored(tmp_path / "body", "dinov2", {"image_mean": [0.4, 0.5, 0.6], "image_std": [0.2, 0.3, 0.4]})
    encoder = build(image_spec(), f"hf:{tmp_path / 'body'}").eval()
    save_encoder(encoder, tmp_path / "encoder")
    for path in (tmp_path / "body").iterdir():
        path.unlink()
    again = load_encoder(tmp_path / "encoder")
    assert torch.equal(again(pictures()).pooled, encoder(pictures()).pooled)


def test_a_model_object_is_trained_in_place(image_spec, pictures):
    model = transformers.ViTForImageClassification(config("vit"))
    encoder = build(image_spec(), model)
    encoder(pictures()).pooled.sum().backward()
    assert model.vit.embeddings.cls_token.grad is not None


def test_configuration_alone(image_spec, tmp_path):
    """`pretrained: false` makes a body of that shape for the data's channels, with weights of the seed."""
    stored(tmp_path, "vit")
    torch.manual_seed(5)
    encoder = build(image_spec(1), f"hf:{tmp_path}", pretrained=False)
    torch.manual_seed(5)
    again = build(image_spec(1), f"hf:{tmp_path}", pretrained=False)
    assert encoder.token_content(Batch(torch.rand(1, 1, 32, 32), torch.arange(1), torch.arange(1))).values.shape == (1, 16, 64)
    assert all(torch.equal(each, again.state_dict()[key]) for key, each in encoder.state_dict().items())


@pytest.mark.parametrize(("channels", "told"), [(1, "the one channel"), (4, "the mean of 4 channels")])
def test_other_channels_than_it_was_trained_on(image_spec, pictures, tmp_path, channels, told):
    stored(tmp_path, "vit")
    with pytest.warns(UserWarning, match=told):
        encoder = build(image_spec(channels), f"hf:{tmp_path}").eval()
    batch = pictures(2, channels)
    grey = batch.replace(values=batch.values.mean(1, keepdim=True).expand(-1, channels, -1, -1))
    torch.testing.assert_close(encoder(batch).pooled, encoder(grey).pooled)


def test_size_scales_views_alike(image_spec, pictures, tmp_path):
    """Small pictures are enlarged to what the body was trained on, local views in proportion."""
    stored(tmp_path, "vit")
    encoder = build(image_spec(side=8), f"hf:{tmp_path}")
    assert encoder.settings["size"] == 32
    assert encoder(pictures(side=8)).tokens.shape[1] == 16
    assert encoder(pictures(side=4)).tokens.shape[1] == 4
    assert build(image_spec(side=8), f"hf:{tmp_path}", size=16)(pictures(side=8)).tokens.shape[1] == 4


@pytest.mark.parametrize("name", ["dinov2", "registers", "dinov3"])
def test_replaced_tokens_are_not_seen(image_spec, pictures, name):
    encoder = build(image_spec(side=config(name).image_size), config(name)).eval()
    hidden = random_mask(2, encoder.token_grid(), 0.5, torch.Generator().manual_seed(0))
    batch = pictures(side=encoder.size)
    batch.values.requires_grad_()
    features = encoder(batch, TokenMask(hidden, "replace"))
    (features.tokens.square().sum() + features.pooled.sum()).backward()
    cut = encoder.token_content(batch.replace(values=batch.values.grad + 0.5)).values
    assert (cut[hidden] == 0).all()
    assert (cut[~hidden] != 0).any(-1).all()
    with pytest.raises(RecipeError, match="cannot drop"):
        encoder(batch, TokenMask(hidden))


def test_maps_have_no_tokens(image_spec, pictures):
    encoder = build(image_spec(), config("convnext"))
    for ask in (encoder.token_grid, encoder.content_size, lambda: encoder.token_content(pictures())):
        with pytest.raises(RecipeError, match="vit-tiny"):
            ask()


def test_mae_encodes_without_hiding(image_spec, pictures, tmp_path):
    torch.manual_seed(0)
    mae = transformers.ViTMAEForPreTraining(
        transformers.ViTMAEConfig(**NARROW, image_size=32, patch_size=8, decoder_hidden_size=16)
    )
    mae.save_pretrained(tmp_path)
    encoder = build(image_spec(), f"hf:{tmp_path}").eval()
    mae.vit.config.mask_ratio = mae.vit.embeddings.config.mask_ratio = 0.0
    batch = pictures()
    noise = torch.arange(16.0).expand(2, -1)
    expected = mae.eval().vit((batch.values - 0.5) / 0.25, noise=noise).last_hidden_state
    torch.testing.assert_close(encoder(batch).pooled, expected[:, 0])
    torch.testing.assert_close(encoder(batch).tokens, expected[:, 1:])


def test_code_that_comes_with_a_model_is_never_run(image_spec, tmp_path):
    model = stored(tmp_path, "vit")
    path = tmp_path / "config.json"
    foreign = {**json.loads(path.read_text()), "auto_map": {"AutoModel": "evil.Model", "AutoConfig": "evil.Config"}}
    foreign |= {"attn_implementation": "someone/kernel", "quantization_config": {"quant_method": "evil"}}
    path.write_text(json.dumps(foreign))
    (tmp_path / "evil.py").write_text("raise SystemExit('ran')")
    encoder = build(image_spec(), f"hf:{tmp_path}")
    assert type(encoder.body) is type(model)
    assert not {"auto_map", "attn_implementation", "quantization_config"} & set(encoder.settings["source"])


def test_pickled_weights_are_refused(image_spec, tmp_path):
    model = stored(tmp_path, "vit")
    (tmp_path / "model.safetensors").unlink()
    torch.save(model.state_dict(), tmp_path / "pytorch_model.bin")
    with pytest.raises(RecipeError, match="safetensors"):
        build(image_spec(), f"hf:{tmp_path}")


def test_weights_of_another_model_are_refused(image_spec, tmp_path):
    stored(tmp_path, "vit")
    other = tmp_path / "other"
    stored(other, "dinov2")
    (other / "model.safetensors").replace(tmp_path / "model.safetensors")
    with pytest.raises(RecipeError, match="do not fit"):
        build(image_spec(), f"hf:{tmp_path}")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"model_type": "bert", "hidden_size": 8, "num_attention_heads": 2}, "not a body for pictures"),
        ({"model_type": "timm_wrapper"}, "not a body of its own"),
        ({"model_type": "detr", "backbone": "resnet50"}, "not a body of its own"),
        ({"model_type": "no-such"}, "not known"),
        ({}, "None"),
        (3, "int is no name"),
    ],
)
def test_what_is_no_body(image_spec, source, message):
    with pytest.raises(RecipeError, match=message):
        build(image_spec(), "hf", source=source)


def test_a_name_that_does_not_exist(image_spec, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    (tmp_path / "empty").mkdir()
    with pytest.raises(RecipeError, match="cannot be opened"):
        build(image_spec(), f"hf:{tmp_path / 'empty'}")


def test_a_stranger_cannot_make_loading_reach_out(image_spec, tmp_path):
    save_encoder(build(image_spec(), config("vit")), tmp_path)
    path = tmp_path / "encoder.json"
    content = json.loads(path.read_text())
    content["settings"]["source"] = "someone/something"
    del content["seal"]  # a stranger's would fit
    path.write_text(json.dumps(content))
    with pytest.raises(RunError, match="outside its folder"):
        load_encoder(tmp_path)
