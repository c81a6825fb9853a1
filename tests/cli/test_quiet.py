from __future__ import annotations

import os

import pytest

from autokeras_nas_cli.quiet import muted_stderr


def test_muted_lines_are_dropped(capfd):
    with muted_stderr():
        os.write(2, b"unheard\n")
    os.write(2, b"heard\n")
    assert capfd.readouterr().err == "heard\n"


def test_muted_lines_show_where_an_error_comes_out(capfd):
    with pytest.raises(ImportError), muted_stderr():
        os.write(2, b"heard\n")
        raise ImportError("broken")
    assert capfd.readouterr().err == "heard\n"


def test_an_interrupt_shows_no_muted_lines(capfd):
    with pytest.raises(KeyboardInterrupt), muted_stderr():
        os.write(2, b"unheard\n")
        raise KeyboardInterrupt
    assert capfd.readouterr().err == ""
