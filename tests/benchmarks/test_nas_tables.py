import json

import nas_tables
import pytest
import toy_table


@pytest.fixture
def path(tmp_path):
    return toy_table.write(tmp_path / "table.npz", toy_table.columns())


def test_command_prints_a_table_draws_and_keeps_results(path, tmp_path, capsys):
    results, picture = tmp_path / "results.jsonl", tmp_path / "regret.png"
    evolution = "regularized_evolution:population_size=5,tournament_size=3"
    arguments = [
        "random@3", evolution, "--seeds", "2", "--seconds", "2000", "--table", str(path),
        "--results", str(results), "--plot", str(picture),
    ]  # fmt: skip
    nas_tables.main(arguments)
    printed = capsys.readouterr().out
    seeds = {row.split(" | ")[0]: row.split(" | ")[1] for row in printed.splitlines()[2:]}
    assert seeds == {"| random": "3", f"| {evolution}": "2"}
    assert picture.is_file()
    lines = [json.loads(line) for line in results.read_text().splitlines()]
    assert [(line["searcher"], line["seed"]) for line in lines] == [
        ("random", 0), ("random", 1), ("random", 2), (evolution, 0), (evolution, 1),
    ]  # fmt: skip

    nas_tables.main(arguments)
    assert len(results.read_text().splitlines()) == 5
    assert capsys.readouterr().out == printed


def test_published_figures_are_shown_where_their_protocol_holds(path, capsys):
    arguments = ["random", "--seeds", "1", "--table", str(path)]
    nas_tables.main(arguments)
    assert "published: REINFORCE" in capsys.readouterr().out
    for other in (["--seconds", "2000"], ["--slots", "8"], ["--problem", "noise"]):
        nas_tables.main([*arguments, *other])
        assert "published" not in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments, told",
    [
        (["randm"], "no oracle 'randm'"),
        (["random", "--seeds", "0"], "at least 1"),
        (["random", "--table", "nowhere.npz"], "no table nowhere.npz"),
        (["random", "--problem", "imagenet"], "invalid choice"),
    ],
)
def test_what_is_wrong_is_told(arguments, told, path, capsys):
    with pytest.raises(SystemExit):
        nas_tables.parse_arguments(["--table", str(path), *arguments])
    assert told in capsys.readouterr().err
