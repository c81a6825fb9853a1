"""What stays behind in memory for each trial of a search in this process.

Searches `chain_cnn` on scikit-learn's digits, one epoch a trial, and prints the resident memory
after every few trials and its growth per trial.

    python benchmarks/memory_per_trial.py --trials 60
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

import keras
import numpy as np
from sklearn.datasets import load_digits

import autokeras_nas as nas

_WARM_UP = 10
"""Trials before the growth is measured: the first ones load code and fill caches."""


def resident_megabytes() -> float:
    """Resident memory of this process; Linux alone tells."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=60)
    parser.add_argument("--oracle", default="random")
    arguments = parser.parse_args()
    if arguments.trials < 2 * _WARM_UP:
        parser.error(f"`--trials` must be at least {2 * _WARM_UP}. Received: {arguments.trials}.")
    digits = load_digits()
    used: list[float] = []
    watch = keras.callbacks.LambdaCallback(
        on_train_begin=lambda logs: used.append(resident_megabytes())
    )
    with tempfile.TemporaryDirectory() as folder:
        model = nas.AutoModel(
            oracle=arguments.oracle, max_trials=arguments.trials, directory=folder, seed=0
        )
        settings = {"epochs": 1, "time_budget": None, "verbose": 0, "callbacks": [watch]}
        model.fit(digits.images, digits.target, **settings)
    print("| trials | resident MB |\n| --- | --- |")
    for count in range(_WARM_UP, len(used) + 1, _WARM_UP):
        print(f"| {count} | {used[count - 1]:.0f} |")
    slope = np.polyfit(np.arange(_WARM_UP, len(used)), used[_WARM_UP:], 1)[0]
    print(f"Growth after {_WARM_UP} trials: {slope:.1f} MB a trial.")


if __name__ == "__main__":
    main()
