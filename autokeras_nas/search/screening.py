"""Screening in a tuner: networks are built and scored on the search's first batch, untrained."""

from __future__ import annotations

import contextlib
import random
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import keras
import keras_tuner
from keras.src.backend.common import global_state

from autokeras_nas.architecture import Values
from autokeras_nas.data import is_dataset
from autokeras_nas.oracles import NasOracle
from autokeras_nas.search.spec import Training
from autokeras_nas.search.travel import opened
from autokeras_nas.training.zero_cost import Score

_MOST_EXAMPLES = 128
"""As in Mellor et al., 2021."""


class NetworkScore:
    """What an untrained network promises, from the same seed and batch for all of them.

    Neither Python's random generator nor Keras's numbering of names moves: trials are what they
    would have been. What cannot be built or scored has no score; of the first that cannot be
    scored, a warning tells why.

    Args:
        build: Builds the compiled model of an architecture.
        score: Scores it.
        seed: Tells the seed of the initial weights, which a project may bring.

    Attributes:
        batch: Inputs and targets; None before there is data, where nothing has a score.
    """

    def __init__(
        self, build: Callable[[Values], keras.Model], score: Score, seed: Callable[[], int]
    ):
        self._build, self._score, self._seed = build, score, seed
        self._warned = False
        self.batch: tuple[Any, Any] | None = None

    def __call__(self, values: Values) -> float | None:
        """The score of an architecture; None: it has none."""
        if self.batch is None:
            return None
        with _from_seed(self._seed()):
            try:
                model = self._build(values)
            except (ValueError, TypeError, keras_tuner.errors.FailedTrialError):
                return None  # Its trial will tell.
            try:
                return float(self._score(model, *self.batch))
            except Exception as error:
                self._warn(error)
                return None

    def _warn(self, error: Exception) -> None:
        if not self._warned:
            warnings.warn(
                "A network could not be scored before its training, so that all others come "
                f"before it: {type(error).__name__}: {error}",
                stacklevel=2,
            )
        self._warned = True


def check_screening(screening: str | Score | None, oracle: str | keras_tuner.Oracle) -> None:
    """Raises a ValueError where an oracle cannot choose from several proposals."""
    if screening is not None and not isinstance(oracle, (str, NasOracle)):
        raise ValueError(
            "Only our own oracles can screen their proposals. "
            f"Received: {screening=} and an oracle of type {type(oracle).__name__}. "
            "Leave out one of them."
        )


def first_batch(training: Training) -> tuple[Any, Any] | None:
    """Inputs and targets of at most 128 examples that a training begins with.

    Returns:
        None: the training has no data of its own.
    """
    training = opened(training)
    given = dict(zip(("x", "y"), training.args, strict=False)) | training.kwargs
    x, y = given.get("x"), given.get("y")
    if x is None:
        return None
    if is_dataset(x):
        x, y, _ = keras.utils.unpack_x_y_sample_weight(next(iter(x)))
    elif isinstance(x, keras.utils.PyDataset):
        x, y, _ = keras.utils.unpack_x_y_sample_weight(x[0])
    return keras.tree.map_structure(
        lambda part: None if part is None else part[:_MOST_EXAMPLES], (x, y)
    )


@contextlib.contextmanager
def _from_seed(seed: int) -> Iterator[None]:
    """Weights made within follow the seed, and nothing outside notices."""
    generator = random.getstate()
    names = global_state.get_global_attribute("object_name_uids")
    random.setstate(random.Random(seed).getstate())
    global_state.set_global_attribute("object_name_uids", None)
    try:
        yield
    finally:
        random.setstate(generator)
        global_state.set_global_attribute("object_name_uids", names)
