"""Where a picture is looked at: crop, flips, rotation, zoom and shear as ONE resampling, which also brings raw values to [0, 1].

Crops and flips keep the axes, so their resampling is two small matrix products a sample with exact antialiasing (Pillow's
bilinear filter); at 32 x 32 that is three times faster than `grid_sample`, which is left for what turns or slants.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from selflearn.data.batch import Batch
from selflearn.data.images.spec import ImageBatch
from selflearn.errors import RecipeError
from selflearn.views.checks import number, probability, span, whole
from selflearn.views.drawn import DrawnView, between, uniform

ATTEMPTS = 10  # crops tried before the fallback, as in torchvision
CHUNK = {"cpu": 2**20}  # float32 numbers worked on at once: beyond that the allocator, not the arithmetic, sets the pace
CHUNK_DEVICE = 2**27


class Geometry(DrawnView):
    """Crop, flip, rotate, zoom and shear; resize to `size`; scale values to [0, 1].

    Crops follow torchvision's RandomResizedCrop (Szegedy et al., "Going Deeper with Convolutions", 2015): area uniform in
    `scale`, log of the ratio uniform, redrawn up to ten times until the crop lies inside the picture, else the largest
    central crop within `ratio`. Corners are real numbers, not whole pixels. Proportions are those of the true picture: where it
    was squashed to be stored, `batch.aspect` undoes that.

    Reduction does not alias: upright crops use a triangle filter as wide as the reduction, and where axes turn, each pixel is
    the mean of as many points as the strongest reduction asks for.

    Parameters
    ----------
    size : pixels of each side of the result.
    scale : (from, to) the crop's share of the picture's area, in (0, 1]; None looks at the whole picture in its true
        proportions, with reflected borders where it is not square.
    ratio : (from, to) the crop's width / height.
    horizontal_flip, vertical_flip : probability of each.
    rotation : degrees; the angle is uniform in [-rotation, rotation].
    zoom : (from, to) factor about the centre, log-uniform; above 1 enlarges.
    shear : degrees; the slant is uniform in [-shear, shear].
    low, high : raw values that become 0 and 1.

    Changes
    -------
    crop : (batch, 4) left, top, width, height as shares of the picture.
    flip : (batch, 2) bool, horizontal and vertical.
    warp : (batch, 3) angle in radians against the clock, zoom factor, tangent of the slant; only where asked for.

    Example
    -------
    >>> import torch
    >>> from selflearn.data.batch import Batch
    >>> pictures = torch.randint(0, 256, (4, 3, 48, 48), dtype=torch.uint8)
    >>> batch = Batch(values=pictures, index=torch.arange(4), labels=torch.full((4,), -1))
    >>> crop = Geometry(32, scale=(0.2, 1.0), horizontal_flip=0.5, high=255)
    >>> view = crop(batch, torch.Generator().manual_seed(0))
    >>> view.values.shape, view.changes["crop"].shape
    (torch.Size([4, 3, 32, 32]), torch.Size([4, 4]))
    """

    takes_raw = True

    def __init__(
        self,
        size: int,
        scale: tuple[float, float] | None = None,
        ratio: tuple[float, float] = (3 / 4, 4 / 3),
        horizontal_flip: float = 0.0,
        vertical_flip: float = 0.0,
        rotation: float = 0.0,
        zoom: tuple[float, float] = (1.0, 1.0),
        shear: float = 0.0,
        low: float = 0.0,
        high: float = 1.0,
    ) -> None:
        self.size = whole(self, "size", size, 1, 4096)
        self.scale = None if scale is None else span(self, "scale", scale, 1e-4, 1.0)
        self.ratio = span(self, "ratio", ratio, 1e-2, 1e2)
        self.flips = (probability(self, "horizontal_flip", horizontal_flip), probability(self, "vertical_flip", vertical_flip))
        self.rotation = number(self, "rotation", rotation, 0.0, 180.0)
        self.zoom = span(self, "zoom", zoom, 0.1, 10.0)
        self.shear = number(self, "shear", shear, 0.0, 80.0)
        if not low < high:
            raise RecipeError(f"Geometry: low = {low!r} must be below high = {high!r}")
        self.low, self.high = float(low), float(high)

    @property
    def warps(self) -> bool:
        """Whether axes may turn or slant."""
        return self.rotation > 0 or self.shear > 0 or self.zoom != (1.0, 1.0)

    def draw(self, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """One crop, pair of flips and warp a sample."""
        share = uniform(batch, 2 * ATTEMPTS + 7, generator)
        crops, places, flips, warps = share.split([2 * ATTEMPTS, 2, 2, 3], dim=1)
        changes = {"crop": self._crop(batch, crops, places), "flip": flips < torch.tensor(self.flips, device=batch.device)}
        if self.warps:
            angle = math.radians(self.rotation) * (2 * warps[:, 0] - 1)
            zoom = between(warps[:, 1], (math.log(self.zoom[0]), math.log(self.zoom[1]))).exp()
            slant = torch.tan(math.radians(self.shear) * (2 * warps[:, 2] - 1))
            changes["warp"] = torch.stack([angle, zoom, slant], dim=1)
        return changes

    def apply(self, batch: Batch, changes: dict[str, Tensor]) -> Tensor:
        """(batch, channels, size, size) float32 in [0, 1]."""
        values = batch.values
        if values.ndim != 4:
            raise RecipeError(f"Geometry: pictures must be (batch, channels, height, width), not {tuple(values.shape)}")
        samples, channels, height, width = values.shape
        out = torch.empty(samples, channels, self.size, self.size, device=values.device)
        oversampling = max(1, round(max(height, width) / self.size / self.zoom[0])) if "warp" in changes else 1
        cost = channels * (height * width + (self.size * oversampling) ** 2) + self.size * (height + width)
        chunk = max(1, CHUNK.get(values.device.type, CHUNK_DEVICE) // cost)
        for start in range(0, samples, chunk):
            rows = slice(start, start + chunk)
            pictures = values[rows].to(torch.float32)
            if "warp" in changes:
                theta = affine(changes["crop"][rows], changes["flip"][rows], changes["warp"][rows])
                out[rows] = resample_affine(pictures, theta, self.size, oversampling)
            else:
                out[rows] = resample_box(pictures, changes["crop"][rows], changes["flip"][rows], self.size)
        if (self.low, self.high) != (0.0, 1.0):
            out.sub_(self.low).mul_(1.0 / (self.high - self.low))
        return out.clamp_(0.0, 1.0)

    def _crop(self, batch: Batch, share: Tensor, places: Tensor) -> Tensor:
        height, width = batch.values.shape[-2:]
        known = batch.aspect if isinstance(batch, ImageBatch) else None
        aspect = torch.full_like(share[:, :1], width / height) if known is None else known[:, None].to(share)
        if self.scale is None:
            extent = torch.cat([1 / aspect, aspect], dim=1).clamp_(min=1.0)
            return torch.cat([(1 - extent) / 2, extent], dim=1)
        area = between(share[:, :ATTEMPTS], self.scale)
        ratio = between(share[:, ATTEMPTS:], (math.log(self.ratio[0]), math.log(self.ratio[1]))).exp()
        tried = torch.stack([(area * ratio / aspect).sqrt(), (area * aspect / ratio).sqrt()], dim=2)
        inside = (tried <= 1).all(dim=2)
        first = inside.to(torch.uint8).argmax(dim=1)
        chosen = tried[torch.arange(len(batch), device=batch.device), first]
        nearest_ratio = aspect.clamp(*self.ratio)
        largest = torch.cat([nearest_ratio / aspect, aspect / nearest_ratio], dim=1).clamp_(max=1.0)
        found = inside.any(dim=1, keepdim=True)
        extent = torch.where(found, chosen, largest)
        return torch.cat([torch.where(found, places, 0.5) * (1 - extent), extent], dim=1)


def affine(crop: Tensor, flip: Tensor, warp: Tensor) -> Tensor:
    """(batch, 2, 3) matrices from the result's coordinates in [-1, 1] to the picture's, as `affine_grid` reads them."""
    angle, zoom, slant = warp.unbind(1)
    cos, sin = torch.cos(angle), torch.sin(angle)
    turn = torch.stack([cos, slant * cos - sin, sin, cos + slant * sin], dim=1).view(-1, 2, 2) / zoom[:, None, None]
    extent = crop[:, 2:] * torch.where(flip, -1.0, 1.0)
    centre = 2 * crop[:, :2] + crop[:, 2:] - 1
    return torch.cat([extent[:, :, None] * turn, centre[:, :, None]], dim=2)


def places(changes: dict[str, Tensor], points: Tensor) -> Tensor:
    """(batch, points, 2) of a view, down and across as shares of its sides, to shares of the picture's: the last `Geometry` undone.

    Beyond a border lies the reflection of the picture, and a point there is where that is in the picture itself.
    """
    if "crop" not in changes:
        return points
    crop, flip = changes["crop"], changes["flip"]
    still = crop.new_tensor([0.0, 1.0, 0.0]).expand(len(crop), -1)
    theta = affine(crop, flip, changes.get("warp", still))
    found = (2 * points.flip(-1) - 1) @ theta[:, :, :2].transpose(1, 2) + theta[:, None, :, 2]
    return (1 - (1 - ((found + 1) / 2).remainder(2)).abs()).flip(-1)


def resample_affine(pictures: Tensor, theta: Tensor, size: int, oversampling: int) -> Tensor:
    """Bilinear resampling by `theta`, reflected at the borders; each pixel is the mean of `oversampling` squared points."""
    shape = (len(pictures), pictures.shape[1], size * oversampling, size * oversampling)
    grid = F.affine_grid(theta, list(shape), align_corners=False)
    fine = F.grid_sample(pictures, grid, padding_mode="reflection", align_corners=False)
    return F.avg_pool2d(fine, oversampling) if oversampling > 1 else fine


def resample_box(pictures: Tensor, crop: Tensor, flip: Tensor, size: int) -> Tensor:
    """Antialiased bilinear resampling of upright boxes: one matrix mixes rows, (size, height), another columns, (size, width)."""
    samples, channels, height, width = pictures.shape
    across = _weights(crop[:, 0], crop[:, 2], flip[:, 0], width, size)
    down = _weights(crop[:, 1], crop[:, 3], flip[:, 1], height, size)
    narrow = torch.bmm(pictures.reshape(samples, channels * height, width), across.transpose(1, 2))
    return torch.matmul(down[:, None], narrow.view(samples, channels, height, size))


def _weights(start: Tensor, extent: Tensor, flip: Tensor, pixels: int, size: int) -> Tensor:
    """(batch, size, pixels) share of each stored pixel in each new one: a triangle as wide as the reduction."""
    step = extent * (pixels / size)
    steps = torch.arange(size, device=start.device)
    steps = torch.where(flip[:, None], steps.flip(0), steps) + 0.5
    centres = torch.remainder(start[:, None] * pixels + steps * step[:, None], 2 * pixels)
    centres = torch.where(centres > pixels, 2 * pixels - centres, centres)
    middles = torch.arange(pixels, device=start.device) + 0.5
    weights = (middles - centres[:, :, None]).div_(step.clamp(min=1.0)[:, None, None]).abs_().neg_().add_(1.0).clamp_(min=0.0)
    return weights.div_(weights.sum(dim=2, keepdim=True))
