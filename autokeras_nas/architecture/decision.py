"""A decision: one architectural hyperparameter and the choices that are legal for it."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from autokeras_nas.architecture.values import Value


class Choice(Protocol):
    """Something that can be chosen and then stands for one or many values."""

    def draw(self, rng: np.random.Generator) -> Value: ...

    def middle(self) -> Value: ...

    def holds(self, value: Any) -> bool: ...


@dataclass(frozen=True)
class Exactly:
    """The choice of one value."""

    value: Value

    def draw(self, rng: np.random.Generator) -> Value:
        """The value itself; `rng` is left alone."""
        return self.value

    def middle(self) -> Value:
        """The value itself."""
        return self.value

    def holds(self, value: Any) -> bool:
        """Whether this choice stands for the value; `True` is not 1."""
        return value == self.value and isinstance(value, bool) == isinstance(self.value, bool)


@dataclass(frozen=True)
class Decision:
    """The next question on the way to a complete architecture.

    Attributes:
        name: The name under which the answer enters the values.
        choices: The legal answers; finite: a range of floats is cut into bins, within which
            the value is drawn.
        state: What a tabular learner may know of the way so far; by default the decision's
            name and the last choice.
        anchors: Names of the earlier layers that an anchor point may join; empty for others.
    """

    name: str
    choices: tuple[Choice, ...]
    state: Hashable = None
    anchors: tuple[str, ...] = field(default=())

    @classmethod
    def among(cls, name: str, values: Sequence[Value], **kwargs) -> Decision:
        """A decision between single values."""
        return cls(name, tuple(Exactly(value) for value in values), **kwargs)

    def index(self, value: Any) -> int | None:
        """The position of the choice that stands for a value; None: it is not legal."""
        for position, choice in enumerate(self.choices):
            if choice.holds(value):
                return position
        return None

    def draw(self, rng: np.random.Generator) -> Value:
        """A value under a choice drawn uniformly."""
        return self.choices[rng.integers(len(self.choices))].draw(rng)
