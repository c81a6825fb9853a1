"""Layers that networks on tables begin with: columns apart, numbers as vectors."""

from __future__ import annotations

import math
import statistics
from typing import Any

import keras
import numpy as np
from keras import ops

_NORMAL = statistics.NormalDist()


@keras.saving.register_keras_serializable(package="autokeras_nas")
class Columns(keras.layers.Layer):
    """Some neighbouring columns of a table.

    Args:
        start: The first.
        stop: The one after the last.
        **kwargs: Passed to `keras.layers.Layer`.
    """

    def __init__(self, start: int, stop: int, **kwargs):
        # Half precision could not tell the categories of a large vocabulary apart.
        super().__init__(**{"dtype": "float32", **kwargs})
        self.start, self.stop = start, stop

    def call(self, inputs):
        """`(batch, stop - start)` of `(batch, columns)`."""
        return inputs[:, self.start : self.stop]

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.stop - self.start)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "start": self.start, "stop": self.stop}


@keras.saving.register_keras_serializable(package="autokeras_nas")
class PiecewiseLinearEncoding(keras.layers.Layer):
    """Every number as the share of each bin that lies below it.

    With edges `b_0 < ... < b_T`, part `t` is `(x - b_{t-1}) / (b_t - b_{t-1})`, at least 0 but
    in the first bin, and at most 1 but in the last.

    The paper takes the edges from the quantiles of the data. Here they are the quantiles of
    the standard normal distribution, the outer ones at ranks `1 / (4 T)` and `1 - 1 / (4 T)`:
    numbers are expected to come standardised or as normal quantiles, and then both agree.

    Source: Gorishniy et al., 2022, https://arxiv.org/abs/2203.05556, equation 1.

    Args:
        num_bins: The number of bins, *T*.
        **kwargs: Passed to `keras.layers.Layer`.
    """

    def __init__(self, num_bins: int, **kwargs):
        super().__init__(**{"dtype": "float32", **kwargs})
        self.num_bins = num_bins
        shares = [k / num_bins for k in range(1, num_bins)]
        outer = 1 / (4 * num_bins)
        edges = np.array([_NORMAL.inv_cdf(s) for s in (outer, *shares, 1 - outer)])
        self._starts = edges[:-1].astype("float32")
        self._widths = np.diff(edges).astype("float32")
        self._lowest = np.array([-np.inf, *[0.0] * (num_bins - 1)], "float32")
        self._highest = np.array([*[1.0] * (num_bins - 1), np.inf], "float32")

    def call(self, inputs):
        """`(batch, columns, num_bins)` of `(batch, columns)`."""
        shares = (inputs[..., None] - self._starts) / self._widths
        return ops.minimum(ops.maximum(shares, self._lowest), self._highest)

    def compute_output_shape(self, input_shape):
        return (*input_shape, self.num_bins)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "num_bins": self.num_bins}


@keras.saving.register_keras_serializable(package="autokeras_nas")
class PeriodicEncoding(keras.layers.Layer):
    """Every number as sines and cosines of frequencies that are learned.

        f(x) = [sin(2 pi c_1 x), ..., sin(2 pi c_k x), cos(2 pi c_1 x), ..., cos(2 pi c_k x)]

    Each column has its own `c`, which begin as draws from `N(0, scale^2)`.

    Source: Gorishniy et al., 2022, https://arxiv.org/abs/2203.05556, equations 2 and 3.

    Args:
        num_frequencies: *k*.
        scale: Deviation of the initial frequencies.
        **kwargs: Passed to `keras.layers.Layer`.
    """

    def __init__(self, num_frequencies: int, scale: float, **kwargs):
        super().__init__(**{"dtype": "float32", **kwargs})
        self.num_frequencies, self.scale = num_frequencies, scale

    def build(self, input_shape) -> None:
        """Draws the frequencies."""
        self.frequencies = self.add_weight(
            shape=(input_shape[-1], self.num_frequencies),
            initializer=keras.initializers.RandomNormal(stddev=self.scale),
            name="frequencies",
        )

    def call(self, inputs):
        """`(batch, columns, 2 * num_frequencies)` of `(batch, columns)`."""
        angles = 2 * math.pi * inputs[..., None] * self.frequencies
        return ops.concatenate([ops.sin(angles), ops.cos(angles)], axis=-1)

    def compute_output_shape(self, input_shape):
        return (*input_shape, 2 * self.num_frequencies)

    def get_config(self) -> dict[str, Any]:
        names = ("num_frequencies", "scale")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
