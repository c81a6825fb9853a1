"""Forecast: what a network is likely to cost, learned from those that were counted."""

from __future__ import annotations

import math
from collections import Counter, deque

import numpy as np
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import Ridge

from autokeras_nas.architecture import Values

_LEAST_COUNTED = 12
_ERRORS = 24
_MARGIN = 1.5
_MOST_IN_A_ROW = 50


class Forecast:
    """Tells which networks will be too large, so that not each must be built and counted.

    Counting takes a fifth of a second, and where most of a space is too large for a trial's
    time, dozens are counted for each that is trained. The logarithm of the FLOPs is taken as
    linear in the decisions, with how often each choice was made beside them. Each network that
    is counted first tests the forecast; what it was off by, root mean square of the last ones,
    is the margin that a network must lie beyond. Now and then one is let through to be counted,
    so that a bad forecast does not last.
    """

    def __init__(self):
        self._features: list[dict[str, float]] = []
        self._logarithms: list[float] = []
        self._errors: deque[float] = deque(maxlen=_ERRORS)
        self._in_a_row = 0
        self._model: tuple[DictVectorizer, Ridge] | None = None

    def exceeds(self, values: Values, flops: float) -> bool:
        """Whether an architecture is safely beyond so many FLOPs."""
        guess = self._guess(_features_of(values))
        if guess is None or len(self._errors) < _LEAST_COUNTED or flops <= 0:
            return False
        margin = _MARGIN * math.sqrt(float(np.mean(np.square(self._errors))))
        if guess - margin <= math.log(flops) or self._in_a_row >= _MOST_IN_A_ROW:
            self._in_a_row = 0
            return False
        self._in_a_row += 1
        return True

    def note(self, values: Values, flops: float) -> None:
        """Takes note of the FLOPs of an architecture that was counted."""
        features, logarithm = _features_of(values), math.log(max(flops, 1.0))
        guess = self._guess(features)
        if guess is not None:
            self._errors.append(guess - logarithm)
        self._features.append(features)
        self._logarithms.append(logarithm)
        self._model = None

    def _guess(self, features: dict[str, float]) -> float | None:
        """The logarithm of the FLOPs; None: too few were counted."""
        if len(self._features) < _LEAST_COUNTED:
            return None
        if self._model is None:
            vectorizer = DictVectorizer()
            matrix = vectorizer.fit_transform(self._features)
            self._model = vectorizer, Ridge().fit(matrix, self._logarithms)
        vectorizer, ridge = self._model
        return float(ridge.predict(vectorizer.transform([features]))[0])


def _features_of(values: Values) -> dict[str, float]:
    """Each decision, and how often each choice was made in all."""
    counts = Counter(f"{choice}" for choice in values.values() if isinstance(choice, str))
    features: dict[str, float] = {f"count of {choice}": n for choice, n in counts.items()}
    for name, choice in values.items():
        if isinstance(choice, (int, float)) and not isinstance(choice, bool):
            features[name] = float(choice)
        else:
            features[f"{name} is {choice}"] = 1.0
    return features
