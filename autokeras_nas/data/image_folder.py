"""Image folders: pictures on a disk as one array, named by the folders that they lie in."""

from __future__ import annotations

import warnings
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

_SUFFIXES = (".png", ".jpg", ".jpeg", ".gif", ".bmp")
_NAMED = 5
_GREY = ("1", "L", "LA", "I", "F")
_DEEP = ("I", "F", "I;16", "I;16L", "I;16B", "I;16N")
"""Pillow's modes of more than eight bits a pixel."""


@dataclass(frozen=True)
class ImageFolder:
    """What a folder of images holds.

    Attributes:
        images: Uint8 array `(n, height, width, channels)`; one channel if all are grey.
        labels: The name of each image's subfolder, `(n,)`; None: images lie in the folder itself.
        paths: The file of each image, relative to the folder.
    """

    images: np.ndarray
    labels: np.ndarray | None
    paths: list[str]


def read_image_folder(folder: str | Path, shape: tuple | None = None) -> ImageFolder:
    """Reads a folder of images, in the order of their names.

    Of GIFs the first frame counts. Transparency is dropped. A file that cannot be read as an
    image is left out, and a warning names it.

    Args:
        folder: Has a subfolder of images for each class, or images only.
        shape: Of an image as a model takes it, `(height, width[, channels])`; None: the most
            common size, and colour unless all images are grey. A shape of anything else, or
            with a free size, counts as None.

    Raises:
        ValueError: If there are no images, or images both in the folder and below.
    """
    folder = Path(folder)
    if shape is not None and (len(shape) not in (2, 3) or None in shape):
        shape = None  # Of other data than images of one size.
    files = sorted(p for p in folder.rglob("*") if p.is_file() and not _is_hidden(p, folder))
    pictures, others = {}, []
    for path in files:
        picture = _decoded(path)
        if picture is None:
            others.append(path.relative_to(folder))
        else:
            pictures[path.relative_to(folder)] = picture
    _warn_of_others(folder, others)
    if not pictures:
        raise ValueError(
            f"The folder holds no images. Received: {str(folder)!r} with {len(files)} files. "
            f"Put images ({', '.join(_SUFFIXES)}) into one subfolder for each class."
        )
    return ImageFolder(
        _stacked(list(pictures.values()), shape),
        _labels(folder, list(pictures)),
        [path.as_posix() for path in pictures],
    )


def _is_hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(folder).parts)


def _decoded(path: Path):
    """A picture with eight bits a channel, grey or RGB; None: this is no image."""
    import PIL.Image

    if path.suffix.lower() not in _SUFFIXES:
        return None
    try:
        with PIL.Image.open(path) as picture:
            if picture.mode in _DEEP:  # Pillow would cut off what is above 255.
                deep = np.asarray(picture, "float64")
                scale = 1.0 if deep.max() <= 255 else 1 / 257
                return PIL.Image.fromarray((deep * scale).clip(0, 255).astype("uint8"))
            return picture.convert("L" if picture.mode in _GREY else "RGB")
    except (OSError, SyntaxError, ValueError, PIL.Image.DecompressionBombError):
        return None  # Pillow reports a broken file in all of these ways.


def _warn_of_others(folder: Path, others: list[Path]) -> None:
    if others:
        more = f" and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
        names = ", ".join(path.as_posix() for path in others[:_NAMED])
        warnings.warn(
            f"Files of {str(folder)!r} that are no images that can be read are left out: "
            f"{names}{more}.",
            stacklevel=4,
        )


def _stacked(pictures: list, shape: tuple | None) -> np.ndarray:
    """Pictures as one array, resized where they must be."""
    sizes = Counter(picture.size for picture in pictures)  # Pillow counts (width, height).
    size = sizes.most_common(1)[0][0] if shape is None else (int(shape[1]), int(shape[0]))
    channels = shape[2] if shape is not None and len(shape) == 3 else None
    if shape is not None and len(shape) == 2:
        channels = 1
    if channels is None:
        channels = 1 if all(picture.mode == "L" for picture in pictures) else 3
    odd = len(pictures) - sizes[size]
    if odd:
        warnings.warn(
            f"{odd} of {len(pictures)} images are resized to {size[0]}x{size[1]} pixels, "
            f"{'the most common size' if shape is None else 'which the model takes'}.",
            stacklevel=4,
        )
    array = np.empty((len(pictures), size[1], size[0], channels), "uint8")
    for row, picture in zip(array, pictures, strict=True):
        row[:] = _fitted(picture, size, channels)
    return array[..., 0] if shape is not None and len(shape) == 2 else array


def _fitted(picture, size: tuple[int, int], channels: int) -> np.ndarray:
    import PIL.Image

    picture = picture.convert("L" if channels == 1 else "RGB")
    if picture.size != size:
        picture = picture.resize(size, PIL.Image.Resampling.BILINEAR)
    return np.asarray(picture).reshape(size[1], size[0], channels)


def _labels(folder: Path, paths: list[Path]) -> np.ndarray | None:
    classes = [path.parts[0] if len(path.parts) > 1 else None for path in paths]
    loose = [str(path) for path, name in zip(paths, classes, strict=True) if name is None]
    if not loose:
        return np.array(classes)
    if len(loose) < len(paths):
        raise ValueError(
            "Images must all lie in subfolders, which name their classes, or all in the folder "
            f"itself. Received: {str(folder)!r} with both, such as {loose[0]!r}. "
            "Move these images into the subfolder of their class."
        )
    return None
