"""Main: runs a command line, and says on one line what went wrong."""

from __future__ import annotations

import difflib
import sys
import traceback
import warnings
from collections.abc import Sequence

from absl import app, flags, logging

from autokeras_nas_cli.options import COMMANDS, overview
from autokeras_nas_cli.parsing import Command
from autokeras_nas_cli.quiet import load_tensorflow

_HELP = ("help", "--help", "-help", "-h")
_NAME = "autokeras-nas"


def main() -> None:
    """The console script `autokeras-nas`: exits with the status of `run`."""
    app.run(lambda argv: run(argv[1:]), flags_parser=_leave_flags)


def run(arguments: Sequence[str]) -> int:
    """Runs a command line.

    Args:
        arguments: What follows `autokeras-nas`.

    Returns:
        The exit status: 0 where all went well, 1 where a search failed, 2 where something
        that was passed cannot be used, 130 after Ctrl+C. An error is one line on standard error.
    """
    words = [word for word in arguments if word not in _HELP]
    if not words:
        print(overview())
        return 0
    command = next((known for known in COMMANDS if known.name == words[0]), None)
    if command is None:
        return _fail(_unknown(words[0]), 2)
    if len(words) < len(arguments):
        print(command.help())
        return 0
    try:
        options = command.parse(words[1:])
    except flags.Error as error:
        return _fail(error, 2)
    with warnings.catch_warnings():
        warnings.showwarning = _show_warning
        return _run(command, options)


def _leave_flags(argv: list[str]) -> list[str]:
    """Has absl's own flags keep their defaults; each command has flags of its own."""
    flags.FLAGS(argv[:1])
    logging.set_verbosity(logging.ERROR)  # TensorFlow's export is talkative.
    return argv


def _run(command: Command, options: flags.FlagValues) -> int:
    try:
        # Only now: this loads Keras, for which mistyped commands need not wait.
        load_tensorflow()
        from autokeras_nas_cli.commands import RUN

        RUN[command.name](options)
    except KeyboardInterrupt:
        return _fail(f"Stopped.{' ' * bool(command.interrupted)}{command.interrupted}", 130)
    except Exception as error:
        if getattr(options, "traceback", False):
            traceback.print_exc()
        return _fail(error, 2 if _is_refusal(error) else 1)
    return 0


def _is_refusal(error: Exception) -> bool:
    """Whether an error says that something that was passed cannot be used."""
    from autokeras_nas.errors import ProjectError

    kinds = (ValueError, NotImplementedError, ProjectError, OSError, ImportError)
    return isinstance(error, kinds)


def _unknown(word: str) -> str:
    names = [command.name for command in COMMANDS]
    near = difflib.get_close_matches(word, names, n=1)
    hint = f"Did you mean {near[0]!r}? " if near else ""
    return f"There is no command {word!r}. {hint}Commands: {', '.join(names)}."


def _fail(error: Exception | str, status: int) -> int:
    """Says on one line what went wrong."""
    text = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, (KeyError, AttributeError, TypeError)):  # Bugs, which say little.
        text = f"{type(error).__name__}: {text} (--traceback shows where)"
    print(f"{_NAME}: {text}", file=sys.stderr)
    return status


def _show_warning(message, category, filename, lineno, file=None, line=None) -> None:
    """Shows a warning on a line, if it is for users and not for programmers."""
    del filename, lineno, line
    if issubclass(category, UserWarning):
        print(f"Note: {' '.join(str(message).split())}", file=file or sys.stderr)
