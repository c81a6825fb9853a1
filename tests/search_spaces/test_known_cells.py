"""Known cells: that they are the published networks."""

from __future__ import annotations

import json

import keras
import numpy as np
import pytest
from cell_outlines import VECTOR, build, outline

from autokeras_nas.architecture import InputSpec
from autokeras_nas.architecture.blocks import combined_states, read_cell
from autokeras_nas.search_spaces import NasnetCell
from autokeras_nas.search_spaces.known_cells import (
    AMOEBANET_A,
    NASNET_A,
    NASNET_MOBILE,
    PNASNET_5,
)

KNOWN = {"nasnet": NASNET_A, "amoebanet": AMOEBANET_A, "pnasnet": PNASNET_5}


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


@pytest.mark.parametrize("known", KNOWN.values(), ids=list(KNOWN))
def test_published_cells_are_legal_and_their_settings_survive_json(known):
    settings = json.loads(json.dumps(known.settings()))
    space = NasnetCell(**settings)
    assert space.grammar(InputSpec((32, 32, 3)), VECTOR).is_legal(known.values)
    config = json.loads(json.dumps(space.get_config()))
    assert NasnetCell(**config).get_config() == space.get_config() == config
