"""The exam of every registered oracle, continued in our own tuner."""

from __future__ import annotations

import keras
import keras_tuner
import numpy as np
import pytest
import toys

from autokeras_nas.errors import InvalidArchitectureError
from autokeras_nas.oracles import ORACLES
from autokeras_nas.search import NasTuner

TRIALS = 20

pytestmark = pytest.mark.parametrize("name", list(ORACLES), scope="module")


class Toy(keras_tuner.HyperModel):
    """The mixed space; scores without training, by each epoch a little better."""

    def declare_hyperparameters(self, hp):
        hp.merge(toys.mixed_space())

    def build(self, hp):
        if hp.values.get("depth") == 5:
            raise InvalidArchitectureError("five layers are too many")
        model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        model.compile("sgd", "mse")
        return model

    def fit(self, hp, model, epochs=2, callbacks=(), **kwargs):
        architecture = {n: v for n, v in hp.values.items() if "/" not in n}
        score = toys.score(architecture)
        history = keras.callbacks.History()
        history.history = {"val_accuracy": [score - 0.1 * k for k in reversed(range(epochs))]}
        return history


def make_tuner(name, folder, max_trials=TRIALS):
    oracle = ORACLES[name](
        objective="val_accuracy", max_trials=max_trials, seed=0, **ORACLES[name].exam_settings
    )
    return NasTuner(Toy(), oracle, directory=folder, project_name="p")


def search(name, folder, max_trials=TRIALS):
    tuner = make_tuner(name, folder, max_trials)
    tuner.search(verbose=0)
    return tuner


@pytest.fixture(scope="module")
def unbroken(name, tmp_path_factory):
    return search(name, tmp_path_factory.mktemp(name))


def test_all_that_is_asked_for_is_run(unbroken):
    finished = unbroken.oracle.finished()
    assert [t.trial_id for t in finished] == [f"{k:04d}" for k in range(TRIALS)]
    failed = [t for t in finished if not t.completed]
    assert all("five layers" in t.message for t in failed)
    assert all(t.metrics["nas/honoured"] == 1.0 for t in finished if t.completed)


@pytest.mark.slow
@pytest.mark.parametrize("cut", [1, 13])
def test_a_search_that_goes_on_is_the_unbroken_one(name, unbroken, tmp_path, cut):
    # The exam settings give what would follow from `max_trials`.
    search(name, tmp_path, cut)
    resumed = search(name, tmp_path).oracle.finished()
    assert [t.proposal for t in resumed] == [t.proposal for t in unbroken.oracle.finished()]
    assert [t.score for t in resumed] == [t.score for t in unbroken.oracle.finished()]


def test_the_result_is_a_trial_whose_weights_are_kept(unbroken):
    incumbent = unbroken.oracle.get_trial(unbroken.oracle.incumbent())
    assert unbroken.load_model(incumbent).count_params() == 2
    best = unbroken.oracle.get_best_trials(1)[0]
    assert np.isfinite(best.score) and len(best.metrics.get_history("val_accuracy")) == 2
