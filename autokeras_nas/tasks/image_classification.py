"""Which of several classes an image shows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np
from numpy.typing import ArrayLike

from autokeras_nas.architecture.specs import Features, FeatureSpec
from autokeras_nas.data import Source, channel_statistics
from autokeras_nas.tasks.base import TASKS, Task

_LARGEST = 2**63 - 1
_BATCH = 256
_CHUNK = 2**22  # numbers turned into float64 at a time: 32 MiB


@TASKS.register("image_classification")
class ImageClassification(Task):
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
        classes: The labels, sorted; None before `fit_targets`.
        kind: `"integer"`, `"string"`, `"boolean"` or `"one_hot"`; None before.
        statistics: Arguments of `preprocessor_from_statistics` that were last used; None:
            never called.
    """

    objective = "val_accuracy"

    def __init__(self):
        self.classes: list[int] | list[str] | list[bool] | None = None
        self.kind: str | None = None
        self.statistics: dict[str, list] | None = None

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

    def preprocessor_of_stream(self, source: Source) -> keras.Model:
        """As `preprocessor`, in one pass over a stream of images."""
        shape = source.feature_shape
        channels = _channels(shape)  # Checks the shape before the pass over all images.
        images = (np.asarray(x) for x, *_ in source.batches(_BATCH))
        mean, deviation = channel_statistics(images, channels)
        return self.preprocessor_from_statistics(shape, mean, deviation)

    def fit_targets(self, y) -> np.ndarray:
        """Learns the classes.

        Args:
            y: Training labels: `(n,)` or `(n, 1)` integers, strings or booleans, or `(n,
                columns)` one-hot rows.

        Returns:
            One-hot float32 array `(n, classes)`.

        Raises:
            ValueError: If they are no labels, or all the same.
        """
        kind, values = _as_labels(y)
        found = np.unique(values)
        if len(found) < 2:
            raise ValueError(
                "Classification needs at least two classes. "
                f"Received: {len(values)} labels, all of them {found.tolist()}. "
                "Check that `y` holds the labels and that they were not sliced by class."
            )
        columns = np.arange(np.shape(y)[1]) if kind == "one_hot" else found
        self.kind, self.classes = kind, columns.tolist()
        return self._one_hot(values)

    def targets(self, y) -> np.ndarray:
        """Labels as one-hot rows in the order of `classes`.

        Args:
            y: Labels as in training; integers may stand for the columns of one-hot rows.

        Returns:
            One-hot float32 array `(n, classes)`.

        Raises:
            RuntimeError: If `fit_targets` has not run.
            ValueError: If labels are of another kind than in training, or new.
        """
        classes = self._known_classes()
        kind, values = _as_labels(y)
        if "one_hot" in (kind, self.kind):
            fits = kind == "integer" or (kind == self.kind and np.shape(y)[1] == len(classes))
        else:
            # Booleans are numbers; strings are not.
            fits = (kind == "string") == (self.kind == "string")
        if not fits:
            raise ValueError(
                "Labels must be of the kind that training had. "
                f"Received: {kind} labels of shape {np.shape(y)}; "
                f"training had {self.kind} labels of {len(classes)} classes. "
                "Convert them to the terms of the training labels."
            )
        return self._one_hot(values)

    def _one_hot(self, values: np.ndarray) -> np.ndarray:
        classes = np.asarray(self._known_classes())
        index = np.searchsorted(classes, values).clip(max=len(classes) - 1)
        unseen = np.unique(values[classes[index] != values])
        if len(unseen):
            raise ValueError(
                "Some labels did not occur in training. "
                f"Received: {_few(unseen.tolist())}; known classes: {_few(classes.tolist())}. "
                "Remove these examples, or train with some of every class."
            )
        return np.eye(len(classes), dtype="float32")[index]

    def interface(self) -> FeatureSpec:
        """A vector for each image."""
        return FeatureSpec("vector")

    def head(self, features: Features) -> keras.KerasTensor:
        """Class probabilities `(batch, classes)`, float32 under any precision policy.

        Args:
            features: Whose `main` is `(batch, features)`.

        Raises:
            RuntimeError: If `fit_targets` has not run.
            ValueError: If the features are no vector.
        """
        classes = self._known_classes()
        if len(features.main.shape) != 2:
            raise ValueError(
                "The head takes a vector for each image. "
                f"Received: features of shape {features.main.shape}. "
                "End the trunk with global pooling or `Flatten`."
            )
        logits = keras.layers.Dense(len(classes), name="logits")(features.main)
        return keras.layers.Activation("softmax", dtype="float32", name="probabilities")(logits)

    def compile_options(self) -> dict[str, Any]:
        """Cross-entropy and accuracy over one-hot targets."""
        return {"loss": keras.losses.CategoricalCrossentropy(), "metrics": ["accuracy"]}

    def labels(self, predictions) -> np.ndarray:
        """The most probable classes.

        Args:
            predictions: Probabilities `(n, classes)`.

        Returns:
            Array `(n,)` of labels as training had them.

        Raises:
            RuntimeError: If `fit_targets` has not run.
            ValueError: If there is not one probability for each class.
        """
        classes = self._known_classes()
        probabilities = keras.ops.convert_to_numpy(predictions)
        if probabilities.ndim != 2 or probabilities.shape[1] != len(classes):
            raise ValueError(
                "Predictions must hold a probability for each class. "
                f"Received: shape {probabilities.shape}; there are {len(classes)} classes. "
                "Pass what the model's `predict` returned."
            )
        return np.asarray(classes)[probabilities.argmax(axis=1)]

    def score(self, model: keras.Model, data) -> dict[str, float]:
        """The share of images whose most probable class is theirs.

        Args:
            model: A model of raw images.
            data: `(x, y)`, raw images and their labels.

        Returns:
            `{"accuracy": share}`, between 0 and 1.
        """
        x, y = data
        truth = self.targets(y).argmax(axis=1)
        guess = model.predict(x, verbose=0).argmax(axis=1)
        return {"accuracy": float(np.mean(truth == guess))}

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
        if core.inputs:
            # As compiled, it would bring its optimizer along into the saved file.
            core = keras.Model(core.inputs[0], core.outputs[0], name=core.name)
        inputs = keras.Input(self.statistics["shape"], dtype="float32", name="image")
        model = keras.Model(inputs, self.decode(core(preprocessor(inputs))), name="classifier")
        # Without momentum there is nothing to store beside the weights, or to miss on loading.
        model.compile(keras.optimizers.SGD(), **self.compile_options())
        return model

    def get_config(self) -> dict[str, Any]:
        """Classes, their kind and the statistics of the training images, for JSON."""
        return {"classes": self.classes, "kind": self.kind, "statistics": self.statistics}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> ImageClassification:
        """A task in the state that `get_config` described."""
        task = cls()
        task.classes, task.kind = config["classes"], config["kind"]
        task.statistics = config["statistics"]
        return task

    def _known_classes(self) -> list[int] | list[str] | list[bool]:
        if self.classes is None:
            raise RuntimeError(
                "The task does not know its classes yet. "
                "Call `fit_targets(y)` with the training labels first."
            )
        return self.classes


def _as_labels(y) -> tuple[str, np.ndarray]:
    """Labels as one comparable value an example.

    Returns:
        Their kind and an array `(n,)`, int64, bool or str; of one-hot rows, column numbers.
    """
    # Otherwise NumPy turns the 1 of `[1, "cat"]` into a string.
    array = np.asarray(y, dtype=object if isinstance(y, list | tuple) else None)
    array = _without_objects(array)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim not in (1, 2) or not array.size:
        raise ValueError(
            "Labels must be one for each example, or one-hot rows. "
            f"Received: an array of shape {array.shape}. "
            "Pass an array of shape (examples,) or (examples, classes)."
        )
    if array.dtype.kind == "S":
        array = np.char.decode(array, "utf-8")
    if array.dtype.kind == "f":
        array = _whole_numbers(array)
    if array.dtype.kind not in "biuU":
        raise ValueError(
            "Labels must be integers, strings, booleans or one-hot rows. "
            f"Received: an array of {array.dtype}. Convert them to one of these."
        )
    if array.ndim == 2:
        return "one_hot", _columns(array)
    if array.dtype.kind in "iu":
        if array.max() > _LARGEST:
            raise _too_large(array)
        return "integer", array.astype("int64")
    return ("boolean" if array.dtype.kind == "b" else "string"), array


def _without_objects(array: np.ndarray) -> np.ndarray:
    """An array of Python objects, as data frames give them, as one of their own type."""
    if array.dtype.kind != "O":
        return array
    kinds = {_kind_of(value) for value in array.flat}
    if len(kinds) != 1 or not kinds <= {"string", "bytes", "boolean", "integer", "float"}:
        raise ValueError(
            "Labels must all be of one kind, without gaps. "
            f"Received: objects of kinds {', '.join(sorted(kinds)) or 'none'}. "
            "Drop examples without a label and convert the rest, for instance to strings."
        )
    return np.array(array.tolist())


def _kind_of(value) -> str:
    kinds: dict[str, type | tuple[type, ...]] = {
        "string": str,
        "bytes": bytes,
        # Before integers, of which Python's booleans are a kind.
        "boolean": (bool, np.bool_),
        "integer": (int, np.integer),
        "float": (float, np.floating),
    }
    known = (name for name, types in kinds.items() if isinstance(value, types))
    return next(known, type(value).__name__)


def _whole_numbers(array: np.ndarray) -> np.ndarray:
    if not np.isfinite(array).all():
        raise ValueError(
            "Labels must not be missing. "
            f"Received: {int((~np.isfinite(array)).sum())} NaN or infinite labels. "
            "Drop these examples."
        )
    if (array != np.floor(array)).any():
        odd = array[array != np.floor(array)]
        raise ValueError(
            "Labels of classes must be whole numbers. "
            f"Received: fractions such as {_few(odd.tolist())}. "
            "For quantities use a regression task; turn probabilities into one class each."
        )
    if np.abs(array).max() >= _LARGEST:
        raise _too_large(array)
    return array.astype("int64")


def _too_large(array: np.ndarray) -> ValueError:
    return ValueError(
        f"Labels must be integers of 64 bits. Received: {array.max()}. "
        "Number the classes from 0, or pass the labels as strings."
    )


def _columns(rows: np.ndarray) -> np.ndarray:
    one_hot = rows.dtype.kind != "U" and np.isin(rows, (0, 1)).all()
    if not one_hot or (rows.sum(axis=1) != 1).any():
        raise ValueError(
            "Labels with several columns must be one-hot: a single 1 a row, else 0. "
            f"Received: rows such as {rows[0].tolist()} in an array of shape {rows.shape}. "
            "Give one label for each example."
        )
    return rows.argmax(axis=1)


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


def _few(values: list) -> str:
    return ", ".join(map(repr, values[:10])) + (", ..." if len(values) > 10 else "")
