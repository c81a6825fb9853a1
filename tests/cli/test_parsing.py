from __future__ import annotations

import pytest
from absl import flags

from autokeras_nas_cli.parsing import Command, Existing, OneOf, Option, Whole

PAINT = Command(
    "paint",
    "Paints a wall.",
    "paint --colour=red",
    (
        Option("colour", "Its colour.", define=OneOf(("red", "green")), required=True),
        Option("coats", "How often.", 2, Whole(1)),
        Option("wet", "Whether it stays wet.", False, flags.DEFINE_boolean),
        Option("wall", "Which.", define=Existing()),
    ),
)


def test_options_become_values():
    values = PAINT.parse(["--colour=red", "--wet", "--wall=."])
    assert (values.colour, values.coats, values.wet, values.wall) == ("red", 2, True, ".")


def test_each_parse_begins_with_the_defaults():
    assert PAINT.parse(["--colour=red", "--coats=3"]).coats == 3
    assert PAINT.parse(["--colour=red"]).coats == 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "--colour is missing. For instance: paint --colour=red"),
        (["--colour=rad"], "Did you mean 'red'"),
        (["--colour=blue"], "There is no such name. Known: red, green."),
        (["--colour=red", "--coats=0"], "whole number of at least 1"),
        (["--colour=red", "--coats=-"], "whole number of at least 1"),
        (["--colour=red", "--wall=nowhere"], "no such file or folder"),
        (["--colour=red", "--brush=1"], "Unknown command line flag 'brush'"),
        (["--colour=red", "now"], "Only options `--name=value` may follow `paint`"),
    ],
)
def test_what_cannot_be_used_is_refused(words, message):
    with pytest.raises(flags.Error, match=message):
        PAINT.parse(words)


def test_a_check_sees_all_values():
    def check(values):
        raise flags.Error(f"{values.colour} twice")

    command = Command("paint", "", "", PAINT.options, check)
    with pytest.raises(flags.Error, match="red twice"):
        command.parse(["--colour=red"])


def test_help_says_what_an_option_takes():
    text = PAINT.help()
    assert "  --colour=...\n      Its colour. One of red, green. Needed." in text
    assert "  --coats=...\n      How often. Default: 2." in text
    assert "  --wet\n      Whether it stays wet.\n" in text
