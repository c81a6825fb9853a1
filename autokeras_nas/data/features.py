"""Features: one array of numbers or texts, or the columns of a table."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from autokeras_nas.data.checks import NUMBERS, as_array, check_finite, no_numbers, object_error

Features = np.ndarray | dict[str, np.ndarray]
"""An array `(n, ...)`, or arrays `(n,)` of float64 or text by the name of their column."""

_DAY = np.timedelta64(1, "D")


def as_features(x) -> Features:
    """Features as they are kept: checked, and without Python objects.

    Args:
        x: An array of numbers `(n, ...)` or of texts `(n,)`; or a table: a pandas data frame,
            or a mapping of column names to columns. Of a table, numbers and booleans become
            float64, dates days since 1970, missing numbers NaN, and all else text, missing
            text `""`.

    Raises:
        ValueError: If it is none of these, or numbers of an array are not finite.
    """
    if is_table(x):
        return _table(x)
    array = as_array("x", x, objects=True)
    if array.dtype == object:
        if not all(isinstance(value, str) for value in array.flat):
            raise object_error("x", array)
        array = array.astype(str)
    if array.dtype.kind == "U" and array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.dtype.kind not in NUMBERS and not (array.dtype.kind == "U" and array.ndim == 1):
        raise no_numbers(array.dtype)
    check_finite("x", array)
    return array


def is_table(x) -> bool:
    """Whether features come by column."""
    pandas = sys.modules.get("pandas")  # Without the import there is no data frame.
    return isinstance(x, Mapping) or (pandas is not None and isinstance(x, pandas.DataFrame))


def num_rows(features: Any) -> int:
    """The number of examples."""
    return len(next(iter(features.values())) if isinstance(features, dict) else features)


def num_bytes(features: Features) -> int:
    """The memory that they take."""
    arrays = features.values() if isinstance(features, dict) else [features]
    return sum(array.nbytes for array in arrays)


def take(features: Any, rows) -> Features:
    """Copies of some rows of features, or of what gives rows of an array when it is indexed."""
    if isinstance(features, dict):
        return {name: column[rows] for name, column in features.items()}
    return features[rows]


def as_inputs(features: Features) -> Any:
    """Features as a model of raw inputs takes them.

    Returns:
        Float32 arrays `(n, ...)` of numbers, TensorFlow string tensors `(n,)` of texts; of a
        table, such a column `(n, 1)` by name.
    """
    if isinstance(features, dict):
        return {name: as_inputs(column[:, None]) for name, column in features.items()}
    if features.dtype.kind in "UO":  # A dataset gives its texts as objects.
        import tensorflow as tf

        return tf.constant(features)
    return features.astype("float32")


def as_tensors(features: Features) -> Any:
    """As `as_inputs`, with tensors of the backend for arrays."""
    inputs = as_inputs(features)
    if isinstance(inputs, dict):
        return {name: keras.ops.convert_to_tensor(column) for name, column in inputs.items()}
    return keras.ops.convert_to_tensor(inputs)


def _table(x) -> dict[str, np.ndarray]:
    names = list(x)
    if not names or len(set(map(str, names))) < len(names):
        raise ValueError(
            "A table must have columns, each with a name of its own. "
            f"Received: {names}. Rename or drop some."
        )
    columns = {str(name): _column(str(name), x[name]) for name in names}
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(
            f"All columns must have one value per example. Received lengths: {lengths}. "
            "Make them equal."
        )
    return columns


def _column(name: str, values) -> np.ndarray:
    import pandas as pd

    series = pd.Series(values).reset_index(drop=True)
    if isinstance(series.dtype, pd.CategoricalDtype):
        series = series.astype(object)
    if pd.api.types.is_datetime64_any_dtype(series):
        moments = series.dt.tz_localize(None) if series.dt.tz is not None else series
        days = (moments.to_numpy("datetime64[us]") - np.datetime64(0, "us")) / _DAY
        return np.asarray(days, "float64")
    if series.dtype == object and series.dropna().map(lambda v: isinstance(v, bool)).all():
        series = series.astype("Float64")
    if pd.api.types.is_numeric_dtype(series):  # Booleans are among them.
        numbers = series.astype("Float64").to_numpy("float64", na_value=np.nan)
        if np.isinf(numbers).any():
            raise ValueError(
                f"Column {name!r} has infinite values. Received: the first in row "
                f"{int(np.isinf(numbers).argmax())}. Replace them, or leave them missing."
            )
        return numbers
    return series.fillna("").astype(str).to_numpy(str)
