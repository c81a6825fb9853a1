import threading

import pytest

from autokeras_nas.search.choice import check_executor, choose_executor


@pytest.mark.parametrize(
    ("workers", "gpus", "trials", "executor"),
    [(1, 0, 5, "inline"), (1, 0, 31, "process"), (1, 0, 0, "process"), (1, 1, 5, "process"),
     (2, 0, 5, "process")],
)  # fmt: skip
def test_long_searches_gpus_and_several_workers_take_processes(workers, gpus, trials, executor):
    chosen, reason = choose_executor(workers, gpus, trials, needed="a model")
    assert chosen == executor and reason.endswith(".")


def test_what_cannot_travel_stays_here():
    lock = threading.Lock()
    assert choose_executor(1, 1, 5, needed=lock)[0] == "inline"
    with pytest.raises(TypeError, match="lock"):
        choose_executor(2, 0, 5, needed=lock)


@pytest.mark.parametrize(
    ("name", "workers", "message"),
    [("threads", 1, "no executor of this name"), ("inline", 2, "Only one trial at a time")],
)
def test_an_executor_that_there_is_not_is_refused(name, workers, message):
    with pytest.raises(ValueError, match=message):
        check_executor(name, workers, ("inline", "process"))
