"""The training recipe that every architecture of a search shares, unless it carries its own."""

from __future__ import annotations

import math
from dataclasses import dataclass

import keras

from autokeras_nas.training.flat_adamw import FlatAdamW


@dataclass(frozen=True)
class Recipe:
    """Optimiser and learning-rate schedule.

    The rate rises linearly over the first `warmup` of the training and falls to zero along
    half a cosine: `lr(t) = learning_rate * (1 + cos(pi * t)) / 2` for `t` in [0, 1].

    Source: Loshchilov and Hutter, 2017 and 2019: https://arxiv.org/abs/1608.03983 (equation 5,
    without restarts) and https://arxiv.org/abs/1711.05101 (decoupled weight decay).

    Attributes:
        learning_rate: At the peak.
        weight_decay: Decoupled, of AdamW.
        warmup: Share of the training, in [0, 1).
    """

    learning_rate: float = 3e-3
    weight_decay: float = 1e-3
    warmup: float = 0.05

    def optimizer(self) -> keras.optimizers.Optimizer:
        """A fresh optimiser; under a distribution strategy Keras's own, which knows of replicas."""
        adamw = keras.optimizers.AdamW if _is_distributed() else FlatAdamW
        return adamw(self.learning_rate, weight_decay=self.weight_decay)

    def rate(self, progress: float) -> float:
        """The learning rate after a share of the training, in [0, 1]."""
        if progress < self.warmup:
            return self.learning_rate * max(progress, 1e-3) / self.warmup
        rest = (progress - self.warmup) / (1.0 - self.warmup)
        return self.learning_rate * 0.5 * (1.0 + math.cos(math.pi * min(rest, 1.0)))


def _is_distributed() -> bool:
    """Whether a `tf.distribute` strategy of more than one replica is in scope."""
    if keras.backend.backend() != "tensorflow":
        return False
    import tensorflow as tf

    return tf.distribute.get_strategy().num_replicas_in_sync > 1
