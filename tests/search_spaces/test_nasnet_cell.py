"""NasnetCell: what is built from cells, and that it is the published network."""

from __future__ import annotations

import json

import keras
import numpy as np
import pytest

from autokeras_nas.architecture import FeatureSpec, InputSpec
from autokeras_nas.architecture.blocks import Block, combined_states, read_cell, write_cells
from autokeras_nas.errors import InvalidArchitectureError
from autokeras_nas.layers import ScheduledDropPath
from autokeras_nas.search_spaces import NasnetCell
from autokeras_nas.search_spaces.cell_operations import EIGHT_OPERATIONS, OPERATIONS
from autokeras_nas.search_spaces.known_cells import (
    AMOEBANET_A,
    NASNET_A,
    NASNET_MOBILE,
    PNASNET_5,
)

VECTOR = FeatureSpec("vector")
MAP = FeatureSpec("map")
KNOWN = {"nasnet": NASNET_A, "amoebanet": AMOEBANET_A, "pnasnet": PNASNET_5}


def features(values, inputs, interface=VECTOR, **settings):
    spec = InputSpec(tuple(inputs.shape[1:]))
    return NasnetCell(**settings).trunk(values, inputs, spec, interface)


def build(values, shape=(32, 32, 3), interface=VECTOR, classes=None, **settings):
    inputs = keras.Input(shape)
    x = features(values, inputs, interface, **settings).main
    if classes:
        x = keras.layers.Dense(classes, name="logits")(x)
    return keras.Model(inputs, x)


def outline(values, **kwargs):
    """As `build`, without the memory and time of making variables."""
    with keras.StatelessScope(initialize_variables=False):
        return build(values, **kwargs)


def default(**settings):
    return NasnetCell(**settings).grammar(InputSpec((32, 32, 3)), VECTOR).default()


def sample(seed=0, **settings):
    grammar = NasnetCell(**settings).grammar(InputSpec((32, 32, 3)), VECTOR)
    return grammar.sample(np.random.default_rng(seed))


@pytest.mark.parametrize(
    ("shape", "classes", "parameters", "trainable"),
    [
        ((224, 224, 3), 1000, 5_326_716, 5_289_978),
        ((32, 32, 3), 10, 4_280_286, None),
    ],
)
def test_nasnet_a_has_the_parameters_of_nasnet_mobile(shape, classes, parameters, trainable):
    model = outline(NASNET_A.values, shape=shape, classes=classes, **NASNET_MOBILE)
    assert model.count_params() == parameters
    if trainable:
        assert sum(int(np.prod(w.shape)) for w in model.trainable_weights) == trainable


PLACES = {
    "stem_reduction_0": "stem_1",
    "stem_reduction_1": "stem_2",
    "reduction_0": "reduce_4",
    "reduction_1": "reduce_8",
    **{f"stage_{s}_cell_{k}": str(4 * s + k + (s > 0)) for s in range(3) for k in range(4)},
}


def keras_name(name):
    """What `keras.applications` calls a layer of ours.

    Ours is the cell's place followed by the part within; theirs the part followed by the place.
    """
    if name.startswith("stem_conv") or name.startswith("stem_norm"):
        return {"stem_conv": "stem_conv1", "stem_norm": "stem_bn1"}[name]
    for ours, theirs in PLACES.items():
        if name.startswith(ours):
            kind = "normal" if ours.startswith("stage") else "reduction"
            return keras_part(name.removeprefix(f"{ours}_"), kind) + theirs
    raise KeyError(name)


def keras_part(part, kind):
    if part.startswith("current"):
        return f"{kind}_conv_1_" if part.endswith("conv") else f"{kind}_bn_1_"
    if part.startswith("previous_path"):
        return f"adjust_conv_{int(part.split('_')[2]) + 1}_"
    if part.startswith("previous"):
        return "adjust_conv_projection_" if part.endswith("conv") else "adjust_bn_"
    _, block, _, half, order, what = part.split("_")
    side = ("left", "right")[int(half)]
    if kind == "reduction" and block == "4":
        block = "3"  # Theirs are numbered so.
    number = {"first": 1, "second": 2}[order]
    what = {"conv": "", "norm": "bn_"}[what]
    return f"separable_conv_{number}_{what}{kind}_{side}{int(block) + 1}_"


def with_weights_of(theirs, ours):
    weighted = [layer for layer in ours.layers if layer.weights]
    assert len(weighted) == sum(bool(layer.weights) for layer in theirs.layers)
    for layer in weighted:
        layer.set_weights(theirs.get_layer(keras_name(layer.name)).get_weights())
    return ours


@pytest.mark.slow
@pytest.mark.parametrize("side", [32, 45])
def test_nasnet_a_computes_what_nasnet_mobile_computes(side):
    shape = (side, side, 3)
    keras.utils.set_random_seed(0)
    theirs = keras.applications.NASNetMobile(shape, include_top=False, weights=None, pooling="avg")
    rng = np.random.default_rng(0)
    for weight in theirs.weights:
        if len(weight.shape) == 1:  # Of normalization: as they come, they do nothing.
            weight.assign(weight + rng.uniform(-0.2, 0.2, weight.shape))
    x = rng.normal(size=(2, *shape)).astype("float32")
    expected = theirs.predict(x, verbose=0)
    assert np.isfinite(expected).all() and expected.std() > 0
    ours = with_weights_of(theirs, build(NASNET_A.values, shape, **NASNET_MOBILE))
    np.testing.assert_allclose(
        ours.predict(x, verbose=0), expected, rtol=1e-3, atol=1e-4 * expected.max()
    )
    other = {**NASNET_MOBILE, "pool_padding": "same"}
    ours = with_weights_of(theirs, build(NASNET_A.values, shape, **other))
    assert np.abs(ours.predict(x, verbose=0) - expected).max() > 0.01 * expected.max()


def test_nasnet_a_large_has_88_9_million_parameters():
    large = {"cell_repeats": 6, "filters": 168, "stem_filters": 96, "skip_reduction_input": True}
    settings = {**NASNET_MOBILE, **large}
    model = outline(NASNET_A.values, shape=(331, 331, 3), classes=1000, **settings)
    assert model.count_params() / 1e6 == pytest.approx(88.9, abs=0.05)
    assert model.layers[-2].output.shape == (None, 4032)


def test_nasnet_a_of_the_paper_has_3_3_million_parameters_and_768_filters():
    settings = {"cell_repeats": 6, "filters": 32, "reductions": 2}
    model = outline(NASNET_A.values, classes=10, **NASNET_A.settings(), **settings)
    trained = sum(int(np.prod(w.shape)) for w in model.trainable_weights)
    assert trained / 1e6 == pytest.approx(3.3, abs=0.05)
    assert model.layers[-2].output.shape == (None, 768)


@pytest.mark.parametrize(
    ("known", "normal", "reduction"), [("nasnet", 6, 4), ("amoebanet", 4, 5), ("pnasnet", 5, 5)]
)
def test_published_cells_have_their_widths(known, normal, reduction):
    known, filters = KNOWN[known], 8
    model = outline(known.values, **known.settings(), filters=filters)
    widths = {layer.name: layer.output.shape[-1] for layer in model.layers}
    assert widths["stage_0_cell_0_output"] == filters * normal
    assert widths["reduction_0_output"] == 2 * filters * reduction
    assert widths["end_pool"] == 2 * filters * normal


@pytest.mark.parametrize(
    ("known", "normal", "reduction"),
    [("nasnet", 5, 3), ("amoebanet", 3, 3), ("pnasnet", 4, 4)],
)
def test_by_the_papers_rule_they_would_have_others(known, normal, reduction):
    # Counted in the sheets: for NASNet-A 5 F, for AmoebaNet-A states 3, 4, 6 and 3, 5, 6.
    known = KNOWN[known]
    names = ("cell", "cell") if known.shared else ("normal", "reduction")
    cells = [read_cell(known.values, name) for name in names]
    assert [len(combined_states(cell, "unused")) for cell in cells] == [normal, reduction]
    model = outline(known.values, **{**known.settings(), "combine": "unused"}, filters=4)
    assert model.output.shape == (None, 2 * 4 * normal)


@pytest.mark.parametrize("shape", [(32, 32, 3), (7, 9, 1), (1, 1, 2)])
@pytest.mark.parametrize("seed", range(4))
def test_normal_cells_keep_the_size_and_reductions_halve_it(seed, shape):
    settings = {
        "blocks": 4,
        "operations": list(OPERATIONS),
        "merges": ["add", "concat"],
        "reductions": 2,
    }
    values = sample(seed, **settings)
    model = outline(values, shape=shape, interface=MAP, **settings)
    side = [-(-n // 4) for n in shape[:2]]
    assert model.output.shape[1:3] == tuple(side)
    # An input or an added block brings F channels, a concatenating one twice as many.
    cell = read_cell(values, "normal")
    wide = [k > 1 and cell[k - 2].merge == "concat" for k in combined_states(cell, "unused")]
    assert model.output.shape[3] == 4 * 8 * (len(wide) + sum(wide))


def test_only_what_reads_an_input_has_strides():
    block = Block((0, 1), ("conv_3x3", "separable_3x3"))
    inner = Block((2, 1), ("conv_3x3", "max_3x3"))
    cells = {"normal": (block, inner), "reduction": (block, inner)}
    settings = {"blocks": 2, "operations": ["conv_3x3", "separable_3x3", "max_3x3"]}
    model = outline(write_cells(cells), **settings)
    strides = {layer.name: getattr(layer, "strides", None) for layer in model.layers}
    assert strides["reduction_0_block_0_half_0_conv"] == (2, 2)
    assert strides["reduction_0_block_0_half_1_first_conv"] == (2, 2)
    assert strides["reduction_0_block_0_half_1_second_conv"] == (1, 1)
    assert strides["reduction_0_block_1_half_0_conv"] == (1, 1)
    assert strides["reduction_0_block_1_half_1_pool"] == (2, 2)
    assert {strides[n] for n in strides if n.startswith("stage") and strides[n]} <= {
        (1, 1),
        (2, 2),
    }
    assert strides["stage_0_cell_0_block_0_half_0_conv"] == (1, 1)


def test_inputs_that_no_block_reads_are_fitted_and_join_the_output():
    block = Block((1, 1), ("identity", "identity"))
    cells = {"normal": (block,), "reduction": (block,)}
    model = outline(write_cells(cells), blocks=1, operations=["identity"], interface=MAP)
    names = {layer.name for layer in model.layers}
    # State 0 of a reduction cell is twice too large for its output.
    assert "reduction_0_output_0_path_1_conv" in names
    assert model.output.shape == (None, 16, 16, 2 * 16)
    everything = outline(
        write_cells(cells), blocks=1, operations=["identity"], interface=MAP, combine="all"
    )
    assert everything.output.shape == (None, 16, 16, 16)


def test_input_of_a_reduction_may_be_skipped():
    def previous(skip):
        settings = {**NASNET_MOBILE, "skip_reduction_input": skip, "cell_repeats": 2}
        model = outline(NASNET_A.values, **settings)
        read = model.get_layer("stage_1_cell_0_previous_relu").input
        return read._keras_history.operation.name

    assert previous(False) == "stage_0_cell_1_output"
    assert previous(True) == "stage_0_cell_0_output"


def test_layers_are_named_by_their_place_and_stay_so_in_larger_networks():
    def shapes(**settings):
        model = outline(default(), **settings)
        return {w.path: w.shape for layer in model.layers for w in layer.weights}

    # The first cells of each row read the same in both networks.
    small, large = shapes(reductions=1, cell_repeats=2), shapes(reductions=2, cell_repeats=3)
    changed = {path for path in small if small[path] != large.get(path)}
    assert not changed
    assert any(path.startswith("reduction_0_block_0_half_1_first_conv") for path in small)


def test_filters_double_with_each_reduction():
    model = outline(default(), reductions=2, filters=5)
    widths = [model.get_layer(f"stage_{stage}_cell_0_current_conv").filters for stage in range(3)]
    assert widths == [5, 10, 20]
    assert model.get_layer("stem_conv").filters == 15


def drop_rates(values, **settings):
    model = outline(values, **settings)
    return {layer.name: layer.rate for layer in model.layers if type(layer) is ScheduledDropPath}


def test_deeper_cells_drop_more_paths_and_never_an_identity():
    cell = (Block((0, 1), ("conv_1x1", "identity")),)
    values = write_cells({"normal": cell, "reduction": cell})
    rates = drop_rates(values, blocks=1, cell_repeats=2, drop_path_keep=0.6)
    places = ["stage_0_cell_0", "stage_0_cell_1", "reduction_0", "stage_1_cell_0", "stage_1_cell_1"]
    assert list(rates) == [f"{place}_block_0_half_0_drop" for place in places]
    np.testing.assert_allclose(list(rates.values()), 0.4 * np.arange(1, 6) / 5)
    assert not drop_rates(values, blocks=1)


def test_auxiliary_features_come_from_before_the_last_reduction():
    settings = {"reductions": 2, "filters": 4, "auxiliary_head": True}
    with keras.StatelessScope(initialize_variables=False):
        inputs, small = keras.Input((32, 32, 3)), keras.Input((6, 6, 1))
        auxiliary = features(default(), inputs, **settings).auxiliary
        of_small = features(default(), small, **settings).auxiliary
        without = features(default(), inputs, **{**settings, "reductions": 0}).auxiliary
        model = keras.Model(inputs, auxiliary)
    assert [x.shape for x in auxiliary] == [x.shape for x in of_small] == [(None, 768)]
    assert without == ()
    assert model.get_layer("auxiliary_relu").input.shape[1:3] == (16, 16)
    names = {layer.name for layer in model.layers}
    assert "stage_1_cell_0_output" in names and "reduction_1_output" not in names
    # Its convolution sees all of the 4 x 4 places that pooling leaves.
    assert model.get_layer("auxiliary_whole_conv").kernel_size == (4, 4)


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


@pytest.mark.parametrize("known", KNOWN.values(), ids=list(KNOWN))
def test_published_cells_are_legal_and_their_settings_survive_json(known):
    settings = json.loads(json.dumps(known.settings()))
    space = NasnetCell(**settings)
    assert space.grammar(InputSpec((32, 32, 3)), VECTOR).is_legal(known.values)
    config = json.loads(json.dumps(space.get_config()))
    assert NasnetCell(**config).get_config() == space.get_config() == config


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
