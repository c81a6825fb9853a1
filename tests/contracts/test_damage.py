"""Every file of a project damaged, one at a time: it opens all the same, or says what is wrong."""

import shutil
import warnings

import numpy as np
import pytest
from sklearn.datasets import load_digits

import autokeras_nas as nas
from autokeras_nas.errors import ProjectError, SearchFailedError

pytestmark = pytest.mark.slow

DIGITS = load_digits()
X, Y = DIGITS.images[:200].astype("float32"), DIGITS.target[:200]
HARMS = {
    "cut": lambda content: content[: len(content) // 2],
    "emptied": lambda content: b"",
    "zeroed": lambda content: bytes(len(content)),
    "flipped": lambda content: _flipped(content, len(content) // 2),
    "removed": lambda content: None,
}


def _flipped(content, place):
    return content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :]


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """The folder of a project of three trials, and what each of its models predicts."""
    folder = tmp_path_factory.mktemp("nas")
    model = nas.AutoModel(oracle="random", max_trials=3, seed=0, directory=folder)
    model.fit(X, Y, epochs=1, time_budget=None, verbose=0)
    known = [model.model_of(name).predict(X[:5], verbose=0) for name in ("0000", "0001", "0002")]
    return folder / "auto_model", known


def files_of(folder):
    return sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("harm", HARMS)
def test_a_damaged_file_costs_no_more_than_what_it_held(project, tmp_path, harm):
    folder, known = project
    opened = 0
    for name in files_of(folder):
        copy = tmp_path / "copy" / "auto_model"
        shutil.copytree(folder, copy)
        content = HARMS[harm]((copy / name).read_bytes() or b"x")
        (copy / name).unlink() if content is None else (copy / name).write_bytes(content)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                model = nas.AutoModel.load(copy)
        except (ProjectError, SearchFailedError) as error:
            assert name.name in ("project.json", "journal.jsonl"), f"{name}: {error}"
        else:
            opened += 1
            predictions = model.predict(X[:5])
            assert any(np.allclose(predictions, one, atol=1e-5) for one in known), name
        shutil.rmtree(copy)
    assert opened >= len(files_of(folder)) - 2


def test_opening_a_project_runs_nothing_that_it_holds(project, tmp_path):
    copy = tmp_path / "auto_model"
    shutil.copytree(project[0], copy)
    marker = tmp_path / "ran"
    program = f"__import__('pathlib').Path({str(marker)!r}).touch()"
    pickled = b'cbuiltins\nexec\n(S"' + program.encode() + b'"\ntR.'
    for name in ("hypermodel.pkl", "data.pickle", "trial_0000/checkpoint.pkl"):
        (copy / name).write_bytes(pickled)
    for name in ("conftest.py", "autokeras_nas.py", "trial_0000/build.py"):
        (copy / name).write_text(program)
    nas.AutoModel.load(copy).predict(X[:2])
    assert not marker.exists()


@pytest.mark.parametrize("name", ["../../../elsewhere", "os.system"])
def test_names_of_a_hostile_project_lead_nowhere(project, tmp_path, name):
    copy = tmp_path / "auto_model"
    shutil.copytree(project[0], copy)
    text = (copy / "project.json").read_text()
    (copy / "project.json").write_text(text.replace('"chain_cnn"', f'"{name}"'))
    with pytest.raises(ProjectError, match="no search space of this name"):
        nas.AutoModel.load(copy)


def test_a_damaged_winner_gives_way_to_the_next_best(project, tmp_path):
    copy = tmp_path / "auto_model"
    shutil.copytree(project[0], copy)
    best = nas.AutoModel.load(copy).leaderboard()["trial"][0]
    (copy / f"trial_{best}" / "checkpoint.weights.h5").write_bytes(b"")
    with pytest.warns(UserWarning, match="are damaged.*Instead, trial"):
        model = nas.AutoModel.load(copy)
    assert model.predict(X[:2]).shape == (2, 10)
    for path in copy.glob("trial_*/*.h5"):
        path.unlink()
    with pytest.raises(ProjectError, match="were not kept"):
        nas.AutoModel.load(copy)
