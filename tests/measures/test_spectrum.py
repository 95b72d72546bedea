import math

import numpy as np
import pytest
from scipy.stats import ortho_group

from selflearn.measures.spectrum import eigenspectrum, singular_values, spectrum_decay


def with_eigenvalues(eigenvalues, n=400, seed=0):
    """Samples whose covariance (divided by n) has exactly these eigenvalues."""
    dim = len(eigenvalues)
    draws = np.random.default_rng(seed).normal(size=(n, dim))
    left, _ = np.linalg.qr(draws - draws.mean(0))
    return left @ np.diag(np.sqrt(n * np.asarray(eigenvalues))) @ ortho_group.rvs(dim, random_state=seed)


@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0, 2.0])
def test_a_power_law_gives_its_exponent(alpha):
    values = with_eigenvalues(np.arange(1, 41) ** -alpha)
    assert spectrum_decay(values) == pytest.approx(alpha, abs=1e-6)
    assert spectrum_decay(17 * values + 5) == pytest.approx(alpha, abs=1e-6)


def test_spectrum_is_that_of_the_covariance_whatever_the_shape():
    values = np.random.default_rng(0).normal(size=(30, 8)) + 3
    expected = np.sort(np.linalg.eigvalsh(np.cov(values.T, bias=True)))[::-1]
    np.testing.assert_allclose(eigenspectrum(values).numpy(), expected, rtol=1e-6)
    np.testing.assert_allclose(singular_values(values.T).numpy(), singular_values(values).numpy(), rtol=1e-6)


def test_too_few_directions_have_no_slope():
    assert math.isnan(spectrum_decay(np.random.default_rng(0).normal(size=(50, 2))))
    assert math.isnan(spectrum_decay(np.ones((50, 20))))
