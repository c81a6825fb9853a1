"""Memory: what is kept of the data, and what is read anew each epoch."""

from __future__ import annotations

import os

_LIMIT = 2 * 10**9  # Bytes.


def fits_in_memory(num_bytes: int, limit: int | None = None) -> bool:
    """Whether data of this size are kept in memory.

    Args:
        num_bytes: The size in bytes.
        limit: Bytes allowed; None: 2 GB, or a quarter of the machine's memory where that
            is less.
    """
    if limit is None:
        try:
            total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        except (AttributeError, OSError, ValueError):  # Not every system tells.
            total = 4 * _LIMIT
        limit = min(_LIMIT, total // 4)
    return num_bytes <= limit
