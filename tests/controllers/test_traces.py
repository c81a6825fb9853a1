"""Traces: what a controller reads on its way through a grammar."""

import json

import pytest
import toys

from autokeras_nas.architecture import Decision, Grammar, HyperParameterGrammar
from autokeras_nas.controllers.traces import Question, Step, Trace, Walk, trace_of
from autokeras_nas.controllers.weights import Rows

MIXED = HyperParameterGrammar(toys.mixed_space())
DEEP = {"kind": "deep", "units": 16, "rate": 0.01, "norm": True, "depth": 3, "drop": 0.2}


class Skips(Grammar):
    """Three layers; each but the first may join each before it."""

    def options(self, prefix, progress=1.0):
        for layer in range(3):
            if f"layer_{layer}_size" not in prefix:
                return Decision.among(f"layer_{layer}_size", (8, 16))
            for earlier in range(layer):
                name = f"layer_{layer}_joins_{earlier}"
                if name not in prefix:
                    return Decision.among(name, (False, True), anchors=(f"layer_{earlier}",))
        return None


def read(grammar, values, **kwargs):
    names, choices = Rows(), Rows()
    return trace_of(grammar, values, Walk(names, choices), **kwargs), names, choices


def test_every_decision_is_a_step_that_reads_the_choice_before():
    trace, names, choices = read(MIXED, DEEP)
    asked = [d.name for d in MIXED.decisions(DEEP)]
    assert [names.keys[step.name] for step in trace.steps] == asked
    assert [question.step for question in trace.questions] == list(range(6))
    fed = [[choices.keys[number] for number in step.fed] for step in trace.steps]
    assert fed[0] == []
    assert fed[1] == [("depth" if asked[0] == "depth" else asked[0], repr(DEEP[asked[0]]))]
    assert all(len(of) == 1 for of in fed[1:])


def test_legal_choices_are_told_by_name_and_value():
    trace, _, choices = read(MIXED, DEEP)
    norm = next(
        question
        for question, decision in zip(trace.questions, MIXED.decisions(DEEP), strict=True)
        if decision.name == "norm"
    )
    assert [choices.keys[n] for n in norm.legal] == [("norm", "False"), ("norm", "True")]


def test_whole_numbers_are_not_truth_values():
    grammar = HyperParameterGrammar(toys.ordinal_space(1, 2))
    _, _, choices = read(grammar, {"c0": 1})
    assert choices.keys == [("c0", "0"), ("c0", "1")]


def test_a_float_stands_for_its_bin():
    trace, _, _ = read(MIXED, DEEP)
    decisions = list(MIXED.decisions(DEEP))
    place = [d.name for d in decisions].index("rate")
    assert len(trace.questions[place].legal) == len(decisions[place].choices) == 8
    assert decisions[place].choices[trace.chosen[place]].holds(0.01)


def test_values_that_are_no_architecture_have_no_trace():
    assert read(MIXED, {**DEEP, "units": 17})[0] is None
    assert read(MIXED, {**DEEP, "width": 3})[0] is None
    assert read(MIXED, {n: v for n, v in DEEP.items() if n != "drop"})[0] is None
    assert read(MIXED, DEEP)[0] is not None


def test_anchors_of_one_layer_share_a_step():
    values = {
        "layer_0_size": 8,
        "layer_1_size": 16,
        "layer_1_joins_0": True,
        "layer_2_size": 8,
        "layer_2_joins_0": False,
        "layer_2_joins_1": True,
    }
    trace, names, _ = read(Skips(), values)
    assert [names.keys[step.name] for step in trace.steps] == [
        "layer_0_size",
        "layer_1_size",
        "layer_1_joins_0",
        "layer_2_size",
        "layer_2_joins_0",
    ]
    assert [q.step for q in trace.questions] == [0, 1, 2, 3, 4, 4]
    # The last step of the layer joined: of layer 1 its own anchors.
    assert [q.joined for q in trace.questions] == [None, None, 0, None, 0, 2]


def test_answers_of_all_anchors_are_read_by_the_step_behind_them():
    walk = Walk(Rows(), choices := Rows())
    for decision, place in (
        (Decision.among("layer_0_size", (8,)), 0),
        (Decision.among("layer_1_size", (8,)), 0),
        (Decision.among("layer_2_joins_0", (False, True), anchors=("layer_0",)), 1),
        (Decision.among("layer_2_joins_1", (False, True), anchors=("layer_1",)), 0),
        (Decision.among("layer_3_size", (8,)), 0),
    ):
        walk.ask(decision)
        walk.answer(place)
    last = walk.trace().steps[-1]
    assert [choices.keys[n] for n in last.fed] == [
        ("layer_2_joins_0", "True"),
        ("layer_2_joins_1", "False"),
    ]


@pytest.mark.parametrize(
    "decision",
    [
        Decision.among("to", (False, True), anchors=("unheard_of",)),
        Decision.among("to", (False, True), anchors=("layer_1",)),
        Decision.among("to", (0, 1, 2), anchors=("layer_10",)),
        Decision.among("to", (False, True), anchors=("layer_10", "layer_10")),
    ],
)
def test_an_anchor_to_nothing_known_is_a_plain_decision(decision):
    walk = Walk(Rows(), Rows())
    walk.ask(Decision.among("layer_10_size", (8,)))
    walk.answer(0)
    assert walk.ask(decision).joined is None


def test_a_round_trip_through_json_loses_nothing():
    trace = Trace(
        (Step(0, ()), Step(3, (1, 2))), (Question(0, (1, 2)), Question(1, (0, 4), 0)), (1, 0)
    )
    assert Trace.from_json(json.loads(json.dumps(trace.to_json()))) == trace


def test_a_space_that_opens_up_is_read_as_far_as_it_was_open():
    class Opening(Grammar):
        def options(self, prefix, progress=1.0):
            choices = (1, 2, 3, 4)[: 2 if progress < 0.5 else 4]
            return None if "depth" in prefix else Decision.among("depth", choices)

    early, _, _ = read(Opening(), {"depth": 2}, progress=0.1)
    late, _, _ = read(Opening(), {"depth": 2}, progress=0.9)
    assert len(early.questions[0].legal) == 2 and len(late.questions[0].legal) == 4
    assert read(Opening(), {"depth": 3}, progress=0.1)[0] is None
