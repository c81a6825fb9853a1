"""Classes: when labels name some, which class each example has, and what it weighs."""

from __future__ import annotations

import warnings
from collections.abc import Mapping

import numpy as np


def plain_labels(labels) -> np.ndarray:
    """Labels as a NumPy array without Python objects where that is possible.

    Args:
        labels: Array-like `(n, ...)`; bytes are read as UTF-8, columns `(n, 1)` as `(n,)`.

    Returns:
        Array `(n, ...)`; of dtype object only if the labels are no plain values of one kind.
    """
    labels = np.asarray(labels)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.dtype.kind in "OS":
        values = [v.decode("utf-8") if isinstance(v, bytes) else v for v in labels.ravel()]
        kinds = {type(v) for v in values}
        if kinds and (kinds <= {str, np.str_} or kinds <= {int, float, bool}):
            labels = np.array(values).reshape(labels.shape)
    return labels


def class_of_each(labels: np.ndarray | None) -> np.ndarray | None:
    """The class of every example.

    Classes are: labels `(n,)` of integers, booleans, strings or whole floats, or rows
    `(n, classes)` with one 1 among zeros, whose class is the column of the 1.

    Args:
        labels: Array `(n, ...)`; None: unknown.

    Returns:
        Array `(n,)` of the caller's labels or column numbers; None: these are no classes.
    """
    if labels is None:
        return None
    if labels.ndim == 1:
        whole = labels.dtype.kind == "f" and np.array_equal(labels, np.round(labels))
        return labels if labels.dtype.kind in "iubU" or whole else None
    if labels.ndim == 2 and labels.dtype.kind in "iubf":
        one_hot = np.isin(labels, (0, 1)).all() and (labels.astype("float64").sum(1) == 1).all()
        return labels.argmax(1) if one_hot else None
    return None


class ClassWeights:
    """The weight of an example by its class.

    `"balanced"` weighs class `c` by `n / (classes * n_c)`: every class then counts alike,
    and the mean weight of an example is 1.

    Args:
        class_weight: Label to weight, in the caller's own labels; a class that is left out
            weighs 1. Or `"balanced"`.
        labels: All training labels, `(n,)` or one-hot `(n, classes)`.

    Raises:
        ValueError: If the labels are no classes, a weight is negative or not finite, or no
            key is one of the labels.
    """

    def __init__(self, class_weight: Mapping | str, labels: np.ndarray | None):
        classes = _classes_to_weigh(labels)
        self.classes, counts = np.unique(classes, return_counts=True)
        if isinstance(class_weight, str):
            if class_weight != "balanced":
                raise ValueError(
                    f"`class_weight` must be a dict or 'balanced'. Received: {class_weight!r}. "
                    "Pass a dict from label to weight, or 'balanced'."
                )
            self.weights = len(classes) / (len(counts) * counts)
        else:
            self.weights = self._by_label(dict(class_weight))
        self.weights = self.weights.astype("float32")

    def _by_label(self, weights: dict) -> np.ndarray:
        known = self.classes.tolist()
        strangers = [label for label in weights if label not in known]
        if len(strangers) == len(weights):
            raise ValueError(
                "No key of `class_weight` is a label of the data. "
                f"Received keys: {list(weights)[:10]}; labels: {known[:10]}. "
                "Use the labels as they stand in the data."
            )
        if strangers:
            warnings.warn(
                f"`class_weight` has keys that no training label equals: {strangers[:10]}. "
                "They are ignored.",
                stacklevel=4,
            )
        values = np.array([float(weights.get(label, 1.0)) for label in known])
        if not np.isfinite(values).all() or (values < 0).any():
            raise ValueError(
                "Class weights must be finite and at least 0. "
                f"Received: {weights}. Correct the weights named."
            )
        return values

    def __call__(self, labels: np.ndarray) -> np.ndarray:
        """Weights float32 `(n,)` of labels `(n, ...)`; a class never seen weighs 1."""
        classes = _classes_to_weigh(labels)
        places = np.searchsorted(self.classes, classes).clip(max=len(self.classes) - 1)
        return np.where(self.classes[places] == classes, self.weights[places], 1.0).astype(
            "float32"
        )


def _classes_to_weigh(labels: np.ndarray | None) -> np.ndarray:
    """The class of every example; raises a ValueError where labels name none."""
    classes = class_of_each(labels)
    if classes is None:
        raise ValueError(
            "`class_weight` needs one class per example. Received: labels that are no "
            f"classes, {_describe(labels)}. Pass `sample_weight` instead."
        )
    return classes


def _describe(labels: np.ndarray | None) -> str:
    return "unknown" if labels is None else f"dtype {labels.dtype}, shape {labels.shape}"
