"""The choice of an executor, where none was named."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import cloudpickle

from autokeras_nas.errors import unknown_name

_MOST_INLINE_TRIALS = 30
"""More are worth the seconds that a child takes to start: a crash costs them one trial."""


def check_executor(name: str, workers: int, known: Sequence[str]) -> None:
    """Raises a ValueError unless there is such an executor for so many workers."""
    if name not in known:
        raise unknown_name("executor", name, known)
    if name == "inline" and workers > 1:
        raise ValueError(
            "Only one trial at a time can run in this process. "
            f'Received: executor="inline", {workers=}. Pass executor="process".'
        )


def choose_executor(workers: int, gpus: int, trials: int, needed: Any) -> tuple[str, str]:
    """Where trials had best run, and why.

    A child process costs some seconds to start, gives all memory back, and whatever befalls it
    costs one trial. So it is worth its start where a search is long, or trials may take a GPU down.

    Args:
        workers: Trials at once.
        gpus: How many the machine has.
        trials: How many are expected; 0: nobody knows.
        needed: What would have to be sent to another process.

    Returns:
        `"inline"` or `"process"`, and the reason as a sentence.
    """
    if sys.platform == "win32":
        return "inline", "Child processes are not available on Windows yet."
    if workers == 1 and not gpus and 0 < trials <= _MOST_INLINE_TRIALS:
        return "inline", "The search is short."
    try:
        cloudpickle.dumps(needed)
    except Exception as error:
        if workers > 1:
            raise
        return "inline", f"The model cannot be sent to another process ({error})."
    if workers > 1:
        return "process", f"{workers} workers were asked for."
    return "process", "There is a GPU." if gpus else "The search is long, and a crash would end it."
