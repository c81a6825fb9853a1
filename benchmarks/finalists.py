"""Does it pay to measure the best of a search once more before the winner is named?

Searches NAS-Bench-201 by the validation accuracy of one training of 200 epochs, drawn from the
two or three with different seeds that the table has; an architecture's further run draws another.
Looks up the winner's test accuracy. With finalists a search has so many fewer architectures to
choose from. Prints a Markdown table of means and standard errors.

    python benchmarks/finalists.py --oracle random --trials 20 60 --seeds 200
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path

import keras_tuner
import numpy as np

from autokeras_nas.oracles import ORACLES

TABLE = (
    Path(__file__).resolve().parents[2] / "shared/data/nas_tables/nasbench201_cifar10_cifar100.npz"
)
EDGES, OPERATIONS = 6, 5


class Table:
    """The trainings of one data set.

    Args:
        path: The table's file.
        dataset: `"cifar10"` or `"cifar100"`.
    """

    def __init__(self, path: Path, dataset: str):
        with np.load(path) as columns:
            codes = columns["codes"]
            self.validation = columns[f"{dataset}_val200"]
            self.test = columns[f"{dataset}_test200"]
        self.rows = {tuple(int(c) for c in code): row for row, code in enumerate(codes)}

    def row(self, values) -> int:
        """The row of a trial's values."""
        return self.rows[tuple(values[f"edge_{k}"] for k in range(EDGES))]


class Trainings:
    """Draws trainings of architectures, none twice.

    Args:
        table: What was measured.
        rng: Draws.
    """

    def __init__(self, table: Table, rng: np.random.Generator):
        self._table, self._rng = table, rng
        self._left: dict[int, list[float]] = defaultdict(list)

    def draw(self, row: int) -> float:
        """A validation accuracy, in percent; anew from all, once all were drawn."""
        if not self._left[row]:
            known = self._table.validation[row]
            self._left[row] = list(self._rng.permutation(known[np.isfinite(known)]))
        return float(self._left[row].pop())


def space() -> keras_tuner.HyperParameters:
    """One of five operations on each of six edges."""
    hp = keras_tuner.HyperParameters()
    for k in range(EDGES):
        hp.Choice(f"edge_{k}", list(range(OPERATIONS)))
    return hp


def search(table: Table, name: str, trials: int, finalists: int, seed: int) -> float:
    """The test accuracy of a search's winner, in percent."""
    oracle = ORACLES[name](
        objective=keras_tuner.Objective("score", "max"),
        max_trials=trials,
        hyperparameters=space(),
        finalists=finalists,
        seed=seed,
    )
    oracle.verbose = 0
    trainings = Trainings(table, np.random.default_rng(seed))
    while (trial := oracle.create_trial("tuner0")).status != "STOPPED":
        score = trainings.draw(table.row(trial.hyperparameters.values))
        oracle.update_trial(trial.trial_id, {"score": score})
        trial.status = "COMPLETED"
        oracle.end_trial(trial)
    winner = oracle.get_trial(oracle.incumbent())
    return float(table.test[table.row(winner.hyperparameters.values)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--oracle", default="random", choices=list(ORACLES))
    parser.add_argument("--datasets", nargs="+", default=["cifar10", "cifar100"])
    parser.add_argument("--trials", nargs="+", type=int, default=[10, 20, 30, 60, 100])
    parser.add_argument("--finalists", nargs="+", type=int, default=[0, 2, 3, 5])
    parser.add_argument("--seeds", type=int, default=500)
    parser.add_argument("--table", type=Path, default=TABLE, help="The table's file.")
    arguments = parser.parse_args()
    print("| data | trials | finalists | test accuracy | standard error |")
    print("| --- | --- | --- | --- | --- |")
    for dataset in arguments.datasets:
        table = Table(arguments.table, dataset)
        for trials in arguments.trials:
            for finalists in (f for f in arguments.finalists if 2 * f <= trials):
                tests = [
                    search(table, arguments.oracle, trials, finalists, seed)
                    for seed in range(arguments.seeds)
                ]
                error = np.std(tests, ddof=1) / np.sqrt(len(tests))
                print(
                    f"| {dataset} | {trials} | {finalists} | {np.mean(tests):.2f} | {error:.2f} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
