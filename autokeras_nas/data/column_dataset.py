"""Column datasets: a `tf.data.Dataset` of named columns, collected into a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from autokeras_nas.data.memory import fits_in_memory
from autokeras_nas.data.streams import elements_of, is_batched, is_dataset

_BATCH = 1024


def has_columns(x) -> bool:
    """Whether something is a dataset whose features come by the name of their column."""
    return is_dataset(x) and isinstance(_parts(x.element_spec)[0], Mapping)


def collect_columns(
    dataset, batched: bool | None = None, memory_limit: int | None = None
) -> tuple[dict[str, np.ndarray], Any, Any]:
    """The table that a dataset yields, row by row or in batches.

    A table is learned from by column, so all of it must fit in memory.

    Args:
        dataset: Yields columns by name, alone or as `(x, y)` or `(x, y, sample_weight)`.
        batched: Whether elements are batches; None: see `is_batched`.
        memory_limit: Bytes of columns to keep; None: see `fits_in_memory`.

    Returns:
        Columns `(n,)` of numbers or texts by name, labels and weights, each of them None where
        the dataset has none.

    Raises:
        ValueError: If it is endless, empty or too large, or a column has no single value for
            each example.
    """
    import tensorflow as tf

    names, *others = _checked_spec(dataset)
    if batched is None:
        first = next(iter(names.values()))
        batched = is_batched((first, *others)) if others else first.shape.rank > 0
    rows = (dataset.unbatch() if batched else dataset).batch(_BATCH)
    pieces, size = [], 0
    for element in elements_of(rows):
        pieces.append(_parts(element))
        size += sum(map(_num_bytes, tf.nest.flatten(pieces[-1])))
        if not fits_in_memory(size, memory_limit):
            raise ValueError(
                "A table must fit in memory, since its columns are learned from as a whole. "
                f"Received: a dataset of {len(names)} columns that does not, after {size:,} "
                "bytes. Pass fewer rows with `dataset.take(n)`, or one array of numbers a row."
            )
    if not pieces:
        raise ValueError(
            "The data are empty. Received: a dataset that yields nothing. "
            "Check its files and filters."
        )
    columns = {name: _column(name, [piece[0][name] for piece in pieces]) for name in names}
    rest = [np.concatenate([piece[k] for piece in pieces]) for k in range(1, len(pieces[0]))]
    y, weights = [*rest, None, None][:2]
    return columns, y, weights


def _parts(element) -> tuple:
    return element if isinstance(element, tuple) else (element,)


def _checked_spec(dataset) -> tuple:
    """The specs of columns, labels and weights, where they can be read."""
    import tensorflow as tf

    spec = _parts(dataset.element_spec)
    if len(spec) > 3 or not all(
        isinstance(part, tf.TensorSpec) for part in (*spec[0].values(), *spec[1:])
    ):
        raise ValueError(
            "A dataset of columns must yield ({name: column}, y) or ({name: column}, y, "
            f"sample_weight), of dense tensors. Received elements: {dataset.element_spec}. "
            "Bring them to this form with `dataset.map`."
        )
    if dataset.cardinality() == tf.data.INFINITE_CARDINALITY:
        raise ValueError(
            "A dataset must end. Received: one that repeats for ever. "
            "Leave out `repeat()`, or call `take(n)` after it."
        )
    return spec


def _num_bytes(array: np.ndarray) -> int:
    """The memory of an array, with that of its texts."""
    texts = array.ravel() if array.dtype == object else ()
    return array.nbytes + sum(map(len, texts))


def _column(name: str, pieces: list[np.ndarray]) -> np.ndarray:
    column = np.concatenate(pieces)
    if column.ndim == 2 and column.shape[1] == 1:
        column = column[:, 0]
    if column.ndim != 1:
        raise ValueError(
            "A column must have one value for each example. Received: "
            f"{name!r} of shape {column.shape[1:]}. Give each of its values a column of its own."
        )
    if column.dtype == object:  # TensorFlow gives texts as bytes.
        return np.array([text.decode("utf-8", "replace") for text in column])
    return column
