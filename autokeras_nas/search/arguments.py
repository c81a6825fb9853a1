"""Arguments: what a caller handed to `AutoModel`, checked before anything begins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras_tuner

from autokeras_nas.errors import unknown_name
from autokeras_nas.oracles import NasOracle
from autokeras_nas.oracles.finals import check_finalists
from autokeras_nas.oracles.screening import check_candidates
from autokeras_nas.search.screening import check_screening
from autokeras_nas.search_spaces import SEARCH_SPACES, SearchSpace
from autokeras_nas.tasks import TASKS, AsGiven, Task
from autokeras_nas.training import STOPPING_RULES
from autokeras_nas.training.zero_cost import SCORES

_SPACES = {
    "image_classification": "chain_cnn",
    "tabular_classification": "tabular_mlp",
    "regression": "tabular_mlp",
    "text_classification": "text",
}
"""The search space that is searched for a task, where none is named."""

_STOPPING = "median"
"""The stopping rule where none is named."""


def search_space_of(given) -> SearchSpace | keras_tuner.HyperModel | Callable | None:
    """The space or model that was passed; None: the task decides."""
    if isinstance(given, str):
        return None if given == "auto" else SEARCH_SPACES[given]()
    if isinstance(given, (SearchSpace, keras_tuner.HyperModel)) or (
        callable(given) and not isinstance(given, type)
    ):
        return given
    raise unknown_name("search space", given, SEARCH_SPACES)


def space_for(task: Task) -> str:
    """The name of the space that is searched for a task; image networks for one of your own."""
    return _SPACES.get(TASKS.name_of(type(task)) or "", "chain_cnn")


def task_of(given: str | Task | None, own_model: bool) -> Task | None:
    """The task that was passed; None: the data decide."""
    if given is None:
        return AsGiven() if own_model else None
    if isinstance(given, str):
        return TASKS[given]()
    if isinstance(given, Task):
        return given
    raise unknown_name("task", given, TASKS)


def checked_finalists(
    given: int | str, oracle: str | keras_tuner.Oracle, max_trials: int | None
) -> int | str:
    """How many finalists there are, checked as far as it can be before the data."""
    if given == "auto":
        return given
    check_finalists(given, max_trials)
    if given and not isinstance(oracle, (str, NasOracle)):
        raise ValueError(
            "Only our own oracles can measure finalists once more. "
            f"Received: finalists={given} and an oracle of type {type(oracle).__name__}. "
            "Leave out one of them."
        )
    return given


def checked_screening(
    given: str | None, candidates: int, oracle: str | keras_tuner.Oracle
) -> str | None:
    """The score to screen by, which must have a name: a project can be opened again."""
    if given is not None and given not in SCORES:
        raise unknown_name("zero-cost score", given, SCORES)
    check_candidates(candidates)
    check_screening(given, oracle)
    return given


def checked_stopping(given: str | None) -> str | None:
    """The rule that stops hopeless trials, which must have a name: a project can be opened again.

    Raises:
        ValueError: If there is no such rule.
    """
    if given not in ("auto", None):
        STOPPING_RULES[given]
    return given


def stopping_for(given: str | None, trainings: int) -> str | None:
    """The name of the rule that stops hopeless trials; None: none are.

    Args:
        given: `"auto"`, a registered name or None.
        trainings: How many a trial consists of.
    """
    if given == "auto":
        return _STOPPING if trainings == 1 else None
    return given


def check_count(name: str, value: int | None) -> None:
    """Raises a ValueError unless a number is whole and at least 1, or None: left open."""
    if value is not None and (value < 1 or int(value) != value):
        raise ValueError(
            f"`{name}` must be a whole number of at least 1. Received: {value!r}. "
            "Leave it out for what suits the data and the time."
        )


def check_available(name: str, value: Any, available: tuple) -> None:
    """Raises where an argument asks for what a later version brings."""
    if not any(value is known or value == known for known in available):
        raise NotImplementedError(
            f"`{name}` has only these values so far: {', '.join(map(repr, available))}. "
            f"Received: {value!r}. Leave it out."
        )
