"""AutoModel: from data to the best exported Keras model, in one call."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import keras_tuner
import numpy as np
import pandas as pd

from autokeras_nas.architecture import InputSpec
from autokeras_nas.data import (
    ArraySource,
    Pipeline,
    Source,
    as_inputs,
    as_source,
    collect_columns,
    has_columns,
    is_dataset,
    is_file,
    is_table,
    load_features,
)
from autokeras_nas.errors import ProjectError, SearchFailedError, unknown_name
from autokeras_nas.objectives import as_objective, objective_config, objective_from
from autokeras_nas.oracles import ORACLES, NasOracle
from autokeras_nas.reports.leaderboard import leaderboard, savings
from autokeras_nas.reports.pareto import pareto_front
from autokeras_nas.reports.progress import ProgressLines
from autokeras_nas.search import NasHyperModel, NasTuner, OwnHyperModel
from autokeras_nas.search.arguments import (
    check_available,
    check_count,
    checked_finalists,
    checked_screening,
    checked_stopping,
    search_space_of,
    space_for,
    stopping_for,
    task_of,
)
from autokeras_nas.search.budget import (
    expected_trials,
    finalists_for,
    parse_seconds,
    seconds_per_trial,
)
from autokeras_nas.search.choice import check_executor, choose_executor
from autokeras_nas.search.devices import visible_gpus
from autokeras_nas.search.manifest import (
    ORIGIN,
    SETTINGS,
    malformed,
    origin_of,
    read_manifest,
    write_manifest,
)
from autokeras_nas.search.outcome import best_model, history_of
from autokeras_nas.search.preparation import prepare
from autokeras_nas.search.stopping import Stopping
from autokeras_nas.search.tuner import check_usable, check_writable
from autokeras_nas.search_spaces import SEARCH_SPACES, SearchSpace
from autokeras_nas.storage import writing
from autokeras_nas.tasks import TASKS, AsGiven, Task, infer_task

_MOST_EPOCHS = 100
_EVALUATION_BATCH = 256
_RESERVE = 0.03
"""Share of the budget kept for building the result."""


class AutoModel:
    """Searches for a network, trains it and hands it out as one plain Keras model.

    Example:

    ```python
    model = nas.AutoModel()
    model.fit(x, y, time_budget="10m")
    model.predict_labels(x_new)
    model.export("saved_model/")
    ```

    Args:
        task: A name or a `nas.tasks.Task`; None: `fit` infers it from the data, as
            `nas.tasks.infer_task` says; or for a model of your own, none: it takes the data as
            they are and comes compiled.
        search_space: A name, a `nas.search_spaces.SearchSpace`, or a model of your own: a
            `keras_tuner.HyperModel` or a function `build(hp)`. `"auto"`: the task decides. With
            a task, your model takes what its preprocessor gives, ends as its head would, and is
            compiled for it unless it comes compiled.
        oracle: A name or any `keras_tuner.Oracle`; `"auto"`: `regularized_evolution`.
        objective: A metric's name or a `keras_tuner.Objective`; None: the task's own.
        max_trials: Trials at most; None: as many as the time allows.
        max_model_size: Parameters at most, the same as `limits={"parameters": ...}`.
        limits: The most that a network may have of `"parameters"`, `"flops"` (one example,
            forward), `"bytes"` (of its weights) and `"latency"` (seconds for one example on
            this machine); what is over a limit is no trial.
        ensemble: `"auto"` or None: the best single network. Others are not available yet.
        executor: Where trials run. `"inline"`: in this process; `"process"`: in child processes,
            whose deaths cost one trial, and whose memory is given back; `"auto"`: in processes
            with a GPU, several workers or a long search.
        workers: Trials at once, each in a process of its own.
        repeats: How often each architecture is trained, from different seeds. Its score is the
            mean, the leaderboard shows the spread, and the best run is its model.
        finalists: How many of the best are measured once more before the winner is named, in as
            many of the last trials; then the best mean wins. `"auto"`: 3 in a search of 60
            trials or more, which can spare them, else none.
        screening: Of several proposals the one is trained whose untrained network has the best
            score on one batch: `"naswot"`, `"synflow"` or `"grad_norm"`. The leaderboard shows
            it as `zero_cost`. None: the first is.
        screening_candidates: Proposals to choose from.
        stopping: By which rule trials end early that look hopeless beside those before, with the
            score that they had by then: `"median"`, `"successive_halving"`; None: none does.
            `"auto"`: the median rule, but where a trial consists of several trainings.
        max_disk_gb: Gigabytes of weights at most; those of the worst trials go first. None: the
            best trials and the Pareto front keep theirs.
        initial_architectures: Values to try first, with an oracle that is named; None: the
            space's default.
        directory: The folder of projects.
        project_name: The project's folder in it.
        overwrite: Whether to begin anew where the project exists; else `fit` goes on with it.
        seed: Drives the split, the proposals and every trial.

    Raises:
        ValueError: If a name is unknown or an argument out of its range.
        NotImplementedError: If something is asked for that is not available yet.
        ProjectError: If the folder cannot be written.
    """

    def __init__(
        self,
        task: str | Task | None = None,
        search_space: str | SearchSpace | keras_tuner.HyperModel | Callable = "auto",
        oracle: str | keras_tuner.Oracle = "auto",
        objective: str | keras_tuner.Objective | None = None,
        max_trials: int | None = None,
        max_model_size: int | None = None,
        limits: Mapping[str, float] | None = None,
        ensemble: Any = "auto",
        executor: str = "auto",
        workers: int = 1,
        repeats: int = 1,
        finalists: int | str = "auto",
        screening: str | None = None,
        screening_candidates: int = 8,
        stopping: str | None = "auto",
        max_disk_gb: float | None = None,
        initial_architectures: Iterable[Mapping[str, Any]] | None = None,
        directory: str | Path = "nas_results",
        project_name: str = "auto_model",
        overwrite: bool = False,
        seed: int | None = None,
    ):
        check_available("ensemble", ensemble, ("auto", None))
        check_count("workers", workers)
        check_executor(executor, workers, ("auto", "inline", "process"))
        self.search_space = search_space_of(search_space)
        own_model = self.search_space is not None and not isinstance(self.search_space, SearchSpace)
        self.task = task_of(task, own_model)
        self.oracle = "regularized_evolution" if oracle == "auto" else oracle
        if isinstance(self.oracle, str):
            ORACLES[self.oracle]  # An unknown name is an error now, not after the data.
        self.objective: Any = None if objective is None else as_objective(objective)
        if self.task is not None:
            self._adopt(self.task)
        check_count("max_trials", max_trials)
        check_count("max_model_size", max_model_size)
        check_count("repeats", repeats)
        self.executor, self.workers = executor, workers
        self.max_disk_gb = max_disk_gb
        self.repeats = repeats
        self.finalists = checked_finalists(finalists, self.oracle, max_trials)
        self.screening = checked_screening(screening, screening_candidates, self.oracle)
        self.screening_candidates = screening_candidates
        self.stopping = checked_stopping(stopping)
        self.max_trials = max_trials
        self.limits = dict(limits or {})
        if max_model_size is not None:
            self.limits["parameters"] = max_model_size
        self.initial_architectures = [dict(values) for values in initial_architectures or ()]
        self.directory = Path(directory)
        self.project_name = project_name
        self.overwrite = overwrite
        self.seed = 0 if seed is None else seed
        check_usable(self.project_dir, overwrite)
        self.tuner: NasTuner | None = None
        self._best_model: keras.Model | None = None
        self._origin: dict[str, Any] = {}

    @property
    def project_dir(self) -> Path:
        """Where the search is kept."""
        return self.directory / self.project_name

    def fit(
        self,
        x,
        y=None,
        validation_data=None,
        validation_split: float = 0.2,
        folds: int | None = None,
        epochs: int | None = None,
        batch_size: int | None = None,
        callbacks=None,
        time_budget: float | str | None = "10m",
        class_weight: Mapping | str | None = None,
        sample_weight=None,
        refit: bool = False,
        verbose="auto",
    ) -> keras.callbacks.History:
        """Searches, and takes the best network found as the result.

        Args:
            x: Images `(n, height, width)` or `(n, height, width, channels)`, rows of numbers,
                texts `(n,)` or a table; a `tf.data.Dataset`, a `keras.utils.PyDataset`, or a
                function that returns an iterator of `(x, y)`; the name of a TFDS data set; or
                a file: a table `.csv` or `.parquet`, an archive `.npz`, or a folder with a
                subfolder of images for each class.
            y: Labels `(n,)` of any kind, or one-hot `(n, classes)`; for a table in a file, the
                name of its target column.
            validation_data: `(x, y)`, a data set or a file; None: split off from the training
                data.
            validation_split: The share to split off, seeded, shuffled and stratified.
            folds: For small data: the data are split into so many parts, and each architecture
                is trained once for each, which is then its validation data. Its score is the
                mean, and its model the one that scored best. None: one split.
            epochs: Epochs of a trial at most; None: up to 100, as the time allows.
            batch_size: Examples a step; None: by the number of examples.
            callbacks: Keras callbacks of every trial.
            time_budget: Seconds of this call, everything included, or `"90s"`, `"10m"`, `"1h"`.
            class_weight: Weights by label, or `"balanced"`.
            sample_weight: Weights `(n,)`.
            refit: False. True is not available yet.
            verbose: 0: silent; else one line a trial.

        Returns:
            The winner's `History`; its `model` is the result.

        Raises:
            ValueError: If the data or an argument cannot be used; before any training.
            SearchFailedError: If no trial ended with a model.
        """
        began = time.monotonic()
        check_writable(self.project_dir)
        check_available("refit", refit, (False,))
        check_count("epochs", epochs)
        check_count("batch_size", batch_size)
        check_count("folds", folds)
        seconds = parse_seconds(time_budget)
        self._origin = origin_of(x, y, validation_data, validation_split, folds)
        if is_file(x) and is_file(validation_data):
            validation_data = (validation_data, y)
        source = as_source(x, y, sample_weight)
        data = prepare(
            self.task or self._infer_task(source, verbose),
            source,
            validation_data=validation_data,
            validation_split=validation_split,
            folds=folds,
            class_weight=class_weight,
            batch_size=batch_size,
            seed=self.seed,
        )
        self._input_spec = data.input_spec
        tuner = self._make_tuner()
        with writing(self.project_dir):
            self._save_project()
        budget = None
        if seconds is not None:
            budget = max(1.0, seconds * (1.0 - _RESERVE) - (time.monotonic() - began))
        self._set_finalists(tuner.oracle, budget)
        self._choose_executor(tuner, budget, verbose)
        rule = stopping_for(self.stopping, self.repeats * len(data.folds))
        tuner.stopping = Stopping(rule, tuner.oracle)
        tuner.after_trial = ProgressLines(budget) if verbose else None
        tuner.search(
            folds=data.folds,
            epochs=epochs or (_MOST_EPOCHS if budget else 20),
            callbacks=list(callbacks or []),
            time_budget=budget,
            trial_seconds=seconds_per_trial(budget, self.max_trials, self.workers),
            verbose=0,
        )
        if verbose and (saved := savings(self.leaderboard())):
            print(saved)
        return self._finish(tuner)

    # ---- The result -------------------------------------------------------------------------

    @property
    def best_model(self) -> keras.Model:
        """The result: one compiled Keras model of raw inputs, preprocessing inside."""
        if self._best_model is None:
            raise RuntimeError(
                "There is no model yet. Call `fit` first, or open a finished project with "
                "`AutoModel.load`."
            )
        return self._best_model

    def predict(self, x, **kwargs) -> np.ndarray:
        """As `keras.Model.predict` of the best model: probabilities `(n, classes)`.

        Args:
            x: Examples as `fit` takes them, without their labels; of a file, the labels that
                it holds are left out.
            **kwargs: Passed to `keras.Model.predict`.
        """
        if is_file(x):
            x = load_features(x, without=self._origin.get("target"), shape=self._image_shape())
        elif has_columns(x):
            x, *_ = collect_columns(x)
        inputs = x if is_dataset(x) else self._known_task().inputs(x)
        return self.best_model.predict(inputs, verbose=kwargs.pop("verbose", 0), **kwargs)

    def predict_labels(self, x) -> np.ndarray:
        """The predicted labels `(n,)`, in the terms of the labels given to `fit`."""
        return self._known_task().labels(self.predict(x))

    def evaluate(self, x, y=None) -> dict[str, float]:
        """Loss and metrics of the best model on data with labels as `fit` takes them."""
        source = as_source(x, y, image_shape=self._image_shape() if is_file(x) else None)
        task = self._known_task()
        if isinstance(source, ArraySource) and is_table(source.x):
            x, y, _ = source.gather(slice(None))
            inputs = as_inputs(task.arrange(x))
            data = {"x": inputs, "y": task.targets(y), "batch_size": _EVALUATION_BATCH}
        else:
            pipeline = Pipeline(source, None, task.targets, _EVALUATION_BATCH, 0, shuffle=False)
            data = {"x": pipeline.dataset()}
        values = self.best_model.evaluate(**data, verbose=0, return_dict=True)
        return {name: float(value) for name, value in values.items()}

    def summary(self) -> None:
        """Prints the layers of the best model."""
        self.best_model.summary()

    def leaderboard(self) -> pd.DataFrame:
        """All trials, the result first, then by their scores; `reports.leaderboard` says more."""
        return leaderboard(self._known_tuner().oracle)

    def pareto_front(self, cost: str = "parameters") -> pd.DataFrame:
        """The trials that no other beats in score and cost at once, the cheapest first.

        Args:
            cost: `"parameters"`, `"flops"` or `"seconds"`.

        Returns:
            Rows of the leaderboard; the column `knee` marks the one from which on more cost buys
            little: the farthest from the line between the ends of the front.
        """
        direction = self._known_tuner().oracle.objective.direction
        return pareto_front(self.leaderboard(), cost, maximize=direction == "max")

    def model_of(self, trial_id: str) -> keras.Model:
        """The model of a trial, as `best_model` is that of the result.

        Args:
            trial_id: As the leaderboard names it; one of the best, or of the Pareto front over
                parameters.

        Raises:
            ValueError: If there is no such trial.
            ProjectError: If its weights were not kept.
        """
        tuner = self._known_tuner()
        if trial_id not in tuner.oracle.trials:
            raise unknown_name("trial", trial_id, tuner.oracle.trials)
        return self._known_task().exported(tuner.load_model(tuner.oracle.trials[trial_id]))

    def save(self, path: str | Path) -> None:
        """Saves the best model as a `.keras` file."""
        self.best_model.save(path)

    def export(self, path: str | Path, format: str = "tf_saved_model") -> None:
        """Exports the best model, preprocessing inside, as `keras.Model.export` does."""
        self.best_model.export(str(path), format=format, verbose=False)

    def report(self, path: str | Path) -> None:
        """Not available yet."""
        raise NotImplementedError(
            f"There is no report yet. Received: {str(path)!r}. Look at `leaderboard()`."
        )

    def _image_shape(self) -> tuple[int | None, ...] | None:
        """The shape of an image as the best model takes it; None: it takes something else."""
        inputs = getattr(self.best_model, "inputs", None) or []
        shape = tuple(inputs[0].shape[1:]) if len(inputs) == 1 else ()
        return shape if len(shape) in (2, 3) and None not in shape else None

    # ---- The project ------------------------------------------------------------------------

    @classmethod
    def load(
        cls, path: str | Path, search_space=None, oracle=None, allow_unfinished: bool = False
    ) -> AutoModel:
        """Opens a project: its result predicts, and `fit` goes on with its search.

        Args:
            path: The folder `directory/project_name`.
            search_space: Your own space, hypermodel or `build(hp)`, where it was one.
            oracle: Your own oracle, where it was one.
            allow_unfinished: Whether to open a project, too, of which no trial has ended with
                a model.

        Raises:
            ProjectError: If there is no project or it is damaged, or parts of your own are
                missing.
            SearchFailedError: If no trial of it has ended with a model, and that is not allowed.
        """
        folder = Path(path)
        manifest = read_manifest(folder)
        with malformed(folder):
            model = cls._described(folder, manifest, search_space, oracle)
        tuner = model._make_tuner()
        tuner.oracle.reload()
        model._origin = {name: manifest.get(name) for name in ORIGIN}
        try:
            model._finish(tuner)
        except SearchFailedError:
            if not allow_unfinished:
                raise
        return model

    @classmethod
    def _described(cls, folder: Path, manifest: dict, search_space, oracle) -> AutoModel:
        """The model that a manifest describes, of which nothing is opened yet."""
        for name, given in (("search_space", search_space), ("oracle", oracle)):
            if given is None and manifest[name] is None:
                raise ProjectError(
                    f"The project in {folder} was searched with your own `{name}`, which a "
                    f"folder cannot hold. Received: {name}=None. Pass it to `load`."
                )
        if search_space is None:
            space = SEARCH_SPACES[manifest["search_space"]]
            search_space = space(**manifest["search_space_config"])
        task = TASKS[manifest["task"]] if manifest["task"] else AsGiven
        model = cls(
            task=task.from_config(manifest["task_config"]),
            search_space=search_space,
            oracle=oracle or manifest["oracle"],
            objective=objective_from(manifest["objective"]),
            directory=folder.parent,
            project_name=folder.name,
            **{name: manifest[name] for name in SETTINGS},
        )
        model._input_spec = InputSpec.from_config(manifest["input_spec"])
        return model

    def _save_project(self) -> None:
        space = isinstance(self.search_space, SearchSpace) and self.search_space
        task = self._known_task()
        write_manifest(
            self.project_dir,
            {
                "task": TASKS.name_of(type(task)),
                "task_config": task.get_config(),
                # A user's own parts cannot be rebuilt from their names.
                "search_space": SEARCH_SPACES.name_of(type(space)),
                "search_space_config": space.get_config() if space else {},
                "oracle": self.oracle if isinstance(self.oracle, str) else None,
                "objective": objective_config(self.objective),
                **{name: getattr(self, name) for name in SETTINGS},
                "input_spec": asdict(self._input_spec),
                **self._origin,
            },
        )

    # ---- The search -------------------------------------------------------------------------

    def _infer_task(self, source: Source, verbose) -> Task:
        """Takes the task that the data call for, and says why."""
        some = next(iter(source.batches(1)))[0]
        name, reason = infer_task(some, source.labels)
        task = TASKS[name]()
        self._adopt(task)
        if verbose:
            print(f"Task: {name}. {reason}")
        return task

    def _adopt(self, task: Task) -> None:
        """Takes a task, and from it what was left to it: the objective and the space."""
        self.task = task
        if self.objective is None:
            self.objective = as_objective(task.objective)
        if self.search_space is None:
            self.search_space = SEARCH_SPACES[space_for(task)]()

    def _known_task(self) -> Task:
        if self.task is None:
            raise RuntimeError(
                "The task is not known yet: it is inferred from the data. "
                "Call `fit` first, or name the `task`."
            )
        return self.task

    def _known_tuner(self) -> NasTuner:
        if self.tuner is None:
            raise RuntimeError("There are no trials yet. Call `fit` first.")
        return self.tuner

    def _make_tuner(self) -> NasTuner:
        if self.tuner is None:
            task = self._known_task()
            if isinstance(self.search_space, SearchSpace):
                hypermodel = NasHyperModel(self.search_space, task, self._input_spec)
            else:
                hypermodel = OwnHyperModel(self.search_space, task)
            self.tuner = NasTuner(
                hypermodel,
                oracle=self.oracle,
                objective=self.objective,
                max_trials=self.max_trials,
                executions_per_trial=self.repeats,
                max_disk_gb=self.max_disk_gb,
                seed=self.seed,
                limits=self.limits,
                screening=self.screening,
                screening_candidates=self.screening_candidates,
                directory=self.directory,
                project_name=self.project_name,
                overwrite=self.overwrite,
            )
            if self.initial_architectures and isinstance(self.tuner.oracle, NasOracle):
                self.tuner.oracle.initial_architectures = self.initial_architectures
        return self.tuner

    def _set_finalists(self, oracle: keras_tuner.Oracle, budget: float | None) -> None:
        """Tells an oracle how many finalists there are; one that was passed may know better."""
        if isinstance(self.finalists, int):
            oracle.finalists = self.finalists
        elif isinstance(self.oracle, str):
            oracle.finalists = finalists_for(expected_trials(budget, self.max_trials, self.workers))

    def _choose_executor(self, tuner: NasTuner, budget: float | None, verbose) -> None:
        """Takes the executor that was asked for, or chooses one and says why."""
        tuner.executor, tuner.workers = self.executor, self.workers
        if self.executor == "auto":
            trials = expected_trials(budget, self.max_trials, self.workers)
            tuner.executor, reason = choose_executor(
                self.workers, len(visible_gpus()), trials, tuner.hypermodel
            )
            if verbose and tuner.executor == "process":
                print(f"Executor: {tuner.executor}. {reason}")

    def _finish(self, tuner: NasTuner) -> keras.callbacks.History:
        """Makes the best trial's network the result."""
        trial, model = best_model(tuner)
        self._best_model = self._known_task().exported(model)
        return history_of(trial, self._best_model)
