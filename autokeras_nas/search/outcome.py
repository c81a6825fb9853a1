"""The outcome of a search: which trial won, and its history."""

from __future__ import annotations

import keras
import keras_tuner
from keras_tuner.src.engine.trial import Trial

from autokeras_nas.errors import SearchFailedError
from autokeras_nas.oracles import NasOracle

_MOST_TEXT = 2000


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
    reasons = sorted({t.message for t in oracle.trials.values() if t.message})
    raise SearchFailedError(
        "No trial ended with a model. "
        + (f"Reasons: {'; '.join(reasons)[:_MOST_TEXT]}. " if reasons else "")
        + "Give it a larger `time_budget`, or look at `leaderboard()`."
    )


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
