"""Tensors of many variables as one vector: one operation for what would take hundreds."""

from __future__ import annotations

import itertools
import math

from keras import ops


def size(variables) -> int:
    """How long the vector of these variables is."""
    return sum(_sizes(variables))


def flat(tensors, variables):
    """Tensors end to end.

    Args:
        tensors: One for each variable, of its shape; None: zeros.
        variables: The variables; their own values may be the tensors.

    Returns:
        Float32 `(size(variables),)`.
    """
    vectors = [
        ops.zeros((length,), "float32")
        if tensor is None
        else ops.cast(_shaped(tensor, (length,)), "float32")
        for tensor, length in zip(tensors, _sizes(variables), strict=True)
    ]
    return ops.concatenate(vectors)


def parts(vector, variables) -> list:
    """The tensors that `flat` laid end to end, in the variables' shapes and types."""
    ends = list(itertools.accumulate(_sizes(variables)))[:-1]
    pieces = ops.split(vector, ends) if ends else [vector]  # TensorFlow splits into no single one.
    return [
        ops.cast(_shaped(piece, variable.shape), variable.dtype)
        for piece, variable in zip(pieces, variables, strict=True)
    ]


def _shaped(tensor, shape):
    # Half of all variables are vectors already, and operations take time to compile.
    return tensor if tuple(tensor.shape) == tuple(shape) else ops.reshape(tensor, shape)


def _sizes(variables) -> list[int]:
    return [math.prod(variable.shape) for variable in variables]
