"""The tuner: asks an oracle, has an executor run, reports back."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras
import keras_tuner
from keras_tuner.src.distribute import utils as kt_distribute
from keras_tuner.src.engine import tuner_utils
from keras_tuner.src.engine.trial import Trial

from autokeras_nas.architecture import Values, decode
from autokeras_nas.costs import Costs, count, count_model, latency
from autokeras_nas.errors import (
    InvalidArchitectureError,
    ProjectError,
    cannot_write,
    check_limit,
    unknown_name,
)
from autokeras_nas.objectives import as_objective
from autokeras_nas.oracles import ORACLES, NasOracle, Screening
from autokeras_nas.search.budget import allotment
from autokeras_nas.search.checkpoints import load_checkpoint
from autokeras_nas.search.choice import check_executor
from autokeras_nas.search.executors import Executor, Inline
from autokeras_nas.search.hypermodel import NasHyperModel, OwnHyperModel
from autokeras_nas.search.interrupts import Interrupts
from autokeras_nas.search.keeping import Keeper
from autokeras_nas.search.limits import Cached, Limits
from autokeras_nas.search.loop import run_trials
from autokeras_nas.search.pace import Pace
from autokeras_nas.search.process import Process
from autokeras_nas.search.reloading import unsaid_reload
from autokeras_nas.search.runner import KerasRunner
from autokeras_nas.search.screening import NetworkScore, check_screening, first_batch
from autokeras_nas.search.spec import Training, TrialResult, TrialSpec
from autokeras_nas.search.stopping import RuleMaker, Stopping
from autokeras_nas.search.worker import Setup
from autokeras_nas.storage import writing
from autokeras_nas.training.zero_cost import Score, score_of


class NasTuner(keras_tuner.Tuner):
    """A `keras_tuner.Tuner` that does all that our oracles can ask for.

    Any KerasTuner oracle works in it, and any hypermodel. The first trial is the space's
    default architecture. Weights are kept for the best trials, for those than which none is
    both better and cheaper, and for those that the oracle still needs.

    Example:

    ```python
    tuner = nas.NasTuner(build_model, oracle="regularized_evolution",
                         objective="val_accuracy", max_trials=50)
    tuner.search(x, y, validation_split=0.2, epochs=5)
    ```

    Args:
        hypermodel: A `keras_tuner.HyperModel` or a function `build(hp)`.
        oracle: A registered name or a `keras_tuner.Oracle`.
        objective: For a named oracle: a metric's name or a `keras_tuner.Objective`.
        max_trials: For a named oracle: trials at most.
        seed: For a named oracle and for every trial.
        max_model_size: Parameters at most, the same as `limits={"parameters": ...}`.
        limits: The most that a network may have of `"parameters"`, `"flops"` (one example,
            forward), `"bytes"` (of its weights) and `"latency"` (seconds for one example on
            this machine, measured before it is trained). A proposal over a limit is drawn again
            and is no trial; with an oracle that is not ours, only an oversized network fails.
        screening: Of several proposals the one becomes a trial whose untrained network has the
            best score: `"naswot"`, `"synflow"`, `"grad_norm"`, or a function of a compiled model,
            inputs and targets of one batch, of which more is better. What cannot be built or
            scored comes last. A trial's score is its metric `nas/zero_cost`. None: the first
            proposal becomes one, as always under KerasTuner's chief, which has no data.
        screening_candidates: Proposals to choose from.
        keep_best: How many trials keep their weights.
        max_disk_gb: Gigabytes of weights at most; where they are more, those of the worst trials
            go, but never those of the result or that the oracle needs. None: no limit.
        executor: `"inline"`: trials run in this process. `"process"`: in child processes, whose
            deaths cost one trial, and whose memory is given back; hypermodel, data and callbacks
            must be such as can be sent there.
        workers: Child processes, and trials at once.
        trial_timeout: Seconds after which a trial in a child process is taken to hang; None:
            twice its time and a minute, where it has one.
        stopping: By which rule trials end early that look hopeless beside those before:
            `"median"`, `"successive_halving"`, or what makes a rule of the finished trials'
            curves, such as `functools.partial(nas.training.MedianRule, least_share=0.5)`. They
            are completed with the score that they had by then, from which the oracle learns.
            None: none does; under KerasTuner's chief, which is told no curves, none ever does.
        directory: The folder of projects.
        project_name: The project's folder in it.
        overwrite: Whether to begin anew where the project exists.
        **kwargs: Passed to `keras_tuner.Tuner`.

    Raises:
        ValueError: If the oracle's name or the objective's direction is unknown, or no
            architecture keeps the limits.
        ProjectError: If the folder cannot be written.
    """

    def __init__(
        self,
        hypermodel,
        oracle="random",
        objective=None,
        max_trials: int | None = None,
        seed: int | None = None,
        max_model_size: int | None = None,
        limits: Mapping[str, float] | None = None,
        screening: str | Score | None = None,
        screening_candidates: int = 8,
        keep_best: int = 3,
        max_disk_gb: float | None = None,
        executor: str = "inline",
        workers: int = 1,
        trial_timeout: float | None = None,
        stopping: str | RuleMaker | None = None,
        directory="nas_results",
        project_name="untitled_project",
        overwrite: bool = False,
        **kwargs,
    ):
        check_executor(executor, workers, ("inline", "process"))
        check_limit("max_disk_gb", max_disk_gb)
        check_limit("trial_timeout", trial_timeout)
        size = {} if max_model_size is None else {"parameters": max_model_size}
        limits = {**size, **(limits or {})}
        if isinstance(oracle, str):
            oracle = ORACLES[oracle](
                objective=as_objective(objective), max_trials=max_trials, seed=seed
            )
        elif not isinstance(oracle, keras_tuner.Oracle):
            raise unknown_name("oracle", oracle, ORACLES)
        check_screening(screening, oracle)
        score = None if screening is None else score_of(screening)
        grammar = getattr(hypermodel, "grammar", None)
        if isinstance(oracle, NasOracle):
            if grammar is not None:
                oracle.bind(grammar)
            if workers == 1 and not kt_distribute.has_chief_oracle():
                oracle.idle_seconds = 0.0  # With one slot, nobody else ends a trial meanwhile.
        self.stopping = Stopping(stopping, oracle)
        check_usable(Path(directory) / project_name, overwrite)
        self._seed = oracle.seed if isinstance(oracle, NasOracle) else (seed or 0)
        self.executor, self.workers, self.trial_timeout = executor, workers, trial_timeout
        self._ends: float | None = None
        self._folds: tuple[tuple[Any, Any], ...] = ()
        self.after_trial: Callable[[Trial, keras_tuner.Oracle], None] | None = None
        with unsaid_reload():
            super().__init__(
                oracle=oracle,
                hypermodel=hypermodel,
                max_model_size=max_model_size,
                directory=str(directory),
                project_name=project_name,
                overwrite=overwrite,
                **kwargs,
            )
        most_bytes = None if max_disk_gb is None else max_disk_gb * 1e9
        self._keeper = Keeper(Path(self.project_dir), oracle, keep_best, most_bytes)
        self._pace: Pace | None = None
        self._network_score: NetworkScore | None = None
        if isinstance(oracle, NasOracle):
            self._guide(oracle, limits)
            if score is not None:
                self._screen(oracle, score, screening_candidates)
        self._runner = KerasRunner(
            self.hypermodel,
            oracle.objective,
            limits.get("parameters"),
            build=self._build_hypermodel,
        )

    def _guide(self, oracle: NasOracle, limits: Mapping[str, float]) -> None:
        """Tells an oracle what to begin with, and what is too large or too slow to try."""

        def canonical(values: Values) -> str:
            return oracle.grammar.canonical(values)

        costs = Cached(self._count, canonical)
        within = Limits(limits, costs, Cached(self._latency, canonical))
        if limits:
            within.require_satisfiable(oracle.grammar, self._seed)
            oracle.checks.append(within.check)
        self._pace = Pace(costs)
        oracle.checks.append(self._pace.check)
        if not oracle.initial_architectures:
            default = oracle.grammar.default()
            oracle.initial_architectures = [default] if default else []

    def _screen(self, oracle: NasOracle, score: Score, candidates: int) -> None:
        """Has an oracle choose its proposals by a score of their untrained networks."""

        def build(values: Values) -> keras.Model:
            return self._build_hypermodel(self._hyperparameters(values))

        self._network_score = NetworkScore(
            build, score, lambda: oracle.seed, lambda values: oracle.grammar.canonical(values)
        )
        oracle.screening = Screening(self._network_score, candidates)

    def _count(self, values: Values) -> Costs | None:
        """What an architecture costs; None: its model tells only with data, or cannot be built."""
        build = self._builder(values)
        try:
            try:
                return count(build)
            except ValueError:  # An optimizer makes variables at once.
                return count_model(build())
        except Exception:  # Its trial will tell.
            return None

    def _latency(self, values: Values) -> float | None:
        """How long an architecture takes for one example, in seconds; None: as above."""
        try:
            return latency(self._builder(values)())
        except Exception:  # Its trial will tell.
            return None

    def _builder(self, values: Values) -> Callable[[], keras.Model]:
        """Builds the network of an architecture, where it can be had without compiling it."""
        network = getattr(self.hypermodel, "network", None)
        if network is not None:
            return lambda: network(values)
        hyperparameters = self._hyperparameters(values)
        return lambda: self.hypermodel.build(hyperparameters)

    def _hyperparameters(self, values: Values) -> keras_tuner.HyperParameters:
        """The space with the values of an architecture."""
        hyperparameters = self.oracle.get_space()
        hyperparameters.values = dict(values)
        return hyperparameters

    def search(self, *fit_args, time_budget=None, trial_seconds=None, folds=(), **fit_kwargs):
        """Runs trials until the oracle stops or the time is used up.

        Args:
            *fit_args: Passed to the hypermodel's `fit`.
            time_budget: Seconds of this call; a running epoch is ended cleanly.
            trial_seconds: Seconds of one trial; the last trials share out what is left.
            folds: Pairs of training and validation data, as the first argument of `fit` and its
                `validation_data`. A trial trains once on each, and its score is the mean.
            **fit_kwargs: Passed to the hypermodel's `fit`.
        """
        check_writable(Path(self.project_dir))
        self._folds = tuple(folds)
        ends = None if time_budget is None else time.monotonic() + time_budget
        if isinstance(self.oracle, NasOracle) and time_budget is not None:
            self.oracle.time_budget = self.oracle.elapsed() + time_budget
        if kt_distribute.has_chief_oracle():
            self._ends = ends
            return super().search(*fit_args, **fit_kwargs)
        self.oracle.verbose = fit_kwargs.get("verbose", "auto")
        if self._pace is not None:
            self._pace.seconds = trial_seconds
            self._pace.cap_epochs(fit_kwargs.get("epochs", 1))
        if self._network_score is not None and self._network_score.batch is None:
            training = self._trainings(fit_args, fit_kwargs)[0]
            self._network_score.batch = first_batch(training, self._seed)
        self.on_search_begin()
        executor = self._executor()
        try:
            with writing(self.project_dir), Interrupts() as interrupts:
                self._run(executor, interrupts, ends, trial_seconds, fit_args, fit_kwargs)
        finally:
            executor.close()
            if isinstance(self.oracle, NasOracle):
                self.oracle.close()
        self.on_search_end()

    def _run(self, executor, interrupts, ends, trial_seconds, fit_args, fit_kwargs) -> None:
        def may_begin() -> bool:
            return not interrupts.search_stopped and allotment(ends, trial_seconds) != 0.0

        def ask(slot: int) -> Trial:
            return self.oracle.create_trial(f"{self.tuner_id}-slot{slot}")

        def begin(trial: Trial, slot: int) -> None:
            self.on_trial_begin(trial)
            interrupts.new_trial()
            # Finding the proposal may have taken time: the trial has what is left.
            seconds = allotment(ends, trial_seconds, least_share=0.0)
            spec = self._spec(trial, fit_args, fit_kwargs, seconds, interrupts.reason)
            executor.submit(spec, slot)

        run_trials(executor, may_begin, ask, begin, self._report)

    def _executor(self) -> Executor:
        """Where the trials of a search run."""
        if self.executor == "inline":
            return Inline(self._runner)
        if self.optimizer or self.loss or self.metrics or self.distribution_strategy:
            raise ValueError(
                "In child processes models are compiled as the hypermodel compiles them. "
                "Received: an optimizer, a loss, metrics or a distribution strategy of the tuner. "
                'Move it into `build`, or search with executor="inline".'
            )
        setup = Setup(self.hypermodel, self.oracle.objective, self._runner.max_model_size)
        return Process(setup, Path(self.project_dir) / "workers", self.workers, self.trial_timeout)

    def run_trial(self, trial, *fit_args, **fit_kwargs):
        """One trial in a worker of KerasTuner's chief."""
        seconds = allotment(self._ends, None)
        result = self._runner.run(self._spec(trial, fit_args, fit_kwargs, seconds, lambda: None))
        if result.status != "COMPLETED":
            raise keras_tuner.errors.FailedTrialError(result.reason)
        objective = self.oracle.objective
        best: dict[str, float] = {}
        for logs in filter(objective.has_value, result.curve):
            value = objective.get_value(logs)
            if not best or objective.better_than(value, objective.get_value(best)):
                best = logs
        return {**best, **result.measures}

    def _spec(self, trial, fit_args, fit_kwargs, seconds, stop) -> TrialSpec:
        number = zlib.crc32(trial.trial_id.encode())
        proposal = decode(trial.hyperparameters.values)
        kwargs = dict(fit_kwargs)
        # Copies: a callback's state belongs to its trial.
        callbacks = self._deepcopy_callbacks(list(kwargs.get("callbacks") or []))
        self._configure_tensorboard_dir(callbacks, trial)
        if self.executor == "inline":  # The tuner's own hooks cannot be called from afar.
            callbacks.append(tuner_utils.TunerCallback(self, trial))
        kwargs["callbacks"] = callbacks
        if seconds is not None and isinstance(self.hypermodel, NasHyperModel | OwnHyperModel):
            kwargs["seconds"] = seconds
        trainings = self._trainings(fit_args, kwargs)
        return TrialSpec(
            trial_id=trial.trial_id,
            hyperparameters=trial.hyperparameters,
            proposal=proposal,
            seed=(self._seed * 100_003 + number) % 2**31,
            checkpoint=Path(self._get_checkpoint_fname(trial.trial_id)),
            trainings=trainings,
            seconds=seconds,
            least_epochs=self._least_epochs(),
            dispensable=bool(self.oracle.get_best_trials(1)),
            stop=stop,
            rule=self.stopping.rule_for(proposal, len(trainings)),
        )

    def _trainings(self, args, kwargs) -> tuple[Training, ...]:
        """The trainings of a trial: on each fold, and all of that once for each execution."""
        trainings = [Training(args, kwargs)]
        if self._folds:
            trainings = [
                Training((train, *args), {**kwargs, "validation_data": validation})
                for train, validation in self._folds
            ]
        return tuple(trainings * self.executions_per_trial)

    def _report(self, trial, result: TrialResult) -> None:
        """Tells the oracle, epoch by epoch, and clears weights that nobody needs."""
        if self._network_score is not None:
            values = decode(trial.hyperparameters.values).values
            result.measures |= self._network_score.measures(values)
        scored = self.oracle.objective.has_value
        curve = [(step, logs) for step, logs in enumerate(result.curve) if scored(logs)]
        for step, logs in curve if result.status == "COMPLETED" else ():
            last = result.measures if step == curve[-1][0] else {}
            self.oracle.update_trial(trial.trial_id, {**logs, **last}, step=step)
        self._note_pace(result)
        if result.hyperparameters is not None:
            trial.hyperparameters = result.hyperparameters
        trial.status, trial.message = result.status, result.reason or None
        self.on_trial_end(trial)
        self._keeper.clear()
        if self.after_trial is not None:
            self.after_trial(self.oracle.get_trial(trial.trial_id), self.oracle)

    def _least_epochs(self) -> float:
        """What a trial must come to; nothing before there is a result to fall back on."""
        if self._pace is None or self._pace.seconds is None:
            return 0.0
        return self._pace.least_epochs / 2 if self.oracle.get_best_trials(1) else 0.0

    def _note_pace(self, result: TrialResult) -> None:
        measures = result.measures
        if self._pace is not None and "nas/flops" in measures and "nas/epochs" in measures:
            self._pace.note(measures["nas/flops"], measures["nas/epochs"], measures["nas/seconds"])

    def reload(self):
        """Opens the project. A damaged file of the tuner's own state, which is none, is left."""
        try:
            super().reload()
        except (ValueError, OSError):
            if not kt_distribute.has_chief_oracle():
                self.oracle.reload()

    def load_model(self, trial):
        """The compiled model of a trial with its best weights.

        Raises:
            ProjectError: If its weights were not kept, or are damaged.
        """
        if not Path(self._get_checkpoint_fname(trial.trial_id)).exists():
            raise ProjectError(
                "The weights of this trial were not kept: only those of the best trials are, and "
                "of those than which none is both better and cheaper. "
                f"Received: trial {trial.trial_id}. Search with a larger `keep_best` of `NasTuner`."
            )
        model = self._try_build(trial.hyperparameters)
        load_checkpoint(model, Path(self._get_checkpoint_fname(trial.trial_id)))
        return model

    def _populate_initial_space(self):
        """Finds the entries of a user's space by building it once, not once a condition."""
        oracle = self.oracle
        hp = oracle.get_space()
        if getattr(self.hypermodel, "grammar", None) is not None:
            if not isinstance(oracle, NasOracle):
                self.hypermodel.declare_hyperparameters(hp)
                oracle.update_space(hp)
            return
        self.hypermodel.declare_hyperparameters(hp)
        try:
            self.hypermodel.build(hp)
        except InvalidArchitectureError:
            pass
        oracle.update_space(hp)

    def _configure_tensorboard_dir(self, callbacks, trial, execution=0):
        """Imports TensorBoard only where a callback of its kind is present."""
        if any(type(callback).__name__ == "TensorBoard" for callback in callbacks):
            super()._configure_tensorboard_dir(callbacks, trial, execution)


def check_usable(folder: Path, overwrite: bool) -> None:
    """Raises `ProjectError` unless a folder can be written or holds a project, to be read."""
    holds_project = any((folder / name).exists() for name in ("journal.jsonl", "oracle.json"))
    if overwrite or not holds_project:
        check_writable(folder)


def check_writable(folder: Path) -> None:
    """Raises `ProjectError` unless the folder exists, or can be made, and takes files."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise cannot_write(folder, error) from error
