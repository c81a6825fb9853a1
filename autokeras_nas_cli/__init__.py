"""The command line: searches, predicts and exports without a line of Python.

It is a package of its own, beside `autokeras_nas`, because importing that loads Keras: help and
mistakes are answered before.
"""

from autokeras_nas_cli.main import main, run

__all__ = ["main", "run"]
