import numpy as np
import pytest
import tensorflow as tf

from autokeras_nas.data import ArraySource, DatasetSource, as_source
from autokeras_nas.data.features import as_inputs
from autokeras_nas.data.streams import is_batched


def arrays(n=10):
    return np.arange(n * 4, dtype="float32").reshape(n, 2, 2), np.arange(n) % 2


def test_array_source_yields_every_row_once():
    x, y = arrays()
    batches = list(as_source(x, y, np.arange(10)).batches(4))
    np.testing.assert_array_equal(np.concatenate([b[0] for b in batches]), x)
    np.testing.assert_array_equal(np.concatenate([b[1] for b in batches]), y)
    np.testing.assert_array_equal(np.concatenate([b[2] for b in batches]), np.arange(10))


def test_a_view_shares_the_arrays():
    source = as_source(*arrays())
    view = source.view(np.array([3, 1])).view(np.array([1]))
    assert np.shares_memory(view.x, source.x)
    assert view.num_examples == 1
    np.testing.assert_array_equal(view.gather(slice(None))[0], source.x[[1]])


def test_some_examples_are_drawn_by_the_seed_and_with_their_labels():
    x = np.arange(50.0)[:, None]
    source = as_source(x, np.arange(50)).view(np.arange(20, 50))
    drawn, labels, weights = source.some(10, seed=1)
    np.testing.assert_array_equal(drawn[:, 0], labels)
    assert len(set(labels)) == 10 and labels.min() >= 20 and weights is None
    np.testing.assert_array_equal(labels, source.some(10, seed=1)[1])
    assert (labels != source.some(10, seed=2)[1]).any()
    assert len(source.some(99, seed=1)[1]) == 30


def test_some_examples_of_a_stream_are_its_first():
    source = as_source(tf.data.Dataset.from_tensor_slices(arrays()))
    np.testing.assert_array_equal(source.some(3, seed=0)[0], arrays()[0][:3])


def test_a_source_stays_itself():
    source = as_source(*arrays())
    assert as_source(source) is source


def test_labels_of_strings_and_columns_are_read():
    x, _ = arrays(2)
    assert as_source(x, np.array(["a", "b"], object)).labels.tolist() == ["a", "b"]
    assert as_source(x, np.array([[1], [0]])).labels.tolist() == [1, 0]


def bad_row():
    x, _ = arrays()
    x[7, 1, 0] = np.nan
    return x


X, Y = arrays()


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((X, None), "`y` is missing"),
        ((X, Y[:9]), "10 rows of x, 9 of y"),
        ((X[:0], Y[:0]), "The data are empty"),
        ((bad_row(), Y), "first in row 7"),
        ((X, np.where(Y, np.inf, 0.0)), "`y` has values that are NaN or infinite"),
        ((np.array([{}] * 10), Y), "`x` holds Python objects"),
        ((X, np.array([None] * 10)), "`y` holds Python objects"),
        (([[1], [1, 2]], Y[:2]), "rows of different shapes"),
        ((3, Y), "one row per example"),
        ((np.array([["two", "texts"]] * 10), Y), "`x` must be numbers"),
        ((X, Y, np.ones(9)), "9 of sample_weight"),
        ((X, Y, np.ones((10, 1))), r"shape \(10, 1\)"),
        ((X, Y, np.where(Y, -2.0, 1.0)), "-2.0 in row 1"),
        ((X, Y, np.zeros(10)), "only zeros"),
        ((X, Y, np.full(10, np.nan)), "`sample_weight` has values that are NaN"),
        ((tf.data.Dataset.from_tensor_slices((X, Y)), Y), "inside a dataset"),
        ((tf.data.Dataset.from_tensor_slices(X),), "must yield"),
        ((tf.data.Dataset.from_tensor_slices((X, Y)).repeat(),), "repeats for ever"),
        ((tf.data.Dataset.from_tensor_slices((X, Y)).take(0),), "The data are empty"),
        (("mnst",), "Did you mean 'mnist'"),
        (("tfds:cifar_10",), "Did you mean 'cifar10'"),
    ],
)
def test_unusable_data_are_refused_with_the_reason(args, message):
    with pytest.raises(ValueError, match=message):
        as_source(*args)


def test_unknown_rank_is_refused():
    dataset = tf.data.Dataset.from_generator(lambda: [(1.0, 1)], (tf.float32, tf.int32))
    with pytest.raises(ValueError, match="number of dimensions must be known"):
        as_source(dataset)


def test_nan_in_a_dataset_is_found_by_the_scan():
    with pytest.raises(ValueError, match="first in example 7"):
        as_source(tf.data.Dataset.from_tensor_slices((bad_row(), Y)).batch(3)).scan  # noqa: B018


def test_batched_and_unbatched_datasets_give_the_same_elements():
    dataset = tf.data.Dataset.from_tensor_slices((X, Y, np.arange(10.0)))
    single, batched = as_source(dataset), as_source(dataset.batch(4))
    assert (single.batched, batched.batched) == (False, True)
    assert single.num_examples == batched.num_examples == 10
    assert single.feature_shape == batched.feature_shape == (2, 2)
    for one, other in zip(single.batches(3), batched.batches(3), strict=True):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(batched.labels, Y)


@pytest.mark.parametrize(
    ("shapes", "expected"),
    [
        ([(28, 28), ()], False),
        ([(28, 28), (10,)], False),
        ([(None, None, 3), (10,)], False),
        ([(None, 28, 28), (None,)], True),
        ([(32, 28, 28), (32, 10)], True),
        ([(64, 64, 3), (64, 64)], False),
        ([(None, None, 3), (None, None, 1)], False),
        ([(None, 64, 64, 3), (None, 64, 64)], True),
        ([(10, 2), (10,), ()], False),
        ([(None, 2), (None,), (None,)], True),
    ],
)
def test_batching_is_told_from_shapes(shapes, expected):
    assert is_batched(tuple(tf.TensorSpec(shape) for shape in shapes)) is expected


def test_batching_can_be_said():
    dataset = tf.data.Dataset.from_tensor_slices((np.zeros((3, 5, 2)), np.ones((3, 5))))
    assert as_source(dataset).num_examples == 15
    assert as_source(dataset, batched=False).num_examples == 3


def test_string_labels_of_a_dataset_are_text():
    dataset = tf.data.Dataset.from_tensor_slices((X[:2], ["cat", "dög"]))
    assert as_source(dataset).labels.tolist() == ["cat", "dög"]


def test_large_labels_are_not_kept():
    masks = np.zeros((10, 2, 2), "int32")
    images = np.zeros((10, 2, 2, 3))
    assert as_source(tf.data.Dataset.from_tensor_slices((images, masks))).labels is None


def test_kinds():
    assert isinstance(as_source(X.tolist(), Y.tolist()), ArraySource)
    assert isinstance(as_source(tf.data.Dataset.from_tensor_slices((X, Y))), DatasetSource)


@pytest.mark.slow
def test_tfds_names_load_the_training_split():
    import tensorflow_datasets as tfds

    with tfds.testing.mock_data(num_examples=6):
        for name in ("mnist", "tfds:mnist"):
            source = as_source(name)
            assert source.num_examples == 6
            assert source.feature_shape == (28, 28, 1)


def test_texts_come_as_arrays_and_as_datasets():
    texts = [f"text {k}" for k in range(10)]
    for source in (
        as_source(np.array(texts), Y),
        as_source(tf.data.Dataset.from_tensor_slices((texts, Y))),
    ):
        assert source.num_examples == 10 and source.feature_shape == ()
        x, y, _ = next(source.batches(4))
        assert as_inputs(x).numpy().tolist() == [t.encode() for t in texts[:4]]
        np.testing.assert_array_equal(y, Y[:4])


def test_tables_are_read_by_column():
    source = as_source({"size": np.arange(10), "name": [f"n{k}" for k in range(10)]}, Y)
    assert source.feature_shape == (2,)
    x, _, _ = source.view(np.array([3, 1])).gather(slice(None))
    assert x["size"].tolist() == [3.0, 1.0] and x["name"].tolist() == ["n3", "n1"]
