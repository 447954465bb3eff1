"""Messages that come and go: bounded, in order, and never the end of the program."""

from __future__ import annotations

import gc

from PySide6.QtCore import QCoreApplication, QEvent
from pytestqt.qtbot import QtBot

from racewatch.ui.strip import Level, StripArea
from racewatch.ui.theme import Look


def test_hundreds_of_messages_come_and_go(qtbot: QtBot, look: Look) -> None:
    """A message that is dismissed belongs to Qt until Qt deletes it; freed earlier, it took the program along."""
    area = StripArea(look)
    qtbot.addWidget(area)
    area.resize(800, 200)
    area.show()
    for number in range(250):
        area.show_message(Level.SUCCESS, f"message {number}", undo=lambda: None)
        if number % 50 == 0:
            gc.collect()
        QCoreApplication.processEvents()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    shown = [strip.text for strip in area.strips()]
    assert shown == [f"message {number}" for number in range(250 - len(shown), 250)]
    assert 0 < len(shown) < 8
    for strip in area.strips():
        strip.dismiss()
    assert area.strips() == []
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    QCoreApplication.processEvents()
    assert not area.isVisible()
