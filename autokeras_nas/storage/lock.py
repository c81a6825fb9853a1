"""Locks: one process writes a project at a time."""

from __future__ import annotations

from pathlib import Path
from typing import IO

from autokeras_nas.errors import ProjectError

try:
    import fcntl
except ImportError:  # Windows has no such locks; there nobody is kept out.
    fcntl = None  # type: ignore[assignment]


def lock(file: IO[bytes], path: Path) -> None:
    """Keeps other processes from locking a file, until it is closed or this process ends.

    Where the file system knows no locks, as some networks' do, nobody is kept out.

    Raises:
        ProjectError: If another process has locked it.
    """
    if fcntl is None:
        return
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise ProjectError(
            f"Another process is searching in this project. Received: {str(path.parent)!r}. "
            "Wait for its end, or choose another `project_name`."
        ) from error
    except OSError:
        return
