"""The collector of garbage waits for the end of a scan, and never longer."""

from __future__ import annotations

import gc
import threading
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
