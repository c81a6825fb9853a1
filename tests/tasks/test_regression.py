"""Regression: targets, their unit, and what is measured in it."""

import json

import keras
import numpy as np
import pytest

from autokeras_nas.architecture import Features
from autokeras_nas.tasks import TASKS, Regression
from autokeras_nas.tasks.regression import CentredR2, StandardisedError

X = np.random.default_rng(0).normal(size=(64, 3)).astype("float32")
Y = 2000.0 + 5.0 * X[:, 0]


def core_of(task, x=X):
    inputs = keras.Input(task.preprocessor(x).output_shape[1:])
    return keras.Model(inputs, task.head(Features(inputs)), name="core")


@pytest.fixture
def fitted():
    task = Regression()
    task.fit_targets(Y)
    return task, core_of(task)


def test_it_is_registered():
    assert TASKS["regression"] is Regression
    assert Regression.objective == "val_mse" and not Regression.stratified


@pytest.mark.parametrize("y", [[1, 2, 6], [[1.0], [2.0], [6.0]], np.array([1, 2, 6], object)])
def test_targets_are_columns_in_their_unit(y):
    task = Regression()
    np.testing.assert_array_equal(task.fit_targets(y), [[1], [2], [6]])
    assert task.means == [3.0]
    assert task.deviations == pytest.approx([np.sqrt(14 / 3)])
    np.testing.assert_array_equal(task.labels(task.targets(y)), [1, 2, 6])


def test_several_targets_stay_several():
    task = Regression()
    y = np.array([[1.0, 10.0], [3.0, 30.0]])
    targets = task.fit_targets(y)
    assert task.means == [2.0, 20.0] and task.deviations == [1.0, 10.0]
    np.testing.assert_array_equal(task.labels(targets), y)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (["a", "b"], "tabular_classification"),
        (np.array(["1", "2"], object), "must be numbers"),
        ([True, False], "must be numbers"),
        (np.array([1, None], object), "must be numbers"),
        ([1.0, np.nan], "1 rows"),
        ([1.0, np.inf], "1 rows"),
        ([4.0, 4.0], "constant"),
        ([[1.0, 5.0], [2.0, 5.0]], r"columns \[1\]"),
        ([1e9, 1e9 + 1], "constant"),  # The same number in float32.
        (np.zeros((2, 2, 2)), "shape"),
        (np.zeros(0), "shape"),
    ],
)
def test_what_cannot_be_regressed_is_refused(y, message):
    with pytest.raises(ValueError, match=message):
        Regression().fit_targets(y)


def test_targets_and_predictions_must_have_the_columns_of_training(fitted):
    with pytest.raises(ValueError, match="training had 1"):
        fitted[0].targets(np.ones((2, 2)))
    with pytest.raises(ValueError, match="1 target columns"):
        fitted[0].labels(np.ones((2, 2)))
    with pytest.raises(ValueError, match="Flatten"):
        fitted[0].head(Features(keras.Input((2, 2))))


def test_an_untrained_network_predicts_around_the_mean(fitted):
    task, core = fitted
    predictions = core.predict(np.zeros((1, 3)), verbose=0)
    np.testing.assert_allclose(predictions, [task.means], rtol=1e-6)


def test_loss_is_in_deviations_and_metrics_in_the_unit(fitted):
    task, core = fitted
    model = task.exported(core)
    logs = model.evaluate(X, task.targets(Y), verbose=0, return_dict=True)
    error = task.labels(model.predict(X, verbose=0)) - Y
    assert logs["mse"] == pytest.approx(np.mean(error**2), rel=1e-4)
    assert logs["mae"] == pytest.approx(np.mean(np.abs(error)), rel=1e-4)
    assert logs["loss"] == pytest.approx(np.mean(error**2) / Y.var(), rel=1e-4)
    assert logs["r2"] == pytest.approx(1 - np.mean(error**2) / Y.var(), rel=1e-3)
    measures = task.score(model, (X, Y))
    assert measures == pytest.approx({k: logs[k] for k in ("mse", "mae", "r2")}, rel=1e-3)


def test_score_of_constant_truth_is_no_error(fitted):
    task, core = fitted
    assert task.score(task.exported(core), (X[:4], [2000.0] * 4))["r2"] == 0.0


def test_loss_weighs_targets_alike():
    loss = StandardisedError([1.0, 100.0])
    value = loss(np.zeros((1, 2), "float32"), np.array([[1.0, 100.0]], "float32"))
    assert float(value) == pytest.approx(1.0)


def test_r2_far_from_zero_is_exact():
    y = np.random.default_rng(0).normal(1e4, 1.0, (5000, 1)).astype("float32")
    metric = CentredR2([1e4], [1.0])
    metric.update_state(y, y + 0.5)
    assert float(metric.result()) == pytest.approx(1 - 0.25 / y.astype(float).var(), abs=1e-2)


def test_a_reopened_task_is_the_same(fitted, tmp_path):
    task, core = fitted
    again = Regression.from_config(json.loads(json.dumps(task.get_config())))
    assert again.get_config() == task.get_config()
    model = again.exported(core)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    np.testing.assert_array_equal(loaded.predict(X, verbose=0), model.predict(X, verbose=0))
    logs = loaded.evaluate(X, task.targets(Y), verbose=0, return_dict=True)
    assert {"mse", "mae", "r2"} <= set(logs)


@pytest.mark.slow
def test_a_linear_network_finds_a_line():
    task = Regression()
    targets = task.fit_targets(Y)
    core = core_of(task)
    core.compile(keras.optimizers.Adam(0.05), **task.compile_options())
    rows = task.preprocessor(X).predict(X, verbose=0)
    core.fit(rows, targets, epochs=40, batch_size=16, verbose=0)
    assert task.score(task.exported(core), (X, Y))["r2"] > 0.98
