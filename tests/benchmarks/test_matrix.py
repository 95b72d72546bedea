"""The page of methods and kinds says what its cells say, and is the one that its results make."""

from __future__ import annotations

from pathlib import Path

from benchmarks import matrix

CELL = {"verdict": "learned", "encoder": "mlp", "steps": 9, "knn": {"encoder": 0.9, "untrained": 0.8, "raw": 0.7}, "seconds": 5}


def test_a_cell_tells_verdict_and_both_accuracies_and_a_reason_is_said_once():
    impossible = {"verdict": "impossible", "why": "it needs tokens", "seconds": 0}
    shown = matrix.page(
        {"table": {"simclr": CELL, "byol": {**CELL, "verdict": "did not learn"}, "mae": impossible, "data2vec": impossible}}
    )
    assert "| table | **above** 90.0 from 80.0 | not above 90.0 from 80.0 | none (1) | none (1) |" in shown
    assert shown.count("it needs tokens") == 1


def test_a_table_without_cells_says_so():
    assert matrix.page({}).endswith("No cell is filled yet.\n")


def test_the_page_is_current():
    assert Path(matrix.PAGE).read_text(encoding="utf-8") == matrix.page(matrix.kept())
