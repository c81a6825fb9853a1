"""An append-only journal: one checksummed JSON record a line."""

from __future__ import annotations

import json
import os
import time
import warnings
import weakref
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from autokeras_nas.errors import ProjectError
from autokeras_nas.storage.lock import lock

Record = dict[str, Any]
_SYNC_SECONDS = 1.0


class Journal:
    """Records that survive the death of the process that wrote them.

    Every record is handed to the operating system as it is appended, so it outlives the
    process. It is forced to the disk, too, with all before it, unless that happened less than a
    second ago: then a power cut may cost it, until the next record, `sync` or the system itself
    has it written. The file is opened and locked at the first append, never by reading;
    the lock goes with the process, however that ends.

    Args:
        path: The file; its folder is made at the first append.
    """

    def __init__(self, path: Path):
        self.path = Path(path)
        self._file: IO[bytes] | None = None
        self._synced = 0.0
        self._known_bytes: int | None = None

    def __del__(self):
        if self._file is not None:
            self._file.close()

    def append(self, record: Record) -> None:
        """Adds a record.

        Raises:
            ProjectError: If another process writes this journal, or has since it was read.
            OSError: If it cannot be written; what was written before stays readable.
        """
        if self._file is None:
            self._file = self._open()
        try:
            _write_all(self._file, encode_line(record))
        except OSError:
            self._file.close()  # Opened again, it begins a line of its own behind a torn one.
            self._known_bytes, self._file = self.path.stat().st_size, None
            raise
        if time.monotonic() - self._synced > _SYNC_SECONDS:
            self.sync()

    def sync(self) -> None:
        """Forces what was appended to the disk."""
        if self._file is not None:
            os.fsync(self._file.fileno())
            self._synced = time.monotonic()

    def close(self) -> None:
        """Syncs, closes and unlocks; a later append opens the file again."""
        if self._file is not None:
            self.sync()
            self._known_bytes = self._file.tell()
            self._file.close()
            self._file = None

    def read(self) -> Iterator[Record]:
        """The records in order; a torn tail is dropped, a damaged line skipped with a warning."""
        if not self.path.exists():
            self._known_bytes = 0
            return
        with self.path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                record = decode_line(line)
                if record is not None:
                    yield record
                elif line.endswith(b"\n") and line.strip():
                    warnings.warn(
                        f"Line {number} of {self.path} is damaged and was skipped; "
                        "all other records are kept.",
                        stacklevel=2,
                    )
            self._known_bytes = file.tell()

    def _open(self) -> IO[bytes]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        _close_others(self)
        file = self.path.open("ab", buffering=0)
        try:
            lock(file, self.path)
            if self._known_bytes not in (None, file.tell()):
                raise ProjectError(
                    f"The project has gone on since it was opened: {str(self.path.parent)!r} was "
                    "written meanwhile. Open it again."
                )
        except ProjectError:
            file.close()
            raise
        if file.tell() and not _ends_with_newline(self.path):
            # A torn tail: what follows must begin on a line of its own.
            _write_all(file, b"\n")
        _OPEN[str(self.path.resolve())] = self
        return file


_OPEN: weakref.WeakValueDictionary[str, Journal] = weakref.WeakValueDictionary()
"""The journals that this process has open."""


def _close_others(journal: Journal) -> None:
    """Closes the journal of the same file that this process has left open."""
    other = _OPEN.get(str(journal.path.resolve()))
    if other is not None and other is not journal:
        other.close()


def _write_all(file: IO[bytes], content: bytes) -> None:
    """Writes past short writes, which an unbuffered file may make."""
    while content:
        content = content[file.write(content) :]


def encode_line(record: Record) -> bytes:
    """A record as a line: the CRC-32 of its JSON in hexadecimal, a blank, the JSON."""
    body = json.dumps(record, separators=(",", ":")).encode()
    return b"%08x %s\n" % (zlib.crc32(body), body)


def decode_line(line: bytes) -> Record | None:
    """The record of a line; None: the line is torn or damaged."""
    checksum, _, body = line.rstrip(b"\n").partition(b" ")
    try:
        if len(checksum) != 8 or int(checksum, 16) != zlib.crc32(body):
            return None
        record = json.loads(body)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None


def _ends_with_newline(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
