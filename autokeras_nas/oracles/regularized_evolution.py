"""Regularized evolution: the oldest member dies, whatever its fitness."""

from __future__ import annotations

from typing import ClassVar

from autokeras_nas.architecture import Proposal
from autokeras_nas.oracles.base import ORACLES, NasOracle

_MOST_MUTATIONS = 20


@ORACLES.register("regularized_evolution")
class RegularizedEvolution(NasOracle):
    """Evolution in which the oldest member, not the worst, dies.

    Each proposal mutates the best of `tournament_size` members drawn, with replacement, from
    the last `population_size` finished trials; a few repeat the parent unchanged and are
    trained anew. Until the population is full, members are drawn at random: the same ones as
    random search with the same seed.

    The paper trains a child again that it has trained before. Here it is mutated further until it
    is new, so that no trial repeats another by accident.

    With many slots the population is that of the trials that have finished; failed trials
    never enter it.

    Source: Real et al., 2019, https://arxiv.org/abs/1802.01548, Algorithm 1.

    Args:
        population_size: Members kept alive, *P* in the paper. None: the paper's 100, scaled to
            the budget.
        tournament_size: Members drawn per tournament, *S* in the paper. None: a quarter of the
            population.
        identity_rate: Share of children equal to their parent, in [0, 1).
        **kwargs: Passed to `NasOracle`.

    Raises:
        ValueError: If `population_size` or `tournament_size` is below 2, or `identity_rate`
            outside its range.
    """

    exam_settings: ClassVar = {"population_size": 8, "tournament_size": 4}

    def __init__(
        self,
        objective=None,
        max_trials: int | None = None,
        population_size: int | None = None,
        tournament_size: int | None = None,
        identity_rate: float = 0.05,
        **kwargs,
    ):
        for name, size in (
            ("population_size", population_size),
            ("tournament_size", tournament_size),
        ):
            if size is not None and size < 2:
                raise ValueError(
                    f"`{name}` must be at least 2: a tournament of one selects nothing. "
                    f"Received: {size}. Raise it, or search with the `random` oracle."
                )
        if not 0.0 <= identity_rate < 1.0:
            raise ValueError(
                "`identity_rate` must be in [0, 1). "
                f"Received: {identity_rate}. Real et al. use 0.05."
            )
        super().__init__(objective=objective, max_trials=max_trials, **kwargs)
        self.population_size = population_size
        self.tournament_size = tournament_size
        self.identity_rate = identity_rate

    def propose(self) -> Proposal:
        size = self.population_size or self.scaled_to_budget(100)
        # The youngest survive: age, not rank, decides who dies.
        population = self.completed()[-size:]
        rng = self.next_rng()
        if len(population) < size:
            return Proposal(self.grammar.sample(rng, self.progress()))
        contestants = rng.integers(len(population), size=self.tournament_size or max(2, size // 4))
        parent = max((population[k] for k in contestants), key=self.reward)
        if rng.random() < self.identity_rate:
            return self.again(parent)
        child = Proposal(self.grammar.mutate(parent.values, rng))
        for _ in range(_MOST_MUTATIONS):
            if not self.is_known(child):
                break
            child = Proposal(self.grammar.mutate(child.values, rng))
        return child
