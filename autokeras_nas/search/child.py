"""Child: a worker process as its parent sees it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

# Not `-m`: the package imports the module before it could be run.
_PROGRAM = """
import signal
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, signal.SIG_IGN)  # They reach the parent, too, which decides.
from autokeras_nas.search.worker import main
main()
"""
_TAIL_BYTES = 4000
_GRACE_SECONDS = 5.0


class Child:
    """Starts a worker process; it is ready a few seconds later, and takes messages before.

    Args:
        setup: What `worker.Setup` holds, pickled.
        log: Where its output goes.
        environment: Variables beside those of this process.
    """

    def __init__(self, setup: bytes, log: Path, environment: Mapping[str, str]):
        self.log = log
        ours, theirs = socket.socketpair()
        self.connection = Connection(ours.detach())
        log.parent.mkdir(parents=True, exist_ok=True)
        with theirs, log.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _PROGRAM, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, **environment},
                pass_fds=[theirs.fileno()],
            )
        self.send("setup", (list(sys.path), setup))

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    def send(self, kind: str, payload: Any) -> None:
        """Sends a message, unless the process is dead."""
        try:
            self.connection.send((kind, payload))
        except OSError:
            pass  # Its end is seen, and explained, where messages are received.

    def receive(self) -> tuple[str, Any]:
        """The next message, waiting for it; `dead` with the reason, where the process has died."""
        try:
            return self.connection.recv()
        except (EOFError, OSError):
            return "dead", self._obituary()

    def end(self) -> None:
        """Lets an idle process end by itself, and kills it where it does not."""
        self.connection.close()
        try:
            self._process.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """Ends the process at once."""
        self._process.kill()
        self._process.wait()
        self.connection.close()

    def _obituary(self) -> str:
        status = self._process.wait()
        self.connection.close()
        if status == -signal.SIGKILL:
            how = "it was killed (SIGKILL), most likely because memory ran out"
        elif status < 0:
            how = f"it died of {signal.Signals(-status).name}"
        else:
            how = f"it ended with status {status}"
        # The reason comes last: it is what a leaderboard has room for.
        return f"{self._last_words()}\nThe worker process is gone: {how}.".strip()

    def _last_words(self) -> str:
        """The end of its output; of a fault, without the list of all that is loaded."""
        lines = self.log.read_bytes()[-_TAIL_BYTES:].decode("utf-8", "replace").splitlines()
        return "\n".join(line for line in lines if not line.startswith("Extension modules"))
