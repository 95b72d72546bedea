"""Vision transformers (Dosovitskiy et al., 2021): patches, a class token, registers, and fixed sine-cosine positions.

Positions are computed, not learned: they hold for any size of view, and plain ViTs train as well with them (Beyer et al.,
Better plain ViT baselines for ImageNet-1k, 2022). Patches are a linear layer, so hidden ones cost nothing.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from selflearn.data.batch import Batch
from selflearn.data.images import ImageSpec
from selflearn.errors import RecipeError
from selflearn.networks.encoder import Encoder
from selflearn.networks.features import Features, TokenContent, TokenMask
from selflearn.networks.masks import visible_index
from selflearn.networks.patches import cell_middles, cut_patches
from selflearn.networks.standardise import Standardise
from selflearn.networks.transformer import Transformer, grid_positions


class VisionTransformer(Encoder):
    """A pre-norm transformer over the patches of a picture.

    Parameters
    ----------
    spec : an image spec.
    width, depth, heads : length of a token, number of blocks, attention heads in each.
    patch : side of a patch in pixels.
    registers : tokens without a place, for what belongs to no patch (Darcet et al., Vision Transformers Need Registers, 2024).
    pool : `Features.pooled` is the "mean" of the tokens or the "class" token.
    size : side in pixels of a global view; positions span it.
    fixed_patches : the projection of patches stays as it was drawn. Learning is steadier: its gradient is where spikes begin (Chen
        et al., An Empirical Study of Training Self-Supervised Vision Transformers, 2021).
    """

    positions: Tensor
    capabilities = frozenset({"tokens", "mask-drop", "mask-replace", "mask-show", "layers", "any-size", "places"})

    def __init__(
        self,
        spec: ImageSpec,
        width: int,
        depth: int,
        heads: int,
        patch: int,
        registers: int,
        pool: str,
        size: int,
        fixed_patches: bool = False,
    ) -> None:
        super().__init__()
        self.spec, self.dim, self.patch, self.pool = spec, width, patch, pool
        self.settings = dict(width=width, depth=depth, heads=heads, patch=patch, registers=registers, pool=pool, size=size)
        self.settings["fixed_patches"] = fixed_patches
        self._grid = (-(-size // patch),) * 2
        self.standardise = Standardise(spec.mean, spec.std, axes=2)
        self.embed = nn.Linear(patch * patch * spec.channels, width)
        self.class_token = nn.Parameter(0.02 * torch.randn(1, 1, width))
        self.registers = nn.Parameter(0.02 * torch.randn(1, registers, width))
        self.mask_token = nn.Parameter(0.02 * torch.randn(1, 1, width))
        self.transformer = Transformer(width, depth, heads)
        self.register_buffer("positions", grid_positions(self._grid, width), persistent=False)
        nn.init.xavier_uniform_(self.embed.weight)
        nn.init.zeros_(self.embed.bias)
        self.embed.requires_grad_(not fixed_patches)

    def forward(self, batch: Batch, mask: TokenMask | None = None, layers: bool = False) -> Features:
        values, grid = cut_patches(self.standardise(batch.values), self.patch)
        self._check(mask, values)
        tokens = self._embed(values, self._positions(grid), mask)
        extra = torch.cat([self._class_token(), self.registers], dim=1).expand(tokens.shape[0], -1, -1)
        output, outputs = self.transformer(torch.cat([extra, tokens.to(extra.dtype)], dim=1))
        first = extra.shape[1]
        tokens = output[:, first:]
        return Features(
            pooled=output[:, 0] if self.pool == "class" else tokens.mean(dim=1),
            tokens=tokens,
            layers=tuple(each[:, first:] for each in outputs) if layers else (),
        )

    def token_grid(self) -> tuple[int, ...]:
        return self._grid

    def token_places(self, batch: Batch, tokens: int) -> Tensor:
        height, width = batch.values.shape[2:]
        rows, columns = -(-height // self.patch), -(-width // self.patch)
        # Of a last patch that is filled up with zeros, the middle may lie at the very border.
        filled = torch.tensor([rows * self.patch / height, columns * self.patch / width], device=batch.device)
        return (cell_middles(rows, columns, batch.device) * filled).clamp(max=1.0).expand(len(batch), -1, -1)

    def token_content(self, batch: Batch) -> TokenContent:
        return TokenContent(cut_patches(self.standardise(batch.values), self.patch)[0])

    def content_size(self) -> tuple[int, int]:
        return self.embed.in_features, 0

    def _embed(self, values: Tensor, positions: Tensor, mask: TokenMask | None) -> Tensor:
        if mask is None:
            return self.embed(values) + positions
        if mask.how == "show" and mask.shown is not None:
            return self.embed(mask.shown.to(values.dtype)) + positions + 0.0 * self.mask_token
        if mask.how == "replace":
            return torch.where(mask.hidden[..., None], self.mask_token, self.embed(values)) + positions
        keep = visible_index(mask.hidden)
        return self.embed(values.gather(1, keep[..., None].expand(-1, -1, values.shape[2]))) + positions[keep]

    def _positions(self, grid: tuple[int, int]) -> Tensor:
        if grid == self._grid:
            return self.positions
        return grid_positions(grid, self.dim, native=self._grid, device=self.embed.weight.device)

    def _class_token(self) -> Tensor:
        # The mask token takes part with weight zero, so that distributed training finds every parameter used.
        return self.class_token + 0.0 * self.mask_token if self.training else self.class_token

    def _check(self, mask: TokenMask | None, values: Tensor) -> None:
        if mask is not None and mask.how not in {"drop", "replace", "show"}:
            raise RecipeError(f"how = {mask.how!r} of a token mask must be 'drop', 'replace' or 'show'")
        if mask is not None and mask.how == "show" and (mask.shown is None or mask.shown.shape != values.shape):
            got = None if mask.shown is None else tuple(mask.shown.shape)
            raise RecipeError(f"what is shown instead of tokens must be of their shape {tuple(values.shape)}, not {got}")
        if mask is not None and mask.hidden.shape != values.shape[:2]:
            raise RecipeError(
                f"a token mask of shape {tuple(mask.hidden.shape)} does not fit tokens of shape {tuple(values.shape[:2])}"
            )
