from __future__ import annotations

import warnings

import numpy as np
import pytest

from autokeras_nas.data.columns import verdict, warn_of_columns

ROWS = 60
NUMBERS = np.random.default_rng(0).normal(size=ROWS)
CLASSES = np.arange(ROWS) % 3
NAMES = np.array(["low", "middle", "high"])


@pytest.mark.parametrize(
    ("column", "y", "text"),
    [
        (np.ones(ROWS), CLASSES, "one value"),
        (np.full(ROWS, np.nan), CLASSES, "one value"),
        (np.array(["same"] * ROWS), None, "one value"),
        (np.arange(ROWS) + 1000.0, CLASSES, "id"),
        (np.arange(ROWS)[::-1] * 1.0, NUMBERS, "id"),
        (np.array([f"user {k}" for k in range(ROWS)]), CLASSES, "id"),
        (CLASSES * 1.0, CLASSES, "target"),
        (NUMBERS, NUMBERS, "target"),
        (NAMES[CLASSES], CLASSES, "target"),
        (10.0 - CLASSES, NAMES[CLASSES], "target"),
        (CLASSES * 1.0, np.eye(3)[CLASSES], "target"),
    ],
)
def test_useless_and_telling_columns_are_found(column, y, text):
    assert text in verdict(column, y)


@pytest.mark.parametrize(
    ("column", "y"),
    [
        (NUMBERS, CLASSES),
        (NUMBERS, NUMBERS**2),  # Both differ in every row; that alone tells nothing.
        (np.arange(ROWS) * 2.0, CLASSES),
        (np.arange(ROWS) + 0.5, CLASSES),
        (NAMES[(CLASSES + (np.arange(ROWS) > 50)) % 3], CLASSES),
        (np.where(np.arange(ROWS) < 3, np.nan, np.arange(ROWS)), CLASSES),
        (CLASSES // 2 * 1.0, CLASSES),
        (np.arange(10.0), np.arange(10) % 2),  # Too few rows to tell.
    ],
)
def test_ordinary_columns_pass(column, y):
    assert verdict(column, y) is None


def test_one_warning_lists_all():
    table = {"id": np.arange(ROWS) * 1.0, "fine": NUMBERS, "same": np.ones(ROWS)}
    with pytest.warns(UserWarning) as caught:
        warn_of_columns(table, CLASSES)
    assert len(caught) == 1
    assert "'id' differs" in str(caught[0].message) and "'same' has" in str(caught[0].message)
    assert "fine" not in str(caught[0].message)


def test_nothing_is_said_of_ordinary_tables():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn_of_columns({"fine": NUMBERS}, CLASSES)
    assert caught == []
