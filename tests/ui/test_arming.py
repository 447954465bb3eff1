"""Armed removals in the whole window: real processes that die, or come back; heartbeats that go on."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from racewatch.core.model import Target, Verdict
from racewatch.core.protected import Protection
from racewatch.ui import arm_dialog, armed
from racewatch.ui.actions import Act
from racewatch.ui.strip import Level
from racewatch.ui.window import MainWindow
from tests.ui.conftest import Opened
from tests.ui.sandbox import Sandbox
from tests.ui.support import Clock

SERVER = """
import socket, sys
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1])
server.listen()
print("ready", flush=True)
sys.stdin.read()
"""
BEAT = """
[[format]]
name = "test-beat"
title = "lock of a test that beats"
program = "beater"
where = ["*.beat"]
mechanism = ["exclusive-file", "heartbeat"]
content.regex = '(?s).*'
policy = "break"
rules = ["heartbeat"]
refresh_period = 1.0
consequence = "two tests work at once"
remedy = "look for the test"
source = "tests"
"""


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A short beat and a short grace; and formats of one's own."""
    monkeypatch.setattr(arm_dialog, "BEAT_MS", 100)
    monkeypatch.setattr(armed, "GRACE_SECONDS", 0.5)
    folder = tmp_path / "config" / "racewatch" / "formats.d"
    folder.mkdir(parents=True)
    (folder / "beat.toml").write_text(BEAT)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


Serve = Callable[[bytes], "subprocess.Popen[str]"]


@pytest.fixture
def serve() -> Iterator[Serve]:
    started: list[subprocess.Popen[str]] = []

    def start(path: bytes) -> subprocess.Popen[str]:
        command = [sys.executable, "-S", "-E", "-c", SERVER, os.fsdecode(path)]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()


def arm(opened: Opened, window: MainWindow, act: Act) -> None:
    """Answer the question with Arm; anew when it had changed since it was shown (a busy machine is late)."""
    for _ in range(5):
        for strip in window.strips.strips():
            strip.dismiss()
        opened.until(window.actions_table[act].isEnabled, window.actions_table[act].toolTip())
        window.actions_table[act].trigger()
        dialog = window.arming.dialog
        assert dialog is not None
        assert dialog.cancel.isDefault()
        assert not dialog.arm.isEnabled()
        opened.until(dialog.arm.isEnabled, "the beat")
        QTest.mouseClick(dialog.arm, Qt.MouseButton.LeftButton)
        opened.until(lambda: bool(window.arming.targets) or bool(told(window)), "an answer")
        if window.arming.targets:
            return
        assert "was not armed" in told(window)
    raise AssertionError(told(window))


def armed_server(
    opened: Opened, sandbox: Sandbox, serve: Serve
) -> tuple[MainWindow, subprocess.Popen[str], bytes]:
    path = sandbox.path(b"served.sock")
    process = serve(path)
    window = opened.open()
    opened.choose(window, path)
    arm(opened, window, Act.ARM_DEATH)
    return window, process, path


def told(window: MainWindow) -> str:
    strips = window.strips.strips()
    return strips[-1].text if strips else ""


def test_it_is_removed_after_its_owner_died_and_a_countdown_was_seen(
    opened: Opened, sandbox: Sandbox, serve: Serve
) -> None:
    window, process, path = armed_server(opened, sandbox, serve)
    (target,) = window.arming.targets
    assert window.arming.panel.isVisible()
    seen = window.sockets.observation()
    assert seen is not None
    mark = window.sockets.table.mark_of(seen)
    assert mark is not None
    assert "has died" in mark.text
    window.actions_table[Act.FREEZE].trigger()  # a frozen view is no excuse, either way
    kill(process)
    opened.until(lambda: "The owner of" in window.arming.panel._lines[target].label.text(), "the countdown")
    assert os.path.lexists(path)
    opened.until(lambda: not os.path.lexists(path), "the removal")
    opened.until(lambda: not window.actor.busy and bool(told(window)), "what came of it")
    assert window.strips.strips()[-1].level is Level.SUCCESS
    assert not window.arming.panel.isVisible()
    window.actions_table[Act.UNDO].trigger()
    opened.until(lambda: os.path.lexists(path), "the undo")
    opened.until(lambda: not window.actor.busy, "its end")
    window.actions_table[Act.FREEZE].trigger()


@pytest.mark.parametrize("when", ["at once", "during the countdown"])
def test_one_that_comes_back_is_not_removed(
    opened: Opened, sandbox: Sandbox, serve: Serve, when: str
) -> None:
    window, process, path = armed_server(opened, sandbox, serve)
    (target,) = window.arming.targets
    kill(process)
    if when != "at once":
        line = window.arming.panel._lines[target]
        opened.until(lambda: "The owner of" in line.label.text(), "the countdown")
    os.unlink(path)
    serve(path)
    opened.until(lambda: not window.arming.targets, "the end of it")
    assert "is not armed any more" in told(window)
    assert "Nothing was removed" in told(window)
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(path)
    assert window._racewatch.history() == []


def test_disarm_observing_protecting_and_closing_disarm(
    opened: Opened, sandbox: Sandbox, serve: Serve
) -> None:
    window, process, path = armed_server(opened, sandbox, serve)
    (target,) = window.arming.targets
    button = window.arming.panel.button(target)
    assert button is not None
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert not window.arming.targets
    assert not window.arming.panel.isVisible()
    arm(opened, window, Act.ARM_DEATH)
    window.actions_table[Act.OBSERVE].trigger()
    assert not window.arming.targets
    assert not window.actions_table[Act.ARM_DEATH].isEnabled()
    window._racewatch.stop_observing()
    window._on_observing()
    arm(opened, window, Act.ARM_DEATH)
    window._racewatch.protect(Protection(b"*/served.sock", "mine"))
    window.protecting.changed.emit()
    assert not window.arming.targets
    assert "It is protected: mine" in told(window)
    window._racewatch.config = type(window._racewatch.config)()  # as if the rule were taken out again
    window._on_actor()
    arm(opened, window, Act.ARM_DEATH)
    done = opened.bridge.spawn(window.shut_down(), "shutting down")
    opened.until(done.done, "the end of the window")
    assert not window.arming.targets
    kill(process)
    opened.qtbot.wait(800)  # longer than the grace: nothing comes
    assert os.path.lexists(path)


def lock(opened: Opened, window: MainWindow, path: Path) -> Target:
    """The row of this lock, chosen, while nothing is proved about it."""
    window.actions_table[Act.LOCKS].trigger()
    beside = path.with_suffix(".new")
    beside.write_text("beating")
    beside.rename(path)  # in one step: what is seen first is what stays
    model = window.locks.model

    def find() -> Target | None:
        rows = (model.row_at(number) for number in range(model.rowCount()))
        targets = (row.observation.target for row in rows if row is not None)
        return next((target for target in targets if target.path == os.fsencode(path)), None)

    opened.until(lambda: find() is not None, "the row")
    target = find()
    assert target is not None
    window.locks.table.choose(target)
    seen = window.locks.observation()
    assert seen is not None
    assert seen.verdict is Verdict.UNKNOWN
    return target


def test_a_heartbeat_that_stays_silent_is_removed_and_one_that_comes_back_is_not(
    opened: Opened, sandbox: Sandbox
) -> None:
    window = opened.open()
    now = Clock()  # of the book that remembers heartbeats: nothing is proved before the test says so
    window._racewatch._stills.clocks = lambda: (now(), now(), now())
    folder = Path(os.fsdecode(sandbox.folder))
    silent = folder / "silent.beat"
    lock(opened, window, silent)
    arm(opened, window, Act.ARM_SILENCE)
    now.now += 60
    opened.until(lambda: not silent.exists(), "the removal")
    opened.until(lambda: not window.arming.targets and not window.actor.busy, "the end of it")
    beating = folder / "beating.beat"
    target = lock(opened, window, beating)
    arm(opened, window, Act.ARM_SILENCE)
    assert "unless it is refreshed" in window.arming.panel._lines[target].label.text()
    os.utime(beating)
    opened.until(lambda: not window.arming.targets, "the end of it")
    assert "It was refreshed" in told(window)
    assert beating.exists()
    assert len(window._racewatch.history()) == 1


def test_what_is_protected_while_it_is_asked_about_is_not_armed(
    opened: Opened, sandbox: Sandbox, serve: Serve
) -> None:
    path = sandbox.path(b"served.sock")
    serve(path)
    window = opened.open()
    opened.choose(window, path)
    opened.until(window.actions_table[Act.ARM_DEATH].isEnabled, "the action")
    window.actions_table[Act.ARM_DEATH].trigger()
    dialog = window.arming.dialog
    assert dialog is not None
    opened.until(dialog.arm.isEnabled, "the beat")
    window._racewatch.protect(Protection(b"*/served.sock", "mine"))
    QTest.mouseClick(dialog.arm, Qt.MouseButton.LeftButton)
    opened.until(lambda: "It is protected: mine" in told(window), "the answer")
    assert not window.arming.targets
    assert not window.arming.panel.isVisible()
