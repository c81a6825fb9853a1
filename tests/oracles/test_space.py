"""Space: KerasTuner's hyperparameters, copied without being written and read."""

import pytest
import toys

from autokeras_nas.oracles.space import Space


@pytest.fixture
def space():
    return Space.of(toys.mixed_space())


def test_copy_equals_what_kerastuner_copies(space):
    theirs = toys.mixed_space().copy()
    for ours in (space, space.copy()):
        assert isinstance(ours, Space)
        assert ours.get_config() == theirs.get_config()
        assert ours.values == theirs.values
        assert ours.to_proto() == theirs.to_proto()


def test_copy_shares_the_entries_alone(space):
    twin = space.copy()
    assert all(a is b for a, b in zip(space.space, twin.space, strict=True))
    twin.values["kind"] = "deep"
    twin.Int("late", 0, 3)
    assert space.values["kind"] == "plain"
    assert "late" not in space.values
    assert not space._exists("late", [])
    assert len(space.space) == len(twin.space) - 1


def test_new_entry_of_a_known_name_stays_in_its_copy(space):
    twin = space.copy()
    with twin.conditional_scope("kind", ["plain"]):
        twin.Int("depth", 1, 2)
    assert len(twin._hps["depth"]) == 2
    assert len(space._hps["depth"]) == 1


def test_copy_knows_which_entries_are_active(space):
    twin = space.copy()
    twin.values["kind"] = "wide"
    active = {h.name for h in twin.space if twin.is_active(h)}
    assert active == {"kind", "units", "rate", "norm", "width"}


def test_original_does_not_follow_its_space():
    original = toys.mixed_space()
    space = Space.of(original)
    space.Boolean("late")
    assert "late" not in original.values


def test_config_leads_back(space):
    again = Space.from_config(space.copy().get_config())
    assert again.get_config() == space.get_config()


def test_proto_leads_back_to_the_same_entries(space):
    # KerasTuner's proto groups entries by type and so forgets their order.
    again = Space.from_proto(space.copy().to_proto())
    assert sorted(h.name for h in again.space) == sorted(h.name for h in space.space)
    assert again.values == pytest.approx(space.values)
