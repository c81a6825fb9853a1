"""Limits: what a network may cost, known before it becomes a trial."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping

import numpy as np

from autokeras_nas.architecture import Grammar, Values
from autokeras_nas.costs import Costs

LIMITED = ("parameters", "flops", "bytes")
_DRAWN = 100


class CachedCosts:
    """The costs of architectures, each counted once.

    Args:
        count: Counts those of an architecture; None: they are not known before it trains.
        canonical: Gives equal networks the same text.
    """

    def __init__(
        self,
        count: Callable[[Values], Costs | None],
        canonical: Callable[[Values], str],
    ):
        self._count, self._canonical = count, canonical
        self._known: dict[str, Costs | None] = {}

    def __call__(self, values: Values) -> Costs | None:
        """The costs of an architecture; None: not known."""
        text = self._canonical(values)
        if text not in self._known:
            self._known[text] = self._count(values)
        return self._known[text]


class Limits:
    """Refuses architectures that cost too much.

    Args:
        most: The largest `parameters`, `flops` (of one example) or `bytes` (of weights).
        costs: What an architecture costs.

    Raises:
        ValueError: If a limit is of no known kind or not positive.
    """

    def __init__(self, most: Mapping[str, float], costs: Callable[[Values], Costs | None]):
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
        self.most, self._costs = dict(most), costs

    def check(self, values: Values) -> str | None:
        """Why an architecture is over a limit; None: it is not, or nobody knows yet."""
        costs = self._costs(values)
        for name, limit in self.most.items():
            cost = None if costs is None else getattr(costs, name)
            if cost is not None and cost > limit:
                return f"It has {cost:,} {name}, over the limit of {limit:,}."
        return None

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
        costs = [getattr(cost, name) for v in tried if (cost := self._costs(v)) is not None]
        return f"{min(costs):,} {name}"
