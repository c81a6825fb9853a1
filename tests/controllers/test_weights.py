"""Weights that follow from their keys, and tables that grow."""

import numpy as np
from scipy import stats

from autokeras_nas.controllers.weights import Rows, uniform, with_rows, zeros_like


def test_weights_follow_from_their_key_alone():
    first = uniform("0/a", (3, 4), 0.1)
    assert first.shape == (3, 4) and first.dtype == np.float64
    np.testing.assert_array_equal(uniform("0/a", (3, 4), 0.1), first)
    assert not np.array_equal(uniform("0/b", (3, 4), 0.1), first)
    assert not np.array_equal(uniform("1/a", (3, 4), 0.1), first)


def test_a_longer_row_begins_as_a_shorter_one():
    np.testing.assert_array_equal(uniform("k", (9,), 1.0)[:4], uniform("k", (4,), 1.0))


def test_weights_are_uniform_within_their_bound():
    drawn = uniform("many", (20_000,), 0.08)
    assert np.abs(drawn).max() < 0.08
    assert stats.kstest(drawn, stats.uniform(-0.08, 0.16).cdf).pvalue > 1e-3


def test_nothing_is_made_of_nothing():
    assert uniform("none", (0, 4), 1.0).shape == (0, 4)


def test_keys_are_numbered_as_they_are_first_seen():
    rows = Rows(["x"])
    assert [rows.number(key) for key in ("a", "x", "b", "a")] == [1, 0, 2, 1]
    assert rows.keys == ["x", "a", "b"] and len(rows) == 3


def test_a_table_grows_by_zeros():
    table = np.ones((2, 3))
    assert with_rows(table, 2) is table
    np.testing.assert_array_equal(with_rows(table, 3), [[1, 1, 1], [1, 1, 1], [0, 0, 0]])
    np.testing.assert_array_equal(with_rows(np.ones(1), 2), [1, 0])


def test_zeros_have_the_shapes_of_weights():
    weights = {"a": np.ones((2, 3)), "b": np.ones(4)}
    zeros = zeros_like(weights)
    assert {name: array.shape for name, array in zeros.items()} == {"a": (2, 3), "b": (4,)}
    assert all(not array.any() for array in zeros.values())
