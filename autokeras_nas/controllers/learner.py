"""The learner: a policy that is moved by the rewards of what it drew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autokeras_nas.controllers.adam import Adam
from autokeras_nas.controllers.estimators import baselines, moved, surrogate_slopes
from autokeras_nas.controllers.policy import Policy
from autokeras_nas.controllers.traces import Trace


@dataclass(frozen=True)
class Method:
    """How a controller learns, by default as a paper did.

    Attributes:
        clipped: Whether PPO's surrogate takes the place of the plain policy gradient.
        layers: Of the LSTM.
        units: Of each layer.
        scale: The first weights are from U(-scale, scale).
        learning_rate: Adam's.
        updates: How many updates the paper made.
        children: Architectures per update.
        epochs: Steps of Adam per update.
        clip: How far PPO may move a probability in an update, as a share of it.
        baseline_decay: Weight of the past in the baseline.
        entropy_weight: Of the entropy beside the reward.
    """

    clipped: bool
    layers: int
    units: int
    scale: float
    learning_rate: float
    updates: int
    children: int
    epochs: int
    clip: float
    baseline_decay: float
    entropy_weight: float


METHODS = {
    "reinforce": Method(
        clipped=False,
        layers=2,
        units=35,
        scale=0.08,
        learning_rate=6e-4,
        updates=1600,
        children=8,
        epochs=1,
        clip=0.2,
        baseline_decay=0.95,
        entropy_weight=0.0,
    ),
    "ppo": Method(
        clipped=True,
        layers=1,
        units=100,
        scale=0.1,
        learning_rate=3.5e-4,
        updates=1000,
        children=20,
        epochs=4,
        clip=0.2,
        baseline_decay=0.95,
        entropy_weight=1e-5,
    ),
}
"""Zoph and Le, 2017, and Zoph et al., 2018. Not told there: the baseline's decay of the first, and
the epochs and the clip of the second, which is PPO's usual one."""


class Learner:
    """Moves a policy, batch by batch, by what its architectures were worth.

    Each update is `epochs` steps of Adam up the gradient, by the weights *w*, of

        1/m sum_k ((R_k - b) log P(a_k; w) + entropy_weight H_k(w))

    with the rewards *R* of *m* architectures, the moving average *b* of earlier rewards, and the
    entropies *H* of the softmaxes on their ways; PPO has its surrogate in place of the first.

    Source: Zoph and Le, 2017, https://arxiv.org/abs/1611.01578, Section 3.2; Zoph et al., 2018,
    https://arxiv.org/abs/1707.07012, Appendix A.

    Args:
        method: How to learn.
        policy: What learns.
    """

    def __init__(self, method: Method, policy: Policy):
        self.method = method
        self.policy = policy
        self.baseline: float | None = None
        self.entropy: float | None = None
        """Of the last batch, in nats a decision; it falls as the controller makes up its mind."""
        self.updates = 0
        self._adam = Adam()

    @classmethod
    def new(cls, method: Method, seed: int) -> Learner:
        """A learner that has learned nothing."""
        return cls(method, Policy(seed, method.units, method.layers, method.scale))

    def update(
        self, traces: Sequence[Trace], rewards: np.ndarray, old: Sequence[float], rate: float
    ) -> None:
        """Learns from a batch.

        Args:
            traces: How the policy read the architectures.
            rewards: What they were worth, `(children,)`.
            old: Their log-probabilities when they were drawn; only PPO looks at them.
            rate: The learning rate.
        """
        advantages = rewards - baselines(rewards, self.baseline)
        self.baseline = moved(self.baseline, rewards, self.method.baseline_decay)
        share = 1.0 / len(traces)
        for epoch in range(self.method.epochs):
            reading = self.policy.read(traces)
            if epoch == 0:
                decisions = sum(len(trace.questions) for trace in traces)
                self.entropy = float(reading.entropies.sum()) / decisions
            slopes = advantages
            if self.method.clipped:
                logs = reading.log_probabilities
                slopes = surrogate_slopes(logs, np.array(old), advantages, self.method.clip)
            gradient = reading.gradient(share * slopes, share * self.method.entropy_weight)
            self._adam.ascend(self.policy.weights, gradient, rate)
        self.updates += 1

    def get_state(self) -> dict[str, Any]:
        """All that was learned, as JSON."""
        return {
            "policy": self.policy.get_state(),
            "adam": self._adam.get_state(),
            "baseline": self.baseline,
            "entropy": self.entropy,
            "updates": self.updates,
        }

    @classmethod
    def from_state(cls, method: Method, state: Mapping[str, Any]) -> Learner:
        """The learner that gave a state."""
        learner = cls(method, Policy.from_state(state["policy"]))
        learner._adam.set_state(state["adam"])
        learner.baseline, learner.entropy = state["baseline"], state["entropy"]
        learner.updates = state["updates"]
        return learner
