"""Checks of arrays: what passes, and that each error says what was wrong, came and to do."""

import re

import numpy as np
import pytest

from autokeras_nas.data import checks
from autokeras_nas.data.checks import (
    NUMBERS,
    as_array,
    as_weights,
    check_finite,
    check_same_length,
    check_weights,
    no_numbers,
    object_error,
)

X = np.zeros((4, 2))


def with_value(value, row, shape=(10, 2, 3), dtype="float32"):
    array = np.zeros(shape, dtype)
    array[row, -1] = value
    return array


# What is called with which arguments; what was wrong, what came, what to do.
REFUSALS = {
    "ragged rows": (
        as_array,
        ("y", [[1], [1, 2]]),
        ("`y` has rows of different shapes", "Received: list", "resizing or padding"),
    ),
    "rows that differ in a later axis": (
        as_array,
        ("x", [np.zeros((2, 3)), np.zeros((2, 4))]),
        ("`x` has rows of different shapes", "Received: list", "Bring all rows to one shape"),
    ),
    "a number": (
        as_array,
        ("x", 3),
        ("one row per example", "Received: int", "`np.asarray`"),
    ),
    "nothing": (
        as_array,
        ("x", None),
        ("one row per example", "Received: NoneType", "`np.asarray`"),
    ),
    "a generator": (
        as_array,
        ("x", (row for row in X)),
        ("`x` must be an array", "Received: generator", "`tf.data.Dataset.from_generator`"),
    ),
    "a number where objects may be": (
        as_array,
        ("y", 3, True),
        ("`y` must be an array", "Received: int", "`np.asarray`"),
    ),
    "objects": (
        as_array,
        ("x", [{}, None]),
        ("`x` holds Python objects", "dtype object of NoneType, dict", "`astype`"),
    ),
    "fewer rows": (
        check_same_length,
        ("y", X[:3], len(X)),
        ("one row per example", "4 rows of x, 3 of y", "Make the lengths equal"),
    ),
    "more rows": (
        check_same_length,
        ("sample_weight", np.ones(5), len(X)),
        ("`x` and `sample_weight`", "4 rows of x, 5 of sample_weight", "Make the lengths equal"),
    ),
    "NaN": (
        check_finite,
        ("x", with_value(np.nan, [7, 3])),
        ("`x` has values that are NaN or infinite", "the first in row 3", "Drop or fill"),
    ),
    "infinity": (
        check_finite,
        ("y", with_value(-np.inf, 9, (10, 1), "float16")),
        ("`y` has values that are NaN or infinite", "the first in row 9", "Drop or fill"),
    ),
    "complex NaN": (
        check_finite,
        ("x", np.array([1j, np.nan])),
        ("`x` has values that are NaN or infinite", "the first in row 1", "Drop or fill"),
    ),
    "a column of weights": (
        check_weights,
        (np.ones((4, 1)), len(X)),
        ("one number per example", "shape (4, 1) for 4 examples", "Pass an array (4,)"),
    ),
    "one weight for all": (
        check_weights,
        (np.array(1.0), len(X)),
        ("one number per example", "shape () for 4 examples", "Pass an array (4,)"),
    ),
    "too few weights": (
        check_weights,
        (np.ones(3), len(X)),
        ("`x` and `sample_weight`", "4 rows of x, 3 of sample_weight", "Make the lengths equal"),
    ),
    "weights of text": (
        as_weights,
        (np.array(["1"] * 4),),
        ("`sample_weight` must be numbers", "dtype <U1", "Convert it"),
    ),
    "complex weights": (
        as_weights,
        (np.ones(4, complex),),
        ("`sample_weight` must be numbers", "dtype complex128", "Convert it"),
    ),
    "a weight that is NaN": (
        check_weights,
        (np.array([1, 1, np.nan, 1]), len(X)),
        ("`sample_weight` has values that are NaN", "the first in row 2", "Drop or fill"),
    ),
    "negative weights": (
        check_weights,
        (np.array([1, -2, 3, -4]), len(X)),
        ("must not be negative", "Received: -2 in row 1", "Use 0 to leave an example out"),
    ),
    "no weight at all": (
        check_weights,
        (np.zeros(4), len(X)),
        ("something to learn from", "Received: only zeros", "a weight above 0"),
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_error_says_what_was_wrong_what_came_and_what_to_do(case):
    check, arguments, words = REFUSALS[case]
    with pytest.raises(ValueError, match=".*".join(map(re.escape, words))):
        check(*arguments)


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        ([[1, 2], [3, 4]], "int64"),
        ((0.5, 1.5), "float64"),
        ([True, False], "bool"),
        (["cat", "dog"], "<U3"),
        ([b"cat", b"dog"], "S3"),
        ([np.float32(1), np.float32(2)], "float32"),
    ],
)
def test_rows_of_one_kind_become_an_array_of_it(value, dtype):
    array = as_array("x", value)
    assert array.dtype == dtype
    assert array.tolist() == np.array(value).tolist()


def test_an_array_is_not_copied():
    assert as_array("x", X) is X


def test_no_rows_are_an_array_too():
    assert as_array("x", []).shape == (0,)


def test_ragged_rows_keep_their_cause():
    with pytest.raises(ValueError, match="`x`") as caught:
        as_array("x", [[1], [1, 2]])
    assert isinstance(caught.value.__cause__, ValueError)
    assert str(caught.value.__cause__) in str(caught.value)


def test_objects_come_through_where_they_may():
    labels = np.array(["cat", None], object)
    assert as_array("y", labels, objects=True) is labels


def test_object_error_is_returned_with_the_sorted_kinds():
    error = object_error("y", np.array([["a", 1], [2.0, "b"]], object))
    assert isinstance(error, ValueError)
    for words in ("`y` holds Python objects", "dtype object of float, int, str", "`np.stack`"):
        assert words in str(error)


def test_object_error_looks_at_the_first_thousand_values_only():
    array = np.array([1] * 1000 + ["late"], object)
    assert "of int." in str(object_error("y", array))


@pytest.mark.parametrize("dtype", ["<U4", "datetime64[ns]", "complex64"])
def test_no_numbers_is_an_error_that_names_the_dtype(dtype):
    error = no_numbers(np.dtype(dtype))
    assert isinstance(error, ValueError)
    for words in ("`x` must be numbers", f"Received: dtype {dtype}", "Encode text and categories"):
        assert words in str(error)


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64", "float16", "float64"])
def test_booleans_integers_and_floats_are_numbers(dtype):
    assert np.dtype(dtype).kind in NUMBERS


@pytest.mark.parametrize("dtype", ["complex64", "<U4", "S4", "object", "datetime64[ns]"])
def test_nothing_else_is_a_number(dtype):
    assert np.dtype(dtype).kind not in NUMBERS


def test_equal_lengths_pass_whatever_the_other_axes():
    assert check_same_length("y", np.zeros((4, 7, 7)), 4) is None


@pytest.mark.parametrize(
    "array",
    [
        np.array([np.finfo("float32").max, -0.0], "float32"),
        np.array([np.iinfo("int64").min]),
        np.array(["nan", "inf"]),
        np.array([None, float("nan")], object),
        np.zeros((0, 3)),
        np.zeros((3, 0)),
    ],
)
def test_what_is_finite_or_no_float_passes(array):
    assert check_finite("x", array) is None


@pytest.mark.parametrize("chunk_bytes", [1, 24, 50, 10**6])
@pytest.mark.parametrize("row", [0, 1, 4, 9])
def test_first_bad_row_does_not_depend_on_chunks(row, chunk_bytes, monkeypatch):
    monkeypatch.setattr(checks, "_CHUNK_BYTES", chunk_bytes)
    with pytest.raises(ValueError, match=f"the first in row {row}\\."):
        check_finite("x", with_value(np.nan, [row, 9]))


def test_chunks_are_as_large_as_they_may_be(monkeypatch):
    sizes = []
    isfinite = np.isfinite
    monkeypatch.setattr(checks, "_CHUNK_BYTES", 3 * X[:1].nbytes)
    monkeypatch.setattr(np, "isfinite", lambda chunk: sizes.append(len(chunk)) or isfinite(chunk))
    check_finite("x", np.zeros((10, 2)))
    assert sizes == [3, 3, 3, 1]


@pytest.mark.parametrize(
    "weights",
    [
        [0.0, 0.0, 0.0, 1e-9],
        np.array([1, 2, 3, 4], "uint8"),
        [0, 1, 0, 1],
        [True, False, True, True],
    ],
)
def test_weights_that_leave_something_to_learn_pass(weights):
    assert check_weights(np.array(weights), 4) is None


@pytest.mark.parametrize("weights", [[1e39, 1.0], [1e-50, 0.0]])
def test_weights_are_judged_in_the_precision_in_which_they_count(weights):
    with pytest.raises(ValueError, match="sample_weight"):
        check_weights(as_weights(weights), 2)


def test_numbers_that_numpy_cannot_compare_are_refused():
    with pytest.raises(ValueError, match="astype"):
        as_array("y", np.zeros(3, "V2"))
