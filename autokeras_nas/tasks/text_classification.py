"""Which of several classes a text belongs to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

import keras
import numpy as np

from autokeras_nas.architecture.specs import InputSpec
from autokeras_nas.data import Features as Examples
from autokeras_nas.data import Source, as_features
from autokeras_nas.tasks.assembly import assembled
from autokeras_nas.tasks.base import TASKS
from autokeras_nas.tasks.classification import Classification
from autokeras_nas.tasks.tokenizer import Tokenizer

_BATCH = 1024


@TASKS.register("text_classification")
class TextClassification(Classification):
    """One class for every text.

    Labels may be integers, strings, booleans or one-hot rows; predictions come back in the
    same terms, one-hot rows as column numbers. Networks see the numbers of a text's words; see
    `Tokenizer`. The exported model takes the texts themselves, as TensorFlow strings: `inputs`
    gives them from an array.

    Example:

    ```python
    task = TextClassification()
    targets = task.fit_targets(["spam", "ham"])
    preprocessor = task.preprocessor(["win a prize", "see you at nine"])
    model = task.exported(core)
    task.labels(model.predict(task.inputs(["a prize"])))  # array(["spam"])
    ```

    Attributes:
        tokenizer: What was learned of the texts; None before `preprocessor`.
    """

    def __init__(self):
        super().__init__()
        self.tokenizer: Tokenizer | None = None

    def preprocessor(self, x) -> keras.Model:
        """Learns words and lengths from training texts.

        Args:
            x: Texts `(n,)`: an array, a list or a pandas series of strings.

        Returns:
            Model of texts `(batch,)` to int32 `(batch, places)`.

        Raises:
            ValueError: If these are no texts, or hold no word.
        """
        texts = self.arrange(as_features(x))
        starts = range(0, len(texts), _BATCH)
        return self._learn(lambda: (texts[start : start + _BATCH] for start in starts))

    def preprocessor_of_stream(self, source: Source) -> keras.Model:
        """As `preprocessor`, in two passes over a stream of texts."""
        if source.feature_shape != ():
            raise _no_texts(f"a stream of elements of shape {source.feature_shape}")

        def batches() -> Iterable[np.ndarray]:
            for x, *_ in source.batches(_BATCH):
                yield _checked(x)

        return self._learn(batches)

    def _learn(self, batches) -> keras.Model:
        self.tokenizer = Tokenizer.learned(batches)
        return self.tokenizer.preprocessor()

    def input_spec(self, preprocessor: keras.Model) -> InputSpec:
        """Numbers of words, the frequent ones first, and 0 for padding."""
        spec = super().input_spec(preprocessor)
        return InputSpec(spec.shape, spec.dtype, (self._known_tokenizer().vocabulary,))

    def arrange(self, features: Examples) -> np.ndarray:
        """The texts as they are.

        Raises:
            ValueError: If they are no texts.
        """
        return _checked(features)

    def exported(self, core: keras.Model) -> keras.Model:
        """One compiled model of raw texts to class probabilities.

        It saves to `.keras`, which opens where this package is imported, and exports as a
        SavedModel, which runs without it.

        Args:
            core: Model of preprocessed texts to class probabilities.

        Returns:
            Functional model of texts `(batch,)`.

        Raises:
            RuntimeError: If no preprocessor has been fitted.
        """
        return assembled(self, self._known_tokenizer().preprocessor(), core, name="text_model")

    def get_config(self) -> dict[str, Any]:
        """Classes, their kind and what was learned of the texts, for JSON."""
        known = None if self.tokenizer is None else self.tokenizer.get_config()
        return {**super().get_config(), "tokenizer": known}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """A task in the state that `get_config` described."""
        task = super().from_config(config)
        if config["tokenizer"] is not None:
            task.tokenizer = Tokenizer.from_config(config["tokenizer"])
        return task

    def _known_tokenizer(self) -> Tokenizer:
        if self.tokenizer is None:
            raise RuntimeError(
                "The task has not seen any texts yet. "
                "Call `preprocessor(x)` with the training texts first."
            )
        return self.tokenizer


def _checked(texts: Examples) -> np.ndarray:
    # A dataset gives its texts as objects.
    if isinstance(texts, np.ndarray) and texts.dtype.kind in "UO" and texts.ndim == 1:
        return texts
    kind = f"{texts.dtype}, shape {texts.shape}" if isinstance(texts, np.ndarray) else "a table"
    raise _no_texts(kind)


def _no_texts(received: str) -> ValueError:
    return ValueError(
        "Text classification needs one string for each example. "
        f"Received: {received}. Pass an array of strings `(n,)`; of a data frame, the one "
        "column that holds the texts."
    )
