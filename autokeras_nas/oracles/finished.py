"""What an oracle remembers of a trial that has ended."""

from __future__ import annotations

from dataclasses import dataclass, field

from autokeras_nas.architecture import Proposal, Values


@dataclass(frozen=True)
class FinishedTrial:
    """A trial that has ended, as learners see it.

    Attributes:
        trial_id: KerasTuner's id.
        proposal: What was asked for, with entries that were discovered while building.
        status: `"COMPLETED"` or `"FAILED"`.
        score: The objective, in its own direction; None: it failed.
        reward: The objective turned so that more is better; minus infinity: it failed.
        metrics: The best value of every metric that was reported.
        message: Why it failed.
    """

    trial_id: str
    proposal: Proposal
    status: str
    score: float | None
    reward: float
    metrics: dict[str, float] = field(default_factory=dict, repr=False)
    message: str = field(default="", repr=False)

    @property
    def values(self) -> Values:
        """The architecture."""
        return self.proposal.values

    @property
    def completed(self) -> bool:
        """Whether it has a score."""
        return self.status == "COMPLETED"
