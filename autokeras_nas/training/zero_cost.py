"""Zero-cost scores: what an untrained network promises, from one batch.

All take a functional model, a batch and its targets, and give a float of which more is better.
They run eagerly, and nothing of the model changes.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
from keras import ops, tree
from keras.src.backend import AutocastScope

from autokeras_nas.costs.counting import graph_of
from autokeras_nas.errors import unknown_name

Score = Callable[[keras.Model, Any, Any], float]
"""From a compiled model, inputs and targets of one batch; more is better."""

_RECTIFIERS = {"relu", "relu6", "leakyrelu", "prelu", "elu", "selu", "gelu", "silu"}
_NORMS = (
    keras.layers.BatchNormalization,
    keras.layers.GroupNormalization,
    keras.layers.LayerNormalization,
)


def naswot(model: keras.Model, x, y=None) -> float:
    """How differently a network treats the examples of a batch: `log |det K|`.

    The code `c_i` of example *i* has one bit for each rectified unit, 1 where it is active. With
    `N` units and the Hamming distance `d`

        K[i, j] = N - d(c_i, c_j).

    The more alike two codes are, the nearer to singular is `K`. Batch normalization takes the
    statistics of the batch, and dropout does nothing. Beside ReLU the units of its smooth and
    leaky relatives count, whose sign is that of what they are given; rectifiers within a layer
    made of layers are not seen.

    Source: Mellor et al., 2021, https://arxiv.org/abs/2006.04647.

    Args:
        model: A functional model.
        x: Inputs of at least two examples; the paper takes 128.
        y: Not needed.

    Returns:
        The logarithm; minus infinity: two codes are equal, or nothing is rectified.

    Raises:
        ValueError: If the model's inputs are not known.
    """
    examples = len(tree.flatten(x)[0])
    kernel = np.zeros((examples, examples))

    def call(operation, *args, **kwargs):
        outputs = _as_if_training(operation, *args, **kwargs)
        if _rectifies(operation):
            # With bits written as -1 and 1, `s @ s.T` counts equal less unequal ones.
            active = ops.reshape(outputs, (examples, -1)) > 0
            signs = 2.0 * ops.cast(active, "float32") - 1.0
            product = ops.convert_to_numpy(ops.matmul(signs, ops.transpose(signs)))
            np.add(kernel, (signs.shape[1] + product) / 2.0, out=kernel)
        return outputs

    with keras.StatelessScope():
        _follow(model, x, call)
    return float(np.linalg.slogdet(kernel)[1])


def synflow(model: keras.Model, x, y=None) -> float:
    """How much can flow through all paths of a network: `log(sum |theta * dR/dtheta|)`.

    `R` is the sum of the outputs for an input of ones, where each weight is replaced by its
    absolute value: in a network of linear and rectified layers the sum over all paths of the
    products of their weights. The sum goes over all kernels. Normalization is left out, since it
    would undo what flows, and so is the activation at the end, which may bound it. The network
    computes in double precision and the derivative is that of `log R`: nothing overflows, and
    the logarithm ranks networks as the sum does.

    Sources: Tanaka et al., 2020, https://arxiv.org/abs/2006.05467 (`R_SF`, and the product as the
    score of a weight); Abdelfattah et al., 2021, https://arxiv.org/abs/2101.08134 (the sum as the
    score of a network).

    Args:
        model: A functional model.
        x: Inputs, of which only the shape counts.
        y: Not needed.

    Returns:
        The logarithm; minus infinity: nothing flows.

    Raises:
        ValueError: If the model's inputs are not known, or the backend is not TensorFlow.
    """
    ones = tree.map_structure(lambda part: ops.ones_like(part[:1]), x)

    def call(operation, *args, **kwargs):
        if isinstance(operation, (*_NORMS, keras.layers.Softmax)):
            return args[0]
        args, kwargs = tree.map_structure(_doubled, (args, kwargs))
        # Not `__call__`, which would take them back to the layer's own precision.
        return operation.call(*args, **{**kwargs, **_training(operation, False)})

    def log_flow():
        with AutocastScope("float64"):
            outputs = tree.flatten(_follow(model, ones, call))
        return ops.log(sum(ops.sum(output) for output in outputs))

    kernels = _kernels(model)
    sizes = [ops.absolute(weight) for weight in model.trainable_weights]
    with _linear_ends(model):
        flow, slopes = _gradients(log_flow, model.trainable_weights, sizes)
    share = sum(
        float(ops.sum(ops.absolute(size * slope)))
        for weight, size, slope in zip(model.trainable_weights, sizes, slopes, strict=True)
        if id(weight) in kernels
    )
    return flow + math.log(share) if math.isfinite(flow) and share > 0 else -math.inf


def grad_norm(model: keras.Model, x, y) -> float:
    """How strongly a network answers to its first batch: the sum of `|dL/dtheta|_2`.

    The Euclidean norm of the loss's gradient, for each kernel, added up. Batch normalization
    takes the statistics of the batch, and dropout does nothing.

    Source: Abdelfattah et al., 2021, https://arxiv.org/abs/2101.08134.

    Args:
        model: A compiled functional model.
        x: Inputs.
        y: Targets.

    Raises:
        ValueError: If the model's inputs are not known, it is not compiled, or the backend is
            not TensorFlow.
    """
    if not model.compiled:
        raise ValueError(
            "`grad_norm` needs the loss of a compiled model. "
            f"Received: {model.name!r}, not compiled. Call its `compile` first."
        )

    def loss():
        outputs = _follow(model, x, _as_if_training)
        return model.compute_loss(x, y, outputs, training=False)

    kernels = _kernels(model)
    weights = [weight for weight in model.trainable_weights if id(weight) in kernels]
    values = [ops.copy(weight) for weight in weights]
    _, slopes = _gradients(loss, weights, values)
    return sum(float(ops.norm(ops.reshape(slope, (-1,)))) for slope in slopes)


SCORES: dict[str, Score] = {"naswot": naswot, "synflow": synflow, "grad_norm": grad_norm}
"""The scores by their names."""


def score_of(name: str | Score) -> Score:
    """The score of a name; a function is one itself.

    Raises:
        ValueError: If nobody knows the name.
    """
    if callable(name):
        return name
    if name not in SCORES:
        raise unknown_name("zero-cost score", name, SCORES)
    return SCORES[name]


# ---- Running a network another way ----------------------------------------------------------


def _follow(model: keras.Model, x, call: Callable) -> Any:
    """The outputs of a model in which `call(operation, *args, **kwargs)` does each operation."""
    graph = graph_of(model)
    if graph is None:
        raise ValueError(
            "Only a model whose inputs are known can be scored before it is trained. "
            f"Received: {model.name!r} of class {type(model).__name__}. "
            "Build it as a functional model, or begin it with `keras.Input`."
        )

    def operation_fn(operation):
        if graph_of(operation) is None:
            return lambda *args, **kwargs: call(operation, *args, **kwargs)
        return lambda *args, **kwargs: _follow(
            operation, args[0] if args else kwargs["inputs"], call
        )

    parts = [
        ops.convert_to_tensor(part) if ops.is_tensor(part) else ops.convert_to_tensor(part, i.dtype)
        for part, i in zip(tree.flatten(x), graph.inputs, strict=True)
    ]
    return graph._run_through_graph(parts, operation_fn=operation_fn)


def _as_if_training(operation, *args, **kwargs):
    """Calls an operation as in training, but without what is random in it."""
    normalizes = isinstance(operation, keras.layers.BatchNormalization)
    return operation(*args, **{**kwargs, **_training(operation, normalizes)})


def _training(operation, training: bool) -> dict[str, bool]:
    takes_it = getattr(operation, "_call_has_training_arg", False)
    return {"training": training} if takes_it else {}


def _doubled(part):
    """Floats in double precision, all else as it is."""
    is_float = ops.is_tensor(part) and keras.backend.is_float_dtype(part.dtype)
    return ops.cast(part, "float64") if is_float else part


def _rectifies(operation) -> bool:
    activation = getattr(operation, "activation", None)
    names = (type(operation).__name__, getattr(activation, "__name__", ""))
    return any(name.lower().replace("_", "") in _RECTIFIERS for name in names)


def _kernels(model: keras.Model) -> set[int]:
    """Ids of the weights that are no biases and belong to no normalization."""
    return {id(weight) for weight in model.trainable_weights if len(weight.shape) >= 2}


@contextlib.contextmanager
def _linear_ends(model: keras.Model) -> Iterator[None]:
    """While open, the layers that give the model's outputs have no activation."""
    ends = [operation for operation in _ends(model) if hasattr(operation, "activation")]
    activations = [operation.activation for operation in ends]
    for operation in ends:
        operation.activation = keras.activations.linear
    try:
        yield
    finally:
        for operation, activation in zip(ends, activations, strict=True):
            operation.activation = activation


def _ends(model: keras.Model) -> Iterator[Any]:
    graph = graph_of(model)
    for output in graph.outputs if graph is not None else ():
        operation = output._keras_history.operation
        if graph_of(operation) is None:
            yield operation
        else:
            yield from _ends(operation)


def _gradients(function: Callable[[], Any], weights, values) -> tuple[float, list]:
    """A function's value where weights have these values, and its derivatives by them."""
    if keras.backend.backend() != "tensorflow":
        raise ValueError(
            "This score needs gradients, which are taken from TensorFlow so far. "
            f"Received: the backend {keras.backend.backend()!r}. Score by `naswot`."
        )
    import tensorflow as tf

    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(values)
        with keras.StatelessScope(list(zip(weights, values, strict=True))):
            result = function()
    zero = tf.UnconnectedGradients.ZERO
    slopes = tape.gradient(result, values, unconnected_gradients=zero)
    # Those of embeddings come as the rows that were looked up.
    return float(result), [tf.convert_to_tensor(slope) for slope in slopes]
