"""The outcome of a search: which trial won, and its history."""

from __future__ import annotations

import warnings

import keras
import keras_tuner
from keras_tuner.src.engine.trial import Trial

from autokeras_nas.errors import ProjectError, SearchFailedError, headline
from autokeras_nas.oracles import NasOracle
from autokeras_nas.search.tuner import NasTuner

_MOST_TEXT = 2000
_MOST_TRIED = 10


def winner(oracle: keras_tuner.Oracle) -> Trial:
    """The trial that is the result: the oracle's own choice, or the best score.

    Raises:
        SearchFailedError: If no trial ended with a model; the message says why.
    """
    if isinstance(oracle, NasOracle):
        incumbent = oracle.incumbent()
        completed = [] if incumbent is None else [oracle.get_trial(incumbent)]
    else:
        completed = [t for t in oracle.get_best_trials(1) if t.status == "COMPLETED"]
    if completed:
        return completed[0]
    reasons = sorted({headline(t.message) for t in oracle.trials.values() if t.message})
    raise SearchFailedError(
        "No trial ended with a model. "
        + (f"Reasons: {'; '.join(reasons)[:_MOST_TEXT]}. " if reasons else "")
        + "Give it a larger `time_budget`, or look at `leaderboard()`."
    )


def best_model(tuner: NasTuner) -> tuple[Trial, keras.Model]:
    """The trial that is the result, and its model; the next best one if its weights are damaged.

    Raises:
        SearchFailedError: If no trial ended with a model.
        ProjectError: If all weights are damaged or missing.
    """
    first = winner(tuner.oracle)
    others = [t for t in tuner.oracle.get_best_trials(_MOST_TRIED) if t is not first]
    problems = []
    for trial in (first, *others):
        try:
            model = tuner.load_model(trial)
        except ProjectError as error:
            problems.append(error)
            continue
        if problems:
            warnings.warn(f"{problems[0]} Instead, trial {trial.trial_id} is taken.", stacklevel=3)
        return trial, model
    raise problems[0]


def history_of(trial: Trial, model: keras.Model) -> keras.callbacks.History:
    """A trial's metrics by epoch, as the history of `model`."""
    history = keras.callbacks.History()
    history.set_model(model)
    history.history = {
        name: [float(o.mean()) for o in metric.get_history()]
        for name, metric in trial.metrics.metrics.items()
        if not name.startswith("nas/")
    }
    history.epoch = list(range(max(map(len, history.history.values()), default=0)))
    return history
