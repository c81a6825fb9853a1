from autokeras_nas.data import memory
from autokeras_nas.data.memory import fits_in_memory


def test_a_limit_is_the_most_that_fits():
    assert fits_in_memory(10, limit=10)
    assert not fits_in_memory(11, limit=10)


def test_a_machine_has_a_limit_of_its_own():
    assert not fits_in_memory(3 * 10**9)


def test_a_machine_that_does_not_tell_is_taken_for_large(monkeypatch):
    def sysconf(name):
        raise ValueError(name)

    monkeypatch.setattr(memory.os, "sysconf", sysconf)
    assert fits_in_memory(2 * 10**9) and not fits_in_memory(2 * 10**9 + 1)
