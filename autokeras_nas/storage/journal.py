"""An append-only journal: one checksummed JSON record a line."""

from __future__ import annotations

import json
import os
import time
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

Record = dict[str, Any]
_SYNC_SECONDS = 1.0


class Journal:
    """Records that survive the death of the process that wrote them.

    Every record is handed to the operating system as it is appended, so it outlives the
    process; it is forced to the disk at most once a second and by `sync`, so a power cut may
    cost the last second. The file is opened at the first append, never by reading.

    Args:
        path: The file; its folder is made at the first append.
    """

    def __init__(self, path: Path):
        self.path = Path(path)
        self._file: IO[bytes] | None = None
        self._synced = 0.0

    def append(self, record: Record) -> None:
        """Adds a record.

        Raises:
            OSError: If it cannot be written; what was written before stays readable.
        """
        if self._file is None:
            self._file = self._open()
        self._file.write(encode_line(record))
        self._file.flush()
        if time.monotonic() - self._synced > _SYNC_SECONDS:
            self.sync()

    def sync(self) -> None:
        """Forces what was appended to the disk."""
        if self._file is not None:
            os.fsync(self._file.fileno())
            self._synced = time.monotonic()

    def close(self) -> None:
        """Syncs and closes; a later append opens the file again."""
        if self._file is not None:
            self.sync()
            self._file.close()
            self._file = None

    def read(self) -> Iterator[Record]:
        """The records in order; a torn tail is dropped, a damaged line skipped with a warning."""
        if not self.path.exists():
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

    def _open(self) -> IO[bytes]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = self.path.open("ab")
        if file.tell() and not _ends_with_newline(self.path):
            # A torn tail: what follows must begin on a line of its own.
            file.write(b"\n")
        return file


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
