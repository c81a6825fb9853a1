import keras
import numpy as np
import pytest
import tensorflow as tf

from autokeras_nas.data.pipeline import Pipeline
from autokeras_nas.data.sources import as_source
from autokeras_nas.data.split import split

N = 50
X = np.arange(N, dtype="uint8")[:, None]
Y = np.array(["cat", "dog", "cat", "cat", "cat"] * (N // 5))


def to_targets(labels):
    return (labels == "dog").astype("float32")[:, None]


def source(kind, weights=None):
    if kind == "arrays":
        return as_source(X, Y, weights)
    parts = (X, Y) if weights is None else (X, Y, weights)
    return as_source(tf.data.Dataset.from_tensor_slices(parts).batch(7))


WAYS = [(kind, limit) for kind in ("arrays", "dataset") for limit in (None, 0)]
ways = pytest.mark.parametrize(("kind", "limit"), WAYS)


def make(kind, limit=None, weights=None, batch_size=8, **kwargs):
    return Pipeline(
        source(kind, weights), lambda x: x * 2, to_targets, batch_size, 0,
        memory_limit=limit, **kwargs,
    )  # fmt: skip


def columns(pipeline):
    return epoch(pipeline.dataset())


def epoch(dataset):
    return [np.concatenate(c) for c in zip(*dataset.as_numpy_iterator(), strict=True)]


@ways
def test_validation_yields_all_in_order_with_a_short_last_batch(kind, limit):
    pipeline = make(kind, limit, shuffle=False)
    x, y = columns(pipeline)
    np.testing.assert_array_equal(x, X * 2.0)
    np.testing.assert_array_equal(y, to_targets(Y))
    assert x.dtype == np.float32
    assert pipeline.in_memory is (limit is None)
    assert pipeline.num_batches == len(list(pipeline.dataset())) == 7


@ways
def test_training_batches_have_one_static_shape(kind, limit):
    pipeline = make(kind, limit)
    assert pipeline.dataset().element_spec[0].shape == (8, 1)
    assert pipeline.num_batches == len(list(pipeline.dataset())) == 6
    assert pipeline.num_examples == N


@ways
@pytest.mark.parametrize("shuffle", [True, False])
def test_the_number_of_batches_is_told(kind, limit, shuffle):
    pipeline = make(kind, limit, batch_size=8, shuffle=shuffle)
    expected = 6 if shuffle else 7
    assert pipeline.dataset().cardinality() == pipeline.num_batches == expected
    assert len(list(pipeline.dataset())) == expected


@ways
def test_training_keeps_everything_when_there_is_less_than_a_batch(kind, limit):
    pipeline = make(kind, limit, batch_size=64)
    assert pipeline.num_batches == 1
    x, _ = columns(pipeline)
    assert sorted(x[:, 0]) == (X[:, 0] * 2.0).tolist()


@ways
def test_epochs_are_shuffled_anew_and_rows_stay_together(kind, limit):
    pipeline = make(kind, limit, batch_size=10)
    dataset = pipeline.dataset()
    (first, y), (second, _) = epoch(dataset), epoch(dataset)
    assert first.tolist() != second.tolist()
    assert sorted(first[:, 0]) == sorted(second[:, 0]) == (X[:, 0] * 2.0).tolist()
    np.testing.assert_array_equal(y, to_targets(Y[(first[:, 0] / 2).astype(int)]))


@ways
def test_the_seed_decides_the_order(kind, limit):
    np.testing.assert_array_equal(columns(make(kind, limit))[0], columns(make(kind, limit))[0])


@ways
def test_class_and_sample_weights_are_multiplied(kind, limit):
    pipeline = make(kind, limit, weights=np.arange(N) + 1.0, class_weight={"dog": 3.0})
    x, y, weights = columns(pipeline)
    np.testing.assert_allclose(weights, (x[:, 0] / 2 + 1) * np.where(y[:, 0] == 1, 3, 1))


def test_balanced_weights_worked_out_by_hand():
    _, y, weights = columns(make("arrays", class_weight="balanced", shuffle=False))
    np.testing.assert_allclose(weights, np.where(y[:, 0] == 1, 50 / (2 * 10), 50 / (2 * 40)))
    assert weights.mean() == pytest.approx(1)


@ways
def test_the_order_follows_from_the_seeds_alone(kind, limit):
    pipeline, orders = make(kind, limit), []
    for seed in (1, 1, 2):
        tf.random.set_seed(seed)
        orders.append(columns(pipeline)[0].ravel().tolist())
    first, again, other = orders
    assert first == again != other


def test_preprocessing_in_memory_runs_once():
    calls = []
    pipeline = Pipeline(as_source(X, Y), lambda x: (calls.append(len(x)), x)[1], to_targets, 8, 0)
    columns(pipeline)
    once = len(calls)
    columns(pipeline)
    assert len(calls) == once == 2  # One row to learn the shape, then all.


@pytest.mark.parametrize("limit", [None, 0])
def test_a_keras_model_preprocesses_images_of_many_sizes(limit):
    def images():
        for size in (5, 6, 9):
            yield np.full((size, size, 3), size, "uint8"), size % 2

    dataset = tf.data.Dataset.from_generator(
        images,
        output_signature=(tf.TensorSpec((None, None, 3), tf.uint8), tf.TensorSpec((), tf.int32)),
    )
    model = keras.Sequential([keras.layers.Resizing(4, 4)])
    pipeline = Pipeline(as_source(dataset), model, None, 2, 0, shuffle=False, memory_limit=limit)
    x, y = columns(pipeline)
    np.testing.assert_allclose(x, np.broadcast_to([[[[5]]], [[[6]]], [[[9]]]], (3, 4, 4, 3)))
    assert y.tolist() == [1, 0, 1]


@pytest.mark.parametrize("limit", [None, 0])
@pytest.mark.parametrize("kind", ["arrays", "dataset"])
def test_both_sides_of_a_split_feed_pipelines(kind, limit):
    sides = split(source(kind), 0.2, 0)
    seen = [
        columns(Pipeline(side, None, to_targets, 5, 0, memory_limit=limit))[0] for side in sides
    ]
    assert [len(x) for x in seen] == [40, 10]
    assert sorted(np.concatenate(seen)[:, 0]) == X[:, 0].tolist()


def test_keras_trains_on_it():
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    pipeline = make("arrays", class_weight="balanced")
    history = model.fit(pipeline.dataset(), epochs=2, verbose=0)
    assert len(history.history["loss"]) == 2


@pytest.mark.parametrize(
    ("class_weight", "message"),
    [
        ({0: 1.0}, "No key of `class_weight`"),
        ({"cat": -1.0}, "finite and at least 0"),
        ("equal", "a dict or 'balanced'"),
    ],
)
def test_unusable_class_weights_are_refused(class_weight, message):
    with pytest.raises(ValueError, match=message):
        make("arrays", class_weight=class_weight)


def test_batch_size_must_be_positive():
    with pytest.raises(ValueError, match="at least 1"):
        make("arrays", batch_size=0)
