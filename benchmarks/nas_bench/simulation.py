"""One search by a simulated clock, through KerasTuner's interface of an oracle alone."""

from __future__ import annotations

import heapq
import itertools
import tempfile
from dataclasses import dataclass
from pathlib import Path

import keras_tuner
import numpy as np
from keras_tuner.engine.trial import Trial

from nas_bench.problem import Measurement, Problem, Values
from nas_bench.searchers import Searcher

_MEMORY = Path("/dev/shm")


@dataclass(frozen=True)
class Evaluation:
    """A trial that has ended.

    Attributes:
        values: The architecture, with the names of the space alone.
        score: What the oracle was told.
        ended: When, in seconds of the clock.
    """

    values: Values
    score: float
    ended: float


class Clock:
    """Seconds that pass only when someone says so."""

    def __init__(self):
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Slots:
    """Trials under way, each of which ends when its time is up.

    Args:
        oracle: Proposes.
        problem: Measures.
        count: How many trials run at once.
        rng: Draws what differs from trial to trial.
    """

    def __init__(
        self,
        oracle: keras_tuner.Oracle,
        problem: Problem,
        count: int,
        rng: np.random.Generator,
    ):
        self._oracle, self._problem, self._rng = oracle, problem, rng
        self._free = list(range(count))
        self._numbers = itertools.count()
        self._running: list[tuple[float, int, int, Trial, Measurement]] = []

    def fill(self, now: float) -> None:
        """Starts a trial in each free slot for which the oracle has one."""
        for slot in list(self._free):
            trial = self._oracle.create_trial(f"slot{slot}")
            if trial.status != "RUNNING":
                continue  # Idle or stopped: what ends next may change its mind.
            measured = self._problem.measure(trial.hyperparameters.values, self._rng)
            end = now + measured.seconds
            heapq.heappush(self._running, (end, next(self._numbers), slot, trial, measured))
            self._free.remove(slot)

    def next_end(self) -> float:
        """When the next trial ends; infinity: none runs."""
        return self._running[0][0] if self._running else float("inf")

    def end_next(self) -> tuple[Values, float]:
        """Reports the trial that ends next; returns its values and score."""
        _, _, slot, trial, measured = heapq.heappop(self._running)
        self._oracle.update_trial(trial.trial_id, {"score": measured.score})
        trial.status = "COMPLETED"
        self._oracle.end_trial(trial)
        self._free = sorted([*self._free, slot])
        return dict(trial.hyperparameters.values), measured.score


def simulate(
    problem: Problem, searcher: Searcher, seed: int, seconds: float, slots: int = 1
) -> list[Evaluation]:
    """The trials of a search that end within its budget, in the order of their ends.

    What still runs when the time is over is lost, as in the published protocol. Every trial is a
    full one: budgets that an oracle asks for (KerasTuner's Hyperband) are not granted, and what
    was measured before costs its full time again.

    Args:
        problem: What to search.
        searcher: What with.
        seed: Of the oracle, and of what is drawn in trials.
        seconds: The budget by the clock, in which each slot runs one trial at a time.
        slots: How many trials run at once.
    """
    clock, evaluations = Clock(), []
    space = problem.space()
    names = {entry.name for entry in space.space}
    with tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None) as folder:
        oracle = searcher.make(space, seconds, seed, clock)
        oracle._set_project_dir(folder, "search")
        running = Slots(oracle, problem, slots, np.random.default_rng([seed, 1]))
        running.fill(clock.now)
        while running.next_end() <= seconds:
            clock.now = running.next_end()
            values, score = running.end_next()
            own = {name: value for name, value in values.items() if name in names}
            evaluations.append(Evaluation(own, score, clock.now))
            running.fill(clock.now)
        # KerasTuner never lets go of its oracles.
        oracle.trials.clear()
    return evaluations
