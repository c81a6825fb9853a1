"""Strategies for KerasTuner spaces, and KerasTuner's own view of what is active in them."""

from __future__ import annotations

import itertools

import keras_tuner
from hypothesis import strategies as st
from keras_tuner.src.engine.hyperparameters import hp_types

# Names whose order is easily got wrong: numbers by size, leading zeros, digits that are no number.
_NAMES = ["units_2", "units_10", "a1", "a01", "block/rate", "x1²", "kind", "Kind", "7", "norm"]
_CHOICES = st.one_of(
    st.lists(st.sampled_from(["", "1", "relu", "Öl", "True"]), min_size=1, max_size=3, unique=True),
    st.lists(st.integers(-2, 2), min_size=1, max_size=3, unique=True),
    st.lists(st.sampled_from([-1.5, 0.0, 0.1, 1.0, 1e-7]), min_size=1, max_size=3, unique=True),
    st.lists(st.booleans(), min_size=1, max_size=2, unique=True),
)
_SAMPLINGS = st.sampled_from(["linear", "log", "reverse_log"])


@st.composite
def ints(draw, name="x"):
    """An int entry, with or without step, few values or many."""
    sampling = draw(_SAMPLINGS)
    low = draw(st.integers(1 if sampling != "linear" else -1000, 1000))
    high = low + draw(st.one_of(st.integers(0, 8), st.integers(60, 70), st.integers(0, 10**6)))
    step = draw(st.none() | st.integers(2, 20))
    return hp_types.Int(name, low, high, step=step, sampling=sampling)


@st.composite
def floats(draw, name="x"):
    """A float entry, with or without step."""
    sampling = draw(_SAMPLINGS)
    low = draw(st.floats(1e-6, 10.0) if sampling != "linear" else st.floats(-10.0, 10.0))
    high = low + draw(st.just(0.0) | st.floats(1e-3, 1e4))
    steps = st.floats(1.05, 10.0) if sampling != "linear" else st.sampled_from([0.1, 0.25, 1.0])
    return hp_types.Float(name, low, high, step=draw(st.none() | steps), sampling=sampling)


@st.composite
def binned_ints(draw, name="x"):
    """An int entry of too many values to be offered one by one."""
    sampling = draw(_SAMPLINGS)
    low = draw(st.integers(1 if sampling != "linear" else -1000, 1000))
    high = low + draw(st.integers(64, 70) | st.integers(64, 10**6))
    return hp_types.Int(name, low, high, sampling=sampling)


@st.composite
def binned_floats(draw, name="x"):
    """A float entry without step."""
    sampling = draw(_SAMPLINGS)
    low = draw(st.floats(1e-6, 10.0) if sampling != "linear" else st.floats(-10.0, 10.0))
    return hp_types.Float(name, low, low + draw(st.floats(1e-3, 1e4)), sampling=sampling)


@st.composite
def values_in_binned_entries(draw):
    """An entry of too many values to be offered one by one, and a value of its range."""
    entry = draw(binned_ints() | binned_floats())
    numbers = st.integers if isinstance(entry, hp_types.Int) else st.floats
    return entry, draw(numbers(entry.min_value, entry.max_value))


@st.composite
def small_entries(draw, name="x"):
    """An entry of at most three values."""
    kind = draw(st.sampled_from(["choice", "int", "float", "boolean", "fixed"]))
    if kind == "choice":
        values = draw(_CHOICES)
        return hp_types.Choice(name, values, default=draw(st.none() | st.sampled_from(values)))
    if kind == "int":
        return hp_types.Int(name, 1, draw(st.integers(1, 3)), default=1)
    if kind == "float":
        return hp_types.Float(name, 0.5, draw(st.sampled_from([0.5, 1.0, 1.5])), step=0.5)
    if kind == "boolean":
        return hp_types.Boolean(name, default=draw(st.booleans()))
    return hp_types.Fixed(name, draw(st.sampled_from(["s", 3, 0.5, True, False])))


def entries(name):
    """An entry of any kind."""
    return st.one_of(small_entries(name), ints(name), floats(name))


@st.composite
def spaces(draw, entry=entries, flat=False, shared_names=True):
    """A KerasTuner space.

    Args:
        entry: A function of a name that gives a strategy for its entry.
        flat: Whether to leave out conditions.
        shared_names: Whether one name may stand for several entries under different conditions.
    """
    hp = keras_tuner.HyperParameters()
    names = draw(st.lists(st.sampled_from(_NAMES), min_size=1, max_size=4, unique=True))
    for name in names:
        hp.merge([draw(entry(name))])
    if flat:
        return hp
    parents = [e for e in hp.space if isinstance(e, (hp_types.Choice, hp_types.Boolean))]
    for number, parent in enumerate(parents[:2]):
        for value in draw(st.lists(st.sampled_from(list(parent.values)), max_size=2, unique=True)):
            # Names before and after their parents': natural order alone would misplace some.
            name = draw(st.sampled_from(["Above", "zero"])) + str(number)
            if not shared_names:
                name += repr(value)
            with hp.conditional_scope(parent.name, [value]):
                child = draw(entry(name))
                child.conditions = list(hp._conditions)
                hp.merge([child])
    return hp


def active_names(hp, values):
    """The names that KerasTuner holds to be active under some values."""
    hp = hp.copy()
    hp.values = dict(values)
    return {entry.name for entry in hp.space if hp.is_active(entry)}


def brute_force(hp):
    """All combinations of values in which just the active entries have one of their own."""
    absent = object()
    pools = {}
    for entry in hp.space:
        pools.setdefault(entry.name, [absent]).extend(entry.values)
    view = hp.copy()
    for combination in itertools.product(*pools.values()):
        values = {n: v for n, v in zip(pools, combination, strict=True) if v is not absent}
        view.values = values
        active = [entry for entry in view.space if view.is_active(entry)]
        if {entry.name for entry in active} == values.keys() and all(
            any(type(v) is type(values[e.name]) and v == values[e.name] for v in e.values)
            for e in active
        ):
            yield dict(values)
