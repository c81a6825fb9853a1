"""Locks: a second process is kept out, and the death of the first lets it in."""

import subprocess
import sys

import pytest

from autokeras_nas.errors import ProjectError
from autokeras_nas.storage import Journal

HOLDER = """
import sys, time
from pathlib import Path
from autokeras_nas.storage import Journal
journal = Journal(Path(sys.argv[1]))
journal.append({"n": 1})
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture
def held(tmp_path):
    """A journal that another process writes, and that process."""
    path = tmp_path / "project" / "journal.jsonl"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "held\n"
        yield path, process
        process.kill()


def test_a_second_process_is_kept_out_until_the_first_is_gone(held):
    path, process = held
    with pytest.raises(ProjectError, match="Another process is searching"):
        Journal(path).append({"n": 2})
    assert [record["n"] for record in Journal(path).read()] == [1]
    process.kill()
    process.wait()
    Journal(path).append({"n": 2})
    assert [record["n"] for record in Journal(path).read()] == [1, 2]


def test_what_was_read_before_another_wrote_is_stale(tmp_path):
    first, second = Journal(tmp_path / "j"), Journal(tmp_path / "j")
    assert list(first.read()) == list(second.read()) == []
    second.append({"n": 1})
    second.close()
    with pytest.raises(ProjectError, match="has gone on since it was opened"):
        first.append({"n": 1})


def test_this_process_may_open_a_project_again(tmp_path):
    first, second = Journal(tmp_path / "j"), Journal(tmp_path / "j")
    first.append({"n": 1})
    assert [record["n"] for record in second.read()] == [1]
    second.append({"n": 2})
    with pytest.raises(ProjectError, match="has gone on"):
        first.append({"n": 2})
    assert [record["n"] for record in Journal(tmp_path / "j").read()] == [1, 2]


def test_a_closed_journal_goes_on_where_nobody_else_wrote(tmp_path):
    journal = Journal(tmp_path / "j")
    journal.append({"n": 1})
    journal.close()
    journal.append({"n": 2})
    assert [record["n"] for record in journal.read()] == [1, 2]
