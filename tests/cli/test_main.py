from __future__ import annotations

import subprocess
import sys

import pytest

from autokeras_nas_cli import run
from autokeras_nas_cli.main import COMMANDS


@pytest.mark.parametrize("arguments", [[], ["--help"], ["help"], ["-h"]])
def test_help_has_an_example_of_every_command(capsys, arguments):
    assert run(arguments) == 0
    text = capsys.readouterr().out
    for command in COMMANDS:
        assert f"{command.name}: " in text
        assert not command.options or command.example in text
    assert max(map(len, text.splitlines())) <= 100


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_help_of_a_command_lists_its_options(capsys, command):
    assert run([command.name, "--help"]) == 0
    text = capsys.readouterr().out
    assert all(f"--{option.name}" in text for option in command.options)
    assert max(map(len, text.splitlines())) <= 100


MISTAKES = [
    ("serch", "Did you mean 'search'"),
    ("search", "neither --data nor --tfds"),
    ("search --dat=a.csv", "Did you mean: data"),
    ("search a.csv", "Only options"),
    ("search --data=. --tfds=mnist", "both"),
    ("search --data=nowhere.csv --target=y", "nowhere.csv"),
    ("search --tfds=mnist --max_trials=0", "--max_trials=0: This must be a whole number of at"),
    ("search --tfds=mnist --epochs=many", "--epochs=many: This must be a whole number of at"),
    ("search --tfds=mnist --seed=1.5", "--seed=1.5: This must be a whole number"),
    ("search --tfds=mnist --task=regresion", "Did you mean 'regression'"),
    ("search --tfds=mnist --oracle=randm", "Did you mean 'random'"),
    ("search --tfds=mnist --search_space=chain", "Did you mean 'chain_cnn'"),
    ("search --tfds=mnist --validation_split=1", "a share between 0 and 1"),
    ("search --tfds=mnist --validation_split=half", "a share between 0 and 1"),
    ("search --tfds=mnist --validation_data=nowhere.csv", "nowhere.csv"),
    ("resume", "--project is missing"),
    ("resume --project=nowhere", "nowhere"),
    ("resume --project=. --data=. --tfds=mnist", "both"),
    ("predict --project=.", "--input is missing"),
    ("predict --project=. --input=nowhere.csv", "nowhere.csv"),
    ("export --project=.", "--output is missing"),
    ("export --project=. --output=m --format=word", "Known: keras, tf_saved_model, onnx, litert"),
]


@pytest.mark.parametrize(("line", "message"), MISTAKES)
def test_a_mistake_is_one_line_and_status_2(capsys, line, message):
    assert run(line.split()) == 2
    errors = capsys.readouterr().err
    assert errors.startswith("autokeras-nas: ") and message in errors
    assert errors.count("\n") == 1


def test_help_and_mistakes_load_neither_keras_nor_tensorflow():
    lines = ["--help", "search --help", *(line for line, _ in MISTAKES)]
    script = (
        "import sys\n"
        "from autokeras_nas_cli import run\n"
        f"statuses = [run(line.split()) for line in {lines!r}]\n"
        "assert set(statuses) == {0, 2}, statuses\n"
        "heavy = {'autokeras_nas', 'keras', 'numpy', 'pandas', 'tensorflow'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr


def interrupt(options):
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("search --tfds=mnist", "Stopped. What had finished is kept: `autokeras-nas resume`"),
        ("leaderboard --project=.", "Stopped.\n"),
    ],
)
def test_an_interrupted_command_says_what_is_left(capsys, monkeypatch, line, said):
    from autokeras_nas_cli.commands import RUN

    monkeypatch.setitem(RUN, line.split()[0], interrupt)
    assert run(line.split()) == 130
    assert said in capsys.readouterr().err
