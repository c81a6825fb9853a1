"""Travel: how the data of trainings reach another process.

Whatever is large is written once, into a folder that every process can read; what is small
goes with each trial.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from autokeras_nas.data import Pipeline, is_dataset
from autokeras_nas.data.batches import Batches
from autokeras_nas.data.streams import elements_of
from autokeras_nas.search.spec import Training

_SMALL_BYTES = 2**16
_DATA = ("x", "y", "validation_data", "sample_weight")
"""Keyword arguments of `fit` that are data."""


class Stored(Protocol):
    """Data that lie in files."""

    def opened(self) -> Any:
        """The data, as `keras.Model.fit` takes them."""


@dataclass(frozen=True)
class StoredArray:
    """An array in a file, mapped when it is opened."""

    path: Path

    def opened(self) -> np.ndarray:
        return np.load(self.path, mmap_mode="r")


@dataclass(frozen=True)
class StoredBatches:
    """A pipeline's examples in a folder."""

    folder: Path

    def opened(self):
        return Batches.load(self.folder).dataset()


@dataclass(frozen=True)
class StoredDataset:
    """The elements of a `tf.data.Dataset` in a folder, in the order of one pass."""

    folder: Path

    def opened(self):
        import tensorflow as tf

        return tf.data.Dataset.load(str(self.folder))


class Store:
    """Writes what trainings need, each thing once.

    Args:
        folder: Where; it comes to be with the first thing written.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self._known: dict[int, tuple[Any, Stored]] = {}

    def packed(self, training: Training) -> Training:
        """The same training with its data replaced by what can travel.

        Raises:
            ValueError: If a dataset never ends or cannot be read.
        """
        return _with_data(training, self._stored)

    def remove(self) -> None:
        """Removes all that was written."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self._known.clear()

    def _stored(self, data: Any) -> Any:
        if id(data) not in self._known:
            stored = self._written(data, self.folder / f"data_{len(self._known)}")
            if stored is None:
                return data
            self._known[id(data)] = (data, stored)  # The data, too: ids of the dead come again.
        return self._known[id(data)][1]

    def _written(self, data: Any, place: Path) -> Stored | None:
        """Data in a file of their own; None: they travel as they are."""
        if isinstance(data, Pipeline):
            data.save(place)
            return StoredBatches(place)
        if is_dataset(data):
            _check_ends(data)
            place.parent.mkdir(parents=True, exist_ok=True)
            for _ in elements_of(data):
                pass  # Where its source breaks, TensorFlow's `save` may wait for ever.
            data.save(str(place))
            return StoredDataset(place)
        if isinstance(data, np.ndarray) and data.nbytes > _SMALL_BYTES and not data.dtype.hasobject:
            place.parent.mkdir(parents=True, exist_ok=True)
            np.save(place.with_suffix(".npy"), data)
            return StoredArray(place.with_suffix(".npy"))
        return None


def opened(training: Training) -> Training:
    """The same training with its data as `keras.Model.fit` takes them."""
    return _with_data(training, _opened)


def _opened(data: Any) -> Any:
    if isinstance(data, Pipeline):
        return data.dataset()
    if isinstance(data, (StoredArray, StoredBatches, StoredDataset)):
        return data.opened()
    return data


def _with_data(training: Training, change: Callable[[Any], Any]) -> Training:
    """A training whose data are changed, also those within tuples, lists and dictionaries."""

    def changed(data: Any) -> Any:
        if isinstance(data, (tuple, list)):
            return type(data)(map(changed, data))
        if isinstance(data, dict):
            return {name: changed(part) for name, part in data.items()}
        return change(data)

    kwargs = {n: changed(v) if n in _DATA else v for n, v in training.kwargs.items()}
    return Training(tuple(map(changed, training.args)), kwargs)


def _check_ends(dataset) -> None:
    import tensorflow as tf

    if dataset.cardinality() == tf.data.INFINITE_CARDINALITY:
        raise ValueError(
            "A dataset that repeats for ever cannot be stored for other processes. "
            f"Received: {dataset}. Leave out `repeat()`, or search in this process."
        )
