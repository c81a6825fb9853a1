from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import autokeras_nas as nas
from autokeras_nas.data import ArraySource, as_source, collect_columns, has_columns

TABLE = {"age": np.arange(60), "city": np.array(["Köln", "", "Bonn"] * 20)}
Y = np.arange(60) % 3


def dataset(*more):
    return tf.data.Dataset.from_tensor_slices((TABLE, Y, *more))


def deep(x, y):
    return {name: column[:, None] for name, column in x.items()}, y


@pytest.mark.parametrize(
    "data", [dataset(), dataset().batch(7), dataset().batch(7).map(deep)], ids=str
)
def test_columns_are_collected_into_a_table(data):
    source = as_source(data)
    assert isinstance(source, ArraySource) and source.num_examples == 60
    assert source.x["age"].tolist() == list(range(60))
    assert source.x["city"].tolist() == TABLE["city"].tolist()
    assert source.labels.tolist() == Y.tolist()


def test_weights_are_collected_too():
    source = as_source(dataset(np.arange(60.0)))
    assert source.gather([3])[2].tolist() == [3.0]


def test_columns_may_come_without_labels():
    for data in (dataset().map(lambda x, y: x), dataset().batch(7).map(lambda x, y: x)):
        columns, y, weights = collect_columns(data)
        assert columns["age"].tolist() == list(range(60)) and y is None and weights is None


def test_other_datasets_have_no_columns():
    assert has_columns(dataset())
    assert not has_columns(tf.data.Dataset.from_tensor_slices((np.ones((3, 2)), np.ones(3))))
    assert not has_columns(TABLE)


def test_a_table_must_fit_in_memory():
    numbers = tf.data.Dataset.from_tensor_slices({"a": np.zeros(3), "b": np.zeros(3)})
    assert len(collect_columns(numbers, memory_limit=48)[0]) == 2
    with pytest.raises(ValueError, match="2 columns that does not.*take"):
        collect_columns(numbers, memory_limit=47)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (dataset().repeat(), "must end"),
        (dataset().take(0), "empty"),
        (dataset().map(lambda x, y: ({"a": tf.zeros(3)}, y)), "'a' of shape"),
        (dataset().map(lambda x, y: ({"a": x}, y)), "of dense tensors"),
        (dataset().map(lambda x, y: x), "`y` is missing"),
    ],
)
def test_what_is_no_table_is_refused(data, message):
    with pytest.raises(ValueError, match=message):
        as_source(data)


def test_datasets_of_columns_are_searched_as_tables_are(tmp_path):
    model = nas.AutoModel(oracle="random", max_trials=1, seed=0, directory=tmp_path)
    model.fit(dataset().batch(9), epochs=1, time_budget=None, verbose=0)
    assert isinstance(model.task, nas.tasks.TASKS["tabular_classification"])
    expected = model.predict(TABLE)
    np.testing.assert_allclose(model.predict(dataset().batch(9)), expected, atol=1e-6)
    np.testing.assert_allclose(model.predict(dataset().map(lambda x, y: x)), expected, atol=1e-6)
    assert model.evaluate(dataset()) == pytest.approx(model.evaluate(TABLE, Y), abs=1e-6)
