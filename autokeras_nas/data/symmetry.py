"""Symmetry: whether images are what they are in a mirror, or a little aside, too."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

_SIDE = 32


def mirror_recognition(images: np.ndarray, labels: np.ndarray) -> float:
    """How well mirrored images are recognised, beside others; see `recognition`.

    Near 1 they are as good as others; written digits and letters, of which many would be others
    or none, are near 0.

    Args:
        images: As in `recognition`.
        labels: As there.
    """
    return recognition(images, labels, lambda pixels: pixels[:, :, ::-1])


def shift_recognition(images: np.ndarray, labels: np.ndarray, share: float) -> float:
    """How well images are recognised that were moved, beside others; see `recognition`.

    Below 1, where things are tells something of what they are, as in centred pictures of goods.

    Args:
        images: As in `recognition`.
        labels: As there.
        share: By how much of its side an image is moved at most, each way, in [0, 1).
    """

    def moved(pixels: np.ndarray) -> np.ndarray:
        count, *sides, _ = pixels.shape
        far = [round(share * side) for side in sides]
        framed = np.pad(pixels, ((0, 0), *((f, f) for f in far), (0, 0)), mode="reflect")
        rng = np.random.default_rng(0)
        tops, lefts = (rng.integers(0, 2 * f + 1, count) for f in far)
        rows = tops[:, None] + np.arange(sides[0])
        columns = lefts[:, None] + np.arange(sides[1])
        return framed[np.arange(count)[:, None, None], rows[:, :, None], columns[:, None, :]]

    return recognition(images, labels, moved)


def recognition(
    images: np.ndarray, labels: np.ndarray, changed: Callable[[np.ndarray], np.ndarray]
) -> float:
    """How much of what images tell of their class is left where the others are changed.

    An image has the class of its nearest neighbour among the others, by squared differences of
    pixels, for a share `a` of the images, and for `m` where the others are changed. With `c` the
    share that chance would give, the sum of the squared shares of the classes,

        recognition = (m - c) / (a - c)

    Images wider than 32 pixels are reduced to means of blocks.

    Args:
        images: `(n, height, width)` or `(n, height, width, channels)`, a thousand or so; work
            and memory grow with the square.
        labels: Their classes, `(n,)` or one-hot `(n, classes)`.
        changed: From images `(n, height, width, channels)` to as many of the same shape.

    Returns:
        The recognition; 0 where `a - c` is below twice its standard error: nothing is known then.
    """
    labels = np.asarray(labels)
    labels = labels.argmax(axis=1) if labels.ndim == 2 and labels.shape[1] > 1 else labels.ravel()
    _, classes, counts = np.unique(labels, return_inverse=True, return_counts=True)
    small = _reduced(np.asarray(images))
    known = _rows(small)
    same, still = (
        float(np.mean(classes[_nearest(known, others)] == classes))
        for others in (known, _rows(changed(small)))
    )
    chance = float(np.sum((counts / len(classes)) ** 2))
    error = np.sqrt(max(same * (1.0 - same), chance * (1.0 - chance)) / len(classes))
    if same - chance <= 2.0 * error:
        return 0.0
    return (still - chance) / (same - chance)


def _reduced(images: np.ndarray) -> np.ndarray:
    """Images of at most `_SIDE` pixels a side, float32; of what fills no block, nothing."""
    images = images[..., None] if images.ndim == 3 else images
    count, height, width, channels = images.shape
    down, right = -(-height // _SIDE), -(-width // _SIDE)
    rows, columns = height // down, width // right
    # From the middle, so that an image and its mirror image lose the same.
    top, left = (height - rows * down) // 2, (width - columns * right) // 2
    middle = images[:, top : top + rows * down, left : left + columns * right]
    blocks = middle.reshape(count, rows, down, columns, right, channels)
    return blocks.mean(axis=(2, 4), dtype="float32")


def _rows(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1)


def _nearest(rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    """For each row the number of the nearest other, itself and its own image left out."""
    # The squares of the rows themselves decide nothing.
    distances = np.square(others).sum(axis=1)[None] - 2.0 * rows @ others.T
    np.fill_diagonal(distances, np.inf)
    return distances.argmin(axis=1)
