"""The base of every oracle: proposals from a grammar, on KerasTuner's contract made safe."""

from __future__ import annotations

import itertools
import json
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from autokeras_nas.architecture import (
    Grammar,
    HyperParameterGrammar,
    Proposal,
    Values,
    decode,
    encode,
    plain_values,
)
from autokeras_nas.architecture.proposal import HONOURED, control
from autokeras_nas.oracles.finals import champion, check_finalists, next_finalist
from autokeras_nas.oracles.finished import FinishedTrial
from autokeras_nas.oracles.journaled import JournaledOracle, Status
from autokeras_nas.oracles.records import best_values, is_count
from autokeras_nas.oracles.screening import Screening
from autokeras_nas.registry import Registry

ORACLES: Registry[NasOracle] = Registry("oracle")

_REDRAWS = 100
_MOST_ENUMERATED = 20_000
_MOST_CHECKED = 500


class NasOracle(JournaledOracle):
    """An oracle that says what to try (`propose`) and learns from what ended (`learn`).

    A leaf implements `propose`, and what else of the hooks it needs. The base turns proposals
    into KerasTuner trials, refuses duplicates and illegal architectures, hands interrupted
    trials out again, keeps a journal and learns once from each trial. It works in any
    `keras_tuner.Tuner` and over KerasTuner's chief and workers.

    Hooks run under the oracle's lock; an error in one releases it.

    Args:
        objective: A metric's name or a `keras_tuner.Objective`.
        max_trials: Trials to run at most, failed ones included; None: no limit.
        grammar: The structure of the search space; None: KerasTuner's hyperparameters, or
            what `bind` gives.
        initial_architectures: Values to try first, in this order; what is missing is drawn.
        seed: The seed of every proposal; None: drawn once and kept with the project.
        finalists: How many of the best are measured once more, in as many of the last trials,
            before the best mean wins; 0: the best score wins.
        **kwargs: Passed to `JournaledOracle`: `time_budget`, `hyperparameters`, `clock` and
            what `keras_tuner.Oracle` takes.

    Raises:
        ValueError: If an argument is out of its range.
    """

    exam_settings: ClassVar[dict[str, Any]] = {}
    """Arguments under which the algorithm acts within thirty trials, for the contract tests."""

    def __init__(
        self,
        objective=None,
        max_trials: int | None = None,
        grammar: Grammar | None = None,
        initial_architectures: Iterable[Mapping[str, Any]] = (),
        seed: int | None = None,
        finalists: int = 0,
        **kwargs,
    ):
        # KerasTuner takes a seed of 0 for None; ours is set below.
        super().__init__(objective=objective, max_trials=max_trials, seed=1, **kwargs)
        self.seed = _checked_seed(seed)
        self.initial_architectures = [plain_values(values) for values in initial_architectures]
        self.checks: list[Callable[[Values], str | None]] = []
        """Further reasons, beside the grammar's own, why an architecture may be no trial."""
        self.screening: Screening | None = None
        """Chooses from several proposals; None: the first that may be a trial is one."""
        check_finalists(finalists, max_trials)
        self.finalists = finalists
        self._given_grammar = grammar
        self._derived_grammar: tuple[int, Grammar] | None = None
        self._counter = 0
        self._sized_for = max_trials or 0
        self._proposals: dict[str, Proposal] = {}
        self._known: set[str] = set()
        self._repeats: dict[str, int] = {}
        self._finals_held = False
        self._finished: list[FinishedTrial] = []
        self._completed: list[FinishedTrial] = []

    # ---- What a leaf implements -------------------------------------------------------------

    def propose(self) -> Proposal | None:
        """What to try next.

        May change nothing but the seed counter (`next_rng`), since it is asked again where its
        answer is a duplicate or illegal, and where the best of several answers is screened for.

        Returns:
            None: nothing until a running trial ends; with none running, the search is over.
        """
        raise NotImplementedError

    def issued(self, proposal: Proposal, trial_id: str) -> None:
        """A proposal became a trial. Called again, in order, where a project is opened."""

    def learn(self, trial: FinishedTrial) -> None:
        """A trial ended, for good or failed; called once for each, in order of their ends."""

    def keep(self) -> set[str]:
        """Ids of trials whose checkpoints later proposals may need."""
        return set()

    def incumbent(self) -> str | None:
        """The id of the trial that is the result: the best score at the highest budget.

        Where finalists were measured once more, the best run of the one with the best mean.
        """
        if self._finals_held and (best := champion(self._at_highest_budget())):
            return best.trial_id
        highest = self._highest_budget()
        for _, _, trial_id in self._ranking:
            if self._proposals[trial_id].budget.amount == highest:
                return trial_id
        return None

    def get_state(self) -> dict[str, Any]:
        """What was learned and does not follow from the trials; JSON types only."""
        return {}

    def set_state(self, state: dict[str, Any]) -> None:
        """Takes back what `get_state` gave."""

    def explain(self) -> dict[str, Any]:
        """What the oracle has to say of its search, for the report."""
        return {}

    # ---- What a leaf may use ----------------------------------------------------------------

    @property
    def grammar(self) -> Grammar:
        """The structure of the search space."""
        if self._given_grammar is not None:
            return self._given_grammar
        size = len(self.hyperparameters.space)
        if self._derived_grammar is None or self._derived_grammar[0] != size:
            self._derived_grammar = (size, HyperParameterGrammar(self.hyperparameters))
        return self._derived_grammar[1]

    def bind(self, grammar: Grammar) -> None:
        """Gives the oracle its grammar, unless it was constructed with one."""
        if self._given_grammar is None:
            self._given_grammar = grammar

    def next_rng(self) -> np.random.Generator:
        """A fresh generator, from the seed and a saved counter."""
        self._counter += 1
        return np.random.default_rng([self.seed, self._counter])

    def completed(self) -> list[FinishedTrial]:
        """Trials that ended with a score, in the order in which they ended."""
        return self._completed

    def finished(self) -> list[FinishedTrial]:
        """All trials that ended, failed ones too, in the order in which they ended."""
        return self._finished

    @staticmethod
    def reward(trial: FinishedTrial) -> float:
        """A trial's objective, turned so that more is better."""
        return trial.reward

    def again(self, trial: FinishedTrial) -> Proposal:
        """The proposal of a trial once more, on purpose."""
        once = replace(trial.proposal, repeat=0)
        repeats = self._repeats.get(self._key(once), 0)
        return replace(once, repeat=repeats + 1)

    def is_known(self, proposal: Proposal) -> bool:
        """Whether a trial had this very proposal."""
        return self._key(proposal) in self._known

    def progress(self) -> float:
        """How far the search is, in [0, 1], by trials or by time, whichever is further."""
        by_trials = len(self._finished) / self.max_trials if self.max_trials else 0.0
        by_time = self.elapsed() / self.time_budget if self.time_budget else 0.0
        return min(1.0, max(by_trials, by_time))

    def scaled_to_budget(self, published: int) -> int:
        """A population-like size: the published one, or less where the budget is small.

        `min(published, max(10, max_trials / 10))`, 10 where only time is given, by what the
        project began with: a raised budget does not change a search under way.
        """
        return min(published, max(10, self._sized_for // 10))

    def _highest_budget(self) -> float | None:
        return max((trial.proposal.budget.amount for trial in self._completed), default=None)

    def _at_highest_budget(self) -> list[FinishedTrial]:
        highest = self._highest_budget()
        return [t for t in self._completed if t.proposal.budget.amount == highest]

    # ---- Proposing --------------------------------------------------------------------------

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """The next proposal as KerasTuner wants it."""
        counter = self._counter
        proposal = self._next_proposal()
        if proposal is not None:
            return {"status": Status.RUNNING, "values": encode(proposal)}
        self._counter = counter  # What came to nothing shall not change what comes.
        return {"status": Status.IDLE, "values": None}

    def _next_proposal(self) -> Proposal | None:
        """A proposal that is neither a duplicate nor refused by the grammar's check."""
        for values in self.initial_architectures:
            initial = Proposal(self.grammar.complete(values, np.random.default_rng(self.seed)))
            if self._is_acceptable(initial):
                return initial
        if self._in_finals():
            final = next_finalist(
                self._at_highest_budget(), self._proposals.values(), self.finalists
            )
            if final is not None:
                return final
        for _ in range(_REDRAWS):
            proposal = self.propose()
            if proposal is None:
                return None
            if self._is_acceptable(proposal):
                return self._screened(proposal)
        samples = (self.grammar.sample(self.next_rng()) for _ in range(_REDRAWS))
        # Only a walk through the whole space proves that it is exhausted; checks may be slow.
        most = _MOST_CHECKED if self.checks else _MOST_ENUMERATED
        everything = itertools.islice(self.grammar.enumerate(), most)
        for values in itertools.chain(samples, everything):
            proposal = Proposal(values)
            if self._is_acceptable(proposal):
                return proposal
        return None

    def _screened(self, first: Proposal) -> Proposal:
        """The best of a proposal and others that are drawn beside it."""
        if self.screening is None or not self.screening.concerns(first):
            return first
        candidates = {self._key(first): first}
        for _ in range(_REDRAWS):
            if len(candidates) >= self.screening.candidates:
                break
            other = self.propose()
            if other is None:
                break
            if self.screening.concerns(other) and self._is_acceptable(other):
                candidates.setdefault(self._key(other), other)
        return self.screening.best(candidates.values())

    def _in_finals(self) -> bool:
        """Whether what is left of the search is about what the finalists take."""
        if not self.finalists:
            return False
        if self.max_trials and self.max_trials - len(self.trials) <= self.finalists:
            return True
        if not (self.time_budget and self._finished):
            return False
        each = self.elapsed() / len(self._finished)
        return self.time_budget - self.elapsed() <= self.finalists * each

    def _is_acceptable(self, proposal: Proposal) -> bool:
        if self.is_known(proposal):
            return False
        checks = (self.grammar.check, *self.checks)
        return all(check(proposal.values) is None for check in checks)

    def _key(self, proposal: Proposal) -> str:
        return self.grammar.canonical(proposal.values) + json.dumps(
            control(proposal), sort_keys=True
        )

    # ---- Taking note ------------------------------------------------------------------------

    def note_values(self, trial_id: str, values: Values) -> None:
        proposal = self._proposals[trial_id] = decode(values)
        self._known.add(self._key(proposal))
        if proposal.repeat:
            once = self._key(replace(proposal, repeat=0))
            self._repeats[once] = max(self._repeats.get(once, 0), proposal.repeat)
            self._finals_held |= bool(proposal.individual)

    def proposed_values(self, trial_id: str) -> Values:
        return encode(self._proposals[trial_id])

    def note_created(self, trial_id: str) -> None:
        self.issued(self._proposals[trial_id], trial_id)

    def note_ended(self, trial, learn: bool) -> None:
        finished = FinishedTrial(
            trial_id=trial.trial_id,
            proposal=self._proposals[trial.trial_id],
            status=trial.status,
            score=trial.score,
            reward=self.reward_of(trial),
            metrics=best_values(trial.metrics),
            message=trial.message or "",
        )
        self._finished.append(finished)
        if finished.completed:
            self._completed.append(finished)
        if learn:
            self.learn(finished)

    def check_search(self, trial) -> None:
        super().check_search(trial)
        finished = self._finished[-1]
        if finished.completed and not (
            finished.proposal.is_plain or finished.metrics.get(HONOURED)
        ):
            self.stop_reason = (
                f"The tuner did not do all that `{type(self).__name__}` asked for: budgets and "
                f"`measure={finished.proposal.measure!r}` need `autokeras_nas.NasTuner`. "
                "The search stops after this trial."
            )
            warnings.warn(self.stop_reason, stacklevel=4)

    def creation_notes(self) -> dict[str, Any]:
        return {"seed": self.seed, "counter": self._counter, "sized_for": self._sized_for}

    def take_notes(self, record: Mapping[str, Any]) -> None:
        own = NasOracle.creation_notes(self)  # Those of a subclass are its own to check.
        notes = [record.get(name, known) for name, known in own.items()]
        if not all(map(is_count, notes)):
            raise ValueError(f"its notes are {notes}")
        self.seed, self._counter, self._sized_for = notes


def _checked_seed(seed: int | None) -> int:
    if seed is None:
        return int(np.random.default_rng().integers(2**31))
    if int(seed) != seed or seed < 0:
        raise ValueError(
            "`seed` must be a whole number of at least 0. "
            f"Received: {seed!r}. Pass None for one that is drawn."
        )
    return int(seed)
