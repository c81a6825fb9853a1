"""Batches: preprocessed examples in memory or on disk, shuffled by their row numbers."""

from __future__ import annotations

import functools
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

_SETTINGS = "batches.json"


@dataclass(frozen=True)
class Batches:
    """Columns of examples, and how they come in batches.

    Attributes:
        columns: One array `(n, ...)` for each part of a batch; they may be mapped from files.
        batch_size: Examples in a batch.
        seed: Drives the shuffling.
        shuffle: Whether rows are shuffled anew each epoch; then an epoch leaves out the few that
            do not fill a last batch, unless they are all there are.
        in_memory: Whether the columns fit there; else each batch is read from them.
    """

    columns: tuple[np.ndarray, ...]
    batch_size: int
    seed: int
    shuffle: bool
    in_memory: bool = True

    def dataset(self):
        """A new `tf.data.Dataset` of tuples of the columns' rows.

        Its order follows from `seed` and TensorFlow's own seed of this moment, and from nothing
        that other datasets have given before.
        """
        import tensorflow as tf

        count = len(self.columns[0])
        rows = tf.data.Dataset.range(count)
        if self.shuffle:
            rows = rows.shuffle(count, seed=self.seed)
        drops = self.shuffle and count >= self.batch_size
        rows = rows.batch(self.batch_size, drop_remainder=drops)
        gather = self._gather_from_memory() if self.in_memory else self._gather_from_files(drops)
        return rows.map(gather, num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)

    def _gather_from_memory(self):
        import tensorflow as tf

        columns = self._tensors
        return lambda rows: tuple(tf.gather(column, rows) for column in columns)

    @functools.cached_property
    def _tensors(self) -> list[Any]:
        """The columns, once for all datasets."""
        import tensorflow as tf

        with tf.device("CPU:0"):  # The input pipeline gathers there.
            return [tf.constant(column) for column in self.columns]

    def _gather_from_files(self, drops: bool):
        import tensorflow as tf

        def gather(rows):
            dtypes = [column.dtype for column in self.columns]
            parts = tf.numpy_function(lambda r: [c[r] for c in self.columns], [rows], dtypes)
            for part, column in zip(parts, self.columns, strict=True):
                part.set_shape((self.batch_size if drops else None, *column.shape[1:]))
            return tuple(parts)

        return gather

    def save(self, folder: Path) -> None:
        """Writes everything into a folder that other processes can read.

        Columns that are mapped from their files in this folder are there already.
        """
        for number, column in enumerate(self.columns):
            if isinstance(column, np.memmap):
                column.flush()
            else:
                np.save(column_file(folder, number), column)
        settings = {
            "columns": len(self.columns),
            "rows": len(self.columns[0]),
            "batch_size": self.batch_size,
            "seed": self.seed,
            "shuffle": self.shuffle,
            "in_memory": self.in_memory,
        }
        (folder / _SETTINGS).write_text(json.dumps(settings), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Batches:
        """What was saved, with columns mapped from their files."""
        settings = json.loads((folder / _SETTINGS).read_text(encoding="utf-8"))
        files = [column_file(folder, number) for number in range(settings.pop("columns"))]
        rows = settings.pop("rows")  # A file may have had room for more.
        columns = tuple(np.load(file, mmap_mode="r")[:rows] for file in files)
        return cls(columns, **settings)


def new_column(folder: Path, number: int, shape: tuple[int, ...], dtype) -> np.ndarray:
    """An array `shape` that is mapped from the file of a column, to be filled.

    Raises:
        OSError: If the disk has no room for it.
    """
    file = column_file(folder, number)
    column = np.lib.format.open_memmap(file, mode="w+", shape=shape, dtype=dtype)
    if hasattr(os, "posix_fallocate"):
        with file.open("rb+") as opened:
            # Who writes to a mapped file for which there is no room is killed.
            os.posix_fallocate(opened.fileno(), 0, file.stat().st_size)
    return column


def column_file(folder: Path, number: int) -> Path:
    """Where a column lies."""
    return folder / f"column_{number}.npy"
