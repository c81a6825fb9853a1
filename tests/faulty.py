"""Small networks on digits that go wrong as a trial's value says."""

from __future__ import annotations

import os
import resource
import signal
import time
from pathlib import Path

import keras
import keras_tuner
import numpy as np
import tensorflow as tf
from sklearn.datasets import load_digits

from autokeras_nas.errors import InvalidArchitectureError

DIGITS = load_digits()
X, Y = DIGITS.images[:120].astype("float32"), DIGITS.target[:120]
FIT = {"validation_split": 0.25, "epochs": 1, "verbose": 0}
LARGEST = 10_000
"""Parameters; what is oversized has more."""

BOTH = {
    "nan": r"No epoch logged a finite val_accuracy: the loss became nan\.",
    "infinite": r"No epoch logged a finite val_accuracy\. Logged: loss, val_loss\.",
    "exhausted": r"batch halved for memory; out of memory: ResourceExhaustedError: OOM when alloc",
    "unbuildable": r"six blocks cannot be had",
    "broken": r"KeyError: 'my_block'",
    "callback": r"RuntimeError: my callback broke",
    "layer": r"ValueError: my layer broke",
}
"""Faults that a trial in any process survives, and the reasons that are to be told."""
CHILD = {
    "memory": r"batch halved for memory; out of memory: .*: Unable to allocate 2.00 GiB",
    "tensor": r"batch halved for memory; out of memory: ResourceExhaustedError: .*OOM when alloc",
    "killed": r"it was killed \(SIGKILL\), most likely because memory ran out\.",
    "segfault": r"it died of SIGSEGV\.",
    "exit": r"it ended with status 3\.",
    "hang": r"It was taken to hang: no end after 60 s\.",
}
"""Those that take a child process along, or would the one that they happen in."""
OVERSIZED = "oversized"


class Faulty(keras.layers.Layer):
    """Passes on what it gets, unless its fault happens."""

    def __init__(self, fault):
        super().__init__()
        self.fault = fault

    def call(self, inputs):
        outputs = tf.numpy_function(self._passed, [inputs], inputs.dtype)
        outputs.set_shape(inputs.shape)
        return outputs

    def compute_output_shape(self, shape):
        return shape

    def _passed(self, values):
        if self.fault == "layer":
            raise ValueError("my layer broke")
        if self.fault == "segfault":
            os.kill(os.getpid(), signal.SIGSEGV)
        if self.fault == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.fault == "exit":
            os._exit(3)
        if self.fault == "hang":
            time.sleep(600)
        return values


class FaultyModels(keras_tuner.HyperModel):
    """A space of networks, one for each fault and some without."""

    def build(self, hp):
        fault = hp.Choice("fault", ["none", *BOTH, *CHILD, OVERSIZED])
        units = hp.Int("units", 4, 16)
        if fault == "unbuildable":
            raise InvalidArchitectureError("six blocks cannot be had")
        if fault == "broken":
            raise KeyError("my_block")
        layers = [keras.Input((8, 8)), keras.layers.Flatten()]
        layers += [keras.layers.Dense(2 * LARGEST if fault == OVERSIZED else units)]
        if fault in ("layer", "segfault", "killed", "exit", "hang"):
            layers += [Faulty(fault)]
        layers += [keras.layers.Dense(10, activation="softmax")]
        model = keras.Sequential(layers, name=fault)
        loss = _nan if fault == "nan" else "sparse_categorical_crossentropy"
        metric = keras.metrics.MeanMetricWrapper(_infinite, name="accuracy")
        model.compile("adam", loss, metrics=[metric if fault == "infinite" else "accuracy"])
        return model

    def fit(self, hp, model, *args, **kwargs):
        fault = hp.get("fault")
        if fault == "exhausted":
            message = "OOM when allocating tensor with shape[9,9]\nand a hint of many lines"
            raise tf.errors.ResourceExhaustedError(None, None, message)
        if fault in ("memory", "tensor"):
            with little_memory():
                np.ones(2**28) if fault == "memory" else tf.zeros((2**14, 2**15))
        return model.fit(*args, **kwargs)


class FaultyCallback(keras.callbacks.Callback):
    """Breaks in the trial whose fault it is."""

    def on_train_batch_end(self, batch, logs=None):
        if self.model.name == "callback":
            raise RuntimeError("my callback broke")


class little_memory:
    """Lets this process have no more than 64 MB beside what it has."""

    def __enter__(self):
        self._before = resource.getrlimit(resource.RLIMIT_AS)
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        most = pages * resource.getpagesize() + 2**26
        resource.setrlimit(resource.RLIMIT_AS, (most, self._before[1]))

    def __exit__(self, *_):
        resource.setrlimit(resource.RLIMIT_AS, self._before)


def _nan(y_true, y_pred):
    return keras.ops.mean(y_pred) * float("nan")


def _infinite(y_true, y_pred):
    return keras.ops.mean(y_pred) * float("inf")
