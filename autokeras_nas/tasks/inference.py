"""Inference: which task data call for, and why."""

from __future__ import annotations

import numpy as np

from autokeras_nas.data import Features
from autokeras_nas.data.labels import class_of_each

_MOST_CLASSES = 20
_LEAST_OF_A_CLASS = 3
"""Whole numbers that recur less, on average, are rather counted or measured."""


def infer_task(features: Features, labels: np.ndarray | None) -> tuple[str, str]:
    """The task that data call for.

    Tables and rows of numbers are classified where the labels are classes: texts, booleans,
    one-hot rows, or whole numbers of which there are few different ones. Other labels are
    regressed. Images `(n, height, width[, channels])` and texts are classified.

    Args:
        features: As `as_features` makes them; some of them are enough.
        labels: All labels `(n, ...)`; None: too large to keep.

    Returns:
        The task's registered name, and the reason as a sentence.

    Raises:
        ValueError: If there is no task for such data.
    """
    kind = _kind_of(features)
    possible, likely, what = _describe(labels)
    if kind in ("a table", "rows of numbers"):
        name = "tabular_classification" if likely else "regression"
    elif possible:
        name = "image_classification" if kind == "images" else "text_classification"
    else:
        raise _no_task(f"{kind} with labels that are {what}")
    return name, f"The features are {kind}, and the labels {what}."


def _kind_of(features: Features) -> str:
    if isinstance(features, dict):
        return "a table"
    # A dataset gives its texts as objects.
    if features.dtype.kind in "UO" and features.ndim == 1:
        return "texts"
    if features.ndim in (3, 4):
        return "images"
    if features.ndim == 2:
        return "rows of numbers"
    raise _no_task(f"features of shape {features.shape}, which are neither images nor rows")


def _describe(labels: np.ndarray | None) -> tuple[bool, bool, str]:
    """Whether labels can be classes, whether they are likely to be, and what they are."""
    if labels is None:
        raise _no_task("labels of more than one dimension each")
    possible = class_of_each(labels) is not None
    if labels.ndim == 2 and possible:
        return True, True, f"one-hot rows of {labels.shape[1]} classes"
    if labels.ndim != 1:
        return False, False, f"rows of numbers, of shape {labels.shape[1:]}"
    if not possible:
        return False, False, "numbers with fractions"
    distinct = len(np.unique(labels))
    if labels.dtype.kind in "bU":
        texts = "booleans" if labels.dtype.kind == "b" else "texts"
        return True, True, f"{texts}, {distinct:,} different ones"
    few = distinct <= max(2, min(_MOST_CLASSES, len(labels) // _LEAST_OF_A_CLASS))
    return True, few, f"whole numbers, {distinct:,} different ones"


def _no_task(what: str) -> ValueError:
    return ValueError(
        f"No task fits these data. Received: {what}. Check the shape of x and y, or pass a "
        "model of your own as `search_space`."
    )
