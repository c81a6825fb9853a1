"""Tables of mixed columns: what reaches the network, and the model that comes out."""

import json
import warnings

import keras
import numpy as np
import pandas as pd
import pytest

from autokeras_nas.architecture import Features, InputSpec
from autokeras_nas.data import as_features, as_source
from autokeras_nas.tasks import TASKS, Classification, TabularClassification, TabularTask


def frame(n=60):
    return pd.DataFrame(
        {
            "height": np.where(np.arange(n) % 7 == 0, np.nan, np.arange(n, dtype=float)),
            "colour": np.array(["red", "blue", None], object)[np.arange(n) % 3],
            "grade": np.arange(n) % 3,
            "fresh": np.arange(n) % 2 == 0,
            "constant": 1.0,
        }
    )


def prepared(x, later=None):
    task = TabularClassification()
    model = task.preprocessor(x)
    return task, model.predict(task.inputs(x if later is None else later), verbose=0)


def tiny_core(task, preprocessor):
    x = keras.Input(preprocessor.output_shape[1:])
    return keras.Model(x, task.head(Features(keras.layers.Dense(3)(x))), name="core")


@pytest.fixture
def fitted():
    """A task that has seen rows and labels, and its core."""
    task = TabularClassification()
    task.fit_targets(["cat", "dog"] * 30)
    return task, tiny_core(task, task.preprocessor(frame()))


def test_it_is_registered():
    assert TASKS["tabular_classification"] is TabularClassification
    assert issubclass(TabularClassification, TabularTask)
    assert issubclass(TabularClassification, Classification)


def test_numbers_come_first_then_gaps_then_categories():
    task, rows = prepared(frame())
    # height, grade, fresh; height's gaps; grade as a category, colour.
    assert rows.dtype == "float32" and rows.shape == (60, 6)
    spec = task.input_spec(task.preprocessor(frame()))
    assert spec == InputSpec((6,), "float32", vocabularies=(4, 3))
    np.testing.assert_array_equal(rows[:, 3], np.arange(60) % 7 == 0)
    np.testing.assert_array_equal(rows[:, 4], 1 + np.arange(60) % 3)
    np.testing.assert_array_equal(rows[:, 5], np.array([2, 1, 0])[np.arange(60) % 3])
    np.testing.assert_allclose(rows[:, 1:3].mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(rows[:, 1:3].std(axis=0), 1, atol=1e-6)
    assert (rows[::7, 0] == 0).all()


def test_what_training_did_not_have_is_unknown():
    later = frame(3).assign(colour=["green", "red", ""], grade=[7, 1, None])
    _, rows = prepared(frame(), later)
    assert rows[:, 4].tolist() == [0, 2, 0]
    assert rows[:, 5].tolist() == [0, 2, 0]


def test_arrays_are_tables_without_names():
    x = np.random.default_rng(0).normal(3, 2, (50, 4))
    x[:, 1], x[5, 2] = 7, np.nan
    task = TabularClassification()
    rows = task.preprocessor(x).predict(x.astype("float32"), verbose=0)
    assert rows.shape == (50, 4)  # Three columns that vary, and one with a gap.
    np.testing.assert_allclose(rows[:, 0], (x[:, 0] - x[:, 0].mean()) / x[:, 0].std(), atol=1e-5)
    assert task.get_config()["table"]["named"] is False


def test_dates_are_numbers():
    x = pd.DataFrame({"day": pd.date_range("2024-01-01", periods=40)})
    _, rows = prepared(x)
    np.testing.assert_allclose(np.diff(rows[:, 0]), 1 / np.arange(40).std(), rtol=1e-3)


def test_columns_are_told_by_name_and_others_dropped():
    _, rows = prepared(frame())
    shuffled = frame()[["fresh", "grade", "constant", "colour", "height"]].assign(more="x")
    np.testing.assert_array_equal(prepared(frame(), shuffled)[1], rows)


def test_columns_without_a_value_may_come_as_the_other_kind():
    later = frame(4).assign(colour=np.nan, height="")
    _, rows = prepared(frame(), later)
    assert (rows[:, 5] == 0).all() and (rows[:, 3] == 1).all()


@pytest.mark.parametrize(
    ("later", "message"),
    [
        (frame().drop(columns=["grade"]), "missing: .'grade'"),
        (frame().assign(colour=3.0), "'colour' held text"),
        (frame().assign(height="tall"), "'height' held numbers"),
        (np.zeros((3, 5)), "a table of named columns"),
    ],
)
def test_rows_unlike_those_of_training_are_refused(later, message):
    task = TabularClassification()
    task.preprocessor(frame())
    with pytest.raises(ValueError, match=message):
        task.inputs(later)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros((4, 3)), "tell examples apart"),
        ({"a": ["x", "y", "z"]}, "tell examples apart"),
        (np.zeros(4), "examples, columns"),
        (np.zeros((4, 3, 2)), "examples, columns"),
        (np.array([["a", "b"]]), "data frame"),
        ({}, "columns"),
    ],
)
def test_what_is_no_table_is_refused(x, message):
    with pytest.raises(ValueError, match=message):
        TabularClassification().preprocessor(x)


def test_streams_are_refused():
    with pytest.raises(NotImplementedError, match="arrays"):
        TabularClassification().preprocessor_of_stream(as_source(np.eye(3), [0, 1, 0]))


def test_any_names_are_kept_apart(fitted, tmp_path):
    names = ["hours per week", "class", "a/b", "network", "preprocessor", "logits"]
    x = pd.DataFrame(np.random.default_rng(0).normal(size=(20, 6)), columns=names)
    task = TabularClassification()
    task.fit_targets([0, 1] * 10)
    core = tiny_core(task, task.preprocessor(x))
    model = task.exported(keras.Model(core.inputs, core.outputs, name="network"))
    assert model.predict(task.inputs(x), verbose=0).shape == (20, 2)
    model.export(tmp_path / "model", verbose=False)


def test_exported_model_takes_columns_by_name(fitted):
    task, core = fitted
    model = task.exported(core)
    assert set(model.input) == set(frame())
    inputs = task.inputs(frame())
    expected = core.predict(task.preprocessor(frame()).predict(inputs, verbose=0), verbose=0)
    np.testing.assert_allclose(model.predict(inputs, verbose=0), expected, atol=1e-6)


def test_a_reopened_task_prepares_alike(fitted, tmp_path):
    task, core = fitted
    again = TabularClassification.from_config(json.loads(json.dumps(task.get_config())))
    assert again.get_config() == task.get_config()
    inputs = task.inputs(frame())
    expected = task.exported(core).predict(inputs, verbose=0)
    np.testing.assert_array_equal(again.exported(core).predict(inputs, verbose=0), expected)
    again.exported(core).save(tmp_path / "model.keras")
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        loaded = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    np.testing.assert_array_equal(loaded.predict(inputs, verbose=0), expected)


def test_preprocessing_keeps_its_precision_under_a_mixed_policy():
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        x = {"day": 20_000.0 + np.arange(300), "code": [f"c{k:03d}" for k in range(150)] * 2}
        _, rows = prepared(x)
        assert len(np.unique(rows[:, 0])) == 300
        assert rows[:150, 1].tolist() == list(range(1, 151))
    finally:
        keras.config.set_dtype_policy(before)


def test_hooks_out_of_order_say_which_comes_first(fitted):
    fresh = TabularClassification()
    for hook, argument in [
        (fresh.exported, fitted[1]),
        (fresh.arrange, as_features(frame())),
        (fresh.input_spec, fitted[1]),
    ]:
        with pytest.raises(RuntimeError, match="Call `preprocessor"):
            hook(argument)
