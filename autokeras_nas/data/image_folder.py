"""Image folders: pictures on a disk, named by the folders that they lie in."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from autokeras_nas.data.image_files import SUFFIXES, Header, ImageFiles, read_header, read_image
from autokeras_nas.data.memory import fits_in_memory

_NAMED = 5


@dataclass(frozen=True)
class ImageFolder:
    """What a folder of images holds.

    Attributes:
        images: Uint8 array `(n, height, width, channels)`, one channel if all are grey; or
            where it would not fit in memory, the files, indexed in the same way.
        labels: The name of each image's subfolder, `(n,)`; None: images lie in the folder itself.
        paths: The file of each image, relative to the folder.
    """

    images: np.ndarray | ImageFiles
    labels: np.ndarray | None
    paths: list[str]


def read_image_folder(
    folder: str | Path, shape: tuple | None = None, memory_limit: int | None = None
) -> ImageFolder:
    """Reads a folder of images, in the order of their names.

    A file that cannot be read as an image is left out, and a warning names it.

    Args:
        folder: Has a subfolder of images for each class, or images only.
        shape: Of an image as a model takes it, `(height, width[, channels])`; None: the most
            common size, and colour unless all images are grey. A shape of anything else, or
            with a free size, counts as None.
        memory_limit: Bytes of images to keep; None: see `fits_in_memory`.

    Raises:
        ValueError: If there are no images, or images both in the folder and below.
    """
    folder = Path(folder)
    if shape is not None and (len(shape) not in (2, 3) or None in shape):
        shape = None  # Of other data than images of one size.
    places = sorted(p for p in folder.rglob("*") if p.is_file() and not _is_hidden(p, folder))
    headers = {path: read_header(path) for path in places}
    found = {path: header for path, header in headers.items() if header is not None}
    kept: list[Path] = []
    if found:
        common = _common_shape(list(found.values()))
        files = ImageFiles(np.array([str(p) for p in found]), _whole(shape) or common)
        images, readable = _read_all(files, memory_limit)
        kept = [path for path, known in zip(found, readable, strict=True) if known]
    _warn_of_others(folder, sorted(set(places) - set(kept)))
    if not kept:
        raise ValueError(
            f"The folder holds no images. Received: {str(folder)!r} with {len(places)} files. "
            f"Put images ({', '.join(SUFFIXES)}) into one subfolder for each class."
        )
    _warn_of_sizes([found[path] for path in kept], files.image_shape, shape is None)
    paths = [path.relative_to(folder) for path in kept]
    return ImageFolder(images, _labels(folder, paths), [path.as_posix() for path in paths])


def _is_hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(folder).parts)


def _whole(shape: tuple | None) -> tuple[int, ...] | None:
    return None if shape is None else tuple(map(int, shape))


def _common_shape(headers: Sequence[Header]) -> tuple[int, ...]:
    """The most common size, with one channel if all are grey."""
    size = Counter(header.size for header in headers).most_common(1)[0][0]
    return (*size, 1 if all(header.grey for header in headers) else 3)


def _read_all(
    files: ImageFiles, memory_limit: int | None
) -> tuple[np.ndarray | ImageFiles, np.ndarray]:
    """The images that can be read, in memory where they fit, and which of all they are."""
    fits = fits_in_memory(files.nbytes, memory_limit)
    array = np.empty(files.shape if fits else 0, "uint8")
    readable = np.zeros(len(files), bool)
    for row, path in enumerate(files.paths):
        # Without room each is read all the same: what is broken must be known before training.
        image = read_image(Path(path), files.image_shape)
        readable[row] = image is not None
        if fits and image is not None:
            array[row] = image
    if not fits:
        return files.only(readable), readable
    return array if readable.all() else array[readable], readable


def _warn_of_others(folder: Path, others: list[Path]) -> None:
    if others:
        more = f" and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
        names = ", ".join(path.relative_to(folder).as_posix() for path in others[:_NAMED])
        warnings.warn(
            f"Files of {str(folder)!r} that are no images that can be read are left out: "
            f"{names}{more}.",
            stacklevel=3,
        )


def _warn_of_sizes(headers: Sequence[Header], shape: tuple[int, ...], is_common: bool) -> None:
    odd = sum(header.size != shape[:2] for header in headers)
    if odd:
        warnings.warn(
            f"{odd} of {len(headers)} images are resized to {shape[1]}x{shape[0]} pixels, "
            f"{'the most common size' if is_common else 'which the model takes'}.",
            stacklevel=3,
        )


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
