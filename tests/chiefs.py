"""KerasTuner's chief with two workers, as processes on this machine."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import textwrap
from pathlib import Path

import autokeras_nas

TUNERS = ("chief", "worker0", "worker1")


def run_chief_and_workers(script, folder, *arguments, timeout=150):
    """Runs a script three times, under the variables by which KerasTuner tells who is who.

    Args:
        script: Its source; its first argument is `folder`.
        folder: Where script, logs and project lie.
        *arguments: Further arguments of the script.
        timeout: Seconds after which all are killed.

    Returns:
        The exit codes of chief and workers, and the ends of their logs.
    """
    path, port = folder / "search.py", free_port()
    path.write_text(textwrap.dedent(script))
    processes = [start(path, folder, arguments, port, tuner_id) for tuner_id in TUNERS]
    try:
        codes = [process.wait(timeout=timeout) for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait()
    return codes, "\n".join((folder / f"{name}.log").read_text()[-2000:] for name in TUNERS)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(script, folder, arguments, port, tuner_id):
    paths = [str(Path(autokeras_nas.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "KERASTUNER_ORACLE_IP": "127.0.0.1",
        "KERASTUNER_ORACLE_PORT": str(port),
        "KERASTUNER_TUNER_ID": tuner_id,
        "CUDA_VISIBLE_DEVICES": "",
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }
    with (folder / f"{tuner_id}.log").open("w") as log:
        return subprocess.Popen(
            [sys.executable, str(script), str(folder), *map(str, arguments)],
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
