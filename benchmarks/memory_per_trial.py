"""What stays behind in memory for each trial of a search, in this process and in its children.

Searches `chain_cnn` on scikit-learn's digits, one epoch a trial. Looks twice a second at the
resident memory of this process and of its children, and prints a Markdown table of the most that
was seen during every ten trials, and the growth of both together per trial after the first twenty.

    python benchmarks/memory_per_trial.py --executor inline --trials 60
    python benchmarks/memory_per_trial.py --executor process --trials 200
"""

from __future__ import annotations

import argparse
import os
import tempfile
import threading
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

import autokeras_nas as nas

_STEP = 10
_WARM_UP = 20
"""Trials before the growth is measured: the first ones load code and fill caches."""
_SECONDS = 0.5


def megabytes(pid: int) -> float:
    """Resident memory of a process, 0 if it is gone; Linux alone tells."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def children() -> list[int]:
    """The processes that this one has started, from any of its threads."""
    found: list[int] = []
    for task in Path("/proc/self/task").iterdir():
        try:
            found += map(int, (task / "children").read_text().split())
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


class Watch(threading.Thread):
    """Notes memory while a search runs: `(finished trials, own, children's)` in megabytes.

    Args:
        model: Searches.
    """

    def __init__(self, model: nas.AutoModel):
        super().__init__(daemon=True)
        self._model = model
        self._over = threading.Event()
        self.samples: list[tuple[int, float, float]] = []

    def run(self) -> None:
        while not self._over.wait(_SECONDS):
            tuner = self._model.tuner
            finished = len(tuner.oracle.end_order) if tuner else 0
            own, theirs = megabytes(os.getpid()), sum(map(megabytes, children()))
            self.samples.append((finished, own, theirs))

    def stop(self) -> None:
        """Ends watching."""
        self._over.set()
        self.join()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=60)
    parser.add_argument("--oracle", default="random")
    parser.add_argument("--executor", default="inline", choices=["inline", "process"])
    arguments = parser.parse_args()
    if arguments.trials < 2 * _WARM_UP:
        parser.error(f"`--trials` must be at least {2 * _WARM_UP}. Received: {arguments.trials}.")
    digits = load_digits()
    with tempfile.TemporaryDirectory() as folder:
        model = nas.AutoModel(
            oracle=arguments.oracle,
            executor=arguments.executor,
            max_trials=arguments.trials,
            finalists=0,
            directory=folder,
            seed=0,
        )
        watch = Watch(model)
        watch.start()
        model.fit(digits.images, digits.target, epochs=1, time_budget=None, verbose=0)
        watch.stop()
    finished, own, theirs = np.array(watch.samples).T
    print("| trials | this process, MB | its children, MB |\n| --- | --- | --- |")
    for count in range(_STEP, arguments.trials + 1, _STEP):
        among = (finished > count - _STEP) & (finished <= count)
        if among.any():
            print(f"| {count} | {own[among].max():.0f} | {theirs[among].max():.0f} |")
    late = finished >= _WARM_UP
    slope = np.polyfit(finished[late], (own + theirs)[late], 1)[0]
    print(f"Growth after {_WARM_UP} trials: {slope:.1f} MB a trial.")


if __name__ == "__main__":
    main()
