from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from autokeras_nas.tasks.class_labels import as_labels, few


@pytest.mark.parametrize(
    ("y", "kind", "labels"),
    [
        ([2, 1], "integer", [2, 1]),
        (np.array([[2], [1]], "uint8"), "integer", [2, 1]),
        ([2.0, 1.0], "integer", [2, 1]),
        (pd.Series([2, 1], dtype=object), "integer", [2, 1]),
        ([True, False], "boolean", [True, False]),
        (np.array([True, False], object), "boolean", [True, False]),
        (["b", "a"], "string", ["b", "a"]),
        ([b"b", "ä".encode()], "string", ["b", "ä"]),
        (pd.Series(["b", "a"]), "string", ["b", "a"]),
        ([[0, 0, 1], [1, 0, 0]], "one_hot", [2, 0]),
        (np.eye(3)[[2, 0]], "one_hot", [2, 0]),
        (np.eye(3, dtype=bool)[[2, 0]], "one_hot", [2, 0]),
    ],
)
def test_labels_become_one_value_an_example(y, kind, labels):
    found, values = as_labels(y)
    assert found == kind and values.tolist() == labels


def test_integers_are_of_64_bits():
    assert as_labels(np.array([1, 2], "uint8"))[1].dtype == np.int64


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([1, "cat"], "kinds integer, string"),
        (np.array([1, "cat"], object), "kinds integer, string"),
        (["cat", None], "kinds NoneType, string"),
        (["cat", float("nan")], "kinds float, string"),
        ([[1, 2], [3]], "kinds list"),
        (np.array([0.0, np.nan]), "1 NaN"),
        ([0.0, float("nan")], "1 NaN"),
        (np.array([0.5, 1.0]), "regression task"),
        (np.array([[0.5, 0.5]]), "whole numbers"),
        (np.array([[1, 1], [0, 1]]), "single 1 a row"),
        (np.array([[2, -1], [0, 1]]), "single 1 a row"),
        (np.array([["a", "b"]]), "single 1 a row"),
        (np.zeros((2, 3, 4), int), "shape"),
        (3, "shape"),
        (np.zeros((0,), int), "shape"),
        (np.array([1j, 2]), "complex128"),
    ],
)
def test_what_is_no_label_is_refused(y, message):
    with pytest.raises(ValueError, match=message):
        as_labels(y)


@pytest.mark.parametrize("labels", [np.array([2**64 - 1, 1], "uint64"), np.array([1e19, 1.0])])
def test_labels_beyond_64_bits_are_refused(labels):
    with pytest.raises(ValueError, match="64 bits"):
        as_labels(labels)


def test_messages_name_the_first_few():
    assert few([1, "a"]) == "1, 'a'"
    assert few(list(range(11))) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, ..."
