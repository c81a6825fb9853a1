from __future__ import annotations

import numpy as np
import pytest

from autokeras_nas.search.preparation import default_batch_size, prepare
from autokeras_nas.tasks import TASKS, AsGiven, ImageClassification

RNG = np.random.default_rng(0)
X = RNG.integers(0, 256, (100, 6, 5)).astype("uint8")
Y = np.array(["emu", "cat"] * 50)


def test_data_are_split_preprocessed_and_batched():
    task = ImageClassification()
    data = prepare(task, X, Y, batch_size=20)
    assert task.classes == ["cat", "emu"]
    assert data.input_spec.shape == (6, 5, 1)
    shapes = [(x.shape, y.shape) for x, y in data.train]
    assert shapes == [((20, 6, 5, 1), (20, 2))] * 4
    assert sum(len(x) for x, _ in data.validation) == 20


def test_the_preprocessor_sees_the_training_part_alone():
    task = ImageClassification()
    validation = X[:10] * 0, Y[:10]
    prepare(task, X, Y, validation_data=validation)
    np.testing.assert_allclose(task.statistics["mean"], [X.mean()])


def test_labels_that_occur_in_validation_alone_are_known():
    y = np.array(["cat"] * 99 + ["emu"])
    with pytest.warns(UserWarning, match="not by class"):
        task = ImageClassification()
        prepare(task, X, y)
    assert task.classes == ["cat", "emu"]


def test_the_seed_drives_the_split():
    first, again, other = (
        np.concatenate([x for x, _ in prepare(ImageClassification(), X, Y, seed=s).validation])
        for s in (0, 0, 1)
    )
    assert (first == again).all() and (first != other).any()


def test_without_a_task_nothing_is_done_to_the_data():
    data = prepare(AsGiven(), X, np.arange(100), validation_split=0.5)
    assert data.input_spec.shape == (6, 5)
    x, y = next(iter(data.validation))
    assert (x.numpy() == X[y.numpy()]).all()


def test_folds_take_turns_as_validation():
    data = prepare(AsGiven(), X, np.arange(100), folds=5, batch_size=80)
    folds = [(train.dataset(), validation.dataset()) for train, validation in data.folds]
    validations = [np.concatenate([y for _, y in validation]) for _, validation in folds]
    assert sorted(np.concatenate(validations)) == list(range(100))
    for (train, _), validation in zip(folds, validations, strict=True):
        (_, y), *rest = train
        assert not rest and not set(y.numpy()) & set(validation)


def test_with_folds_the_preprocessor_sees_all_inputs():
    task = ImageClassification()
    data = prepare(task, X, Y, folds=3)
    assert len(data.folds) == 3
    np.testing.assert_allclose(task.statistics["mean"], [X.mean()])


def test_folds_and_validation_data_exclude_each_other():
    with pytest.raises(ValueError, match="Leave out one of them"):
        prepare(ImageClassification(), X, Y, validation_data=(X, Y), folds=3)


@pytest.mark.parametrize(
    ("examples", "size"), [(1, 16), (1437, 16), (3200, 32), (8000, 64), (50_000, 128), (10**6, 128)]
)
def test_batches_grow_with_the_data(examples, size):
    assert default_batch_size(examples) == size


def test_batches_of_a_table_may_be_larger():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(40_000, 2)), np.tile(["a", "b"], 20_000)
    data = prepare(TASKS["tabular_classification"](), x, y)
    assert next(iter(data.train))[0].shape == (256, 2)


def test_ids_are_found_although_the_split_tears_gaps():
    rng = np.random.default_rng(0)
    table = {"id": np.arange(100), "size": rng.normal(size=100)}
    with pytest.warns(UserWarning, match="'id' differs in every row"):
        prepare(TASKS["regression"](), table, rng.normal(size=100))


@pytest.mark.parametrize("kind", ["array", "stream"])
def test_a_task_examines_some_training_examples(kind):
    import tensorflow as tf

    seen = []

    class Curious(ImageClassification):
        def examine(self, x, y):
            seen.append((x, y))

    x = np.arange(1500).repeat(4).reshape(-1, 2, 2).astype("float32")
    y = np.arange(1500) % 3
    stream = tf.data.Dataset.from_tensor_slices((x, y))
    prepare(Curious(), *((x, y) if kind == "array" else (stream,)))
    ((found, labels),) = seen
    assert found.shape == (1000, 2, 2)
    numbers = found[:, 0, 0].astype(int)
    assert len(set(numbers)) == 1000
    np.testing.assert_array_equal(labels, numbers % 3)
