"""AdamW whose state is one vector, which compiles in a fraction of the time."""

from __future__ import annotations

import math

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="autokeras_nas")
class FlatAdamW(keras.optimizers.Optimizer):
    """AdamW over all variables at once, laid end to end in one vector.

    Keras's own makes some twenty operations for each variable, and a network of cells has
    hundreds of them; compiling these takes longer than the rest of the network. The updates are
    the same:

    `m = m + (1 - beta_1) (g - m)`, `v = v + (1 - beta_2) (g^2 - v)`,
    `w = w - lr (weight_decay w + m sqrt(1 - beta_2^t) / (1 - beta_1^t) / (sqrt(v) + epsilon))`.

    Source: Loshchilov and Hutter, 2019, https://arxiv.org/abs/1711.05101, algorithm 2, with the
    schedule multiplied into the decay as Keras has it.

    Args:
        learning_rate: A number or a schedule.
        weight_decay: Decoupled.
        beta_1: Of the mean of the gradients.
        beta_2: Of the mean of their squares.
        epsilon: Added to the root of that mean.
        global_clipnorm: The most that the norm of all gradients together may be. None: no bound.
        name: The optimizer's name.
    """

    def __init__(
        self,
        learning_rate=1e-3,
        weight_decay: float = 0.0,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        global_clipnorm: float | None = None,
        name: str = "flat_adamw",
    ):
        super().__init__(
            learning_rate=learning_rate,
            weight_decay=weight_decay,
            global_clipnorm=global_clipnorm,
            name=name,
        )
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon

    def build(self, variables) -> None:
        if self.built:
            return
        super().build(variables)
        self._sizes = [math.prod(variable.shape) for variable in variables]
        self._mean = self.add_variable((sum(self._sizes),), name="mean")
        self._square = self.add_variable((sum(self._sizes),), name="square")

    def apply(self, grads, trainable_variables=None) -> None:
        """Updates the variables.

        Args:
            grads: A gradient for each of them; None: it takes no part, and stays as it is.
            trainable_variables: The variables; None: those that it was built for.

        Raises:
            ValueError: If no variable has a gradient.
        """
        grads = list(grads)
        if trainable_variables is None:
            variables = self._trainable_variables
        else:
            variables = list(trainable_variables)
            self.build(variables)
        if all(gradient is None for gradient in grads):
            raise ValueError(
                "No variable has a gradient. Received: a loss that depends on none of "
                f"{len(variables)} trainable variables. Check that the loss uses the outputs."
            )
        update = self._update(grads, variables)
        ends = [sum(self._sizes[: k + 1]) for k in range(len(self._sizes) - 1)]
        parts = ops.split(update, ends) if ends else [update]
        for variable, gradient, part in zip(variables, grads, parts, strict=True):
            if gradient is None:
                continue
            part = ops.cast(ops.reshape(part, variable.shape), variable.dtype)
            self.assign_sub(variable, part)
            if variable.constraint is not None:
                self.assign(variable, variable.constraint(variable))
        self._iterations.assign_add(1)

    def _update(self, grads, variables):
        """What all variables lose, a vector."""
        gradient = self._flat(grads)
        if self.loss_scale_factor is not None:
            gradient = gradient / self.loss_scale_factor
        if self.global_clipnorm is not None:
            norm = ops.sqrt(ops.sum(ops.square(gradient)))
            gradient = gradient * (self.global_clipnorm / ops.maximum(norm, self.global_clipnorm))
        mean = self._mean + (1.0 - self.beta_1) * (gradient - self._mean)
        square = self._square + (1.0 - self.beta_2) * (ops.square(gradient) - self._square)
        self.assign(self._mean, mean)
        self.assign(self._square, square)
        step = ops.cast(self._iterations + 1, "float32")
        scale = ops.sqrt(1.0 - ops.power(self.beta_2, step)) / (1.0 - ops.power(self.beta_1, step))
        update = scale * mean / (ops.sqrt(square) + self.epsilon)
        if self.weight_decay:
            decays = [
                variable if gradient is not None and self._use_weight_decay(variable) else None
                for variable, gradient in zip(variables, grads, strict=True)
            ]
            update = update + self.weight_decay * self._flat(decays)
        return ops.cast(self.learning_rate, "float32") * update

    def _flat(self, parts):
        """Tensors end to end, zeros for those that are None."""
        vectors = [
            ops.zeros((size,), "float32")
            if part is None
            else ops.cast(ops.reshape(part, (-1,)), "float32")
            for part, size in zip(parts, self._sizes, strict=True)
        ]
        return ops.concatenate(vectors)

    def get_config(self) -> dict:
        config = super().get_config()
        names = ("learning_rate", "weight_decay", "global_clipnorm", "name")
        own = {"beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}
        return {name: config[name] for name in names} | own
