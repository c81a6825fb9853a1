"""The front of a search, kept up to date: trials than which none is both better and cheaper."""

from __future__ import annotations

import bisect


class Front:
    """Which trials no other beats in reward and cost at once; of equal ones the first stays."""

    def __init__(self) -> None:
        # By cost; along a front the reward rises with it.
        self._members: list[tuple[float, float, str]] = []

    def add(self, trial_id: str, reward: float, cost: float) -> None:
        """Takes note of a trial.

        Args:
            trial_id: Its id.
            reward: Of more is better.
            cost: Of less is better.
        """
        place = bisect.bisect_right(self._members, cost, key=lambda member: member[0])
        if place and self._members[place - 1][1] >= reward:
            return  # What costs no more is as good.
        last = place
        while last < len(self._members) and self._members[last][1] <= reward:
            last += 1
        while place and self._members[place - 1][0] == cost:
            place -= 1
        self._members[place:last] = [(cost, reward, trial_id)]

    @property
    def trials(self) -> set[str]:
        """The ids of the front's trials."""
        return {trial_id for _, _, trial_id in self._members}
