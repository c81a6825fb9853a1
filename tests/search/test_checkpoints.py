"""Checkpoints: whole or not there, and told from damaged ones."""

import errno
import os

import keras
import numpy as np
import pytest

from autokeras_nas.errors import ProjectError
from autokeras_nas.search.checkpoints import load_checkpoint, save_checkpoint


def make():
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])


@pytest.fixture
def path(tmp_path):
    return tmp_path / "trial_0000" / "checkpoint.weights.h5"


def test_weights_come_back(path):
    model = make()
    save_checkpoint(model, path)
    other = make()
    load_checkpoint(other, path)
    np.testing.assert_array_equal(other.get_weights()[0], model.get_weights()[0])
    assert not list(path.parent.glob("partial*"))


def test_a_model_that_was_never_built_is(path):
    model = keras.Sequential([keras.layers.Dense(2)])
    model.build((None, 3))
    save_checkpoint(model, path)
    other = keras.Sequential([keras.layers.Dense(2)])
    load_checkpoint(other, path)
    np.testing.assert_array_equal(other.get_weights()[0], model.get_weights()[0])


@pytest.mark.parametrize("harm", ["flip", "cut", "empty", "remove"])
def test_damaged_weights_are_told_as_such(path, harm):
    save_checkpoint(make(), path)
    content = path.read_bytes()
    if harm == "flip":
        middle = len(content) // 2
        path.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
    elif harm == "remove":
        path.unlink()
    else:
        path.write_bytes(content[: len(content) // 2] if harm == "cut" else b"")
    with pytest.raises(ProjectError, match="weights of a trial are damaged"):
        load_checkpoint(make(), path)


def test_weights_whose_checksum_nobody_wrote_are_taken(path):
    model, other = make(), make()
    save_checkpoint(model, path)
    (path.parent / "checkpoint.crc32").unlink()
    load_checkpoint(other, path)
    np.testing.assert_array_equal(other.get_weights()[0], model.get_weights()[0])


def test_who_is_killed_while_writing_leaves_the_old_weights(path):
    class Killed(keras.Sequential):
        def save_weights(self, place):
            super().save_weights(place)
            raise SystemExit

    first = make()
    save_checkpoint(first, path)
    with pytest.raises(SystemExit):
        save_checkpoint(Killed([keras.Input((3,)), keras.layers.Dense(2)]), path)
    other = make()
    load_checkpoint(other, path)
    np.testing.assert_array_equal(other.get_weights()[0], first.get_weights()[0])


def test_weights_reach_the_disk_before_they_take_the_name(path, monkeypatch):
    events, fsync = [], os.fsync
    monkeypatch.setattr(os, "fsync", lambda fd: (events.append(path.exists()), fsync(fd)))
    save_checkpoint(make(), path)
    assert events == [False] and path.exists()


def test_a_full_disk_is_left_no_fuller(path):
    class Full(keras.Sequential):
        def save_weights(self, place):
            super().save_weights(place)
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        save_checkpoint(Full([keras.Input((3,)), keras.layers.Dense(2)]), path)
    assert list(path.parent.iterdir()) == []
