import json

import keras_tuner
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autokeras_nas.architecture import Budget, Proposal, decode, encode
from autokeras_nas.architecture.proposal import CONTROL_NAMES, MEASURES

bounded = settings(max_examples=50, deadline=None)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
counts = st.integers(0, 10**6)
values = st.dictionaries(
    texts.filter(lambda name: name not in CONTROL_NAMES),
    st.one_of(st.booleans(), st.integers(-(2**62), 2**62), st.floats(allow_nan=False), texts),
    max_size=5,
)
budgets = st.builds(
    Budget,
    epochs=counts,
    initial_epoch=counts,
    steps=counts,
    horizon=counts,
    data_share=st.just(1.0) | st.floats(1e-6, 1.0),
)
proposals = st.builds(
    Proposal,
    values,
    budgets,
    measure=st.sampled_from(MEASURES),
    parents=st.lists(texts, max_size=3).map(tuple),
    individual=texts,
    repeat=counts,
    payload=texts,
)


def through_protobuf(values):
    hp = keras_tuner.HyperParameters()
    hp.values = values
    message = hp.to_proto().SerializeToString()
    read = type(hp.to_proto()).FromString(message)
    return keras_tuner.HyperParameters.from_proto(read).values


def types(values):
    return {name: type(value) for name, value in values.items()}


@bounded
@given(proposals)
def test_decode_undoes_encode(proposal):
    decoded = decode(encode(proposal))
    assert decoded == proposal
    assert types(decoded.values) == types(proposal.values)


@bounded
@given(proposals)
def test_a_proposal_survives_the_protocol(proposal):
    decoded = decode(through_protobuf(encode(proposal)))
    assert decoded == proposal
    assert types(decoded.values) == types(proposal.values)


@bounded
@given(proposals)
def test_a_proposal_survives_json(proposal):
    decoded = decode(json.loads(json.dumps(encode(proposal))))
    assert decoded == proposal
    assert types(decoded.values) == types(proposal.values)


@bounded
@given(proposals, st.randoms())
def test_the_order_of_names_does_not_matter(proposal, random):
    items = list(encode(proposal).items())
    random.shuffle(items)
    assert decode(dict(items)) == proposal


@bounded
@given(values)
def test_defaults_do_not_travel(values):
    assert encode(Proposal(values)) == values
    assert Proposal(values).is_plain


def test_control_values_bear_kerastuners_names_where_it_has_one():
    budget = Budget(epochs=9, initial_epoch=3)
    encoded = encode(Proposal({"a": 1}, budget, measure="continue", parents=("07",)))
    assert encoded == {
        "a": 1,
        "tuner/epochs": 9,
        "tuner/initial_epoch": 3,
        "tuner/trial_id": "07",
        "nas/measure": "continue",
    }


@pytest.mark.parametrize(
    "proposal",
    [
        Proposal({}, Budget(epochs=1)),
        Proposal({}, measure="inherit"),
        Proposal({}, payload="{}"),
    ],
)
def test_what_asks_for_more_than_training_is_not_plain(proposal):
    assert not proposal.is_plain


def test_numpy_scalars_become_plain():
    proposal = Proposal({"a": np.int64(1), "b": np.float32(0.5), "c": np.bool_(True)})
    assert types(proposal.values) == {"a": int, "b": float, "c": bool}
    assert decode(through_protobuf(encode(proposal))) == proposal


def test_a_proposal_keeps_its_own_copy_of_the_values():
    values = {"a": 1}
    proposal = Proposal(values)
    values["a"] = 2
    assert proposal.values == {"a": 1}


def test_an_unknown_measure_is_refused():
    with pytest.raises(ValueError, match="must be one of.*'supernet'.*Received: 'guess'"):
        Proposal({}, measure="guess")


@pytest.mark.parametrize("name", ["epochs", "initial_epoch", "steps", "horizon"])
def test_a_negative_budget_is_refused(name):
    with pytest.raises(ValueError, match=f"`{name}` cannot be negative. Received: -1. Pass 0"):
        Budget(**{name: -1})


@pytest.mark.parametrize("share", [0.0, -0.5, 1.01, float("nan")])
def test_a_share_of_data_out_of_range_is_refused(share):
    with pytest.raises(ValueError, match=r"in \(0, 1\]. Received: .* Pass 1.0"):
        Budget(data_share=share)
