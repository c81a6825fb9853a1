"""Out of memory: how it is recognised, and half the batch."""

from __future__ import annotations

from typing import Any

from autokeras_nas.data import is_dataset

_DEFAULT_BATCH_SIZE = 32  # Keras's own.


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out, on any backend."""
    if isinstance(error, MemoryError):
        return True
    if type(error).__name__ in ("ResourceExhaustedError", "OutOfMemoryError"):
        return True
    return "RESOURCE_EXHAUSTED" in str(error) or "out of memory" in str(error).lower()


def with_half_batch(
    args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
    """The arguments of `keras.Model.fit` with batches of half the size.

    Args:
        args: Positional arguments, of which the first are the data.
        kwargs: Keyword arguments.

    Returns:
        The same with `tf.data` batches and `batch_size` halved; None: there is nothing to
        halve, since batches hold one example or come from something that cannot be rebatched.
    """
    x: Any = args[0] if args else kwargs.get("x")
    if not is_dataset(x):
        if not hasattr(x, "shape") and not isinstance(x, (list, tuple, dict)):
            return None
        size = kwargs.get("batch_size") or _DEFAULT_BATCH_SIZE
        if size < 2:
            return None
        halved = {**kwargs, "batch_size": size // 2}
        if kwargs.get("validation_batch_size"):
            halved["validation_batch_size"] = max(1, kwargs["validation_batch_size"] // 2)
        return args, halved
    size = _batch_size(x)
    if size < 2:
        return None
    smaller = x.rebatch(size // 2, drop_remainder=_static_batch_size(x) is not None)
    halved = {**kwargs, "x": smaller} if "x" in kwargs else dict(kwargs)
    validation: Any = kwargs.get("validation_data")
    if is_dataset(validation):
        halved["validation_data"] = validation.rebatch(max(1, _batch_size(validation) // 2))
    return ((smaller, *args[1:]) if args else args), halved


def _first_part(structure):
    while isinstance(structure, (tuple, list, dict)):
        structure = next(iter(structure.values() if isinstance(structure, dict) else structure))
    return structure


def _static_batch_size(dataset) -> int | None:
    shape = _first_part(dataset.element_spec).shape
    return shape[0] if shape.rank else None


def _batch_size(dataset) -> int:
    """Of the first batch, where the shape does not tell; 0: there is none."""
    known = _static_batch_size(dataset)
    if known is not None:
        return int(known)
    for batch in dataset.take(1):
        part = _first_part(batch)
        return int(part.shape[0]) if len(part.shape) else 0
    return 0
