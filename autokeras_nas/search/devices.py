"""Devices: what of the machine each worker process sees."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence


def environment_of(slot: int, slots: int, gpus: Sequence[str], cores: int) -> dict[str, str]:
    """Environment variables of the worker in a slot.

    With GPUs, each worker sees one, `slot` modulo their number, and takes of its memory what it
    needs, so that workers can share one. Without, workers share out the cores.

    Args:
        slot: The worker's number, from 0.
        slots: How many workers there are.
        gpus: The GPUs' names, as `CUDA_VISIBLE_DEVICES` has them.
        cores: Cores of the machine.
    """
    if gpus:
        return {
            "CUDA_VISIBLE_DEVICES": gpus[slot % len(gpus)],
            "TF_FORCE_GPU_ALLOW_GROWTH": "true",
            "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
        }
    threads = str(max(1, cores // slots))
    return {"TF_NUM_INTRAOP_THREADS": threads, "OMP_NUM_THREADS": threads}


def visible_gpus(environment: Mapping[str, str] = os.environ) -> list[str]:
    """The names of the GPUs that this process sees; empty: none.

    Nothing of their memory is taken.
    """
    import tensorflow as tf

    count = len(tf.config.list_physical_devices("GPU"))
    named = environment.get("CUDA_VISIBLE_DEVICES")
    if named is None:
        return [str(number) for number in range(count)]
    return [name.strip() for name in named.split(",") if name.strip()][:count]
