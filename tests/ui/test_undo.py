"""Taking back: an undo that was refused can be tried again, and an error is never told as if nothing had happened."""

from __future__ import annotations

import os

import pytest

from racewatch.core.model import ActRequest, Outcome, OutcomeWord
from racewatch.ui.actions import Act
from racewatch.ui.confirm import ConfirmDialog
from racewatch.ui.review import ReviewDialog
from racewatch.ui.strip import Level, Strip
from racewatch.ui.window import MainWindow
from tests.ui.conftest import Opened
from tests.ui.sandbox import Sandbox


def removed(opened: Opened, window: MainWindow, path: bytes) -> Strip:
    """Remove it; the message that tells of it."""
    opened.choose(window, path)
    window.actions_table[Act.REMOVE].trigger()
    dialog = window.actor.dialog
    assert isinstance(dialog, ConfirmDialog)
    opened.until(dialog.remove.isEnabled, "the beat")
    dialog.remove.click()
    opened.until(lambda: not window.actor.busy, "the removal")
    return window.strips.strips()[-1]


def undone(opened: Opened, window: MainWindow) -> Strip:
    opened.until(lambda: not window.actor.busy, "the end of the undo")
    return window.strips.strips()[-1]


def test_a_refused_undo_can_be_tried_again(opened: Opened, sandbox: Sandbox) -> None:
    path = sandbox.dead(b"taken.sock")
    window = opened.open()
    told = removed(opened, window, path)
    sandbox.bind(b"taken.sock")  # somebody has the name by now
    told.undo_button.click()
    assert not told.undo_button.isEnabled()
    opened.until(lambda: window.strips.strips()[-1].level is Level.REFUSED, "the refusal")
    assert undone(opened, window) is not told
    assert told.undo_button.isEnabled()
    assert window.actions_table[Act.UNDO].isEnabled()

    sandbox.die(b"taken.sock")
    os.unlink(path)
    told.undo_button.click()
    opened.until(lambda: os.path.lexists(path), "it to be back")
    opened.until(lambda: not window.actions_table[Act.UNDO].isEnabled(), "nothing left to undo")


def test_after_a_refused_undo_the_removal_before_comes_first(opened: Opened, sandbox: Sandbox) -> None:
    older, newer = sandbox.dead(b"older.sock"), sandbox.dead(b"newer.sock")
    window = opened.open()
    removed(opened, window, older)
    removed(opened, window, newer)
    sandbox.bind(b"newer.sock")
    window.actions_table[Act.UNDO].trigger()
    opened.until(lambda: window.strips.strips()[-1].level is Level.REFUSED, "the refusal")
    undone(opened, window)
    window.actions_table[Act.UNDO].trigger()
    opened.until(lambda: os.path.lexists(older), "the older one to be back")
    undone(opened, window)


def test_while_observing_no_message_offers_undo(opened: Opened, sandbox: Sandbox) -> None:
    path = sandbox.dead(b"seen.sock")
    window = opened.open()
    told = removed(opened, window, path)
    assert told.undo_button.isEnabled()
    window.actions_table[Act.OBSERVE].trigger()
    opened.until(lambda: not told.undo_button.isEnabled(), "Undo to be off")
    window.actions_table[Act.OBSERVE].trigger()
    dialog = window.observing.dialog
    assert dialog is not None
    opened.until(dialog.allow.isEnabled, "the beat")
    dialog.allow.click()
    opened.until(told.undo_button.isEnabled, "Undo to be on again")


def test_an_error_in_a_plan_is_told_as_unknown_not_as_untouched(
    opened: Opened, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [sandbox.dead(f"{name}.sock".encode()) for name in "abc"]
    window = opened.open()
    really = window._racewatch.remove

    def wrong(request: ActRequest) -> Outcome:
        outcome = really(request)
        if b"b.sock" in request.target.locator:
            raise RuntimeError("a mistake of our own, after it was done")
        return outcome

    monkeypatch.setattr(window._racewatch, "remove", wrong)
    opened.until(lambda: window.sockets.model.rowCount() == 3, "their rows")
    window.actions_table[Act.CLEAN_UP].trigger()
    dialog = window.actor.dialog
    assert isinstance(dialog, ReviewDialog)
    opened.until(dialog.remove.isEnabled, "the beat")
    dialog.remove.click()
    opened.until(lambda: bool(dialog.agreed) and not dialog._running, "the end")
    assert [outcome.word for outcome in dialog.outcomes()] == [OutcomeWord.DONE]
    assert [os.path.lexists(path) for path in paths] == [False, False, True]
    text = dialog.state.label.text()
    assert "1 done." in text
    assert "1 ended in a mistake of racewatch: unknown how far it came, look at it." in text
    assert "Stopped: 1 was not touched." in text
    words = [line.split("\t")[0] for line in dialog.as_text().splitlines()]
    assert words == ["done", "unknown", "not touched"]
    assert window.strips.strips()[-2].level is Level.ERROR
    dialog.reject()
    opened.until(lambda: not window.actor.busy, "the end")
