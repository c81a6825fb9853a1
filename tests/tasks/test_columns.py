"""What is learned of single columns."""

import json

import numpy as np
import pytest

from autokeras_nas.tasks.columns import Column, keys_of


def learned(values):
    return Column.learned("c", "c", np.asarray(values))


def curve_at(column, x):
    z = (np.asarray(x, float) - column.center) / column.scale
    return np.interp(z, column.knots, column.values)


def test_even_numbers_are_standardised():
    x = np.arange(0.5, 101)
    column = learned(x)
    assert column.center == pytest.approx(x.mean())
    assert column.scale == pytest.approx(x.std())
    np.testing.assert_allclose(curve_at(column, x), (x - x.mean()) / x.std(), atol=1e-9)
    assert curve_at(column, [1e9])[0] == 10.0
    assert column.levels == ()


def test_skewed_numbers_become_normal_quantiles():
    z = np.random.default_rng(0).normal(size=2000)
    column = learned(np.exp(3 * z))
    values = curve_at(column, np.exp(3 * z))
    assert np.abs(values - z).max() < 0.5
    assert np.corrcoef(values, z)[0, 1] > 0.995


def test_order_survives_any_curve():
    x = np.sort(np.random.default_rng(0).pareto(1.0, 500))
    assert (np.diff(curve_at(learned(x), x)) >= 0).all()


def test_ties_share_the_middle_of_their_ranks():
    column = learned(np.repeat([0.0, 1.0, 2.0, 3.0, 60.0], 2))
    # Ten ranks, of which 0 to 2 have their middle at 0.1, whose normal quantile is -1.2816.
    # Each is cut to one rank; their shares are the same.
    assert curve_at(column, [0.0, 2.0]) == pytest.approx([-1.2816, 0.0], abs=1e-4)


def test_ties_take_no_more_than_their_share_of_the_scale():
    column = learned([0.0] * 60 + [5.0] * 20 + [9.0] * 10 + [1000.0] * 10)
    # Each counts for 100 / 32 rows: four equal parts, with middles at 1/8, 3/8, 5/8 and 7/8.
    expected = [-1.1503, -0.3186, 0.3186, 1.1503]
    assert curve_at(column, [0.0, 5.0, 9.0, 1000.0]) == pytest.approx(expected, abs=1e-4)


def test_large_numbers_with_small_differences_stay_apart():
    column = learned(20_000.0 + np.linspace(0, 1, 100))
    assert 0.28 < column.scale < 0.30


def test_missing_numbers_are_told_where_training_had_some():
    assert learned([1.0, np.nan, 3.5]).missing
    assert not learned([1.0, 2.5, 3.5]).missing
    assert learned([2.5, np.nan, 2.5]).missing  # A flag with a gap is a flag.


@pytest.mark.parametrize(
    "values", [[np.nan] * 3, [4.0] * 30, ["a"] * 30, ["", "", ""], list("abcdefgh")]
)
def test_columns_that_tell_nothing_are_left_out(values):
    column = learned(values)
    assert column.knots == () and column.levels == () and not column.missing


def test_texts_that_recur_are_categories():
    column = learned(["b", "a", "b", "", "a", "c"])
    assert column.text and column.levels == ("a", "b")


def test_one_text_and_gaps_are_a_category():
    assert learned(["yes", "", "yes"]).levels == ("yes",)


def test_rare_texts_of_a_long_column_are_no_categories():
    values = ["a"] * 10_000 + ["b"] * 9_997 + ["c"] * 3
    assert learned(values).levels == ("a", "b")


def test_only_the_most_frequent_texts_are_categories():
    column = learned([f"{k:04d}" for k in range(1100) for _ in range(2 + (k < 700))])
    assert len(column.levels) == 1000
    assert set(column.levels) >= {f"{k:04d}" for k in range(700)}


@pytest.mark.parametrize(
    ("values", "levels"),
    [
        ([1, 2, 3] * 20, (1, 2, 3)),
        ([1, 2, 3] * 19, ()),  # 19 rows a number are too few.
        ([0, 1] * 40, ()),  # A flag needs no second form.
        (list(range(17)) * 40, ()),
        ([1, 2, 3.5] * 40, ()),
        ([1, 2, 3, np.nan] * 20, (1, 2, 3)),
    ],
)
def test_few_whole_numbers_are_categories_too(values, levels):
    column = learned(np.array(values, float))
    assert column.levels == levels
    assert column.knots


def test_columns_survive_json():
    for column in (learned(np.exp(np.arange(9.0))), learned(["a", "b"] * 3), learned([np.nan])):
        assert Column.from_config(json.loads(json.dumps(column.get_config()))) == column


def test_names_that_a_saved_model_can_hold_are_kept():
    assert keys_of(["age", "Hours_2"]) == ["age", "Hours_2"]


def test_other_names_are_replaced_by_different_ones():
    names = ["a b", "a-b", "A B", "class", "self", "1st", "größe", "network", "", "prepare_table"]
    keys = keys_of(names)
    assert keys[:3] == ["a_b", "a_b_2", "A_B_3"]
    assert all(key.isidentifier() and key.isascii() for key in keys)
    assert len({key.lower() for key in keys}) == len(names)
    assert not {"class", "self", "network", "prepare_table"} & set(keys)
