"""How a view of pictures looks to a person."""

from __future__ import annotations

import numpy as np
from PIL import Image

from selflearn.data.batch import Batch
from selflearn.data.images import ImageSpec


def draw(spec: ImageSpec, batch: Batch) -> list[Image.Image]:
    """An RGB picture of each sample of a view at unit scale; of more than three channels the first three, of fewer their mean."""
    values = batch.values.detach().float().cpu()
    shown = values[:, :3] if values.shape[1] >= 3 else values.mean(1, keepdim=True).expand(-1, 3, -1, -1)
    pixels = (shown.clamp(0, 1) * 255).round().byte().permute(0, 2, 3, 1).numpy()
    return [Image.fromarray(np.ascontiguousarray(each)) for each in pixels]
