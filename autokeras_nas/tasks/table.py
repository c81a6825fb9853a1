"""A table as training had it: its columns, and the preprocessor that follows from them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from autokeras_nas.data import Features, as_features, is_table
from autokeras_nas.tasks.column_layers import ColumnCurves, NumberLookup
from autokeras_nas.tasks.columns import Column, keys_of


class Table:
    """The columns of a table or of an array `(n, columns)`, and what became of them.

    Args:
        columns: What was learned of each.
        named: Whether inputs come by column; else as one array.
    """

    def __init__(self, columns: list[Column], named: bool):
        self.columns = columns
        self.named = named
        self._numbers = [c for c in columns if c.knots or (c.levels and not c.text)]
        self._texts = [c for c in columns if c.levels and c.text]

    @classmethod
    def learned(cls, x) -> Table:
        """The columns of training.

        Args:
            x: A table, as `as_features` takes it, or numbers `(n, columns)`, which may be NaN.

        Raises:
            ValueError: If it is neither, or no column has two values.
        """
        features = as_features(x) if is_table(x) else _numbers(x)
        named = isinstance(features, dict)
        by_name = features if isinstance(features, dict) else dict(enumerate(features.T))
        names = [str(name) for name in by_name]
        keys = keys_of(names) if named else names
        parts = zip(names, keys, by_name.values(), strict=True)
        table = cls([Column.learned(*part) for part in parts], named)
        if not (table._numbers or table._texts):
            raise ValueError(
                "No column can tell examples apart: each has one value only, or texts of "
                f"which none comes twice. Received: columns {names[:10]}. Pass others."
            )
        return table

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Table:
        """The table that `get_config` described."""
        return cls([Column.from_config(c) for c in config["columns"]], config["named"])

    def get_config(self) -> dict[str, Any]:
        """What was learned, as JSON can hold it."""
        return {"columns": [c.get_config() for c in self.columns], "named": self.named}

    @property
    def vocabularies(self) -> tuple[int, ...]:
        """The vocabulary sizes of the preprocessed categories, 0 (unknown) included."""
        codes = [c for c in self._numbers if c.levels]
        return tuple(len(c.levels) + 1 for c in [*codes, *self._texts])

    def preprocessor(self) -> keras.Model:
        """Model of raw inputs to float32 `(batch, columns)`.

        First come numbers, then indicators of missing ones, then categories: coded numbers
        and texts. Columns that told nothing in training are inputs of no effect.
        """
        if self.named:
            inputs: Any = {c.key: _input(c) for c in self.columns}
            raw = _joined([inputs[c.key] for c in self._numbers], "prepare_numbers")
        else:
            inputs = keras.Input((len(self.columns),), dtype="float32", name="features")
            raw = keras.ops.take(inputs, [self.columns.index(c) for c in self._numbers], axis=1)
        texts = [_category(c, inputs[c.key]) for c in self._texts]
        table = _joined([*self._number_parts(raw), *texts], "prepare_table")
        return keras.Model(inputs, table, name="preprocessor")

    def _number_parts(self, raw) -> list:
        """Scaled numbers with their indicators; numbers as categories."""
        curved = self._numbers
        if not curved:
            return []
        curves = ColumnCurves(
            centers=[c.center for c in curved],
            scales=[c.scale for c in curved],
            knots=[c.knots for c in curved],
            values=[c.values for c in curved],
            indicators=[k for k, c in enumerate(curved) if c.missing],
            name="prepare_curves",
        )
        parts = [curves(raw)]
        coded = [k for k, c in enumerate(curved) if c.levels]
        if coded:
            levels = [[float(level) for level in curved[k].levels] for k in coded]
            parts.append(NumberLookup(coded, levels, name="prepare_codes")(raw))
        return parts

    def arrange(self, features: Features) -> Features:
        """Features under the names of the model's inputs, and of the kinds of training.

        A column without a single value may have come as the other kind: nobody can tell.
        Columns that training did not have are dropped.

        Raises:
            ValueError: If columns are missing or of another kind.
        """
        if isinstance(features, dict) != self.named:
            raise ValueError(
                f"Features must come as in training, {_form(self.named)}. "
                f"Received: {_form(not self.named)}. Pass them in the form of training."
            )
        if not isinstance(features, dict):
            return features
        absent = [c.name for c in self.columns if c.name not in features]
        if absent:
            raise ValueError(
                f"Columns of training are missing: {absent[:10]}. "
                f"Received: {list(features)[:10]}. Add them, with missing values if need be."
            )
        return {c.key: _as_before(c, features[c.name]) for c in self.columns}


def _input(column: Column) -> keras.KerasTensor:
    return keras.Input((1,), dtype="string" if column.text else "float32", name=column.key)


def _category(column: Column, raw) -> keras.KerasTensor:
    """Float32 `(batch, 1)` of texts: their place among the levels, from 1, or 0."""
    lookup = keras.layers.StringLookup(
        vocabulary=list(column.levels), mask_token=None, name=f"prepare_{column.key}"
    )
    return keras.ops.cast(lookup(raw), "float32")


def _joined(parts: list, name: str):
    """One tensor with the columns of all; None of none."""
    if len(parts) > 1:
        return keras.layers.Concatenate(dtype="float32", name=name)(parts)
    return parts[0] if parts else None


def _numbers(x) -> np.ndarray:
    array = np.asarray(x)
    if array.ndim != 2 or not array.size or array.dtype.kind not in "biuf":
        raise ValueError(
            "Features must be a data frame, a mapping of names to columns, or an array of "
            f"numbers (examples, columns). Received: {array.dtype}, shape {array.shape}. "
            "Pass tables with texts as a data frame."
        )
    return array.astype("float64")


def _form(named: bool) -> str:
    return "a table of named columns" if named else "one array of numbers"


def _as_before(column: Column, values: np.ndarray) -> np.ndarray:
    text = values.dtype.kind in "UO"
    if text == column.text:
        return values
    if text and (values == "").all():
        return np.full(len(values), np.nan)
    if not text and np.isnan(values).all():
        return np.full(len(values), "")
    raise ValueError(
        f"Column {column.name!r} held {column.kind} in training. "
        f"Received: {'text' if text else 'numbers'}, such as {values[:3].tolist()}. "
        "Convert it, for instance with `astype`; read marks of missing values as missing."
    )
