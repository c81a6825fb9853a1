"""Screening in a tuner: from values to a score of the network that they stand for."""

from __future__ import annotations

import random
import warnings

import keras
import keras_tuner
import numpy as np
import pytest

from autokeras_nas.data import Pipeline, as_source
from autokeras_nas.errors import InvalidArchitectureError
from autokeras_nas.reports.leaderboard import leaderboard
from autokeras_nas.search import NasTuner
from autokeras_nas.search.screening import NetworkScore, first_batch
from autokeras_nas.search.spec import Training

RNG = np.random.default_rng(0)
X = RNG.normal(size=(64, 4)).astype("float32")
Y = (X[:, 0] > 0).astype("int32")


def network(values):
    inputs = keras.Input((4,))
    return keras.Model(inputs, keras.layers.Dense(values["units"])(inputs))


def build(hp):
    model = keras.Sequential([keras.Input((4,))])
    model.add(keras.layers.Dense(hp.Int("units", 2, 6), activation="relu"))
    model.add(keras.layers.Dense(2, activation="softmax"))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def weight(model, x, y):
    """A score that follows the initial weights."""
    return float(np.sum(model.get_weights()[0]))


def units(model, x, y):
    """A score: the width of the first layer."""
    return model.layers[0].units


def scorer(score=weight, build=network, seed=3):
    made = NetworkScore(build, score, lambda: seed, canonical=str)
    made.batch = (X, Y)
    return made


# ---- The score of an architecture -----------------------------------------------------------


def test_seed_decides_the_weights_and_nothing_outside_moves():
    one, other, third = scorer(), scorer(), scorer(seed=4)
    name, generator = keras.layers.Dense(1).name, random.getstate()
    assert one({"units": 3}) == other({"units": 3}) != third({"units": 3})
    assert random.getstate() == generator
    number = int(name.rpartition("_")[2]) if "_" in name else 0
    assert keras.layers.Dense(1).name == f"dense_{number + 1}"


def test_score_gets_the_network_and_the_batch():
    def score(model, x, y):
        assert x is X and y is Y
        return model.layers[-1].units

    assert scorer(score)({"units": 5}) == 5.0


def test_equal_networks_are_scored_once():
    asked = []

    def score(model, x, y):
        asked.append(model.layers[-1].units)
        return 1.0

    made = scorer(score)
    assert [made({"units": k}) for k in (3, 4, 3)] == [1.0] * 3 and asked == [3, 4]


@pytest.mark.parametrize("error", [InvalidArchitectureError, MemoryError, KeyError])
def test_what_cannot_be_built_has_no_score_and_the_log_says_why(error, caplog):
    def broken(values):
        raise error("no room")

    with warnings.catch_warnings(), caplog.at_level("INFO", "autokeras_nas"):
        warnings.simplefilter("error")
        assert scorer(build=broken)({"units": 3}) is None
    assert "cannot be built" in caplog.text and "no room" in caplog.text


def test_what_cannot_be_scored_is_logged_and_told_once(caplog):
    def broken(model, x, y):
        raise RuntimeError("no such kernel")

    made = scorer(broken)
    caplog.set_level("INFO", "autokeras_nas")
    with pytest.warns(UserWarning, match="RuntimeError: no such kernel"):
        assert made({"units": 3}) is None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert made({"units": 4}) is None
    assert caplog.text.count("cannot be scored: RuntimeError: no such kernel") == 2


@pytest.mark.parametrize(
    ("score", "measures"), [(2.5, {"nas/zero_cost": 2.5}), (-np.inf, {}), (np.nan, {})]
)
def test_a_finite_score_is_a_metric(score, measures):
    assert scorer(lambda model, x, y: score).measures({"units": 3}) == measures


def test_without_data_nothing_has_a_score_until_there_are_some():
    made = scorer()
    made.batch = None
    assert made({"units": 3}) is None and made.measures({"units": 3}) == {}
    made.batch = (X, Y)
    assert made({"units": 3}) is not None


# ---- The batch ------------------------------------------------------------------------------

LONG = np.arange(300.0)[:, None]


class Batches(keras.utils.PyDataset):
    def __len__(self):
        return 3

    def __getitem__(self, position):
        return LONG[position * 100 :][:100], LONG[position * 100 :][:100, 0], np.ones(100)


def dataset():
    import tensorflow as tf

    return tf.data.Dataset.from_tensor_slices((LONG, LONG[:, 0])).batch(200)


@pytest.mark.parametrize(
    ("training", "examples"),
    [
        (Training((LONG, LONG[:, 0])), 128),
        (Training((LONG,), {"y": LONG[:, 0]}), 128),
        (Training((), {"x": LONG, "y": LONG[:, 0]}), 128),
        (Training((dataset(),)), 128),
        (Training((Batches(),)), 100),
    ],
    ids=["arrays", "mixed", "by name", "dataset", "batches"],
)
def test_batch_is_the_first_there_is(training, examples):
    x, y = first_batch(training, 0)
    np.testing.assert_array_equal(x, LONG[:examples])
    np.testing.assert_array_equal(y, LONG[:examples, 0])


def test_batch_may_have_many_inputs_and_no_targets():
    x, y = first_batch(Training(({"a": LONG, "b": LONG + 1},)), 0)
    assert y is None and x["b"].shape == (128, 1)
    assert first_batch(Training(), 0) is None


def test_what_can_be_read_but_once_is_left_alone():
    once = iter([(LONG, LONG[:, 0])])
    assert first_batch(Training((once,)), 0) is None
    assert next(once)[0] is LONG


def test_seed_decides_the_batch_of_shuffled_examples():
    def rows(seed):
        source = as_source(LONG, LONG[:, 0])
        pipeline = Pipeline(source, None, None, batch_size=64, seed=5)
        return first_batch(Training((pipeline,)), seed)[0][:, 0].numpy().tolist()

    assert rows(0) == rows(0) != rows(1)


# ---- In a search ----------------------------------------------------------------------------


def search(folder, trials=5, screening=units, hypermodel=build, **kwargs):
    tuner = NasTuner(
        hypermodel,
        "random",
        "val_accuracy",
        max_trials=trials,
        seed=0,
        directory=folder,
        screening=screening,
        **kwargs,
    )
    tuner.search(X, Y, validation_split=0.25, epochs=1, verbose=0)
    return tuner


def tried(*args, **kwargs):
    return [trial.values["units"] for trial in search(*args, **kwargs).oracle.finished()]


def test_trials_follow_the_score_after_the_default(tmp_path):
    # With so many candidates each choice is among all that is left.
    assert tried(tmp_path, screening_candidates=30) == [2, 6, 5, 4, 3]


def test_scores_of_trials_are_their_metrics_and_stay_in_the_project(tmp_path):
    tuner = search(tmp_path, trials=3)
    for oracle in (tuner.oracle, search(tmp_path, trials=3).oracle):
        scores = {t.values["units"]: t.metrics["nas/zero_cost"] for t in oracle.finished()}
        assert len(scores) == 3 and all(score == size for size, score in scores.items())
        assert set(leaderboard(oracle)["zero_cost"]) == set(scores)


def test_without_screening_there_is_no_score(tmp_path):
    tuner = search(tmp_path, trials=1, screening=None)
    assert tuner.oracle.screening is None
    assert "nas/zero_cost" not in tuner.oracle.finished()[0].metrics


def test_what_cannot_be_built_is_passed_over(tmp_path, caplog):
    def picky(hp):
        if hp.Int("units", 2, 6) > 4:
            raise RuntimeError("too wide")
        return build(hp)

    caplog.set_level("INFO", "autokeras_nas")
    sizes = tried(tmp_path, trials=3, hypermodel=picky, screening_candidates=30)
    assert sizes == [2, 4, 3] and "too wide" in caplog.text


def test_scores_that_all_fail_end_no_search(tmp_path):
    def broken(model, x, y):
        raise ValueError("no")

    with pytest.warns(UserWarning, match="could not be scored"):
        assert sorted(tried(tmp_path, screening=broken)) == [2, 3, 4, 5, 6]


@pytest.mark.slow
def test_processes_try_what_this_process_tries(tmp_path):
    settings = {"screening": "synflow", "screening_candidates": 2, "trials": 4}
    apart = tried(tmp_path / "a", executor="process", **settings)
    assert apart == tried(tmp_path / "b", **settings)


def test_each_network_is_scored_once(tmp_path):
    scored = []

    def score(model, x, y):
        scored.append(units(model, x, y))
        assert x.shape == (64, 4) and model.compiled
        return scored[-1]

    search(tmp_path, screening=score)
    assert sorted(scored) == sorted(set(scored))


def test_search_goes_on_where_it_stopped(tmp_path):
    tried(tmp_path / "b", trials=2, screening_candidates=2, screening="grad_norm")
    resumed = tried(tmp_path / "b", screening_candidates=2, screening="grad_norm")
    assert resumed == tried(tmp_path / "a", screening_candidates=2, screening="grad_norm")


@pytest.mark.parametrize("name", ["naswot", "synflow", "grad_norm"])
def test_networks_are_screened_by_named_scores(tmp_path, name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert sorted(tried(tmp_path, screening=name)) == [2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"screening": "sinflow"}, "Did you mean 'synflow'"),
        ({"screening": "synflow", "screening_candidates": 1}, "at least two candidates"),
    ],
)
def test_what_cannot_be_screened_by_is_refused(tmp_path, arguments, message):
    with pytest.raises(ValueError, match=message):
        NasTuner(build, "random", "val_accuracy", directory=tmp_path, **arguments)


def test_a_foreign_oracle_cannot_screen(tmp_path):
    oracle = keras_tuner.oracles.RandomSearchOracle(objective="val_accuracy", max_trials=3)
    with pytest.raises(ValueError, match="Only our own oracles can screen"):
        NasTuner(build, oracle, directory=tmp_path, screening="naswot")
