"""The base of every oracle: KerasTuner's contract made safe once for all of them."""

from __future__ import annotations

import bisect
import collections
import itertools
import json
import math
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import keras_tuner
import numpy as np
from keras_tuner.src.distribute import utils as kt_distribute
from keras_tuner.src.engine import metrics_tracking
from keras_tuner.src.engine import trial as kt_trial

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
from autokeras_nas.errors import ProjectError, SearchFailedError
from autokeras_nas.objectives import as_objective, direction_of
from autokeras_nas.oracles.finished import FinishedTrial
from autokeras_nas.oracles.space import Space
from autokeras_nas.registry import Registry
from autokeras_nas.storage import Journal, read_snapshot, write_snapshot

ORACLES = Registry("oracle")

_SCHEMA = 1
_REDRAWS = 100
_MOST_ENUMERATED = 20_000
_FIRST_FAILURES = 10
_SNAPSHOT_EVERY = 50
_IDLE_SECONDS = 0.1

_Status = kt_trial.TrialStatus


class NasOracle(keras_tuner.Oracle):
    """An oracle that says what to try (`propose`) and learns from what ended (`learn`).

    A leaf implements `propose`, and what else of the hooks it needs. The base turns proposals
    into KerasTuner trials, refuses duplicates and illegal architectures, hands interrupted
    trials out again, keeps a journal and learns once from each trial. It works in any
    `keras_tuner.Tuner` and over KerasTuner's chief and workers.

    Hooks run under the oracle's lock; an error in one releases it.

    Args:
        objective: A metric's name or a `keras_tuner.Objective`.
        max_trials: Trials to run at most, failed ones included; None: no limit.
        time_budget: Seconds of search over all its runs, after which no trial begins;
            None: no limit.
        grammar: The structure of the search space; None: KerasTuner's hyperparameters, or
            what `bind` gives.
        initial_architectures: Values to try first, in this order; what is missing is drawn.
        hyperparameters: KerasTuner entries known in advance.
        seed: The seed of every proposal; None: drawn once and kept with the project.
        clock: Returns seconds; to be replaced where time is simulated.
        **kwargs: Passed to `keras_tuner.Oracle`.

    Raises:
        ValueError: If an argument is out of its range.
    """

    exam_settings: ClassVar[dict[str, Any]] = {}
    """Arguments under which the algorithm acts within thirty trials, for the contract tests."""

    def __init__(
        self,
        objective=None,
        max_trials: int | None = None,
        time_budget: float | None = None,
        grammar: Grammar | None = None,
        initial_architectures: Iterable[Mapping[str, Any]] = (),
        hyperparameters: keras_tuner.HyperParameters | None = None,
        seed: int | None = None,
        clock: Callable[[], float] = time.monotonic,
        **kwargs,
    ):
        _check_positive("max_trials", max_trials)
        _check_positive("time_budget", time_budget)
        if seed is None:
            seed = int(np.random.SeedSequence().entropy % 2**31)
        super().__init__(
            objective=as_objective(objective),
            max_trials=max_trials,
            hyperparameters=hyperparameters,
            seed=1,  # KerasTuner takes 0 for None; ours is set below.
            **kwargs,
        )
        self.seed = seed
        self.time_budget = time_budget
        self.clock = clock
        self.initial_architectures = [plain_values(values) for values in initial_architectures]
        self.hyperparameters = Space.of(self.hyperparameters)
        self.idle_seconds = _IDLE_SECONDS
        self.stop_reason: str | None = None

        self._directory = self._project_name = None
        self._changed = threading.Condition(threading.RLock())
        self._given_grammar = grammar
        self._derived_grammar: tuple[int, Grammar] | None = None

        self._journal: Journal | None = None
        self._opened = False
        self._sequence = 0
        self._counter = 0
        self._settings: dict[str, Any] = {}
        self._settings_saved = 0
        self._seconds_before = 0.0
        self._started: float | None = None
        self._proposals: dict[str, Proposal] = {}
        self._known: set[str] = set()
        self._finished: list[FinishedTrial] = []
        self._completed: list[FinishedTrial] = []
        self._ranking: list[tuple[float, int, str]] = []

    # ---- What a leaf implements -------------------------------------------------------------

    def propose(self) -> Proposal | None:
        """What to try next.

        May change nothing but the seed counter (`next_rng`), since it is asked again where its
        answer is a duplicate or illegal.

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
        """The id of the trial that is the result: the best score at the highest budget."""
        highest = max((t.proposal.budget.epochs for t in self._completed), default=None)
        for _, _, trial_id in self._ranking:
            if self._proposals[trial_id].budget.epochs == highest:
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
        proposal = replace(trial.proposal, repeat=trial.proposal.repeat + 1)
        while self._key(proposal) in self._known:
            proposal = replace(proposal, repeat=proposal.repeat + 1)
        return proposal

    def progress(self) -> float:
        """How far the search is, in [0, 1], by trials or by time, whichever is further."""
        by_trials = len(self._finished) / self.max_trials if self.max_trials else 0.0
        by_time = self.elapsed() / self.time_budget if self.time_budget else 0.0
        return min(1.0, max(by_trials, by_time))

    def elapsed(self) -> float:
        """Seconds of search so far, over all its runs."""
        running = 0.0 if self._started is None else self.clock() - self._started
        return self._seconds_before + running

    def scaled_to_budget(self, name: str, published: int) -> int:
        """A population-like size: the published one, or less where the budget is small.

        `min(published, max(10, max_trials / 10))`, 10 where only time is given; frozen at the
        first call, so that a raised budget does not change a search under way.
        """
        if name not in self._settings:
            share = self.max_trials // 10 if self.max_trials else 0
            self._settings[name] = min(published, max(10, share))
        return self._settings[name]

    # ---- KerasTuner's contract --------------------------------------------------------------

    def create_trial(self, tuner_id: str) -> kt_trial.Trial:
        """The next trial for a tuner; status `STOPPED`: no more, `IDLE`: ask again."""
        with self._changed:
            trial = self._create_trial(tuner_id)
            if trial.status == _Status.IDLE and self.idle_seconds:
                # KerasTuner asks again at once; waiting here keeps it from spinning.
                self._changed.wait(self.idle_seconds)
            return trial

    def update_trial(self, trial_id: str, metrics: Mapping[str, float], step: int = 0):
        """Notes metrics of a running trial; nothing is written before it ends.

        Raises:
            ValueError: If the objective is not among the metrics.
        """
        with self._changed:
            trial = self.trials[trial_id]
            self._check_objective_found(metrics)
            for name, value in metrics.items():
                if not trial.metrics.exists(name):
                    trial.metrics.register(name, direction=self._direction(name))
                trial.metrics.update(name, value, step=step)
            return trial

    def end_trial(self, trial: kt_trial.Trial) -> None:
        """Ends a trial: scores it, or has it retried, learns from it and writes it down.

        Raises:
            SearchFailedError: If this is the tenth trial and all have failed.
        """
        with self._changed:
            if trial.trial_id not in self.trials:
                raise ValueError(
                    "Only trials that this oracle created can end. "
                    f"Received: trial_id={trial.trial_id!r}. Create it with `create_trial`."
                )
            if not self._is_running(trial.trial_id):
                return
            self._end_trial(trial)
            self._changed.notify_all()
            if self.stop_reason and len(self._finished) == _FIRST_FAILURES:
                if not kt_distribute.is_chief_oracle():
                    raise SearchFailedError(self.stop_reason)

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """The next proposal as KerasTuner wants it."""
        proposal = self._next_proposal()
        if proposal is not None:
            return {"status": _Status.RUNNING, "values": encode(proposal)}
        waiting = bool(self.ongoing_trials)
        return {"status": _Status.IDLE if waiting else _Status.STOPPED, "values": None}

    def update_space(self, hyperparameters: keras_tuner.HyperParameters) -> None:
        """Adds entries that are new; KerasTuner's rules for new entries hold."""
        with self._changed:
            super().update_space(hyperparameters)

    def get_space(self) -> keras_tuner.HyperParameters:
        """A copy of the space."""
        with self._changed:
            return self.hyperparameters.copy()

    def get_best_trials(self, num_trials: int = 1) -> list[kt_trial.Trial]:
        """The best completed trials, best first; fewer where fewer have completed."""
        with self._changed:
            return [self.trials[trial_id] for _, _, trial_id in self._ranking[:num_trials]]

    def save(self) -> None:
        """Nothing: every record is written as it comes. KerasTuner calls this after each trial."""

    def reload(self) -> None:
        """Opens the project: its trials, and what was learned from them."""
        with self._changed:
            self._open()

    # ---- Creating ---------------------------------------------------------------------------

    def _create_trial(self, tuner_id: str) -> kt_trial.Trial:
        self._open()
        if self._started is None:
            self._started = self.clock()
        if tuner_id in self.ongoing_trials:
            return self.ongoing_trials[tuner_id]
        self.tuner_ids.add(tuner_id)
        if self._is_over():
            return self._no_trial(tuner_id, _Status.STOPPED)
        if self._retry_queue:
            # Oldest first, so that a resumed search goes on as the unbroken one.
            trial = self.trials[self._retry_queue.pop(0)]
            trial.status = _Status.RUNNING
            trial.metrics = metrics_tracking.MetricsTracker()
            self.ongoing_trials[tuner_id] = trial
            self._display.on_trial_begin(trial)
            return trial
        if self.max_trials and len(self.trials) >= self.max_trials:
            return self._no_trial(tuner_id, _Status.STOPPED)
        trial_id = f"{len(self.trials):04d}"
        counter = self._counter
        response = self.populate_space(trial_id)
        if response["status"] != _Status.RUNNING:
            self._counter = counter
            if response["status"] == _Status.IDLE and not self.ongoing_trials:
                return self._no_trial(tuner_id, _Status.STOPPED)
            return self._no_trial(tuner_id, response["status"])
        values = plain_values(response["values"])
        record = {"kind": "create", "trial": trial_id, "values": values, "counter": self._counter}
        if len(self._settings) > self._settings_saved:
            record["settings"] = dict(self._settings)
            self._settings_saved = len(self._settings)
        self._write({**record, "seconds": round(self.elapsed(), 3)})
        trial = self._start(trial_id, values)
        self.ongoing_trials[tuner_id] = trial
        self.issued(self._proposals[trial_id], trial_id)
        self._display.on_trial_begin(trial)
        return trial

    def _start(self, trial_id: str, values: Values) -> kt_trial.Trial:
        proposal = decode(values)
        hyperparameters = self.hyperparameters.copy()
        hyperparameters.values = dict(values)
        trial = kt_trial.Trial(hyperparameters, trial_id, _Status.RUNNING)
        self.trials[trial_id] = trial
        self.start_order.append(trial_id)
        self._proposals[trial_id] = proposal
        self._known.add(self._key(proposal))
        return trial

    def _no_trial(self, tuner_id: str, status: str) -> kt_trial.Trial:
        if status == _Status.STOPPED:
            self.tuner_ids.discard(tuner_id)
        return kt_trial.Trial(Space(), trial_id=f"{len(self.trials):04d}", status=status)

    def _is_over(self) -> bool:
        out_of_time = self.time_budget is not None and self.elapsed() >= self.time_budget
        return out_of_time or self.stop_reason is not None

    def _next_proposal(self) -> Proposal | None:
        """A proposal that is neither a duplicate nor refused by the grammar's check."""
        for values in self.initial_architectures:
            proposal = Proposal(self.grammar.complete(values, np.random.default_rng(self.seed)))
            if self._is_acceptable(proposal):
                return proposal
        for _ in range(_REDRAWS):
            proposal = self.propose()
            if proposal is None or self._is_acceptable(proposal):
                return proposal
        samples = (self.grammar.sample(self.next_rng()) for _ in range(_REDRAWS))
        # Only a walk through the whole space proves that it is exhausted.
        everything = itertools.islice(self.grammar.enumerate(), _MOST_ENUMERATED)
        for values in itertools.chain(samples, everything):
            proposal = Proposal(values)
            if self._is_acceptable(proposal):
                return proposal
        return None

    def _is_acceptable(self, proposal: Proposal) -> bool:
        if self._key(proposal) in self._known:
            return False
        return self.grammar.check(proposal.values) is None

    def _key(self, proposal: Proposal) -> str:
        return self.grammar.canonical(proposal.values) + json.dumps(
            control(proposal), sort_keys=True
        )

    # ---- Ending -----------------------------------------------------------------------------

    def _end_trial(self, reported: kt_trial.Trial) -> None:
        trial = self.trials[reported.trial_id]
        proposed = self._proposals[trial.trial_id]
        added = self._take_new_entries(trial, reported.hyperparameters)
        trial.status, trial.message = reported.status, reported.message
        self._score(trial)
        self._run_times[trial.trial_id] += 1
        if trial.status == _Status.INVALID:
            if self._run_times[trial.trial_id] <= self.max_retries_per_trial:
                self._write({"kind": "retry", "trial": trial.trial_id})
                self._retry_queue.append(trial.trial_id)
                self._release(trial)
                return
            trial.status = _Status.FAILED
        record = {
            "kind": "end",
            "trial": trial.trial_id,
            "status": trial.status,
            "score": trial.score,
            "best_step": trial.best_step,
            "metrics": _compact(trial.metrics),
            "seconds": round(self.elapsed(), 3),
        }
        if trial.message:
            record["message"] = trial.message
        if self._proposals[trial.trial_id] != proposed:
            record["values"] = trial.hyperparameters.values
        if added:
            record["space"] = added
        self._write(record)
        self._finish(trial)
        self._check_search(trial)
        if len(self._finished) % _SNAPSHOT_EVERY == 0:
            self._snapshot()
        self._display.on_trial_end(trial)
        # Last of all: KerasTuner's chief leaves when no trial is ongoing.
        self._release(trial)

    def _take_new_entries(self, trial, hyperparameters) -> list[dict[str, Any]]:
        """Merges entries that building discovered; what was proposed stays as it was."""
        known = trial.hyperparameters
        new = [h for h in hyperparameters.space if not known._exists(h.name, h.conditions)]
        own = known is hyperparameters
        late = [
            h
            for h in hyperparameters.space
            if not self.hyperparameters._exists(h.name, h.conditions)
        ]
        self.update_space(hyperparameters)
        if not own:
            values = {**hyperparameters.values, **known.values}
            known.merge(new, overwrite=False)
            known.values = plain_values(values)
        proposed = encode(self._proposals[trial.trial_id])
        known.values = {**known.values, **proposed}
        if known.values.keys() == proposed.keys() and not late:
            return []
        for entry in known.space:
            if not known.is_active(entry):
                known.values.pop(entry.name, None)
        self._proposals[trial.trial_id] = decode(known.values)
        self._known.add(self._key(self._proposals[trial.trial_id]))
        return [{"class_name": type(h).__name__, "config": h.get_config()} for h in late]

    def _score(self, trial: kt_trial.Trial) -> None:
        """Sets the score of a completed trial; one that has no finite score is invalid."""
        if trial.status not in (_Status.COMPLETED, _Status.INVALID, _Status.FAILED):
            trial.message = f"The trial ended with status {trial.status}, which no ended trial has."
            trial.status = _Status.FAILED
        if trial.status != _Status.COMPLETED:
            return
        try:
            self.score_trial(trial)
            score = float(trial.score)
        except (ValueError, TypeError):
            score = math.nan
        trial.score, trial.best_step = score, int(trial.best_step or 0)
        if not math.isfinite(score):
            trial.status, trial.score = _Status.INVALID, None
            trial.message = f"The objective {self.objective.name} is not finite: {score}."

    def _finish(self, trial: kt_trial.Trial, learn: bool = True) -> None:
        """Enters an ended trial into all that is kept of the search."""
        completed = trial.status == _Status.COMPLETED
        reward = -math.inf
        if completed:
            reward = trial.score if self.objective.direction == "max" else -trial.score
        finished = FinishedTrial(
            trial_id=trial.trial_id,
            proposal=self._proposals[trial.trial_id],
            status=trial.status,
            score=trial.score,
            reward=reward,
            metrics=_best_values(trial.metrics),
            message=trial.message or "",
        )
        self.end_order.append(trial.trial_id)
        self._finished.append(finished)
        if completed:
            self._completed.append(finished)
            bisect.insort(self._ranking, (-reward, len(self._finished), trial.trial_id))
        if learn:
            self.learn(finished)

    def _check_search(self, trial: kt_trial.Trial) -> None:
        """Ends a search that cannot succeed."""
        finished = self._finished
        if len(finished) == _FIRST_FAILURES and not self._completed:
            reasons = collections.Counter(
                (t.message.strip().splitlines() or ["no reason given"])[-1] for t in finished
            )
            listed = "; ".join(f"{count} times: {reason}" for reason, count in reasons.items())
            self.stop_reason = (
                f"The first {_FIRST_FAILURES} trials all failed, so the search stops. {listed}. "
                "Build and fit one model by hand, and search again when it trains."
            )
        proposal = self._proposals[trial.trial_id]
        honoured = HONOURED in trial.metrics.metrics
        if trial.status == _Status.COMPLETED and not proposal.is_plain and not honoured:
            self.stop_reason = (
                f"The tuner did not do all that `{type(self).__name__}` asked for: budgets and "
                f"`measure={proposal.measure!r}` need `autokeras_nas.NasTuner`. "
                "The search stops after this trial."
            )
            warnings.warn(self.stop_reason, stacklevel=4)

    def _is_running(self, trial_id: str) -> bool:
        return any(trial.trial_id == trial_id for trial in self.ongoing_trials.values())

    def _release(self, trial: kt_trial.Trial) -> None:
        for tuner_id, ongoing in list(self.ongoing_trials.items()):
            if ongoing.trial_id == trial.trial_id:
                del self.ongoing_trials[tuner_id]

    def _direction(self, metric: str) -> str:
        if metric == self.objective.name:
            return self.objective.direction
        return direction_of(metric) or "min"

    # ---- The project on disk ----------------------------------------------------------------

    @property
    def _folder(self) -> Path | None:
        if self._project_name is None:
            return None
        return Path(self._directory) / self._project_name

    def _open(self) -> None:
        """Takes up the project in the folder, once; KerasTuner asks for it only now and then."""
        if self._opened:
            return
        self._opened = True
        if self._folder is None:
            return
        self._journal = Journal(self._folder / "journal.jsonl")
        snapshot = read_snapshot(self._folder / "oracle.snapshot") or {}
        if snapshot:
            self.set_state(snapshot["state"])
        for record in self._journal.read():
            self._sequence = record["n"]
            self._replay(record, learn=self._sequence > snapshot.get("n", 0))
        ended = set(self.end_order)
        self._retry_queue = [i for i in self.start_order if i not in ended]
        if self._sequence == 0:
            self._write(self._header())

    def _replay(self, record: dict[str, Any], learn: bool) -> None:
        kind = record["kind"]
        if kind == "header":
            self._check_header(record)
            self.seed = record["seed"]
        elif kind == "create":
            self._counter = record["counter"]
            self._settings.update(record.get("settings", {}))
            self._settings_saved = len(self._settings)
            self._start(record["trial"], record["values"])
            if learn:
                self.issued(self._proposals[record["trial"]], record["trial"])
        elif kind == "retry":
            self._run_times[record["trial"]] += 1
        elif kind == "end" and record["trial"] in self.trials:
            self._replay_end(record, learn)
        self._seconds_before = record.get("seconds", self._seconds_before)

    def _replay_end(self, record: dict[str, Any], learn: bool) -> None:
        trial = self.trials[record["trial"]]
        if "space" in record:
            entries = {"space": record["space"], "values": {}}
            new = keras_tuner.HyperParameters.from_config(entries)
            self.hyperparameters.merge(new, overwrite=False)
            trial.hyperparameters.merge(new, overwrite=False)
        if "values" in record:
            trial.hyperparameters.values = record["values"]
            self._proposals[trial.trial_id] = decode(record["values"])
            self._known.add(self._key(self._proposals[trial.trial_id]))
        trial.status, trial.score = record["status"], record["score"]
        trial.best_step, trial.message = record["best_step"], record.get("message")
        trial.metrics = _expanded(record["metrics"])
        self._finish(trial, learn)

    def _header(self) -> dict[str, Any]:
        return {
            "kind": "header",
            "schema": _SCHEMA,
            "oracle": type(self).__name__,
            "objective": [self.objective.name, self.objective.direction],
            "seed": self.seed,
        }

    def _check_header(self, header: dict[str, Any]) -> None:
        for name, ours in self._header().items():
            if name != "seed" and header.get(name) != ours:
                raise ProjectError(
                    f"The project in {self._folder} is another search's: its {name} is "
                    f"{header.get(name)!r}. Received: {ours!r}. Choose another `project_name`, "
                    "or pass `overwrite=True` to begin anew."
                )

    def _write(self, record: dict[str, Any]) -> None:
        if self._journal is not None:
            self._sequence += 1
            self._journal.append({"n": self._sequence, **record})

    def _snapshot(self) -> None:
        state = self.get_state()
        if state and self._journal is not None:
            # First the records that the snapshot stands for.
            self._journal.sync()
            write_snapshot(self._folder / "oracle.snapshot", {"n": self._sequence, "state": state})


def _check_positive(name: str, value: float | None) -> None:
    if value is not None and not value > 0:
        raise ValueError(f"`{name}` must be positive. Received: {value}. Pass None for no limit.")


def _best_values(metrics: metrics_tracking.MetricsTracker) -> dict[str, float]:
    return {name: float(history.get_best_value()) for name, history in metrics.metrics.items()}


def _compact(metrics: metrics_tracking.MetricsTracker) -> dict[str, Any]:
    """Metrics as JSON: direction, then steps with their values."""
    return {
        name: [history.direction, [[o.step, o.value] for o in history.get_history()]]
        for name, history in metrics.metrics.items()
    }


def _expanded(metrics: dict[str, Any]) -> metrics_tracking.MetricsTracker:
    tracker = metrics_tracking.MetricsTracker()
    for name, (direction, observations) in metrics.items():
        tracker.register(name, direction=direction)
        tracker.metrics[name].set_history(
            [metrics_tracking.MetricObservation(value, step) for step, value in observations]
        )
    return tracker
