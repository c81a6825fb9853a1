from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import PIL.Image
import pytest
from sklearn.datasets import load_digits

import autokeras_nas as nas
from autokeras_nas.search.manifest import origin_of
from autokeras_nas_cli import run

DIGITS = load_digits()
X, Y = DIGITS.images[:200].astype("uint8"), DIGITS.target[:200]
QUICK = ["--max_trials=1", "--epochs=1", "--oracle=random"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with data, and a project searched from them."""
    folder = tmp_path_factory.mktemp("cli")
    np.savez(folder / "digits.npz", x=X, y=Y)
    arguments = [f"--data={folder}/digits.npz", f"--directory={folder}", f"--export={folder}/saved"]
    assert run(["search", *arguments, *QUICK]) == 0
    return folder


@pytest.fixture
def project(folder):
    return f"--project={folder}/auto_model"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("search --data={folder}/digits.npz --target=y --directory={new}", "target"),
        ("search --data={folder}/digits.npz --time_budget=soon --directory={new}", "time_budget"),
        ("search --data={table} --target=prize --directory={new}", "Did you mean 'price'"),
        ("search --data={table} --directory={new}", "--target is missing"),
        ("resume --project={folder}/saved", "no project"),
        ("export --project={folder}/auto_model --output={new}/m --format=keras", ".keras"),
    ],
)
def test_what_a_command_cannot_use_is_one_line_and_status_2(
    capsys, folder, tmp_path, line, message
):
    pd.DataFrame({"size": [1.0, 2.0], "price": [1, 2]}).to_csv(tmp_path / "t.csv", index=False)
    line = line.format(folder=folder, new=tmp_path / "new", table=tmp_path / "t.csv")
    assert run(line.split()) == 2
    errors = capsys.readouterr().err
    assert errors.startswith("autokeras-nas: ") and message in errors
    assert errors.count("\n") == 1


def test_a_search_that_found_nothing_can_be_resumed(capsys, folder, tmp_path, monkeypatch):
    project = f"--project={tmp_path}/auto_model"
    with monkeypatch.context() as patch:
        patch.setattr(nas.NasTuner, "search", lambda *args, **kwargs: None)
        arguments = [f"--data={folder}/digits.npz", f"--directory={tmp_path}"]
        assert run(["search", *arguments, *QUICK]) == 1
    assert capsys.readouterr().err.startswith("autokeras-nas: No trial ended with a model")
    assert run(["leaderboard", project]) == 1
    assert "resume" in capsys.readouterr().err
    assert run(["resume", project, "--epochs=1"]) == 0
    assert "COMPLETED" in capsys.readouterr().out


def test_a_search_says_that_it_goes_on(capsys, folder):
    arguments = [f"--data={folder}/digits.npz", f"--directory={folder}"]
    assert run(["search", *arguments, *QUICK]) == 0
    assert "Going on with the project" in capsys.readouterr().out


def test_errors_of_a_command_can_be_traced(capsys, folder):
    assert run(["leaderboard", f"--project={folder}/saved", "--traceback"]) == 2
    assert "Traceback" in capsys.readouterr().err


def test_a_search_exports_what_it_found(folder):
    assert (folder / "saved" / "saved_model.pb").exists()


def test_leaderboards_are_plain(capsys, project):
    assert run(["leaderboard", project]) == 0
    head, row = capsys.readouterr().out.splitlines()
    assert head.split()[:3] == ["rank", "trial", "score"]
    assert row.split()[:2] == ["1", "0000"] and "COMPLETED" in row and "\x1b" not in row


def test_predictions_are_a_table(capsys, folder, project, tmp_path):
    output = tmp_path / "new" / "p.csv"
    assert run(["predict", project, f"--input={folder}/digits.npz", f"--output={output}"]) == 0
    assert capsys.readouterr().out == f"200 predictions: {output}\n"
    table = pd.read_csv(output)
    assert list(table.columns) == ["prediction", *(f"probability_{k}" for k in range(10))]
    model = nas.AutoModel.load(folder / "auto_model")
    np.testing.assert_array_equal(table["prediction"], model.predict_labels(X))
    np.testing.assert_allclose(table.iloc[:, 1:].sum(axis=1), 1.0, atol=1e-5)


def test_predictions_of_a_folder_name_its_files(capsys, project, tmp_path):
    for name, image in zip("ab", X, strict=False):
        PIL.Image.fromarray(image).resize((16, 16)).save(tmp_path / f"{name}.png")
    assert run(["predict", project, f"--input={tmp_path}", f"--output={tmp_path}/p.csv"]) == 0
    assert pd.read_csv(tmp_path / "p.csv")["file"].tolist() == ["a.png", "b.png"]
    assert capsys.readouterr().err == (
        "Note: 2 of 2 images are resized to 8x8 pixels, which the model takes.\n"
    )


def test_exports_take_the_format_of_their_name(folder, project, tmp_path):
    assert run(["export", project, f"--output={tmp_path}/new/m.keras"]) == 0
    loaded = keras.models.load_model(tmp_path / "new" / "m.keras")
    model = nas.AutoModel.load(folder / "auto_model")
    np.testing.assert_allclose(loaded.predict(X, verbose=0), model.predict(X), atol=1e-6)


def test_resume_remembers_the_data(capsys, project):
    assert run(["resume", project, "--max_trials=2", "--epochs=1"]) == 0
    capsys.readouterr()
    assert run(["leaderboard", project]) == 0
    assert "0001" in capsys.readouterr().out


def test_resume_records_a_raised_number_of_trials(folder, project):
    assert run(["resume", project, "--max_trials=3", "--epochs=1"]) == 0
    manifest = json.loads((folder / "auto_model" / "project.json").read_text())
    assert manifest["max_trials"] == 3
    assert len(nas.AutoModel.load(folder / "auto_model").leaderboard()) == 3


def seen_by_fit(monkeypatch):
    """What each `fit` is called with, instead of fitting."""
    seen = []

    def fit(self, x, y=None, **kwargs):
        held_out = (kwargs[name] for name in ("validation_data", "validation_split", "folds"))
        self._origin = origin_of(x, y, *held_out)
        seen.append({"x": x, "y": y, **kwargs})

    monkeypatch.setattr(nas.AutoModel, "fit", fit)
    monkeypatch.setattr("autokeras_nas_cli.commands._say_next", lambda model: None)
    return seen


def test_validation_data_are_a_file_or_a_share(folder, project, monkeypatch):
    seen = seen_by_fit(monkeypatch)
    data = f"{folder}/digits.npz"
    new = f"--directory={folder}/other"
    assert run(["search", f"--data={data}", new, "--validation_split=0.4"]) == 0
    assert run(["search", f"--data={data}", new, f"--validation_data={data}"]) == 0
    assert run(["resume", project, f"--validation_data={data}"]) == 0
    kept = [(call["validation_data"], call["validation_split"]) for call in seen]
    assert kept == [(None, 0.4), (Path(data), 0.2), (Path(data), 0.2)]


def test_options_of_a_search_reach_it(folder, project, monkeypatch):
    seen = seen_by_fit(monkeypatch)
    line = ["--folds=3", "--repeats=2", "--finalists=1", "--workers=2", "--max_model_size=999"]
    line += ["--stopping=none", "--screening=naswot", "--screening_candidates=3"]
    data, new = f"--data={folder}/digits.npz", f"--directory={folder}/other"
    models = []
    monkeypatch.setattr("autokeras_nas_cli.commands._say_next", models.append)
    assert run(["search", data, new, "--project_name=optioned", *line]) == 0
    assert run(["resume", project, "--workers=3"]) == 0
    searched, resumed = models
    assert seen[0]["folds"] == 3
    assert (searched.repeats, searched.finalists, searched.workers) == (2, 1, 2)
    assert searched.limits == {"parameters": 999} and resumed.workers == 3
    assert searched.stopping is None and resumed.stopping == "auto"
    assert (searched.screening, searched.screening_candidates) == ("naswot", 3)
    assert resumed.screening is None


def test_resume_remembers_the_validation_data(tmp_path, capsys):
    np.savez(tmp_path / "train.npz", x=X, y=Y)
    np.savez(tmp_path / "valid.npz", x=X[:50], y=Y[:50])
    place = [f"--directory={tmp_path}", f"--validation_data={tmp_path}/valid.npz"]
    assert run(["search", f"--data={tmp_path}/train.npz", *place, *QUICK]) == 0
    project = f"--project={tmp_path}/auto_model"
    model = nas.AutoModel.load(tmp_path / "auto_model")
    accuracy = model.evaluate(X[:50], Y[:50])["accuracy"]
    assert model.leaderboard()["score"][0] == pytest.approx(accuracy, abs=1e-6)
    (tmp_path / "valid.npz").unlink()
    assert run(["resume", project, "--max_trials=2", "--epochs=1"]) == 2
    assert "valid.npz" in capsys.readouterr().err


def test_resume_remembers_the_share_split_off(folder, tmp_path, monkeypatch):
    place = [f"--data={folder}/digits.npz", f"--directory={tmp_path}"]
    assert run(["search", *place, "--validation_split=0.4", *QUICK]) == 0
    seen = seen_by_fit(monkeypatch)
    project = f"--project={tmp_path}/auto_model"
    assert run(["resume", project]) == 0
    assert run(["resume", project, "--validation_split=0.3"]) == 0
    assert [call["validation_split"] for call in seen] == [0.4, 0.3]


@pytest.mark.slow
def test_a_table_becomes_predictions_and_a_saved_model(tmp_path):
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"size": rng.normal(size=200), "town": rng.choice(["a", "b"], 200)})
    table["price"] = 2 * table["size"] + (table["town"] == "a")
    table.to_csv(tmp_path / "train.csv", index=False)
    table.drop(columns="price").to_csv(tmp_path / "test.csv", index=False)

    def command(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "autokeras_nas_cli", *arguments],
            cwd=tmp_path,
            env={"PYTHONPATH": str(Path(__file__).parent.parent.parent)},
            capture_output=True,
            text=True,
        )

    project = "--project=nas_results/auto_model"
    searched = command("search", "--data=train.csv", "--target=price", *QUICK)
    assert (searched.returncode, searched.stderr) == (0, "")
    assert "Task: regression. The features are a table" in searched.stdout
    predicted = command("predict", project, "--input=test.csv")
    assert (predicted.returncode, predicted.stderr) == (0, "")
    assert len(pd.read_csv(tmp_path / "predictions.csv")) == 200
    exported = command("export", project, "--output=saved_model/")
    assert (exported.returncode, exported.stderr) == (0, "")
    assert (tmp_path / "saved_model" / "saved_model.pb").exists()
    refused = command("predict", project, "--input=nowhere.csv")
    assert refused.returncode == 2 and refused.stderr.count("\n") == 1
