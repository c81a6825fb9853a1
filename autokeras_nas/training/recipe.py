"""The training recipe that every architecture of a search shares, unless it carries its own."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import keras

from autokeras_nas.training.augmentation import Augmentation
from autokeras_nas.training.flat_adamw import FlatAdamW


@dataclass(frozen=True)
class Recipe:
    """Optimiser, learning-rate schedule, and what is done to training batches.

    The rate rises linearly over the first `warmup` of the training and falls to zero along
    half a cosine: `lr(t) = learning_rate * (1 + cos(pi * t)) / 2` for `t` in [0, 1].

    Source: Loshchilov and Hutter, 2017 and 2019: https://arxiv.org/abs/1608.03983 (equation 5,
    without restarts) and https://arxiv.org/abs/1711.05101 (decoupled weight decay).

    Attributes:
        learning_rate: At the peak.
        weight_decay: Decoupled, of AdamW.
        warmup: Share of the training, in [0, 1).
        clip_norm: The most that the norm of a step's whole gradient may be; None: anything.
        averaging: Share of the averaged weights that a step leaves them, in (0, 1); validation
            and checkpoints have these averages, as in `FlatAdamW`. None: the latest weights; so
            it is over several replicas.
        label_smoothing: Share of each class target that all classes get alike, in [0, 1);
            in training alone.
        shift: Of training images, as in `Augmentation`; so are `mirror` and `cover`.
        mirror: See there.
        cover: See there.
        mixed_precision: Whether networks of a search space train in bfloat16 on GPUs that can.
            Not by default: what it is worth here has not been measured.
    """

    learning_rate: float = 3e-3
    weight_decay: float = 1e-3
    warmup: float = 0.05
    clip_norm: float | None = None
    averaging: float | None = None
    label_smoothing: float = 0.0
    shift: float = 0.0
    mirror: bool = False
    cover: float = 0.0
    mixed_precision: bool = False

    def optimizer(self) -> keras.optimizers.Optimizer:
        """A fresh optimiser; Keras's own where it must know of replicas."""
        options: dict[str, Any] = {
            "weight_decay": self.weight_decay,
            "global_clipnorm": self.clip_norm,
        }
        if _is_distributed():
            return keras.optimizers.AdamW(self.learning_rate, **options)
        return FlatAdamW(self.learning_rate, averaging=self.averaging, **options)

    def rate(self, progress: float) -> float:
        """The learning rate after a share of the training, in [0, 1]."""
        if progress < self.warmup:
            return self.learning_rate * max(progress, 1e-3) / self.warmup
        rest = (progress - self.warmup) / (1.0 - self.warmup)
        return self.learning_rate * 0.5 * (1.0 + math.cos(math.pi * min(rest, 1.0)))

    @property
    def augmentation(self) -> Augmentation:
        """What is done to training images."""
        return Augmentation(self.shift, self.mirror, self.cover)


def _is_distributed() -> bool:
    """Whether a `tf.distribute` strategy of more than one replica is in scope."""
    if keras.backend.backend() != "tensorflow":
        return False
    import tensorflow as tf

    return tf.distribute.get_strategy().num_replicas_in_sync > 1
