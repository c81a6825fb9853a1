"""What stays behind in memory for each trial of a search, in this process and in its children.

Searches `chain_cnn` on scikit-learn's digits, one epoch a trial. Looks twice a second at the
resident memory of this process and of its children, at the files that they hold open, their
threads, and the disk space of the project, and prints a Markdown table of the most that was seen
during every twenty trials. Then, how much memory grew per trial after the first forty, and by
what share it differs between the first and the last twenty of the others.

    python benchmarks/memory_per_trial.py --executor inline --trials 80
    python benchmarks/memory_per_trial.py --executor process --trials 200
"""

from __future__ import annotations

import argparse
import os
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from processes import children
from sklearn.datasets import load_digits

import autokeras_nas as nas

_STEP = 20
_WARM_UP = 40
"""Trials before the growth is measured: the first ones load code and fill caches."""
_SECONDS = 0.5


@dataclass(frozen=True)
class Sample:
    """What a search held at one moment.

    Attributes:
        finished: Trials by then.
        own: Resident memory of this process, in megabytes.
        theirs: The same of its children, together.
        files: Open file descriptors of all these processes.
        threads: Their threads.
        disk: Megabytes of the project.
    """

    finished: int
    own: float
    theirs: float
    files: int
    threads: int
    disk: float


def megabytes(pid: int) -> float:
    """Resident memory of a process, 0 if it is gone; Linux alone tells."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def entries(pid: int, kind: str) -> int:
    """How many files (`fd`) or threads (`task`) a process has, 0 if it is gone."""
    try:
        return len(os.listdir(f"/proc/{pid}/{kind}"))
    except (FileNotFoundError, ProcessLookupError):
        return 0


def size_of(folder: Path) -> float:
    """Megabytes of the files below a folder, which come and go meanwhile."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size
        except FileNotFoundError:
            continue
    return total / 2**20


class Watch(threading.Thread):
    """Notes what a search holds while it runs.

    Args:
        model: Searches.
        folder: Of the project.
    """

    def __init__(self, model: nas.AutoModel, folder: Path):
        super().__init__(daemon=True)
        self._model, self._folder = model, folder
        self._over = threading.Event()
        self.samples: list[Sample] = []

    def run(self) -> None:
        while not self._over.wait(_SECONDS):
            tuner = self._model.tuner
            finished = len(tuner.oracle.end_order) if tuner else 0
            others = children()
            everyone = [os.getpid(), *others]
            self.samples.append(
                Sample(
                    finished,
                    megabytes(os.getpid()),
                    sum(map(megabytes, others)),
                    sum(entries(pid, "fd") for pid in everyone),
                    sum(entries(pid, "task") for pid in everyone),
                    size_of(self._folder),
                )
            )

    def stop(self) -> None:
        """Ends watching."""
        self._over.set()
        self.join()


def print_report(samples: list[Sample], trials: int) -> None:
    """Prints the table and the growth."""
    print("| trials | this process, MB | its children, MB | files | threads | disk, MB |")
    print("| --- | --- | --- | --- | --- | --- |")
    peaks = {}
    for count in range(_STEP, trials + 1, _STEP):
        among = [s for s in samples if count - _STEP < s.finished <= count]
        if not among:
            continue
        own, theirs, files, threads, disk = (
            max(getattr(s, name) for s in among)
            for name in ("own", "theirs", "files", "threads", "disk")
        )
        peaks[count] = max(s.own + s.theirs for s in among)
        print(f"| {count} | {own:.0f} | {theirs:.0f} | {files} | {threads} | {disk:.1f} |")
    late = [s for s in samples if s.finished >= _WARM_UP]
    slope = np.polyfit([s.finished for s in late], [s.own + s.theirs for s in late], 1)[0]
    own_slope = np.polyfit([s.finished for s in late], [s.own for s in late], 1)[0]
    print(
        f"Growth after {_WARM_UP} trials: {slope:.2f} MB a trial, {own_slope:.2f} in this process."
    )
    first, *_, last = (peaks[count] for count in sorted(peaks) if count > _WARM_UP)
    print(
        f"The last {_STEP} trials held {last / first - 1:+.1%} beside the first measured {_STEP}."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=80)
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
        watch = Watch(model, Path(folder))
        watch.start()
        model.fit(digits.images, digits.target, epochs=1, time_budget=None, verbose=0)
        watch.stop()
    print_report(watch.samples, arguments.trials)


if __name__ == "__main__":
    main()
