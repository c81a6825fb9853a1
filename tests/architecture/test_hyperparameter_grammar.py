import itertools
import math

import hyperparameter_spaces as spaces
import keras_tuner
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from keras_tuner.src.engine.hyperparameters import hp_types

from autokeras_nas.architecture import HyperParameterGrammar, canonical_text
from autokeras_nas.architecture.hyperparameter_grammar import NUM_BINS, Bin

bounded = settings(max_examples=50, deadline=None)
seeds = st.integers(0, 2**32)
small_spaces = spaces.spaces(spaces.small_entries)


def rng(seed):
    return np.random.default_rng(seed)


def space_of(entries):
    hp = keras_tuner.HyperParameters()
    hp.merge(list(entries))
    return hp


def choices_of(entry):
    """The choices for a lone entry."""
    return HyperParameterGrammar(space_of([entry])).options({}).choices


def bins_of(entry):
    choices = choices_of(entry)
    assume(isinstance(choices[0], Bin))
    return choices


def assert_sound(hp, grammar, values):
    assert grammar.is_legal(values)
    assert all(type(value) in (int, float, str, bool) for value in values.values())
    assert values.keys() == spaces.active_names(hp, values)


class Extreme:
    """A generator that always draws the same number."""

    def __init__(self, number):
        self.number = number

    def random(self):
        return self.number


ENDS = (0.0, math.nextafter(1.0, 0.0))


@bounded
@given(spaces.spaces(), seeds)
def test_samples_are_legal_and_complete(hp, seed):
    grammar = HyperParameterGrammar(hp)
    assert_sound(hp, grammar, grammar.sample(rng(seed)))


@bounded
@given(spaces.spaces(), seeds)
def test_mutations_are_legal_and_complete(hp, seed):
    grammar, chance = HyperParameterGrammar(hp), rng(seed)
    values = grammar.sample(chance)
    for rate in (None, 0.5, None, 1.0):
        values = grammar.mutate(values, chance, rate)
        assert_sound(hp, grammar, values)


@bounded
@given(spaces.spaces(), seeds, st.data())
def test_completion_is_legal_and_keeps_what_it_can(hp, seed, data):
    grammar = HyperParameterGrammar(hp)
    values = grammar.sample(rng(seed))
    kept = {name: value for name, value in values.items() if data.draw(st.booleans())}
    completed = grammar.complete({**kept, "unknown": 1}, rng(seed + 1))
    assert_sound(hp, grammar, completed)
    # A child stays only if its parent, perhaps redrawn, still lets it.
    roots = {entry.name for entry in hp.space if not entry.conditions}
    assert all(completed[name] == value for name, value in kept.items() if name in roots)


@bounded
@given(spaces.spaces(shared_names=False), seeds)
def test_kerastuner_neither_adds_nor_removes_a_value(hp, seed):
    values = HyperParameterGrammar(hp).sample(rng(seed))
    hp.values = dict(values)
    hp.ensure_active_values()
    assert hp.values == values


@bounded
@given(spaces.spaces(), seeds)
def test_a_mutation_changes_something_where_something_is_open(hp, seed):
    grammar, chance = HyperParameterGrammar(hp), rng(seed)
    values = grammar.sample(chance)
    is_open = any(len(decision.choices) > 1 for decision in grammar.decisions(values))
    for _ in range(5):
        assert (grammar.mutate(values, chance) != values) == is_open


@bounded
@given(spaces.spaces(flat=True), seeds)
def test_a_mutation_changes_one_decision_of_a_flat_space(hp, seed):
    grammar, chance = HyperParameterGrammar(hp), rng(seed)
    values = grammar.sample(chance)
    assume(any(len(decision.choices) > 1 for decision in grammar.decisions(values)))
    for _ in range(5):
        child = grammar.mutate(values, chance)
        assert sum(child[name] != value for name, value in values.items()) == 1


def test_a_mutation_changes_an_int_at_the_edge_of_its_bin():
    hp = keras_tuner.HyperParameters()
    hp.Int("x", 1, 1000, sampling="log")
    grammar, chance = HyperParameterGrammar(hp), rng(0)
    # The second of eight bins starts at 2.37: a draw of the first may give 2 as well.
    assert 2 not in {grammar.mutate({"x": 2}, chance)["x"] for _ in range(500)}


@bounded
@given(spaces.spaces(), seeds)
def test_rate_zero_changes_nothing(hp, seed):
    grammar = HyperParameterGrammar(hp)
    values = grammar.sample(rng(seed))
    assert grammar.mutate(values, rng(seed), rate=0.0) == values


@bounded
@given(small_spaces)
def test_enumerate_gives_just_the_legal_set(hp):
    listed = [canonical_text(values) for values in HyperParameterGrammar(hp).enumerate()]
    expected = {canonical_text(values) for values in spaces.brute_force(hp)}
    assert len(listed) == len(set(listed))
    assert set(listed) == expected


@bounded
@given(small_spaces, seeds)
def test_sampling_reaches_every_architecture(hp, seed):
    grammar, chance = HyperParameterGrammar(hp), rng(seed)
    missing = {canonical_text(values) for values in grammar.enumerate()}
    assume(len(missing) <= 30)
    for _ in range(10_000):
        missing.discard(canonical_text(grammar.sample(chance)))
        if not missing:
            break
    assert not missing


@bounded
@given(spaces.spaces(), seeds, st.randoms())
def test_the_order_of_entries_does_not_matter(hp, seed, random):
    shuffled = list(hp.space)
    random.shuffle(shuffled)
    regrouped = keras_tuner.HyperParameters.from_proto(hp.to_proto())
    first = HyperParameterGrammar(hp)
    for other in (space_of(shuffled), regrouped):
        second = HyperParameterGrammar(other)
        one, two = rng(seed), rng(seed)
        for _ in range(5):
            assert list(first.sample(one).items()) == list(second.sample(two).items())


@bounded
@given(spaces.spaces(spaces.small_entries, shared_names=False))
def test_default_is_legal_and_the_entries_own(hp):
    grammar = HyperParameterGrammar(hp)
    default = grammar.default()
    assert_sound(hp, grammar, default)
    assert default == {e.name: e.default for e in hp.space if e.name in default}


@bounded
@given(spaces.spaces())
def test_default_is_legal(hp):
    grammar = HyperParameterGrammar(hp)
    # KerasTuner's default of a numeric entry is its minimum, which a falling lattice may lack.
    assume(all(getattr(entry, "sampling", "linear") != "reverse_log" for entry in hp.space))
    assert_sound(hp, grammar, grammar.default())


@bounded
@given(spaces.spaces(), seeds)
def test_declaring_gives_the_same_grammar(hp, seed):
    grammar, declared = HyperParameterGrammar(hp), keras_tuner.HyperParameters()
    grammar.declare(declared)
    assert HyperParameterGrammar(declared).sample(rng(seed)) == grammar.sample(rng(seed))


def test_an_empty_space_has_one_architecture_and_no_default():
    grammar = HyperParameterGrammar(keras_tuner.HyperParameters())
    assert list(grammar.enumerate()) == [{}]
    assert grammar.default() is None


@pytest.mark.parametrize("name", ["tuner/epochs", "nas/measure", "nas/mine"])
def test_control_names_are_refused(name):
    with pytest.raises(ValueError, match=f"Received a hyperparameter named '{name}'. Rename"):
        HyperParameterGrammar(space_of([hp_types.Int(name, 1, 2)]))


@pytest.mark.parametrize("name", ["tuner", "nas", "my/tuner/epochs", "naso/x"])
def test_similar_names_are_allowed(name):
    assert HyperParameterGrammar(space_of([hp_types.Int(name, 1, 2)])).default() == {name: 1}


def test_one_name_has_the_entry_that_its_parent_value_selects():
    hp = keras_tuner.HyperParameters()
    kind = hp.Choice("kind", ["few", "many"])
    with hp.conditional_scope("kind", ["few"]):
        hp.Int("units", 1, 2)
    with hp.conditional_scope("kind", ["many"]):
        hp.Int("units", 8, 9)
    assert kind == "few"
    assert list(HyperParameterGrammar(hp).enumerate()) == [
        {"kind": "few", "units": 1},
        {"kind": "few", "units": 2},
        {"kind": "many", "units": 8},
        {"kind": "many", "units": 9},
    ]


def test_booleans_among_choices_become_ints_as_kerastuner_has_them():
    assert [choice.value for choice in choices_of(hp_types.Choice("x", [True, False]))] == [1, 0]
    fixed = choices_of(hp_types.Fixed("x", True))[0]
    assert fixed.holds(True)
    assert not fixed.holds(1)


@pytest.mark.parametrize("sampling", ["linear", "log"])
def test_floats_have_eight_bins(sampling):
    assert NUM_BINS == 8
    assert len(choices_of(hp_types.Float("x", 1e-3, 1.0, sampling=sampling))) == 8


def test_huge_int_ranges_are_binned_and_small_ones_exact():
    assert len(choices_of(hp_types.Int("x", 1, 10**9))) == 8
    assert [choice.value for choice in choices_of(hp_types.Int("x", -2, 2))] == [-2, -1, 0, 1, 2]
    assert len(choices_of(hp_types.Int("x", 1, 64, sampling="log"))) == 64


@bounded
@given(st.one_of(spaces.binned_floats(), spaces.binned_ints()), seeds)
def test_a_drawn_value_lies_in_just_the_bin_it_was_drawn_in(entry, seed):
    bins, chance = bins_of(entry), rng(seed)
    for position, part in enumerate(bins):
        for source in (chance, chance, chance, *map(Extreme, ENDS)):
            value = part.draw(source)
            assert [k for k, other in enumerate(bins) if other.holds(value)] == [position]


@bounded
@given(spaces.values_in_binned_entries())
def test_every_value_of_a_range_lies_in_one_bin(entry_and_value):
    entry, value = entry_and_value
    bins = bins_of(entry)
    assert sum(part.holds(value) for part in bins) == 1
    assert bins[0].holds(entry.min_value)
    assert bins[-1].holds(entry.max_value)


@pytest.mark.parametrize("value", [0.5, 2.5, True, "1.5", None, math.nan, math.inf])
def test_what_is_out_of_range_or_no_number_lies_in_no_bin(value):
    bins = choices_of(hp_types.Float("x", 1.0, 2.0))
    assert not any(part.holds(value) for part in bins)


def test_an_int_range_holds_no_floats():
    assert not any(part.holds(5.0) for part in choices_of(hp_types.Int("x", 1, 1000)))


@bounded
@given(st.one_of(spaces.floats(), spaces.ints()))
def test_few_steps_are_kerastuners_own_values(entry):
    assume(entry.step is not None and entry.min_value < entry.max_value)
    own = list(itertools.islice(entry.values, 65))
    assume(len(own) <= 64)
    kind = int if isinstance(entry, hp_types.Int) else float
    assert [choice.value for choice in choices_of(entry)] == [kind(value) for value in own]


def test_logarithmic_bins_are_equal_in_orders_of_magnitude():
    bins = choices_of(hp_types.Float("x", 1e-8, 1.0, sampling="log"))
    for k, part in enumerate(bins):
        assert part.holds(3 * 10.0 ** (k - 8))
        assert 10.0 ** (k - 8) <= part.draw(rng(k)) < 10.0 ** (k - 7)


def test_logarithmic_samples_are_uniform_in_the_logarithm():
    hp = keras_tuner.HyperParameters()
    hp.Float("x", 1e-4, 1.0, sampling="log")
    grammar, chance = HyperParameterGrammar(hp), rng(0)
    decades = [math.floor(math.log10(grammar.sample(chance)["x"])) for _ in range(4000)]
    counts = np.bincount(np.array(decades) + 4, minlength=4)
    # Chi-square with 3 degrees of freedom: above 16.3 once in a thousand.
    assert ((counts - 1000) ** 2 / 1000).sum() < 16.3


def test_natural_order_decides_among_entries():
    hp = keras_tuner.HyperParameters()
    for name in ("units_10", "units_2", "b", "a1²", "a1", "a01"):
        hp.Boolean(name)
    order = list(HyperParameterGrammar(hp).sample(rng(0)))
    assert order == ["a01", "a1", "a1²", "b", "units_2", "units_10"]


def test_an_architecture_from_before_the_space_grew_is_completed_by_a_mutation():
    hp = keras_tuner.HyperParameters()
    hp.Choice("x", [1, 2])
    before = HyperParameterGrammar(hp).sample(rng(0))
    hp.Choice("late", [1, 2, 3])
    grown = HyperParameterGrammar(hp)
    for rate in (None, 0.0, 0.5):
        assert grown.is_legal(grown.mutate(before, rng(1), rate))
