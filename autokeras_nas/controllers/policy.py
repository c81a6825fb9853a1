"""Policy: a recurrent network that draws architectures of any grammar, decision by decision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autokeras_nas.architecture import Grammar, Value, Values
from autokeras_nas.controllers import anchors
from autokeras_nas.controllers.lstm import Lstm
from autokeras_nas.controllers.traces import Question, Step, Trace, Walk, trace_of
from autokeras_nas.controllers.weights import Rows, Weights, uniform, with_rows, zeros_like
from autokeras_nas.storage import pack, unpack

_NAMES, _CHOICES, _HEADS, _BIASES = "names", "choices", "heads", "head_biases"


class Policy:
    """Draws an architecture as a sequence, each decision from a softmax given those before.

    At each decision an LSTM reads the decision's name and the choice before it, each by an
    embedding of its own. The softmax over the legal choices has a row of weights for each
    choice of each name, so decisions may have any number of choices, lose some and follow
    on conditions; ranges are drawn bin by bin. A yes-or-no decision that may join one earlier layer
    (an anchor) is drawn by attention to that layer's output; those of one layer share a step,
    after which the mean of the embeddings of their answers is read.

    Names and choices are met on the way. Their weights follow from the seed and their own text,
    so what is met earlier or later makes no difference.

    Source: Zoph and Le, 2017, https://arxiv.org/abs/1611.01578, Sections 3.1 and 3.3. Not told
    there, and chosen here: the embedding of names, biases at zero (forget gates: one), and what
    is read after anchors.

    Args:
        seed: The seed of the weights.
        units: Size of each LSTM layer, and of the embeddings.
        layers: How many there are.
        scale: The first weights are from U(-scale, scale).
    """

    def __init__(self, seed: int, units: int = 35, layers: int = 2, scale: float = 0.08):
        self.seed = seed
        self.units = units
        self.layers = layers
        self.scale = scale
        self._lstm = Lstm(units, units, layers)
        self._names, self._choices = Rows(), Rows()
        key = f"{seed}"
        self._weights: Weights = {
            **self._lstm.new_weights(key, scale),
            **anchors.new_weights(key, units, scale),
            _NAMES: np.zeros((0, units)),
            _CHOICES: np.zeros((0, units)),
            _HEADS: np.zeros((0, units)),
            _BIASES: np.zeros(0),
        }

    @property
    def weights(self) -> Weights:
        """All weights, to be changed in place."""
        self._add_rows()
        return self._weights

    def sample(self, grammar: Grammar, rng: np.random.Generator, progress: float = 1.0) -> Values:
        """Draws a complete architecture.

        Args:
            grammar: The structure of the search space.
            rng: The source of chance.
            progress: How far the search is, in [0, 1].
        """
        values: Values = {}
        walk = Walk(self._names, self._choices)
        outputs: list[np.ndarray] = []
        stepper = self._lstm.stepper(self._weights)
        for decision in grammar.unfold(values, progress):
            question = walk.ask(decision)
            self._add_rows()
            if len(outputs) < len(walk.steps):
                outputs.append(stepper.step(self._input(walk.steps[-1])))
            place = _draw(self._logits(question, outputs), rng)
            walk.answer(place)
            values[decision.name] = decision.choices[place].draw(rng)
        return values

    def trace(
        self, grammar: Grammar, values: Mapping[str, Value], progress: float = 1.0
    ) -> Trace | None:
        """How this network reads an architecture; None: it is not legal.

        Args:
            grammar: The structure of the search space.
            values: A complete architecture.
            progress: How far the search is, in [0, 1].
        """
        return trace_of(grammar, values, Walk(self._names, self._choices), progress)

    def log_probability(self, trace: Trace) -> float:
        """Of one architecture; cheaper than `read`, and equal to it but for rounding."""
        self._add_rows()
        stepper = self._lstm.stepper(self._weights)
        outputs = [stepper.step(self._input(step)) for step in trace.steps]
        total = 0.0
        for question, place in zip(trace.questions, trace.chosen, strict=True):
            logits = self._logits(question, outputs)
            top = logits.max()
            total += float(logits[place] - top - np.log(np.exp(logits - top).sum()))
        return total

    def read(self, traces: Sequence[Trace]) -> Reading:
        """Their log-probabilities and entropies, and the way back to the gradient."""
        return Reading(self._lstm, self.weights, _Layout(traces))

    def get_state(self) -> dict[str, Any]:
        """Weights and what their rows stand for, as JSON."""
        return {
            "seed": self.seed,
            "units": self.units,
            "layers": self.layers,
            "scale": self.scale,
            "names": self._names.keys,
            "choices": self._choices.keys,
            "weights": {name: pack(array) for name, array in self.weights.items()},
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Policy:
        """The policy that gave a state."""
        policy = cls(*(state[name] for name in ("seed", "units", "layers", "scale")))
        policy._names = Rows(state["names"])
        policy._choices = Rows([tuple(key) for key in state["choices"]])
        policy._weights = {name: unpack(array) for name, array in state["weights"].items()}
        return policy

    def _input(self, step: Step) -> np.ndarray:
        x = self._weights[_NAMES][step.name]
        if len(step.fed) == 1:
            return x + self._weights[_CHOICES][step.fed[0]]
        if step.fed:
            return x + self._weights[_CHOICES][list(step.fed)].mean(axis=0)
        return x

    def _logits(self, question: Question, outputs: Sequence[np.ndarray]) -> np.ndarray:
        current = outputs[question.step]
        if question.joined is not None:
            logit = anchors.logit(self._weights, outputs[question.joined], current)
            return np.array([0.0, logit])
        legal = list(question.legal)
        return self._weights[_HEADS][legal] @ current + self._weights[_BIASES][legal]

    def _add_rows(self) -> None:
        """Weights for names and choices that are new."""
        for table, rows in ((_NAMES, self._names), (_CHOICES, self._choices)):
            made = len(self._weights[table])
            if made == len(rows):
                continue
            new = rows.keys[made:]
            for grown in (table,) if table == _NAMES else (table, _HEADS):
                born = [uniform(f"{self.seed}/{grown}/{k}", (self.units,), self.scale) for k in new]
                self._weights[grown] = np.concatenate([self._weights[grown], born])
        self._weights[_BIASES] = with_rows(self._weights[_BIASES], len(self._choices))


@dataclass(frozen=True)
class _Group:
    """Decisions of a batch that are between the same choices.

    Attributes:
        legal: Numbers of the choices.
        children: For each decision the child whose it is.
        steps: The step whose output answers it.
        chosen: The place of the answer.
        joined: The steps that anchors join; None: these are no anchors.
    """

    legal: np.ndarray
    children: np.ndarray
    steps: np.ndarray
    chosen: np.ndarray
    joined: np.ndarray | None


class _Layout:
    """Where everything stands in a batch of traces.

    Args:
        traces: One for each child.
    """

    def __init__(self, traces: Sequence[Trace]):
        self.children = len(traces)
        self.steps = max((len(trace.steps) for trace in traces), default=0)
        places = [(t, b, s) for b, trace in enumerate(traces) for t, s in enumerate(trace.steps)]
        self.name_places = tuple(np.array([p[:2] for p in places], int).reshape(-1, 2).T)
        self.names = np.array([step.name for _, _, step in places], int)
        fed = [(t, b, c, 1.0 / len(step.fed)) for t, b, step in places for c in step.fed]
        self.fed_places = tuple(np.array([f[:2] for f in fed], int).reshape(-1, 2).T)
        self.fed = np.array([f[2] for f in fed], int)
        self.shares = np.array([f[3] for f in fed])[:, None]
        self.groups = list(self._groups(traces))

    @staticmethod
    def _groups(traces):
        groups: dict[tuple, list[tuple[int, int, int, int]]] = {}
        for child, trace in enumerate(traces):
            for question, chosen in zip(trace.questions, trace.chosen, strict=True):
                key = (question.legal, question.joined is not None)
                joined = -1 if question.joined is None else question.joined
                groups.setdefault(key, []).append((child, question.step, chosen, joined))
        for (legal, is_anchor), members in groups.items():
            children, steps, chosen, joined = np.array(members).T
            yield _Group(np.array(legal), children, steps, chosen, joined if is_anchor else None)


class Reading:
    """A batch of traces, read by a policy with the weights of now.

    Attributes:
        log_probabilities: Of each trace the sum over its decisions, `(traces,)`.
        entropies: Of each trace the sum of the entropies of the softmaxes met on its way,
            in nats, `(traces,)`.
    """

    def __init__(self, lstm: Lstm, weights: Weights, layout: _Layout):
        self._lstm, self._weights, self._layout = lstm, weights, layout
        inputs = np.zeros((layout.steps, layout.children, lstm.inputs))
        inputs[layout.name_places] = weights[_NAMES][layout.names]
        np.add.at(inputs, layout.fed_places, weights[_CHOICES][layout.fed] * layout.shares)
        self._outputs, self._tape = lstm.forward(weights, inputs)
        self.log_probabilities = np.zeros(layout.children)
        self.entropies = np.zeros(layout.children)
        self._logs = []
        for group in layout.groups:
            logs = _log_softmax(self._logits(group))
            chosen = logs[np.arange(len(logs)), group.chosen]
            np.add.at(self.log_probabilities, group.children, chosen)
            np.add.at(self.entropies, group.children, -(np.exp(logs) * logs).sum(axis=1))
            self._logs.append(logs)

    def gradient(self, by_log_probability: np.ndarray, by_entropy: np.ndarray | float) -> Weights:
        """The gradient, by all weights, of a number that depends on what was read.

        Args:
            by_log_probability: The number's gradient by the log-probabilities, `(traces,)`.
            by_entropy: Its gradient by the entropies, `(traces,)` or one for all.
        """
        layout, weights = self._layout, self._weights
        gradient = zeros_like(weights)
        by_entropies = np.broadcast_to(by_entropy, (layout.children,))
        by_output = np.zeros_like(self._outputs)
        for group, logs in zip(layout.groups, self._logs, strict=True):
            by_logit = _logit_slopes(
                logs,
                group.chosen,
                by_log_probability[group.children, None],
                by_entropies[group.children, None],
            )
            self._back_through(group, by_logit, by_output, gradient)
        by_input, of_lstm = self._lstm.backward(weights, self._tape, by_output)
        gradient.update(of_lstm)
        np.add.at(gradient[_NAMES], layout.names, by_input[layout.name_places])
        np.add.at(gradient[_CHOICES], layout.fed, by_input[layout.fed_places] * layout.shares)
        return gradient

    def _logits(self, group: _Group) -> np.ndarray:
        """`(decisions, choices)`."""
        current = self._outputs[group.steps, group.children]
        if group.joined is not None:
            earlier = self._outputs[group.joined, group.children]
            logits = anchors.logit(self._weights, earlier, current)
            return np.stack([np.zeros_like(logits), logits], axis=1)
        return current @ self._weights[_HEADS][group.legal].T + self._weights[_BIASES][group.legal]

    def _back_through(
        self, group: _Group, by_logit: np.ndarray, by_output: np.ndarray, gradient: Weights
    ) -> None:
        """Adds what a group's logits, `(decisions, choices)`, pass on to outputs and weights."""
        at = (group.steps, group.children)
        current = self._outputs[at]
        if group.joined is None:
            by_current = by_logit @ self._weights[_HEADS][group.legal]
            # No choice is twice in a group, so plain indices add all.
            gradient[_HEADS][group.legal] += by_logit.T @ current
            gradient[_BIASES][group.legal] += by_logit.sum(axis=0)
        else:
            joined = (group.joined, group.children)
            by_earlier, by_current, of_anchors = anchors.logit_slopes(
                self._weights, self._outputs[joined], current, by_logit[:, 1]
            )
            np.add.at(by_output, joined, by_earlier)
            for name, slopes in of_anchors.items():
                gradient[name] += slopes
        np.add.at(by_output, at, by_current)


def _log_softmax(logits: np.ndarray) -> np.ndarray:
    shifted = logits - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def _logit_slopes(
    logs: np.ndarray, chosen: np.ndarray, by_log_probability: np.ndarray, by_entropy: np.ndarray
) -> np.ndarray:
    """The gradient by the logits of softmaxes, `(decisions, choices)`.

    With probabilities *p* and entropy *H*: `d log p_a / d z_k = [a = k] - p_k` and
    `d H / d z_k = -p_k (log p_k + H)`.
    """
    probabilities = np.exp(logs)
    entropies = -(probabilities * logs).sum(axis=1, keepdims=True)
    slopes = -probabilities * (by_log_probability + by_entropy * (logs + entropies))
    slopes[np.arange(len(logs)), chosen] += by_log_probability[:, 0]
    return slopes


def _draw(logits: np.ndarray, rng: np.random.Generator) -> int:
    """A place, drawn by the softmax of logits `(choices,)`."""
    masses = np.exp(logits - logits.max()).cumsum()
    place = int(masses.searchsorted(rng.random() * masses[-1], side="right"))
    return min(place, len(masses) - 1)
