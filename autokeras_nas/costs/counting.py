"""Parameters and FLOPs of any Keras model, counted from its layers and the shapes between them."""

from __future__ import annotations

import contextlib
import functools
import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import keras
from keras import tree
from keras.src.backend.common import global_state

_TRANSPOSED = (
    keras.layers.Conv1DTranspose,
    keras.layers.Conv2DTranspose,
    keras.layers.Conv3DTranspose,
)


@dataclass(frozen=True)
class Costs:
    """What a network costs before anyone trains it.

    Attributes:
        parameters: Numbers in its weights, as `keras.Model.count_params` counts them.
        trainable_parameters: Those that training changes.
        flops: Twice the multiply-adds of one forward pass over one example; None: a
            length is free, and with it the cost.
        bytes: Memory of the weights.
    """

    parameters: int
    trainable_parameters: int
    flops: int | None
    bytes: int


def count(build: Callable[[], keras.Model]) -> Costs:
    """The costs of a model that is built without memory for its variables.

    The built model is thrown away. Neither the numbering of Keras's layer names nor
    Python's random generator, from which Keras draws seeds, moves: a model built
    afterwards is the model that would have been built without counting.

    Args:
        build: Returns a functional or sequential `keras.Model`.

    Returns:
        Its costs.

    Raises:
        TypeError: If `build` is not callable or returns no Keras model.
        ValueError: If the model's inputs are not known.
    """
    # A model is callable too, with inputs.
    if isinstance(build, keras.Model) or not callable(build):
        raise TypeError(
            "`build` must be a function that returns a Keras model. "
            f"Received: {build!r} of type {type(build).__name__}. "
            "For a model that exists already, call `count_model`."
        )
    with _without_traces(), _without_compiling():
        return count_model(build())


def count_model(model: keras.Model) -> Costs:
    """The costs of a model.

    One rule counts FLOPs: a kernel, that is a weight of rank 2 or more whose name ends in
    `kernel` as in Keras's own layers, costs

        `2 * prod(kernel shape) * positions`

    where positions are the places of the output at which it is applied: height times
    width for a convolution (for a transposed one, those of the input; for a separable
    one, the output's for both of its kernels), time steps for a recurrent layer, 1 for
    `Dense` on a vector. Biases, normalisation, activations, pooling, sums and the
    products of attention between queries, keys and values cost zero, as in most published
    multiply-add figures. Nested models and layers made of layers are entered. A layer
    that is called twice costs its FLOPs twice and its parameters once.

    Args:
        model: Functional or sequential, with variables or built without.

    Returns:
        Its costs.

    Raises:
        TypeError: If it is not a Keras model.
        ValueError: If its inputs are not known.
    """
    if not isinstance(model, keras.Model):
        raise TypeError(
            "Only Keras models can be counted. "
            f"Received: {model!r} of type {type(model).__name__}. "
            "Return a `keras.Model` from the function that builds it."
        )
    graph = graph_of(model)
    if graph is None:
        raise ValueError(
            "A model can be counted only where its inputs are known. "
            f"Received: {model.name!r} of class {type(model).__name__}, without symbolic "
            "inputs. Build it as a functional model, or begin it with `keras.Input`."
        )
    inputs = [keras.KerasTensor((1, *x.shape[1:]), x.dtype) for x in graph.inputs]
    counter = _FlopCounter()
    # Shape inference runs layers, whose updates must not reach a real model's variables.
    with _without_traces():
        counter.enter(graph, inputs)
    return Costs(
        parameters=_numbers(model.weights),
        trainable_parameters=_numbers(model.trainable_weights),
        flops=counter.flops,
        bytes=sum(_numbers([w]) * _item_bytes(w.dtype) for w in model.weights),
    )


class _FlopCounter:
    """Walks a graph from its inputs on, adding up what each call costs.

    Attributes:
        flops: The sum so far; None once a length was free.
    """

    def __init__(self):
        self.flops: int | None = 0

    def enter(self, graph, inputs):
        """Follows concrete input shapes through a functional graph; returns its outputs."""
        return graph._run_through_graph(
            inputs, operation_fn=lambda operation: functools.partial(self.call, operation)
        )

    def call(self, operation, *args, **kwargs):
        """Adds one call of an operation; returns the symbolic outputs."""
        graph = graph_of(operation)
        if graph is not None:
            return self.enter(graph, tree.flatten(args[0] if args else kwargs["inputs"]))
        if _has_own_rule(operation):
            outputs = operation.compute_output_spec(*args, **kwargs)
            if isinstance(operation, keras.layers.Layer):
                self.add(operation, _first_shape(args, kwargs), outputs)
            return outputs
        with self.listening(operation):
            # Layer's own version may infer the shape without running what is inside.
            outputs = keras.Operation.compute_output_spec(operation, *args, **kwargs)
        self.add(operation, _first_shape(args, kwargs), outputs)
        return outputs

    @contextlib.contextmanager
    def listening(self, composite: keras.layers.Layer) -> Iterator[None]:
        """While open, every call of a layer within a layer made of layers is added."""
        parts = list({id(part): part for part in _parts_of(composite)}.values())

        def heard(part, call):
            @functools.wraps(call)
            def call_and_add(*args, **kwargs):
                outputs = call(*args, **kwargs)
                self.add(part, _first_shape(args, kwargs), outputs)
                return outputs

            return call_and_add

        # Straight into the dictionary: layers track what is set as an attribute.
        for part in parts:
            part.__dict__["call"] = heard(part, part.call)
        try:
            yield
        finally:
            for part in parts:
                part.__dict__.pop("call", None)

    def add(self, layer, input_shape, outputs) -> None:
        """Adds a call with a known input shape; batch axes are ignored."""
        if self.flops is None:
            return
        if isinstance(layer, keras.layers.TimeDistributed):
            self.add_each_step(layer.layer, input_shape)
            return
        kernels = _kernels(layer)
        if not kernels:
            return
        # Further outputs are states, of no positions of their own.
        output_shape = tuple(tree.flatten(outputs)[0].shape)
        positions = _positions(layer, input_shape, output_shape)
        known = [size for size in positions if size is not None]
        if len(known) < len(positions):
            self.flops = None
            return
        sizes = sum(math.prod(kernel.shape) for kernel in kernels)
        self.flops += 2 * sizes * math.prod(known)

    def add_each_step(self, layer, input_shape) -> None:
        """Adds a layer that is applied at every step of `(batch, steps, ...)`."""
        steps, one_step = input_shape[1], _FlopCounter()
        one_step.call(layer, keras.KerasTensor((1, *input_shape[2:])))
        unknown = steps is None or one_step.flops is None
        self.flops = None if unknown else self.flops + steps * one_step.flops


def _positions(layer, input_shape, output_shape) -> tuple[int | None, ...]:
    """Sizes of the axes along which a layer applies its kernels again and again."""
    if isinstance(layer, keras.layers.RNN):
        # Steps and, for a convolutional cell, the places of its output.
        return (input_shape[1], *output_shape[-(len(input_shape) - 2) : -1])
    if isinstance(layer, keras.layers.EinsumDense):
        return _einsum_positions(layer, output_shape)
    shape = input_shape if isinstance(layer, _TRANSPOSED) else output_shape
    if getattr(layer, "data_format", None) == "channels_first":
        return tuple(shape[2:])
    return tuple(shape[1:-1])


def _einsum_positions(layer, output_shape) -> tuple[int | None, ...]:
    """Output axes that are not the kernel's: `t` in `"btd,dhk->bthk"`."""
    _, _, rest = layer.equation.replace(" ", "").partition(",")
    kernel_axes, _, output_axes = rest.partition("->")
    if "..." in output_axes:
        before, after = output_axes.split("...")
        middle = len(output_shape) - len(before) - len(after)
        # Characters that no equation can hold stand for the axes of the ellipsis.
        output_axes = before + "." * middle + after
    axes = list(zip(output_axes, output_shape, strict=True))[1:]
    return tuple(size for axis, size in axes if axis not in kernel_axes)


def graph_of(operation):
    """The functional graph of a model; None: it has none."""
    if isinstance(operation, keras.Sequential):
        return operation._functional if operation.built else None
    return operation if isinstance(operation, keras.Function) else None


def _has_own_rule(operation) -> bool:
    """Whether a call can be counted without listening to layers inside."""
    if isinstance(operation, keras.layers.RNN | keras.layers.TimeDistributed):
        return True
    return not isinstance(operation, keras.layers.Layer) or not operation._layers


def _parts_of(composite) -> Iterator[keras.layers.Layer]:
    for part in composite._layers:
        yield part
        if not _has_own_rule(part):
            yield from _parts_of(part)


def _kernels(layer) -> list:
    """A layer's own kernels; those of layers inside are counted when they are called."""
    own = layer._trainable_variables + layer._non_trainable_variables
    weights = layer.weights if isinstance(layer, keras.layers.RNN) else own
    return [w for w in weights if len(w.shape) >= 2 and w.name.endswith("kernel")]


def _first_shape(args, kwargs) -> tuple[int | None, ...]:
    tensors = (x for x in tree.flatten((args, kwargs)) if hasattr(x, "shape"))
    return tuple(next((x.shape for x in tensors), ()))


def _numbers(weights) -> int:
    return sum(math.prod(weight.shape) for weight in weights)


def _item_bytes(dtype: str) -> int:
    # Not NumPy's sizes: it knows no bfloat16. A boolean takes a byte.
    bits = "".join(filter(str.isdigit, dtype.removeprefix("bfloat").split("_")[0])) or "8"
    return max(1, int(bits) // 8)


@contextlib.contextmanager
def _without_compiling() -> Iterator[None]:
    """Models that are compiled within stay as they are: metrics make variables at once."""
    compile_model = keras.Model.compile
    keras.Model.compile = lambda self, *args, **kwargs: None
    try:
        yield
    finally:
        keras.Model.compile = compile_model


@contextlib.contextmanager
def _without_traces() -> Iterator[None]:
    """Builds within leave no variables, layer numbers or random draws behind."""
    generator = random.getstate()
    names = global_state.get_global_attribute("object_name_uids")
    waiting = global_state.get_global_attribute("uninitialized_variables", [])
    global_state.set_global_attribute("object_name_uids", names.copy() if names else None)
    global_state.set_global_attribute("uninitialized_variables", [])
    try:
        # Otherwise Keras makes the variables after all when the scope closes.
        with keras.StatelessScope(initialize_variables=False):
            yield
    finally:
        random.setstate(generator)
        global_state.set_global_attribute("object_name_uids", names)
        global_state.set_global_attribute("uninitialized_variables", waiting)
