"""Quiet: loads TensorFlow without its log, for the command line only.

The package's front imports this module first, since TensorFlow writes its log while it is loaded.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

COMMAND = "autokeras-nas"


def is_command() -> bool:
    """Whether this process is `autokeras-nas`, or `python -m autokeras_nas.cli`."""
    return Path(sys.argv[0]).stem == COMMAND or "autokeras_nas.cli" in sys.orig_argv[1:3]


@contextlib.contextmanager
def muted_stderr() -> Iterator[None]:
    """Drops what is written to standard error, by C++ too; shows it if an error comes out."""
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as log:
        os.dup2(log.fileno(), 2)
        try:
            yield
        except BaseException:
            log.seek(0)
            os.write(kept, log.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)


if is_command():
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # Some lines are written whatever the level.
    with muted_stderr():
        import tensorflow  # noqa: F401
