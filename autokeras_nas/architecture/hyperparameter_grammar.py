"""The grammar of any KerasTuner space: conditions, choices, ints, floats and booleans."""

from __future__ import annotations

import heapq
import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import keras_tuner
import numpy as np
from keras_tuner.src.engine.hyperparameters import hp_types

from autokeras_nas.architecture.decision import Decision, Exactly
from autokeras_nas.architecture.grammar import Grammar
from autokeras_nas.architecture.values import Value, Values

NUM_BINS = 8
"""Bins that a range without few values is cut into."""
_MOST_EXACT = 64
"""A numeric range of at most so many values is offered value by value."""
_MOST_REDRAWS = 100


@dataclass(frozen=True)
class Bin:
    """One of the equal parts of a numeric range, in KerasTuner's scale (linear or logarithmic).

    Attributes:
        entry: The KerasTuner entry, an int or a float.
        low: Where the bin starts on the scale from 0 to 1.
        high: Where it ends.
    """

    entry: hp_types.Float | hp_types.Int
    low: float
    high: float

    def draw(self, rng: np.random.Generator) -> Value:
        """A value drawn within the bin, uniformly on the entry's scale."""
        # A step that straddles an edge is held by one bin only, and rounding may leave the bin.
        for _ in range(_MOST_REDRAWS):
            value = self._at(rng.random())
            if self.holds(value):
                return value
        return self.middle()

    def middle(self) -> Value:
        """The value in the middle of the bin, on the entry's scale."""
        return self._at(0.5)

    def holds(self, value) -> bool:
        """Whether the value lies in the bin; the ends of the range belong to the outer bins."""
        kind = int if isinstance(self.entry, hp_types.Int) else float
        if isinstance(value, bool) or not isinstance(value, (int, kind)):
            return False
        if not self.entry.min_value <= value <= self.entry.max_value:
            return False
        place = min(max(self.entry.value_to_prob(value), 0.0), 1.0)
        return self.low <= place < self.high or (self.high == 1.0 and place == 1.0)

    def _at(self, share: float) -> Value:
        return self.entry.prob_to_value(self.low + (self.high - self.low) * share)


class HyperParameterGrammar(Grammar):
    """A KerasTuner space, one decision for each active entry.

    Parents come before their children and else names in natural order, so that the same
    entries are the same grammar in whatever order they were discovered: KerasTuner's protocol
    regroups them by type.

    Args:
        hp: The space; its entries are read once.

    Raises:
        ValueError: If an entry's name is one of the control names of a proposal.
    """

    def __init__(self, hp: keras_tuner.HyperParameters):
        for entry in hp.space:
            if entry.name.startswith(("tuner/", "nas/")):
                raise ValueError(
                    "Names that begin with `tuner/` or `nas/` carry a proposal's budget and "
                    f"parents. Received a hyperparameter named {entry.name!r}. Rename it."
                )
        self._entries = [(entry, _choices(entry)) for entry in _parents_first(hp.space)]

    def options(self, prefix: Mapping[str, Value], progress: float = 1.0) -> Decision | None:
        return next(self.unfold(dict(prefix), progress), None)

    def unfold(self, prefix: Values, progress: float = 1.0) -> Iterator[Decision]:
        last = None
        for entry, choices in self._entries:
            if not all(condition.is_active(prefix) for condition in entry.conditions):
                continue
            if entry.name not in prefix:
                yield Decision(entry.name, choices, state=(entry.name, last))
            last = prefix[entry.name]

    def default(self) -> Values | None:
        """The defaults of the user's own space."""
        values: Values = {}
        for entry, _ in self._entries:
            if all(condition.is_active(values) for condition in entry.conditions):
                values.setdefault(entry.name, entry.default)
        return values or None

    def mutate(
        self, values: Mapping[str, Value], rng: np.random.Generator, rate: float | None = None
    ) -> Values:
        # The space may have grown since: what it did not have then is drawn.
        return super().mutate(self.complete(values, rng), rng, rate)

    def declare(self, hp: keras_tuner.HyperParameters) -> None:
        hp.merge([entry for entry, _ in self._entries], overwrite=False)


def _choices(entry) -> tuple:
    if isinstance(entry, hp_types.Boolean):
        return (Exactly(False), Exactly(True))
    if isinstance(entry, hp_types.Fixed):
        return (Exactly(entry.value),)
    if isinstance(entry, hp_types.Choice):
        return tuple(Exactly(value) for value in dict.fromkeys(entry.values))
    exact = _few_values(entry)
    if exact is not None:
        return tuple(Exactly(value) for value in exact)
    edges = np.linspace(0.0, 1.0, NUM_BINS + 1).tolist()
    return tuple(Bin(entry, low, high) for low, high in itertools.pairwise(edges))


def _few_values(entry) -> list | None:
    """All values of a numeric entry, ascending; None: they are too many or not countable."""
    if entry.min_value == entry.max_value:
        return [entry.min_value]
    if isinstance(entry, hp_types.Float) and entry.step is None:
        return None
    if isinstance(entry, hp_types.Int) and entry.step is None:
        count = entry.max_value - entry.min_value + 1
        if count > _MOST_EXACT:
            return None
        return list(range(entry.min_value, entry.max_value + 1))
    count = entry._get_n_values()
    if count > _MOST_EXACT:
        return None
    # KerasTuner's own lattice, asked at the middle of each of its equal parts.
    return [entry.prob_to_value((k + 0.5) / count) for k in range(count)]


def _parents_first(space) -> list:
    """Entries so that every condition's parent comes before; ties in natural order of names."""
    waits_for = [{condition.name for condition in entry.conditions} for entry in space]
    names = {entry.name for entry in space}
    undeclared = {entry.name: 0 for entry in space}
    for entry in space:
        undeclared[entry.name] += 1
    ready: list = []
    pending = []
    for position, entry in enumerate(space):
        key = (
            _natural(entry.name),
            entry.name,
            repr([c.get_config() for c in entry.conditions]),
            position,
        )
        pending.append((key, entry, waits_for[position] & names))
    ordered: list = []
    while pending or ready:
        still = []
        for key, entry, parents in pending:
            if all(undeclared[parent] == 0 for parent in parents):
                heapq.heappush(ready, (key, len(ordered), entry))
            else:
                still.append((key, entry, parents))
        pending = still
        if not ready:
            # A circle of conditions: KerasTuner never builds one; keep the order that came.
            return ordered + [entry for _, entry, _ in pending]
        _, _, entry = heapq.heappop(ready)
        undeclared[entry.name] -= 1
        ordered.append(entry)
    return ordered


def _natural(name: str) -> list:
    """A key under which `units_2` comes before `units_10`."""
    return [
        (0, int(part), "") if part.isdecimal() else (1, 0, part)
        for part in re.split(r"(\d+)", name)
    ]
