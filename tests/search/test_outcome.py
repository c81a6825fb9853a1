from __future__ import annotations

import keras
import keras_tuner
import pytest
import toys

from autokeras_nas.errors import SearchFailedError
from autokeras_nas.search.outcome import history_of, winner


def upstream():
    oracle = keras_tuner.oracles.RandomSearchOracle(
        objective=keras_tuner.Objective("val_accuracy", "max"),
        max_trials=9,
        hyperparameters=toys.mixed_space(),
    )
    oracle.verbose = 0
    return oracle


@pytest.fixture(params=["ours", "upstream"])
def oracle(request, tmp_path):
    oracle = toys.make_oracle("random") if request.param == "ours" else upstream()
    oracle._set_project_dir(str(tmp_path), "p")
    return oracle


def test_the_best_score_wins(oracle):
    toys.run(oracle, 3, evaluate=lambda trial: {"0": 0.2, "1": 0.9}.get(trial.trial_id[-1], 0.1))
    assert winner(oracle).score == max(t.score for t in oracle.trials.values())


def test_without_a_model_the_reasons_are_told(oracle):
    trial = oracle.create_trial("t")
    trial.message = f"{'Traceback of a hundred lines ' * 100}\nno such layer"
    toys.finish(oracle, trial, status="FAILED")
    with pytest.raises(SearchFailedError, match="no such layer"):
        winner(oracle)


def test_the_history_is_the_trials_by_epoch():
    oracle = toys.make_oracle("random")
    trial = oracle.create_trial("t")
    for epoch, value in enumerate([0.5, 0.7]):
        metrics = {"val_accuracy": value, "nas/seconds": 1.0}
        oracle.update_trial(trial.trial_id, metrics, step=epoch)
    model = keras.Sequential()
    history = history_of(trial, model)
    assert history.model is model
    assert history.history == {"val_accuracy": [0.5, 0.7]} and history.epoch == [0, 1]
