"""A snapshot is whole at every moment: the newest, or the one before."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autokeras_nas.storage import read_snapshot, write_snapshot
from autokeras_nas.storage.journal import encode_line

OLD = {"n": 50, "state": {"weights": [0.25, 0.75]}}
NEW = {"n": 100, "state": {"weights": [0.5, 0.5], "baseline": None}}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "oracle.snapshot"


def test_newest_state_comes_back(path):
    for state in (OLD, NEW):
        write_snapshot(path, state)
        assert read_snapshot(path) == state


def test_missing_snapshot_is_none(path):
    assert read_snapshot(path) is None
    assert read_snapshot(path.parent / "no folder" / "oracle.snapshot") is None


def test_one_before_stays_beside_it(path):
    write_snapshot(path, OLD)
    write_snapshot(path, NEW)
    assert path.with_suffix(".bak").read_bytes() == encode_line(OLD)
    assert sorted(p.suffix for p in path.parent.iterdir()) == [".bak", ".snapshot"]


@pytest.mark.parametrize("damage", [b"", b"rubbish", encode_line(NEW)[:-3], b"\xff" * 40])
def test_damaged_snapshot_falls_back_to_the_one_before(path, damage):
    write_snapshot(path, OLD)
    write_snapshot(path, NEW)
    path.write_bytes(damage)
    assert read_snapshot(path) == OLD


def test_lone_damaged_snapshot_is_none(path):
    write_snapshot(path, NEW)
    path.write_bytes(b"rubbish")
    assert read_snapshot(path) is None


@pytest.mark.parametrize("moment", [1, 2])
def test_death_between_two_renames_leaves_a_whole_snapshot(path, monkeypatch, moment):
    write_snapshot(path, OLD)
    calls, replace = [], os.replace

    def die(source, target):
        calls.append(target)
        if len(calls) == moment:
            raise KeyboardInterrupt
        replace(source, target)

    monkeypatch.setattr(os, "replace", die)
    with pytest.raises(KeyboardInterrupt):
        write_snapshot(path, NEW)
    assert read_snapshot(path) == OLD
    monkeypatch.undo()
    write_snapshot(path, NEW)
    assert read_snapshot(path) == NEW


def test_death_while_writing_leaves_the_snapshot_alone(path, monkeypatch):
    write_snapshot(path, OLD)

    def full(descriptor):
        raise OSError("No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_snapshot(path, NEW)
    assert read_snapshot(path) == OLD


def test_state_reaches_the_disk_before_it_takes_the_name(path, monkeypatch):
    events, replace, fsync = [], os.replace, os.fsync
    monkeypatch.setattr(os, "fsync", lambda fd: (events.append("fsync"), fsync(fd)))
    monkeypatch.setattr(os, "replace", lambda a, b: (events.append(Path(b).suffix), replace(a, b)))
    write_snapshot(path, OLD)
    write_snapshot(path, NEW)
    assert events == ["fsync", ".snapshot", "fsync", ".bak", ".snapshot"]


@given(position=st.integers(0, len(encode_line(NEW)) - 1), byte=st.integers(0, 255))
def test_changed_byte_never_yields_a_wrong_state(tmp_path_factory, position, byte):
    path = tmp_path_factory.mktemp("s") / "oracle.snapshot"
    write_snapshot(path, OLD)
    write_snapshot(path, NEW)
    data = bytearray(path.read_bytes())
    data[position] = byte
    path.write_bytes(data)
    assert read_snapshot(path) in (OLD, NEW)


@given(length=st.integers(0, len(encode_line(NEW))))
def test_cut_snapshot_never_yields_a_wrong_state(tmp_path_factory, length):
    path = tmp_path_factory.mktemp("s") / "oracle.snapshot"
    write_snapshot(path, OLD)
    write_snapshot(path, NEW)
    path.write_bytes(path.read_bytes()[:length])
    assert read_snapshot(path) in (OLD, NEW)
