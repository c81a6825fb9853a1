"""Columns that a table had better not have: constant ones, row numbers, copies of the target."""

from __future__ import annotations

import warnings
from collections.abc import Mapping

import numpy as np

from autokeras_nas.data.labels import class_of_each

_FEWEST = 20
"""In fewer rows, values differ by chance."""


def warn_of_columns(table: Mapping[str, np.ndarray], y: np.ndarray | None) -> None:
    """Warns, once for all, of columns that teach nothing or tell the answer.

    These are columns of one value; columns that name the row, which are texts that all differ
    and whole numbers that count up without a gap; and columns that are equal to the target or
    stand for it one to one.

    Args:
        table: Columns `(n,)` of float64 or text, as `as_features` makes them.
        y: Labels `(n, ...)`; None: unknown.
    """
    verdicts = {name: verdict(column, y) for name, column in table.items()}
    found = [f"{name!r} {text}" for name, text in verdicts.items() if text]
    if found:
        warnings.warn(
            f"Look at these columns before you trust the result: {'; '.join(found)}. "
            "Drop what would not be known, or means nothing, for new examples.",
            stacklevel=3,
        )


def verdict(column: np.ndarray, y: np.ndarray | None) -> str | None:
    """What is suspicious about a column; None: nothing."""
    values, codes = np.unique(column, return_inverse=True)
    if len(values) == 1:
        return "has one value only"
    if len(column) < _FEWEST:
        return None
    if y is not None and _tells_target(column, codes, y):
        return "tells the target itself"
    if _names_rows(values, len(column)):
        return "differs in every row, as an id does"
    return None


def _names_rows(values: np.ndarray, count: int) -> bool:
    """Whether sorted distinct values name each row: texts, or whole numbers without a gap."""
    if len(values) < count:
        return False
    if values.dtype.kind == "U":
        return True
    return values[0] == np.round(values[0]) and bool((np.diff(values) == 1).all())


def _tells_target(column: np.ndarray, codes: np.ndarray, y: np.ndarray) -> bool:
    if y.ndim == 1 and y.dtype.kind in "biuf" and column.dtype.kind == "f":
        if np.array_equal(column, y.astype("float64")):
            return True
    classes = class_of_each(y)
    if classes is None and y.ndim == 1:
        classes = y
    if classes is None or len(classes) != len(column):
        return False
    targets = np.unique(classes, return_inverse=True)[1]
    count = codes.max() + 1
    # Values that hardly recur stand for each other one to one by chance.
    if count != targets.max() + 1 or 2 * count > len(column):
        return False
    return len(np.unique(codes * count + targets)) == count
