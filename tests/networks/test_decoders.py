"""The decoder puts visible tokens where they came from and predicts every token."""

import pytest
import torch

from selflearn.errors import RecipeError
from selflearn.networks import TokenDecoder, TokenMask, build, random_mask


@pytest.fixture
def decoder():
    torch.manual_seed(0)
    return TokenDecoder(dim=10, grid=(4, 4), width=12, depth=1, heads=2, out=7).eval()


@pytest.fixture
def hidden():
    return random_mask(3, (4, 4), 0.75, torch.Generator().manual_seed(0))


def test_shapes(decoder, hidden):
    assert decoder(torch.randn(3, 4, 10), TokenMask(hidden)).shape == (3, 16, 7)
    assert decoder(torch.randn(3, 16, 10), TokenMask(hidden, "replace")).shape == (3, 16, 7)


def test_tokens_return_to_their_places(decoder, hidden):
    """Dropped and filled in by the decoder, or never dropped and hidden by hand: the same prediction."""
    every = torch.randn(3, 16, 10)
    visible = every[~hidden].reshape(3, 4, 10)
    embedded = torch.where(hidden[..., None], decoder.mask_token, decoder.embed(every))
    expected = decoder.predict(decoder.transformer(embedded + decoder.positions)[0])
    torch.testing.assert_close(decoder(visible, TokenMask(hidden)), expected)


def test_a_mask_that_is_not_the_encoders(decoder, hidden):
    for tokens, mask in ((torch.randn(3, 5, 10), TokenMask(hidden)), (torch.randn(3, 4, 10), TokenMask(hidden, "replace"))):
        with pytest.raises(RecipeError, match="the mask that the encoder was given"):
            decoder(tokens, mask)


def test_learns_to_restore(image_spec, pictures):
    """Ramps of any slope: what is hidden follows from what is seen, and the error on new ones falls far below the mean's."""
    torch.manual_seed(0)
    encoder = build(image_spec(1, 8), "vit-tiny", width=32, depth=2, heads=2)
    decoder = TokenDecoder(encoder.dim, encoder.token_grid(), 32, 1, 2, out=4)
    optimiser = torch.optim.AdamW([*encoder.parameters(), *decoder.parameters()], lr=3e-3)
    generator = torch.Generator().manual_seed(0)
    across = torch.linspace(-1, 1, 8)
    for _ in range(120):
        down, right = torch.randn(2, 32, 1, 1, 1, generator=generator)
        batch = pictures(32, 1, 8).replace(values=0.5 + 0.25 * (down * across[:, None] + right * across))
        mask = TokenMask(random_mask(32, encoder.token_grid(), 0.5, generator))
        target = encoder.token_content(batch).values
        loss = (decoder(encoder(batch, mask).tokens, mask) - target).square()[mask.hidden].mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert loss < 0.3 * target.var()
