"""The README's Python runs as it stands, on small data and less time."""

from __future__ import annotations

import re
from pathlib import Path

import keras
import keras_tuner
import numpy as np
import pytest
from sklearn.datasets import load_digits

README = Path(__file__).parent.parent.parent / "README.md"


def build_model(hp):
    model = keras.Sequential([keras.Input((8, 8)), keras.layers.Flatten()])
    model.add(keras.layers.Dense(hp.Int("units", 2, 64), activation="relu"))
    model.add(keras.layers.Dense(10, activation="softmax"))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


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
