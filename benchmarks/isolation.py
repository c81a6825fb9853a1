"""What it costs to run trials in child processes: seconds per trial beside this process.

Searches `chain_cnn` on scikit-learn's digits, one epoch a trial, the same trials once in this
process and once in a child of its own, which is recycled after twenty trials. Prints a Markdown
table: the start, from the beginning of the fit to the first trial's beginning; the median trial;
the median of what passes between one trial and the next; and, for the child, the pause in which
it is recycled. Each search runs in a fresh program, so that none finds caches warm.

    python benchmarks/isolation.py --trials 30
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time

_SHORT = 0.5
"""A pause between trials longer than this is one in which the child was recycled."""


def measure(executor: str, trials: int) -> dict[str, float]:
    """One search's figures, in seconds."""
    from sklearn.datasets import load_digits

    import autokeras_nas as nas

    ends: list[float] = []
    took: list[float] = []

    class Watched(nas.oracles.RandomSearch):
        """Random search that notes when trials end and what they took."""

        def learn(self, trial):
            ends.append(time.monotonic())
            took.append(trial.metrics["nas/seconds"])
            super().learn(trial)

    digits = load_digits()
    oracle = Watched(objective="val_accuracy", max_trials=trials, seed=0)
    with tempfile.TemporaryDirectory() as folder:
        model = nas.AutoModel(oracle=oracle, executor=executor, finalists=0, directory=folder)
        began = time.monotonic()
        model.fit(digits.images, digits.target, epochs=1, time_budget=None, verbose=0)
    pauses = [b - a - seconds for a, b, seconds in zip(ends, ends[1:], took[1:], strict=False)]
    long = [pause for pause in pauses if pause > _SHORT] if executor == "process" else []
    return {
        "start": ends[0] - took[0] - began,
        "trial": statistics.median(took),
        "pause": statistics.median(pauses),
        "recycling": max(long, default=0.0),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=30)
    parser.add_argument("--measure", choices=["inline", "process"], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(measure(arguments.measure, arguments.trials)))
        return
    print("| executor | start, s | trial, s | between trials, s | recycling, s |")
    print("| --- | --- | --- | --- | --- |")
    for executor in ("inline", "process"):
        command = [sys.executable, __file__, "--measure", executor]
        command += ["--trials", str(arguments.trials)]
        answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        figures = json.loads(answer.splitlines()[-1])
        cells = (f"{figures[name]:.2f}" for name in ("start", "trial", "pause", "recycling"))
        print(f"| {executor} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
