import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autokeras_nas.architecture import canonical_text, plain, plain_values

bounded = settings(max_examples=50, deadline=None)
scalars = st.one_of(st.booleans(), st.integers(), st.floats(allow_nan=False), st.text())


@bounded
@given(scalars)
def test_plain_values_stay_as_they_are(value):
    assert plain(value) == value
    assert type(plain(value)) is type(value)


@pytest.mark.parametrize(
    ("scalar", "expected"),
    [
        (np.int64(3), 3),
        (np.uint8(3), 3),
        (np.float64(0.5), 0.5),
        (np.float32(0.5), 0.5),
        (np.bool_(True), True),
        (np.str_("relu"), "relu"),
    ],
)
def test_numpy_scalars_become_plain(scalar, expected):
    assert plain(scalar) == expected
    assert type(plain(scalar)) is type(expected)


@pytest.mark.parametrize("value", [None, (1, 2), [1], {"a": 1}, np.array([1, 2]), 1j])
def test_structures_are_refused_with_a_way_out(value):
    with pytest.raises(TypeError, match="one JSON string"):
        plain(value)


def test_plain_values_is_a_copy():
    values = {"a": 1}
    copied = plain_values(values)
    copied["a"] = 2
    assert values == {"a": 1}


@bounded
@given(st.dictionaries(st.text(), scalars), st.randoms())
def test_canonical_text_ignores_order_and_loses_nothing(values, random):
    items = list(values.items())
    random.shuffle(items)
    assert canonical_text(dict(items)) == canonical_text(values)
    assert json.loads(canonical_text(values)) == values


def test_canonical_text_tells_types_apart():
    assert len({canonical_text({"a": value}) for value in (1, 1.0, True, "1")}) == 4
