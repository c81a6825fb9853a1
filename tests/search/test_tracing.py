"""Tracing: a training's step and its validation are traced once, whatever the last batch."""

from collections import Counter

import keras
import keras_tuner
import numpy as np
import pytest

from autokeras_nas.architecture import Proposal, encode
from autokeras_nas.search import NasHyperModel
from autokeras_nas.search.preparation import prepare
from autokeras_nas.search_spaces import SEARCH_SPACES
from autokeras_nas.tasks import TASKS

RNG = np.random.default_rng(0)
IMAGES = RNG.normal(size=(90, 8, 8, 1)).astype("float32")
TABLE = RNG.normal(size=(90, 5)).astype("float32")
LABELS = RNG.integers(0, 3, 90)


@pytest.mark.parametrize(
    ("space", "task", "x"),
    [
        ("chain_cnn", "image_classification", IMAGES),
        ("nasnet_cell", "image_classification", IMAGES),
        ("tabular_mlp", "tabular_classification", TABLE),
    ],
)
def test_each_step_function_is_traced_once(monkeypatch, space, task, x):
    traces = Counter()
    for name in ("train_step", "test_step"):
        step = getattr(keras.Model, name)

        def counted(self, data, name=name, step=step):
            traces[name] += 1
            return step(self, data)

        monkeypatch.setattr(keras.Model, name, counted)
    task = TASKS[task]()
    data = prepare(task, x, LABELS, validation_split=0.3, batch_size=16, seed=0)
    settings = {"blocks": 1, "filters": 4} if space == "nasnet_cell" else {}
    hypermodel = NasHyperModel(SEARCH_SPACES[space](**settings), task, data.input_spec)
    hp = keras_tuner.HyperParameters()
    hp.values = dict(encode(Proposal(hypermodel.grammar.default())))
    model = hypermodel.build(hp)
    validation = data.validation
    assert len(x) * 0.3 % 16  # The last batch of the validation is a short one.
    hypermodel.fit(hp, model, data.train, validation_data=validation, epochs=3, verbose=0)
    assert traces == {"train_step": 1, "test_step": 1}
