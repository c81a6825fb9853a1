"""Finals: the best of a search are measured once more before the winner is named.

The best of many noisy scores is too good to be true: the more trials, the more of the winner's
lead is luck. So the last trials of a search go to its best architectures again, and the best
mean wins. A finalist's further run is a trial of its own, whose proposal names the finalist as
its individual.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable
from dataclasses import replace

from autokeras_nas.architecture import Proposal
from autokeras_nas.oracles.finished import FinishedTrial


def check_finalists(finalists: object, max_trials: int | None) -> None:
    """Raises a ValueError unless so many trials can be spared to measure the best once more."""
    if not isinstance(finalists, int) or not 0 <= 2 * finalists <= (max_trials or math.inf):
        raise ValueError(
            "`finalists` must be a whole number from 0 to half of `max_trials`. "
            f"Received: {finalists=}, {max_trials=}. Pass 3, or 0 for none."
        )


def runs_of_finalists(completed: Iterable[FinishedTrial]) -> dict[str, list[FinishedTrial]]:
    """All runs of each trial that is no further run itself, by its id, the first run first."""
    runs: dict[str, list[FinishedTrial]] = {}
    for trial in completed:
        runs.setdefault(_individual(trial), []).append(trial)
    return {name: trials for name, trials in runs.items() if trials[0].trial_id == name}


def next_finalist(
    completed: Iterable[FinishedTrial], proposals: Iterable[Proposal], places: int
) -> Proposal | None:
    """The best finalist that has not been measured once more, once more.

    Args:
        completed: Trials that ended with a score, at the highest budget.
        proposals: All that became trials.
        places: How many finalists there are: the best by the mean of their runs.

    Returns:
        None: all have been.
    """
    runs = runs_of_finalists(completed)
    asked = {proposal.individual for proposal in proposals if proposal.repeat}
    for name in sorted(runs, key=lambda name: _mean(runs[name]), reverse=True)[:places]:
        if name not in asked:
            return replace(runs[name][0].proposal, individual=name, repeat=1)
    return None


def champion(completed: Iterable[FinishedTrial]) -> FinishedTrial | None:
    """The best run of the finalist with the best mean; None: none was measured once more."""
    runs = runs_of_finalists(completed)
    measured = [name for name in runs if len(runs[name]) > 1]
    if not measured:
        return None
    best = max(measured, key=lambda name: _mean(runs[name]))
    return max(runs[best], key=lambda trial: trial.reward)


def _individual(trial: FinishedTrial) -> str:
    return trial.proposal.individual or trial.trial_id


def _mean(runs: list[FinishedTrial]) -> float:
    return statistics.fmean(trial.reward for trial in runs)
