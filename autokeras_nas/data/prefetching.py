"""Prefetching: batches are made ready while the one before is trained on."""

from __future__ import annotations

_AHEAD = 4
"""Batches that lie ready at most."""


def prefetched(dataset):
    """The dataset, a few batches ahead of who reads it, and without `tf.data`'s autotuning.

    The thread that tunes a pipeline sleeps for up to a minute between its looks, and the end of
    an epoch may have to wait until it wakes. Pipelines as short as ours have nothing to tune.

    Args:
        dataset: A `tf.data.Dataset` of batches.
    """
    import tensorflow as tf

    options = tf.data.Options()
    options.autotune.enabled = False
    return dataset.prefetch(_AHEAD).with_options(options)
