"""Curves: what a training returned, as finite metrics by epoch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import keras
import keras_tuner
import numpy as np
from keras_tuner import errors as kt_errors

from autokeras_nas.training import has_finite_loss

Curve = list[dict[str, float]]


def curve_of(returned: Any, objective: keras_tuner.Objective) -> Curve:
    """What training returned, as finite metrics by epoch.

    Args:
        returned: A `History`, a dictionary of metrics, a float, or a list of these, as
            KerasTuner allows.
        objective: Names a lone float.
    """
    if isinstance(returned, list):
        curves = [curve_of(one, objective) for one in returned]
        return [_mean([curve[-1] for curve in curves if curve])]
    if isinstance(returned, keras.callbacks.History):
        history = returned.history
        length = max((len(values) for values in history.values()), default=0)
        epochs = [{n: v[k] for n, v in history.items() if k < len(v)} for k in range(length)]
    elif isinstance(returned, dict):
        epochs = [returned]
    elif isinstance(returned, (int, float, np.number)):
        epochs = [{objective.name: returned}]
    else:
        raise kt_errors.FatalTypeError(
            "A hypermodel's `fit` must return a History, a dictionary of metrics or a float. "
            f"Received: {type(returned).__name__}. Return what `model.fit` returned."
        )
    return finite(epochs)


def finite(epochs: Iterable[Mapping[str, Any]]) -> Curve:
    """The finite metrics of each epoch; none where the loss is not: such a network is none."""
    return [
        {name: float(value) for name, value in logs.items() if _is_finite_number(value)}
        if has_finite_loss(logs)
        else {}
        for logs in epochs
    ]


def _is_finite_number(value: Any) -> bool:
    return np.ndim(value) == 0 and np.asarray(value).dtype.kind in "biuf" and np.isfinite(value)


def mean_curve(curves: list[Curve]) -> Curve:
    """Means of several trainings, epoch by epoch, as far as all of them went."""
    return [_mean(list(epoch)) for epoch in zip(*curves, strict=False)]


def spread(curves: list[Curve], objective: keras_tuner.Objective) -> float:
    """The standard deviation of the best scores of several trainings; 0 of a single one."""
    best = min if objective.direction == "min" else max
    scores = [[objective.get_value(e) for e in curve if objective.has_value(e)] for curve in curves]
    return float(np.std([best(values) for values in scores if values] or [0.0]))


def _mean(results: Curve) -> dict[str, float]:
    names = set.intersection(*(set(one) for one in results)) if results else set()
    return {name: float(np.mean([one[name] for one in results])) for name in names}
