"""Samples a second from raw pictures to weight update, and its share of the bare model.

python -m benchmarks.throughput --method simclr --encoder small --data FILE --batch 256 --steps 40
"""

from __future__ import annotations

import argparse

from benchmarks.common import bare, images, keep, stage, timed_fit


def main() -> None:
    """Time our training and the bare model in turn, in one process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--method", default="simclr")
    parser.add_argument("--encoder", default="small")
    parser.add_argument("--data", required=True)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--bare", action="store_true", help="also time the bare model, before and after")
    asked = parser.parse_args()
    dataset = images(asked.data)
    chosen = stage(asked.method, asked.encoder)
    limits = [bare(chosen, dataset, asked.steps, asked.batch, asked.precision)] if asked.bare else []
    rate, _ = timed_fit(dataset, chosen, asked.steps, asked.batch, asked.precision)
    figures = {"samples_per_second": round(rate, 1)}
    if asked.bare:
        limits.append(bare(chosen, dataset, asked.steps, asked.batch, asked.precision))
        limit = sum(limits) / len(limits)
        figures |= {"bare_samples_per_second": [round(each, 1) for each in limits], "share_of_bare": round(rate / limit, 3)}
        keep(f"throughput-{asked.method}-{asked.encoder}", figures)
    print(f"{rate:.1f} samples/s")


if __name__ == "__main__":
    main()
