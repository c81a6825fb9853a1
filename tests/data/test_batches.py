"""Batches: shuffled by row number, in memory and from files alike."""

import errno
import itertools
import os

import numpy as np
import pytest

from autokeras_nas.data import Pipeline, as_source
from autokeras_nas.data.batches import Batches, new_column

X = np.arange(20, dtype="float32")[:, None]
Y = np.arange(20)


def rows(dataset):
    return [x.numpy()[:, 0].tolist() for x, *_ in dataset]


def flat(batches):
    return list(itertools.chain(*batches))


@pytest.mark.parametrize("in_memory", [True, False])
def test_an_epoch_has_each_row_once_in_a_new_order(in_memory):
    dataset = Batches((X, Y), 5, seed=0, shuffle=True, in_memory=in_memory).dataset()
    first, second = rows(dataset), rows(dataset)
    assert sorted(flat(first)) == sorted(flat(second)) == list(range(20))
    assert first != second


@pytest.mark.parametrize("in_memory", [True, False])
def test_validation_keeps_its_order_and_its_short_batch(in_memory):
    dataset = Batches((X, Y), 8, seed=0, shuffle=False, in_memory=in_memory).dataset()
    assert [len(batch) for batch in rows(dataset)] == [8, 8, 4]
    assert flat(rows(dataset)) == list(range(20))


def test_files_and_memory_give_the_same_batches():
    one, other = (Batches((X, Y), 6, 3, True, in_memory).dataset() for in_memory in (True, False))
    assert rows(one) == rows(other)
    assert one.element_spec == other.element_spec


@pytest.mark.parametrize("limit", [None, 1])
def test_a_saved_pipeline_gives_what_the_pipeline_gives(tmp_path, limit):
    pipeline = Pipeline(as_source(X, Y), None, None, 6, seed=3, memory_limit=limit)
    pipeline.save(tmp_path / "p")
    loaded = Batches.load(tmp_path / "p")
    assert loaded.in_memory == pipeline.in_memory == (limit is None)
    assert isinstance(loaded.columns[0], np.memmap)
    assert rows(loaded.dataset()) == rows(pipeline.dataset())


def test_a_saved_stream_gives_its_examples(tmp_path):
    import tensorflow as tf

    stream = tf.data.Dataset.from_tensor_slices((X, Y)).batch(7)
    pipeline = Pipeline(as_source(stream), None, None, 6, seed=3, shuffle=False, memory_limit=1)
    pipeline.save(tmp_path / "p")
    assert flat(rows(Batches.load(tmp_path / "p").dataset())) == list(range(20))


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="files have no room reserved here")
def test_room_for_a_column_is_reserved_before_it_is_filled(tmp_path, monkeypatch):
    def full(descriptor, offset, length):
        assert length >= 1000 * 8
        raise OSError(errno.ENOSPC, "No space left on device")

    column = new_column(tmp_path, 0, (1000,), "float64")
    column[:] = 1.0
    column.flush()
    assert np.load(tmp_path / "column_0.npy").sum() == 1000.0
    assert (tmp_path / "column_0.npy").stat().st_blocks * 512 >= 1000 * 8
    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(OSError, match="No space"):
        new_column(tmp_path, 1, (1000,), "float64")
