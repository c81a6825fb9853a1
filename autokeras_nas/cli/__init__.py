"""The command line: searches, predicts and exports without a line of Python."""

from __future__ import annotations

import sys
import traceback
import warnings
from collections.abc import Sequence

from absl import app, flags, logging

from autokeras_nas.cli.options import COMMANDS, Command, overview
from autokeras_nas.cli.quiet import COMMAND

_HELP = ("help", "--help", "-help", "-h")


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
    with warnings.catch_warnings():
        warnings.showwarning = _show_warning
        return _run(command, words[1:])


def _leave_flags(argv: list[str]) -> list[str]:
    """Has absl's own flags keep their defaults; each command has flags of its own."""
    flags.FLAGS(argv[:1])
    logging.set_verbosity(logging.ERROR)  # TensorFlow's export is talkative.
    return argv


def _run(command: Command, arguments: Sequence[str]) -> int:
    try:
        # What is not available yet says so, whatever it is told.
        options = command.parse(arguments if command.options else ())
    except flags.Error as error:
        return _fail(error, 2)
    # Imported only now: they load Keras, and mistyped commands need not wait for it.
    from autokeras_nas.cli.commands import RUN
    from autokeras_nas.errors import ProjectError

    refused = (ValueError, NotImplementedError, ProjectError, OSError, ImportError)
    try:
        RUN[command.name](options)
    except KeyboardInterrupt:
        return _fail("Stopped. What had finished is kept: `autokeras-nas resume` goes on.", 130)
    except Exception as error:
        if getattr(options, "traceback", False):
            traceback.print_exc()
        return _fail(error, 2 if isinstance(error, refused) else 1)
    return 0


def _unknown(word: str) -> str:
    from autokeras_nas.errors import unknown_name

    return str(unknown_name("command", word, [command.name for command in COMMANDS]))


def _fail(error: Exception | str, status: int) -> int:
    """Says on one line what went wrong."""
    text = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, (KeyError, AttributeError, TypeError)):  # Bugs, which say little.
        text = f"{type(error).__name__}: {text} (--traceback shows where)"
    print(f"{COMMAND}: {text}", file=sys.stderr)
    return status


def _show_warning(message, category, filename, lineno, file=None, line=None) -> None:
    """Shows a warning on a line, if it is for users and not for programmers."""
    del filename, lineno, line
    if issubclass(category, UserWarning):
        print(f"Note: {' '.join(str(message).split())}", file=file or sys.stderr)
