"""Symmetry: images that may be mirrored or moved are told from those that must not be."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from autokeras_nas.data import mirror_recognition, shift_recognition


def images_of(patterns, count, seed=0, noise=0.3):
    """Noisy copies of patterns `(classes, height, width)`, and their classes."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(len(patterns), size=count)
    return patterns[labels] + noise * rng.normal(size=(count, *patterns.shape[1:])), labels


def symmetric_patterns(classes=4, side=8):
    half = np.random.default_rng(1).normal(size=(classes, side, side // 2))
    return np.concatenate([half, half[:, :, ::-1]], axis=2)


def test_symmetric_images_are_recognised_in_a_mirror():
    images, labels = images_of(symmetric_patterns(), 300)
    assert mirror_recognition(images, labels) == pytest.approx(1.0, abs=0.05)


def test_images_that_face_either_way_are_recognised():
    patterns = np.random.default_rng(2).normal(size=(4, 8, 8))
    images, labels = images_of(patterns, 300)
    images[::2] = images[::2, :, ::-1]
    assert mirror_recognition(images, labels) == pytest.approx(1.0, abs=0.05)


def test_a_class_that_is_the_mirror_image_of_another_is_seen():
    one = np.random.default_rng(3).normal(size=(8, 8))
    images, labels = images_of(np.stack([one, one[:, ::-1]]), 300)
    assert mirror_recognition(images, labels) == pytest.approx(-1.0, abs=0.05)


def test_digits_are_not_recognised_in_a_mirror():
    digits = load_digits()
    assert mirror_recognition(digits.images[:600], digits.target[:600]) < 0.4


def test_nothing_is_claimed_of_noise_or_of_one_class():
    images = np.random.default_rng(4).normal(size=(200, 8, 8))
    assert mirror_recognition(images, np.arange(200) % 10) == 0.0
    assert mirror_recognition(images, np.zeros(200)) == 0.0


def test_one_hot_labels_colours_and_integers_make_no_difference():
    images, labels = images_of(symmetric_patterns(), 100, noise=1.0)
    pixels = np.clip(images * 20 + 128, 0, 255).astype("uint8")
    expected = mirror_recognition(pixels, labels)
    assert mirror_recognition(pixels[..., None].repeat(3, axis=3), labels) == expected
    assert mirror_recognition(pixels, np.eye(4)[labels]) == expected
    assert mirror_recognition(pixels, np.array(list("abcd"))[labels]) == expected


def test_large_images_are_reduced_alike_from_both_sides():
    images, labels = images_of(symmetric_patterns(side=70), 60)
    assert images.shape[1:] == (70, 70)
    assert mirror_recognition(images, labels) == pytest.approx(1.0, abs=0.1)


def test_images_whose_place_tells_nothing_may_be_moved():
    patterns = np.kron(np.eye(4).reshape(4, 2, 2), np.ones((8, 8)))  # One bright quarter each.
    images, labels = images_of(patterns, 300)
    assert shift_recognition(images, labels, 0.1) == pytest.approx(1.0, abs=0.05)
    stripes = np.zeros((4, 16, 16))
    for number in range(4):
        stripes[number, number::4] = 1.0  # Each is another, moved by a pixel.
    images, labels = images_of(stripes, 300)
    assert shift_recognition(images, labels, 0.1) < 0.6


def test_a_move_by_nothing_leaves_everything():
    images, labels = images_of(symmetric_patterns(), 100, noise=1.0)
    assert shift_recognition(images, labels, 0.0) == 1.0


def test_large_images_are_moved_by_a_share_of_what_is_left():
    images, labels = images_of(symmetric_patterns(side=70), 60)
    assert shift_recognition(images[..., None], labels, 0.05) <= 1.05
