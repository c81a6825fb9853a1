"""Drop-path: whole paths of a network are left out at random while it is trained."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="autokeras_nas")
class ScheduledDropPath(keras.layers.Layer):
    """Drops its input for some examples, the more of them the further the training is.

        drop = min(1, step / total_steps) * rate
        y    = x * Bernoulli(1 - drop) / (1 - drop)        # one draw for each example

    The expectation of the output is the input; outside training it is the input itself.
    Constant dropping (`total_steps=None`) hardly helped in the paper, rising dropping did.

    Steps are counted by a weight of the layer, so that an interrupted training goes on where it
    was. A model's total is usually not known when it is built: `schedule_drop_paths` sets it
    before training.

    Source: Zoph et al., 2018, https://arxiv.org/abs/1707.07012 (ScheduledDropPath); the
    division by `1 - drop` as in the code released with it.

    Args:
        rate: Share of examples dropped at the end of the training, in [0, 1).
        total_steps: Training steps until then; None: this share from the first step on.
        seed: Of the draws.
        **kwargs: Passed to `keras.layers.Layer`.

    Raises:
        ValueError: If the rate is outside its range or the steps are below 1.
    """

    def __init__(
        self, rate: float, total_steps: int | None = None, seed: int | None = None, **kwargs
    ):
        super().__init__(**kwargs)
        if not 0.0 <= rate < 1.0:
            raise ValueError(
                f"`rate` must be in [0, 1): the share of examples dropped. Received: {rate=}."
            )
        if total_steps is not None and total_steps < 1:
            raise ValueError(f"`total_steps` must be at least 1, or None. Received: {total_steps}.")
        self.rate = rate
        self.total_steps = total_steps
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.supports_masking = True

    def build(self, input_shape) -> None:
        """Makes the counter of steps."""
        self.step = self.add_weight(
            shape=(), initializer="zeros", trainable=False, autocast=False, name="step"
        )

    def call(self, inputs, training=False):
        """The input of some examples scaled up, of the others zero.

        Args:
            inputs: Tensor `(batch, ...)`.
            training: Whether to drop, and to count a step.
        """
        if not training or not self.rate:
            return inputs
        keep = ops.cast(1.0 - self._drop(), inputs.dtype)
        self.step.assign_add(1.0)
        each = (ops.shape(inputs)[0], *[1] * (len(inputs.shape) - 1))
        draws = keras.random.uniform(each, dtype=inputs.dtype, seed=self.seed_generator)
        return inputs * ops.floor(keep + draws) / keep

    def compute_output_shape(self, input_shape):
        """That of the input."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        own = {"rate": self.rate, "total_steps": self.total_steps, "seed": self.seed}
        return {**super().get_config(), **own}

    def _drop(self):
        """The present share of examples to drop."""
        if self.total_steps is None:
            return self.rate
        return ops.minimum(1.0, self.step / self.total_steps) * self.rate


def schedule_drop_paths(model: keras.Model, total_steps: int) -> None:
    """Lets the drop-paths of a model rise over so many training steps.

    To be called before the first of these steps, at which the number becomes part of the
    compiled computation. Where there are none, nothing happens.
    """
    for layer in model._flatten_layers():
        if isinstance(layer, ScheduledDropPath):
            layer.total_steps = total_steps
