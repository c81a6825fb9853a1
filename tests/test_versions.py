"""The script that tests the oldest and the newest versions: what it asks for and what it tells."""

import importlib.metadata

import pytest
import versions


def test_lower_bounds_become_pins_and_extras_are_left_out():
    requirements = ["keras>=3.6", "tensorboard >= 2.18,<3", 'ray>=2.40; extra == "ray"']
    assert versions.lower_bounds(requirements) == ["keras==3.6", "tensorboard==2.18"]


@pytest.mark.parametrize("requirement", ["keras", "keras<4", "keras==3.6"])
def test_a_requirement_needs_a_lower_bound(requirement):
    with pytest.raises(ValueError, match=f"Received: '{requirement}'"):
        versions.lower_bounds([requirement])


def test_every_requirement_of_the_package_has_a_lower_bound():
    pins = versions.lower_bounds(importlib.metadata.requires("autokeras-nas"))
    assert {"keras", "numpy", "tensorflow"} <= {pin.partition("==")[0] for pin in pins}


def test_results_are_counted_from_the_report(tmp_path):
    report = tmp_path / "tests.xml"
    report.write_text(
        '<testsuites><testsuite tests="9" failures="2" errors="1" skipped="3"/></testsuites>'
    )
    assert versions.counts(report) == {"passed": 3, "failed": 3, "skipped": 3}


def test_table_has_a_column_for_each_set():
    outcomes = {
        "oldest": versions.Outcome({"keras": "3.6.0"}, 0, {"passed": 5, "minutes": 0.1}),
        "newest": versions.Outcome({"keras": "3.15.1"}, 2, {"minutes": 0.2}),
    }
    assert versions.table(outcomes).splitlines() == [
        "|  | oldest | newest |",
        "| --- | --- | --- |",
        "| keras | 3.6.0 | 3.15.1 |",
        "| passed | 5 |  |",
        "| minutes | 0.1 | 0.2 |",
    ]
