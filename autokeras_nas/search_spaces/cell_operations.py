"""What may be done to a state of a cell, and how states of different shapes are brought together.

Source: Zoph et al., 2018, https://arxiv.org/abs/1707.07012, Section 3; details of
padding, striding and projection as in the code released with it (`tensorflow/models`,
`research/slim/nets/nasnet`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from keras import layers

_LAST = "channels_last"


@dataclass(frozen=True)
class Style:
    """How all layers of a network are made.

    Attributes:
        momentum: Of the moving averages of batch normalization.
        epsilon: Of batch normalization.
        pool_padding: Of strided pooling: `"same"`, or `"zeros"`, which also counts as pixels.
    """

    momentum: float = 0.9
    epsilon: float = 1e-3
    pool_padding: str = "same"

    def norm(self, x, name: str):
        """Batch normalization."""
        return layers.BatchNormalization(
            axis=-1, momentum=self.momentum, epsilon=self.epsilon, name=f"{name}_norm"
        )(x)

    def conv(self, x, filters: int, kernel, name: str, strides=1, dilation=1, padding="same"):
        """Convolution and batch normalization."""
        x = layers.Conv2D(
            filters,
            kernel,
            strides=strides,
            dilation_rate=dilation,
            padding=padding,
            use_bias=False,
            kernel_initializer="he_normal",
            data_format=_LAST,
            name=f"{name}_conv",
        )(x)
        return self.norm(x, name)

    def relu_conv(self, x, filters: int, kernel, name: str, strides=1, dilation=1, padding="same"):
        """ReLU, convolution and batch normalization: the order inside every convolution."""
        x = layers.Activation("relu", name=f"{name}_relu")(x)
        return self.conv(x, filters, kernel, name, strides, dilation, padding)

    def separable(self, x, filters: int, kernel: int, name: str, strides=1):
        """ReLU, depthwise-separable convolution with nothing in between, and normalization."""
        x = layers.Activation("relu", name=f"{name}_relu")(x)
        x = layers.SeparableConv2D(
            filters,
            kernel,
            strides=strides,
            padding="same",
            use_bias=False,
            pointwise_initializer="he_normal",
            data_format=_LAST,
            name=f"{name}_conv",
        )(x)
        return self.norm(x, name)

    def halved(self, x, filters: int, name: str):
        """ReLU and factorised reduction: half of the filters look at every second pixel, the
        others at the pixels between, so that no part of the map is lost.
        """
        x = layers.Activation("relu", name=f"{name}_relu")(x)
        padded = layers.ZeroPadding2D(((0, 1), (0, 1)), data_format=_LAST, name=f"{name}_pad")(x)
        shifted = layers.Cropping2D(((1, 0), (1, 0)), data_format=_LAST, name=f"{name}_shift")(
            padded
        )
        sizes = (filters // 2, filters - filters // 2)
        paths = [
            layers.Conv2D(
                size,
                1,
                use_bias=False,
                kernel_initializer="he_normal",
                data_format=_LAST,
                name=f"{name}_path_{side}_conv",
            )(every_second_pixel(path, f"{name}_path_{side}_pool"))
            for side, (path, size) in enumerate(zip((x, shifted), sizes, strict=True))
            if size
        ]
        x = paths[0] if len(paths) == 1 else layers.Concatenate(name=f"{name}_paths")(paths)
        return self.norm(x, name)

    def padded(self, x, kernel: int, name: str):
        """Zeros around a map of even sides as "same" padding would set them, and around an odd
        one likewise: pooling without padding then counts them as pixels.
        """
        before = [kernel // 2 - (1 - (side or 0) % 2) for side in x.shape[1:3]]
        padding = tuple((first, kernel // 2) for first in before)
        return layers.ZeroPadding2D(padding, data_format=_LAST, name=f"{name}_pad")(x)


def every_second_pixel(x, name: str):
    """Of `(height, width)`, `(ceil(height / 2), ceil(width / 2))`."""
    return layers.AveragePooling2D(1, 2, padding="valid", data_format=_LAST, name=name)(x)


Operation = Callable[[Style, Any, int, int, str], Any]
"""From style, state, filters, strides and name to a state with so many filters."""


def _identity(style: Style, x, filters: int, strides: int, name: str):
    """The state itself, or a 1x1 convolution where its shape must change."""
    if strides == 1 and x.shape[-1] == filters:
        return x
    return style.relu_conv(x, filters, 1, name, strides)


def _pool(kind, kernel: int, style: Style, x, filters: int, strides: int, name: str):
    """Pooling, then a 1x1 convolution where the number of channels must change."""
    padding = "same"
    if strides > 1 and style.pool_padding == "zeros":
        x, padding = style.padded(x, kernel, name), "valid"
    x = kind(kernel, strides, padding=padding, data_format=_LAST, name=f"{name}_pool")(x)
    return x if x.shape[-1] == filters else style.conv(x, filters, 1, name)


def _conv(kernel: int, style: Style, x, filters: int, strides: int, name: str):
    return style.relu_conv(x, filters, kernel, name, strides)


def _crossed(kernel: int, style: Style, x, filters: int, strides: int, name: str):
    """A row, then a column; each strides along itself, so that no pixel is passed over."""
    x = style.relu_conv(x, filters, (1, kernel), f"{name}_row", (1, strides))
    return style.relu_conv(x, filters, (kernel, 1), f"{name}_column", (strides, 1))


def _dilated(kernel: int, style: Style, x, filters: int, strides: int, name: str):
    """Keras strides no dilated convolution, but one may take every second of its results."""
    x = style.relu_conv(x, filters, kernel, name, dilation=2)
    return every_second_pixel(x, f"{name}_pool") if strides > 1 else x


def _separable(kernel: int, style: Style, x, filters: int, strides: int, name: str):
    """Applied twice; the first one strides."""
    x = style.separable(x, filters, kernel, f"{name}_first", strides)
    return style.separable(x, filters, kernel, f"{name}_second")


IDENTITY = "identity"

OPERATIONS: dict[str, Operation] = {
    IDENTITY: _identity,
    "conv_1x3_3x1": partial(_crossed, 3),
    "conv_1x7_7x1": partial(_crossed, 7),
    "dilated_3x3": partial(_dilated, 3),
    "average_3x3": partial(_pool, layers.AveragePooling2D, 3),
    "max_3x3": partial(_pool, layers.MaxPooling2D, 3),
    "max_5x5": partial(_pool, layers.MaxPooling2D, 5),
    "max_7x7": partial(_pool, layers.MaxPooling2D, 7),
    "conv_1x1": partial(_conv, 1),
    "conv_3x3": partial(_conv, 3),
    "separable_3x3": partial(_separable, 3),
    "separable_5x5": partial(_separable, 5),
    "separable_7x7": partial(_separable, 7),
}
"""The thirteen operations of the paper."""

EIGHT_OPERATIONS = (
    IDENTITY,
    "conv_1x7_7x1",
    "dilated_3x3",
    "average_3x3",
    "max_3x3",
    "separable_3x3",
    "separable_5x5",
    "separable_7x7",
)
"""Those of regularized evolution and of PNAS."""

SMALL_OPERATIONS = (IDENTITY, "average_3x3", "max_3x3", "conv_1x1", "separable_3x3")
"""Those that a small search on a CPU affords."""
