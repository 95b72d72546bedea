"""Speech: do frozen features of the publications' systems read better than the surface of the sound?"""

from __future__ import annotations

from selflearn.evidence.arms import Learned, dull
from selflearn.evidence.statement import Experiment, Size, beats, better

FEW = "16 labels a class"

# TERA: Self-Supervised Learning of Transformer Encoder Representation for Speech

TERA = Learned("tera", {}, kind="sound")

tera = Experiment(
    name="tera",
    systems=("S047",),
    claim=(
        "A transformer that restores frames altered along time, frequency and in magnitude gives frozen features from which 16 "
        "labels a class read at least two points more than from the surface of the sound (log-mel frames), from their principal "
        "components and from the same transformer untrained; and no less than from one that restores time alone"
    ),
    data="spoken-digits",
    arms={
        "tera": TERA,
        "time alone": Learned("tera", {"channel": 0.0, "noise": 0.0}, kind="sound"),
        **dull(TERA),
    },
    contrasts=(
        *beats("tera", ("raw", "pca", "untrained"), FEW, margin=0.02),
        better("tera", "time alone", FEW, margin=0.0),
    ),
    seeds=range(10, 15),
    quick=Size(samples=1_000, budget="100steps", seeds=3),
    full=Size(samples=1_500, budget="600steps"),
)
