"""The demo's promise: with ONE label a class, a logistic probe on digits beats raw pixels and PCA after a minute of learning.

python -m benchmarks.demo --seconds 60
"""

from __future__ import annotations

import argparse
import tempfile

from benchmarks.common import keep
from selflearn import learn


def main() -> None:
    """Learn, then read the scorecard's row of one label a class."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--recipe")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run = learn("digits", recipe=asked.recipe, budget=f"{asked.seconds:g}s", seed=asked.seed, out=f"{folder}/run")
        rows = [row for row in run.scorecard.rows if row.measure == "1 label a class"]
        figures = {row.features: {"value": round(row.value, 4), "low": row.low, "high": row.high, "draws": row.n} for row in rows}
        best = max(figures[name]["value"] for name in ("raw", "pca"))
        figures["points_above_raw_and_pca"] = round(100 * (figures["encoder"]["value"] - best), 1)
        keep("demo", {"recipe": run.recipe.name, "verdict": run.verdict.kind, "seconds": asked.seconds, **figures})


if __name__ == "__main__":
    main()
