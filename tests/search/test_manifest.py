from __future__ import annotations

import os

import pytest

from autokeras_nas.errors import ProjectError
from autokeras_nas.search.manifest import SETTINGS, origin_of, read_manifest, write_manifest

MANIFEST = {"task": "t", "search_space": "s", "objective": ["val_loss", "min"], "input_spec": (4,)}


def test_what_is_written_is_read(tmp_path):
    write_manifest(tmp_path / "new", MANIFEST)
    assert read_manifest(tmp_path / "new") == {"schema": 3, **MANIFEST, "input_spec": [4]}


def test_the_same_search_may_go_on_with_more(tmp_path):
    write_manifest(tmp_path, {**MANIFEST, "max_trials": 3})
    write_manifest(tmp_path, {**MANIFEST, "max_trials": 9})
    assert read_manifest(tmp_path)["max_trials"] == 9


@pytest.mark.parametrize("name", list(MANIFEST))
def test_another_search_is_refused_and_nothing_is_changed(tmp_path, name):
    write_manifest(tmp_path, MANIFEST)
    with pytest.raises(ProjectError, match=f"another search's: its {name}"):
        write_manifest(tmp_path, {**MANIFEST, name: "other"})
    assert read_manifest(tmp_path)[name] != "other"


@pytest.mark.parametrize("text", [None, "", "{", "[1", "[1]", "7", "[" * 100_000])
def test_what_is_no_project_is_refused(tmp_path, text):
    if text is not None:
        (tmp_path / "project.json").write_text(text)
    with pytest.raises(ProjectError, match="no project"):
        read_manifest(tmp_path)


def test_an_older_version_is_understood(tmp_path):
    (tmp_path / "project.json").write_text('{"schema": 1, "task": "t", "target": "price"}')
    read = read_manifest(tmp_path)
    assert (read["schema"], read["task"], read["target"]) == (3, "t", "price")
    assert (read["repeats"], read["finalists"]) == (1, "auto")
    assert (read["screening"], read["stopping"]) == (None, "auto")
    assert set(SETTINGS) - {"max_trials", "limits", "seed"} < set(read)


def test_data_that_have_a_place_are_known_by_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table = tmp_path / "train.csv"
    table.write_text("a,b\n1,2\n")
    named = {"data": str(table), "target": "b", "validation_data": None}
    assert origin_of("train.csv", "b", None, 0.2, 3) == {
        **named,
        "validation_split": 0.2,
        "folds": 3,
    }
    assert origin_of([[1]], [2], "mnist", 0.2, None)["validation_data"] == "mnist"
    assert origin_of([[1]], [2], None, 0.2, None)["data"] is None


def test_places_of_data_are_texts(tmp_path):
    (tmp_path / "project.json").write_text('{"schema": 2, "data": 7}')
    with pytest.raises(ProjectError, match="project.json.*its data is 7"):
        read_manifest(tmp_path)


def test_a_newer_version_is_named(tmp_path):
    (tmp_path / "project.json").write_text('{"schema": 99}')
    with pytest.raises(ProjectError, match="99"):
        read_manifest(tmp_path)


def test_a_manifest_reaches_the_disk_before_it_takes_the_name(tmp_path, monkeypatch):
    events, fsync = [], os.fsync
    place = tmp_path / "project.json"
    monkeypatch.setattr(os, "fsync", lambda fd: (events.append(place.exists()), fsync(fd)))
    write_manifest(tmp_path, MANIFEST)
    assert events == [False] and place.exists()
