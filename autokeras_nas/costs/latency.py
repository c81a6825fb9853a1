"""Latency: how long a network takes for one batch, on this machine."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import keras
import numpy as np

_WARM_UPS = 5
_RUNS = 30


def latency(
    model: keras.Model,
    batch_size: int = 1,
    runs: int = _RUNS,
    clock: Callable[[], float] = time.perf_counter,
) -> float:
    """The median time of a forward pass, compiled, on zeros; no training is needed for it.

    The first passes, in which the network is compiled and caches fill, do not count. What runs
    beside it does: measure on a quiet machine.

    Args:
        model: A built model; a length that is free counts as 1.
        batch_size: Examples in a pass.
        runs: Passes that count.
        clock: Returns seconds.

    Returns:
        Seconds.

    Raises:
        ValueError: If the model's inputs are not known, or `runs` is below 1.
    """
    if runs < 1:
        raise ValueError(f"`runs` must be at least 1. Received: {runs}. Leave it at {_RUNS}.")
    if not getattr(model, "inputs", None):
        raise ValueError(
            "Latency can be measured only where the inputs are known. "
            f"Received: {model.name!r} of class {type(model).__name__}. "
            "Begin it with `keras.Input`."
        )
    examples = [
        np.zeros((batch_size, *(size or 1 for size in x.shape[1:])), x.dtype) for x in model.inputs
    ]
    inputs = examples[0] if len(examples) == 1 else examples
    times = []
    for run in range(_WARM_UPS + runs):
        began = clock()
        model.predict_on_batch(inputs)
        if run >= _WARM_UPS:
            times.append(clock() - began)
    return statistics.median(times)
