"""Labels of classes, in whatever form they come, as one comparable value an example."""

from __future__ import annotations

import numpy as np

_LARGEST = 2**63 - 1


def as_labels(y) -> tuple[str, np.ndarray]:
    """Labels as one comparable value an example.

    Returns:
        Their kind and an array `(n,)`, int64, bool or str; of one-hot rows, column numbers.
    """
    # Otherwise NumPy turns the 1 of `[1, "cat"]` into a string.
    array = np.asarray(y, dtype=object if isinstance(y, list | tuple) else None)
    array = _without_objects(array)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim not in (1, 2) or not array.size:
        raise ValueError(
            "Labels must be one for each example, or one-hot rows. "
            f"Received: an array of shape {array.shape}. "
            "Pass an array of shape (examples,) or (examples, classes)."
        )
    if array.dtype.kind == "S":
        array = np.char.decode(array, "utf-8")
    if array.dtype.kind == "f":
        array = _whole_numbers(array)
    if array.dtype.kind not in "biuU":
        raise ValueError(
            "Labels must be integers, strings, booleans or one-hot rows. "
            f"Received: an array of {array.dtype}. Convert them to one of these."
        )
    if array.ndim == 2:
        return "one_hot", _columns(array)
    if array.dtype.kind in "iu":
        if array.max() > _LARGEST:
            raise _too_large(array)
        return "integer", array.astype("int64")
    return ("boolean" if array.dtype.kind == "b" else "string"), array


def _without_objects(array: np.ndarray) -> np.ndarray:
    """An array of Python objects, as data frames give them, as one of their own type."""
    if array.dtype.kind != "O":
        return array
    kinds = {_kind_of(value) for value in array.flat}
    if len(kinds) != 1 or not kinds <= {"string", "bytes", "boolean", "integer", "float"}:
        raise ValueError(
            "Labels must all be of one kind, without gaps. "
            f"Received: objects of kinds {', '.join(sorted(kinds)) or 'none'}. "
            "Drop examples without a label and convert the rest, for instance to strings."
        )
    return np.array(array.tolist())


def _kind_of(value) -> str:
    kinds: dict[str, type | tuple[type, ...]] = {
        "string": str,
        "bytes": bytes,
        # Before integers, of which Python's booleans are a kind.
        "boolean": (bool, np.bool_),
        "integer": (int, np.integer),
        "float": (float, np.floating),
    }
    known = (name for name, types in kinds.items() if isinstance(value, types))
    return next(known, type(value).__name__)


def _whole_numbers(array: np.ndarray) -> np.ndarray:
    if not np.isfinite(array).all():
        raise ValueError(
            "Labels must not be missing. "
            f"Received: {int((~np.isfinite(array)).sum())} NaN or infinite labels. "
            "Drop these examples."
        )
    if (array != np.floor(array)).any():
        odd = array[array != np.floor(array)]
        raise ValueError(
            "Labels of classes must be whole numbers. "
            f"Received: fractions such as {few(odd.tolist())}. "
            "For quantities use a regression task; turn probabilities into one class each."
        )
    if np.abs(array).max() >= _LARGEST:
        raise _too_large(array)
    return array.astype("int64")


def _too_large(array: np.ndarray) -> ValueError:
    return ValueError(
        f"Labels must be integers of 64 bits. Received: {array.max()}. "
        "Number the classes from 0, or pass the labels as strings."
    )


def _columns(rows: np.ndarray) -> np.ndarray:
    one_hot = rows.dtype.kind != "U" and np.isin(rows, (0, 1)).all()
    if not one_hot or (rows.sum(axis=1) != 1).any():
        raise ValueError(
            "Labels with several columns must be one-hot: a single 1 a row, else 0. "
            f"Received: rows such as {rows[0].tolist()} in an array of shape {rows.shape}. "
            "Give one label for each example."
        )
    return rows.argmax(axis=1)


def few(values: list) -> str:
    """The first of some values, for a message."""
    return ", ".join(map(repr, values[:10])) + (", ..." if len(values) > 10 else "")
