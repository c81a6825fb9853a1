"""Mean and deviation of data that come as a stream."""

from __future__ import annotations

import numpy as np

from autokeras_nas.data.sources import Source

_BATCH = 256


def channel_statistics(source: Source) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each channel, in one pass and float64.

    Args:
        source: Examples `(height, width)` or `(height, width, channels)`.

    Returns:
        Two arrays `(channels,)`, one channel where the examples have no such axis.
    """
    count, total, squares = 0, 0.0, 0.0
    grey = len(source.feature_shape) == 2
    for x, *_ in source.batches(_BATCH):
        pixels = np.asarray(x, "float64").reshape(-1, 1 if grey else x.shape[-1])
        count += len(pixels)
        total = total + pixels.sum(axis=0)
        squares = squares + np.square(pixels).sum(axis=0)
    mean = total / count
    return mean, np.sqrt(np.maximum(squares / count - np.square(mean), 0.0))
