"""What is asked of every candidate alike, without labels: held-out samples in the same views, whatever it learned from."""

from __future__ import annotations

import numpy as np
import torch

from selflearn.evaluation.self_retrieval import self_retrieval
from selflearn.measures.alignment import alignment
from selflearn.measures.clustering import kmeans, nmi
from selflearn.measures.lidar import lidar
from selflearn.measures.neighbours import nearest
from selflearn.measures.rank import rankme
from selflearn.measures.spectrum import spectrum_decay
from selflearn.measures.uniformity import uniformity

NEIGHBOURS = 10
CLUSTERS = 20


def label_free(plain: np.ndarray, views: np.ndarray, seed: int = 0) -> dict[str, float]:
    """Every score of one encoder; what cannot be taken (of too few samples or dimensions) is left out.

    Parameters
    ----------
    plain : (n, dim) held-out samples as they are.
    views : (n, views, dim) the same samples changed, at least two views of each.

    Returns
    -------
    name -> value: "self retrieval" (`self_retrieval`), "neighbours" (`neighbour_agreement`), "clusters" (`cluster_agreement`),
    "lidar", "rankme", "spectrum decay", "uniformity", "alignment".
    """
    first, second = views[:, 0], views[:, 1]
    found = {
        "self retrieval": float(self_retrieval(first, second).mean()),
        "neighbours": neighbour_agreement(plain, first, second),
        "clusters": cluster_agreement(plain, first, second, seed),
        "lidar": lidar(views) if np.ptp(views, axis=1).any() else float("nan"),
        "rankme": rankme(plain),
        "spectrum decay": spectrum_decay(plain),
        "uniformity": uniformity(plain),
        "alignment": alignment(first, second),
    }
    return {name: value for name, value in found.items() if np.isfinite(value)}


def neighbour_agreement(plain: np.ndarray, first: np.ndarray, second: np.ndarray, k: int = NEIGHBOURS) -> float:
    """Share of the k nearest other samples that two views of a sample have in common, beyond what chance gives.

    Law: 1 where views change nothing, 0 on average where neighbours are drawn at random.

    Parameters
    ----------
    plain : (n, dim) the samples among which neighbours are sought; first, second : (n, dim) the views that seek, row by row.
    """
    n = len(plain)
    k = min(k, n - 1)
    itself = torch.arange(n)
    one, other = (nearest(view, plain, k, skip=itself)[1] for view in (first, second))
    common = (one.unsqueeze(2) == other.unsqueeze(1)).any(2).float().mean().item()
    chance = k / (n - 1)
    return (common - chance) / (1 - chance) if chance < 1 else common


def cluster_agreement(plain: np.ndarray, first: np.ndarray, second: np.ndarray, seed: int = 0) -> float:
    """Normalised mutual information between the clusters in which two views of the samples fall; clusters are of directions.

    Law: 1 where views change nothing, near 0 where they fall at random.
    """
    unit = [torch.nn.functional.normalize(torch.as_tensor(each).float(), dim=1) for each in (plain, first, second)]
    count = max(2, min(CLUSTERS, len(plain) // 10))
    assigned = torch.from_numpy(kmeans(unit[0], count, seed))
    centres = torch.stack([unit[0][assigned == number].mean(0) for number in range(count) if (assigned == number).any()])
    one, other = (torch.cdist(each, centres).argmin(1).numpy() for each in unit[1:])
    return nmi(one, other)
