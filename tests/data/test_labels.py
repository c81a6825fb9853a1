import numpy as np
import pytest

from autokeras_nas.data.labels import ClassWeights, class_of_each, plain_labels

Y = np.array(["cat", "dog", "cat"])


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ([2, 0, 1], [2, 0, 1]),
        ([1.0, 0.0], [1.0, 0.0]),
        (["b", "a"], ["b", "a"]),
        ([[0, 1], [1, 0]], [1, 0]),
        ([[3], [4]], [3, 4]),
        ([b"b", b"a"], ["b", "a"]),
    ],
)
def test_labels_that_name_classes(labels, expected):
    assert class_of_each(plain_labels(labels)).tolist() == expected


@pytest.mark.parametrize("labels", [[0.5, 1.0], [[1, 1], [0, 1]], np.zeros((2, 3, 3))])
def test_labels_that_name_none(labels):
    assert class_of_each(plain_labels(labels)) is None


def test_class_weights_need_classes():
    with pytest.raises(ValueError, match="one class per example"):
        ClassWeights("balanced", np.array([0.5, 0.7]))


def test_a_strange_key_among_known_ones_is_told():
    with pytest.warns(UserWarning, match="cow"):
        weights = ClassWeights({"cow": 2.0, "dog": 3.0}, Y)
    assert weights(np.array(["dog", "cat", "emu"])).tolist() == [3, 1, 1]


def test_one_hot_classes_are_weighed_by_column():
    weights = ClassWeights({1: 5.0}, np.eye(3))
    assert weights(np.eye(3)).tolist() == [1, 5, 1]
