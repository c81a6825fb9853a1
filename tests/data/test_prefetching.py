import numpy as np
import pytest
import tensorflow as tf

from autokeras_nas.data import Pipeline, as_source
from autokeras_nas.data.prefetching import prefetched


def test_elements_and_their_order_stay():
    dataset = prefetched(tf.data.Dataset.range(20).batch(3))
    assert [list(batch) for batch in dataset.as_numpy_iterator()] == [
        list(range(k, min(k + 3, 20))) for k in range(0, 20, 3)
    ]
    assert dataset.cardinality() == 7


@pytest.mark.parametrize("memory_limit", [None, 0])
def test_no_pipeline_has_a_thread_that_tunes_it(memory_limit):
    x, y = np.zeros((8, 3), "float32"), np.arange(8) % 2
    dataset = Pipeline(
        as_source(x, y), None, None, batch_size=2, seed=0, memory_limit=memory_limit
    ).dataset()
    assert dataset.options().autotune.enabled is False
    # What is added behind keeps it so.
    assert dataset.map(lambda *batch: batch).options().autotune.enabled is False
