"""Published cells, as architectures of `nasnet_cell`.

Each is in the terms of its released code, where state 0 is the output of the cell before and
state 1 that of the cell before it. Which states are concatenated is part of each, because all three
released networks differ from the rule that their papers state: NASNet-A puts a state that is used
into the output of its normal cell (6 F channels instead of 5 F), AmoebaNet-A marks the states one
by one, and PNASNet-5 concatenates the outputs of all blocks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from autokeras_nas.architecture import Values
from autokeras_nas.architecture.blocks import Block, Cell, Combine, write_cells

_SHORT = {
    "id": "identity",
    "avg3": "average_3x3",
    "max3": "max_3x3",
    "sep3": "separable_3x3",
    "sep5": "separable_5x5",
    "sep7": "separable_7x7",
    "1x7": "conv_1x7_7x1",
}


def _cell(*rows: str) -> Cell:
    """A cell from rows such as `"sep5 0 + sep3 1"`: operation and state, twice."""
    halves = [[half.split() for half in row.split("+")] for row in rows]
    return tuple(
        Block((int(left[1]), int(right[1])), (_SHORT[left[0]], _SHORT[right[0]]))
        for left, right in halves
    )


@dataclass(frozen=True)
class KnownCells:
    """A published architecture.

    Attributes:
        values: The architecture.
        combine: The states that make the output, as `NasnetCell` takes them.
        shared: Whether one cell serves as both.
    """

    values: Values
    combine: Combine
    shared: bool = False

    def settings(self) -> dict[str, Any]:
        """Arguments of `NasnetCell` under which these cells are legal architectures."""
        operations = {str(v) for name, v in self.values.items() if "operation" in name}
        return {
            "blocks": int(self.values["blocks"]),
            "operations": sorted(operations),
            "combine": self.combine,
            "shared_cell": self.shared,
        }


NASNET_A = KnownCells(
    write_cells(
        {
            "normal": _cell(
                "sep5 0 + sep3 1",
                "sep5 1 + sep3 1",
                "avg3 0 + id 1",
                "avg3 1 + avg3 1",
                "sep3 0 + id 0",
            ),
            "reduction": _cell(
                "sep5 0 + sep7 1",
                "max3 0 + sep7 1",
                "avg3 0 + sep5 1",
                "id 3 + avg3 2",
                "sep3 2 + max3 0",
            ),
        }
    ),
    combine={"normal": [1, 2, 3, 4, 5, 6], "reduction": [3, 4, 5, 6]},
)
"""Zoph et al., 2018, https://arxiv.org/abs/1707.07012, in the released form."""

AMOEBANET_A = KnownCells(
    write_cells(
        {
            "normal": _cell(
                "avg3 0 + max3 0",
                "sep3 1 + id 1",
                "id 0 + avg3 1",
                "sep3 0 + sep5 2",
                "avg3 5 + sep3 0",
            ),
            "reduction": _cell(
                "sep3 1 + avg3 0",
                "max3 0 + sep7 2",
                "max3 1 + max3 0",
                "sep3 4 + 1x7 0",
                "avg3 1 + sep7 0",
            ),
        }
    ),
    combine={"normal": [1, 3, 4, 6], "reduction": [2, 3, 4, 5, 6]},
)
"""Real et al., 2019, https://arxiv.org/abs/1802.01548, in the released form.

The released code narrows the 1x7-7x1 convolutions to a quarter of the filters inside; here they
are built as in NASNet.
"""

PNASNET_5 = KnownCells(
    write_cells(
        {
            "cell": _cell(
                "sep5 1 + max3 1",
                "sep7 0 + max3 0",
                "sep5 0 + sep3 0",
                "sep3 4 + max3 0",
                "sep3 1 + id 0",
            )
        }
    ),
    combine="all",
    shared=True,
)
"""Liu et al., 2018, https://arxiv.org/abs/1712.00559, in the released form."""

NASNET_MOBILE: dict[str, Any] = {
    **NASNET_A.settings(),
    "cell_repeats": 4,
    "filters": 44,
    "reductions": 2,
    "stem": "imagenet",
    "stem_filters": 32,
    "pool_padding": "zeros",
}
"""Arguments of `NasnetCell` for the network that Keras calls `NASNetMobile`: NASNet-A, 4 @ 1056."""
