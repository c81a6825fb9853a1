"""Augmentation: what it changes, what it leaves, and that seeds decide."""

import numpy as np
import pytest
import tensorflow as tf

from autokeras_nas.training import Augmentation

SHAPE = (64, 8, 10, 2)
IMAGES = np.arange(np.prod(SHAPE), dtype="float32").reshape(SHAPE) + 1.0
"""Every pixel another number, none of them 0."""


def changed(augmentation, seed=(1, 2)):
    return augmentation(tf.constant(IMAGES), tf.constant(seed)).numpy()


def shifted(image, down, right):
    """By pixels, filled by reflection."""
    image = np.pad(image, ((4, 4), (4, 4), (0, 0)), "reflect")
    return image[4 + down : 12 + down, 4 + right : 14 + right]


def test_nothing_is_changed_unless_it_is_asked_for():
    assert not Augmentation()
    np.testing.assert_array_equal(changed(Augmentation()), IMAGES)


@pytest.mark.parametrize(
    "augmentation", [Augmentation(0.1), Augmentation(mirror=True), Augmentation(0.2, True, 0.4)]
)
def test_shape_type_and_seed_are_kept_to(augmentation):
    assert augmentation
    images = changed(augmentation)
    assert images.shape == SHAPE and images.dtype == np.float32
    np.testing.assert_array_equal(images, changed(augmentation))
    assert (images != changed(augmentation, (3, 4))).any()


def test_static_shapes_survive_a_pipeline():
    spec = tf.TensorSpec((None, 8, 10, 2), tf.float16)
    augment = tf.function(Augmentation(0.1, True, 0.3)).get_concrete_function
    output = augment(spec, tf.TensorSpec((2,), tf.int64)).structured_outputs
    assert output.shape.as_list() == [None, 8, 10, 2] and output.dtype == tf.float16


def test_images_are_moved_by_at_most_their_share_and_all_ways_occur():
    found = set()
    for before, after in zip(IMAGES, changed(Augmentation(shift=0.2)), strict=True):
        ways = [(d, r) for d in range(-2, 3) for r in range(-2, 3)]
        (way,) = (way for way in ways if np.array_equal(after, shifted(before, *way)))
        found.add(way)
    assert {down for down, _ in found} == {right for _, right in found} == set(range(-2, 3))


def test_about_every_other_image_is_mirrored():
    images = changed(Augmentation(mirror=True))
    same = (images == IMAGES).all(axis=(1, 2, 3))
    mirrored = (images == IMAGES[:, :, ::-1]).all(axis=(1, 2, 3))
    assert (same ^ mirrored).all() and 16 < mirrored.sum() < 48


def test_one_rectangle_of_an_image_is_covered():
    images = changed(Augmentation(cover=0.5))
    covered = (images == 0.0).all(axis=3)
    np.testing.assert_array_equal(images[~covered], IMAGES[~covered])
    for mask in covered:
        rows, columns = mask.any(axis=1), mask.any(axis=0)
        np.testing.assert_array_equal(mask, rows[:, None] & columns)
        assert rows.sum() <= 4 and columns.sum() <= 5
    # A square whose centre may lie at the edge: between a quarter and all of a quarter.
    assert 0.25**2 < covered.mean() < 0.25
