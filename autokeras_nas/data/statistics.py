"""Mean and deviation of images, however they come."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np


def channel_statistics(
    images: Iterable[np.ndarray], channels: int
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each channel, in one pass and float64.

    Parts are merged by the method of Chan, Golub and LeVeque, 1979: with `d` the difference of
    the means of parts of `a` and `b` numbers, the squared deviations of the whole are the sum
    of the parts' and `d^2 * a * b / (a + b)`.

    Args:
        images: Arrays `(images, height, width)` or `(images, height, width, channels)`.
        channels: The number of channels; 1 where the arrays have no such axis.

    Returns:
        Two float64 arrays `(channels,)`.
    """
    seen, mean, squares = 0, np.zeros(channels), np.zeros(channels)
    for part in images:
        pixels = np.asarray(part).astype("float64").reshape(-1, channels)
        part_mean = pixels.mean(axis=0)
        total = seen + len(pixels)
        difference = part_mean - mean
        squares += ((pixels - part_mean) ** 2).sum(axis=0)
        squares += difference**2 * seen * len(pixels) / total
        mean += difference * len(pixels) / total
        seen = total
    return mean, np.sqrt(squares / seen)
