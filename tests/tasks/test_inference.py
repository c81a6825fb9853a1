from __future__ import annotations

import numpy as np
import pytest

from autokeras_nas.data import as_features
from autokeras_nas.tasks import infer_task

ROWS = 300
TABLE = as_features({"size": np.arange(3.0), "town": ["a", "b", "c"]})
FRACTIONS = np.linspace(0, 1, ROWS)
CLASSES = np.arange(ROWS) % 10


@pytest.mark.parametrize(
    ("features", "labels", "task"),
    [
        (TABLE, np.array(["yes", "no"] * 150), "tabular_classification"),
        (TABLE, CLASSES > 4, "tabular_classification"),
        (TABLE, CLASSES, "tabular_classification"),
        (TABLE, CLASSES * 1.0, "tabular_classification"),
        (TABLE, np.eye(10)[CLASSES], "tabular_classification"),
        (TABLE, np.array([3, 7, 3, 7]), "tabular_classification"),
        (TABLE, FRACTIONS, "regression"),
        (TABLE, np.arange(ROWS), "regression"),
        (TABLE, np.arange(ROWS) % 50, "regression"),
        (TABLE, np.arange(10), "regression"),
        (TABLE, np.stack([FRACTIONS, FRACTIONS], 1), "regression"),
        (np.ones((2, 5)), CLASSES, "tabular_classification"),
        (np.ones((2, 5)), FRACTIONS, "regression"),
        (np.array(["a text", "another"]), CLASSES, "text_classification"),
        (np.array([b"a text"], object), CLASSES, "text_classification"),
        (np.ones((2, 8, 8)), CLASSES, "image_classification"),
        (np.ones((2, 8, 8, 3)), np.arange(ROWS), "image_classification"),
    ],
)
def test_data_call_for_a_task(features, labels, task):
    name, reason = infer_task(features, labels)
    assert name == task
    assert reason.startswith("The features are ") and reason.count(".") == 1


def test_the_reason_tells_what_was_seen():
    assert infer_task(TABLE, np.arange(5000))[1] == (
        "The features are a table, and the labels whole numbers, 5,000 different ones."
    )


@pytest.mark.parametrize(
    ("features", "labels", "message"),
    [
        (np.ones(5), CLASSES, r"shape \(5,\)"),
        (np.ones((2, 3, 4, 5, 6)), CLASSES, "shape"),
        (np.ones((2, 8, 8)), FRACTIONS, "images with labels that are numbers with fractions"),
        (np.array(["a text"]), FRACTIONS, "texts with labels"),
        (np.ones((2, 8, 8)), None, "more than one dimension"),
    ],
)
def test_other_data_call_for_none(features, labels, message):
    with pytest.raises(ValueError, match=message):
        infer_task(features, labels)
