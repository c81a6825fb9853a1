"""Which of several classes an image shows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, Self

import keras
import numpy as np
from numpy.typing import ArrayLike

from autokeras_nas.data import Features as Examples
from autokeras_nas.data import Source, channel_statistics, mirror_recognition, shift_recognition
from autokeras_nas.tasks.assembly import assembled
from autokeras_nas.tasks.base import TASKS
from autokeras_nas.tasks.classification import Classification

_BATCH = 256
_SHIFT = 0.1
_LEAST_MIRRORED = 0.5
_LEAST_SHIFTED = 0.9
"""How well changed images must be recognised, so that training may change them so."""
_CHUNK = 2**22  # numbers turned into float64 at a time: 32 MiB


@TASKS.register("image_classification")
class ImageClassification(Classification):
    """One class for every image.

    Labels may be integers, strings, booleans or one-hot rows; predictions come back in
    the same terms, one-hot rows as column numbers. Images may be of any numeric type, grey
    `(height, width)` or with channels last; each channel is brought to zero mean and unit
    variance over the training images.

    Example:

    ```python
    task = ImageClassification()
    targets = task.fit_targets(["cat", "dog", "cat"])  # [[1, 0], [0, 1], [1, 0]]
    preprocessor = task.preprocessor(images)
    model = task.exported(core)
    task.labels(model.predict(images))  # array(["cat", "dog", "cat"])
    ```

    Attributes:
        statistics: Arguments of `preprocessor_from_statistics` that were last used; None:
            never called.
        mirror: Whether training may mirror images; False before `examine`.
        shift: By how much of their side it may move them, as in `Recipe`; 0 before `examine`.
    """

    def __init__(self):
        super().__init__()
        self.statistics: dict[str, list] | None = None
        self.mirror = False
        self.shift = 0.0

    def preprocessor(self, x) -> keras.Model:
        """Learns each channel's mean and deviation from training images.

        Args:
            x: Numeric array `(images, height, width)` or `(images, height, width,
                channels)`; read in chunks, so a memory-mapped file will do.

        Returns:
            Model of `(batch, height, width[, channels])`, as the images come, to
            normalised `(batch, height, width, channels)`, float32.

        Raises:
            ValueError: If these are no images, none at all, or not all finite.
        """
        x = _checked_images(x)
        mean, deviation = channel_statistics(_chunks(x), _channels(x.shape[1:]))
        if not np.isfinite([mean, deviation]).all():
            raise ValueError(
                "Images must hold finite numbers only. "
                f"Received: NaN or infinity among images of shape {x.shape}, {x.dtype}. "
                "Remove or fill them, for instance with `numpy.nan_to_num`."
            )
        return self.preprocessor_from_statistics(x.shape[1:], mean, deviation)

    def preprocessor_from_statistics(
        self, shape: Sequence[int | None], mean: ArrayLike, std: ArrayLike
    ) -> keras.Model:
        """The preprocessor of images that came as a stream, from what was summed up on the way.

        Args:
            shape: Of one image, `(height, width)` or `(height, width, channels)`.
            mean: Mean of each channel, in the units of the pixels; a number for grey images.
            std: Standard deviation of each channel. A channel that does not vary is
                centred but not scaled.

        Returns:
            As `preprocessor`.

        Raises:
            ValueError: If the statistics do not fit the shape or are not finite.
        """
        shape = tuple(shape)
        mean, std = np.array(np.atleast_1d(mean), float), np.array(np.atleast_1d(std), float)
        channels = _channels(shape)
        if not mean.shape == std.shape == (channels,) or not np.isfinite([mean, std]).all():
            raise ValueError(
                "`mean` and `std` must hold one finite number for each channel. "
                f"Received: mean={mean.tolist()}, std={std.tolist()}, {channels} channels. "
                "Sum them up over all pixels of each channel."
            )
        self.statistics = {"shape": list(shape), "mean": mean.tolist(), "std": std.tolist()}
        # Below float32's precision, a deviation says nothing about the images.
        scale = 1 / np.where(std > 1e-6 * np.abs(mean) + 1e-12, std, 1.0)
        # Rescaling, not Normalization: it survives conversion to other formats.
        rescale = keras.layers.Rescaling(
            scale=scale.tolist(), offset=(-mean * scale).tolist(), dtype="float32", name="rescale"
        )
        inputs = x = keras.Input(shape, dtype="float32", name="image")
        if len(shape) == 2:
            x = keras.layers.Reshape((*shape, 1), dtype="float32", name="add_channel")(x)
        return keras.Model(inputs, rescale(x), name="preprocessor")

    def arrange(self, features: Examples) -> Examples:
        """The images as they are.

        Raises:
            ValueError: If they are no images.
        """
        if isinstance(features, dict):
            raise ValueError(
                "Images must be one array of numbers. Received: a table of the columns "
                f"{list(features)[:10]}. Pass an array, or a folder of images."
            )
        _channels(features.shape[1:])
        return features

    def preprocessor_of_stream(self, source: Source) -> keras.Model:
        """As `preprocessor`, in one pass over a stream of images."""
        shape = source.feature_shape
        channels = _channels(shape)  # Checks the shape before the pass over all images.
        images = (np.asarray(x) for x, *_ in source.batches(_BATCH))
        mean, deviation = channel_statistics(images, channels)
        return self.preprocessor_from_statistics(shape, mean, deviation)

    def examine(self, x, y) -> None:
        """Learns which changes leave images what they are.

        They may be mirrored where mirrored images tell more than half of what images tell of
        their class: no digits and letters, but most photos. They may be moved by a tenth of their
        side where images so moved tell nine tenths of it: not where they are well centred.
        See `mirror_recognition` and `shift_recognition`.
        """
        images = _checked_images(x)
        self.mirror = mirror_recognition(images, y) > _LEAST_MIRRORED
        moves = shift_recognition(images, y, _SHIFT) > _LEAST_SHIFTED
        self.shift = _SHIFT if moves else 0.0

    def recipe(self) -> dict[str, Any]:
        """Images are moved and mirrored where that is known to do no harm."""
        return {"shift": self.shift, "mirror": self.mirror}

    def exported(self, core: keras.Model) -> keras.Model:
        """One compiled model of raw images to class probabilities.

        It shares its weights with `core`, saves to `.keras` and exports as a SavedModel,
        both of which run without this package where `core` does.

        Args:
            core: Model of preprocessed images to class probabilities.

        Returns:
            Functional model of `(batch, height, width[, channels])`.

        Raises:
            RuntimeError: If no preprocessor has been fitted.
        """
        if self.statistics is None:
            raise RuntimeError(
                "A model can be exported only with its preprocessor, which has not been "
                "fitted. Call `preprocessor(x)` with the training images first."
            )
        preprocessor = self.preprocessor_from_statistics(**self.statistics)
        return assembled(self, preprocessor, core, name="classifier")

    def get_config(self) -> dict[str, Any]:
        """Classes, their kind, and what was learned of the training images, for JSON."""
        learned = {"statistics": self.statistics, "mirror": self.mirror, "shift": self.shift}
        return {**super().get_config(), **learned}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """A task in the state that `get_config` described."""
        task = super().from_config(config)
        task.statistics = config["statistics"]
        # Older projects did not look.
        task.mirror, task.shift = config.get("mirror", False), config.get("shift", 0.0)
        return task


def _checked_images(x):
    # What slices like an array, such as a file, is not read here.
    if not isinstance(getattr(x, "dtype", None), np.dtype):
        x = np.asarray(x)
    if x.dtype.kind not in "biuf":
        raise ValueError(
            "Images must be arrays of real numbers. "
            f"Received: an array of {x.dtype}, shape {tuple(x.shape)}. "
            "Decode and stack them, all of one size, into one array."
        )
    if len(x.shape) not in (3, 4) or not math.prod(x.shape):
        raise ValueError(
            "Images must have the shape (images, height, width) or "
            f"(images, height, width, channels), none of them 0. Received: {tuple(x.shape)}. "
            "For a single image, add the first axis: `x[None]`."
        )
    return x


def _channels(shape: Sequence[int | None]) -> int:
    """Of one image; raises a ValueError unless its shape is that of one and tells them."""
    channels = shape[2] if len(shape) == 3 else 1
    # A free height or width is possible only where no axis must be added.
    free = len(shape) == 2 and None in shape
    if len(shape) not in (2, 3) or channels is None or free:
        raise ValueError(
            "`shape` must be that of one image, with its channels known; without "
            f"channels, of fixed size. Received: {shape=}. "
            "Pass (height, width) or (height, width, channels)."
        )
    return channels


def _chunks(x) -> Iterator[np.ndarray]:
    """An array in parts whose float64 copies are of bounded size."""
    step = max(1, _CHUNK // math.prod(x.shape[1:]))
    return (np.asarray(x[start : start + step]) for start in range(0, x.shape[0], step))
