"""The decoder that looks elsewhere: what counts is heard, what does not is not, and rows without anything stay numbers."""

import torch

from selflearn.data.batch import Batch
from selflearn.networks import CrossDecoder, TokenMask


def made(real):
    torch.manual_seed(0)
    return CrossDecoder(8, (5,), width=8, depth=2, heads=2, out=3, real=lambda batch: real)


def parts(rows=3):
    generator = torch.Generator().manual_seed(0)
    tokens, memory = torch.randn(2, rows, 5, 8, generator=generator)
    hidden = torch.tensor([[True, False, False, True, False]]).expand(rows, -1)
    view = Batch(torch.zeros(rows, 1), torch.arange(rows), torch.zeros(rows, dtype=torch.long))
    return tokens, memory, TokenMask(hidden, how="replace"), view


def test_memory_that_does_not_count_is_not_heard():
    tokens, memory, mask, view = parts()
    decoder = made(torch.ones(3, 5, dtype=torch.bool))
    seen = torch.tensor([[True, True, False, True, False]]).expand(3, -1)
    told = decoder(tokens, mask, view, memory, seen)
    torch.testing.assert_close(decoder(tokens, mask, view, memory.masked_fill(~seen[..., None], 9.0), seen), told)
    assert not torch.allclose(decoder(tokens, mask, view, memory.masked_fill(seen[..., None], 9.0), seen), told)


def test_dropped_tokens_leave_mask_tokens_at_their_places():
    tokens, memory, mask, view = parts()
    decoder = made(torch.ones(3, 5, dtype=torch.bool))
    seen = torch.ones(3, 5, dtype=torch.bool)
    whole = torch.where(mask.hidden[..., None], decoder.mask_token, decoder.embed(tokens))
    decoder.embed, told = torch.nn.Identity(), []
    for given, how in ((whole, "replace"), (whole[:, ~mask.hidden[0]], "drop")):
        told.append(decoder(given, TokenMask(mask.hidden, how=how), view, memory, seen))
    torch.testing.assert_close(told[0], told[1])


def test_rows_without_anything_stay_numbers():
    tokens, memory, mask, view = parts()
    real = torch.tensor([[True] * 5, [False] * 5, [True, True, False, False, False]])
    told = made(real)(tokens, mask, view, memory, real)
    assert told.isfinite().all()
    told.square().sum().backward()
