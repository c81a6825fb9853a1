"""Every example runs at its smallest setting."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.slow
def test_digits_leaves_a_leaderboard_and_a_saved_model(tmp_path):
    command = [sys.executable, str(ROOT / "examples" / "digits.py"), "--time_budget=6s"]
    done = subprocess.run(
        [*command, f"--directory={tmp_path}"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Test accuracy" in done.stdout and "COMPLETED" in done.stdout
    assert (tmp_path / "digits" / "saved_model" / "saved_model.pb").exists()


def test_every_example_has_a_test():
    tested = Path(__file__).read_text()
    for path in (ROOT / "examples").glob("*.py"):
        assert f'"{path.name}"' in tested
