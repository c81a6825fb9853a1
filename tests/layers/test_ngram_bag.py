"""The bag of n-grams against sums worked out by hand."""

from __future__ import annotations

import math

import keras
import numpy as np
import pytest

from autokeras_nas.layers.ngram_bag import NgramBag


def built(**kwargs):
    """A layer whose row `n` is `(n, 1)`."""
    layer = NgramBag(**{"vocabulary": 10, "width": 2, **kwargs})
    layer.build((None, 4))
    rows = np.arange(layer.vocabulary + layer.buckets, dtype="float32")
    layer.set_weights([np.stack([rows, np.ones_like(rows)], axis=1)])
    return layer


def output(layer, ids, **kwargs):
    return keras.ops.convert_to_numpy(layer(np.array(ids, "int32"), **kwargs))


def test_words_are_weighed_by_the_logarithm_of_their_rank():
    two, seven = math.log(3) / math.log(11), math.log(8) / math.log(11)
    length = math.sqrt(two**2 + seven**2)
    expected = [[(2 * two + 7 * seven) / length, (two + seven) / length]]
    np.testing.assert_allclose(output(built(), [[2, 7, 0, 0]]), expected, rtol=1e-5)


def test_order_of_words_does_not_matter_without_pairs():
    np.testing.assert_allclose(
        output(built(), [[2, 7, 3, 0]]), output(built(), [[3, 2, 7, 0]]), rtol=1e-6
    )


def test_pairs_tell_orders_apart():
    layer = built(buckets=97)
    assert not np.allclose(output(layer, [[2, 7, 3, 0]]), output(layer, [[3, 2, 7, 0]]))


def test_a_pair_has_the_row_of_its_hash_and_a_tenth_of_a_weight():
    two, seven = math.log(3) / math.log(11), math.log(8) / math.log(11)
    row = 10 + (2 * 31337 + 7 * 17389) % 97
    length = math.sqrt(two**2 + seven**2 + 0.1**2)
    expected = [[(2 * two + 7 * seven + 0.1 * row) / length, (two + seven + 0.1) / length]]
    np.testing.assert_allclose(output(built(buckets=97), [[2, 7, 0, 0]]), expected, rtol=1e-5)


def test_padding_changes_nothing():
    layer = built(buckets=97)
    longer = output(layer, [[2, 7, 3, 0, 0, 0]])
    np.testing.assert_allclose(output(layer, [[2, 7, 3]]), longer, rtol=1e-6)


def test_an_empty_text_is_zero():
    np.testing.assert_array_equal(output(built(buckets=97), [[0, 0, 0]]), [[0, 0]])


def test_a_single_place_has_no_pairs():
    np.testing.assert_allclose(output(built(buckets=97), [[4]]), [[4, 1]], rtol=1e-5)


def test_large_numbers_stay_within_the_buckets():
    layer = NgramBag(vocabulary=60_000, width=1, buckets=13)
    layer.build((None, 2))
    rows, _ = layer._pairs(keras.ops.convert_to_tensor([[59_999, 59_998], [2, 59_999]], "int32"))
    rows = keras.ops.convert_to_numpy(rows) - 60_000
    assert ((rows >= 0) & (rows < 13)).all()


def test_training_leaves_words_out_and_inference_none():
    layer = built(dropout=0.5, seed=0)
    ids = [[2, 7, 3, 4]] * 50
    trained, plain = output(layer, ids, training=True), output(layer, ids)
    assert len(np.unique(plain.round(4), axis=0)) == 1
    assert len(np.unique(trained.round(4), axis=0)) > 5


def test_config_makes_the_layer_again():
    layer = NgramBag(10, 2, buckets=7, dropout=0.25, seed=3, name="bag")
    assert NgramBag.from_config(layer.get_config()).get_config() == layer.get_config()


@pytest.mark.parametrize(
    "wrong", [{"vocabulary": 1}, {"width": 0}, {"buckets": -1}, {"dropout": 1.0}]
)
def test_sizes_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match="Received"):
        NgramBag(**{"vocabulary": 10, "width": 2, **wrong})
