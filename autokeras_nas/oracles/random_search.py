"""Random search: the baseline that every other oracle must beat."""

from __future__ import annotations

from autokeras_nas.architecture import Proposal
from autokeras_nas.oracles.base import ORACLES, NasOracle


@ORACLES.register("random")
class RandomSearch(NasOracle):
    """Draws each decision uniformly from its legal choices, whatever came before.

    An architecture is drawn once; where the space is exhausted the search ends. Uniform per
    decision is not uniform over networks.

    Source: Li and Talwalkar, 2019, https://arxiv.org/abs/1902.07638, the baseline of section 4.

    Args:
        **kwargs: Passed to `NasOracle`.
    """

    def propose(self) -> Proposal:
        return Proposal(self.grammar.sample(self.next_rng(), self.progress()))
