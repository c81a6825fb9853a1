"""Averaging: validation, and what is kept, with the mean of the latest weights."""

from __future__ import annotations

from collections.abc import Sequence

import keras

from autokeras_nas.training.flat import flat, parts


class FlatAverage:
    """Averages of some variables, end to end.

    Attributes:
        variables: What is averaged.
        vector: The averages, float32.
    """

    def __init__(self, variables: Sequence[keras.Variable], vector: keras.Variable):
        self.variables, self.vector = variables, vector

    def move(self, rate, latest=None) -> None:
        """Moves the averages by a share towards what the variables are now.

        Args:
            rate: The share, in [0, 1].
            latest: What they are, end to end, where that is known; None: they are read.
        """
        if latest is None:
            latest = flat(self.variables, self.variables)
        self.vector.assign_add(rate * (latest - self.vector))

    def exchange(self) -> None:
        """Gives the variables their averages, and keeps in their place what they were."""
        latest = flat(self.variables, self.variables)
        averages = parts(self.vector, self.variables)
        for variable, average in zip(self.variables, averages, strict=True):
            variable.assign(average)
        self.vector.assign(latest)


class AveragedWeights(keras.callbacks.Callback):
    """Shows a model with its averaged weights wherever it is not trained.

    The optimizer keeps them, a `FlatAdamW` with `averaging`. From the validation of an epoch to
    the beginning of the next the model has them, and so has it when training ends, however it
    does. Where training goes on, be it in another process with what was saved, it has its latest
    weights again.

    Callbacks that look at weights must come behind this one.
    """

    def on_train_begin(self, logs=None):
        if self.model.built:  # Else the optimizer is built in the first step, for weights alone.
            self.model.optimizer.build(self.model.trainable_variables)
            self.model.optimizer.follow(_statistics(self.model))

    def on_epoch_begin(self, epoch, logs=None):
        self._show(False)

    def on_test_begin(self, logs=None):
        self._show(True)

    def on_epoch_end(self, epoch, logs=None):
        self._show(True)

    def _show(self, averages: bool) -> None:
        if self.model.optimizer.built:
            self.model.optimizer.show_averages(averages)


def _statistics(model: keras.Model) -> list[keras.Variable]:
    """What batch normalization remembers of training."""
    return [
        variable
        for layer in model._flatten_layers()
        if isinstance(layer, keras.layers.BatchNormalization)
        for variable in (layer.moving_mean, layer.moving_variance)
    ]
