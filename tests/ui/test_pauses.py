"""What Python's collector looks at, and that nothing is lost by it for ever."""

from __future__ import annotations

import gc
import sys
import weakref
from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from racewatch.ui import app
from racewatch.ui.pauses import ShortPauses


class Thing:
    """May refer to itself."""

    itself: Thing | None = None


@pytest.fixture
def pauses() -> Iterator[ShortPauses]:
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


def test_afterwards_everything_is_as_before() -> None:
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


def test_it_is_switched_on_again_when_the_window_stands() -> None:
    gc.disable()
    try:
        with ShortPauses():
            assert gc.isenabled()
    finally:
        gc.enable()
