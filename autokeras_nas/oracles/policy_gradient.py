"""Policy gradient: a recurrent controller draws architectures and learns from their rewards."""

from __future__ import annotations

import bisect
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from autokeras_nas.architecture import Proposal
from autokeras_nas.controllers import METHODS, Learner, Trace
from autokeras_nas.oracles.base import ORACLES, NasOracle
from autokeras_nas.oracles.finished import FinishedTrial

REWARDS = ("power", "rank")

_MOST_DRAWS = 5
_MOST_MUTATIONS = 20
_LAST_EPOCHS = 5
_HIGHEST_RATE = 0.05
_TRIALS_WITHOUT_A_NUMBER = 100


@dataclass
class _Child:
    """An architecture to learn from.

    Attributes:
        trace: How the controller read it when it became a trial.
        log_probability: Of it, then; zero where the method does not ask.
        measured: What was measured, more is better; None: it failed.
    """

    trace: Trace
    log_probability: float = 0.0
    measured: float | None = None

    def to_json(self) -> list[Any]:
        return [self.trace.to_json(), self.log_probability, self.measured]

    @classmethod
    def from_json(cls, state: list[Any]) -> _Child:
        return cls(Trace.from_json(state[0]), *state[1:])


@ORACLES.register("policy_gradient")
class PolicyGradient(NasOracle):
    """A recurrent controller draws architectures, and what was good becomes more probable.

    An LSTM draws the decisions one after the other, each from a softmax given those before
    (`controllers.Policy`). After every `children` ended trials it is moved by the gradient of the
    expected reward (`controllers.Learner`), by REINFORCE with a moving-average baseline
    or by PPO.

    Of the papers: `"reinforce"` is Zoph and Le's, two layers of 35 units, eight children an
    update, cubed accuracies, no entropy; `"ppo"` is NASNet's, one layer of 100 units, 20
    children, entropy 1e-5. Where we depart from them, or they do not say:

    - The papers train for 12,800 and 20,000 children. With fewer, their learning rates would
      leave the controller where it began: see `learning_rate`.
    - A network that a trial had is not trained again: it is drawn anew, a few times, then mutated
      until it is new. What the controller did not draw itself, those mutated and the
      `initial_architectures`, it learns from as if it had.
    - Trials end in any order, and an update takes those that end next, whatever the weights they
      were drawn with. REINFORCE takes the gradient at the weights of now; PPO knows
      the probabilities of when they became trials.
    - A failed trial is worth what the worst is that completed; before any has, it is left out.
    - The first batch has no earlier rewards: of each child, its baseline is the mean of the others.
    - What a search measures once more in its finals is not learned from.

    Source: Zoph and Le, 2017, https://arxiv.org/abs/1611.01578, Sections 3.1 and 3.2; Zoph et al.,
    2018, https://arxiv.org/abs/1707.07012, Appendix A.

    Args:
        method: `"reinforce"` or `"ppo"`.
        children: Architectures per update. None: the paper's, scaled to the budget.
        learning_rate: Adam's. None: so that all steps of this search together may go as far as
            the paper's, but at most 0.05; with the paper's number of trials, the paper's rate.
        reward: `"power"`: the best accuracy of the last five epochs to the `reward_power`, as
            published. `"rank"`: the share of completed trials that a score beats. None:
            the first where the objective is maximised, the second where it is a loss, whose
            size says nothing.
        reward_power: The power. Of negative numbers the size is raised, and the sign stays.
        baseline_decay: Weight of the past in the baseline, in [0, 1). None: 0.95.
        entropy_weight: Of the entropy beside the reward. None: the paper's.
        clip: How far PPO may move a probability in an update, as a share of it; infinite:
            without a limit. None: 0.2.
        epochs: Steps of PPO per update. None: 4.
        **kwargs: Passed to `NasOracle`.

    Raises:
        ValueError: If an argument is out of its range.
    """

    exam_settings: ClassVar = {"children": 4, "learning_rate": 0.05}

    def __init__(
        self,
        objective=None,
        max_trials: int | None = None,
        method: str = "reinforce",
        children: int | None = None,
        learning_rate: float | None = None,
        reward: str | None = None,
        reward_power: float = 3.0,
        baseline_decay: float | None = None,
        entropy_weight: float | None = None,
        clip: float | None = None,
        epochs: int | None = None,
        **kwargs,
    ):
        _check_choice("method", method, tuple(METHODS))
        _check_choice("reward", reward, (None, *REWARDS))
        _check_numbers(
            children=(children, lambda n: n >= 1 and n == int(n), "a whole number from 1"),
            learning_rate=(learning_rate, lambda n: 0.0 < n < math.inf, "positive"),
            reward_power=(reward_power, lambda n: 0.0 < n < math.inf, "positive"),
            baseline_decay=(baseline_decay, lambda n: 0.0 <= n < 1.0, "in [0, 1)"),
            entropy_weight=(entropy_weight, lambda n: 0.0 <= n < math.inf, "at least 0"),
            clip=(clip, lambda n: n > 0.0, "positive"),
            epochs=(epochs, lambda n: n >= 1 and n == int(n), "a whole number from 1"),
        )
        if method == "reinforce" and (clip is not None or epochs is not None):
            raise ValueError(
                "`clip` and `epochs` are PPO's; REINFORCE takes one step per update, since after "
                f"it the children are no longer the policy's. Received: {clip=}, {epochs=}. "
                'Leave them out, or pass `method="ppo"`.'
            )
        super().__init__(objective=objective, max_trials=max_trials, **kwargs)
        published = METHODS[method]
        given: dict[str, Any] = {
            "baseline_decay": baseline_decay,
            "entropy_weight": entropy_weight,
            "clip": clip,
            "epochs": epochs,
        }
        self.method = replace(published, **{n: v for n, v in given.items() if v is not None})
        self.children = children
        self.learning_rate = learning_rate
        self.reward_power = reward_power
        self.reward_kind = reward or ("power" if self.objective.direction == "max" else "rank")
        self._learner: Learner | None = None
        self._in_flight: dict[str, _Child] = {}
        self._batch: list[_Child] = []
        self._drawn_at = 1.0

    # ---- The algorithm ----------------------------------------------------------------------

    def propose(self) -> Proposal:
        rng = self.next_rng()
        self._drawn_at = self.progress()
        for _ in range(_MOST_DRAWS):
            drawn = Proposal(self.learner.policy.sample(self.grammar, rng, self._drawn_at))
            if not self.is_known(drawn):
                return drawn
        for _ in range(_MOST_MUTATIONS):
            drawn = Proposal(self.grammar.mutate(drawn.values, rng))
            if not self.is_known(drawn):
                break
        return drawn

    def issued(self, proposal: Proposal, trial_id: str) -> None:
        trace = None if proposal.repeat else self._read(proposal)
        if trace is None or not trace.questions:
            return
        child = self._in_flight[trial_id] = _Child(trace)
        if self.method.clipped:
            child.log_probability = self.learner.policy.log_probability(trace)

    def learn(self, trial: FinishedTrial) -> None:
        child = self._in_flight.pop(trial.trial_id, None)
        if child is None or not self.completed():
            return
        child.measured = self._measured(trial) if trial.completed else None
        self._batch.append(child)
        if len(self._batch) >= self.num_children:
            batch, self._batch = self._batch, []
            self.learner.update(
                [child.trace for child in batch],
                self._rewards([child.measured for child in batch]),
                [child.log_probability for child in batch],
                self.rate,
            )

    # ---- What it rests on -------------------------------------------------------------------

    @property
    def learner(self) -> Learner:
        """The controller and how it learns; made when first asked for, with the project's seed."""
        if self._learner is None:
            self._learner = Learner.new(self.method, self.seed)
        return self._learner

    @property
    def num_children(self) -> int:
        """Architectures per update."""
        return self.children or self.scaled_to_budget(self.method.children)

    @property
    def rate(self) -> float:
        """The learning rate."""
        if self.learning_rate is not None:
            return self.learning_rate
        trials = self._sized_for or _TRIALS_WITHOUT_A_NUMBER
        steps = self.method.epochs * max(1.0, trials / self.num_children)
        return min(_HIGHEST_RATE, self.method.learning_rate * self.method.updates / steps)

    def _read(self, proposal: Proposal) -> Trace | None:
        """How the controller reads a proposal, with the space as open as when it was drawn."""
        policy = self.learner.policy
        drawn = policy.trace(self.grammar, proposal.values, self._drawn_at)
        # What it did not draw itself may lie outside.
        return drawn or policy.trace(self.grammar, proposal.values)

    def _measured(self, trial: FinishedTrial) -> float:
        """What a trial's reward is made of, turned so that more is better."""
        metrics = self.trials[trial.trial_id].metrics
        if self.reward_kind == "rank" or not metrics.exists(self.objective.name):
            return trial.reward
        epochs = metrics.get_history(self.objective.name)[-_LAST_EPOCHS:]
        sign = 1.0 if self.objective.direction == "max" else -1.0
        values = (sign * float(epoch.mean()) for epoch in epochs)
        return max(filter(math.isfinite, values), default=trial.reward)

    def _rewards(self, measured: list[float | None]) -> np.ndarray:
        """The rewards of a batch, `(children,)`, from what was measured."""
        worst = -self._ranking[-1][0]
        numbers = np.array([worst if number is None else number for number in measured])
        if self.reward_kind == "rank":
            return np.array([self._share_beaten(number) for number in numbers])
        return np.sign(numbers) * np.abs(numbers) ** self.reward_power

    def _share_beaten(self, reward: float) -> float:
        """The share of completed trials with a lower reward; those with the same count half."""

        def key(place: tuple[float, int, str]) -> float:
            return place[0]

        better = bisect.bisect_left(self._ranking, -reward, key=key)
        as_good = bisect.bisect_right(self._ranking, -reward, key=key)
        return 1.0 - 0.5 * (better + as_good) / len(self._ranking)

    # ---- The project ------------------------------------------------------------------------

    def creation_notes(self) -> dict[str, Any]:
        return {**super().creation_notes(), "drawn_at": self._drawn_at}

    def take_notes(self, record: Mapping[str, Any]) -> None:
        super().take_notes(record)
        self._drawn_at = record.get("drawn_at", 1.0)

    def get_state(self) -> dict[str, Any]:
        return {
            "learner": self.learner.get_state(),
            "in_flight": {name: child.to_json() for name, child in self._in_flight.items()},
            "batch": [child.to_json() for child in self._batch],
        }

    def set_state(self, state: dict[str, Any]) -> None:
        self._learner = Learner.from_state(self.method, state["learner"])
        self._in_flight = {
            name: _Child.from_json(child) for name, child in state["in_flight"].items()
        }
        self._batch = [_Child.from_json(child) for child in state["batch"]]

    def explain(self) -> dict[str, Any]:
        """Updates so far, the baseline, and the entropy of the last batch in nats a decision."""
        learner = self.learner
        return {
            "updates": learner.updates,
            "baseline": learner.baseline,
            "entropy": learner.entropy,
            "learning_rate": self.rate,
        }


def _check_choice(name: str, value: object, choices: tuple) -> None:
    if value not in choices:
        raise ValueError(f"`{name}` must be one of {choices}. Received: {value!r}.")


def _check_numbers(**arguments: tuple) -> None:
    """Of each argument its value, None where it is left open, what it must be, and in words."""
    for name, (value, holds, words) in arguments.items():
        if value is not None and not holds(value):
            raise ValueError(f"`{name}` must be {words}. Received: {value!r}.")
