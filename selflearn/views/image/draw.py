"""How a view of pictures looks to a person, and to a baseline that learns nothing."""

from __future__ import annotations

import numpy as np
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from selflearn.data.batch import Batch
from selflearn.data.images import ImageSpec
from selflearn.data.images.store import RAW_SIDE


def draw(spec: ImageSpec, batch: Batch) -> list[Image.Image]:
    """An RGB picture of each sample of a view at unit scale; of more than three channels the first three, of fewer their mean."""
    values = batch.values.detach().float().cpu()
    shown = values[:, :3] if values.shape[1] >= 3 else values.mean(1, keepdim=True).expand(-1, 3, -1, -1)
    pixels = (shown.clamp(0, 1) * 255).round().byte().permute(0, 2, 3, 1).numpy()
    return [Image.fromarray(np.ascontiguousarray(each)) for each in pixels]


def flat(spec: ImageSpec, batch: Batch) -> Tensor:
    """(batch, features) pixels of a view, averaged down to at most 32 x 32, as `Images.raw` does."""
    side = min(batch.values.shape[-1], RAW_SIDE)
    return F.adaptive_avg_pool2d(batch.values.float(), side).flatten(1)
