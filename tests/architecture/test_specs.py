import dataclasses
import json

import pytest

from autokeras_nas.architecture import Features, FeatureSpec, InputSpec


def test_specs_are_values():
    assert InputSpec((32, 32, 3)) == InputSpec((32, 32, 3), dtype="float32")
    assert len({InputSpec((None,)), InputSpec((None,)), InputSpec((None,), "int32")}) == 2
    assert FeatureSpec("pyramid", levels=(3, 4)) != FeatureSpec("pyramid", levels=(3, 5))


@pytest.mark.parametrize("spec", [InputSpec((8,)), FeatureSpec(), Features(main=None)])
def test_specs_are_frozen(spec):
    name = dataclasses.fields(spec)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(spec, name, None)


def test_a_task_that_says_nothing_takes_a_vector():
    assert FeatureSpec() == FeatureSpec(kind="vector", stride=None, levels=())


def test_a_trunk_has_no_auxiliary_ends_by_itself():
    assert Features(main="x").auxiliary == ()


def test_an_input_survives_json():
    spec = InputSpec((None, 5), "int32", vocabularies=(3, 7))
    assert InputSpec.from_config(json.loads(json.dumps(dataclasses.asdict(spec)))) == spec
