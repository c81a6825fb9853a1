"""Runs the quick tests under the oldest and the newest versions of what the package needs.

    python tests/versions.py                                  # both, everything quick
    python tests/versions.py --only newest --pre              # with releases that are to come
    python tests/versions.py --only oldest --pytest tests/cli # pytest's own arguments

Each set is installed into a virtual environment of its own, made anew under `build/versions/`,
2.7 GB each. The oldest set has the lower bounds of `setup.py` for what the package needs, and
the newest releases that go with them of everything else, such as pytest. Only the standard
library is needed here; no test is collected from this file.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import time
import venv
import xml.etree.ElementTree
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "build" / "versions"
SETS = ("oldest", "newest")

_ASK_REQUIREMENTS = """
import importlib.metadata, json
print(json.dumps(importlib.metadata.requires("autokeras-nas")))
"""
_ASK_VERSIONS = """
import importlib.metadata, json, sys
print(json.dumps({name: importlib.metadata.version(name) for name in sys.argv[1:]}))
"""


@dataclass(frozen=True)
class Outcome:
    """What became of one set.

    Attributes:
        versions: What was installed, by name.
        status: Of pytest; 0: all passed that could.
        results: Tests passed, failed and skipped, and the minutes that they took.
    """

    versions: Mapping[str, str]
    status: int
    results: Mapping[str, int | float]


class Environment:
    """A virtual environment with the package, editable, and what its tests need.

    Args:
        name: Of its folder.
    """

    def __init__(self, name: str):
        self.folder = FOLDER / name
        self.python = self.folder / "bin" / "python"

    def create(self, oldest: bool, pre: bool = False) -> None:
        """Makes it anew; the package's own metadata say what the lower bounds are."""
        venv.create(self.folder, clear=True, with_pip=True)
        self._pip("--no-deps", "--editable", str(ROOT))
        options = ["--pre"] if pre else []
        if oldest:
            pins = self.folder / "oldest.txt"
            pins.write_text("\n".join(lower_bounds(self.requirements())) + "\n")
            options += ["--constraint", str(pins)]
        self._pip(*options, "--editable", f"{ROOT}[test]")

    def requirements(self) -> list[str]:
        """The package's requirements, extras among them."""
        return json.loads(self._answer(_ASK_REQUIREMENTS))

    def versions(self) -> dict[str, str]:
        """What is installed of the package's direct requirements."""
        names = [pin.partition("==")[0] for pin in lower_bounds(self.requirements())]
        return json.loads(self._answer(_ASK_VERSIONS, *names))

    def test(self, arguments: Sequence[str]) -> Outcome:
        """Runs the quick tests, as chosen by pytest's arguments."""
        report = self.folder / "tests.xml"
        options = ["-q", "-m", "not slow", f"--junit-xml={report}"]
        begin = time.monotonic()
        status = subprocess.call([self.python, "-m", "pytest", *options, *arguments], cwd=ROOT)
        minutes = round((time.monotonic() - begin) / 60, 1)
        results = counts(report) if report.exists() else {}
        return Outcome(self.versions(), status, {**results, "minutes": minutes})

    def _pip(self, *arguments: str) -> None:
        command = [self.python, "-m", "pip", "install", "--quiet", *arguments]
        subprocess.run(command, check=True)

    def _answer(self, program: str, *arguments: str) -> str:
        command = [self.python, "-c", program, *arguments]
        return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout


def lower_bounds(requirements: Iterable[str]) -> list[str]:
    """The requirements outside extras, each pinned to its lower bound.

    Raises:
        ValueError: If one has no lower bound.
    """
    pins = []
    for requirement in requirements:
        if "extra ==" in requirement:
            continue
        bound = re.match(r"([\w.-]+)\s*>=\s*([\w.]+)", requirement)
        if bound is None:
            raise ValueError(
                "Each requirement of `setup.py` must read `name>=version`, so that the oldest "
                f"version can be tested. Received: {requirement!r}. Give it a lower bound."
            )
        pins.append("==".join(bound.groups()))
    return pins


def counts(report: Path) -> dict[str, int]:
    """Tests by result, of pytest's report in JUnit's form; errors are failures."""
    suite = next(xml.etree.ElementTree.parse(report).iter("testsuite"))
    total, failures, errors, skipped = (
        int(suite.attrib[name]) for name in ("tests", "failures", "errors", "skipped")
    )
    failed = failures + errors
    return {"passed": total - failed - skipped, "failed": failed, "skipped": skipped}


def table(outcomes: Mapping[str, Outcome]) -> str:
    """A Markdown table: a column for each set; rows of versions, then of results."""
    columns = [{**outcome.versions, **outcome.results} for outcome in outcomes.values()]
    rows = [["", *outcomes], ["---"] * (len(columns) + 1)]
    for name in dict.fromkeys(name for column in columns for name in column):
        rows.append([name, *(str(column.get(name, "")) for column in columns)])
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def main() -> int:
    """Tests the sets and prints their table; the status is 1 if one did not pass."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=SETS, help="test one set, not both")
    parser.add_argument("--pre", action="store_true", help="take releases to come as newest")
    parser.add_argument(
        "--pytest", nargs=argparse.REMAINDER, default=[], help="all that follows goes to pytest"
    )
    arguments = parser.parse_args()
    outcomes = {}
    for name in [arguments.only] if arguments.only else SETS:
        environment = Environment(name)
        environment.create(oldest=name == "oldest", pre=arguments.pre and name == "newest")
        outcomes[name] = environment.test(arguments.pytest)
    print(table(outcomes))
    return int(any(outcome.status for outcome in outcomes.values()))


if __name__ == "__main__":
    sys.exit(main())
