from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from autokeras_nas.data.features import (
    as_features,
    as_inputs,
    is_table,
    num_bytes,
    num_rows,
    take,
)

FRAME = pd.DataFrame(
    {
        "age": [30, 41, 52],
        "income": pd.array([1.5, None, 2.5], dtype="Float64"),
        "member": [True, False, True],
        "maybe": pd.array([True, None, False], dtype=object),
        "city": ["Oslo", None, "Rome"],
        "size": pd.Categorical(["S", "L", None]),
        "since": pd.to_datetime(["1970-01-02 00:00", None, "1970-01-03 12:00"]),
    }
)


def test_columns_become_numbers_and_text():
    table = as_features(FRAME)
    assert list(table) == list(FRAME)
    np.testing.assert_array_equal(table["age"], [30.0, 41.0, 52.0])
    np.testing.assert_array_equal(table["income"], [1.5, np.nan, 2.5])
    np.testing.assert_array_equal(table["member"], [1.0, 0.0, 1.0])
    np.testing.assert_array_equal(table["maybe"], [1.0, np.nan, 0.0])
    np.testing.assert_array_equal(table["since"], [1.0, np.nan, 2.5])
    assert table["city"].tolist() == ["Oslo", "", "Rome"]
    assert table["size"].tolist() == ["S", "L", ""]
    assert {column.dtype.kind for column in table.values()} == {"f", "U"}


def test_moments_of_a_time_zone_are_days_of_its_own_clock():
    moments = pd.to_datetime(["1970-01-02 06:00"]).tz_localize("Europe/Rome")
    np.testing.assert_array_equal(as_features({"t": moments})["t"], [1.25])


def test_a_mapping_of_columns_is_a_table():
    assert is_table({"a": [1]}) and is_table(FRAME) and not is_table(np.zeros((2, 2)))
    table = as_features({"a": [1, 2], "b": ["x", "y"]})
    assert num_rows(table) == 2 and take(table, [1])["b"].tolist() == ["y"]
    assert num_bytes(table) == 2 * 8 + 2 * 4


@pytest.mark.parametrize("x", [["one", "two words"], np.array([["one"], ["two words"]], object)])
def test_texts_are_an_array_of_their_own(x):
    texts = as_features(x)
    assert texts.dtype.kind == "U" and texts.tolist() == ["one", "two words"]
    assert as_inputs(texts).numpy().tolist() == [b"one", b"two words"]


def test_numbers_reach_the_model_as_float32():
    assert as_inputs(as_features(np.ones((2, 3), "uint8"))).dtype == "float32"
    inputs = as_inputs(as_features(FRAME))
    assert inputs["age"].shape == (3, 1) and inputs["age"].dtype == "float32"
    assert inputs["city"].shape == (3, 1) and inputs["city"].numpy()[2, 0] == b"Rome"


@pytest.mark.parametrize(
    ("x", "message"),
    [
        ({}, "must have columns"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "name of its own"),
        ({"a": [1, 2], "b": [1]}, "one value per example.*'b': 1"),
        ({"a": [1.0, np.inf]}, "'a' has infinite values.*row 1"),
        (np.array([1, "a"], object), "Python objects"),
        (np.array([["a", "b"]]), "must be numbers"),
        (np.array([[1.0], [np.nan]]), "row 1"),
    ],
)
def test_what_is_of_no_use_is_refused(x, message):
    with pytest.raises(ValueError, match=message):
        as_features(x)
