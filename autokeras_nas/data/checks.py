"""Checks of arrays: each refuses what training could not use, and says why."""

from __future__ import annotations

import numpy as np

NUMBERS = "biuf"
"""NumPy's kinds of numbers: booleans, integers, floats."""
_CHUNK_BYTES = 2**25


def as_array(name: str, value, objects: bool = False) -> np.ndarray:
    """`value` as an array of one row per example; Python objects only where `objects` says so."""
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ValueError(
            f"`{name}` has rows of different shapes. Received: {type(value).__name__} ({error}). "
            "Bring all rows to one shape, by resizing or padding."
        ) from error
    if array.ndim == 0:
        raise ValueError(
            f"`{name}` must be an array with one row per example, a `tf.data.Dataset` or the "
            f"name of a TFDS data set. Received: {type(value).__name__}. "
            "Convert it with `np.asarray`, or with `tf.data.Dataset.from_generator`."
        )
    if array.dtype == object and not objects:
        raise object_error(name, array)
    if array.dtype.kind == "V":
        raise ValueError(
            f"`{name}` has a dtype that NumPy has no arithmetic for. Received: dtype "
            f'{array.dtype}. Convert it, for instance with `astype("float32")`.'
        )
    return array


def as_weights(value) -> np.ndarray:
    """Sample weights as float32, the precision in which they count; not checked further."""
    array = as_array("sample_weight", value)
    if array.dtype.kind not in NUMBERS:
        raise ValueError(
            f"`sample_weight` must be numbers. Received: dtype {array.dtype}. Convert it."
        )
    with np.errstate(over="ignore"):
        return array.astype("float32")


def object_error(name: str, array: np.ndarray) -> ValueError:
    """The error for an array of Python objects."""
    kinds = sorted({type(value).__name__ for value in array.ravel()[:1000]})
    return ValueError(
        f"`{name}` holds Python objects, not numbers. Received: dtype object of "
        f"{', '.join(kinds)}. Convert it to a numeric array, for instance with `np.stack` "
        "or `astype`; rows must have one shape."
    )


def no_numbers(dtype) -> ValueError:
    """The error for features of a dtype that is not numeric."""
    return ValueError(
        f"`x` must be numbers. Received: dtype {dtype}. "
        "Encode text and categories as numbers first."
    )


def check_same_length(name: str, array: np.ndarray, count: int) -> None:
    """Raises a ValueError unless `array` has a row for each of `count` examples."""
    if len(array) != count:
        raise ValueError(
            f"`x` and `{name}` must have one row per example. "
            f"Received: {count} rows of x, {len(array)} of {name}. Make the lengths equal."
        )


def check_finite(name: str, array: np.ndarray) -> None:
    """Raises a ValueError if a float array holds NaN or infinity, naming the first such row."""
    if array.dtype.kind not in "fc":
        return
    # In chunks: the check must not take a mask as long as the data.
    step = max(1, _CHUNK_BYTES // max(1, array[:1].nbytes))
    for start in range(0, len(array), step):
        chunk = array[start : start + step]
        if not np.isfinite(chunk).all():
            bad = ~np.isfinite(chunk).reshape(len(chunk), -1).all(1)
            row = start + int(bad.argmax())
            raise ValueError(
                f"`{name}` has values that are NaN or infinite. Received: the first in row "
                f"{row}. Drop or fill such rows."
            )


def check_weights(weights: np.ndarray, count: int) -> None:
    """Raises a ValueError unless weights are `(count,)`, finite, at least 0 and not all 0."""
    if weights.ndim != 1:
        raise ValueError(
            "`sample_weight` must have one number per example. "
            f"Received: shape {weights.shape} for {count} examples. Pass an array ({count},)."
        )
    check_same_length("sample_weight", weights, count)
    check_finite("sample_weight", weights)
    if (weights < 0).any():
        row = int((weights < 0).argmax())
        raise ValueError(
            "`sample_weight` must not be negative. "
            f"Received: {weights[row]} in row {row}. Use 0 to leave an example out."
        )
    if not weights.any():
        raise ValueError(
            "`sample_weight` must leave something to learn from. Received: only zeros. "
            "Give some examples a weight above 0."
        )
