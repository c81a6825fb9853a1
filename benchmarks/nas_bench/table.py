"""NAS-Bench-201 as a table: what a search sees, and, apart from it, what judges the result.

A cell has six edges with one of five operations each; all 5**6 = 15,625 were trained. A trial
gives the validation accuracy of a complete training of 12 epochs and costs the time of these
epochs and of one pass over the validation data. The result is judged by the test accuracy after
200 epochs. Of the table's data sets CIFAR-10 and CIFAR-100 are in the file; ImageNet16-120 is not,
nor are learning curves. Cells that are the same network under another string count as two.

Source: Dong and Yang, 2020, https://openreview.net/forum?id=HJxyZkBKDr.
"""

from __future__ import annotations

from pathlib import Path

import keras_tuner
import numpy as np

from nas_bench.problem import Judge, Measurement, Problem, Values

TABLE = (
    Path(__file__).resolve().parents[3] / "shared/data/nas_tables/nasbench201_cifar10_cifar100.npz"
)
DATASETS = ("cifar10", "cifar100")
EDGES = ("0_1", "0_2", "1_2", "0_3", "1_3", "2_3")
OPERATIONS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
EPOCHS = 12
# A pass over the validation data, in training epochs.
VALIDATION_EPOCHS = {"cifar10": 0.35, "cifar100": 0.035}

SECONDS = 12_000.0
PUBLISHED = {
    "cifar10": {
        "random search": (93.70, 0.36),
        "REINFORCE": (93.85, 0.37),
        "regularized evolution": (93.92, 0.30),
    }
}
"""Mean and standard deviation of the test accuracy in `SECONDS` (500 runs, the paper's table 5)."""


def code_of(values: Values) -> tuple[int, ...]:
    """The operations' numbers, edge by edge."""
    return tuple(OPERATIONS.index(values[f"edge_{edge}"]) for edge in EDGES)


class TableProblem(Problem):
    """What a search sees of one data set. Reads none of the columns that judge it.

    Args:
        path: The table's file.
        dataset: One of `DATASETS`.
    """

    seconds = SECONDS

    def __init__(self, path: Path, dataset: str):
        with np.load(path) as columns:
            self._rows = _rows(columns)
            self._accuracy = columns[f"{dataset}_val12"].tolist()
            epoch_seconds = columns[f"{dataset}_epoch_s"].astype(float)
        self._seconds = ((EPOCHS + VALIDATION_EPOCHS[dataset]) * epoch_seconds).tolist()

    def space(self) -> keras_tuner.HyperParameters:
        """One of five operations on each of six edges."""
        hp = keras_tuner.HyperParameters()
        for edge in EDGES:
            hp.Choice(f"edge_{edge}", list(OPERATIONS))
        return hp

    def measure(self, values: Values, rng: np.random.Generator) -> Measurement:
        """The table's figures: the same each time."""
        row = self._rows[code_of(values)]
        return Measurement(self._accuracy[row], self._seconds[row])


def table_judge(path: Path, dataset: str) -> Judge:
    """Judges a cell by its test accuracy after 200 epochs, in percent, the mean of its seeds."""
    with np.load(path) as columns:
        rows, accuracy = _rows(columns), columns[f"{dataset}_test200"].astype(float)
    return Judge(lambda values: float(accuracy[rows[code_of(values)]]), float(accuracy.max()))


def _rows(columns) -> dict[tuple[int, ...], int]:
    return {tuple(code): row for row, code in enumerate(columns["codes"].tolist())}
