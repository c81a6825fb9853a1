import numpy as np

from autokeras_nas.data.sources import as_source
from autokeras_nas.data.statistics import channel_statistics


def test_statistics_of_a_stream_are_those_of_the_whole():
    x = np.random.default_rng(0).integers(0, 256, (600, 4, 5, 3)).astype("uint8")
    mean, deviation = channel_statistics(as_source(x, np.arange(600) % 2))
    np.testing.assert_allclose(mean, x.mean(axis=(0, 1, 2)))
    np.testing.assert_allclose(deviation, x.std(axis=(0, 1, 2)))


def test_images_without_channels_have_one():
    x = np.random.default_rng(0).normal(size=(10, 4, 5))
    mean, deviation = channel_statistics(as_source(x, np.arange(10) % 2))
    np.testing.assert_allclose(mean, [x.mean()])
    np.testing.assert_allclose(deviation, [x.std()])
