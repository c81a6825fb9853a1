"""Limits: what a network may cost, known before it becomes a trial."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

import numpy as np

from autokeras_nas.architecture import Grammar, Values
from autokeras_nas.costs import Costs

COUNTED = ("parameters", "flops", "bytes")
LIMITED = (*COUNTED, "latency")
_DRAWN = 100


Cost = TypeVar("Cost")


class Cached(Generic[Cost]):
    """What is found out of an architecture, once for equal networks.

    Args:
        find: Finds it out.
        canonical: Gives equal networks the same text.
    """

    def __init__(self, find: Callable[[Values], Cost], canonical: Callable[[Values], str]):
        self._find, self._canonical = find, canonical
        self._known: dict[str, Cost] = {}

    def __call__(self, values: Values) -> Cost:
        """What there is to know of an architecture."""
        text = self._canonical(values)
        if text not in self._known:
            self._known[text] = self._find(values)
        return self._known[text]


class Limits:
    """Refuses architectures that cost too much.

    Args:
        most: The largest `parameters`, `flops` (of one example), `bytes` (of weights) or
            `latency` (seconds of one example).
        costs: What an architecture costs; None: not known.
        latency: How long one takes; None: not known.

    Raises:
        ValueError: If a limit is of no known kind or not positive.
    """

    def __init__(
        self,
        most: Mapping[str, float],
        costs: Callable[[Values], Costs | None],
        latency: Callable[[Values], float | None] = lambda values: None,
    ):
        for name, limit in most.items():
            if name not in LIMITED:
                raise ValueError(
                    f"There is no limit of this name. Received: {name!r}. "
                    f"Known names: {', '.join(LIMITED)}."
                )
            if not limit > 0:
                raise ValueError(
                    f"A limit must be positive. Received: {name}={limit}. Leave it out for none."
                )
        # The one that must be measured comes last.
        self.most = {name: most[name] for name in LIMITED if name in most}
        self._costs, self._latency = costs, latency

    def check(self, values: Values) -> str | None:
        """Why an architecture is over a limit; None: it is not, or nobody knows yet."""
        for name, limit in self.most.items():
            cost = self._cost(name, values)
            if cost is not None and cost > limit:
                return f"Over the limit of {_written(name, limit)}: {_written(name, cost)}."
        return None

    def _cost(self, name: str, values: Values) -> float | None:
        if name == "latency":
            return self._latency(values)
        costs = self._costs(values)
        return None if costs is None else getattr(costs, name)

    def require_satisfiable(self, grammar: Grammar, seed: int) -> None:
        """Raises a ValueError unless some architecture keeps the limits.

        The default, the smallest ones that the grammar grows from and a hundred drawn ones are
        looked at.
        """
        rng = np.random.default_rng(seed)
        default = grammar.default()
        tried: list[Values] = [] if default is None else [default]
        smallest = itertools.islice(grammar.grow(), _DRAWN)
        tried += [grammar.complete(values, rng) for values in smallest]
        tried += [grammar.sample(rng) for _ in range(_DRAWN)]
        if any(self.check(values) is None for values in tried):
            return
        raise ValueError(
            f"No architecture keeps the limits {self.most}. Received: a space of which none of "
            f"{len(tried)} tried does; the smallest: {self._smallest(tried)}. Raise the limits, or "
            "choose a smaller space."
        )

    def _smallest(self, tried: list[Values]) -> str:
        name = next(iter(self.most))
        costs = [cost for v in tried if (cost := self._cost(name, v)) is not None]
        return _written(name, min(costs))


def _written(name: str, amount: float) -> str:
    return f"{amount:.3g} s" if name == "latency" else f"{amount:,} {name}"
