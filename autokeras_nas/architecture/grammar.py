"""Grammar: the structure of a search space, all that an oracle may know of it."""

from __future__ import annotations

import abc
import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import keras_tuner
import numpy as np

from autokeras_nas.architecture.decision import Decision, Exactly
from autokeras_nas.architecture.values import Value, Values, canonical_text


class Grammar(abc.ABC):
    """Which architectures exist, told one decision after the other.

    A leaf says what comes next (`options`); all else follows from it and is overridden only
    where a space has better moves of its own. Grammars hold no state: what they draw depends
    on their arguments and on the generator passed in.
    """

    @abc.abstractmethod
    def options(self, prefix: Mapping[str, Value], progress: float = 1.0) -> Decision | None:
        """The next decision after those made so far.

        Args:
            prefix: The decisions made so far, legal and in order. Names that belong to none
                of them are ignored.
            progress: How far the search is, in [0, 1]: a space may open up with it.

        Returns:
            The next decision with its legal choices; None where the architecture is complete.
        """

    def default(self) -> Values | None:
        """A sound hand-made architecture, to start a search with; None: there is none."""
        return None

    def check(self, values: Mapping[str, Value]) -> str | None:
        """Why an architecture may not be built or is over a limit; None: it may."""
        return None

    def canonical(self, values: Mapping[str, Value]) -> str:
        """A text that is equal for equal networks."""
        return canonical_text(values)

    def declare(self, hp: keras_tuner.HyperParameters) -> None:
        """Enters the space into KerasTuner's hyperparameters, for stock oracles.

        Raises:
            NotImplementedError: If KerasTuner's entries cannot express the space.
        """
        raise NotImplementedError(
            "This search space cannot be written as KerasTuner hyperparameters. "
            f"Received: {type(self).__name__}. Search it with an oracle of `autokeras_nas`."
        )

    def declared(self, values: Mapping[str, Value]) -> Values:
        """The architecture that the values of declared hyperparameters stand for.

        What is illegal is replaced by the first legal choice.
        """
        return self._walk(values, lambda decision: decision.choices[0].middle())

    def sample(self, rng: np.random.Generator, progress: float = 1.0) -> Values:
        """A complete architecture, each decision drawn uniformly from its legal choices."""
        return self.complete({}, rng, progress)

    def complete(
        self, values: Mapping[str, Value], rng: np.random.Generator, progress: float = 1.0
    ) -> Values:
        """A complete legal architecture that keeps what it can of `values` and samples the rest."""
        return self._walk(values, lambda decision: decision.draw(rng), progress)

    def mutate(
        self, values: Mapping[str, Value], rng: np.random.Generator, rate: float | None = None
    ) -> Values:
        """A neighbour of an architecture.

        Decisions that the change makes illegal or adds are sampled anew; the others stay.

        Args:
            values: A complete architecture.
            rng: The source of chance.
            rate: None: change one decision, drawn uniformly from those with a choice, into
                another of its choices. Else redraw each decision with this probability.

        Returns:
            A complete architecture; the same one where nothing can change.
        """
        if rate is not None:
            kept = {name: value for name, value in values.items() if rng.random() >= rate}
            return self.complete(kept, rng)
        open_decisions = [d for d in self.decisions(values) if not _is_settled(d)]
        if not open_decisions:
            return self.complete(values, rng)
        decision = open_decisions[rng.integers(len(open_decisions))]
        others = tuple(c for c in decision.choices if not c.holds(values[decision.name]))
        # A lone bin has no other: draw anew within it.
        changed = replace(decision, choices=others or decision.choices).draw(rng)
        return self.complete({**values, decision.name: changed}, rng)

    def decisions(self, values: Mapping[str, Value]) -> Iterator[Decision]:
        """The decisions on the way to an architecture, in order."""
        prefix: Values = {}
        for decision in self.unfold(prefix):
            yield decision
            prefix[decision.name] = values[decision.name]

    def unfold(self, prefix: Values, progress: float = 1.0) -> Iterator[Decision]:
        """The decisions after a beginning, into which the caller enters each answer.

        As `options` asked again and again; a grammar that can go on where it stopped overrides it.

        Args:
            prefix: The decisions made so far; the answer to each decision must be in it before
                the next is asked for.
            progress: How far the search is, in [0, 1].
        """
        while (decision := self.options(prefix, progress)) is not None:
            yield decision

    def grow(self, values: Mapping[str, Value] | None = None) -> Iterable[Values]:
        """Architectures one block larger, for search from small to large.

        Without a notion of blocks of its own, a grammar grows by fixing one more decision:
        what it yields are beginnings, which `complete` turns into architectures.

        Args:
            values: What to grow; None: yields the smallest ones.
        """
        begun = dict(values or {})
        decision = self.options(begun)
        if decision is None:
            return
        for choice in decision.choices:
            yield {**begun, decision.name: choice.middle()}

    def enumerate(self, prefix: Mapping[str, Value] | None = None) -> Iterator[Values]:
        """All architectures in order, a bin of floats once; may be very many."""
        prefix = dict(prefix or {})
        decision = self.options(prefix)
        if decision is None:
            yield prefix
            return
        for choice in decision.choices:
            yield from self.enumerate({**prefix, decision.name: choice.middle()})

    def is_legal(self, values: Mapping[str, Value]) -> bool:
        """Whether values are one complete architecture: all decisions legal, no others."""
        prefix: Values = {}
        for decision in self.unfold(prefix):
            if decision.name not in values or decision.index(values[decision.name]) is None:
                return False
            prefix[decision.name] = values[decision.name]
        return prefix.keys() == values.keys()

    def _walk(self, values, decide, progress=1.0) -> Values:
        """Walks to the end, keeping legal values and asking `decide` for the others."""
        walked: Values = {}
        for decision in self.unfold(walked, progress):
            kept = values.get(decision.name)
            legal = decision.name in values and decision.index(kept) is not None
            walked[decision.name] = kept if legal else decide(decision)
        return walked


def size_at_most(grammar: Grammar, limit: int) -> int | None:
    """The number of architectures of a grammar, bins counted once; None: more than `limit`."""
    count = sum(1 for _ in itertools.islice(grammar.enumerate(), limit + 1))
    return count if count <= limit else None


def _is_settled(decision: Decision) -> bool:
    return len(decision.choices) == 1 and isinstance(decision.choices[0], Exactly)
