"""CTC: recordings are read as symbols, from transcripts alone; where in a recording a symbol stands, nobody has to say."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from selflearn.data.batch import Batch
from selflearn.errors import RecipeError
from selflearn.measures.transcripts import read_by_beam, read_greedily
from selflearn.methods.base import Method, Outcome
from selflearn.methods.masked.base import one_each
from selflearn.objectives import ctc
from selflearn.ranks import rank_weight


class CTC(Method):
    """Connectionist temporal classification (Graves et al., 2006) on the encoder's tokens, which learn with it.

    Samples without a label (-1) shape nothing but the batch's statistics.

    Settings
    --------
    transcripts : what is said in samples of each label, symbol by symbol; None takes the names of the data's classes. So "zero" is
        four letters, and the labels of a corpus are its transcripts.
    """

    uses_labels: ClassVar[bool] = True
    needs: ClassVar[frozenset[str]] = frozenset({"tokens"})
    default_views: ClassVar[str] = "weak"
    spelt: Tensor

    transcripts: list[str] | None = None

    def build(self) -> None:
        """Make the alphabet and the layer that tells symbols."""
        if not self.transcripts or not all(self.transcripts):
            raise RecipeError("CTC reads transcripts, and the data has none: give labels that say what is said, or set transcripts")
        self.alphabet = sorted(set("".join(self.transcripts)))
        longest = max(map(len, self.transcripts))
        rows = [[1 + self.alphabet.index(each) for each in told] + [0] * (longest - len(told)) for told in self.transcripts]
        self.register_buffer("spelt", torch.tensor(rows), persistent=False)
        self.head = nn.Linear(self.encoder.dim, 1 + len(self.alphabet))

    def forward(self, views: list[Batch], generator: torch.Generator) -> Outcome:
        """Encode, tell symbols, compare with the transcripts."""
        losses, seen = [], []
        for view in views:
            if int(view.labels.max()) >= len(self.spelt):
                raise RecipeError(
                    f"CTC: a sample has the label {int(view.labels.max())}, and there are {len(self.spelt)} transcripts"
                )
            features = self.encoder(view)
            known = view.labels >= 0
            symbols = self.spelt[view.labels.clamp(min=0)] * known[:, None]
            loss = ctc(self.head(features.tokens), symbols, self.encoder.token_real(view))
            losses.append(loss * rank_weight(known.sum()))
            seen.append(one_each(features))
        return Outcome({"ctc": torch.stack(losses).mean()}, seen[0].detach().float(), can_collapse=False)

    @torch.no_grad()
    def read(self, view: Batch, beam: int = 0) -> list[str]:
        """What is said in each sample; with a `beam` of at least 1 over all alignments that it keeps, else token by token."""
        logits, real = self.head(self.encoder(view).tokens).float(), self.encoder.token_real(view)
        found = read_by_beam(logits, real, beam) if beam else read_greedily(logits, real)
        return ["".join(self.alphabet[symbol - 1] for symbol in symbols) for symbols in found]
