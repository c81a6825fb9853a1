"""Keeping: which trials keep their weights, and on how much of the disk."""

from __future__ import annotations

from pathlib import Path

import keras_tuner

from autokeras_nas.oracles import NasOracle
from autokeras_nas.search.front import Front

_WEIGHTS = "checkpoint.weights.h5"
_PREFIX = "trial_"


class Keeper:
    """Removes weights that nobody needs.

    Kept are those of the result, of what the oracle needs, of the best trials, and of those
    than which none is both better and cheaper.

    Args:
        folder: The project.
        oracle: Knows the trials.
        keep_best: How many of the best are kept.
        most_bytes: What all weights may take; None: no limit.
    """

    def __init__(
        self,
        folder: Path,
        oracle: keras_tuner.Oracle,
        keep_best: int,
        most_bytes: float | None = None,
    ):
        self.folder, self.oracle = folder, oracle
        self.keep_best, self.most_bytes = keep_best, most_bytes
        self._front = Front()
        self._seen = 0

    def clear(self) -> None:
        """Removes what is not kept."""
        needed, wanted = self._needed(), self._wanted()
        files = {
            path.parent.name.removeprefix(_PREFIX): path
            for path in self.folder.glob(f"{_PREFIX}*/{_WEIGHTS}")
        }
        for trial_id in files.keys() - needed - set(wanted):
            files.pop(trial_id).unlink()
        for trial_id in reversed([name for name in wanted if name in files and name not in needed]):
            if self._fits(files):
                break
            files.pop(trial_id).unlink()

    def _fits(self, files: dict[str, Path]) -> bool:
        total = sum(path.stat().st_size for path in files.values())
        return self.most_bytes is None or total <= self.most_bytes

    def _needed(self) -> set[str]:
        """The trials without whose weights the search could not go on, or had no result."""
        if isinstance(self.oracle, NasOracle):
            result = self.oracle.incumbent()
            return self.oracle.keep() | ({result} if result else set())
        return {trial.trial_id for trial in self.oracle.get_best_trials(1)}

    def _wanted(self) -> list[str]:
        """Others to be kept, those that go last first."""
        best = [trial.trial_id for trial in self.oracle.get_best_trials(self.keep_best)]
        rewards = {name: self._reward(name) for name in self._front_of_all() - set(best)}
        return [*best, *sorted(rewards, key=lambda name: rewards[name], reverse=True)]

    def _front_of_all(self) -> set[str]:
        cost = f"nas/{getattr(self.oracle.objective, 'cost', 'parameters')}"
        for trial_id in self.oracle.end_order[self._seen :]:
            trial = self.oracle.trials[trial_id]
            if trial.status == "COMPLETED" and trial.metrics.exists(cost):
                paid = trial.metrics.get_last_value(cost)
                self._front.add(trial_id, self._reward(trial_id), paid)
        self._seen = len(self.oracle.end_order)
        return self._front.trials

    def _reward(self, trial_id: str) -> float:
        sign = -1.0 if self.oracle.objective.direction == "min" else 1.0
        return sign * self.oracle.trials[trial_id].score
