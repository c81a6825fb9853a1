"""Disks: what is surely on one, and how it is said that nothing more can be written."""

from __future__ import annotations

import contextlib
import errno
import os
import re
from collections.abc import Iterator
from pathlib import Path

from autokeras_nas.errors import ProjectError, cannot_write

_NUMPY = re.compile(r"\d+ requested and \d+ written")


def sync_file(path: Path) -> None:
    """Waits until a file is on the disk, where no power cut can take it."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def is_disk_full(error: Exception) -> bool:
    """Whether nothing more can be written, which is no fault of the trial."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EROFS, errno.EDQUOT):
        return True
    # HDF5 and NumPy tell it in their own words.
    return os.strerror(errno.ENOSPC) in str(error) or bool(_NUMPY.fullmatch(str(error)))


@contextlib.contextmanager
def writing(folder: object) -> Iterator[None]:
    """Raises a `ProjectError` of a folder where nothing more can be written to it."""
    try:
        yield
    except ProjectError:
        raise
    except Exception as error:
        if not is_disk_full(error):
            raise
        number = getattr(error, "errno", None) or errno.ENOSPC
        # In the system's words; HDF5 has twenty lines.
        raise cannot_write(folder, OSError(number, os.strerror(number))) from error
