"""Traces: ways through a grammar, as a recurrent controller reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from autokeras_nas.architecture import Decision, Grammar, Value
from autokeras_nas.controllers.weights import Rows


@dataclass(frozen=True)
class Step:
    """One step of the network.

    Attributes:
        name: Number of the name of the decision that it is made for.
        fed: Numbers of the choices made since the step before.
    """

    name: int
    fed: tuple[int, ...]


@dataclass(frozen=True)
class Question:
    """One decision.

    Attributes:
        step: The step whose output answers it.
        legal: Numbers of its legal choices.
        joined: The step of the earlier layer that the second choice joins; None: it is no anchor.
    """

    step: int
    legal: tuple[int, ...]
    joined: int | None = None


@dataclass(frozen=True)
class Trace:
    """A way through a grammar.

    Attributes:
        steps: The steps of the network.
        questions: The decisions.
        chosen: For each of them the place of the answer among the legal choices.
    """

    steps: tuple[Step, ...]
    questions: tuple[Question, ...]
    chosen: tuple[int, ...]

    def to_json(self) -> list[Any]:
        """The trace as JSON."""
        return [
            [[step.name, step.fed] for step in self.steps],
            [[question.step, question.legal, question.joined] for question in self.questions],
            self.chosen,
        ]

    @classmethod
    def from_json(cls, state: list[Any]) -> Trace:
        """The trace of `to_json`."""
        steps, questions, chosen = state
        return cls(
            tuple(Step(name, tuple(fed)) for name, fed in steps),
            tuple(Question(step, tuple(legal), joined) for step, legal, joined in questions),
            tuple(chosen),
        )


class Walk:
    """A trace as it comes into being.

    Every decision is a step of the network, but for anchors that follow an anchor: all that join
    one layer to earlier ones share the step of the first, and are independent of one another.

    Args:
        names: Numbers for the names of decisions.
        choices: Numbers for choices: of a decision's name and what stands for the choice.
    """

    def __init__(self, names: Rows, choices: Rows):
        self._names, self._choices = names, choices
        self._step_names: list[str] = []
        self._unfed: list[int] = []
        self._in_anchors = False
        self.steps: list[Step] = []
        self.questions: list[Question] = []
        self.chosen: list[int] = []

    def ask(self, decision: Decision) -> Question:
        """Takes up the next decision; the one before must have been answered."""
        joined = self._joined(decision)
        if joined is None or not self._in_anchors:
            self.steps.append(Step(self._names.number(decision.name), tuple(self._unfed)))
            self._step_names.append(decision.name)
            self._unfed = []
        self._in_anchors = joined is not None
        # A range is told by its middle, and 1 from True by how they are written.
        legal = tuple(
            self._choices.number((decision.name, repr(choice.middle())))
            for choice in decision.choices
        )
        question = Question(len(self.steps) - 1, legal, joined)
        self.questions.append(question)
        return question

    def answer(self, place: int) -> None:
        """Answers the last decision by the place of a choice."""
        self.chosen.append(place)
        self._unfed.append(self.questions[-1].legal[place])

    def trace(self) -> Trace:
        """The way so far; every decision must have been answered."""
        return Trace(tuple(self.steps), tuple(self.questions), tuple(self.chosen))

    def _joined(self, decision: Decision) -> int | None:
        """The last step of the layer that a yes-or-no decision may join, if it is an anchor."""
        if len(decision.anchors) != 1 or len(decision.choices) != 2:
            return None
        (layer,) = decision.anchors
        for step in reversed(range(len(self._step_names))):
            if f"{self._step_names[step]}_".startswith(f"{layer}_"):
                return step
        return None


def trace_of(
    grammar: Grammar, values: Mapping[str, Value], walk: Walk, progress: float = 1.0
) -> Trace | None:
    """The trace of an architecture; None: it is not legal.

    Args:
        grammar: The grammar.
        values: A complete architecture.
        walk: A new walk.
        progress: How far the search is, in [0, 1].
    """
    prefix: dict[str, Value] = {}
    for decision in grammar.unfold(prefix, progress):
        value = values.get(decision.name)
        place = None if value is None else decision.index(value)
        if place is None:
            return None
        walk.ask(decision)
        walk.answer(place)
        prefix[decision.name] = values[decision.name]
    return walk.trace() if prefix.keys() == values.keys() else None
