"""Weights that are the same in whatever order they are asked for."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Hashable, Mapping, Sequence

import numpy as np

Weights = dict[str, np.ndarray]
"""Arrays of float64 by name: the parameters of a network, or a gradient of them."""


def uniform(key: str, shape: Sequence[int], scale: float) -> np.ndarray:
    """Weights from U(-scale, scale) that depend on their key alone.

    Args:
        key: Names the weights, the seed of their network included.
        shape: The shape of the array.
        scale: The bound, positive.
    """
    count = math.prod(shape)
    content = hashlib.shake_128(key.encode()).digest(8 * count)
    # The upper 53 bits: what a float64 in [0, 1) holds.
    shares = (np.frombuffer(content, "<u8") >> np.uint64(11)) * 2.0**-53
    return scale * (2.0 * shares.reshape(shape) - 1.0)


class Rows:
    """Numbers for keys, in the order in which they are first seen.

    Tables of weights have one row for each key; a row is the same whenever it is made, so that the
    order of discovery changes nothing but where it stands.
    """

    def __init__(self, keys: Sequence[Hashable] = ()):
        self._numbers: dict[Hashable, int] = {key: number for number, key in enumerate(keys)}

    def __len__(self) -> int:
        return len(self._numbers)

    @property
    def keys(self) -> list[Hashable]:
        """All keys in the order of their numbers."""
        return list(self._numbers)

    def number(self, key: Hashable) -> int:
        """The number of a key, which is entered where it is new."""
        return self._numbers.setdefault(key, len(self._numbers))


def with_rows(table: np.ndarray, rows: int) -> np.ndarray:
    """A table with as many rows, those that are missing zero; the table itself where none are."""
    if len(table) == rows:
        return table
    grown = np.zeros((rows, *table.shape[1:]))
    grown[: len(table)] = table
    return grown


def zeros_like(weights: Mapping[str, np.ndarray]) -> Weights:
    """Zeros in the shapes of weights."""
    return {name: np.zeros_like(array) for name, array in weights.items()}
