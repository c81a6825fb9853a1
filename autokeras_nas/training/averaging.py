"""Averaging: validation, and what is kept, with the mean of the latest weights."""

from __future__ import annotations

import keras


class AveragedWeights(keras.callbacks.Callback):
    """Shows a model with its averaged weights wherever it is not trained.

    The optimizer keeps the averages, with `use_ema=True`. From the validation of an epoch to
    the beginning of the next the model has them, and so has it when training ends, however it
    does. `keras.callbacks.SwapEMAWeights` gives the latest weights back to a training that
    ends before its last epoch.

    Callbacks that look at weights must come behind this one.
    """

    def __init__(self):
        super().__init__()
        self._latest: list | None = None

    def on_test_begin(self, logs=None):
        self._show()

    def on_epoch_end(self, epoch, logs=None):
        self._show()

    def on_epoch_begin(self, epoch, logs=None):
        if self._latest is not None:
            for variable, value in zip(self.model.trainable_variables, self._latest, strict=True):
                variable.assign(value)
            self._latest = None

    def _show(self) -> None:
        if self._latest is None:
            variables = self.model.trainable_variables
            self._latest = [keras.ops.convert_to_numpy(variable) for variable in variables]
            self.model.optimizer.finalize_variable_values(variables)
