"""Classification: labels of every kind, whatever they are the labels of."""

import json

import keras
import numpy as np
import pytest

from autokeras_nas.architecture.specs import Features
from autokeras_nas.tasks import Classification


class Rows(Classification):
    """A leaf with the least that a leaf must add."""

    def preprocessor(self, x):
        inputs = keras.Input(np.shape(x)[1:])
        return keras.Model(inputs, keras.layers.Rescaling(1.0)(inputs))

    def exported(self, core):
        return core


LABELS = {
    "integer": ([7, -2, 7, 3], [-2, 3, 7]),
    "array": (np.array([7, 2, 7, 3], "uint8"), [2, 3, 7]),
    "column": (np.array([[7], [2], [7], [3]]), [2, 3, 7]),
    "whole floats": (np.array([7.0, 2.0, 7.0, 3.0]), [2, 3, 7]),
    "string": (["dog", "ant", "dog", "cat"], ["ant", "cat", "dog"]),
    "objects": (np.array(["dog", "ant", "dog", "cat"], object), ["ant", "cat", "dog"]),
    "bytes": (np.array([b"dog", b"ant", b"dog", b"cat"]), ["ant", "cat", "dog"]),
}
EXPECTED = [[0, 0, 1], [1, 0, 0], [0, 0, 1], [0, 1, 0]]


@pytest.mark.parametrize("name", LABELS)
def test_labels_become_one_hot_rows_of_sorted_classes(name):
    y, classes = LABELS[name]
    task = Rows()
    targets = task.fit_targets(y)
    assert task.classes == classes
    assert targets.dtype == "float32"
    np.testing.assert_array_equal(targets, EXPECTED)
    np.testing.assert_array_equal(task.targets(y), EXPECTED)


def test_booleans_stay_booleans():
    task = Rows()
    np.testing.assert_array_equal(task.fit_targets([True, False]), [[0, 1], [1, 0]])
    assert task.labels(task.targets([True, False])).tolist() == [True, False]
    np.testing.assert_array_equal(task.targets([0, 1]), [[1, 0], [0, 1]])


@pytest.mark.parametrize("dtype", ["float32", "int64", "bool"])
def test_one_hot_rows_are_their_own_targets(dtype):
    task, y = Rows(), np.eye(4, dtype=dtype)[[2, 0, 2]]
    np.testing.assert_array_equal(task.fit_targets(y), y)
    assert task.classes == [0, 1, 2, 3]
    assert task.labels(y.astype("float32")).tolist() == [2, 0, 2]
    np.testing.assert_array_equal(task.targets([2, 0, 2]), y)


@pytest.mark.parametrize("name", LABELS)
def test_targets_and_labels_are_inverse(name):
    y, classes = LABELS[name]
    task = Rows()
    labels = task.labels(task.fit_targets(y))
    assert labels.tolist() == [classes[np.argmax(row)] for row in EXPECTED]
    np.testing.assert_array_equal(task.targets(labels), EXPECTED)


@pytest.mark.parametrize(
    ("y", "later", "message"),
    [
        (["cat", "dog"], ["cow"], r"'cow'; known classes: 'cat', 'dog'"),
        (["cat", "dog"], [0, 1], "integer labels"),
        ([1, 2], ["1"], "string labels"),
        ([1, 2], [0], "known classes: 1, 2"),
        ([1, 2], [3], "known classes: 1, 2"),
        ([1, 2], np.eye(2), "one_hot labels"),
        (np.eye(3), np.eye(4), "one_hot labels"),
        (np.eye(3), [3], "known classes: 0, 1, 2"),
        ([True, False], [2], "known classes: False, True"),
    ],
)
def test_labels_unlike_those_of_training_are_refused(y, later, message):
    task = Rows()
    task.fit_targets(y)
    with pytest.raises(ValueError, match=message):
        task.targets(later)


def test_head_and_labels_check_shapes():
    task = Rows()
    task.fit_targets(["cat", "dog"])
    with pytest.raises(ValueError, match="global pooling"):
        task.head(Features(keras.Input((4, 4, 3))))
    for wrong in (np.zeros(2), np.zeros((3, 5))):
        with pytest.raises(ValueError, match="there are 2 classes"):
            task.labels(wrong)


def test_config_holds_the_classes():
    task = Rows()
    task.fit_targets(["cat", "dog"])
    config = json.loads(json.dumps(task.get_config()))
    assert config == {"classes": ["cat", "dog"], "kind": "string"}
    np.testing.assert_array_equal(Rows.from_config(config).targets(["dog"]), [[0, 1]])


def test_score_is_the_share_of_right_labels():
    task = Rows()
    task.fit_targets([5, 7, 9])
    model = keras.Sequential([keras.Input((3,)), keras.layers.Activation("softmax")])
    assert task.score(model, (np.eye(3)[[0, 1, 2, 1]], [5, 7, 9, 9])) == {"accuracy": 0.75}


@pytest.mark.parametrize("y", [[3, 3, 3], np.eye(3)[[1, 1]]])
def test_a_single_class_is_refused(y):
    with pytest.raises(ValueError, match="at least two classes"):
        Rows().fit_targets(y)
