"""iBOT: DINO of whole samples, and of hidden tokens: the student, who does not see them, assigns them as the teacher does."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar

import torch
from annotated_types import Ge, Gt, Le, Lt
from torch import Tensor

from selflearn.data.batch import Batch
from selflearn.errors import RecipeError
from selflearn.methods.base import Outcome
from selflearn.methods.dense.tokens import mean_of, of_each, tokens_of
from selflearn.methods.joint.dino import DINO, Temperature
from selflearn.methods.joint.encoding import encode
from selflearn.methods.masked.base import hide
from selflearn.networks import Features, TokenMask, block_mask
from selflearn.targets import Centre, Ramp


class IBOT(DINO):
    """Image BERT pre-training with online tokenizer (Zhou et al., 2022).

    One head assigns samples and tokens to the same prototypes, as in the authors' final form. Tokens are hidden in large views
    alone, in about half of their samples, and replaced by a mask token; the teacher sees everything.

    Settings
    --------
    least_hidden, hidden : shares of the tokens of a view that are hidden, drawn for each view.
    masked : share of the samples of a view in which any are hidden.
    blocks : hide rectangles that grow from this many places; 0 hides any subset, which alone suits tokens that are padded.
    tokens : weight of the loss of tokens beside that of samples.
    token_temperature, warmup_token_temperature : of the teacher for tokens, after its warm-up and at the beginning.
    prototypes, temperature, teacher_temperature, warmup_temperature, warmup_share, centre_momentum, frozen : see `DINO`.
    """

    needs: ClassVar[frozenset[str]] = frozenset({"tokens", "mask-replace"})

    least_hidden: Annotated[float, Gt(0), Lt(1)] = 0.1
    hidden: Annotated[float, Gt(0), Lt(1)] = 0.5
    masked: Annotated[float, Gt(0), Le(1)] = 0.5
    blocks: Annotated[int, Ge(0)] = 1
    tokens: Annotated[float, Ge(0)] = 1.0
    token_temperature: Temperature = 0.07
    warmup_token_temperature: Temperature = 0.04
    prototypes: Annotated[int, Gt(1)] = 8192

    def build(self) -> None:
        """Add the tokens' own centre and temperature."""
        if self.least_hidden > self.hidden:
            raise RecipeError(f"least_hidden = {self.least_hidden} must not be above hidden = {self.hidden}")
        if self.chunk:
            raise RecipeError("IBOT compares tokens, which encoding in chunks does not keep; set chunk to 0")
        super().build()
        self.token_centre = Centre(self.prototypes, self.centre_momentum)
        self.token_sharpness = Ramp(self.warmup_token_temperature, self.token_temperature, self.warmup_share)

    def draw(self, view: Batch, generator: torch.Generator) -> Tensor:
        """(batch, tokens) bool, True where the student does not see the token."""
        share = float(torch.rand((), generator=generator, device=generator.device))
        share = self.least_hidden + (self.hidden - self.least_hidden) * share
        grid = self.encoder.token_grid()
        if self.blocks and view.mask is None and len(grid) <= 2:
            tokens = math.prod(grid)
            share = min(max(round(share * tokens), 1), tokens - 1) / tokens
            hidden = block_mask(len(view), grid, share, generator, self.blocks, (0.3, 1 / 0.3)).to(view.device)
        else:
            hidden = hide(self.encoder, view, "replace", share, generator)
        chosen = torch.rand(len(view), 1, generator=generator, device=generator.device).to(view.device) < self.masked
        return hidden & chosen

    def forward(self, views: list[Batch], generator: torch.Generator) -> Outcome:
        """The teacher sees large views whole, the student with hidden tokens; small views are seen whole."""
        self.check_views(views)
        self._watched = None
        large = [view for view in views if view.scope == "global"]
        hidden = [self.draw(view, generator) for view in large]
        seen = encode(self.teacher_encoder, large, self.joined)
        online = [self.encoder(view, TokenMask(mask, how="replace")) for view, mask in zip(large, hidden, strict=True)]
        online += encode(self.encoder, views[len(large) :], self.joined) if len(views) > len(large) else []
        targets = [self.teacher_head(features.pooled) for features in seen]
        losses = self.losses(online, targets, self.positives(views))
        losses["tokens"] = self.tokens * self.of_tokens(online[: len(large)], seen, hidden)
        return Outcome(losses, self.watched(len(views[0])))

    def of_tokens(self, online: list[Features], seen: list[Features], hidden: list[Tensor]) -> Tensor:
        """Cross-entropy of hidden tokens: mean over those of each sample, then over samples (0 where none is hidden) and views."""
        told = []
        targets = [of_each(self.teacher_head, tokens_of(features)).float() for features in seen]
        for student, target, mask in zip(online, targets, hidden, strict=True):
            logits = of_each(self.head, tokens_of(student)).float() / self.temperature
            assigned = (self.token_centre(target) / self.token_sharpness.value).softmax(-1)
            losses = -(assigned * logits.log_softmax(-1)).sum(-1)
            told.append(mean_of(losses[..., None], mask).mean())
        self.token_centre.follow(torch.cat([target.mean(1) for target in targets]))
        return torch.stack(told).mean()

    def after_update(self, progress: float) -> None:
        """As DINO; the tokens' temperature moves too."""
        super().after_update(progress)
        self.token_sharpness.follow(progress)
