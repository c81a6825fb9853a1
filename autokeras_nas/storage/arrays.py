"""Arrays of numbers as JSON, exact to the last bit."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

_STORED = "<f8"


def pack(array: np.ndarray) -> dict[str, Any]:
    """An array of float64 as JSON: its shape, and its bytes in base64, little end first."""
    content = np.ascontiguousarray(array, dtype=_STORED).tobytes()
    return {"shape": list(np.shape(array)), "float64": base64.b64encode(content).decode()}


def unpack(packed: dict[str, Any]) -> np.ndarray:
    """The array of `pack`, writable."""
    content = base64.b64decode(packed["float64"])
    flat = np.frombuffer(content, dtype=_STORED).astype(np.float64)
    return flat.reshape(packed["shape"])
