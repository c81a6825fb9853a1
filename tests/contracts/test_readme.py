"""The README's Python runs as it stands, and its command lines are understood."""

from __future__ import annotations

import re
from pathlib import Path

import keras
import keras_tuner
import numpy as np
import pytest
from sklearn.datasets import load_digits

from autokeras_nas_cli.options import COMMANDS

README = Path(__file__).parent.parent.parent / "README.md"


def build_model(hp):
    model = keras.Sequential([keras.Input((8, 8)), keras.layers.Flatten()])
    model.add(keras.layers.Dense(hp.Int("units", 2, 64), activation="relu"))
    model.add(keras.layers.Dense(10, activation="softmax"))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def command_lines() -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", README.read_text(), flags=re.S)
    return [line for line in "\n".join(blocks).splitlines() if line.startswith("autokeras-nas ")]


@pytest.mark.parametrize("line", command_lines())
def test_a_command_line_of_the_readme_is_understood(line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nas_results" / "auto_model").mkdir(parents=True)
    for name in ("train.csv", "test.csv"):
        (tmp_path / name).touch()
    _, name, *words = line.split()
    command = next(known for known in COMMANDS if known.name == name)
    parsed = command.parse(words)
    given = dict(word.removeprefix("--").split("=") for word in words)
    assert {option: str(parsed[option].value) for option in given} == given


def test_the_readme_has_a_line_for_every_command_that_is_there():
    shown = {line.split()[1] for line in command_lines()}
    assert shown == {command.name for command in COMMANDS if command.options}


@pytest.mark.slow
def test_the_code_of_the_readme_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    digits = load_digits()
    x, y = digits.images.astype("float32"), digits.target
    names = {
        "x_train": x[:300], "y_train": y[:300], "x_test": x[300:400], "y_test": y[300:400],
        "x": x[:100], "y": y[:100], "build_model": build_model, "keras_tuner": keras_tuner,
    }  # fmt: skip
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(), flags=re.S)
    assert len(blocks) == 4
    for block in blocks:
        quick = re.sub(r'"(10m|1h)"', '"8s"', re.sub(r"max_trials=\d+", "max_trials=2", block))
        exec(compile(quick, "README.md", "exec"), names)
    assert np.shape(names["model"].predict(x[:3])) == (3, 10)
    assert (tmp_path / "saved_model" / "saved_model.pb").exists()
