"""Every column is a token (Gorishniy et al., Revisiting Deep Learning Models for Tabular Data, 2021)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from selflearn.data.batch import Batch
from selflearn.data.tables.spec import TableSpec
from selflearn.errors import RecipeError
from selflearn.networks.encoder import Encoder
from selflearn.networks.features import Features, TokenContent, TokenMask
from selflearn.networks.masks import visible_index
from selflearn.networks.table_mlp import Cells, category_vectors
from selflearn.networks.transformer import Transformer


class TableTransformer(Encoder):
    """A pre-norm transformer over the columns of a row.

    The token of a number is its value times a vector, plus a vector of the column; that of a category is the vector of its code,
    plus one of the column; a missing number has a vector instead of its value.

    Parameters
    ----------
    spec : a table spec.
    width, depth, heads : length of a token, number of blocks, attention heads in each.
    pool : `Features.pooled` is the "mean" of the tokens or the "class" token, as published.
    extra : tokens that stand for no column: the class token and, as in T-JEPA (Thimonier et al., 2024), regularisation tokens, to
        which every column attends and which nothing has to tell.
    """

    capabilities = frozenset({"tokens", "mask-drop", "mask-replace", "layers"})
    order: Tensor
    spec: TableSpec

    def __init__(self, spec: TableSpec, width: int, depth: int, heads: int, pool: str, extra: int = 1) -> None:
        super().__init__()
        self.spec, self.dim, self.pool = spec, width, pool
        self.settings = {"width": width, "depth": depth, "heads": heads, "pool": pool, "extra": extra}
        if pool == "class" and not extra:
            raise RecipeError("pool = 'class' needs a class token: extra of at least 1")
        self.cells = Cells(spec)
        columns, numbers = len(spec.columns), len(spec.numbers)
        deviation = width**-0.5
        self.scale = nn.Parameter(deviation * torch.randn(numbers, width))
        self.missing = nn.Parameter(torch.zeros(numbers, width))
        self.place = nn.Parameter(deviation * torch.randn(columns, width))
        self.vectors = category_vectors(self.cells, width, deviation) if spec.categories else None
        self.class_token = nn.Parameter(deviation * torch.randn(1, extra, width))
        self.extra = extra
        self.mask_token = nn.Parameter(torch.zeros(1, 1, width))
        self.transformer = Transformer(width, depth, heads)
        order = torch.tensor([*spec.numbers, *spec.categories]).argsort()  # numbers come first out of `Cells`
        self.register_buffer("order", order, persistent=False)

    def forward(self, batch: Batch, mask: TokenMask | None = None, layers: bool = False) -> Features:
        self._check(mask, batch)
        tokens = self._embed(batch.values, mask)
        extra = self.class_token.expand(tokens.shape[0], -1, -1)
        output, outputs = self.transformer(torch.cat([extra, tokens.to(extra.dtype)], dim=1))
        tokens = output[:, self.extra :]
        return Features(
            pooled=output[:, 0] if self.pool == "class" else tokens.mean(dim=1),
            tokens=tokens,
            layers=tuple(each[:, self.extra :] for each in outputs) if layers else (),
        )

    def token_grid(self) -> tuple[int, ...]:
        return (len(self.spec.columns),)

    def token_content(self, batch: Batch) -> TokenContent:
        """A number's token holds the number; a category's has the class of its code; a missing number's has a class, too."""
        numbers, gone, places = self.cells(batch.values)
        values = torch.cat([numbers, torch.zeros_like(places, dtype=numbers.dtype)], dim=1)[:, self.order, None]
        if self.content_size()[1] == 0:
            return TokenContent(values)
        classes = torch.cat([torch.where(gone > 0, 0, -1), places + 1], dim=1)[:, self.order]
        return TokenContent(values, classes)

    def content_size(self) -> tuple[int, int]:
        """One number; and a class for each code of each category, with one before them for missing numbers."""
        gaps = any(self.spec.columns[place].gaps > 0 for place in self.spec.numbers)
        return 1, self.cells.rows + 1 if self.spec.categories or gaps else 0

    def _embed(self, values: Tensor, mask: TokenMask | None) -> Tensor:
        numbers, gone, places = self.cells(values)
        tokens = numbers[..., None] * self.scale + gone[..., None] * self.missing
        if self.vectors is not None:
            tokens = torch.cat([tokens, self.vectors(places)], dim=1)
        tokens = tokens[:, self.order]
        # The mask token takes part with weight zero, so that distributed training finds every parameter used.
        place = self.place + 0.0 * self.mask_token[0] if self.training else self.place
        if mask is None:
            return tokens + place
        if mask.how == "replace":
            return torch.where(mask.hidden[..., None], self.mask_token.to(tokens.dtype), tokens) + place
        keep = visible_index(mask.hidden)[..., None].expand(-1, -1, self.dim)
        return (tokens + place).gather(1, keep)

    def _check(self, mask: TokenMask | None, batch: Batch) -> None:
        if mask is not None and mask.how not in {"drop", "replace"}:
            raise RecipeError(f"how = {mask.how!r} of a token mask must be 'drop' or 'replace'")
        if mask is not None and mask.hidden.shape != batch.values.shape:
            raise RecipeError(
                f"a token mask of shape {tuple(mask.hidden.shape)} does not fit rows of shape {tuple(batch.values.shape)}"
            )
