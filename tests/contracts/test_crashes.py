"""A crash at every write: nothing finished is lost or doubled, and the search goes on as ever.

What a crash leaves of a project is a beginning of its journal, perhaps with half a record behind,
and the snapshots written by then. Here every such beginning of a search is opened and gone on
with to its end.
"""

from __future__ import annotations

import shutil
from collections import Counter

import pytest
import toys

from autokeras_nas.oracles import ORACLES
from autokeras_nas.storage.journal import decode_line

TRIALS = 30


def search(name, folder, **settings):
    """The values of all trials of a search to its end, by trial."""
    oracle = toys.make_oracle(name, folder, max_trials=TRIALS, **settings)
    oracle.reload()
    toys.run(oracle, TRIALS)
    return {i: dict(trial.hyperparameters.values) for i, trial in oracle.trials.items()}, oracle


@pytest.fixture(scope="module", params=list(ORACLES))
def unbroken(request, tmp_path_factory):
    """An oracle's name, its project after each write, and what its search came to.

    A project is the journal so far and the files that lay beside it then.
    """
    folder = tmp_path_factory.mktemp(request.param)
    oracle = toys.make_oracle(request.param, folder, max_trials=TRIALS)
    oracle.reload()
    states, write = [], oracle._write

    def watched(record):
        write(record)
        others = [p for p in (folder / "p").iterdir() if p.name != "journal.jsonl"]
        journal = (folder / "p" / "journal.jsonl").read_bytes()
        states.append((journal, {p.name: p.read_bytes() for p in others}))

    oracle._write = watched
    toys.run(oracle, TRIALS)
    values = {i: dict(trial.hyperparameters.values) for i, trial in oracle.trials.items()}
    return request.param, states, values


def left_by_crash(folder, journal, others):
    """Makes the project that a crash left."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "p").mkdir(parents=True)
    (folder / "p" / "journal.jsonl").write_bytes(journal)
    for name, content in others.items():
        (folder / "p" / name).write_bytes(content)


def ends(journal):
    """How often each trial has ended."""
    records = filter(None, map(decode_line, journal.splitlines(keepends=True)))
    return Counter(record["trial"] for record in records if record["kind"] == "end")


@pytest.mark.parametrize("torn", [False, True])
def test_a_crash_at_any_write_changes_nothing(unbroken, tmp_path, torn):
    name, states, whole = unbroken
    # What comes next is half written where the crash tears it.
    following = [journal for journal, _ in states[1:]] + [states[-1][0]]
    for (journal, others), longer in zip(states, following, strict=True):
        rest = longer[len(journal) :]
        left = journal + (rest[: len(rest) // 2] if torn else b"")
        left_by_crash(tmp_path, left, others)
        finished = set(ends(journal))
        values, oracle = search(name, tmp_path)
        assert values == whole
        after = ends((tmp_path / "p" / "journal.jsonl").read_bytes())
        assert after == Counter(whole.keys())
        assert finished <= {i for i, trial in oracle.trials.items() if trial.score is not None}


def test_a_crash_before_the_first_write_leaves_a_new_project(unbroken, tmp_path):
    name, _, whole = unbroken
    left_by_crash(tmp_path, b"", {})
    assert search(name, tmp_path)[0] == whole
