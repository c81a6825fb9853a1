"""The layers that chains of every style have in common."""

from __future__ import annotations

import keras

LAST = "channels_last"


def pool(x, size, stride, *, name):
    """Max pooling without padding."""
    return keras.layers.MaxPooling2D(size, stride, data_format=LAST, name=f"{name}_pool")(x)


def gap(x, name):
    """Global average pooling."""
    return keras.layers.GlobalAveragePooling2D(data_format=LAST, name=f"{name}_gap")(x)


def flat(x, name):
    """A map as a vector; a vector as it is."""
    return x if len(x.shape) == 2 else keras.layers.Flatten(name=f"{name}_flatten")(x)


def dense(x, units, *, name, initializer):
    """A dense layer with ReLU."""
    layer = keras.layers.Dense(
        units, activation="relu", kernel_initializer=initializer, name=f"{name}_dense"
    )
    return layer(x)
