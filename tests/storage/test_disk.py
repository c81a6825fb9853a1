"""Disks: a full or read-only one is recognised, other errors are not taken for it."""

import errno

import pytest

from autokeras_nas.storage import is_disk_full


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.EROFS, "Read-only file system"),
        OSError(errno.EDQUOT, "Disk quota exceeded"),
        RuntimeError("Unable to create dataset (No space left on device)"),
    ],
)
def test_every_way_of_saying_it_is_understood(error):
    assert is_disk_full(error)


@pytest.mark.parametrize("error", [OSError(errno.ENOENT, "No such file"), ValueError("space")])
def test_other_errors_are_not_taken_for_it(error):
    assert not is_disk_full(error)
