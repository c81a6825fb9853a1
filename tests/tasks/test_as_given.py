from __future__ import annotations

import keras
import numpy as np
import pytest

from autokeras_nas.architecture import Features
from autokeras_nas.tasks import TASKS, AsGiven


def test_nothing_is_done_to_the_data():
    task, y = AsGiven(), np.array([3, 1])
    assert task.preprocessor(np.zeros((2, 4))) is None
    assert (task.fit_targets(y) == y).all() and (task.targets(y) == y).all()


def test_the_model_is_the_result_and_scores_itself():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", metrics=["mae"])
    task, x = AsGiven(), np.ones((4, 3))
    assert task.exported(model) is model
    score = task.score(model, (x, model.predict(x, verbose=0)))
    assert score["mae"] == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize(
    ("ask", "missing"),
    [
        (lambda task: task.interface(), "search space"),
        (lambda task: task.head(Features(None)), "head"),
        (lambda task: task.labels(np.zeros((2, 3))), "labels"),
        (lambda task: task.compile_options(), "compiled"),
    ],
)
def test_what_only_a_task_knows_is_refused(ask, missing):
    with pytest.raises(ValueError, match=missing):
        ask(AsGiven())


def test_it_has_no_name_to_choose_it_by():
    assert TASKS.name_of(AsGiven) is None
