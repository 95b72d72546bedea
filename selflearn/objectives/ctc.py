"""CTC: how likely a sequence of symbols is, over all ways to spread it along a longer sequence of tokens."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from selflearn.errors import RecipeError
from selflearn.objectives.precision import full_precision


@full_precision
def ctc(logits: Tensor, symbols: Tensor, real: Tensor) -> Tensor:
    """``mean over samples of -log p(symbols) / number of symbols``, with ``p`` summed over all alignments.

    In an alignment each token says one symbol or nothing (class 0); what is said is read with repeats taken as one and nothings
    left out, so that a symbol that stands twice in a row needs a nothing between.

    Parameters
    ----------
    logits : (batch, tokens, 1 + symbols) what each token says; class 0 is nothing.
    symbols : (batch, longest) int64 from 1; 0 or less is the end. A sample without any symbol has no part, and one whose symbols
        need more tokens than it has costs nothing and teaches nothing.
    real : (batch, tokens) bool; what is real comes first.

    Returns
    -------
    Tensor : scalar, >= 0; zero where no sample has symbols.

    Source: Graves et al., "Connectionist Temporal Classification: Labelling Unsegmented Sequence Data with Recurrent Neural
    Networks", 2006.
    """
    if logits.ndim != 3 or real.shape != logits.shape[:2] or symbols.ndim != 2 or len(symbols) != len(logits):
        raise RecipeError(
            f"ctc needs logits of (batch, tokens, classes), symbols of (batch, longest) and real of (batch, tokens), not "
            f"{tuple(logits.shape)}, {tuple(symbols.shape)} and {tuple(real.shape)}"
        )
    counts = (symbols > 0).sum(dim=1)
    known = counts > 0
    if not bool(known.any()):
        return logits.sum() * 0.0
    told = logits[known].log_softmax(dim=2).transpose(0, 1)
    losses = F.ctc_loss(
        told, symbols[known].clamp(min=0), real[known].sum(dim=1), counts[known], reduction="none", zero_infinity=True
    )
    return (losses / counts[known]).mean()
