"""Cell networks: sizes, widths, names and dropped paths, wherever a cell stands."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from cell_outlines import MAP, default, features, outline, sample

from autokeras_nas.architecture.blocks import Block, combined_states, read_cell, write_cells
from autokeras_nas.layers import ScheduledDropPath
from autokeras_nas.search_spaces.cell_network import Place, Skeleton
from autokeras_nas.search_spaces.cell_operations import OPERATIONS, Style
from autokeras_nas.search_spaces.known_cells import (
    NASNET_A,
    NASNET_MOBILE,
)


def skeleton(**settings):
    common = {
        "stem": "cifar",
        "stem_filters": 6,
        "filters": 4,
        "repeats": 1,
        "reductions": 1,
        "skip_reduction_input": False,
        "drop_path_keep": 1.0,
        "style": Style(),
    }
    return Skeleton(**{**common, **settings})


def test_places_worked_out_by_hand():
    assert list(skeleton(repeats=2).places()) == [
        Place("stage_0_cell_0", 4, False),
        Place("stage_0_cell_1", 4, False),
        Place("reduction_0", 8, True),
        Place("stage_1_cell_0", 8, False),
        Place("stage_1_cell_1", 8, False),
    ]
    assert list(skeleton(stem="imagenet", reductions=0).places()) == [
        Place("stem_reduction_0", 1, True),
        Place("stem_reduction_1", 2, True),
        Place("stage_0_cell_0", 4, False),
    ]


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
