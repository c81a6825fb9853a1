"""Parsing: commands and their options, from a command line to values or to help."""

from __future__ import annotations

import difflib
import functools
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from absl import flags

_WIDTH = 100


class OneOf(flags.ArgumentParser):
    """Takes one of some names.

    Args:
        names: All names.
    """

    def __init__(self, names: Sequence[str]):
        self.names = tuple(names)

    def parse(self, argument: str) -> str:
        if argument not in self.names:
            near = difflib.get_close_matches(argument, self.names, n=1)
            hint = f"Did you mean {near[0]!r}? " if near else ""
            raise ValueError(f"There is no such name. {hint}Known: {', '.join(self.names)}.")
        return argument


class Existing(flags.ArgumentParser):
    """Takes the path of something that is there."""

    def parse(self, argument: str) -> str:
        if not Path(argument).exists():
            raise ValueError(
                f"There is no such file or folder, seen from {str(Path.cwd())!r}. Check the path."
            )
        return argument


class Share(flags.ArgumentParser):
    """Takes a number between 0 and 1, both excluded."""

    def parse(self, argument: str | float) -> float:
        try:
            share = float(argument)
        except ValueError:
            share = 0.0
        if not 0.0 < share < 1.0:
            raise ValueError("This must be a share between 0 and 1, such as 0.2.")
        return share


class Whole(flags.ArgumentParser):
    """Takes a whole number.

    Args:
        least: The least that is taken; None: any.
    """

    def __init__(self, least: int | None = None):
        self.least = least

    def parse(self, argument: str | int) -> int:
        text = str(argument)
        if not text.removeprefix("-").isdecimal() or (
            self.least is not None and int(text) < self.least
        ):
            bound = "" if self.least is None else f" of at least {self.least}"
            raise ValueError(f"This must be a whole number{bound}.")
        return int(text)


@dataclass(frozen=True)
class Option:
    """A flag `--name=value`.

    Attributes:
        name: Its name.
        help: What it is, as the help prints it.
        default: What holds without it; None: nothing.
        define: The function of absl that defines it, or absl's parser of its values.
        required: Whether the command cannot do without.
    """

    name: str
    help: str
    default: Any = None
    define: Callable | flags.ArgumentParser = flags.DEFINE_string
    required: bool = False

    def enter(self, values: flags.FlagValues) -> None:
        """Defines the flag among others."""
        define = self.define
        if isinstance(define, flags.ArgumentParser):
            define = functools.partial(flags.DEFINE, define)
        define(self.name, self.default, self.help, flag_values=values)

    def describe(self) -> str:
        """The lines of the help."""
        text = self.help
        if isinstance(self.define, OneOf):
            text += f" One of {', '.join(self.define.names)}."
        if self.required:
            text += " Needed."
        elif self.default is not None and self.default is not False:
            text += f" Default: {self.default}."
        value = "" if self.define is flags.DEFINE_boolean else "=..."
        text = textwrap.fill(text, _WIDTH - 6, break_on_hyphens=False)
        return f"  --{self.name}{value}\n{textwrap.indent(text, ' ' * 6)}"


@dataclass(frozen=True)
class Command:
    """What can be asked for.

    Attributes:
        name: The word that asks for it.
        summary: What it does, in a line.
        example: A whole command line.
        options: Its flags, in the order of the help.
        check: Raises `absl.flags.Error` for values that do not go together.
        interrupted: What Ctrl+C leaves behind, as a sentence.
    """

    name: str
    summary: str
    example: str
    options: tuple[Option, ...]
    check: Callable[[flags.FlagValues], None] | None = None
    interrupted: str = ""

    def parse(self, arguments: Sequence[str]) -> flags.FlagValues:
        """The values of the flags on a command line.

        Raises:
            absl.flags.Error: If one is unknown, missing or has no such value.
        """
        values = flags.FlagValues()
        for option in self.options:
            option.enter(values)
        rest = values([self.name, *arguments])[1:]
        if rest:
            raise flags.Error(
                f"Only options `--name=value` may follow `{self.name}`. Received: {rest[0]!r}. "
                f"For instance: {self.example}"
            )
        for option in self.options:
            if option.required and values[option.name].value is None:
                raise flags.Error(f"--{option.name} is missing. For instance: {self.example}")
        if self.check is not None:
            self.check(values)
        return values

    def help(self) -> str:
        """The command, its example and its options."""
        lines = [self.summary, "", "Example:", f"  {self.example}", "", "Options:"]
        return "\n".join(lines + [option.describe() for option in self.options])
