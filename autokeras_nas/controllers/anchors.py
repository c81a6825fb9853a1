"""Set-selection attention: which earlier layers feed a layer, each by a yes or no of its own."""

from __future__ import annotations

import numpy as np

from autokeras_nas.controllers.weights import Weights, uniform

_PREVIOUS, _CURRENT, _VECTOR = "anchor_previous", "anchor_current", "anchor_vector"


def new_weights(key: str, units: int, scale: float) -> Weights:
    """Weights from U(-scale, scale): two square matrices and a vector."""
    shapes: dict[str, tuple[int, ...]] = {
        _PREVIOUS: (units, units),
        _CURRENT: (units, units),
        _VECTOR: (units,),
    }
    return {name: uniform(f"{key}/{name}", shape, scale) for name, shape in shapes.items()}


def logit(weights: Weights, earlier: np.ndarray, current: np.ndarray) -> np.ndarray:
    """How much speaks for it that an earlier layer feeds the current one.

        P(j feeds i) = sigmoid(v . tanh(W_prev h_j + W_curr h_i))

    Source: Zoph and Le, 2017, https://arxiv.org/abs/1611.01578, Section 3.3.

    Args:
        weights: *W_prev*, *W_curr* and *v*.
        earlier: Outputs of the network at the earlier layers, *h_j*, `(..., units)`.
        current: Those at the current layers, *h_i*, `(..., units)`.

    Returns:
        The arguments of the sigmoid, `(...,)`.
    """
    return _hidden(weights, earlier, current) @ weights[_VECTOR]


def logit_slopes(
    weights: Weights, earlier: np.ndarray, current: np.ndarray, slopes: np.ndarray
) -> tuple[np.ndarray, np.ndarray, Weights]:
    """The gradient of a number that depends on logits.

    Args:
        weights: As for `logit`.
        earlier: `(anchors, units)`.
        current: `(anchors, units)`.
        slopes: The number's gradient by the logits, `(anchors,)`.

    Returns:
        Its gradients by `earlier`, by `current` and by the weights.
    """
    hidden = _hidden(weights, earlier, current)
    by_hidden = slopes[:, None] * weights[_VECTOR] * (1.0 - hidden**2)
    gradient = {
        _PREVIOUS: earlier.T @ by_hidden,
        _CURRENT: current.T @ by_hidden,
        _VECTOR: slopes @ hidden,
    }
    return by_hidden @ weights[_PREVIOUS].T, by_hidden @ weights[_CURRENT].T, gradient


def _hidden(weights: Weights, earlier: np.ndarray, current: np.ndarray) -> np.ndarray:
    return np.tanh(earlier @ weights[_PREVIOUS] + current @ weights[_CURRENT])
