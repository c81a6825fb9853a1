"""Precision: half of the bits for what a GPU computes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import keras

_LEAST_CAPABILITY = (8, 0)
"""Of CUDA's devices, the first that compute in bfloat16: Ampere, 2020."""


@contextlib.contextmanager
def mixed_precision(wanted: bool) -> Iterator[None]:
    """Layers made within compute in bfloat16, where that is wanted and every GPU can.

    Their variables stay float32, so that the weights fit the same network made outside.

    Source: Micikevicius et al., 2018, https://arxiv.org/abs/1710.03740; bfloat16 has the range of
    float32, and needs no scaling of the loss.
    """
    before = keras.config.dtype_policy()
    if wanted and has_bfloat16():
        keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def has_bfloat16() -> bool:
    """Whether there are GPUs, all of which compute in bfloat16."""
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    details = [tf.config.experimental.get_device_details(gpu) for gpu in gpus]
    able = [d.get("compute_capability", (0, 0)) >= _LEAST_CAPABILITY for d in details]
    return bool(able) and all(able)
