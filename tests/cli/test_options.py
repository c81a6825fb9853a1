from __future__ import annotations

import pytest

from autokeras_nas.data import files
from autokeras_nas.oracles import ORACLES
from autokeras_nas.search_spaces import SEARCH_SPACES
from autokeras_nas.tasks import TASKS
from autokeras_nas.training import STOPPING_RULES
from autokeras_nas.training.zero_cost import SCORES
from autokeras_nas_cli import options
from autokeras_nas_cli.commands import RUN
from autokeras_nas_cli.options import COMMANDS


@pytest.mark.parametrize(
    ("names", "registry"),
    [
        (options.TASKS, TASKS),
        (options.SEARCH_SPACES, SEARCH_SPACES),
        (options.ORACLES, ORACLES),
        (options.STOPPING_RULES, STOPPING_RULES),
        (options.SCORES, SCORES),
    ],
)
def test_names_to_choose_from_are_those_registered(names, registry):
    assert sorted(names) == sorted(registry)


def test_tables_are_those_that_can_be_read():
    assert options.TABLES == files.TABLES


def test_every_command_is_run_by_a_function():
    assert list(RUN) == [command.name for command in COMMANDS]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_examples_can_be_parsed(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nas_results" / "auto_model").mkdir(parents=True)
    for name in ("train.csv", "test.csv"):
        (tmp_path / name).touch()
    words = command.example.split()
    assert words[:2] == ["autokeras-nas", command.name]
    given = dict(word.removeprefix("--").split("=") for word in words[2:])
    parsed = command.parse(words[2:])
    assert {name: str(parsed[name].value) for name in given} == given


def test_a_search_has_the_defaults_that_its_help_states():
    search = next(command for command in COMMANDS if command.name == "search")
    parsed = search.parse(["--tfds=mnist"])
    for option in search.options:
        if option.name != "tfds":
            assert parsed[option.name].value == option.default
