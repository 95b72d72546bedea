"""Text bodies of Hugging Face transformers as encoders: BERT, RoBERTa, DistilBERT, ModernBERT, ESM, ...

As for pictures, only safetensors are read, only the library's own classes are made, and the configuration is stored, so that a
saved encoder needs neither folder nor hub.
"""

from __future__ import annotations

import inspect
from typing import Annotated, Any, cast

import torch
from pydantic import Field
from torch import Tensor, nn

from selflearn.data.batch import Batch
from selflearn.data.texts import TextBatch, TextSpec
from selflearn.errors import MissingExtraError, RecipeError
from selflearn.networks.bodies import Body, cleaned
from selflearn.networks.bodies import plain_config as plain
from selflearn.networks.encoder import Encoder
from selflearn.networks.features import Features, TokenContent, TokenMask
from selflearn.networks.text_decoder import WordDecoder


class TextBody(Encoder):
    """A text body behind the encoder contract; its pooled vector is the mean of the text's own tokens.

    Parameters
    ----------
    spec : a text spec. A pretrained body wants texts read with its own tokenizer: ``--read tokenizer=NAME``.
    body : see `open_text_body`.
    """

    spec: TextSpec

    def __init__(self, spec: TextSpec, body: Body) -> None:
        super().__init__()
        self.spec, self.body = spec, body.model
        config = body.config
        self.settings = {"source": config, "origin": body.origin}
        self.dim = int(config.get("hidden_size") or config.get("dim") or config.get("d_model") or 0)
        self.table = cast(nn.Embedding, cast(Any, self.body).get_input_embeddings())
        self.mask_token = nn.Parameter(self._mask_vector())
        self._needs_ids = "inputs_embeds" not in inspect.signature(self.body.forward).parameters
        self.capabilities = frozenset({"tokens", "layers", "any-size"} | (set() if self._needs_ids else {"mask-replace"}))
        self._check(config)

    def forward(self, batch: Batch, mask: TokenMask | None = None, layers: bool = False) -> Features:
        """Put the special tokens around each text, ask the body, and take them off again."""
        real = cast(TextBatch, batch).real
        numbers, attended, begin = self._around(batch.values, real)
        numbers = torch.where(numbers < self.table.num_embeddings, numbers, 0)
        options: dict[str, Any] = {"attention_mask": attended.long(), "output_hidden_states": layers, "return_dict": True}
        if self._needs_ids:
            output = self.body(input_ids=numbers, **options)
        else:
            output = self.body(inputs_embeds=self._vectors(numbers, mask, begin), **options)
        width = real.shape[1]
        tokens = output.last_hidden_state[:, begin : begin + width]
        weights = real.to(tokens.dtype)
        pooled = (weights[:, None] @ tokens).squeeze(1) / weights.sum(dim=1, keepdim=True).clamp(min=1)
        between = tuple(each[:, begin : begin + width] for each in output.hidden_states[1:]) if layers else ()
        return Features(pooled=pooled, tokens=tokens, layers=between, mask=real)

    def token_grid(self) -> tuple[int, ...]:
        """The most tokens of a text."""
        return (self.spec.longest,)

    def token_real(self, batch: Batch) -> Tensor:
        """(batch, tokens) bool, True where there is no padding."""
        return cast(TextBatch, batch).real

    def token_content(self, batch: Batch) -> TokenContent:
        """Which token stands in each place; -1 where it stands for no text."""
        specials = torch.tensor(self.spec.specials, device=batch.device)
        known = cast(TextBatch, batch).real & ~torch.isin(batch.values, specials)
        return TokenContent(None, torch.where(known & (batch.values < self.table.num_embeddings), batch.values, -1))

    def content_size(self) -> tuple[int, int]:
        """No numbers; as many classes as the body's table has rows."""
        return 0, self.table.num_embeddings

    def decoder(self, width: int, depth: int, heads: int) -> nn.Module:
        """What tells hidden tokens by the body's own table of tokens."""
        return WordDecoder(self.dim, self.table)

    def _around(self, values: Tensor, real: Tensor) -> tuple[Tensor, Tensor, int]:
        """Texts with the special tokens of a pretrained body before and behind, what is real of that, and where texts begin."""
        first, last = self.spec.tokenizer.first, self.spec.tokenizer.last
        if not first and not last:
            return values, real | ~real.any(dim=1, keepdim=True), 0
        rows, room = len(values), len(first) + len(last)
        numbers = torch.nn.functional.pad(values, (len(first), len(last)), value=self.spec.padding)
        numbers[:, : len(first)] = torch.tensor(first, device=values.device, dtype=values.dtype)
        lengths = real.sum(dim=1, keepdim=True)
        place = lengths + len(first) + torch.arange(len(last), device=values.device)
        behind = torch.tensor(last, device=values.device, dtype=values.dtype).expand(rows, -1)
        numbers = numbers.scatter(1, place, behind)
        return numbers, torch.arange(numbers.shape[1], device=values.device) < lengths + room, len(first)

    def _vectors(self, numbers: Tensor, mask: TokenMask | None, begin: int) -> Tensor:
        vectors: Tensor = self.table(numbers)
        if mask is None:
            # The mask token takes part with weight zero, so that distributed training finds every parameter used.
            return vectors + 0.0 * self.mask_token if self.training else vectors
        if mask.how != "replace":
            raise RecipeError(f"a text body replaces hidden tokens, it cannot {mask.how} them: texts differ in length")
        behind = numbers.shape[1] - begin - mask.hidden.shape[1]
        hidden = torch.nn.functional.pad(mask.hidden, (begin, behind), value=False)
        return torch.where(hidden[..., None], self.mask_token.to(vectors.dtype), vectors)

    def _mask_vector(self) -> Tensor:
        """The body's own mask token, where the tokenizer has one in its table."""
        table = self.table.weight.detach()
        return table[self.spec.mask].clone() if self.spec.mask < len(table) else table.mean(dim=0)

    def _check(self, config: dict[str, Any]) -> None:
        most = config.get("max_position_embeddings")
        needed = self.spec.longest + len(self.spec.tokenizer.first) + len(self.spec.tokenizer.last)
        if not self.dim:
            raise RecipeError(
                f"a body of the type {config.get('model_type')!r} does not say the length of its vectors (hidden_size)"
            )
        if isinstance(most, int) and needed > most:
            raise RecipeError(
                f"the body reads {most} tokens, and these texts have {needed} with its own: --read longest={most - 4}"
            )


def open_text_body(source: Any, pretrained: bool, spec: TextSpec) -> Body:
    """The text body that `source` names: a hub name or folder (with safetensors), a model object, a configuration or its JSON.

    Raises
    ------
    MissingExtraError : transformers is not installed.
    RecipeError : nothing such, no safetensors, or not a body for texts.
    """
    try:
        import transformers
    except ImportError as error:
        raise MissingExtraError("transformers", "hub", "use a body of Hugging Face transformers") from error
    if isinstance(source, transformers.PreTrainedModel):
        model: Any = source.base_model
        return Body(_trainable(model), plain(model.config), True, origin=str(getattr(source, "name_or_path", "")))
    if isinstance(source, dict | transformers.PretrainedConfig):
        return _configured(source, spec)
    if not isinstance(source, str):
        raise RecipeError(f"{type(source).__name__} is no name, folder, model or configuration of Hugging Face transformers")
    try:
        config = transformers.AutoConfig.from_pretrained(source, trust_remote_code=False)
        if not pretrained:
            return _configured(config, spec)
        config = cleaned(config)
        model = _class_for(config).from_pretrained(source, config=config, use_safetensors=True)
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        if isinstance(error, RecipeError):
            raise
        first = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise RecipeError(
            f"the body {source!r} cannot be opened ({first}). It must be a text model of Hugging Face transformers, with "
            "safetensors: a folder, or a hub name reachable from here (or in the local cache)"
        ) from error
    return Body(_trainable(model.float()), plain(config), True, origin=source)


def _configured(config: Any, spec: TextSpec) -> Body:
    """An untrained body with the vocabulary of these texts."""
    changed = cleaned(config)
    needed = spec.longest + len(spec.tokenizer.first) + len(spec.tokenizer.last)
    if not isinstance(config, dict):  # a stored configuration fits already
        changed.vocab_size, changed.pad_token_id = spec.size, spec.padding
    if isinstance(getattr(changed, "max_position_embeddings", None), int):
        changed.max_position_embeddings = max(changed.max_position_embeddings, needed + 2)
    return Body(_trainable(_class_for(changed)(changed)), plain(changed), False)


def _class_for(config: Any) -> Any:
    from transformers import MODEL_MAPPING

    found: Any = MODEL_MAPPING.get(type(config), None)
    found = found[0] if isinstance(found, list | tuple) else found
    if found is None or getattr(found, "main_input_name", None) != "input_ids" or getattr(config, "is_encoder_decoder", False):
        raise RecipeError(f"{config.model_type!r} is not a body for texts; name one, such as answerdotai/ModernBERT-base")
    return found


def _trainable(model: Any) -> nn.Module:
    """Without a pooler, which was trained for another task or not at all."""
    if isinstance(getattr(getattr(model, "pooler", None), "dense", None), nn.Linear):
        model.pooler = None
    body: nn.Module = model.train()
    return body


def hugging_face(
    spec: TextSpec,
    *,
    source: Any,
    pretrained: bool = True,
    origin: Annotated[str, Field(max_length=1000)] = "",
) -> Encoder:
    """Any text body of Hugging Face transformers.

    Parameters
    ----------
    spec : a text spec.
    source : a hub name or local folder (in recipes ``hf:NAME``), a model or a configuration.
    pretrained : for a name or folder: start from its weights, or only from its configuration.
    origin : where the weights came from, kept for the record.
    """
    body = open_text_body(source, pretrained, spec)
    body.origin = origin or body.origin
    return TextBody(spec, body)
