"""The bridge: errors are shown, threads may hang, wake-ups are cheap, the end comes in time."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from racewatch.ui.bridge import Bridge


def test_blocking_work_runs_elsewhere_and_its_result_arrives_here(qtbot: QtBot, bridge: Bridge) -> None:
    async def work() -> tuple[int, int]:
        there = await bridge.offload(threading.get_ident)
        return there, threading.get_ident()

    task = bridge.spawn(work(), "work")
    qtbot.waitUntil(task.done, timeout=5000)
    there, here = task.result()
    assert here == threading.get_ident() != there


def test_an_error_in_a_task_is_shown_under_its_name(qtbot: QtBot, bridge: Bridge) -> None:
    shown: list[tuple[str, BaseException]] = []
    bridge.on_error = lambda name, error: shown.append((name, error))

    async def bad() -> None:
        await bridge.offload(lambda: 1 // 0)

    bridge.spawn(bad(), "dividing")
    qtbot.waitUntil(lambda: bool(shown), timeout=5000)
    assert shown[0][0] == "dividing"
    assert isinstance(shown[0][1], ZeroDivisionError)


def test_a_bad_wake_up_does_not_stop_the_next_one(qtbot: QtBot, bridge: Bridge) -> None:
    shown: list[str] = []
    bridge.on_error = lambda name, error: shown.append(name)
    ran: list[int] = []
    bridge.post(lambda: ran.append(1 // 0))
    bridge.post(lambda: ran.append(2))
    qtbot.waitUntil(lambda: ran == [2], timeout=5000)
    assert shown == ["a wake-up"]


def test_posts_from_many_threads_keep_their_order_and_cost_few_wake_ups(
    qtbot: QtBot, bridge: Bridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[None] = []
    real = bridge.loop.call_soon_threadsafe

    def ring(call: Callable[[], object]) -> object:
        rung.append(None)
        return real(call)

    monkeypatch.setattr(bridge.loop, "call_soon_threadsafe", ring)
    got: dict[int, list[int]] = {0: [], 1: []}

    def feed(number: int) -> None:
        for one in range(5000):
            bridge.post(lambda one=one: got[number].append(one))  # type: ignore[misc]  # bound now

    threads = [threading.Thread(target=feed, args=(number,)) for number in got]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    qtbot.waitUntil(lambda: all(len(each) == 5000 for each in got.values()), timeout=5000)
    assert got == {0: list(range(5000)), 1: list(range(5000))}
    # Nobody ran the loop meanwhile, so one wake-up carried them all.
    assert len(rung) == 1


def test_a_hung_call_does_not_hold_up_the_others_nor_the_end(
    qtbot: QtBot, qapp: QApplication, loop: asyncio.AbstractEventLoop
) -> None:
    bridge = Bridge(qapp, loop)
    release = threading.Event()
    hung = bridge.spawn(bridge.offload(release.wait), "hangs")
    quick = bridge.spawn(bridge.offload(lambda: "quick"), "quick")
    qtbot.waitUntil(quick.done, timeout=5000)
    assert not hung.done()
    bridge.cancel_all()
    qapp.processEvents()
    begun = time.monotonic()
    clean = bridge.close(wait=0.2)
    # What hangs would hang for ever; the rest is a busy machine.
    assert time.monotonic() - begun < 5.0
    assert not clean
    release.set()


def test_after_the_end_wake_ups_are_dropped(qapp: QApplication, loop: asyncio.AbstractEventLoop) -> None:
    bridge = Bridge(qapp, loop)
    assert bridge.close()
    ran: list[None] = []
    bridge.post(lambda: ran.append(None))
    qapp.processEvents()
    assert ran == []


def test_a_task_is_kept_alive_until_it_ends(qtbot: QtBot, bridge: Bridge) -> None:
    import gc

    done: list[int] = []

    async def slow() -> None:
        for _ in range(5):
            await asyncio.sleep(0.01)
            gc.collect()
        done.append(1)

    bridge.spawn(slow(), "slow")
    gc.collect()
    qtbot.waitUntil(lambda: done == [1], timeout=5000)
