"""Disks that are full or may not be written: the search ends, says why, and can go on."""

from __future__ import annotations

import errno
import os
import pkgutil
import subprocess
import sys

import cloudpickle
import keras
import numpy as np
import pytest
from faulty import X, Y

import autokeras_nas as nas
from autokeras_nas.errors import ProjectError
from autokeras_nas.storage import Journal

pytestmark = pytest.mark.slow
# This module cannot be imported by its name elsewhere.
cloudpickle.register_pickle_by_value(sys.modules[__name__])

FIT = {"epochs": 1, "time_budget": None, "verbose": 0}
FULL = "cannot be written: No space left on device.*What had finished is kept"
READ_ONLY = "cannot be written: Read-only file system"


@pytest.fixture
def disk(tmp_path):
    """A small disk of its own."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("needs the right to mount a disk")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def remount(disk, mode):
    subprocess.run(["mount", "-o", f"remount,{mode}", str(disk)], check=True)


def make(folder, executor="inline"):
    return nas.AutoModel(oracle="random", max_trials=3, executor=executor, seed=0, directory=folder)


def finished(folder):
    """What the journal says of each trial that has ended with a score."""
    records = Journal(folder / "auto_model" / "journal.jsonl").read()
    return {r["trial"]: r for r in records if r["kind"] == "end" and r["score"] is not None}


def check_it_goes_on(folder, before, executor="inline"):
    """Opens a project after a fault, and searches to the end."""
    known = nas.AutoModel.load(folder / "auto_model").predict(X[:5]) if before else None
    model = make(folder, executor)
    model.fit(X, Y, **FIT)
    after = finished(folder)
    assert {name: after[name] for name in before} == before
    assert list(model.leaderboard()["status"]) == ["COMPLETED"] * 3
    opened = nas.AutoModel.load(folder / "auto_model")
    np.testing.assert_allclose(opened.predict(X[:5]), model.predict(X[:5]), atol=1e-6)
    assert known is None or known.shape == (5, 10)


class AtSecondTrial(keras.callbacks.Callback):
    """Does something to the disk as the second trial begins, whatever process it is in."""

    def __init__(self, folder, deed):
        super().__init__()
        self.folder, self.deed = folder, deed

    def __deepcopy__(self, _):
        return type(self)(self.folder, self.deed)

    def on_train_begin(self, logs=None):
        if len(list((self.folder / "auto_model").glob("trial_*"))) == 2:
            self.deed(self.folder)


def fill(folder):
    """Writes to a disk until there is no room."""
    with (folder / "ballast").open("wb", buffering=0) as file, pytest.raises(OSError):
        while True:
            file.write(bytes(4096))


@pytest.mark.parametrize("executor", ["inline", "process"])
def test_a_disk_that_fills_up_ends_the_search_which_goes_on_with_room(disk, executor):
    with pytest.raises(ProjectError, match=FULL):
        make(disk, executor).fit(X, Y, callbacks=[AtSecondTrial(disk, fill)], **FIT)
    before = finished(disk)
    assert list(before) == ["0000"]
    assert nas.AutoModel.load(disk / "auto_model").predict(X[:2]).shape == (2, 10)
    with pytest.raises(ProjectError, match=FULL):
        make(disk, executor).fit(X, Y, **FIT)
    (disk / "ballast").unlink()
    check_it_goes_on(disk, before, executor)


JOURNAL = "autokeras_nas.storage.journal._write_all"
MANIFEST = "autokeras_nas.search.manifest.sync_file"
WEIGHTS = "autokeras_nas.search.checkpoints.sync_file"
TUNER = "keras_tuner.src.engine.stateful.utils.save_json"


@pytest.mark.parametrize(
    ("write", "well", "number", "left"),
    [
        (MANIFEST, 0, errno.ENOSPC, 0),
        (JOURNAL, 0, errno.ENOSPC, 0),  # Its header.
        (JOURNAL, 2, errno.ENOSPC, 0),  # The end of the first trial.
        (JOURNAL, 3, errno.EROFS, 1),  # The beginning of the second.
        (WEIGHTS, 0, errno.ENOSPC, 0),
        (WEIGHTS, 1, errno.EROFS, 1),
        (TUNER, 1, errno.EDQUOT, 2),
    ],
)
def test_whichever_write_fails_nothing_finished_is_lost(
    tmp_path, monkeypatch, write, well, number, left
):
    original, calls = pkgutil.resolve_name(write), []

    def fails(*args):
        calls.append(args)
        if len(calls) > well:
            raise OSError(number, os.strerror(number))
        return original(*args)

    with monkeypatch.context() as patched:
        patched.setattr(write, fails)
        with pytest.raises(ProjectError, match=f"cannot be written: {os.strerror(number)}"):
            make(tmp_path).fit(X, Y, **FIT)
    before = finished(tmp_path)
    assert len(before) == left
    check_it_goes_on(tmp_path, before)


def test_a_project_on_a_read_only_disk_opens_but_goes_not_on(disk):
    model = make(disk)
    model.fit(X, Y, **FIT)
    remount(disk, "ro")
    opened = nas.AutoModel.load(disk / "auto_model")
    np.testing.assert_allclose(opened.predict(X[:5]), model.predict(X[:5]), atol=1e-6)
    with pytest.raises(ProjectError, match=READ_ONLY):
        opened.fit(X, Y, **FIT)


def test_a_new_project_needs_a_disk_that_can_be_written(disk):
    remount(disk, "ro")
    with pytest.raises(ProjectError, match=READ_ONLY):
        make(disk)


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs a /proc")
def test_a_folder_that_takes_no_files_is_told_at_once():
    with pytest.raises(ProjectError, match="cannot be written: .*'/proc/nas/auto_model'"):
        make("/proc/nas")
