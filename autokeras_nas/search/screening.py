"""Screening in a tuner: networks are built and scored on the search's first batch, untrained."""

from __future__ import annotations

import contextlib
import logging
import math
import random
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import keras
import keras_tuner
from keras.src.backend.common import global_state

from autokeras_nas.architecture import Values
from autokeras_nas.data import is_dataset
from autokeras_nas.errors import summary
from autokeras_nas.oracles import NasOracle
from autokeras_nas.search.spec import Training
from autokeras_nas.search.travel import opened
from autokeras_nas.training.zero_cost import Score

ZERO_COST = "nas/zero_cost"
"""The metric of a trial by which it was screened."""

_LOG = logging.getLogger(__name__)
_MOST_EXAMPLES = 128
"""As in Mellor et al., 2021."""


class NetworkScore:
    """What an untrained network promises, from the same seed and batch for all of them.

    Equal networks are scored once, on the processor, whatever devices there are. Neither
    Python's random generator nor Keras's numbering of names moves: trials are what they would
    have been. What cannot be built or scored has no score, and the log says why; of the first
    that cannot be scored a warning tells, since all others may be alike.

    Args:
        build: Builds the compiled model of an architecture.
        score: Scores it.
        seed: Tells the seed of the initial weights, which a project may bring.
        canonical: Gives equal networks the same text.

    Attributes:
        batch: Inputs and targets; None before there is data, where nothing has a score.
    """

    def __init__(
        self,
        build: Callable[[Values], keras.Model],
        score: Score,
        seed: Callable[[], int],
        canonical: Callable[[Values], str],
    ):
        self._build, self._score = build, score
        self._seed, self._canonical = seed, canonical
        self._known: dict[str, float | None] = {}
        self._warned = False
        self.batch: tuple[Any, Any] | None = None

    def __call__(self, values: Values) -> float | None:
        """The score of an architecture; None: it has none."""
        if self.batch is None:
            return None
        text = self._canonical(values)
        if text not in self._known:
            self._known[text] = self._found(values, *self.batch)
        return self._known[text]

    def measures(self, values: Values) -> dict[str, float]:
        """The score as a trial's metric; nothing where it has no finite one."""
        score = self(values)
        return {} if score is None or not math.isfinite(score) else {ZERO_COST: score}

    def _found(self, values: Values, x, y) -> float | None:
        with _from_seed(self._seed()), keras.device("cpu:0"):
            try:
                model = self._build(values)
            except Exception as error:  # Its trial will tell, if it comes to one.
                _LOG.info("Not screened, since it cannot be built: %s", summary(error))
                return None
            try:
                return float(self._score(model, x, y))
            except Exception as error:
                self._tell(error)
                return None

    def _tell(self, error: Exception) -> None:
        _LOG.info("Not screened, since it cannot be scored: %s", summary(error))
        if not self._warned:
            warnings.warn(
                "A network could not be scored before its training, so that all others come "
                f"before it: {summary(error)}",
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


def first_batch(training: Training, seed: int) -> tuple[Any, Any] | None:
    """Inputs and targets of at most 128 examples that a training begins with.

    Args:
        training: Its data may be arrays, or what gives batches again and again.
        seed: Decides the order of data that are shuffled.

    Returns:
        None: the training has no data of its own, or such as can be read but once.
    """
    keras.utils.set_random_seed(seed)  # `tf.data` begins to shuffle from it.
    training = opened(training)
    given = dict(zip(("x", "y"), training.args, strict=False)) | training.kwargs
    x: Any = given.get("x")
    y: Any = given.get("y")
    if is_dataset(x):
        x, y, _ = keras.utils.unpack_x_y_sample_weight(next(iter(x)))
    elif isinstance(x, keras.utils.PyDataset):
        x, y, _ = keras.utils.unpack_x_y_sample_weight(x[0])
    parts = [part for part in keras.tree.flatten((x, y)) if part is not None]
    if x is None or not all(getattr(part, "shape", None) for part in parts):
        return None
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
