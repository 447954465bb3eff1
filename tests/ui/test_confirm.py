"""The question: bound to one observation, honest while open, never passed by accident."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from racewatch.core.model import ActRequest, Observation, Verdict
from racewatch.ui.bridge import Bridge
from racewatch.ui.confirm import ConfirmDialog
from racewatch.ui.plan import Doubt, doubt_about
from racewatch.ui.question import BEAT_MS
from racewatch.ui.theme import Look
from tests.ui.support import seen

PATH = b"/run/a<b>&\n\xff.sock"
TARGET = seen(PATH).target


class Asked:
    def __init__(self, qtbot: QtBot, bridge: Bridge, look: Look, observation: Observation) -> None:
        self.dialog = ConfirmDialog(observation, look)
        qtbot.addWidget(self.dialog)
        self.answer = bridge.spawn(self.dialog.ask(), "asking")
        qtbot.waitUntil(self.dialog.isVisible, timeout=5000)
        self._qtbot = qtbot

    def result(self) -> tuple[ActRequest, ...]:
        self._qtbot.waitUntil(self.answer.done, timeout=5000)
        return self.answer.result()

    def after_the_beat(self) -> None:
        self._qtbot.waitUntil(self.dialog.remove.isEnabled, timeout=5000)


@pytest.fixture
def stale(qtbot: QtBot, bridge: Bridge, look: Look) -> Iterator[Asked]:
    asked = Asked(qtbot, bridge, look, seen(PATH))
    yield asked
    asked.dialog.reject()
    asked.result()


@pytest.fixture
def unproved(qtbot: QtBot, bridge: Bridge, look: Look) -> Iterator[Asked]:
    asked = Asked(qtbot, bridge, look, seen(PATH, Verdict.UNKNOWN))
    yield asked
    asked.dialog.reject()
    asked.result()


def test_the_title_is_a_question_with_the_name_made_visible(stale: Asked) -> None:
    assert stale.dialog.windowTitle() == "Remove the socket “a<b>&\\n\\xff.sock”?"
    assert stale.dialog.remove.text() == "Remove socket"
    assert stale.dialog.path.toPlainText() == "/run/a<b>&\\n\\xff.sock"


def test_cancel_is_the_default_and_has_the_focus(stale: Asked) -> None:
    assert stale.dialog.cancel.isDefault()
    assert not stale.dialog.remove.isDefault()
    assert not stale.dialog.remove.autoDefault()
    assert stale.dialog.focusWidget() is stale.dialog.cancel


@pytest.mark.parametrize("key", [Qt.Key.Key_Escape, Qt.Key.Key_Return])
def test_escape_and_enter_cancel(stale: Asked, key: Qt.Key) -> None:
    QTest.keyClick(stale.dialog, key)
    assert stale.result() == ()


def test_a_double_click_cannot_pass(stale: Asked, qtbot: QtBot) -> None:
    assert not stale.dialog.remove.isEnabled()
    QTest.mouseClick(stale.dialog.remove, Qt.MouseButton.LeftButton)
    assert stale.dialog.isVisible()
    assert stale.dialog.agreed == ()


def test_the_answer_carries_what_was_on_screen(stale: Asked, qtbot: QtBot) -> None:
    stale.after_the_beat()
    QTest.mouseClick(stale.dialog.remove, Qt.MouseButton.LeftButton)
    assert stale.result() == (ActRequest(stale.dialog.bound.target, "one", override=False),)


@pytest.mark.parametrize(
    ("now", "doubt", "said"),
    [
        (
            seen(PATH, Verdict.LIVE, fingerprint="two", summary="In use by {x}."),
            Doubt.ALIVE,
            "In use by {x}.",
        ),
        (seen(PATH, Verdict.LIVE), Doubt.ALIVE, "came alive"),
        (None, Doubt.GONE, "nothing is left"),
        (seen(PATH, fingerprint="two"), Doubt.CHANGED, "not what you were asked about"),
        (seen(PATH, Verdict.UNKNOWN), Doubt.CHANGED, "not what you were asked about"),
    ],
)
def test_what_is_not_there_any_more_turns_the_button_off_for_good(
    stale: Asked, qtbot: QtBot, now: Observation | None, doubt: Doubt, said: str
) -> None:
    stale.after_the_beat()
    with qtbot.waitSignal(stale.dialog.withdrawn) as signal:
        stale.dialog.witness(TARGET, now)
    assert signal.args == [doubt]
    assert not stale.dialog.remove.isEnabled()
    assert said in stale.dialog.state.label.text()
    # Nothing speaks of a removal any more that is not going to be.
    assert not stale.dialog.consequence.isVisible()
    stale.dialog.show_space("Removing it frees 1 kB.")
    assert not stale.dialog.space.isVisible()
    # For good: not even when it looks again as it did.
    stale.dialog.witness(TARGET, seen(PATH))
    qtbot.wait(BEAT_MS + 100)
    assert not stale.dialog.remove.isEnabled()
    stale.dialog._on_remove()
    assert stale.dialog.agreed == ()


def test_new_evidence_for_the_same_thing_restarts_the_beat(stale: Asked) -> None:
    stale.after_the_beat()
    stale.dialog.witness(TARGET, seen(PATH, detail="the same, said differently"))
    assert not stale.dialog.remove.isEnabled()
    stale.after_the_beat()


def test_a_look_that_shows_the_same_changes_nothing(stale: Asked) -> None:
    stale.after_the_beat()
    stale.dialog.witness(TARGET, seen(PATH))
    assert stale.dialog.remove.isEnabled()


def test_what_is_not_proved_needs_a_tick_and_then_overrides(unproved: Asked, qtbot: QtBot) -> None:
    dialog = unproved.dialog
    assert dialog.promise.isVisible()
    assert not dialog.promise.isChecked()
    qtbot.wait(BEAT_MS + 100)
    assert not dialog.remove.isEnabled()
    dialog.promise.click()
    unproved.after_the_beat()
    dialog.remove.click()
    assert [request.override for request in unproved.result()] == [True]


def test_the_tick_is_not_offered_for_what_is_proved(stale: Asked) -> None:
    assert not stale.dialog.promise.isVisible()


def test_doubts_are_decided_by_values_alone() -> None:
    bound = seen(PATH)
    assert doubt_about(bound, seen(PATH)) is None
    assert doubt_about(bound, seen(PATH, detail="other words")) is None
    assert doubt_about(bound, None) is Doubt.GONE
