"""Progress: how far a training is, told in each epoch's logs.

Where time decides, trials have different numbers of epochs: their curves can be compared at the
same share of the training alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import keras

PROGRESS = "nas/progress"
"""The metric that tells, epoch by epoch, how far a training was, in [0, 1]."""


class LogProgress(keras.callbacks.Callback):
    """Logs how far a training is, where its schedule does not tell by itself.

    That is by epochs or by time, whichever is further.

    Args:
        seconds: The time of the whole training, from now on; None: epochs alone decide.
        clock: Returns seconds.
    """

    def __init__(self, seconds: float | None = None, clock: Callable[[], float] = time.monotonic):
        super().__init__()
        self.seconds, self.clock = seconds, clock
        self._began = clock()

    def on_epoch_end(self, epoch, logs=None):
        epochs = (self.params or {}).get("epochs")
        if logs is None or PROGRESS in logs or not (epochs or self.seconds):
            return
        by_epochs = (epoch + 1) / epochs if epochs else 0.0
        by_time = (self.clock() - self._began) / self.seconds if self.seconds else 0.0
        logs[PROGRESS] = min(1.0, max(by_epochs, by_time))
