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


@keras.saving.register_keras_serializable(package="autokeras_nas")
class MemberDense(keras.layers.Layer):
    """The dense layers of several networks that share one kernel.

        l_k(x) = s_k * ((r_k * x) W) + b_k

    Of each member's own are the scalings `r_k` and `s_k` of inputs and outputs, and the bias
    `b_k`; so a member more costs few parameters, though as much time as the first.

    Source: Wen et al., 2020, https://arxiv.org/abs/2002.06715 (BatchEnsemble), as initialised
    in Gorishniy et al., 2024, https://arxiv.org/abs/2410.24210, Section 3.3: all scalings are 1,
    but the signs of `r` are random where members begin to differ.

    Args:
        units: Units of each member.
        members: The number of members, *k*.
        diverse: Whether members begin to differ here.
        **kwargs: Passed to `keras.layers.Layer`.
    """

    def __init__(self, units: int, members: int, diverse: bool = False, **kwargs):
        super().__init__(**kwargs)
        self.units, self.members, self.diverse = units, members, diverse

    def build(self, input_shape) -> None:
        """Makes the kernel, and the scalings and biases of each member."""
        size = input_shape[-1]
        uniform = keras.initializers.RandomUniform(-(size**-0.5), size**-0.5)
        self.kernel = self.add_weight((size, self.units), uniform, name="kernel")
        signs = RandomSigns() if self.diverse else "ones"
        self.input_scale = self.add_weight((self.members, size), signs, name="input_scale")
        own = (self.members, self.units)
        self.output_scale = self.add_weight(own, "ones", name="output_scale")
        self.bias = self.add_weight(
            own, keras.initializers.RandomUniform(-(size**-0.5), size**-0.5), name="bias"
        )

    def call(self, inputs):
        """`(batch, members, units)` of `(batch, members, size)`, or of `(batch, size)` for all."""
        x = inputs if len(inputs.shape) == 3 else inputs[:, None]
        return ops.matmul(x * self.input_scale, self.kernel) * self.output_scale + self.bias

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.members, self.units)

    def get_config(self) -> dict[str, Any]:
        names = ("units", "members", "diverse")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


@keras.saving.register_keras_serializable(package="autokeras_nas")
class RandomSigns(keras.initializers.Initializer):
    """1 or -1, each as probable."""

    def __call__(self, shape, dtype=None):
        return ops.sign(keras.random.uniform(shape, -1.0, 1.0, dtype=dtype or "float32"))


@keras.saving.register_keras_serializable(package="autokeras_nas")
class MemberMean(keras.layers.Layer):
    """The mean of all members: `(batch, size)` of `(batch, members, size)`."""

    def call(self, inputs):
        return ops.mean(inputs, axis=1)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], input_shape[2])


@keras.saving.register_keras_serializable(package="autokeras_nas")
class MemberScale(keras.layers.Layer):
    """A weight for each feature of each member, in `(batch, members, size)`.

    Under a head that all members share, it stands for the head that each would have.
    """

    def build(self, input_shape) -> None:
        """Makes the weights, 1 at first."""
        self.scale = self.add_weight(tuple(input_shape[1:]), "ones", name="scale")

    def call(self, inputs):
        return inputs * self.scale

    def compute_output_shape(self, input_shape):
        return input_shape
