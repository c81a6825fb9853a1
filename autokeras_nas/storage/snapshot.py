"""Snapshots: one checksummed JSON file, replaced atomically, the one before kept."""

from __future__ import annotations

import os
from pathlib import Path

from autokeras_nas.storage.disk import sync_file
from autokeras_nas.storage.journal import Record, decode_line, encode_line


def write_snapshot(path: Path, state: Record) -> None:
    """Replaces the snapshot; at every moment a whole one is on disk.

    Args:
        path: The file; the snapshot before it stays beside it as `.bak`.
        state: JSON types only.
    """
    fresh = path.with_suffix(".tmp")
    fresh.write_bytes(encode_line(state))
    sync_file(fresh)
    if path.exists():
        os.replace(path, path.with_suffix(".bak"))
    os.replace(fresh, path)


def read_snapshot(path: Path) -> Record | None:
    """The newest snapshot that is whole; None: there is none."""
    for candidate in (path, path.with_suffix(".bak")):
        try:
            state = decode_line(candidate.read_bytes())
        except OSError:
            continue
        if state is not None:
            return state
    return None
