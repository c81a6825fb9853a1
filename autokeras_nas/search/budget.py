"""Time budgets: how they are written, and what share of one a trial gets."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable

_LEAST_SHARE = 0.5
"""A trial begins only where this share of its allotment is left."""

_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}


def parse_seconds(budget: float | str | None) -> float | None:
    """Seconds of a time budget.

    Args:
        budget: Seconds, or a text such as `"90s"`, `"10m"`, `"1.5h"`, `"1h30m"`; None: no limit.

    Raises:
        ValueError: If it cannot be read or is not positive.
    """
    if budget is None:
        return None
    if isinstance(budget, str):
        text = budget.strip().lower().replace(" ", "")
        parts = re.findall(r"(\d+(?:\.\d+)?)(min|[smhd]|)", text)
        if not parts or "".join(number + unit for number, unit in parts) != text:
            raise ValueError(
                f"`time_budget` cannot be read. Received: {budget!r}. "
                'Write seconds, or a text such as "90s", "10m" or "1h30m".'
            )
        seconds = sum(float(number) * _UNITS[unit] for number, unit in parts)
    elif isinstance(budget, (int, float)) and not isinstance(budget, bool):
        seconds = float(budget)
    else:
        raise ValueError(
            "`time_budget` must be a number of seconds or a text. "
            f'Received: {budget!r}. Write for instance 600 or "10m".'
        )
    if not (seconds > 0 and math.isfinite(seconds)):
        raise ValueError(
            f"`time_budget` must be positive. Received: {budget!r}. Pass None for no limit."
        )
    return seconds


def seconds_per_trial(
    budget: float | None, max_trials: int | None, workers: int = 1
) -> float | None:
    """The allotment of one trial, so that a search has trials to choose from.

    With a number of trials the budget is shared out evenly. Without, a budget of `b` seconds
    makes about `sqrt(b / 20)` trials of each worker: two in two minutes, five in ten, thirteen
    in an hour. Longer budgets make both more trials and longer ones.
    """
    if budget is None:
        return None
    return budget / max(1.0, expected_trials(budget, max_trials, workers) / workers)


def allotment(
    ends: float | None,
    trial_seconds: float | None,
    least_share: float = _LEAST_SHARE,
    clock: Callable[[], float] = time.monotonic,
) -> float | None:
    """Seconds for the next trial; 0: too little is left to begin one; None: no limit.

    The trials that still fit share out what is left. So the time that others did not need, such
    as those stopped early, makes for more trials, and not for longer ones.

    Args:
        ends: When the search ends, by the clock; None: it does not.
        trial_seconds: About what a trial takes; None: all that is left.
        least_share: A trial begins only where this share of it is left.
        clock: Returns seconds.
    """
    if ends is None:
        return trial_seconds
    left = ends - clock()
    if trial_seconds is None:
        return max(left, 0.0)
    if left < least_share * trial_seconds:
        return 0.0
    return left / max(1, round(left / trial_seconds))


def expected_trials(budget: float | None, max_trials: int | None, workers: int = 1) -> int:
    """How many trials a search will have; 0: neither time nor number bounds it."""
    if max_trials or budget is None:
        return max_trials or 0
    return workers * max(2, round(math.sqrt(budget / 20.0)))


def finalists_for(trials: int) -> int:
    """How many of the best are measured once more: 3 of 60 trials or more, else none.

    A shorter search finds better networks by trying more architectures. From 60 trials on, the
    winners are equally good, and the score that is reported of them is less flattered by luck
    (`benchmarks/finalists.py`).
    """
    return 3 if trials >= 60 else 0
