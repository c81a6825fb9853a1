"""Values: what an architecture is on the wire, plain and typed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

Value = int | float | str | bool
Values = dict[str, Value]
"""Decision names and what was decided, in the order of the decisions."""


def plain(value: Any) -> Value:
    """The plain Python value of a scalar, since KerasTuner cannot write NumPy's.

    Raises:
        TypeError: If it is neither int, float, str, bool nor a NumPy scalar of these.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if not isinstance(value, (bool, int, float, str)):
        raise TypeError(
            "An architecture's values must be int, float, str or bool. "
            f"Received: {value!r} of type {type(value).__name__}. "
            "Write structures as one JSON string."
        )
    return value


def plain_values(values: Mapping[str, Any]) -> Values:
    """A copy of values in which each is plain."""
    return {str(name): plain(value) for name, value in values.items()}


def canonical_text(values: Mapping[str, Value]) -> str:
    """One text for equal values, whatever their order: JSON with sorted names."""
    return json.dumps(dict(values), sort_keys=True, separators=(",", ":"))
