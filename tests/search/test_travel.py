"""Travel: what is packed can be pickled, and opens as what it was."""

import pickle

import numpy as np
import pytest
import tensorflow as tf

from autokeras_nas.data import Pipeline, as_source
from autokeras_nas.search.spec import Training
from autokeras_nas.search.travel import Store, opened

X = np.random.default_rng(0).normal(size=(2000, 10))
SMALL = np.arange(4.0)


def there_and_back(store, training):
    return opened(pickle.loads(pickle.dumps(store.packed(training))))


def test_large_arrays_come_back_mapped_and_small_ones_as_they_are(tmp_path):
    store = Store(tmp_path / "data")
    back = there_and_back(store, Training((X, SMALL), {"validation_data": (X, SMALL), "epochs": 3}))
    np.testing.assert_array_equal(back.args[0], X)
    np.testing.assert_array_equal(back.kwargs["validation_data"][0], X)
    assert isinstance(back.args[0], np.memmap) and not isinstance(back.args[1], np.memmap)
    assert back.kwargs["epochs"] == 3
    assert [file.name for file in (tmp_path / "data").iterdir()] == ["data_0.npy"]


def test_pipelines_come_back_as_datasets(tmp_path):
    pipeline = Pipeline(as_source(X, np.arange(2000) % 2), None, None, 50, seed=0)
    back = there_and_back(Store(tmp_path / "data"), Training((pipeline,)))
    ours = [x.numpy() for x, _ in pipeline.dataset()]
    np.testing.assert_array_equal(ours, [x.numpy() for x, _ in back.args[0]])


def test_datasets_come_back_with_their_elements(tmp_path):
    dataset = tf.data.Dataset.from_tensor_slices((X[:10], np.arange(10))).batch(4)
    back = there_and_back(Store(tmp_path / "data"), Training((dataset,)))
    assert [y.numpy().tolist() for _, y in back.args[0]] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


def test_an_endless_dataset_is_refused(tmp_path):
    dataset = tf.data.Dataset.from_tensor_slices(X[:10]).repeat()
    with pytest.raises(ValueError, match="repeats for ever"):
        Store(tmp_path / "data").packed(Training((dataset,)))


def test_nothing_is_left_behind(tmp_path):
    store = Store(tmp_path / "data")
    store.packed(Training((X,)))
    store.remove()
    assert list(tmp_path.iterdir()) == []


def test_a_dataset_whose_source_breaks_is_told_by_its_own_words(tmp_path):
    def rows():
        yield 1.0
        raise OSError("cannot read the second row")

    dataset = tf.data.Dataset.from_generator(rows, output_signature=tf.TensorSpec(()))
    with pytest.raises(ValueError, match="Received: OSError: cannot read the second row"):
        Store(tmp_path / "data").packed(Training((dataset,)))
