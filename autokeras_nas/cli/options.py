"""Options: the commands, what each can be told, and the help that says so."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from absl import flags

_WIDTH = 100
_EXPORT_FORMATS = ("keras", "tf_saved_model", "onnx", "litert")


@dataclass(frozen=True)
class Option:
    """A flag `--name=value`.

    Attributes:
        name: Its name.
        help: What it is, as the help prints it.
        default: What holds without it; None: nothing.
        define: The function of absl that defines it.
        required: Whether the command cannot do without.
    """

    name: str
    help: str
    default: Any = None
    define: Callable = flags.DEFINE_string
    required: bool = False


@dataclass(frozen=True)
class Command:
    """What can be asked for.

    Attributes:
        name: The word that asks for it.
        summary: What it does, in a line.
        example: A whole command line.
        options: Its flags, in the order of the help.
    """

    name: str
    summary: str
    example: str
    options: tuple[Option, ...] = ()

    def parse(self, arguments: Sequence[str]) -> flags.FlagValues:
        """The values of the flags on a command line.

        Raises:
            absl.flags.Error: If one is unknown, missing or has no such value.
        """
        values = flags.FlagValues()
        for option in self.options:
            option.define(option.name, option.default, option.help, flag_values=values)
        rest = values([self.name, *arguments])[1:]
        if rest:
            raise flags.Error(
                f"Only options `--name=value` may follow `{self.name}`. Received: {rest[0]!r}. "
                f"For instance: {self.example}"
            )
        for option in self.options:
            if option.required and values[option.name].value is None:
                raise flags.Error(f"--{option.name} is missing. For instance: {self.example}")
        return values

    def help(self) -> str:
        """The command, its example and its options."""
        lines = [self.summary, "", "Example:", f"  {self.example}"]
        if self.options:
            lines += ["", "Options:"]
        for option in self.options:
            notes = " Needed." if option.required else ""
            if option.default is not None and option.default is not False:
                notes = f" Default: {option.default}."
            value = "" if option.define is flags.DEFINE_boolean else "=..."
            lines += [f"  --{option.name}{value}"]
            text = textwrap.fill(option.help + notes, _WIDTH - 6, break_on_hyphens=False)
            lines.append(textwrap.indent(text, " " * 6))
        return "\n".join(lines)


_PROJECT = Option("project", "Folder of the search, directory/project_name.", required=True)
_TRACEBACK = Option(
    "traceback", "Show where in the program an error arose.", False, flags.DEFINE_boolean
)
_TARGET = Option("target", "Column of the table to be predicted.")
_BUDGET = Option("time_budget", "Time of the whole command, such as 90s, 5m or 1h.", "10m")
_EPOCHS = Option(
    "epochs",
    "Epochs of a trial at most; else as many as the time allows.",
    define=flags.DEFINE_integer,
)

COMMANDS = (
    Command(
        "search",
        "Searches for a network for your data, and keeps the best.",
        "autokeras-nas search --data=train.csv --target=price --time_budget=5m",
        (
            Option(
                "data",
                "A table (.csv, .csv.gz, .parquet), an archive .npz of arrays x and y, or a "
                "folder with a subfolder of images for each class.",
            ),
            _TARGET,
            Option("tfds", "Instead of --data: name of a TensorFlow data set, such as mnist."),
            _BUDGET,
            Option("task", "What to learn, such as regression; else the data tell."),
            Option("search_space", "Which networks exist; auto: the task decides.", "auto"),
            Option("oracle", "How the search proposes networks.", "auto"),
            Option("objective", "What to improve, such as val_accuracy; else the task's own."),
            Option(
                "max_trials",
                "Networks to try at most; else as many as the time allows.",
                define=flags.DEFINE_integer,
            ),
            _EPOCHS,
            Option("directory", "Folder of projects.", "nas_results"),
            Option("project_name", "The project's folder in it.", "auto_model"),
            Option("seed", "Seed of everything that is drawn.", 0, flags.DEFINE_integer),
            Option(
                "overwrite",
                "Begin anew where the project exists; else it is gone on with.",
                False,
                flags.DEFINE_boolean,
            ),
            Option("export", "Where to put the result: a folder, or a file .keras."),
            _TRACEBACK,
        ),
    ),
    Command(
        "resume",
        "Goes on with a search that has stopped.",
        "autokeras-nas resume --project=nas_results/auto_model --time_budget=5m",
        (
            _PROJECT,
            Option("data", "As for search; else the file that the search began with."),
            _TARGET,
            Option("tfds", "As for search."),
            _BUDGET,
            Option(
                "max_trials",
                "Trials at most, those before included; else as before.",
                define=flags.DEFINE_integer,
            ),
            _EPOCHS,
            _TRACEBACK,
        ),
    ),
    Command(
        "leaderboard",
        "Shows all networks that a search has tried, best first.",
        "autokeras-nas leaderboard --project=nas_results/auto_model",
        (_PROJECT, _TRACEBACK),
    ),
    Command(
        "predict",
        "Predicts with the best network.",
        "autokeras-nas predict --project=nas_results/auto_model --input=test.csv "
        "--output=predictions.csv",
        (
            _PROJECT,
            Option(
                "input",
                "Examples in a form that search takes, without their labels.",
                required=True,
            ),
            Option("output", "Table to write, a row for each example.", "predictions.csv"),
            _TRACEBACK,
        ),
    ),
    Command(
        "export",
        "Writes the best network, preprocessing inside, to use elsewhere.",
        "autokeras-nas export --project=nas_results/auto_model --output=saved_model/",
        (
            _PROJECT,
            Option("output", "A folder, or a file such as best.keras.", required=True),
            Option(
                "format",
                f"One of {', '.join(_EXPORT_FORMATS)}; else the name of the output tells.",
            ),
            _TRACEBACK,
        ),
    ),
    Command(
        "report",
        "Writes a report of a search. Not available yet.",
        "autokeras-nas report",
    ),
    Command(
        "workers",
        "Searches with several processes. Not available yet.",
        "autokeras-nas workers",
    ),
)


def overview() -> str:
    """The help of the whole command line."""
    lines = ["autokeras-nas: searches neural networks for your data.", ""]
    for command in COMMANDS:
        lines += [f"{command.name}: {command.summary}"]
        if command.options:
            lines += [f"  {command.example}"]
    lines += ["", "autokeras-nas COMMAND --help lists the options of a command."]
    return "\n".join(lines)
