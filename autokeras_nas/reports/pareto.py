"""The Pareto front of a search: networks than which none is both better and cheaper."""

from __future__ import annotations

import numpy as np
import pandas as pd


def pareto_front(board: pd.DataFrame, cost: str = "parameters", maximize: bool = True):
    """The trials of a leaderboard that no other beats in score and cost at once.

    Of equal trials the first stays. The knee is the trial farthest from the straight line
    between the cheapest and the best one, where scores and the logarithms of costs are scaled to
    [0, 1]: before it a little cost buys much score, behind it much cost a little. A front of
    fewer than three trials has its best one as the knee.

    Source: Branke et al., 2004, https://doi.org/10.1007/978-3-540-30217-9_73 (knees); the
    distance from the line of the extremes as in Das, 1999.

    Args:
        board: A leaderboard, as `AutoModel.leaderboard` gives it.
        cost: Its column `"parameters"`, `"flops"` or `"seconds"`.
        maximize: Whether a larger score is better.

    Returns:
        The rows of the front, cheapest first, with a further column `knee`.

    Raises:
        ValueError: If there is no such column, or no trial has both score and cost.
    """
    if cost not in board.columns:
        raise ValueError(
            f"The leaderboard has no such cost. Received: {cost!r}. "
            f"Its columns: {', '.join(board.columns)}."
        )
    known = board.dropna(subset=["score", cost])
    if known.empty:
        raise ValueError(
            f"No trial has both a score and its {cost}. Received: {len(board)} trials. "
            "Search longer, or choose another cost."
        )
    scores = known["score"].to_numpy(float) * (1.0 if maximize else -1.0)
    costs = known[cost].to_numpy(float)
    front = known[_efficient(scores, costs)].sort_values(cost, kind="stable")
    sign = 1.0 if maximize else -1.0
    return front.assign(knee=_is_knee(sign * front["score"].to_numpy(float), front[cost]))


def _efficient(scores: np.ndarray, costs: np.ndarray) -> np.ndarray:
    """Which are beaten by none: booleans `(n,)`."""
    keep = np.zeros(len(scores), bool)
    best = -np.inf
    # By cost, of equal costs the best first, of equal trials the first.
    for k in np.lexsort((np.arange(len(scores)), -scores, costs)):
        if scores[k] > best:
            keep[k], best = True, scores[k]
    return keep


def _is_knee(scores: np.ndarray, costs) -> np.ndarray:
    """Where the knee of a front is, ordered by cost: booleans `(n,)`, one of them true."""
    knee = np.zeros(len(scores), bool)
    if len(scores) < 3:
        knee[-1] = True
        return knee
    logs = np.log(np.maximum(np.asarray(costs, float), np.finfo(float).tiny))
    x = (logs - logs[0]) / (logs[-1] - logs[0])
    y = (scores - scores[0]) / (scores[-1] - scores[0])
    # The line of the extremes is the diagonal now.
    knee[np.argmax(y - x)] = True
    return knee
