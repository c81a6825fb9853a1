"""Image files: pictures that stay on the disk, and are read as if they were an array."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from autokeras_nas.data.prefetching import prefetched

SUFFIXES = (".png", ".jpg", ".jpeg", ".gif", ".bmp")
_GREY = ("1", "L", "LA", "I", "F")
_DEEP = ("I", "F", "I;16", "I;16L", "I;16B", "I;16N")
"""Pillow's modes of more than eight bits a pixel."""
_BATCH = 32


@dataclass(frozen=True)
class Header:
    """What a file tells of its picture before it is decoded.

    Attributes:
        size: `(height, width)` in pixels.
        grey: Whether it has no colours.
    """

    size: tuple[int, int]
    grey: bool


@dataclass(frozen=True, eq=False)
class ImageFiles:
    """Images of one shape on the disk; rows of them are read as they are asked for.

    Attributes:
        paths: Their files, texts `(n,)`.
        image_shape: `(height, width)` or `(height, width, channels)`, to which each is brought.
    """

    paths: np.ndarray
    image_shape: tuple[int, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of an array of all."""
        return (len(self.paths), *self.image_shape)

    @property
    def nbytes(self) -> int:
        """The bytes of an array of all."""
        return int(np.prod(self.shape, dtype="int64"))

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, rows) -> np.ndarray:
        """The images at some rows, uint8 `(m, *image_shape)`.

        Raises:
            ValueError: If one of them can no longer be read.
        """
        paths = self.paths[rows]
        images = np.empty((len(paths), *self.image_shape), "uint8")
        for row, path in enumerate(paths):
            image = read_image(Path(path), self.image_shape)
            if image is None:
                raise ValueError(
                    f"An image can no longer be read. Received: {str(path)!r}. "
                    "Leave the files as they are while they are in use."
                )
            images[row] = image
        return images

    def only(self, kept: np.ndarray) -> ImageFiles:
        """Those of which `kept`, booleans `(n,)`, is true."""
        return ImageFiles(self.paths[kept], self.image_shape)

    def dataset(self) -> Any:
        """A `tf.data.Dataset` of float32 batches, in order, as models take them."""
        import tensorflow as tf

        def read(rows):
            images = tf.numpy_function(lambda k: self[k].astype("float32"), [rows], tf.float32)
            return tf.ensure_shape(images, (None, *self.image_shape))

        rows = tf.data.Dataset.range(len(self)).batch(_BATCH)
        return prefetched(rows.map(read, num_parallel_calls=tf.data.AUTOTUNE))


def read_header(path: Path) -> Header | None:
    """What a file tells of its picture; None: this is no image."""
    import PIL.Image

    if path.suffix.lower() not in SUFFIXES:
        return None
    try:
        with PIL.Image.open(path) as picture:
            return Header((picture.height, picture.width), picture.mode in (*_GREY, *_DEEP))
    except _errors():
        return None


def read_image(path: Path, shape: tuple[int, ...]) -> np.ndarray | None:
    """An image of eight bits a channel, resized where it must be.

    Of GIFs the first frame counts. Transparency is dropped.

    Args:
        path: The file.
        shape: `(height, width)` or `(height, width, channels)`, of 1 or 3 channels.

    Returns:
        Uint8 of that shape; None: the file cannot be read.
    """
    import PIL.Image

    try:
        with PIL.Image.open(path) as file:
            grey = shape[2:] in ((), (1,))
            picture = _eight_bits(file).convert("L" if grey else "RGB")
    except _errors():
        return None
    size = (shape[1], shape[0])  # Pillow counts (width, height).
    if picture.size != size:
        picture = picture.resize(size, PIL.Image.Resampling.BILINEAR)
    return np.asarray(picture).reshape(shape)


def _eight_bits(picture):
    """A picture that Pillow converts without cutting off what is above 255."""
    import PIL.Image

    if picture.mode not in _DEEP:
        return picture
    deep = np.asarray(picture, "float64")
    scale = 1.0 if deep.max() <= 255 else 1 / 257
    return PIL.Image.fromarray((deep * scale).clip(0, 255).astype("uint8"))


def _errors() -> tuple[type[Exception], ...]:
    """All the ways in which Pillow reports a broken file."""
    import PIL.Image

    return (OSError, SyntaxError, ValueError, PIL.Image.DecompressionBombError)
