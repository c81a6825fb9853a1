"""Where the time of a search goes: training steps, and all that is not.

Searches Fashion-MNIST (Debian's package `dataset-fashion-mnist`) for some minutes and prints a
Markdown table of seconds and shares:

- steps: the steps of all trials, each at the median time of its trial's steps, first one aside;
- slower steps: what they took beyond that, waiting for data or for other processes;
- tracing: first steps and first validations beyond the median ones;
- validation: all validations, without their tracing;
- building, checkpoints: building and compiling models, writing their weights;
- preparation: reading, splitting and preprocessing the data, before the first trial;
- between: the rest of trials and what lies between them: callbacks, costs, oracle, journal;
- result: opening the winner and assembling what is exported.

    python benchmarks/trial_overhead.py chain_cnn --time-budget 10m
    python benchmarks/trial_overhead.py nasnet_cell --time-budget 10m
"""

from __future__ import annotations

import argparse
import functools
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from unittest import mock

import keras
from accuracy import fashion_mnist

import autokeras_nas as nas
from autokeras_nas.search import runner
from autokeras_nas.search.budget import parse_seconds

ROWS = (
    "steps",
    "slower steps",
    "tracing",
    "validation",
    "building",
    "checkpoints",
    "preparation",
    "between",
    "result",
)


class Ledger:
    """Seconds of each part of a search.

    Attributes:
        seconds: By part.
        trials: Finished ones.
        steps: Training steps in all.
    """

    def __init__(self):
        self.seconds: dict[str, float] = defaultdict(float)
        self.trials = 0
        self.steps = 0
        self.began: float | None = None
        self.ended = 0.0

    def timed(self, part: str, function):
        """The function, which enters what its calls take."""

        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            began = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                self.seconds[part] += time.perf_counter() - began

        return wrapper

    def enter(self, steps: list[float], validations: list[float]) -> None:
        """Enters a training's steps and validations, in seconds."""
        if len(steps) > 1:
            typical = statistics.median(steps[1:])
            self.seconds["steps"] += typical * len(steps)
            self.seconds["slower steps"] += sum(steps[1:]) - typical * (len(steps) - 1)
            self.seconds["tracing"] += steps[0] - typical
        self.steps += len(steps)
        if validations:
            typical = statistics.median(validations[1:] or validations)
            self.seconds["validation"] += sum(validations[1:]) + typical
            self.seconds["tracing"] += validations[0] - typical


class Stopwatch(keras.callbacks.Callback):
    """Enters a training into a ledger. Each trial gets a copy of it, but all enter into one.

    Args:
        ledger: Where.
    """

    def __init__(self, ledger: Ledger):
        super().__init__()
        self.ledger = ledger
        self.steps: list[float] = []
        self.validations: list[float] = []
        self._since = 0.0

    def __deepcopy__(self, memo):
        return Stopwatch(self.ledger)

    def on_train_batch_begin(self, batch, logs=None):
        self._since = time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        self.steps.append(time.perf_counter() - self._since)

    def on_test_begin(self, logs=None):
        self._since = time.perf_counter()

    def on_test_end(self, logs=None):
        self.validations.append(time.perf_counter() - self._since)

    def on_train_end(self, logs=None):
        self.ledger.enter(self.steps, self.validations)


@contextmanager
def measured(ledger: Ledger) -> Iterator[None]:
    """Times what a runner does beside training, and when its trials begin and end."""
    run = runner.KerasRunner.run

    def run_trial(self, spec):
        ledger.began = ledger.began or time.perf_counter()
        result = run(self, spec)
        ledger.ended = time.perf_counter()
        ledger.trials += result.status == "COMPLETED"
        return result

    built = ledger.timed("building", runner.KerasRunner._built)
    saved = ledger.timed("checkpoints", runner.save_checkpoint)
    with ExitStack() as stack:
        stack.enter_context(mock.patch.object(runner.KerasRunner, "run", run_trial))
        stack.enter_context(mock.patch.object(runner.KerasRunner, "_built", built))
        stack.enter_context(mock.patch.object(runner, "save_checkpoint", saved))
        yield


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("search_space", choices=["chain_cnn", "nasnet_cell"])
    parser.add_argument("--time-budget", default="10m")
    parser.add_argument("--max-trials", type=int, default=10)
    parser.add_argument("--examples", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    x, _, y, _ = fashion_mnist(arguments.seed, arguments.examples)
    ledger = Ledger()
    with tempfile.TemporaryDirectory() as folder, measured(ledger):
        model = nas.AutoModel(
            search_space=arguments.search_space,
            oracle="random",
            executor="inline",
            max_trials=arguments.max_trials,
            directory=folder,
            seed=arguments.seed,
        )
        budget = parse_seconds(arguments.time_budget)
        began = time.perf_counter()
        model.fit(x, y, time_budget=budget, callbacks=[Stopwatch(ledger)], verbose=0)
        ended = time.perf_counter()
        print(model.leaderboard()[["trial", "score", "epochs", "seconds", "reason"]].to_string())
    assert ledger.began is not None
    ledger.seconds["preparation"] = ledger.began - began
    ledger.seconds["result"] = ended - ledger.ended
    total = ended - began
    ledger.seconds["between"] = total - sum(ledger.seconds.values())
    print(f"{ledger.trials} trials, {ledger.steps} steps, {total:.0f} s.")
    print("| part | seconds | share |\n| --- | --- | --- |")
    for part in ROWS:
        print(f"| {part} | {ledger.seconds[part]:.1f} | {ledger.seconds[part] / total:.1%} |")


if __name__ == "__main__":
    main()
