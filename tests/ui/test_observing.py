"""The switch to look only: on at once, off with a question, and no act is within reach meanwhile."""

from __future__ import annotations

import os

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from racewatch.ui.actions import Act
from tests.ui.conftest import Opened
from tests.ui.sandbox import Sandbox


def test_switched_on_it_takes_back_the_question_and_turns_every_act_off(
    opened: Opened, sandbox: Sandbox
) -> None:
    dead = sandbox.dead(b"a.sock")
    window = opened.open()
    opened.choose(window, dead)
    window.actions_table[Act.REMOVE].trigger()
    dialog = window.actor.dialog
    assert dialog is not None
    opened.until(dialog.remove.isEnabled, "the beat")
    window.actions_table[Act.OBSERVE].trigger()
    dialog.remove.click()  # too late, whatever was under the finger
    opened.until(lambda: not window.actor.busy, "the question to go")
    assert os.path.lexists(dead)
    assert window.windowTitle() == "observing — racewatch"
    for act in (Act.REMOVE, Act.CLEAN_UP, Act.UNDO):
        assert not window.actions_table[act].isEnabled()
        assert "Observing" in window.actions_table[act].toolTip()
    assert not window.sockets.pane.remove.isEnabled()
    # Off again: not by the click alone, not at once, and Cancel is the default.
    window.actions_table[Act.OBSERVE].trigger()
    assert window.actions_table[Act.OBSERVE].isChecked()
    question = window.observing.dialog
    assert question is not None
    assert question.cancel.isDefault()
    assert not question.allow.isEnabled()
    opened.until(question.allow.isEnabled, "the beat")
    QTest.mouseClick(question.allow, Qt.MouseButton.LeftButton)
    opened.until(lambda: not window.actions_table[Act.OBSERVE].isChecked(), "the end of observing")
    assert window.windowTitle() == "racewatch"
    assert window.actions_table[Act.REMOVE].isEnabled()


def test_what_the_configuration_says_stays(opened: Opened, sandbox: Sandbox) -> None:
    dead = sandbox.dead(b"a.sock")
    window = opened.open(observe=True)
    opened.choose(window, dead)
    action = window.actions_table[Act.OBSERVE]
    assert (action.isChecked(), action.isEnabled()) == (True, False)
    assert "observe = true" in action.toolTip()
    assert not window.actions_table[Act.REMOVE].isEnabled()
    assert window.actor.dialog is None
