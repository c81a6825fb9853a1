import numpy as np
import pytest

from autokeras_nas.data.statistics import channel_statistics


@pytest.mark.parametrize("size", [1, 7, 256, 600])
def test_statistics_of_parts_are_those_of_the_whole(size):
    x = np.random.default_rng(0).integers(0, 256, (600, 4, 5, 3)).astype("uint8")
    parts = (x[k : k + size] for k in range(0, len(x), size))
    mean, deviation = channel_statistics(parts, 3)
    np.testing.assert_allclose(mean, x.mean(axis=(0, 1, 2)))
    np.testing.assert_allclose(deviation, x.std(axis=(0, 1, 2)))


def test_images_without_channels_have_one():
    x = np.random.default_rng(0).normal(size=(10, 4, 5))
    mean, deviation = channel_statistics([x[:4], x[4:]], 1)
    np.testing.assert_allclose(mean, [x.mean()])
    np.testing.assert_allclose(deviation, [x.std()])


def test_small_deviations_about_a_large_mean_are_kept():
    x = 1e8 + np.random.default_rng(0).normal(size=(100, 4, 5))
    _, deviation = channel_statistics([x[:30], x[30:]], 1)
    np.testing.assert_allclose(deviation, [x.std()], rtol=1e-6)
