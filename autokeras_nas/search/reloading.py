"""Reloading: KerasTuner's line about it, left out."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Iterator

_BEGINNING = "Reloading Tuner from "


@contextlib.contextmanager
def unsaid_reload() -> Iterator[None]:
    """Leaves out the line that a tuner prints where it finds a project; passes on all others."""
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said):
            yield
    finally:
        for line in said.getvalue().splitlines(keepends=True):
            if not line.startswith(_BEGINNING):
                sys.stdout.write(line)
