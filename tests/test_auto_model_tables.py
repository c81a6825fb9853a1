"""Tables from a data frame to a saved model, by way of a search."""

from __future__ import annotations

import subprocess
import sys

import keras
import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_diabetes, load_wine

import autokeras_nas as nas

WINE, DIABETES = load_wine(as_frame=True), load_diabetes(as_frame=True)


def mixed_wine():
    """Wine with a column of texts, a gap in every column, and labels that are names."""
    x = WINE.data.rename(columns={"od280/od315_of_diluted_wines": "od 280/315"})
    tone = np.array(["pale", "deep"], object)[(x["color_intensity"] > 4.5).astype(int)]
    x = x.drop(columns=["color_intensity"]).assign(tone=tone)
    x = x.mask(np.random.default_rng(0).random(x.shape) < 0.05)
    return x, WINE.target_names[WINE.target]


def make(tmp_path, task, **kwargs):
    settings = {"oracle": "random", "max_trials": 1, "seed": 0, "directory": tmp_path, **kwargs}
    return nas.AutoModel(task=task, search_space="tabular_mlp", **settings)


def test_classes_of_a_data_frame(tmp_path):
    x, y = mixed_wine()
    model = make(tmp_path, "tabular_classification")
    model.fit(x, y, epochs=15, time_budget=None, verbose=0)
    probabilities = model.predict(x)
    assert probabilities.shape == (len(x), 3)
    accuracy = np.mean(model.predict_labels(x) == y)
    assert accuracy > 0.9
    assert model.evaluate(x, y)["accuracy"] == pytest.approx(accuracy, abs=1e-6)
    shuffled = x[x.columns[::-1]].assign(more=1)
    np.testing.assert_allclose(model.predict(shuffled), probabilities, atol=1e-6)

    model.save(tmp_path / "m.keras")
    loaded = keras.saving.load_model(tmp_path / "m.keras", safe_mode=True)
    raw = model.task.inputs(x)
    np.testing.assert_allclose(loaded.predict(raw, verbose=0), probabilities, atol=1e-6)
    again = nas.AutoModel.load(tmp_path / "auto_model")
    np.testing.assert_allclose(again.predict(x), probabilities, atol=1e-6)


def test_quantities_of_a_data_frame(tmp_path):
    x, y = DIABETES.data, DIABETES.target
    model = make(tmp_path, "regression")
    model.fit(x, y, epochs=15, time_budget=None, verbose=0)
    predictions = model.predict_labels(x)
    assert predictions.shape == (len(x),)
    measures = model.evaluate(x, y)
    assert measures["mse"] == pytest.approx(np.mean((predictions - y) ** 2), rel=1e-4)
    assert measures["r2"] > 0.3
    assert model.leaderboard()["score"].min() > 100.0  # In the unit of the target.
    again = nas.AutoModel.load(tmp_path / "auto_model")
    np.testing.assert_allclose(again.predict_labels(x), predictions, rtol=1e-6)


def test_an_array_of_numbers_is_a_table(tmp_path):
    x, y = DIABETES.data.to_numpy(), DIABETES.target.to_numpy()
    model = make(tmp_path, "regression")
    model.fit(x, np.stack([y, -y], axis=1), epochs=1, time_budget=None, verbose=0)
    assert model.predict(x).shape == model.predict_labels(x).shape == (len(x), 2)
    assert np.isfinite(model.evaluate(x, np.stack([y, -y], axis=1))["r2"])


def test_validation_rows_are_told_by_name(tmp_path):
    x, y = mixed_wine()
    validation = (x[x.columns[::-1]][:40].assign(tone=None, more="x"), y[:40])
    model = make(tmp_path, "tabular_classification")
    model.fit(x, y, validation_data=validation, epochs=2, time_budget=None, verbose=0)
    assert model.evaluate(*validation)["accuracy"] == pytest.approx(
        model.leaderboard()["score"][0], abs=1e-6
    )


def test_weights_of_rows_and_classes_are_taken(tmp_path):
    x, y = mixed_wine()
    model = make(tmp_path, "tabular_classification")
    weights = np.linspace(1, 2, len(x))
    model.fit(
        x, y, sample_weight=weights, class_weight="balanced", epochs=1, time_budget=None, verbose=0
    )
    assert list(model.leaderboard()["status"]) == ["COMPLETED"]


def test_rows_without_a_column_of_training_are_refused(tmp_path):
    model = make(tmp_path, "regression")
    model.fit(DIABETES.data, DIABETES.target, epochs=1, time_budget=None, verbose=0)
    with pytest.raises(ValueError, match="'bmi'"):
        model.predict(DIABETES.data.drop(columns=["bmi"]))


@pytest.mark.parametrize(
    ("task", "y", "message"),
    [
        ("regression", WINE.target_names[WINE.target], "numbers"),
        ("regression", np.ones(len(WINE.data)), "constant"),
        ("tabular_classification", WINE.data["alcohol"], "regression"),
    ],
)
def test_targets_of_another_task_are_refused(tmp_path, task, y, message):
    with pytest.raises(ValueError, match=message):
        make(tmp_path, task).fit(WINE.data, y)


@pytest.mark.slow
def test_saved_model_runs_without_this_package(tmp_path):
    x, y = mixed_wine()
    model = make(tmp_path, "tabular_classification")
    model.fit(x, y, epochs=1, time_budget=None, verbose=0)
    model.export(tmp_path / "saved")
    columns = {k: np.asarray(v) for k, v in model.task.inputs(x[:9]).items()}
    pd.to_pickle(columns, tmp_path / "x.pkl")
    script = (
        "import pickle, sys, numpy as np, tensorflow as tf\n"
        f"served = tf.saved_model.load({str(tmp_path / 'saved')!r})\n"
        f"x = pickle.load(open({str(tmp_path / 'x.pkl')!r}, 'rb'))\n"
        f"p = served.serve({{name: tf.constant(column) for name, column in x.items()}})\n"
        f"np.save({str(tmp_path / 'p.npy')!r}, p.numpy())\n"
        "assert 'autokeras_nas' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=tmp_path)
    np.testing.assert_allclose(np.load(tmp_path / "p.npy"), model.predict(x[:9]), atol=1e-5)
