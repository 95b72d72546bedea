"""Residual networks for pictures: a narrow one made for CPUs, and ResNet-18, -34 and -50.

The places of the last map are their tokens for whoever compares places. None of them is a piece of the picture, for their receptive
fields overlap: they cannot be hidden or restored, and so "tokens" is not among the capabilities.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from selflearn.data.batch import Batch
from selflearn.data.images import ImageSpec
from selflearn.errors import RecipeError
from selflearn.networks.encoder import Encoder
from selflearn.networks.features import Features, TokenMask
from selflearn.networks.patches import cell_middles, grid_of
from selflearn.networks.standardise import Standardise


class ConvolutionalEncoder(Encoder):
    """A convolutional trunk between standardisation and the average over the last map.

    Parameters
    ----------
    spec : an image spec (channels, mean, std).
    trunk : from (batch, channels, height, width) to (batch, dim, rows, columns).
    dim : channels of the last map.
    settings : what `build` needs to make the same again.
    smallest : side in pixels under which nothing would be left of the map.
    """

    capabilities = frozenset({"any-size", "places"})

    def __init__(self, spec: ImageSpec, trunk: nn.Module, dim: int, settings: dict[str, Any], smallest: int = 1) -> None:
        super().__init__()
        self.spec, self.dim, self.settings, self.smallest = spec, dim, settings, smallest
        self.standardise = Standardise(spec.mean, spec.std, axes=2)
        self.trunk = trunk

    def forward(self, batch: Batch, mask: TokenMask | None = None, layers: bool = False) -> Features:
        if mask is not None:
            raise RecipeError(f"{self.settings.get('name', 'a residual network')} cannot hide tokens; choose vit-tiny, for one")
        if min(batch.values.shape[2:]) < self.smallest:
            raise RecipeError(
                f"views of {min(batch.values.shape[2:])} pixels are too small for {self.settings.get('name')}, which needs "
                f"{self.smallest}; make the views larger, or give the encoder a smaller 'size'"
            )
        maps = self.trunk(self.standardise(batch.values))
        return Features(pooled=maps.mean(dim=(2, 3)), tokens=maps.flatten(2).transpose(1, 2))

    def token_places(self, batch: Batch, tokens: int) -> Tensor:
        height, width = batch.values.shape[2:]
        return cell_middles(*grid_of(tokens, height, width), device=batch.device).expand(len(batch), -1, -1)


def conv_norm(inputs: int, outputs: int, kernel: int, stride: int = 1, padding: int | None = None) -> list[nn.Module]:
    """Convolution without bias, then batch norm. Padding keeps the size (divided by the stride) unless given."""
    padding = kernel // 2 if padding is None else padding
    return [nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False), nn.BatchNorm2d(outputs)]


class Residual(nn.Module):
    """Adds what `body` makes of its input to the input itself (or to its `shortcut`), then activates.

    With an `activation`, the last layer of `body` must be one whose output its gradient does not need, such as a norm.
    """

    def __init__(self, body: nn.Module, shortcut: nn.Module | None = None, activation: nn.Module | None = None) -> None:
        super().__init__()
        self.body = body
        self.shortcut = shortcut or nn.Identity()
        self.activation = activation or nn.Identity()

    def forward(self, maps: Tensor) -> Tensor:
        if isinstance(self.activation, nn.Identity):
            return self.shortcut(maps) + self.body(maps)
        # The body ends in a norm, which needs its output no more: adding in place is a few per cent faster, and exact.
        return self.activation(self.body(maps).add_(self.shortcut(maps)))


def narrow_trunk(channels: int, side: int, width: int) -> tuple[nn.Sequential, int]:
    """Stem to `width`, then twice: double the width, halve the map, one residual block.

    For pictures of at least 16 pixels the stem is a 4 x 4 convolution of stride 2. Smaller ones get a 3 x 3 stem of
    stride 1, and only as many halvings as leave a last map of at least 2 x 2. Returned with it: how much smaller that
    map is than the picture.
    """
    strided = side >= 16
    stem = conv_norm(channels, width, 4, 2, padding=1) if strided else conv_norm(channels, width, 3)
    smaller = 2 if strided else 1
    stages: list[nn.Module] = [nn.Sequential(*stem, nn.ReLU(inplace=True))]
    for inputs, outputs in ((width, 2 * width), (2 * width, 4 * width)):
        widen = [*conv_norm(inputs, outputs, 3), nn.ReLU(inplace=True)]
        if side // smaller >= 4:
            widen.append(nn.MaxPool2d(2))
            smaller *= 2
        body = [layer for _ in range(2) for layer in (*conv_norm(outputs, outputs, 3), nn.ReLU(inplace=True))]
        stages += [nn.Sequential(*widen), Residual(nn.Sequential(*body))]
    return nn.Sequential(*stages), smaller


def resnet_trunk(channels: int, depths: Sequence[int], bottleneck: bool, stem: str) -> nn.Sequential:
    """He et al., Deep Residual Learning for Image Recognition, 2016; bottlenecks stride in their 3 x 3 convolution.

    Parameters
    ----------
    channels : channels of the pictures.
    depths : blocks in each of the four stages.
    bottleneck : 1 x 1, 3 x 3, 1 x 1 blocks with fourfold output, instead of two 3 x 3.
    stem : "standard" (7 x 7 of stride 2 and a max pool, for pictures from about 64 pixels) or "small" (3 x 3, no pool).
    """
    relu = nn.ReLU(inplace=True)
    layers: list[nn.Module] = [*conv_norm(channels, 64, 7, 2), relu, nn.MaxPool2d(3, 2, 1)]
    if stem == "small":
        layers = [*conv_norm(channels, 64, 3), relu]
    inputs = 64
    for stage, depth in enumerate(depths):
        for block in range(depth):
            stride = 2 if stage and not block else 1
            layers.append(_block(inputs, 64 * 2**stage, stride, bottleneck))
            inputs = 64 * 2**stage * (4 if bottleneck else 1)
    trunk = nn.Sequential(*layers)
    for module in trunk.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    return trunk


def _block(inputs: int, width: int, stride: int, bottleneck: bool) -> Residual:
    relu = nn.ReLU(inplace=True)
    if bottleneck:
        outputs = 4 * width
        body = [*conv_norm(inputs, width, 1), relu, *conv_norm(width, width, 3, stride), relu, *conv_norm(width, outputs, 1)]
    else:
        outputs = width
        body = [*conv_norm(inputs, width, 3, stride), relu, *conv_norm(width, width, 3)]
    same = inputs == outputs and stride == 1
    shortcut = None if same else nn.Sequential(*conv_norm(inputs, outputs, 1, stride))
    return Residual(nn.Sequential(*body), shortcut, nn.ReLU(inplace=True))
