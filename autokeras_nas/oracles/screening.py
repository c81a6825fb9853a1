"""Screening: of several proposals the one that promises most becomes the trial."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from autokeras_nas.architecture import Proposal, Values

_FRESH = ("train", "inherit")
"""Ways to measure an architecture by a training of its own, from its beginning."""


@dataclass(frozen=True)
class Screening:
    """Has an oracle draw several proposals, and keeps the best by a cheap score.

    The score must depend on the architecture alone, so that the same seed gives the same
    proposals. It is asked under the oracle's lock, and should know what it has been asked before.

    Source: Abdelfattah et al., 2021, https://arxiv.org/abs/2101.08134 ("move proposal").

    Args:
        score: What an architecture promises, of which more is better; None: nobody knows.
        candidates: Proposals to choose from.

    Raises:
        ValueError: If there would be nothing to choose from.
    """

    score: Callable[[Values], float | None]
    candidates: int = 8

    def __post_init__(self):
        check_candidates(self.candidates)

    @staticmethod
    def concerns(proposal: Proposal) -> bool:
        """Whether a proposal is a new architecture, not a trial that goes on or comes again."""
        fresh = proposal.measure in _FRESH and not proposal.budget.initial_epoch
        return fresh and not proposal.repeat

    def best(self, proposals: Iterable[Proposal]) -> Proposal:
        """The best by the score, of equal ones the first; what has no score comes last."""
        return max(proposals, key=lambda proposal: self._rating(proposal.values))

    def _rating(self, values: Values) -> float:
        score = self.score(values)
        return -math.inf if score is None or math.isnan(score) else score


def check_candidates(candidates: int) -> None:
    """Raises a ValueError unless there are several to choose from."""
    if not isinstance(candidates, int) or candidates < 2:
        raise ValueError(
            "Screening chooses from at least two candidates. "
            f"Received: {candidates=}. Raise it, or do not screen."
        )
