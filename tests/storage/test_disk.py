"""Disks: a full or read-only one is recognised and said, other errors are not taken for it."""

import errno
import os

import pytest

from autokeras_nas.errors import ProjectError
from autokeras_nas.storage import is_disk_full, sync_file, writing


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.EROFS, "Read-only file system"),
        OSError(errno.EDQUOT, "Disk quota exceeded"),
        RuntimeError("Unable to create dataset (No space left on device)"),
        OSError("125000 requested and 8176 written"),
    ],
)
def test_every_way_of_saying_it_is_understood(error):
    assert is_disk_full(error)


@pytest.mark.parametrize("error", [OSError(errno.ENOENT, "No such file"), ValueError("space")])
def test_other_errors_are_not_taken_for_it(error):
    assert not is_disk_full(error)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.EROFS, "Read-only file system"), "written: Read-only file system"),
        (OSError(errno.ENOSPC, "file write failed: ..."), "written: No space left on device"),
        (OSError("9 requested and 0 written"), "written: No space left on device"),
        (RuntimeError("hdf5 ... No space left on device ..."), "written: No space left on device"),
    ],
)
def test_it_is_said_which_folder_is_full(error, words):
    with pytest.raises(ProjectError, match=f"{words}.*'my_folder'") as raised, writing("my_folder"):
        raise error
    assert raised.value.__cause__ is error


@pytest.mark.parametrize("error", [ValueError("no"), ProjectError("No space left on device")])
def test_other_errors_pass_as_they_are(error):
    with pytest.raises(type(error)) as raised, writing("my_folder"):
        raise error
    assert raised.value is error


def test_a_file_is_forced_to_the_disk(tmp_path, monkeypatch):
    path, synced = tmp_path / "file", []
    path.write_bytes(b"content")
    monkeypatch.setattr(os, "fsync", lambda fd: synced.append(os.fstat(fd).st_ino))
    sync_file(path)
    assert synced == [path.stat().st_ino] and path.read_bytes() == b"content"
