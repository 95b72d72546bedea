"""Views of texts. Their unit scale is the token numbers themselves: encoders look them up."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import torch
from pydantic import Field
from torch import Tensor, nn

from selflearn.data.batch import Batch
from selflearn.data.texts.baseline import FEATURES
from selflearn.data.texts.picture import text_picture
from selflearn.data.texts.spec import TextBatch, TextSpec
from selflearn.data.texts.tokenizers import open_tokenizer
from selflearn.errors import RecipeError
from selflearn.views.base import View
from selflearn.views.checks import ViewOptions, preset
from selflearn.views.compose import Compose
from selflearn.views.text.changes import Crop, Delete, Hide, Shuffle, TextView

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["Crop", "Delete", "Hide", "Plain", "Shuffle", "TextView", "build", "deploy_inputs", "deployed", "draw", "flat",
           "made_up", "plain"]  # fmt: skip

Share = Annotated[float, Field(ge=0, le=1)]


class Plain:
    """The texts as they are."""

    def __call__(self, batch: Batch, generator: torch.Generator) -> Batch:
        """The batch itself, with an empty record of changes."""
        return batch.replace(changes={})


class _Deleted(ViewOptions):
    deletion: Annotated[float, Field(ge=0, le=0.99)] = 0.3
    hiding: Share = 0.0
    shuffle: Annotated[int, Field(ge=0, le=1_000)] = 0
    crop: Annotated[float, Field(gt=0, le=1)] = 1.0


class _Weak(ViewOptions):
    deletion: Annotated[float, Field(ge=0, le=0.99)] = 0.05


class _Spans(ViewOptions):
    span: Share = 0.4


class _Hidden(ViewOptions):
    hiding: Share = 0.3


class _Multicrop(_Deleted):
    crops: Annotated[int, Field(ge=0, le=32)] = 4
    local: Annotated[float, Field(gt=0, le=1)] = 0.5


def build(spec: TextSpec, name: str = "standard", size: int | None = None, **options: Any) -> list[View]:
    """The views that a method gets, one entry a view.

    Parameters
    ----------
    spec : of the texts.
    name : "standard": two views, in each of which each token is left out with the probability `deletion` (0.3); further
        `hiding` behind the mask token, a `shuffle` of near tokens, a `crop` of at least this share of the text.
        "spans": two views, each without one run of up to `span` (0.4) of the tokens. "masking": two views with `hiding` (0.3).
        "dropout": the text itself twice: the encoder's own dropout makes the difference (Gao et al., SimCSE, 2021).
        "multicrop": two as "standard", then `crops` (4) runs of about `local` (0.5) of the text.
        "weak": one view, `deletion` (0.05). "plain": one, the text itself.
    size : None; a text has no other size than its own.

    Raises
    ------
    RecipeError : an unknown name or option, a value out of range, or a size.
    """
    plain(spec, size)
    make, chosen = preset(PRESETS, name, options, "texts")
    return make(spec, chosen)


def plain(spec: TextSpec, size: int | None = None) -> View:
    """The texts themselves: the view for evaluation."""
    if size is not None:
        raise RecipeError(f"views of texts have no size (got {size!r}); leave it out")
    return Plain()


def _changed(spec: TextSpec, options: _Deleted) -> View:
    parts: list[View] = []
    if options.crop < 1:
        parts.append(Crop(spec, (options.crop, 1.0)))
    if options.deletion > 0:
        parts.append(Delete(spec, options.deletion))
    if options.shuffle > 0:
        parts.append(Shuffle(spec, options.shuffle))
    if options.hiding > 0:
        parts.append(Hide(spec, options.hiding))
    return Compose(parts) if parts else Plain()


def _standard(spec: TextSpec, options: _Deleted) -> list[View]:
    view = _changed(spec, options)
    return [view, view]


def _spans(spec: TextSpec, options: _Spans) -> list[View]:
    view = Crop(spec, (0.0, options.span), inverse=True)
    return [view, view]


def _masking(spec: TextSpec, options: _Hidden) -> list[View]:
    view = Hide(spec, options.hiding)
    return [view, view]


def _dropout(spec: TextSpec, options: ViewOptions) -> list[View]:
    return [Plain(), Plain()]


def _multicrop(spec: TextSpec, options: _Multicrop) -> list[View]:
    half = min(options.local * 0.6, options.local), min(options.local * 1.2, 1.0)
    local = Compose([Crop(spec, half), Delete(spec, options.deletion)], scope="local")
    return [*_standard(spec, options), *([local] * options.crops)]


def _weak(spec: TextSpec, options: _Weak) -> list[View]:
    return [Delete(spec, options.deletion)]


def _plain(spec: TextSpec, options: ViewOptions) -> list[View]:
    return [Plain()]


PRESETS: dict[str, tuple[type[Any], Callable[[TextSpec, Any], list[View]]]] = {
    "standard": (_Deleted, _standard),
    "spans": (_Spans, _spans),
    "masking": (_Hidden, _masking),
    "dropout": (ViewOptions, _dropout),
    "multicrop": (_Multicrop, _multicrop),
    "weak": (_Weak, _weak),
    "plain": (ViewOptions, _plain),
}


def flat(spec: TextSpec, batch: Batch) -> Tensor:
    """(batch, 4096) TF-IDF of a view's tokens at unit length: the baseline of `Dataset.raw`, from what a view still holds.

    Tokens beyond 4,096 share a column with an earlier, more frequent one.
    """
    assert isinstance(batch, TextBatch)
    seen = torch.tensor(spec.seen, device=batch.device, dtype=torch.float32)
    idf = ((1 + spec.documents) / (1 + seen)).log() + 1
    idf[[spec.padding, spec.mask]] = 0
    weights = torch.where(batch.real, idf[batch.values], 0.0)
    vectors = torch.zeros(len(batch), FEATURES, device=batch.device).scatter_add_(1, batch.values % FEATURES, weights)
    return torch.nn.functional.normalize(vectors, dim=1)


def draw(spec: TextSpec, batch: Batch) -> list[Image]:
    """Each view as a small picture of its words; hidden ones as dots."""
    assert isinstance(batch, TextBatch)
    return [
        text_picture(told(spec, row[real].tolist()), 96) for row, real in zip(batch.values.cpu(), batch.real.cpu(), strict=True)
    ]


def tell(spec: TextSpec, batch: Batch) -> list[str]:
    """What each view says; hidden words as dots."""
    assert isinstance(batch, TextBatch)
    return [told(spec, row[real].tolist()) for row, real in zip(batch.values.cpu(), batch.real.cpu(), strict=True)]


def told(spec: TextSpec, numbers: list[int]) -> str:
    """Token numbers as a person reads them."""
    tokenizer = open_tokenizer(spec.tokenizer)
    named = {spec.mask: "...", spec.unknown: "?", spec.padding: ""}
    words = [named.get(each) or tokenizer.token(each) for each in numbers]
    if spec.tokenizer.how in {"bpe", "pretrained", "characters", "symbols"}:
        return "".join(words)
    return " ".join(words).replace(" ##", "")


class _Tokens(nn.Module):
    """(batch, longest) int64 token numbers -> a `TextBatch`: the tokenizer itself stays outside of an exported network."""

    def __init__(self, padding: int) -> None:
        super().__init__()
        self.padding = padding

    def forward(self, values: Tensor) -> Batch:
        number = torch.zeros(values.shape[0], dtype=torch.int64, device=values.device)
        return TextBatch(values, number, number, mask=values != self.padding)


def deployed(spec: TextSpec) -> nn.Module:
    """What stands before the encoder in an exported network: token numbers, padded to `spec.longest`, in; a batch out."""
    return _Tokens(spec.padding)


def deploy_inputs(batch: Batch) -> dict[str, Tensor]:
    """Token numbers, padded to the most that the encoder reads, since an exported network has one length."""
    assert isinstance(batch, TextBatch)
    return {"values": batch.padded(batch.room or batch.values.shape[1]).values}


def made_up(spec: TextSpec, samples: int, seed: int = 0) -> Batch:
    """Texts of random tokens and lengths, the first one of the full length."""
    draw = torch.Generator().manual_seed(seed)
    values = torch.randint(spec.size, (samples, spec.longest), generator=draw)
    values = torch.where(torch.isin(values, torch.tensor(spec.specials)), spec.unknown, values)
    lengths = torch.randint(1, spec.longest + 1, (samples,), generator=draw)
    lengths[0] = spec.longest
    real = torch.arange(spec.longest) < lengths[:, None]
    number = torch.arange(samples)
    return TextBatch(
        torch.where(real, values, spec.padding), number, torch.full((samples,), -1), lengths=lengths, mask=real, room=spec.longest
    )
