"""Vision bodies of Hugging Face transformers behind the encoder contract: one adapter over their shapes of output.

Bodies answer with maps (ConvNeXt, ResNet), with a sequence of all patches after class and register tokens (ViT, DINO), or
with a shorter sequence (Swin). The first picture that is tried tells which.
"""

from __future__ import annotations

import inspect
import warnings
from typing import Annotated, Any

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor

from selflearn.data.batch import Batch
from selflearn.data.images import ImageSpec
from selflearn.errors import RecipeError
from selflearn.networks.bodies import Body, open_body
from selflearn.networks.encoder import Encoder
from selflearn.networks.features import Features, TokenContent, TokenMask
from selflearn.networks.patches import cell_middles, cut_patches, grid_of
from selflearn.networks.standardise import Standardise

Deviation = Annotated[float, Field(gt=0)]


class PretrainedEncoder(Encoder):
    """A body of Hugging Face transformers.

    Parameters
    ----------
    spec : an image spec.
    body : the body and what is known of it.
    size : side in pixels at which the body sees a global view; other views are scaled alike.
    mean, std : one number for each of the body's channels.
    """

    spec: ImageSpec

    def __init__(self, spec: ImageSpec, body: Body, size: int, mean: tuple[float, ...], std: tuple[float, ...]) -> None:
        super().__init__()
        overlapping = "patch_stride" in body.config
        self.spec, self.patch = spec, 1 if overlapping else _side(body.config.get("patch_size")) or 1
        self.size = max(1, round(size / self.patch)) * self.patch
        self.settings = {"source": body.config, "size": self.size, "mean": list(mean), "std": list(std), "origin": body.origin}
        self.standardise = Standardise(mean, std, axes=2)
        self.body = body.model
        accepted = inspect.signature(self.body.forward).parameters
        self._interpolates = "interpolate_pos_encoding" in accepted
        self._explore("bool_masked_pos" in accepted)

    def forward(self, batch: Batch, mask: TokenMask | None = None, layers: bool = False) -> Features:
        pictures = self._pictures(batch.values)
        options: dict[str, Any] = {"output_hidden_states": True} if layers else {}
        if mask is not None:
            if "mask-replace" not in self.capabilities or mask.how != "replace":
                raise RecipeError(f"this body of Hugging Face transformers cannot {mask.how} tokens; choose vit-tiny, for one")
            options["bool_masked_pos"] = mask.hidden
        output = self._ask(pictures, **options)
        last, pooled = output.last_hidden_state, output.get("pooler_output")
        if last.ndim == 4:
            return Features(pooled=last.mean(dim=(2, 3)) if pooled is None else pooled.flatten(1))
        tokens = last[:, self._first :]
        if pooled is None:
            pooled = last[:, 0] if self._first else tokens.mean(dim=1)
        if self.training and mask is None and self._mask_token is not None:
            # It takes part with weight zero, so that distributed training finds every parameter used.
            pooled = pooled + 0.0 * self._mask_token.sum()
        if "tokens" not in self.capabilities:
            return Features(pooled=pooled)
        between = tuple(each[:, self._first :] for each in output.hidden_states[1:]) if layers else ()
        return Features(pooled=pooled, tokens=tokens, layers=between)

    def token_grid(self) -> tuple[int, ...]:
        return (self.size // self.patch,) * 2 if "tokens" in self.capabilities else super().token_grid()

    def token_places(self, batch: Batch, tokens: int) -> Tensor:
        if "tokens" not in self.capabilities:
            return super().token_places(batch, tokens)
        height, width = batch.values.shape[2:]
        return cell_middles(*grid_of(tokens, height, width), device=batch.device).expand(len(batch), -1, -1)

    def token_content(self, batch: Batch) -> TokenContent:
        if "tokens" not in self.capabilities:
            return super().token_content(batch)
        return TokenContent(cut_patches(self._pictures(batch.values), self.patch)[0])

    def content_size(self) -> tuple[int, int]:
        return (self.patch**2 * len(self.settings["mean"]), 0) if "tokens" in self.capabilities else super().content_size()

    def _pictures(self, values: Tensor) -> Tensor:
        """At the body's size, channels and scale."""
        own, channels = min(self.spec.height, self.spec.width), len(self.settings["mean"])
        height, width = (max(1, round(side * self.size / own / self.patch)) * self.patch for side in values.shape[2:])
        if (height, width) != tuple(values.shape[2:]):
            values = F.interpolate(values, (height, width), mode="bilinear", antialias=height < values.shape[2])
        if values.shape[1] != channels:
            values = values.mean(dim=1, keepdim=True).expand(-1, channels, -1, -1)
        return self.standardise(values)

    def _ask(self, pictures: Tensor, **options: Any) -> Any:
        if self._interpolates:
            options["interpolate_pos_encoding"] = True
        return self.body(pixel_values=pictures, return_dict=True, **options)

    def _explore(self, takes_mask: bool) -> None:
        """Try the body on an empty picture: the length of its vectors, and what it is capable of."""
        training = self.body.training
        self.body.eval()
        last = self._try(self.size)
        if last is None or last.ndim not in (3, 4):
            raise RecipeError(
                f"{type(self.body).__name__} cannot encode pictures of {self.size} pixels; give another 'size', such as 224"
            )
        able = set()
        self.dim, self._first = int(last.shape[1 if last.ndim == 4 else 2]), 0
        patches = (self.size // self.patch) ** 2
        if last.ndim == 3 and self.patch > 1 and last.shape[1] >= patches:
            self._first = last.shape[1] - patches
            able |= {"tokens", "layers", "places"}
            if takes_mask and self._mask_token is not None:
                able.add("mask-replace")
        other = self.size // 2 // self.patch * self.patch or self.size + self.patch
        if self._try(other) is not None:
            able.add("any-size")
        self.capabilities = frozenset(able)
        self.body.train(training)

    @property
    def _mask_token(self) -> Tensor | None:
        return next((each for name, each in self.body.named_parameters() if name.rpartition(".")[2] == "mask_token"), None)

    @torch.no_grad()
    def _try(self, side: int) -> Tensor | None:
        weight = next(self.body.parameters())
        try:
            picture = torch.zeros(1, len(self.settings["mean"]), side, side, device=weight.device, dtype=weight.dtype)
            last: Tensor = self._ask(picture).last_hidden_state
        except (RuntimeError, ValueError, TypeError, AttributeError, IndexError):
            return None
        return last


def hugging_face(
    spec: ImageSpec,
    *,
    source: Any,
    pretrained: bool = True,
    size: Annotated[int, Field(ge=1, le=4096)] | None = None,
    mean: tuple[float, ...] | None = None,
    std: tuple[Deviation, ...] | None = None,
    origin: str = "",
) -> Encoder:
    """Any vision body of Hugging Face transformers: ViT, DINOv2 and 3, I-JEPA, ConvNeXt, ResNet, Swin, ...

    Parameters
    ----------
    spec : an image spec. A pretrained body of other channels sees the mean of the picture's channels in each of its own.
    source : a hub name or local folder (in recipes ``hf:NAME``), a model or a configuration.
    pretrained : for a name or folder: start from its weights, or only from its configuration.
    size : side in pixels at which the body sees a global view; None takes the configuration's (at most 224 for a pretrained
        body); where it names none, 224 for a pretrained body and the spec's for another.
    mean, std : of pictures at unit scale, for each channel of the body; None takes those of its publisher if it is
        pretrained and says them, else the spec's.
    origin : where the weights came from, kept for the record.
    """
    body = open_body(source, pretrained, spec.channels)
    channels = int(body.config.get("num_channels", 3))
    if channels != spec.channels:
        made_of = "the one channel" if spec.channels == 1 else f"the mean of {spec.channels} channels"
        warnings.warn(f"the body reads {channels} channels: each gets {made_of} of the pictures", stacklevel=4)
    own = _side(body.config.get("image_size"))
    if size is None:
        size = min(own or 224, 224) if body.trained else own or min(spec.height, spec.width)
    if body.trained and mean is None and body.mean is None:
        warnings.warn("the body does not say mean and deviation of its pictures: those of the data are used", stacklevel=4)
    body.origin = origin or body.origin
    return PretrainedEncoder(
        spec,
        body,
        size,
        _fitting(mean or body.mean or spec.mean, channels),
        _fitting(std or body.std or spec.std, channels),
    )


def _fitting(numbers: tuple[float, ...], channels: int) -> tuple[float, ...]:
    return numbers if len(numbers) == channels else (sum(numbers) / len(numbers),) * channels


def _side(size: Any) -> int | None:
    """One number for a square, given as a number or a pair; None for what is not square."""
    if isinstance(size, list | tuple):
        return int(size[0]) if len(set(size)) == 1 else None
    return int(size) if isinstance(size, int) else None
