import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autokeras_nas.architecture import Decision, Exactly

bounded = settings(max_examples=50, deadline=None)


def test_index_tells_true_from_one():
    decision = Decision.among("d", [1, True, 0, False])
    assert [decision.index(value) for value in (1, True, 0, False)] == [0, 1, 2, 3]
    assert Decision.among("d", [0, 1]).index(True) is None
    assert Decision.among("d", [False, True]).index(1) is None


@pytest.mark.parametrize("value", ["c", None, 1, "A", ""])
def test_index_of_what_is_not_legal_is_none(value):
    assert Decision.among("d", ["a", "b"]).index(value) is None


@bounded
@given(st.lists(st.text() | st.integers(), min_size=1, unique=True), st.integers(0, 2**32))
def test_what_is_drawn_is_one_of_the_choices(values, seed):
    decision = Decision.among("d", values)
    drawn = decision.draw(np.random.default_rng(seed))
    assert values[decision.index(drawn)] == drawn


def test_choices_are_drawn_uniformly():
    rng = np.random.default_rng(0)
    decision = Decision.among("d", list("abcdefgh"))
    counts = np.bincount([decision.index(decision.draw(rng)) for _ in range(8000)], minlength=8)
    # Chi-square with 7 degrees of freedom: above 24.3 once in a thousand.
    assert ((counts - 1000) ** 2 / 1000).sum() < 24.3


def test_among_passes_the_rest_on():
    decision = Decision.among("join", [0, 1], state="s", anchors=("stem",))
    assert decision.choices == (Exactly(0), Exactly(1))
    assert (decision.state, decision.anchors) == ("s", ("stem",))
