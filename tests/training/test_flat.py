"""Flat vectors: what is laid end to end comes apart again."""

import keras
import numpy as np
import pytest

from autokeras_nas.training.flat import flat, parts, size


@pytest.mark.parametrize("shapes", [[(2, 3), (), (4,)], [(3,)]])
def test_parts_are_what_was_laid_end_to_end(shapes):
    rng = np.random.default_rng(0)
    variables = [keras.Variable(rng.normal(size=shape), dtype="float32") for shape in shapes]
    vector = flat(variables, variables)
    assert vector.shape == (size(variables),)
    for part, variable in zip(parts(vector, variables), variables, strict=True):
        np.testing.assert_array_equal(part, variable)


def test_missing_tensors_are_zeros():
    variables = [keras.Variable([1.0]), keras.Variable([[2.0, 3.0]])]
    np.testing.assert_array_equal(flat([None, variables[1]], variables), [0.0, 2.0, 3.0])


def test_parts_have_the_types_of_their_variables():
    variables = [keras.Variable([1.0], dtype="bfloat16"), keras.Variable([2.0])]
    vector = flat(variables, variables)
    assert keras.backend.standardize_dtype(vector.dtype) == "float32"
    found = [keras.backend.standardize_dtype(part.dtype) for part in parts(vector, variables)]
    assert found == ["bfloat16", "float32"]
