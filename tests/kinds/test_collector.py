"""The collector of garbage waits for the end of a scan, and never longer."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator

import pytest

from racewatch.kinds.collector import held_back, is_held_back


@pytest.fixture(autouse=True)
def enabled() -> Iterator[None]:
    gc.enable()
    yield
    gc.enable()


def test_it_goes_on_after_the_last_one() -> None:
    with held_back():
        assert not gc.isenabled()
        with held_back():
            assert not gc.isenabled()
        assert not gc.isenabled()
        assert is_held_back()
    assert gc.isenabled()
    assert not is_held_back()


def test_it_goes_on_after_a_scan_that_failed() -> None:
    with pytest.raises(ZeroDivisionError), held_back():
        raise ZeroDivisionError
    assert gc.isenabled()


def test_who_switched_it_off_finds_it_off() -> None:
    gc.disable()
    with held_back():
        pass
    assert not gc.isenabled()


class Thing:
    """Something that the collector knows."""


def test_what_was_made_meanwhile_is_old_afterwards() -> None:
    with held_back():
        things = [Thing() for _ in range(1000)]
    old = {id(one) for one in gc.get_objects(2)}
    assert all(id(one) in old for one in things)


def test_garbage_of_that_time_is_found_all_the_same() -> None:
    with held_back():
        one = Thing()
        vars(one)["itself"] = one
        gone = weakref.ref(one)
        del one
    assert gone() is not None
    gc.collect()
    assert gone() is None


def test_what_somebody_else_keeps_from_the_collector_stays_so() -> None:
    gc.freeze()
    try:
        before = gc.get_freeze_count()
        with held_back():
            pass
        assert before > 0
        assert gc.get_freeze_count() == before
    finally:
        gc.unfreeze()


def test_two_threads_in_any_order() -> None:
    inside, leave = threading.Event(), threading.Event()

    def scan() -> None:
        with held_back():
            inside.set()
            leave.wait(10)

    thread = threading.Thread(target=scan)
    with held_back():
        thread.start()
        assert inside.wait(10)
    assert not gc.isenabled()
    leave.set()
    thread.join()
    assert gc.isenabled()
