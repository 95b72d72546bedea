"""GMML: groups of tokens are overwritten by noise or by another sample, and what stood there is restored."""

from __future__ import annotations

from typing import Annotated, ClassVar, cast

import torch
from annotated_types import Ge, Gt, Lt
from torch import Tensor

from selflearn.data.batch import Batch
from selflearn.errors import RecipeError
from selflearn.methods.masked.base import hide_groups, token_decoder
from selflearn.methods.masked.restoring import Restoring
from selflearn.methods.options import Share, Width
from selflearn.networks import TokenMask
from selflearn.objectives import altered_reconstruction


class GMML(Restoring):
    """Group masked model learning (Atito et al., 2022): nothing tells the encoder what is whole and what was overwritten.

    What is shown is decided sample by sample; the authors overwrite less where they take another sample's content.

    Settings
    --------
    least_hidden, hidden : shares of the tokens that are overwritten, drawn evenly between the two for each view.
    span : side of what is overwritten together, in tokens: rectangles of a grid, spans of a row.
    alien : probability of a sample that its groups show another sample's content, at the same places; else noise.
    deviation : of that noise, where the numbers' own is about 1.
    whole : the loss is over all tokens, not over the overwritten ones alone.
    """

    needs: ClassVar[frozenset[str]] = frozenset({"tokens", "mask-show"})

    least_hidden: Annotated[float, Gt(0), Lt(1)] = 0.5
    hidden: Annotated[float, Gt(0), Lt(1)] = 0.75
    span: Width = 2
    alien: Share = 0.5
    deviation: Annotated[float, Ge(0)] = 1.0
    whole: bool = False
    decoder_depth: Annotated[int, Ge(0)] = 0

    def build(self) -> None:
        """Make the decoder; tokens must be numbers."""
        numbers, classes = self.encoder.content_size()
        if not numbers or classes:
            raise RecipeError(
                "GMML overwrites tokens of numbers, and those of this encoder have classes; BEiT or MAE can tell these"
            )
        if self.least_hidden > self.hidden:
            raise RecipeError(f"least_hidden = {self.least_hidden} must not be above hidden = {self.hidden}")
        self.how = "show"
        self.decoder = token_decoder(self.encoder, self.decoder_width, self.decoder_depth, self.decoder_heads, numbers)

    def draw(self, view: Batch, generator: torch.Generator) -> Tensor:
        """A share, then groups of that share."""
        drawn = float(torch.rand((), generator=generator, device=generator.device))
        share = self.least_hidden + (self.hidden - self.least_hidden) * drawn
        return hide_groups(self.encoder, view, "show", share, self.span, generator)

    def overwrite(self, content: Tensor, generator: torch.Generator) -> Tensor:
        """(batch, tokens, numbers) what stands where tokens are overwritten: noise, or the tokens of another sample."""
        rows = len(content)
        chance = torch.rand(2, rows, generator=generator, device=generator.device).to(content.device)
        noise = self.deviation * torch.randn(content.shape, generator=generator, device=generator.device).to(content.device)
        place = torch.arange(rows, device=content.device)
        other = (place + 1 + (chance[0] * (rows - 1)).long()) % rows  # never itself, where there are two
        return torch.where((chance[1] < self.alien)[:, None, None], content[other], noise)

    def mask(self, view: Batch, generator: torch.Generator) -> TokenMask:
        """What is overwritten, and with what."""
        hidden = self.draw(view, generator)
        content = cast(Tensor, self.encoder.token_content(view).values).detach()
        shown = torch.where(hidden[..., None], self.overwrite(content, generator), content)
        real = self.encoder.token_real(view)
        return TokenMask(real if self.whole else hidden, how="show", shown=shown)

    def compare(self, predictions: Tensor, values: Tensor, hidden: Tensor) -> Tensor:
        """The mean size of errors."""
        return altered_reconstruction(predictions, values, hidden[..., None].expand_as(values))
