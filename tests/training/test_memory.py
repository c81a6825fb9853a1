from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from autokeras_nas.training import is_out_of_memory, with_half_batch

X, Y = np.zeros((40, 3), "float32"), np.zeros(40, "float32")


class OutOfMemoryError(RuntimeError):
    """As PyTorch names it."""


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor"),
        OutOfMemoryError("CUDA"),
        RuntimeError("RESOURCE_EXHAUSTED: Out of memory while trying to allocate"),
        RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    ],
)
def test_every_backend_is_understood(error):
    assert is_out_of_memory(error)


@pytest.mark.parametrize("error", [ValueError("shapes differ"), RuntimeError("memory map closed")])
def test_other_errors_are_not_taken_for_it(error):
    assert not is_out_of_memory(error)


def dataset(size, drop_remainder=False):
    return tf.data.Dataset.from_tensor_slices((X, Y)).batch(size, drop_remainder=drop_remainder)


@pytest.mark.parametrize(
    ("given", "expected"), [({}, 16), ({"batch_size": None}, 16), ({"batch_size": 10}, 5)]
)
def test_arrays_get_half_the_batch_size(given, expected):
    args, kwargs = with_half_batch((X, Y), given)
    assert args[0] is X and kwargs["batch_size"] == expected


def test_validation_batches_shrink_too():
    data = dataset(20)
    _, kwargs = with_half_batch((X, Y), {"batch_size": 8, "validation_batch_size": 16})
    assert kwargs["validation_batch_size"] == 8
    _, kwargs = with_half_batch((data,), {"validation_data": dataset(10)})
    assert [len(x) for x, _ in kwargs["validation_data"]] == [5] * 8


@pytest.mark.parametrize("drop_remainder", [False, True])
def test_datasets_come_in_batches_of_half_the_size(drop_remainder):
    data = dataset(20, drop_remainder)
    (halved,), _ = with_half_batch((data,), {})
    assert [len(x) for x, _ in halved] == [10] * 4
    assert halved.element_spec[0].shape[0] == (10 if drop_remainder else None)


def test_data_passed_by_name_stay_there():
    args, kwargs = with_half_batch((), {"x": dataset(20), "epochs": 3})
    assert args == () and kwargs["epochs"] == 3
    assert len(next(iter(kwargs["x"]))[0]) == 10


def test_what_cannot_be_halved_is_left():
    assert with_half_batch((X, Y), {"batch_size": 1}) is None
    assert with_half_batch((dataset(1),), {}) is None
    assert with_half_batch((iter([]),), {}) is None
