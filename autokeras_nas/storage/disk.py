"""Disks: how it is recognised that nothing more can be written."""

from __future__ import annotations

import errno
import os


def is_disk_full(error: Exception) -> bool:
    """Whether nothing more can be written, which is no fault of the trial."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EROFS, errno.EDQUOT):
        return True
    # HDF5 tells it in its own words.
    return os.strerror(errno.ENOSPC) in str(error)
