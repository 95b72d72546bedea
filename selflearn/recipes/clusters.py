"""The stage that clusters what an encoder makes of every sample: found by all ranks together, kept for a run that is resumed."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch

from selflearn.data import Dataset, relabelled, subset
from selflearn.errors import RecipeError
from selflearn.networks import Encoder
from selflearn.ranks import leads, rank, rank_sum, wait_for_all, world
from selflearn.recipes.schema import Clustering
from selflearn.targets import kmeans
from selflearn.training import Checkpoints, RunFolder, embed
from selflearn.views import plain


@dataclass
class ClusterOutcome:
    """What a clustering leaves beside the labels: how many clusters, samples of the smallest and the largest, and seconds."""

    clusters: int
    smallest: int
    largest: int
    seconds: float

    @property
    def note(self) -> str:
        """One sentence for a person."""
        return f"{self.clusters} clusters of {self.smallest:,} to {self.largest:,} samples are the labels of what follows"

    def to_json(self) -> dict[str, Any]:
        """Plain values, for a run's summary."""
        return {**asdict(self), "note": self.note}


def clustered(dataset: Dataset, labels: np.ndarray, clusters: int) -> Dataset:
    """The dataset with its clusters for labels; what anybody knew of its labels is not seen any more."""
    return relabelled(dataset, labels, [f"cluster {number + 1}" for number in range(clusters)])


def check_clustering(stage: Clustering, samples: int) -> None:
    """Raise `RecipeError` where so many samples cannot be clustered so."""
    if stage.clusters > samples:
        raise RecipeError(
            f"{samples:,} samples cannot make {stage.clusters:,} clusters; lower them, such as --set "
            f"clusters={max(2, samples // 10)}"
        )


def run_clustering(
    stage: Clustering,
    dataset: Dataset,
    encoder: Encoder,
    seed: int,
    *,
    number: int,
    device: str = "auto",
    folder: RunFolder | None = None,
    resume: bool = False,
) -> tuple[Dataset, ClusterOutcome]:
    """Embed every sample, cluster, and give the dataset with the clusters for labels.

    Parameters
    ----------
    number : of the stage in its plan; its labels lie among the checkpoints, and are taken from there by a run that is resumed.

    Raises
    ------
    RecipeError : more clusters than samples.
    """
    check_clustering(stage, len(dataset))
    began = time.perf_counter()
    checkpoints = Checkpoints(folder.file("checkpoints") / f"stage-{number}") if folder is not None else None
    labels = _kept(checkpoints, dataset, stage) if resume else None
    if labels is None:
        labels = _found(stage, dataset, encoder, seed, device)
        if checkpoints is not None and leads():
            checkpoints.clear()
            checkpoints.save({"labels": labels, "clustered": _of(dataset, stage)}, 0)
    wait_for_all()
    sizes = labels.bincount(minlength=stage.clusters)
    outcome = ClusterOutcome(stage.clusters, int(sizes.min()), int(sizes.max()), round(time.perf_counter() - began, 2))
    return clustered(dataset, labels.numpy(), stage.clusters), outcome


def _found(stage: Clustering, dataset: Dataset, encoder: Encoder, seed: int, device: str) -> torch.Tensor:
    """(samples,) int64. Each rank embeds its share; the leader's labels are everybody's."""
    mine = np.array_split(np.arange(len(dataset)), world())[rank()]
    vectors = torch.zeros(len(dataset), encoder.dim)
    vectors[torch.from_numpy(mine)] = torch.from_numpy(
        embed(encoder, subset(dataset, mine), plain(dataset.spec), device=device, seed=seed)
    )
    vectors = rank_sum(vectors)
    generator = torch.Generator().manual_seed(seed)
    labels, _ = kmeans(vectors, stage.clusters, generator, stage.iterations, stage.spherical)
    return rank_sum(labels if leads() else torch.zeros_like(labels))


def _kept(checkpoints: Checkpoints | None, dataset: Dataset, stage: Clustering) -> torch.Tensor | None:
    """The labels that were found before the run was interrupted."""
    saved = checkpoints.load()[0] if checkpoints is not None else None
    return saved["labels"] if saved is not None and saved["clustered"] == _of(dataset, stage) else None


def _of(dataset: Dataset, stage: Clustering) -> str:
    return f"{dataset.fingerprint} {stage.model_dump_json()}"
