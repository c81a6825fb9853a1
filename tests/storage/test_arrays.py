"""Arrays as JSON: nothing is lost, not the last bit."""

import json

import numpy as np
import pytest

from autokeras_nas.storage import pack, unpack


@pytest.mark.parametrize("shape", [(), (0,), (0, 3), (1,), (4, 5), (2, 3, 4)])
def test_a_round_trip_through_json_loses_nothing(shape):
    array = np.random.default_rng(0).normal(size=shape) * 1e-300
    again = unpack(json.loads(json.dumps(pack(array))))
    assert again.shape == shape and again.dtype == np.float64
    assert again.tobytes() == array.tobytes()


def test_special_values_survive():
    array = np.array([np.nan, np.inf, -np.inf, -0.0, np.nextafter(1.0, 2.0)])
    assert unpack(pack(array)).tobytes() == array.tobytes()


def test_arrays_that_are_not_contiguous_keep_their_order():
    array = np.arange(12.0).reshape(3, 4).T
    np.testing.assert_array_equal(unpack(pack(array)), array)


def test_an_unpacked_array_may_be_changed_in_place():
    array = unpack(pack(np.zeros(3)))
    array += 1.0
    assert array.tolist() == [1.0, 1.0, 1.0]
