"""KerasTuner's oracle contract, made safe and cheap: locks, journal, resume, retries, ends."""

from __future__ import annotations

import abc
import bisect
import collections
import math
import re
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras_tuner
from keras_tuner.src.distribute import utils as kt_distribute
from keras_tuner.src.engine import metrics_tracking
from keras_tuner.src.engine import trial as kt_trial

from autokeras_nas.architecture import Values, plain_values
from autokeras_nas.errors import (
    ProjectError,
    SearchFailedError,
    cannot_write,
    check_limit,
    headline,
)
from autokeras_nas.objectives import as_objective, direction_of
from autokeras_nas.oracles.records import end_record, entries_of, entry_records, restore_end
from autokeras_nas.oracles.space import Space
from autokeras_nas.storage import Journal, read_snapshot, write_snapshot

_SCHEMA = 1
_SNAPSHOT = "oracle.snapshot"
_FIRST_FAILURES = 10
_SNAPSHOT_EVERY = 50
_IDLE_SECONDS = 0.1

Status = kt_trial.TrialStatus


class JournaledOracle(keras_tuner.Oracle, abc.ABC):
    """A KerasTuner oracle that loses nothing, whose cost does not grow with its trials.

    Each trial is two records of a journal, its creation and its end; opening a project replays
    them. Errors in a hook release the lock. Trials that an earlier run left are handed out
    again. A leaf says what to try (`populate_space`), and takes note of trials by the hooks
    below, which run under the lock, live and on replay alike.

    Args:
        objective: A metric's name or a `keras_tuner.Objective`.
        max_trials: Trials to run at most, failed ones included; None: no limit.
        time_budget: Seconds of search over all its runs, after which no trial begins;
            None: no limit.
        hyperparameters: KerasTuner entries known in advance.
        clock: Returns seconds; to be replaced where time is simulated.
        **kwargs: Passed to `keras_tuner.Oracle`.

    Raises:
        ValueError: If an argument is out of its range.
    """

    hyperparameters: keras_tuner.HyperParameters

    def __init__(
        self,
        objective=None,
        max_trials: int | None = None,
        time_budget: float | None = None,
        hyperparameters: keras_tuner.HyperParameters | None = None,
        clock: Callable[[], float] = time.monotonic,
        **kwargs,
    ):
        check_limit("max_trials", max_trials)
        check_limit("time_budget", time_budget)
        super().__init__(
            objective=as_objective(objective),
            max_trials=max_trials,
            hyperparameters=hyperparameters,
            **kwargs,
        )
        self.time_budget = time_budget
        self.clock = clock
        self.hyperparameters = Space.of(self.hyperparameters)
        self.idle_seconds = _IDLE_SECONDS
        self.stop_reason: str | None = None

        self._directory = self._project_name = None
        self._changed = threading.Condition(threading.RLock())
        self._journal: Journal | None = None
        self._opened = False
        self._sequence = 0
        self._seconds = 0.0
        self._looked: float | None = None
        self._ranking: list[tuple[float, int, str]] = []

    # ---- What a leaf implements -------------------------------------------------------------

    @abc.abstractmethod
    def note_values(self, trial_id: str, values: Values) -> None:
        """A trial has these values: it was created, or building it added entries."""

    @abc.abstractmethod
    def proposed_values(self, trial_id: str) -> Values:
        """What a trial was created with, and what was added to it."""

    @abc.abstractmethod
    def note_created(self, trial_id: str) -> None:
        """A trial was created; not called for those that the last snapshot knows."""

    @abc.abstractmethod
    def note_ended(self, trial: kt_trial.Trial, learn: bool) -> None:
        """A trial ended; `learn` is false for those that the last snapshot knows."""

    @abc.abstractmethod
    def creation_notes(self) -> dict[str, Any]:
        """What a leaf writes down with the header and with each creation, as JSON."""

    @abc.abstractmethod
    def take_notes(self, record: Mapping[str, Any]) -> None:
        """Takes back what it wrote down, from the header or a creation."""

    @abc.abstractmethod
    def get_state(self) -> dict[str, Any]:
        """What was learned and does not follow from the trials; JSON types only."""

    @abc.abstractmethod
    def set_state(self, state: dict[str, Any]) -> None:
        """Takes back what `get_state` gave."""

    # ---- KerasTuner's contract --------------------------------------------------------------

    def create_trial(self, tuner_id: str) -> kt_trial.Trial:
        """The next trial for a tuner; status `STOPPED`: no more, `IDLE`: ask again."""
        with self._changed:
            trial = self._create_trial(tuner_id)
            if trial.status == Status.IDLE and self.idle_seconds:
                # KerasTuner asks again at once; waiting here keeps it from spinning.
                self._changed.wait(self.idle_seconds)
            return trial

    def update_trial(self, trial_id: str, metrics: Mapping[str, float], step: int = 0):
        """Notes metrics of a running trial; nothing is written before it ends.

        Raises:
            ValueError: If the objective is not among the metrics, or one is no number.
        """
        with self._changed:
            trial = self.trials[trial_id]
            self._check_objective_found(metrics)
            # All of them before the first is noted.
            numbers = {name: _number(name, value) for name, value in metrics.items()}
            for name, value in numbers.items():
                if not trial.metrics.exists(name):
                    trial.metrics.register(name, direction=self._direction(name))
                trial.metrics.update(name, value, step=int(step))
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
            if self._has_failed and not kt_distribute.is_chief_oracle():
                raise SearchFailedError(self.stop_reason)

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

    def close(self) -> None:
        """Lets other processes write the project; a later trial takes it back."""
        with self._changed:
            if self._journal is not None:
                self._journal.close()

    def elapsed(self) -> float:
        """Seconds of search so far, over all its runs; a clock that is set back takes none away."""
        if self._looked is not None:
            now = self.clock()
            self._seconds += max(0.0, now - self._looked)
            self._looked = now
        return self._seconds

    # ---- Creating ---------------------------------------------------------------------------

    def _create_trial(self, tuner_id: str) -> kt_trial.Trial:
        self._open()
        if self._looked is None:
            self._looked = self.clock()
        if tuner_id in self.ongoing_trials:
            return self.ongoing_trials[tuner_id]
        self.tuner_ids.add(tuner_id)
        if self._is_over():
            return self._no_trial(tuner_id, Status.STOPPED)
        if self._retry_queue:
            # Oldest first, so that a resumed search goes on as the unbroken one.
            trial = self.trials[self._retry_queue.pop(0)]
            trial.status = Status.RUNNING
            trial.metrics, trial.message = metrics_tracking.MetricsTracker(), None
        elif self.max_trials and len(self.trials) >= self.max_trials:
            return self._no_trial(tuner_id, Status.STOPPED)
        else:
            trial_id = self._next_id
            response = self.populate_space(trial_id)
            if response["status"] != Status.RUNNING:
                return self._no_trial(tuner_id, response["status"])
            trial = self._new_trial(trial_id, plain_values(response["values"]))
        self.ongoing_trials[tuner_id] = trial
        self._display.on_trial_begin(trial)
        return trial

    def _new_trial(self, trial_id: str, values: Values) -> kt_trial.Trial:
        self._write(
            {
                "kind": "create",
                "trial": trial_id,
                "values": values,
                **self.creation_notes(),
                "seconds": round(self.elapsed(), 3),
            }
        )
        trial = self._enter(trial_id, values)
        self.note_created(trial_id)
        return trial

    def _enter(self, trial_id: str, values: Values) -> kt_trial.Trial:
        hyperparameters = self.hyperparameters.copy()
        hyperparameters.values = dict(values)
        trial = kt_trial.Trial(hyperparameters, trial_id, Status.RUNNING)
        self.trials[trial_id] = trial
        self.start_order.append(trial_id)
        self.note_values(trial_id, values)
        return trial

    def _no_trial(self, tuner_id: str, status: str) -> kt_trial.Trial:
        if status == Status.IDLE and not self.ongoing_trials:
            status = Status.STOPPED  # There is nothing to wait for.
        if status == Status.STOPPED:
            self.tuner_ids.discard(tuner_id)
        return kt_trial.Trial(Space(), trial_id=self._next_id, status=status)

    @property
    def _next_id(self) -> str:
        # Not the number of trials: a damaged record may have lost one.
        return f"{int(self.start_order[-1]) + 1 if self.start_order else 0:04d}"

    def _is_over(self) -> bool:
        out_of_time = self.time_budget is not None and self.elapsed() >= self.time_budget
        return out_of_time or self.stop_reason is not None

    # ---- Ending -----------------------------------------------------------------------------

    def _end_trial(self, reported: kt_trial.Trial) -> None:
        trial = self.trials[reported.trial_id]
        proposed = self.proposed_values(trial.trial_id)
        added = self._take_new_entries(trial, reported.hyperparameters)
        trial.status, trial.message = reported.status, reported.message
        self._score(trial)
        self._run_times[trial.trial_id] += 1
        if trial.status == Status.INVALID:
            if self._run_times[trial.trial_id] <= self.max_retries_per_trial:
                self._write({"kind": "retry", "trial": trial.trial_id})
                self._retry_queue.append(trial.trial_id)
                self._release(trial)
                return
            trial.status = Status.FAILED
        record = end_record(trial)
        if self.proposed_values(trial.trial_id) != proposed:
            record["values"] = trial.hyperparameters.values
        if added:
            record["space"] = added
        self._write({**record, "seconds": round(self.elapsed(), 3)})
        try:
            self._finish(trial)
            self.check_search(trial)
            if len(self.end_order) % _SNAPSHOT_EVERY == 0:
                self._snapshot()
            self._display.on_trial_end(trial)
        finally:
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
        proposed = self.proposed_values(trial.trial_id)
        known.values = {**known.values, **proposed}
        if known.values.keys() == proposed.keys() and not late:
            return []
        for entry in known.space:
            if not known.is_active(entry):
                known.values.pop(entry.name, None)
        self.note_values(trial.trial_id, known.values)
        return entry_records(late)

    def _score(self, trial: kt_trial.Trial) -> None:
        """Sets the score of a completed trial; one that has no finite score is invalid."""
        if trial.status not in (Status.COMPLETED, Status.INVALID, Status.FAILED):
            trial.message = f"The trial ended with status {trial.status}, which no ended trial has."
            trial.status = Status.FAILED
        if trial.status != Status.COMPLETED:
            return
        try:
            self.score_trial(trial)
            score = float(trial.score)
        except (ValueError, TypeError):
            score = math.nan
        trial.score, trial.best_step = score, int(trial.best_step or 0)
        if not math.isfinite(score):
            trial.status, trial.score = Status.INVALID, None
            trial.message = f"The objective {self.objective.name} is not finite: {score}."

    def _finish(self, trial: kt_trial.Trial, learn: bool = True) -> None:
        """Enters an ended trial into all that is kept of the search."""
        self.end_order.append(trial.trial_id)
        if trial.status == Status.COMPLETED:
            place = (-self.reward_of(trial), len(self.end_order), trial.trial_id)
            bisect.insort(self._ranking, place)
        self.note_ended(trial, learn)

    def reward_of(self, trial: kt_trial.Trial) -> float:
        """A trial's score, turned so that more is better; minus infinity: it has none."""
        if trial.status != Status.COMPLETED:
            return -math.inf
        return trial.score if self.objective.direction == "max" else -trial.score

    @property
    def _has_failed(self) -> bool:
        return len(self.end_order) == _FIRST_FAILURES and not self._ranking

    def check_search(self, trial: kt_trial.Trial) -> None:
        """Ends a search that cannot succeed, after a trial of this run; not called on replay."""
        if not self._has_failed:
            return
        messages = (self.trials[trial_id].message for trial_id in self.end_order)
        reasons = collections.Counter(headline(m) or "no reason given" for m in messages)
        listed = "; ".join(f"{count} times: {reason}" for reason, count in reasons.items())
        self.stop_reason = (
            f"The first {_FIRST_FAILURES} trials all failed, so the search stops. {listed}. "
            "Build and fit one model by hand, and search again when it trains."
        )

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
        snapshot = read_snapshot(self._folder / _SNAPSHOT) or {}
        if snapshot:
            self.set_state(snapshot["state"])
        for record in self._journal.read():
            self._sequence = record["n"]
            self._replay(record, learn=self._sequence > snapshot.get("n", 0))
        ended = set(self.end_order)
        self._retry_queue = [i for i in self.start_order if i not in ended]
        if self._sequence == 0:
            # KerasTuner fills the space of a new project alone.
            space = {"space": entry_records(self.hyperparameters.space)}
            self._write({**self._header(), **self.creation_notes(), **space})

    def _replay(self, record: dict[str, Any], learn: bool) -> None:
        kind = record["kind"]
        if kind == "header":
            self._check_header(record)
            self.take_notes(record)
            self.hyperparameters.merge(entries_of(record["space"]), overwrite=False)
        elif kind == "create":
            _check_id(record["trial"])
            self.take_notes(record)
            self._enter(record["trial"], record["values"])
            if learn:
                self.note_created(record["trial"])
        elif kind == "retry":
            self._run_times[record["trial"]] += 1
        elif kind == "end" and record["trial"] in self.trials:
            self._replay_end(record, learn)
        self._seconds = record.get("seconds", self._seconds)

    def _replay_end(self, record: dict[str, Any], learn: bool) -> None:
        trial = self.trials[record["trial"]]
        if trial.status != Status.RUNNING:
            return  # It has ended before.
        if "space" in record:
            new = entries_of(record["space"])
            self.hyperparameters.merge(new, overwrite=False)
            trial.hyperparameters.merge(new, overwrite=False)
        if "values" in record:
            trial.hyperparameters.values = record["values"]
            self.note_values(trial.trial_id, record["values"])
        restore_end(trial, record)
        self._finish(trial, learn)

    def _header(self) -> dict[str, Any]:
        return {
            "kind": "header",
            "schema": _SCHEMA,
            "oracle": type(self).__name__,
            "objective": [self.objective.name, self.objective.direction],
        }

    def _check_header(self, header: dict[str, Any]) -> None:
        for name, ours in self._header().items():
            if header.get(name) != ours:
                raise ProjectError(
                    f"The project in {self._folder} is another search's: its {name} is "
                    f"{header.get(name)!r}. Received: {ours!r}. Choose another `project_name`, "
                    "or pass `overwrite=True` to begin anew."
                )

    def _write(self, record: dict[str, Any]) -> None:
        if self._journal is None:
            return
        try:
            self._journal.append({"n": self._sequence + 1, **record})
        except OSError as error:
            raise cannot_write(self._journal.path.parent, error) from error
        self._sequence += 1

    def _snapshot(self) -> None:
        state = self.get_state()
        if state and self._journal is not None:
            # First the records that the snapshot stands for.
            self._journal.sync()
            path = self._journal.path.with_name(_SNAPSHOT)
            write_snapshot(path, {"n": self._sequence, "state": state})


def _check_id(trial_id: Any) -> None:
    """Raises `ProjectError` unless an id names a folder of the project, and no other place."""
    if not isinstance(trial_id, str) or not re.fullmatch(r"\w+", trial_id):
        raise ProjectError(
            "The journal is not one that this package wrote: trials are numbered. "
            f"Received: the trial {trial_id!r}. Do not open this project."
        )


def _number(name: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise ValueError(
            f"Metrics must be numbers. Received: {name}={value!r}. "
            "Leave out what is none of a trial's measures."
        ) from None
