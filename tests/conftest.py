"""What holds for every test: a quiet TensorFlow on the CPU, and where shared data lies."""

import os
from pathlib import Path

import hypothesis
import pytest

# TensorFlow reads both once, when it is first imported.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ["CUDA_VISIBLE_DEVICES"] = ""

REPOSITORY = Path(__file__).resolve().parent.parent
SHARED_DATA = REPOSITORY.parent / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of data sets beside the checkout; where there is none, the test is skipped."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"needs the data sets of {SHARED_DATA}, which is not there")
    return SHARED_DATA


# Time is never asserted: a busy machine is no failure.
hypothesis.settings.register_profile(
    "unhurried",
    deadline=None,
    # CI repeats itself; new examples are for those who can look at them.
    derandomize="CI" in os.environ,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("unhurried")
