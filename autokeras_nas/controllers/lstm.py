"""A stack of LSTM layers: step by step to sample, and through time to learn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from autokeras_nas.controllers.weights import Weights, uniform


@dataclass(frozen=True)
class _LayerTape:
    """What one layer remembers of its way forward, steps first.

    Attributes:
        inputs: `(steps, batch, inputs)`.
        gates: Input, forget and output gate and the candidate, `(steps, batch, 4 units)`.
        cells: `(steps + 1, batch, units)`, the zeros before the first step included.
        outputs: Likewise.
    """

    inputs: np.ndarray
    gates: np.ndarray
    cells: np.ndarray
    outputs: np.ndarray


Tape = list[_LayerTape]


class Lstm:
    """A stack of LSTM layers without peepholes, whose weights lie with the caller.

    With input, forget and output gates *i*, *f*, *o* and candidate *g*:

        [i, f, o] = sigmoid(x W + h U + b),  g = tanh(x W + h U + b)
        c' = f c + i g,  h' = o tanh(c')

    Of layer *k* the weights are `lstm_k_input` (*W*, `(inputs, 4 units)`), `lstm_k_recurrent`
    (*U*, `(units, 4 units)`) and `lstm_k_bias` (*b*, `(4 units,)`).

    Source: Hochreiter and Schmidhuber, 1997, with the forget gate of Gers et al., 2000.

    Args:
        inputs: Size of the inputs of the first layer.
        units: Size of each layer.
        layers: How many there are.
    """

    def __init__(self, inputs: int, units: int, layers: int):
        self.inputs = inputs
        self.units = units
        self.layers = layers

    def new_weights(self, key: str, scale: float) -> Weights:
        """Weights from U(-scale, scale) by their key; the biases zero, of forget gates one."""
        weights = {}
        for layer in range(self.layers):
            inputs = self.units if layer else self.inputs
            for kind, size in (("input", inputs), ("recurrent", self.units)):
                name = f"lstm_{layer}_{kind}"
                weights[name] = uniform(f"{key}/{name}", (size, 4 * self.units), scale)
            bias = weights[f"lstm_{layer}_bias"] = np.zeros(4 * self.units)
            bias[self.units : 2 * self.units] = 1.0
        return weights

    def stepper(self, weights: Weights) -> Stepper:
        """A single sequence, to be taken step by step with the weights of now."""
        return Stepper(self, weights)

    def forward(self, weights: Weights, inputs: np.ndarray) -> tuple[np.ndarray, Tape]:
        """All steps of a batch of sequences.

        Sequences that are shorter may be filled up at their ends with anything: no step hears of
        those behind it.

        Args:
            weights: The weights.
            inputs: `(steps, batch, inputs)`.

        Returns:
            The outputs of the last layer, `(steps, batch, units)`, and what `backward` needs.
        """
        steps, batch, _ = inputs.shape
        tape = []
        for layer in range(self.layers):
            from_input, recurrent, bias = self.halved(weights, layer)
            gates = inputs @ from_input + bias
            cells = np.zeros((steps + 1, batch, self.units))
            outputs = np.zeros_like(cells)
            for t in range(steps):
                gates[t] += outputs[t] @ recurrent
                outputs[t + 1], cells[t + 1] = self.cell(gates[t], cells[t])
            tape.append(_LayerTape(inputs, gates, cells, outputs))
            inputs = outputs[1:]
        return inputs, tape

    def backward(
        self, weights: Weights, tape: Tape, slopes: np.ndarray
    ) -> tuple[np.ndarray, Weights]:
        """The gradient of a number that depends on the outputs, through time.

        Args:
            weights: The weights of `forward`.
            tape: What `forward` returned.
            slopes: The number's gradient by the outputs, `(steps, batch, units)`.

        Returns:
            Its gradients by the inputs, `(steps, batch, inputs)`, and by the weights.
        """
        gradient = {}
        for layer in reversed(range(self.layers)):
            by_drive = self._through_time(weights[f"lstm_{layer}_recurrent"], tape[layer], slopes)
            before = tape[layer].outputs[:-1]
            gradient[f"lstm_{layer}_input"] = _products(tape[layer].inputs, by_drive)
            gradient[f"lstm_{layer}_recurrent"] = _products(before, by_drive)
            gradient[f"lstm_{layer}_bias"] = by_drive.sum(axis=(0, 1))
            slopes = by_drive @ weights[f"lstm_{layer}_input"].T
        return slopes, gradient

    def _through_time(
        self, recurrent: np.ndarray, tape: _LayerTape, slopes: np.ndarray
    ) -> np.ndarray:
        """The gradient by what drives the gates, `(steps, batch, 4 units)`."""
        units = self.units
        squashed = np.tanh(tape.cells[1:])
        by_drive = np.empty_like(tape.gates)
        by_output, by_cell = np.zeros_like(slopes[0]), np.zeros_like(slopes[0])
        for t in reversed(range(len(slopes))):
            gates, by_gates = tape.gates[t], by_drive[t]
            i, f = gates[:, :units], gates[:, units : 2 * units]
            o, g = gates[:, 2 * units : 3 * units], gates[:, 3 * units :]
            by_output += slopes[t]
            by_cell += by_output * o * (1.0 - squashed[t] ** 2)
            by_gates[:, :units] = by_cell * g
            by_gates[:, units : 2 * units] = by_cell * tape.cells[t]
            by_gates[:, 2 * units : 3 * units] = by_output * squashed[t]
            by_gates[:, 3 * units :] = by_cell * i * (1.0 - g**2)
            by_gates[:, : 3 * units] *= gates[:, : 3 * units] * (1.0 - gates[:, : 3 * units])
            by_output, by_cell = by_gates @ recurrent.T, by_cell * f
        return by_drive

    def halved(self, weights: Mapping[str, np.ndarray], layer: int) -> tuple[np.ndarray, ...]:
        """Input, recurrent and bias weights of a layer, those of the three gates by half.

        As `sigmoid(z) = (1 + tanh(z / 2)) / 2`, one hyperbolic tangent, which never overflows,
        then serves all four.
        """
        factors = np.ones(4 * self.units)
        factors[: 3 * self.units] = 0.5
        return tuple(
            weights[f"lstm_{layer}_{kind}"] * factors for kind in ("input", "recurrent", "bias")
        )

    def cell(self, drive: np.ndarray, cell: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The new output and cell, `(..., units)` each.

        Args:
            drive: What drives gates and candidate, by halved weights, `(..., 4 units)`; becomes
                the gates and the candidate.
            cell: The cell before.
        """
        units = self.units
        np.tanh(drive, out=drive)
        gates = drive[..., : 3 * units]
        gates *= 0.5
        gates += 0.5
        cell = gates[..., units : 2 * units] * cell
        cell += gates[..., :units] * drive[..., 3 * units :]
        return gates[..., 2 * units :] * np.tanh(cell), cell


class Stepper:
    """A single sequence, whose next input may depend on the last output.

    Args:
        lstm: The layers.
        weights: Their weights.
    """

    def __init__(self, lstm: Lstm, weights: Weights):
        self._lstm = lstm
        # One product for each layer and step: of the input, the last output and a one.
        self._weights = [np.vstack(lstm.halved(weights, k)) for k in range(lstm.layers)]
        self._read = [np.zeros(len(stacked)) for stacked in self._weights]
        for read in self._read:
            read[-1] = 1.0
        self._cells = [np.zeros(lstm.units)] * lstm.layers

    def step(self, x: np.ndarray) -> np.ndarray:
        """The output of the last layer, `(units,)`, for an input `(inputs,)`."""
        for layer, (stacked, read) in enumerate(zip(self._weights, self._read, strict=True)):
            read[: len(x)] = x
            x, self._cells[layer] = self._lstm.cell(read @ stacked, self._cells[layer])
            read[-1 - len(x) : -1] = x
        return x


def _products(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The sum over steps of `left[t].T @ right[t]`."""
    total = np.zeros((left.shape[2], right.shape[2]))
    # One product over all steps is so large that BLAS would start its threads, which cost more.
    for at_left, at_right in zip(left, right, strict=True):
        total += at_left.T @ at_right
    return total
