"""A hypermodel whose trainings follow a script, so that curves are known beforehand."""

from __future__ import annotations

import keras
import keras_tuner


class Scripted(keras_tuner.HyperModel):
    """Logs in each epoch the quality that its hyperparameter names, times the progress.

    Args:
        metric: What it logs.
        sign: 1, or -1 where less of the metric is better.
    """

    def __init__(self, metric="val_accuracy", sign=1.0):
        super().__init__()
        self.metric, self.sign = metric, sign

    def build(self, hp):
        hp.Int("quality", 1, 99, default=50)
        model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        model.compile("sgd", "mse")
        return model

    def fit(self, hp, model, *args, epochs=1, callbacks=(), **kwargs):
        together = keras.callbacks.CallbackList(
            callbacks, add_history=True, model=model, epochs=epochs, steps=1
        )
        model.stop_training = False
        together.on_train_begin()
        for epoch in range(epochs):
            score = hp.get("quality") / 100 * (epoch + 1) / epochs
            together.on_epoch_begin(epoch)
            together.on_epoch_end(epoch, {self.metric: self.sign * score})
            if model.stop_training:
                break
        together.on_train_end()
        return model.history


def qualities(*values):
    """Initial architectures of these qualities, in this order."""
    return [{"quality": value} for value in values]
