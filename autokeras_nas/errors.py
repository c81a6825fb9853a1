"""What can go wrong, and how it is said: what was wrong, what came, what to do."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from keras_tuner import errors as kt_errors

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_NODES = re.compile(r"\{\{[^}]*\}\} ?|\s*\[Op:.*")
_NUMBERING = re.compile(r"^\s*\(\d+\) ", flags=re.MULTILINE)
_WRAPPING = re.compile(
    r"Graph execution error|Detected at node|<stack traces|\d+ root error"
    r"|Exception encountered|\[\["
)


class InvalidArchitectureError(kt_errors.FailedTrialError):
    """An architecture that cannot be built: a finding of the search, not a bug.

    It fails its trial alone, in any KerasTuner tuner, and is not tried again.
    """


class SearchFailedError(RuntimeError):
    """A search that cannot succeed, for instance because all its first trials failed."""


class ProjectError(RuntimeError):
    """A project folder that cannot be used: unwritable, corrupt, or another search's."""


def summary(error: BaseException) -> str:
    """An error's kind and the line of its text that says what was wrong.

    TensorFlow and Keras wrap what happened into where it happened, often a hundred lines, of
    which neither the first nor the last says anything.
    """
    text = _NUMBERING.sub("", _NODES.sub("", _COLOURS.sub("", str(error))))
    # What is indented are places, too.
    lines = [line for line in text.splitlines() if line[:1].strip() and not _WRAPPING.match(line)]
    announces = len(lines) > 1 and lines[0].rstrip().endswith(":")
    line = " ".join(line.strip() for line in lines[: 2 if announces else 1])
    named = re.match(r"\w*(Error|Exception): ", line)
    return line if named else f"{type(error).__name__}: {line}".removesuffix(": ")


def headline(message: str | None) -> str:
    """The last line of why a trial failed, which says it: what tables have room for."""
    return ((message or "").strip().splitlines() or [""])[-1].strip()


def check_limit(name: str, value: float | None) -> None:
    """Raises a ValueError unless a limit is positive, or None: there is none."""
    if value is not None and not value > 0:
        raise ValueError(f"`{name}` must be positive. Received: {value}. Pass None for no limit.")


def cannot_write(folder: object, error: Exception) -> ProjectError:
    """The error for a project that cannot be written, as on a full disk."""
    why = getattr(error, "strerror", None) or error
    return ProjectError(
        f"The project cannot be written: {why}. Received: {str(folder)!r}. "
        "What had finished is kept. Make room or change its rights, and search again."
    )


def closest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most alike; None: no known name comes near."""
    matches = difflib.get_close_matches(str(name), list(known), n=1, cutoff=0.5)
    return matches[0] if matches else None


def unknown_name(kind: str, name: object, known: Iterable[str]) -> ValueError:
    """The error for a name that nobody knows, with the nearest known one.

    Args:
        kind: What the name should have named, such as `"oracle"`.
        name: The name that came.
        known: All known names.

    Returns:
        The error, to be raised by the caller.
    """
    names = sorted(known)
    near = closest(str(name), names)
    hint = f"Did you mean {near!r}? " if near else ""
    return ValueError(
        f"There is no {kind} of this name. Received: {name!r}. {hint}"
        f"Known names: {', '.join(map(repr, names)) or 'none'}."
    )
