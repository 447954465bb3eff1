"""What Python's collector looks at, and that nothing is lost by it for ever."""

from __future__ import annotations

import gc
import sys
import threading
import weakref
from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from racewatch.ui import app
from racewatch.ui.pauses import CollectsHere, ShortPauses


class Thing:
    """May refer to itself."""

    itself: Thing | None = None


@pytest.fixture
def pauses(qapp: QApplication) -> Iterator[ShortPauses]:
    with ShortPauses() as made:
        yield made


def test_what_a_collection_found_in_use_is_left_out_of_the_next_ones(pauses: ShortPauses) -> None:
    things = [Thing() for _ in range(10_000)]
    gc.collect()
    assert gc.get_freeze_count() >= len(things)
    assert not any(isinstance(one, Thing) for one in gc.get_objects())
    gone = weakref.ref(things[0])
    del things
    assert gone() is None  # no collection is needed for what nobody refers to


def test_new_garbage_is_collected_and_old_one_by_tidying(pauses: ShortPauses) -> None:
    old = Thing()
    gc.collect()
    new = Thing()
    old.itself, new.itself = old, new
    gone = weakref.ref(old), weakref.ref(new)
    del old, new
    gc.collect()
    assert gone[0]() is not None
    assert gone[1]() is None
    pauses.tidy()
    assert gone[0]() is None


def test_afterwards_everything_is_as_before(qapp: QApplication) -> None:
    before = sys.getswitchinterval(), list(gc.callbacks), gc.get_freeze_count()
    with ShortPauses():
        gc.collect()
        assert gc.get_freeze_count() > 0
        assert sys.getswitchinterval() < before[0]
    assert (sys.getswitchinterval(), gc.callbacks, gc.get_freeze_count()) == before


def test_it_is_tidied_only_while_somebody_else_has_the_keyboard(
    pauses: ShortPauses, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = Thing()
    gc.collect()
    old.itself = old
    gone = weakref.ref(old)
    del old
    state = Qt.ApplicationState.ApplicationActive
    monkeypatch.setattr(QGuiApplication, "applicationState", lambda: state)
    app._tidy_unseen(pauses)
    assert gone() is not None
    state = Qt.ApplicationState.ApplicationInactive
    app._tidy_unseen(pauses)
    assert gone() is None


class Widget(QWidget):
    """In a cycle, as a dialog is whose button calls it."""

    def __init__(self, died_in: list[threading.Thread]) -> None:
        super().__init__()
        self.itself = self
        weakref.finalize(self, lambda: died_in.append(threading.current_thread()))


def test_a_widget_in_a_cycle_is_never_destroyed_by_another_thread(qtbot: QtBot) -> None:
    died_in: list[threading.Thread] = []

    def busy() -> None:
        for _ in range(30):  # far more than makes Python collect, all generations
            kept: list[list[object]] = [[] for _ in range(30_000)]
            del kept

    with CollectsHere():
        for _ in range(3):
            Widget(died_in)
        worker = threading.Thread(target=busy)
        worker.start()
        worker.join()
        assert died_in == []
        kept: list[list[object]] = [[] for _ in range(200_000)]
        qtbot.waitUntil(lambda: len(died_in) == 3, timeout=5000)
        del kept
    assert set(died_in) == {threading.main_thread()}


def test_new_things_are_collected_often_and_all_of_them_seldom(qtbot: QtBot) -> None:
    collected: list[int] = []

    def note(phase: str, info: dict[str, int]) -> None:
        if phase == "stop":
            collected.append(info["generation"])

    gc.collect()
    with CollectsHere() as here:
        gc.callbacks.append(note)
        kept: list[object] = []
        try:
            here.look()
            assert collected == []  # nothing was made
            for _ in range(200):
                kept.append([[] for _ in range(1_000)])
                here.look()
        finally:
            gc.callbacks.remove(note)
    assert len(collected) >= 200
    assert collected.count(0) > 10 * collected.count(2) > 0
    assert collected.count(0) > 4 * collected.count(1) > 0


def test_who_collects_by_itself_does_so_again_afterwards(qtbot: QtBot) -> None:
    before = gc.isenabled()
    for enabled in (True, False):
        (gc.enable if enabled else gc.disable)()
        try:
            with ShortPauses():
                assert not gc.isenabled()
            assert gc.isenabled() is enabled
        finally:
            (gc.enable if before else gc.disable)()
