"""Opening bodies of Hugging Face transformers: by hub name, folder, model, configuration, or a stored configuration.

Only safetensors are read and only the library's own classes are made; no code that comes with a model ever runs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from torch import nn

from selflearn.errors import MissingExtraError, RecipeError

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel

EXECUTABLE = frozenset({"auto_map", "attn_implementation", "experts_implementation", "quantization_config", "use_kernels"})
"""Configuration keys that can make the library fetch and run code, or swap layers. They are never kept."""

INCIDENTAL = frozenset({"dtype", "torch_dtype", "architectures", "transformers_version", "id2label", "label2id", "return_dict"})


@dataclass
class Body:
    """A vision body and what is known of it.

    Attributes
    ----------
    model : the network, without any head.
    config : plain JSON that makes the same network, untrained.
    trained : whether it brings weights worth keeping.
    mean, std : of the pictures it was trained on, for each of its channels; None where unknown.
    origin : where the weights came from, for the record.
    """

    model: nn.Module
    config: dict[str, Any]
    trained: bool
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    origin: str = ""


def open_body(source: Any, pretrained: bool, channels: int) -> Body:
    """The body that `source` names.

    Parameters
    ----------
    source : a hub name or local folder; a model object (used as it is, its head left out); a configuration object or its
        JSON (makes an untrained body, with `channels` channels).
    pretrained : for a name or folder: whether to read its weights or only its configuration.
    channels : channels of the pictures, for untrained bodies.

    Raises
    ------
    MissingExtraError : transformers is not installed.
    RecipeError : nothing such, no safetensors, weights that do not fit, or not a body for pictures.
    """
    try:
        import transformers
    except ImportError as error:
        raise MissingExtraError("transformers", "hub", "use a body of Hugging Face transformers") from error
    if isinstance(source, str):
        return _named(source, pretrained, channels)
    if isinstance(source, transformers.PreTrainedModel):
        model: Any = source.base_model
        config = cleaned(model.config)
        if type(model) is not _model_class(config):
            raise RecipeError(f"a {type(source).__name__} holds no body for pictures that can be stored; give the body itself")
        return Body(_headless(model), plain_config(config), True, origin=str(getattr(source, "name_or_path", "")))
    if isinstance(source, dict | transformers.PretrainedConfig):
        return _configured(source, channels)
    raise RecipeError(f"{type(source).__name__} is no name, folder, model or configuration of Hugging Face transformers")


def open_as(source: Any, pretrained: bool, what: str, class_for: Callable[[Any], Any], fit: Callable[[Any], Any]) -> Body:
    """The body that `source` names, for kinds whose bodies need no more than a class and a configuration that fits.

    Parameters
    ----------
    source, pretrained : as in `open_body`.
    what : what it is a body for, for messages, such as "sound".
    class_for : configuration to the library's class; raises `RecipeError` for one that is no such body.
    fit : configuration to one that fits the data; of a model that is given, it may change only what holds for its weights too.

    Raises
    ------
    MissingExtraError : transformers is not installed.
    RecipeError : nothing such, no safetensors, or another kind of body.
    """
    try:
        import transformers
    except ImportError as error:
        raise MissingExtraError("transformers", "hub", "use a body of Hugging Face transformers") from error
    if isinstance(source, transformers.PreTrainedModel):
        model: Any = source.base_model
        class_for(fit(model.config))
        return Body(_headless(model), plain_config(model.config), True, origin=str(getattr(source, "name_or_path", "")))
    if isinstance(source, dict | transformers.PretrainedConfig):
        config = cleaned(source)
        config = config if isinstance(source, dict) else fit(config)  # a stored configuration fits already
        return Body(_headless(class_for(config)(config)), plain_config(config), False)
    if not isinstance(source, str):
        raise RecipeError(f"{type(source).__name__} is no name, folder, model or configuration of Hugging Face transformers")
    try:
        config = fit(cleaned(transformers.AutoConfig.from_pretrained(source, trust_remote_code=False)))
        if not pretrained:
            return Body(_headless(class_for(config)(config)), plain_config(config), False)
        model = class_for(config).from_pretrained(source, config=config, use_safetensors=True)
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        if isinstance(error, RecipeError):
            raise
        first = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise RecipeError(
            f"the body {source!r} cannot be opened ({first}). It must be a model for {what} of Hugging Face transformers, with "
            "safetensors: a folder, or a hub name reachable from here (or in the local cache)"
        ) from error
    return Body(_headless(model.float()), plain_config(config), True, origin=source)


def _named(name: str, pretrained: bool, channels: int) -> Body:
    from transformers import AutoConfig
    from transformers.models.auto.image_processing_auto import get_image_processor_config

    try:
        config = AutoConfig.from_pretrained(name, trust_remote_code=False)
        if not pretrained:
            return _configured(config, channels)
        config = cleaned(getattr(config, "vision_config", config))
        kind: Any = _model_class(config)
        model, found = kind.from_pretrained(
            name, config=config, use_safetensors=True, output_loading_info=True, ignore_mismatched_sizes=True
        )
        processor = get_image_processor_config(name)
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        if isinstance(error, RecipeError):
            raise
        first = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise RecipeError(
            f"the body {name!r} cannot be opened ({first}). It must be a model of Hugging Face transformers with safetensors: "
            "a folder, or a hub name reachable from here (or in the local cache)"
        ) from error
    missing = sorted(key for key in found["missing_keys"] if "pooler" not in key and "mask_token" not in key)
    if missing or found["mismatched_keys"]:
        raise RecipeError(f"the weights of {name!r} do not fit {type(model).__name__}: {missing[0] if missing else 'other shapes'}")
    mean, std = (tuple(processor[key]) if processor.get(key) else None for key in ("image_mean", "image_std"))
    return Body(_headless(model.float()), plain_config(config), True, mean, std, name)


def _configured(config: dict[str, Any] | PretrainedConfig, channels: int) -> Body:
    changed = cleaned(config)
    changed = getattr(changed, "vision_config", changed)
    if hasattr(changed, "num_channels"):
        changed.num_channels = channels
    model = _model_class(changed)(changed)
    return Body(_headless(model), plain_config(changed), False)


def cleaned(config: dict[str, Any] | PretrainedConfig) -> PretrainedConfig:
    """A configuration object of the library's own class, without anything that could run code."""
    from transformers import AutoConfig

    plain = _without(config if isinstance(config, dict) else config.to_dict())
    kind = plain.pop("model_type", None)
    if kind == "vit_mae":  # the same network, but it shuffles and drops patches by itself
        kind = "vit"
        plain = {key: value for key, value in plain.items() if not key.startswith(("decoder_", "mask_ratio", "norm_pix"))}
    if not isinstance(kind, str) or kind.startswith("timm") or plain.get("backbone") or plain.get("backbone_config"):
        raise RecipeError(f"a configuration of the type {kind!r} is not a body of its own; name the body that it is built on")
    try:
        return AutoConfig.for_model(kind, **plain)
    except (ValueError, TypeError, KeyError) as error:
        raise RecipeError(f"the configuration of the type {kind!r} is not known to the installed transformers: {error}") from error


def plain_config(config: PretrainedConfig) -> dict[str, Any]:
    """What makes the same network, as plain JSON."""
    return _without(config.to_dict())


def _without(config: dict[str, Any]) -> dict[str, Any]:
    return {
        key: _without(value) if isinstance(value, dict) else value
        for key, value in config.items()
        if not key.startswith("_") and key not in EXECUTABLE | INCIDENTAL
    }


def _model_class(config: PretrainedConfig) -> type[PreTrainedModel]:
    from transformers import MODEL_MAPPING

    found: Any = MODEL_MAPPING.get(type(config), None)
    found = found[0] if isinstance(found, list | tuple) else found
    if found is None or getattr(found, "main_input_name", None) != "pixel_values":
        raise RecipeError(f"{config.model_type!r} is not a body for pictures; name one, such as facebook/dinov2-small")
    chosen: type[PreTrainedModel] = found
    return chosen


def _headless(model: Any) -> nn.Module:
    """Without a pooler that was trained for something else, or not at all (ViT's linear layer and tanh)."""
    if isinstance(getattr(getattr(model, "pooler", None), "dense", None), nn.Linear):
        model.pooler = None
    headless: nn.Module = model.train()
    return headless
