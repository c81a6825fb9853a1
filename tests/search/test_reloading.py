from __future__ import annotations

import pytest

from autokeras_nas.search.reloading import unsaid_reload


def test_only_the_line_of_the_reload_is_left_out(capsys):
    with unsaid_reload():
        print("one")
        print("Reloading Tuner from a/tuner0.json")
        print("two", end="")
    assert capsys.readouterr().out == "one\ntwo"


def test_what_was_said_before_an_error_is_passed_on(capsys):
    with pytest.raises(ValueError), unsaid_reload():
        print("one")
        raise ValueError
    assert capsys.readouterr().out == "one\n"
