"""TERA: tokens are altered along time, along their numbers and in magnitude, and what they were is told from all of them."""

from __future__ import annotations

from typing import Annotated, ClassVar, cast

import torch
from annotated_types import Ge, Gt, Le, Lt
from torch import Tensor

from selflearn.data.batch import Batch
from selflearn.errors import RecipeError
from selflearn.methods.base import Method, Outcome
from selflearn.methods.masked.base import one_each
from selflearn.methods.options import Width
from selflearn.networks import TokenMask, mlp, span_mask_of
from selflearn.objectives import altered_reconstruction
from selflearn.ranks import rank_weight

ZERO, OTHER = 0.8, 0.1
"""Of the samples, in how many altered spans become the mean, and in how many other tokens; in the rest they stay (the authors')."""


class TERA(Method):
    """Alterations on three axes, undone (Liu et al., 2021). Tokens are frames of speech there; here, any tokens of numbers.

    Settings
    --------
    time : share of the tokens that lie in altered spans.
    span : tokens of a span.
    channel : largest share of the numbers of each token that one altered band holds; its width is drawn evenly from 0 to that.
    noise : probability of a sample to get noise on all of its numbers.
    deviation : of that noise, where the numbers' own is about 1.
    head : width of the hidden layer that tells; 0 takes the encoder's.
    """

    needs: ClassVar[frozenset[str]] = frozenset({"tokens", "mask-show"})
    default_views: ClassVar[str] = "weak"

    time: Annotated[float, Ge(0), Lt(1)] = 0.15
    span: Width = 7
    channel: Annotated[float, Ge(0), Le(1)] = 0.2
    noise: Annotated[float, Ge(0), Le(1)] = 0.15
    deviation: Annotated[float, Gt(0)] = 0.2
    head: Annotated[int, Ge(0)] = 0

    def build(self) -> None:
        """Make the head."""
        if not self.time and not self.channel:
            raise RecipeError("TERA restores what is altered along time or channel: at least one of them must be above 0")
        numbers, classes = self.encoder.content_size()
        if not numbers or classes:
            raise RecipeError("TERA alters tokens of numbers, and those of this encoder have classes")
        self.tell = mlp([self.encoder.dim, self.head or self.encoder.dim, numbers], norm="layer", activation="gelu")

    def alter(self, content: Tensor, real: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Altered content (batch, tokens, numbers), and a bool of its shape: True where time or channel alteration reached.

        Parameters
        ----------
        content : (batch, tokens, numbers) of mean about 0.
        real : (batch, tokens) bool, True where a token is no padding; padding is not altered.
        """
        rows, tokens, numbers = content.shape

        def draw(*shape: int) -> Tensor:
            return torch.rand(*shape, generator=generator, device=generator.device).to(content.device)

        spans = span_mask_of(real, self.time, self.span, generator) if self.time else torch.zeros_like(real)
        dice, shift = draw(rows, 1, 1), draw(rows, 1)
        elsewhere = (torch.arange(tokens, device=content.device) + (shift * (tokens - 1)).long() + 1) % tokens
        other = content.gather(1, elsewhere[..., None].expand_as(content))
        replaced = torch.where(dice < ZERO, 0.0, torch.where(dice < ZERO + OTHER, other, content))
        shown = torch.where(spans[..., None], replaced, content)
        width = (draw(rows, 1) * (int(numbers * self.channel) + 1)).floor()
        begin = (draw(rows, 1) * (numbers - width)).floor()
        place = torch.arange(numbers, device=content.device)
        band = (place >= begin) & (place < begin + width)
        shown = shown.masked_fill(band[:, None], 0.0)
        loud = draw(rows, 1, 1) < self.noise
        hiss = torch.randn(content.shape, generator=generator, device=generator.device).to(content.device)
        shown = shown + self.deviation * loud * hiss
        return torch.where(real[..., None], shown, content), (spans[..., None] | band[:, None]) & real[..., None]

    def forward(self, views: list[Batch], generator: torch.Generator) -> Outcome:
        """Alter, encode, tell, compare where it was altered."""
        losses: list[Tensor] = []
        seen: list[Tensor] = []
        for view in views:
            content = cast(Tensor, self.encoder.token_content(view).values).detach()
            real = self.encoder.token_real(view)
            shown, altered = self.alter(content, real, generator)
            features = self.encoder(view, TokenMask(altered.any(dim=2), how="show", shown=shown))
            told = altered_reconstruction(self.tell(features.tokens), content, altered)
            losses.append(told * rank_weight(altered.sum()))
            seen.append(one_each(features))
        return Outcome({"reconstruction": torch.stack(losses).mean()}, seen[0].detach().float(), can_collapse=False)
