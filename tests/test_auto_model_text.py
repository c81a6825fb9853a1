"""From sentences to an exported model, in one search."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import keras
import numpy as np
import pytest
import tensorflow as tf

import autokeras_nas as nas

GOOD = ["a fine film", "what a lovely story", "grand and moving", "a joy to watch"]
BAD = ["a dull film", "what a tired story", "loud and empty", "a chore to watch"]
X = np.array([f"{text} number {k}" for k in range(8) for text in GOOD + BAD])
Y = np.array((["good"] * 4 + ["bad"] * 4) * 8)


def make(folder, **kwargs):
    settings = {"task": "text_classification", "search_space": "text", "max_trials": 1, "seed": 0}
    return nas.AutoModel(**{**settings, "directory": folder, **kwargs})


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    folder = tmp_path_factory.mktemp("text")
    model = make(folder)
    model.fit(X, Y, epochs=40, time_budget=None, verbose=0)
    return model, folder


def test_texts_are_told_apart(searched):
    model, _ = searched
    probabilities = model.predict(X)
    assert probabilities.shape == (64, 2)
    labels = model.predict_labels(X)
    assert set(labels) <= {"good", "bad"}
    accuracy = np.mean(labels == Y)
    assert accuracy > 0.9
    assert model.evaluate(X, Y)["accuracy"] == pytest.approx(accuracy, abs=1e-6)


def test_new_and_empty_texts_have_predictions(searched):
    model, _ = searched
    assert np.isfinite(model.predict(["a lovely film", "unheard of", ""])).all()
    assert model.predict_labels(["a lovely film"]).shape == (1,)


def test_the_model_comes_back_from_disk(searched):
    model, folder = searched
    model.save(folder / "m.keras")
    loaded = keras.saving.load_model(folder / "m.keras", safe_mode=True)
    np.testing.assert_allclose(
        loaded.predict(tf.constant(X), verbose=0), model.predict(X), atol=1e-6
    )


@pytest.mark.slow
def test_the_export_needs_no_package(searched):
    model, folder = searched
    model.export(folder / "alone")
    np.save(folder / "x.npy", X)
    program = """
        import sys
        import numpy as np
        import tensorflow as tf

        served = tf.saved_model.load("alone")
        np.save("out.npy", served.serve(tf.constant(np.load("x.npy"))).numpy())
        assert not [name for name in sys.modules if name.startswith("autokeras_nas")]
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=True, cwd=folder)
    np.testing.assert_allclose(np.load(folder / "out.npy"), model.predict(X), atol=1e-5)


def test_the_export_takes_raw_texts(searched):
    model, folder = searched
    model.export(folder / "saved")
    served = tf.saved_model.load(folder / "saved")
    np.testing.assert_allclose(served.serve(tf.constant(X)), model.predict(X), atol=1e-5)


def test_the_project_comes_back(searched):
    model, folder = searched
    again = nas.AutoModel.load(folder / "auto_model")
    np.testing.assert_allclose(again.predict(X), model.predict(X), atol=1e-6)
    np.testing.assert_array_equal(again.predict_labels(X), model.predict_labels(X))


def test_a_stream_of_texts_is_searched(tmp_path):
    dataset = tf.data.Dataset.from_tensor_slices((X, Y)).batch(16)
    model = make(tmp_path)
    model.fit(dataset, epochs=1, time_budget=None, verbose=0)
    assert set(model.predict_labels(X)) <= {"good", "bad"}
    assert 0.0 <= model.evaluate(dataset)["accuracy"] <= 1.0
    assert model.predict(dataset.map(lambda x, y: x)).shape == (64, 2)
