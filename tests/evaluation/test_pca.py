import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from selflearn.evaluation.pca import leading, principal_axes

VALUES = np.random.default_rng(0).normal(size=(60, 10)) * np.arange(10, 0, -1) + 4


@pytest.mark.parametrize("rows", [60, 8])
def test_axes_are_those_of_scikit_learn(rows):
    train = VALUES[:rows]
    reference = PCA().fit(train)
    axes = principal_axes(torch.from_numpy(train), limit=5)
    np.testing.assert_allclose(axes.variances, reference.explained_variance_[:5], rtol=1e-6)
    np.testing.assert_allclose(abs(axes(torch.from_numpy(VALUES)).numpy()), abs(reference.transform(VALUES)[:, :5]), rtol=1e-6)


def test_leading_axes_hold_the_share_of_the_variance():
    axes = principal_axes(torch.from_numpy(VALUES))
    kept = leading(axes, float(axes.variances.sum()), share=0.9)
    shares = axes.variances.cumsum(0) / axes.variances.sum()
    count = len(kept.variances)
    assert shares[count - 1] >= 0.9 > shares[count - 2]


def test_constant_rows_have_finite_scores():
    axes = principal_axes(torch.ones(20, 5))
    assert torch.isfinite(axes(torch.randn(3, 5))).all()
