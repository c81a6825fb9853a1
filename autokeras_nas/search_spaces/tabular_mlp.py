"""TabularMlp: networks on tables, of dense layers over embedded columns."""

from __future__ import annotations

from collections.abc import Mapping
from operator import index
from typing import Any

import keras
import keras_tuner

from autokeras_nas.architecture import (
    Features,
    FeatureSpec,
    HyperParameterGrammar,
    InputSpec,
    Value,
)
from autokeras_nas.search_spaces.base import (
    SEARCH_SPACES,
    SearchSpace,
    check_vector,
    legal_values,
)
from autokeras_nas.search_spaces.table_layers import (
    Columns,
    MemberDense,
    MemberMean,
    MemberScale,
    PeriodicEncoding,
    PiecewiseLinearEncoding,
)

_EXPANSION = 2


@SEARCH_SPACES.register("tabular_mlp")
class TabularMlp(SearchSpace):
    """Dense networks on tables, plain or residual, over columns that are encoded one by one.

    On tables, how a column enters decides as much as what follows. A category enters by an
    embedding of `min(largest_embedding, (vocabulary + 1) // 2)` numbers. A number enters as
    it is (`"plain"`), or beside that as a vector: its `"piecewise"` linear encoding, or that
    (`"piecewise_dense"`) or its `"periodic"` encoding through a dense layer of its column's own
    with ReLU (the papers' PLE, PLE-LR and PLR; that the number itself stays in is ours). Then
    come blocks (norm left out where `normalization` is none):

        plain     x -> dropout(activation(norm(dense(x))))
        residual  x -> x + dropout(dense(dropout(activation(dense(norm(x))))))

    where a residual network begins with a dense layer, is twice as wide within a block, and
    ends with norm and activation. Learning rate and weight decay are part of the genome.

    With several `members` the network is an implicit ensemble: as many networks with one
    kernel in each dense layer (see `MemberDense`), that learn each on its own (see
    `Features.members`). The last scalings stand for heads of the members' own.

    Source: Gorishniy et al., 2021, https://arxiv.org/abs/2106.11959, Section 3 (blocks; the
    plain one has no norm there, the residual one batch normalization), 2022,
    https://arxiv.org/abs/2203.05556 (encodings), and 2024, https://arxiv.org/abs/2410.24210
    (members).

    Args:
        max_depth: The most blocks.
        max_width: The most units of a dense layer outside residual blocks, 64 or more.

    Raises:
        ValueError: If one of them is too small.
    """

    def __init__(self, max_depth: int = 5, max_width: int = 512):
        if max_depth < 1 or max_width < 64:
            raise ValueError(
                "`max_depth` must be at least 1 and `max_width` at least 64. "
                f"Received: {max_depth=}, {max_width=}. Raise them."
            )
        self.max_depth = index(max_depth)
        self.max_width = index(max_width)

    def grammar(self, input_spec: InputSpec, interface: FeatureSpec) -> HyperParameterGrammar:
        _check(input_spec, interface)
        hp = keras_tuner.HyperParameters()
        if _num_numbers(input_spec):
            _declare_numbers(hp)
        if input_spec.vocabularies:
            hp.Choice("largest_embedding", [4, 16, 50], default=16)
        hp.Choice("members", [1, 8, 16], default=8)
        widths = [w for w in (32, 64, 128, 256, 512, 1024) if w <= self.max_width]
        hp.Choice("block", ["plain", "residual"], default="plain")
        hp.Int("depth", 1, self.max_depth, default=min(2, self.max_depth))
        hp.Choice("width", widths, default=min(256, widths[-1]))
        hp.Choice("activation", ["relu", "gelu", "silu"])
        hp.Choice("normalization", ["none", "batch", "layer"], default="none")
        hp.Choice("dropout", [0.0, 0.1, 0.2, 0.35, 0.5], default=0.1)
        hp.Choice("learning_rate", [1e-3, 3e-3, 1e-2], default=3e-3)
        hp.Choice("weight_decay", [1e-5, 1e-3, 1e-1], default=1e-3)
        return HyperParameterGrammar(hp)

    def recipe(self, values: Mapping[str, Value]) -> dict[str, float]:
        """Learning rate and weight decay."""
        return {name: float(values[name]) for name in ("learning_rate", "weight_decay")}

    def trunk(
        self,
        values: Mapping[str, Value],
        inputs: Any,
        input_spec: InputSpec,
        interface: FeatureSpec,
    ) -> Features:
        values = legal_values(self.grammar(input_spec, interface), values, input_spec)
        parts = [*_numbers(inputs, values, input_spec), *_categories(inputs, values, input_spec)]
        x = keras.layers.Concatenate(name="columns")(parts) if len(parts) > 1 else parts[0]
        x = _BLOCKS[str(values["block"])](x, values)
        if values["members"] == 1:
            return Features(x)
        members = MemberScale(name="members_scale")(x)
        return Features(MemberMean(name="members_mean")(members), members=members)


def _declare_numbers(hp: keras_tuner.HyperParameters) -> None:
    """Enters how numbers are encoded."""
    encodings = ["plain", "piecewise", "piecewise_dense", "periodic"]
    hp.Choice("numbers", encodings, default="piecewise")
    with hp.conditional_scope("numbers", encodings[1:]):
        hp.Choice("encoding", [16, 32, 64], default=64)
    with hp.conditional_scope("numbers", ["piecewise_dense", "periodic"]):
        hp.Choice("column_width", [4, 8, 16], default=8)
    with hp.conditional_scope("numbers", ["periodic"]):
        hp.Choice("frequency_scale", [0.03, 0.1, 0.3, 1.0], default=0.1)


def _numbers(inputs, values: Mapping[str, Any], input_spec: InputSpec) -> list:
    """The numeric columns as they are, and encoded."""
    count = _num_numbers(input_spec)
    if not count:
        return []
    x = Columns(0, count, name="numbers")(inputs)
    if values["numbers"] == "plain":
        return [x]
    size = values["encoding"]
    if values["numbers"] == "periodic":
        encoded = PeriodicEncoding(size, values["frequency_scale"], name="numbers_periodic")(x)
    else:
        encoded = PiecewiseLinearEncoding(size, name="numbers_piecewise")(x)
    if "column_width" in values:
        encoded = _dense_by_column(encoded, size, values["column_width"])
    return [x, keras.layers.Flatten(name="numbers_flatten")(encoded)]


def _dense_by_column(encoded, size: int, width: int):
    """A dense layer of its own for each column, `(batch, columns, width)`."""
    return keras.layers.EinsumDense(
        "bck,ckd->bcd",
        output_shape=(encoded.shape[1], width),
        bias_axes="cd",
        activation="relu",
        kernel_initializer=keras.initializers.RandomUniform(-(size**-0.5), size**-0.5),
        name="numbers_dense",
    )(encoded)


def _categories(inputs, values: Mapping[str, Any], input_spec: InputSpec) -> list:
    """An embedding of each categorical column."""
    embedded = []
    for position, size in enumerate(input_spec.vocabularies):
        column, name = _num_numbers(input_spec) + position, f"category_{position:02d}"
        x = Columns(column, column + 1, name=name)(inputs)
        width = min(values["largest_embedding"], (size + 1) // 2)
        x = keras.layers.Embedding(size, width, name=f"{name}_embedding")(x)
        embedded.append(keras.layers.Flatten(name=f"{name}_flatten")(x))
    return embedded


def _plain(x, values: Mapping[str, Any]):
    for position in range(values["depth"]):
        name = f"block_{position:02d}"
        x = _dense(x, values["width"], values, f"{name}_dense", first=position == 0)
        x = _normalized(x, values, name)
        x = keras.layers.Activation(values["activation"], name=f"{name}_activation")(x)
        x = keras.layers.Dropout(values["dropout"], name=f"{name}_dropout")(x)
    return x


def _residual(x, values: Mapping[str, Any]):
    width = values["width"]
    x = _dense(x, width, values, "first_dense", first=True)
    for position in range(values["depth"]):
        name = f"block_{position:02d}"
        y = _normalized(x, values, name)
        y = _dense(y, _EXPANSION * width, values, f"{name}_dense_1")
        y = keras.layers.Activation(values["activation"], name=f"{name}_activation")(y)
        y = keras.layers.Dropout(values["dropout"], name=f"{name}_dropout_1")(y)
        y = _dense(y, width, values, f"{name}_dense_2")
        y = keras.layers.Dropout(values["dropout"], name=f"{name}_dropout_2")(y)
        x = keras.layers.Add(name=f"{name}_add")([x, y])
    x = _normalized(x, values, "last")
    return keras.layers.Activation(values["activation"], name="last_activation")(x)


_BLOCKS = {"plain": _plain, "residual": _residual}


def _dense(x, units: int, values: Mapping[str, Any], name: str, first: bool = False):
    """A dense layer, of all members where there are several."""
    if values["members"] == 1:
        return keras.layers.Dense(units, name=name)(x)
    return MemberDense(units, values["members"], diverse=first, name=name)(x)


def _normalized(x, values: Mapping[str, Any], name: str):
    if values["normalization"] == "batch":
        # Trials are short: averages over hundreds of steps would lag behind the weights.
        return keras.layers.BatchNormalization(momentum=0.9, name=f"{name}_norm")(x)
    if values["normalization"] == "layer":
        return keras.layers.LayerNormalization(name=f"{name}_norm")(x)
    return x


def _num_numbers(input_spec: InputSpec) -> int:
    return (input_spec.shape[0] or 0) - len(input_spec.vocabularies)


def _check(input_spec: InputSpec, interface: FeatureSpec) -> None:
    check_vector("tabular_mlp", interface)
    if len(input_spec.shape) != 1 or input_spec.dtype != "float32" or not input_spec.shape[0]:
        raise ValueError(
            "`tabular_mlp` needs rows of a known number of columns, as float32. "
            f"Received: {input_spec}. Choose a space for such data, or flatten them."
        )
