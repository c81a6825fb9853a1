import gc
import itertools

import numpy as np
import pytest
import tensorflow as tf

from autokeras_nas.data.sources import as_source
from autokeras_nas.data.split import class_quotas, fold_masks, split, split_folds


def rows(n):
    """Examples that carry their own number."""
    return np.arange(n, dtype="float32")[:, None]


def array_source(n=100, classes=2, weights=False):
    return as_source(rows(n), np.arange(n) % classes, np.arange(n) + 1.0 if weights else None)


def dataset_source(n=100, shuffle=False, batch=None):
    dataset = tf.data.Dataset.from_tensor_slices((rows(n), np.arange(n) % 4 // 3))
    dataset = dataset.shuffle(n) if shuffle else dataset
    return as_source(dataset.batch(batch) if batch else dataset)


def numbers(source):
    return np.concatenate([x[:, 0] for x, _, _ in source.batches(32)]).astype(int).tolist()


MAKERS = [array_source, dataset_source, lambda: dataset_source(shuffle=True, batch=8)]


@pytest.mark.parametrize("make", MAKERS)
def test_sides_are_disjoint_and_complete(make):
    train, validation = split(make(), 0.2, seed=0)
    assert sorted(numbers(train) + numbers(validation)) == list(range(100))
    assert (train.num_examples, validation.num_examples) == (80, 20)


@pytest.mark.parametrize("make", MAKERS)
def test_the_seed_decides_the_split(make):
    first, again, other = (set(numbers(split(make(), 0.2, seed=s)[1])) for s in (1, 1, 2))
    assert first == again != other


def test_array_split_is_not_the_last_rows():
    assert set(numbers(split(array_source(), 0.2, 0)[1])) != set(range(80, 100))


@pytest.mark.parametrize("make", MAKERS[1:])
def test_a_dataset_keeps_class_shares(make):
    train, validation = split(make(), 0.2, seed=0)
    assert np.bincount(train.labels).tolist() == [60, 20]
    assert np.bincount(validation.labels).tolist() == [15, 5]
    streamed = np.concatenate([y for _, y, _ in validation.batches(32)])
    assert np.bincount(streamed).tolist() == [15, 5]


def test_class_shares_are_kept_for_one_hot_and_text_labels():
    for labels in (np.eye(5)[np.arange(100) % 5], np.array(list("abcde") * 20)):
        validation = split(as_source(rows(100), labels), 0.1, 0)[1]
        assert np.unique(validation.labels, axis=0, return_counts=True)[1].tolist() == [2] * 5


def test_quotas_worked_out_by_hand():
    # Exact shares of 10: 8.0, 1.6, 0.4; at least one each.
    assert class_quotas(np.array([40, 8, 2]), 10).tolist() == [8, 1, 1]
    assert class_quotas(np.array([5, 5, 5]), 7).tolist() == [3, 2, 2]
    assert class_quotas(np.array([2, 2]), 2).tolist() == [1, 1]


def test_weights_stay_with_their_rows():
    for side in split(array_source(weights=True), 0.3, 0):
        for x, y, weights in side.batches(16):
            np.testing.assert_array_equal(weights, x[:, 0] + 1)
            np.testing.assert_array_equal(y, x[:, 0] % 2)


def test_sides_share_the_arrays():
    source = array_source()
    assert all(side.x is source.x for side in split(source, 0.2, 0))


def test_a_reshuffling_dataset_does_not_leak():
    train, validation = split(dataset_source(shuffle=True), 0.2, 0)
    gc.collect()
    seen = [set(numbers(validation)) for _ in range(3)]
    assert seen[0] == seen[1] == seen[2]
    assert all(not seen[0] & set(numbers(train)) for _ in range(3))


def test_a_split_does_not_depend_on_the_order():
    plain, shuffled = (split(dataset_source(shuffle=s), 0.2, 0)[1] for s in (False, True))
    assert set(numbers(plain)) == set(numbers(shuffled))


def test_equal_examples_share_a_side():
    x = np.concatenate([rows(20)] * 3)
    source = as_source(tf.data.Dataset.from_tensor_slices((x, np.arange(60) % 2)))
    train, validation = split(source, 0.25, 0)
    assert not set(numbers(train)) & set(numbers(validation))
    assert validation.num_examples == len(numbers(validation)) == 15


def test_regression_is_split_plainly(recwarn):
    validation = split(as_source(rows(10), np.linspace(0, 1, 10)), 0.2, 0)[1]
    assert validation.num_examples == 2
    assert not recwarn


def test_a_class_of_one_is_told():
    with pytest.warns(UserWarning, match="not by class"):
        split(as_source(rows(10), np.array([0] * 9 + [1])), 0.2, 0)


@pytest.mark.parametrize("make", MAKERS[:2])
@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, 20])
def test_shares_out_of_range_are_refused(make, share):
    with pytest.raises(ValueError, match="between 0 and 1"):
        split(make(), share, 0)


@pytest.mark.parametrize("make", MAKERS[:2])
def test_an_empty_side_is_refused(make):
    with pytest.raises(ValueError, match="one side without examples"):
        split(make(), 0.001, 0)


def test_a_dataset_that_never_repeats_itself_is_refused():
    passes = itertools.count(1)

    def elements():
        yield from zip(rows(50) + 1000.0 * next(passes), np.arange(50) % 2, strict=True)

    spec = (tf.TensorSpec(rows(50).shape[1:], tf.float32), tf.TensorSpec((), tf.int64))
    noisy = tf.data.Dataset.from_generator(elements, output_signature=spec)
    with pytest.raises(ValueError, match="same examples on every pass"):
        split(as_source(noisy), 0.2, 0)


# ---- Folds ----------------------------------------------------------------------------------


@pytest.mark.parametrize("make", MAKERS)
def test_each_example_is_validation_in_one_fold(make):
    pairs = split_folds(make(), 4, seed=0)
    sides = [(numbers(train), numbers(validation)) for train, validation in pairs]
    assert sorted(itertools.chain(*(v for _, v in sides))) == list(range(100))
    assert all(sorted(t + v) == list(range(100)) and len(v) == 25 for t, v in sides)


@pytest.mark.parametrize("make", MAKERS)
def test_the_seed_decides_the_folds(make):
    first, again, other = (
        [set(numbers(validation)) for _, validation in split_folds(make(), 4, seed=s)]
        for s in (1, 1, 2)
    )
    assert first == again != other


def test_folds_keep_class_shares():
    classes = np.arange(60) % 6 // 5
    assert [np.bincount(classes[m]).tolist() for m in fold_masks(60, 5, 0, classes)] == [
        [10, 2]
    ] * 5


def test_a_class_of_one_example_does_not_forbid_folds():
    classes = np.array([0] * 20 + [1])
    with pytest.warns(UserWarning, match="least populated class"):
        masks = fold_masks(21, 4, 0, classes)
    assert np.sum(masks, axis=0).tolist() == [1] * 21


def test_labels_that_are_no_classes_are_dealt_alike():
    pairs = split_folds(as_source(rows(10), np.linspace(0, 1, 10)), 10, seed=0, stratify=False)
    assert sorted(numbers(validation)[0] for _, validation in pairs) == list(range(10))


@pytest.mark.parametrize("folds", [1, 101])
def test_folds_must_have_examples(folds):
    with pytest.raises(ValueError, match="`folds` must be at least 2"):
        split_folds(array_source(), folds, seed=0)
