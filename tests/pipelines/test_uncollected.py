"""The collector is off while something large is built, and on again afterwards, however that ended."""

import gc
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from pipelines.uncollected import uncollected


@uncollected()
def _is_on() -> bool:
    return gc.isenabled()


def test_it_is_off_within_and_on_afterwards() -> None:
    assert gc.isenabled()
    assert not _is_on()
    with uncollected():
        assert not _is_on()
        assert not gc.isenabled(), "what ends within does not turn it on for what goes on"
    assert gc.isenabled()


def test_it_is_on_again_after_a_fault() -> None:
    with pytest.raises(ValueError, match="fault"), uncollected():
        raise ValueError("fault")
    assert gc.isenabled()


def test_of_two_threads_the_last_one_turns_it_on() -> None:
    begun, may_end = Event(), Event()

    def long_work() -> None:
        with uncollected():
            begun.set()
            assert may_end.wait(10)

    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(long_work)
        assert begun.wait(10)
        assert not _is_on()
        assert not gc.isenabled()
        may_end.set()
        working.result()
    assert gc.isenabled()


def test_who_had_turned_it_off_finds_it_off() -> None:
    gc.disable()
    try:
        assert not _is_on()
        assert not gc.isenabled()
    finally:
        gc.enable()
