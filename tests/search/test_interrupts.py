from __future__ import annotations

import os
import signal
import time

import pytest

from autokeras_nas.search.interrupts import Interrupts


def press():
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(0.01)


def test_once_ends_the_trial_twice_the_search_and_thrice_python():
    before = signal.getsignal(signal.SIGINT)
    with Interrupts() as interrupts:
        assert interrupts.reason() is None
        press()
        assert interrupts.reason() and not interrupts.search_stopped
        press()
        assert interrupts.search_stopped
        with pytest.raises(KeyboardInterrupt):
            press()
    assert signal.getsignal(signal.SIGINT) is before


def test_each_trial_counts_anew():
    times = iter([0.0, 10.0])
    with Interrupts(lambda: next(times)) as interrupts:
        press()
        interrupts.new_trial()
        assert interrupts.reason() is None
        press()
        assert interrupts.reason() and not interrupts.search_stopped


def test_termination_ends_the_search_at_once_and_twice_python():
    before = signal.getsignal(signal.SIGTERM)
    with Interrupts() as interrupts:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.01)
        assert interrupts.reason() and interrupts.search_stopped
        interrupts.new_trial()
        assert interrupts.reason()
        with pytest.raises(SystemExit):
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(0.01)
    assert signal.getsignal(signal.SIGTERM) is before


def test_two_quick_presses_end_the_search_though_a_trial_ends_between():
    times = iter([0.0, 1.0])
    with Interrupts(lambda: next(times)) as interrupts:
        press()
        interrupts.new_trial()
        press()
        assert interrupts.reason() and interrupts.search_stopped
