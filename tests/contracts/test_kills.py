"""Real searches killed with SIGKILL lose nothing; `benchmarks/kills.py` does it, at length."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "kills.py"

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("executor", ["inline", "process"])
def test_killed_searches_lose_nothing_and_go_on_as_ever(executor):
    command = [sys.executable, SCRIPT, "--kills", "2", "--trials", "4", "--executor", executor]
    program = subprocess.run(command, capture_output=True, text=True)
    assert program.returncode == 0, program.stdout + program.stderr
    kills, finished, *wrong = program.stdout.splitlines()[-1].strip("| ").split(" | ")
    assert kills == "2"
    assert int(finished) >= 4
    assert wrong == ["0"] * 5
