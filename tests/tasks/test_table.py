from __future__ import annotations

import json

import numpy as np
import pytest

from autokeras_nas.data import as_inputs
from autokeras_nas.tasks.table import Table

NAMED = {
    "size": np.linspace(-1.7, 3.1, 40),
    "town": np.array(["Oslo", "Bern"] * 20),
    "same": np.ones(40),
}


def prepared(table, x):
    return table.preprocessor().predict(as_inputs(table.arrange(x)), verbose=0)


def test_a_table_survives_json():
    table = Table.learned(NAMED)
    again = Table.from_config(json.loads(json.dumps(table.get_config())))
    np.testing.assert_array_equal(prepared(again, NAMED), prepared(table, NAMED))
    assert again.get_config() == table.get_config()


def test_vocabularies_have_room_for_the_unknown():
    assert Table.learned(NAMED).vocabularies == (3,)


def test_columns_that_tell_nothing_change_nothing():
    table = Table.learned(NAMED)
    changed = {**NAMED, "same": np.arange(40.0)}
    np.testing.assert_array_equal(prepared(table, changed), prepared(table, NAMED))


def test_order_and_number_of_columns_may_change():
    table = Table.learned(NAMED)
    changed = dict(reversed(NAMED.items())) | {"more": np.zeros(40)}
    np.testing.assert_array_equal(prepared(table, changed), prepared(table, NAMED))


@pytest.mark.parametrize(
    ("learned", "later", "message"),
    [
        (NAMED, np.ones((2, 3)), "as in training, a table of named columns"),
        (np.ones((4, 2)).cumsum(0), NAMED, "as in training, one array of numbers"),
        (NAMED, {"size": NAMED["size"]}, "missing: .*'town', 'same'"),
        (NAMED, {**NAMED, "town": np.ones(40)}, "'town' held"),
    ],
)
def test_features_unlike_those_of_training_are_refused(learned, later, message):
    with pytest.raises(ValueError, match=message):
        Table.learned(learned).arrange(later)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        ({"same": np.ones(4), "id": np.array(list("abcd"))}, "tell examples apart"),
        (np.ones((0, 2)), "shape"),
        (np.array([["a", "b"]]), "as a data frame"),
    ],
)
def test_nothing_can_be_learned_from_some(x, message):
    with pytest.raises(ValueError, match=message):
        Table.learned(x)
