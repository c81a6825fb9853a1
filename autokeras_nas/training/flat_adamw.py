"""AdamW whose state is one vector, which compiles in a fraction of the time."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import ops

from autokeras_nas.training.averaging import FlatAverage
from autokeras_nas.training.flat import flat, parts, size


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

    It can keep averages of the weights, a third vector; in step *t*, from 1,

    `a = a + max(1 - averaging, 9 / (t + 8)) (w - a)`.

    So the first weights are the first average, and it forgets faster while it is young. Averages
    are better than the latest weights where the learning rate is high. What batch normalization
    remembers belongs to the weights of its time: `follow` has it averaged likewise.

    Source: Polyak and Juditsky, 1992, https://doi.org/10.1137/0330046. The share is that of
    TensorFlow's `ExponentialMovingAverage`, counted from the first average on; the code released
    with Tan and Le, 2019, https://arxiv.org/abs/1905.11946, averages the statistics too.

    Args:
        learning_rate: A number or a schedule.
        weight_decay: Decoupled.
        beta_1: Of the mean of the gradients.
        beta_2: Of the mean of their squares.
        epsilon: Added to the root of that mean.
        global_clipnorm: The most that the norm of all gradients together may be. None: no bound.
        averaging: Share of the averages that a step leaves them, in (0, 1). None: there are none.
        name: The optimizer's name.

    Raises:
        ValueError: If `averaging` is out of its range.
    """

    def __init__(
        self,
        learning_rate=1e-3,
        weight_decay: float = 0.0,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        global_clipnorm: float | None = None,
        averaging: float | None = None,
        name: str = "flat_adamw",
    ):
        if averaging is not None and not 0.0 < averaging < 1.0:
            raise ValueError(
                "`averaging` must be in (0, 1): the share of the averages that a step leaves them. "
                f"Received: {averaging=}. Pass None for no averages."
            )
        super().__init__(
            learning_rate=learning_rate,
            weight_decay=weight_decay,
            global_clipnorm=global_clipnorm,
            name=name,
        )
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon
        self.averaging = averaging
        self._averages: list[FlatAverage] = []
        self._restored: keras.Variable | None = None

    def build(self, variables) -> None:
        if self.built:
            return
        super().build(variables)
        length = size(variables)
        self._mean = self.add_variable((length,), name="mean")
        self._square = self.add_variable((length,), name="square")
        if self.averaging is not None:
            self._exchanged = self.add_variable((), dtype="bool", name="exchanged")
            vector = self.add_variable((length,), name="average")
            self._averages = [FlatAverage(variables, vector)]

    def follow(self, statistics: Sequence[keras.Variable]) -> None:
        """Averages further variables from now on, which something else changes in each step.

        To be called when it is built. On JAX nothing is followed: a step of the optimizer does
        not see there what is not its own.

        Args:
            statistics: Always the same ones.

        Raises:
            ValueError: If no averages are kept.
        """
        if self.averaging is None:
            raise ValueError(
                "Nothing can be followed without averages. Received: averaging=None. "
                "Pass a share to the constructor."
            )
        if len(self._averages) > 1 or not statistics or _on_jax():
            return
        if self._restored is None:
            vector = self.add_variable((size(statistics),), name="followed_average")
            vector.assign(flat(statistics, statistics))
        else:
            vector = self._restored
        self._averages.append(FlatAverage(statistics, vector))

    def show_averages(self, shown: bool) -> None:
        """Gives the variables their averages, or the latest values back.

        What they do not have, the optimizer's state has instead, and a checkpoint with it. No
        step may be made while the averages are shown; before the first there are none.
        """
        exchanged = bool(ops.convert_to_numpy(self._exchanged))
        if exchanged == shown or not int(self._iterations):
            return
        for average in self._averages:
            average.exchange()
        self._exchanged.assign(shown)

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
        constrained = any(variable.constraint is not None for variable in variables)
        before = flat(variables, variables) if self.weight_decay or self._averages else None
        update = self._update(grads, variables, before)
        steps = parts(update, variables)
        for variable, gradient, step in zip(variables, grads, steps, strict=True):
            if gradient is None:
                continue
            self.assign_sub(variable, step)
            if variable.constraint is not None:
                self.assign(variable, variable.constraint(variable))
        self._iterations.assign_add(1)
        if self.averaging is not None:
            young = 9.0 / (ops.cast(self._iterations, "float32") + 8.0)
            rate = ops.maximum(1.0 - self.averaging, young)
            weights, *followed = self._averages
            # Read again only where it must be: operations take time to compile.
            weights.move(rate, None if constrained else before - update)
            for average in followed:
                average.move(rate)

    def _update(self, grads, variables, before):
        """What all variables lose, a vector; as is `before`, their values."""
        gradient = flat(grads, variables)
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
            all_decay = all(variable is not None for variable in decays)
            decaying = before if all_decay else flat(decays, variables)
            update = update + self.weight_decay * decaying
        return ops.cast(self.learning_rate, "float32") * update

    def get_config(self) -> dict:
        config = super().get_config()
        names = ("learning_rate", "weight_decay", "global_clipnorm", "name")
        own = ("beta_1", "beta_2", "epsilon", "averaging")
        return {name: config[name] for name in names} | {name: getattr(self, name) for name in own}

    def load_own_variables(self, store) -> None:
        """Restores its state, of statistics that it does not follow yet, too."""
        known = len(self.variables)
        if len(self._averages) == 1 and len(store.keys()) == known + 1:
            shape = store[str(known)].shape
            self._restored = self.add_variable(shape, name="followed_average")
        super().load_own_variables(store)


def _on_jax() -> bool:
    return keras.backend.backend() == "jax"
