"""CPC: from all that came, find the tokens to come among others. Nothing of their form has to be restored."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import torch
import torch.nn.functional as F
from annotated_types import Gt
from torch import Tensor, nn

from selflearn.data.batch import Batch
from selflearn.errors import RecipeError
from selflearn.methods.base import Method, Outcome
from selflearn.methods.masked.base import one_each
from selflearn.methods.options import Width
from selflearn.networks import ContentNetwork
from selflearn.objectives import SimilarityGraph, info_nce
from selflearn.ranks import gathered, latest


class CPC(Method):
    """Contrastive predictive coding (van den Oord et al., 2018).

    A causal encoder is the context network ``c_t``; a small network of each token alone is ``z_t``; a matrix for every step ahead
    predicts ``z_{t+k}`` from ``c_t``. Similarity is a cosine over a temperature, where the publication has a plain product. A
    token that is the same word or category as the right one is no wrong answer.

    Settings
    --------
    ahead : steps ahead that are predicted, each by a matrix of its own.
    width : length of ``z``.
    temperature : of the cosines.
    negatives : "batch": all other tokens of the batch; "sample": those of the same sample, so that nothing that a sample has
        throughout (a speaker, a device) helps.
    """

    needs: ClassVar[frozenset[str]] = frozenset({"tokens", "causal"})
    default_views: ClassVar[str] = "weak"

    ahead: Width = 12
    width: Width = 256
    temperature: Annotated[float, Gt(0)] = 0.1
    negatives: Literal["batch", "sample"] = "batch"

    def build(self) -> None:
        """Make the local network and the matrices."""
        if self.ahead >= self.encoder.token_grid()[0]:
            raise RecipeError(f"CPC looks {self.ahead} tokens ahead, and samples have {self.encoder.token_grid()[0]}; lower ahead")
        self.local = ContentNetwork(self.encoder, self.width)
        self.predict = nn.Linear(self.encoder.dim, self.ahead * self.width, bias=False)

    def contrast(self, told: Tensor, local: Tensor, real: Tensor, classes: Tensor | None) -> Tensor:
        """The mean over steps ahead of InfoNCE.

        Parameters
        ----------
        told : (samples, tokens, ahead, width) what each token says of those after it.
        local : (samples, tokens, width) what tokens are by themselves.
        real : (samples, tokens) bool.
        classes : (samples, tokens) int64 the tokens' classes, -1 where they have none; or None.
        """
        rows, steps = real.nonzero(as_tuple=True)  # the candidates
        number = torch.full_like(real, -1, dtype=torch.long).index_put((rows, steps), torch.arange(len(rows), device=real.device))
        names = None if classes is None else classes[rows, steps]
        losses, counts = [], []
        for step in range(1, min(self.ahead, real.shape[1] - 1) + 1):
            sample, time = (real[:, step:] & real[:, :-step]).nonzero(as_tuple=True)
            right = number[sample, time + step]

            def draw(part: slice, sample: Tensor = sample, right: Tensor = right) -> tuple[Tensor, Tensor]:
                positive = right[part, None] == torch.arange(len(rows), device=right.device)
                ignored = torch.zeros_like(positive) if self.negatives == "batch" else sample[part, None] != rows
                if names is not None:
                    ignored = ignored | ((names[right[part], None] == names) & (names >= 0))
                return positive.float(), ignored & ~positive

            graph = SimilarityGraph.drawn((len(sample), len(rows)), draw)
            losses.append(info_nce(told[sample, time, step - 1], local[rows, steps], graph, self.temperature))
            counts.append(len(sample))
        if not losses:
            raise RecipeError("CPC looks ahead, and no sample of this batch has two tokens")
        return torch.stack(losses).sum() / max(1, sum(count > 0 for count in counts))

    def forward(self, views: list[Batch], generator: torch.Generator) -> Outcome:
        """Encode what came, predict what comes, contrast it among the tokens of all ranks."""
        losses, seen = [], []
        for view in views:
            features, content = self.encoder(view), self.encoder.token_content(view)
            if features.tokens is None:
                raise RecipeError("CPC needs an encoder with tokens")
            longest = int(latest(features.tokens.shape[1])[0])

            def together(tensor: Tensor, longest: int = longest) -> Tensor:
                missing = longest - tensor.shape[1]
                return gathered(F.pad(tensor, (0, 0) * (tensor.ndim - 2) + (0, missing)) if missing else tensor)

            told = together(self.predict(features.tokens)).unflatten(-1, (self.ahead, self.width))
            real = together(self.encoder.token_real(view).to(torch.uint8)).bool()
            classes = None if content.classes is None else together(content.classes)
            losses.append(self.contrast(told, together(self.local(content)), real, classes))
            seen.append(one_each(features))
        return Outcome({"contrast": torch.stack(losses).mean()}, seen[0].detach().float())
