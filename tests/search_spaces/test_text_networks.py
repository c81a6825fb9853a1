"""Text networks: what each kind computes, and what it must not see."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from autokeras_nas.search_spaces.text_networks import NETWORKS


def model_of(kind, places=6, **decisions):
    defaults = {name: default for name, (_, default) in NETWORKS[kind].decisions.items()}
    network = NETWORKS[kind](**{**defaults, **decisions})
    ids = keras.Input((places,), dtype="int32")
    return keras.Model(ids, network.build(ids, 20))


def outputs(model, ids):
    return model.predict(np.array(ids, "int32"), verbose=0)


@pytest.mark.parametrize("kind", NETWORKS)
def test_defaults_are_among_the_choices(kind):
    for choices, default in NETWORKS[kind].decisions.values():
        assert default in choices


@pytest.mark.parametrize("kind", NETWORKS)
@pytest.mark.parametrize("end", [0, -1])
def test_the_smallest_and_the_largest_of_a_kind_are_vectors(kind, end):
    decisions = {name: choices[end] for name, (choices, _) in NETWORKS[kind].decisions.items()}
    with keras.StatelessScope(initialize_variables=False):
        shape = model_of(kind, **decisions).output.shape
    assert len(shape) == 2 and shape[1] is not None


def test_parameters_worked_out_by_hand():
    # Of 20 words, and two layers' weights and biases.
    assert model_of("bag", width=16, buckets=0).count_params() == 20 * 16
    assert model_of("bag", width=16, buckets=0, hidden=64).count_params() == 20 * 16 + 64 * 17
    # Each separable convolution: a kernel for each channel in, a matrix and biases.
    expected = 20 * 32 + (32 * 3 + 32 * 64 + 64) + (64 * 3 + 64 * 64 + 64)
    convolution = {"width": 32, "filters": 64, "kernel": 3}
    assert model_of("convolution", depth=2, **convolution).count_params() == expected


@pytest.mark.parametrize("kind", ["bag", "transformer"])
def test_more_padding_changes_nothing(kind):
    model, wider = model_of(kind), model_of(kind, places=9)
    wider.set_weights(model.get_weights())
    ids = np.array([[3, 4, 5, 6, 0, 0]])
    padded = np.pad(ids, ((0, 0), (0, 3)))
    np.testing.assert_allclose(outputs(model, ids), outputs(wider, padded), atol=1e-5)


@pytest.mark.parametrize("kind", NETWORKS)
@pytest.mark.parametrize("places", [1, 6])
def test_an_empty_text_has_finite_features(kind, places):
    assert np.isfinite(outputs(model_of(kind, places), np.zeros((2, places)))).all()


@pytest.mark.parametrize("kind", ["convolution", "transformer"])
def test_order_of_words_matters(kind):
    first, second = outputs(model_of(kind), [[3, 4, 5, 6, 7, 0], [7, 3, 6, 4, 5, 0]])
    assert not np.allclose(first, second, atol=1e-6)


def test_order_matters_to_a_bag_of_pairs_only():
    ids = [[3, 4, 5, 6, 7, 0], [7, 3, 6, 4, 5, 0]]
    words, other = outputs(model_of("bag", buckets=0), ids)
    np.testing.assert_allclose(words, other, atol=1e-6)
    pairs, other = outputs(model_of("bag", buckets=2**13), ids)
    assert not np.allclose(pairs, other, atol=1e-6)
