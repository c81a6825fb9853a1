"""NasnetCell: which cells there are, and which arguments it takes."""

from __future__ import annotations

import pytest
from cell_outlines import VECTOR, build, default, outline

from autokeras_nas.architecture import FeatureSpec, InputSpec
from autokeras_nas.errors import InvalidArchitectureError
from autokeras_nas.search_spaces import NasnetCell
from autokeras_nas.search_spaces.cell_operations import EIGHT_OPERATIONS, OPERATIONS
from autokeras_nas.search_spaces.known_cells import (
    NASNET_A,
)


@pytest.mark.parametrize(
    ("stem", "stride", "side"),
    [("cifar", None, 10), ("cifar", 1, 40), ("cifar", 2, 20), ("imagenet", 8, 5)],
)
def test_maps_have_the_stride_that_is_asked_for(stem, stride, side):
    settings = {"reductions": 2, "stem": stem}
    model = outline(
        default(), shape=(40, 40, 3), interface=FeatureSpec("map", stride=stride), **settings
    )
    assert model.output.shape[1:3] == (side, side)


@pytest.mark.parametrize(
    "interface",
    [FeatureSpec("map", stride=16), FeatureSpec("map", stride=3), FeatureSpec("sequence")],
)
def test_features_that_cannot_be_made_are_refused(interface):
    with pytest.raises(ValueError, match="Received"):
        NasnetCell().grammar(InputSpec((32, 32, 3)), interface)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"blocks": 1},
        {"blocks": 7, "operations": list(OPERATIONS), "merges": ["add", "concat"]},
        {"operations": ["max_5x5", "conv_3x3"], "merges": ["concat"]},
        {"shared_cell": True, "blocks": 5, "operations": list(EIGHT_OPERATIONS)},
        {"least_blocks": 1},
    ],
)
def test_default_is_legal_builds_and_uses_its_own_operations(settings):
    values = default(**settings)
    grammar = NasnetCell(**settings).grammar(InputSpec((32, 32, 3)), VECTOR)
    assert grammar.is_legal(values)
    assert len(outline(values, **settings).output.shape) == 2


def test_default_with_all_operations_is_nasnet_a():
    assert default(blocks=5, operations=list(OPERATIONS)) == NASNET_A.values


def test_cells_of_fewer_blocks_build_too():
    settings = {"shared_cell": True, "blocks": 3}
    grammar = NasnetCell(**settings).grammar(InputSpec((8, 8, 1)), VECTOR)
    smallest = next(iter(grammar.grow()))
    assert outline(smallest, shape=(8, 8, 1), **settings).output.shape[0] is None


@pytest.mark.parametrize("wrong", [{}, {"blocks": 3}, NASNET_A.values, {**default(), "more": 1}])
def test_illegal_values_are_invalid_architectures(wrong):
    with pytest.raises(InvalidArchitectureError, match="Received"):
        build(wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"operations": ["conv_9x9"]},
        {"operations": []},
        {"merges": ["multiply"]},
        {"blocks": 0},
        {"combine": "some"},
        {"stem": "mnist"},
        {"stem": "imagenet", "filters": 3},
        {"filters": 0},
        {"stem_filters": 0},
        {"cell_repeats": 0},
        {"reductions": -1},
        {"pool_padding": "valid"},
        {"drop_path_keep": 0.0},
    ],
)
def test_wrong_arguments_are_refused(wrong):
    with pytest.raises(ValueError, match="Received"):
        NasnetCell(**wrong)


@pytest.mark.parametrize(
    ("settings", "shape"),
    [
        ({}, (28, 28)),
        ({}, (28, 28, None)),
        ({"stem": "imagenet"}, (2, 28, 1)),
        ({"auxiliary_head": True}, (None, None, 3)),
    ],
)
def test_unsuitable_inputs_are_refused(settings, shape):
    with pytest.raises(ValueError, match="shape="):
        NasnetCell(**settings).grammar(InputSpec(shape), VECTOR)


def test_images_of_any_size_need_no_fixed_one():
    assert outline(default(), shape=(None, None, 3)).output.shape == (None, 48)
