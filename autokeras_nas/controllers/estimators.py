"""How rewards become a gradient: baselines, and the surrogate of PPO."""

from __future__ import annotations

import numpy as np


def baselines(rewards: np.ndarray, average: float | None) -> np.ndarray:
    """What is subtracted from each reward of a batch, before the average hears of the batch.

    The moving average of earlier rewards; where there are none, of each child the mean of the
    others in its batch. Neither depends on the child's own reward, so the estimate is unbiased.

    Args:
        rewards: `(children,)`.
        average: The moving average; None: there were no rewards yet.

    Returns:
        `(children,)`. A lone first child is its own baseline: nothing is known beside it.
    """
    if average is not None:
        return np.full_like(rewards, average)
    if len(rewards) == 1:
        return rewards.copy()
    return (rewards.sum() - rewards) / (len(rewards) - 1)


def moved(average: float | None, rewards: np.ndarray, decay: float) -> float:
    """The moving average after a batch: `b <- decay b + (1 - decay) R`, reward by reward.

    Args:
        average: The average before; None: it begins as the mean of this batch.
        rewards: `(children,)`, at least one.
        decay: The weight of the past, in [0, 1).
    """
    if average is None:
        return float(rewards.mean())
    for reward in rewards:
        average = decay * average + (1.0 - decay) * float(reward)
    return average


def surrogate_slopes(
    log_probabilities: np.ndarray, old: np.ndarray, advantages: np.ndarray, clip: float
) -> np.ndarray:
    """The gradient of PPO's surrogate by the log-probabilities.

    With ratio `r = p / p_old` and advantage *A* of a whole architecture, the surrogate is
    `min(r A, clip(r, 1 - e, 1 + e) A)`; its slope is `r A`, and zero where clipping wins: where
    what was good is more probable by more than the clip already, or what was bad less.

    Source: Schulman et al., 2017, https://arxiv.org/abs/1707.06347, Equation 7.

    Args:
        log_probabilities: Of the architectures now, `(children,)`.
        old: When they were drawn, `(children,)`.
        advantages: `(children,)`.
        clip: *e*; infinite: no clipping.

    Returns:
        `(children,)`.
    """
    ratios = np.exp(log_probabilities - old)
    inside = np.where(advantages > 0.0, ratios <= 1.0 + clip, ratios >= 1.0 - clip)
    return np.where(inside, ratios * advantages, 0.0)
