"""Quiet: loads TensorFlow without its log."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator


def load_tensorflow() -> None:
    """Imports TensorFlow, which writes its log while it is loaded."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # Some lines are written whatever the level.
    with muted_stderr():
        import tensorflow  # noqa: F401


@contextlib.contextmanager
def muted_stderr() -> Iterator[None]:
    """Drops what is written to standard error, by C++ too; shows it if an error comes out."""
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as log:
        os.dup2(log.fileno(), 2)
        try:
            yield
        except Exception:
            log.seek(0)
            os.write(kept, log.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
