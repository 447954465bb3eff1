"""The tray: what is hidden there and what is not, what brings it back; and a desktop that has none."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QSystemTrayIcon

from racewatch.config import config_path
from racewatch.single import First, Raised, take_place
from racewatch.ui import arm_dialog, tray
from racewatch.ui.actions import Act
from racewatch.ui.doorbell import Doorbell
from racewatch.ui.window import MainWindow
from tests.ui.buses import ROOT, TrayHost, private_bus
from tests.ui.conftest import Opened
from tests.ui.desktop import Desktop, missing, wait_for
from tests.ui.sandbox import Sandbox
from tests.ui.test_arming import SERVER, arm

# The offscreen platform has no tray, and Qt says so when there is to be an icon all the same.
pytestmark = pytest.mark.qt_log_ignore("systemTrayWindowChanged", extend=True)


class Available:
    """A desktop whose tray comes and goes.  (The offscreen platform has none; what its icon shows is Qt's affair.)"""

    def __init__(self) -> None:
        self.there = True

    def __call__(self) -> bool:
        return self.there


@pytest.fixture
def available() -> Available:
    return Available()


@pytest.fixture
def window(opened: Opened, available: Available) -> MainWindow:
    made = opened.open()
    made.tray._available = available
    made.tray.turn(True)
    return made


@pytest.fixture
def closings(window: MainWindow) -> list[bool]:
    found: list[bool] = []
    window.closing.connect(lambda: found.append(True))
    return found


def told(window: MainWindow) -> str:
    return "\n".join(strip.text for strip in window.strips.strips())


def tray_action(window: MainWindow, act: Act) -> QAction:
    """This one, out of the menu of the tray."""
    wanted = window.actions_table[act]
    (found,) = [action for action in window.tray.menu.actions() if action is wanted]
    return found


def test_closing_hides_it_and_a_second_start_brings_it_back(
    window: MainWindow, closings: list[bool], opened: Opened, tmp_path: Path
) -> None:
    assert window.tray.icon is not None
    place = take_place(os.fsencode(tmp_path))
    assert isinstance(place, First)
    bell = Doorbell(place.door, window, lambda: window.tray.hidden)
    window.close()
    assert (window.isHidden(), window.tray.hidden, closings) == (True, True, [])
    answers: list[object] = []
    caller = threading.Thread(target=lambda: answers.append(take_place(os.fsencode(tmp_path))))
    caller.start()
    opened.until(lambda: bool(answers), "the answer")
    caller.join()
    assert answers == [Raised(os.getpid())]
    assert (window.isVisible(), window.tray.hidden) == (True, False)
    window.actions_table[Act.HIDE].trigger()
    assert window.isHidden()
    window.tray._on_activated(QSystemTrayIcon.ActivationReason.Trigger)
    assert window.isVisible()
    tray_action(window, Act.QUIT).trigger()
    assert closings == [True]
    bell.close()
    place.close()


def test_its_menu_is_that_of_the_table_and_it_counts_what_needs_attention(
    window: MainWindow, opened: Opened, sandbox: Sandbox
) -> None:
    icon = window.tray.icon
    assert icon is not None
    assert icon.contextMenu() is window.tray.menu
    opened.until(lambda: icon.toolTip() == "racewatch: nothing needs attention", icon.toolTip())
    window.close()
    sandbox.dead(b"dead.sock")  # a hidden window goes on watching
    opened.until(lambda: icon.toolTip() == "racewatch: 1 needs attention", icon.toolTip())
    tray_action(window, Act.FREEZE).trigger()
    assert window._is_held()
    tray_action(window, Act.FREEZE).trigger()
    tray_action(window, Act.OBSERVE).trigger()
    assert window._racewatch.observing
    assert window.isHidden()
    tray_action(window, Act.OBSERVE).trigger()  # asks, and so the window is there
    assert window.isVisible()
    assert window.observing.dialog is not None
    window.observing.dialog.reject()
    window.close()
    tray_action(window, Act.SHOW).trigger()
    assert window.isVisible()


def test_it_is_not_hidden_while_something_is_armed_or_asked(
    window: MainWindow,
    closings: list[bool],
    opened: Opened,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(arm_dialog, "BEAT_MS", 100)
    dead = sandbox.dead(b"dead.sock")
    opened.choose(window, dead)
    opened.until(window.actions_table[Act.REMOVE].isEnabled, "the left-over")
    window.actions_table[Act.REMOVE].trigger()
    window.close()
    assert window.isVisible()
    assert "something is being asked" in told(window)
    assert window.actor.dialog is not None
    window.actor.dialog.reject()
    opened.until(lambda: not window.actor.busy, "the end of the question")
    path = sandbox.path(b"served.sock")
    command = [sys.executable, "-S", "-E", "-c", SERVER, os.fsdecode(path) + ".new"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        os.rename(path + b".new", path)  # in one step: what is seen first is what stays
        opened.choose(window, path)
        arm(opened, window, Act.ARM_DEATH)
        opened.until(lambda: not window.arming.busy, "the end of the arming")
        window.close()
        assert (window.isVisible(), closings) == (True, [])
        assert len(tuple(window.arming.targets)) == 1
        strip = window.strips.strips()[-1]
        assert strip.text.startswith("The window was not hidden: 1 removal is armed")
        strip.more_button.click()
        assert not window.arming.targets
        assert window.isHidden()
        assert "The window was hidden in the tray." in told(window)
        assert "was not hidden" not in told(window)  # nor does it say so when it comes back
        process.communicate()
    window.tray.come_back()


def test_it_is_not_hidden_between_the_answer_and_the_arming(
    window: MainWindow,
    opened: Opened,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What was agreed to is looked at once more before it is armed: closing the window right then hid an armed one."""
    monkeypatch.setattr(arm_dialog, "BEAT_MS", 100)
    path = sandbox.path(b"served.sock")
    command = [sys.executable, "-S", "-E", "-c", SERVER, os.fsdecode(path) + ".new"]
    look, go_on = window.arming._racewatch.observe, threading.Event()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        os.rename(path + b".new", path)
        opened.choose(window, path)
        for hide in (True, False):
            opened.until(window.actions_table[Act.ARM_DEATH].isEnabled, "the server")
            go_on.clear()
            with monkeypatch.context() as slow:
                slow.setattr(
                    window.arming._racewatch,
                    "observe",
                    lambda target: look(target) if go_on.wait(30) else None,
                )
                window.actions_table[Act.ARM_DEATH].trigger()
                dialog = window.arming.dialog
                assert dialog is not None
                opened.until(dialog.arm.isEnabled, "the beat")
                QTest.mouseClick(dialog.arm, Qt.MouseButton.LeftButton)
                assert window.arming.dialog is None
                assert not window.arming.targets
                window.close()
                assert window.isVisible()
                assert "something is being asked" in told(window)
                if hide:  # as if the button of an earlier message were pressed
                    window.tray._disarm_and_hide()
                    assert window.isHidden()
                    assert "is not armed any more. The window was hidden" in told(window)
                go_on.set()
                opened.until(lambda: not window.arming.busy, "the look")
            assert bool(window.arming.targets) is not hide
            window.tray.come_back()
            window.arming.disarm_all("The test is over.")
        process.communicate()


def test_a_tray_that_goes_away_gives_the_window_back(
    window: MainWindow, closings: list[bool], opened: Opened, available: Available
) -> None:
    window.close()
    available.there = False
    window.tray._look()
    assert window.isHidden()  # a panel that is started anew
    window.tray._look()
    assert window.isVisible()
    assert "The tray of this desktop has gone" in told(window)
    window.close()
    assert closings == [True]


def test_a_desktop_without_a_tray_is_told_in_the_window_and_in_the_settings(
    opened: Opened, sandbox: Sandbox
) -> None:
    window = opened.open()
    closings: list[bool] = []
    window.closing.connect(lambda: closings.append(True))
    assert "Turn the tray on" in window.actions_table[Act.HIDE].toolTip()
    window.live_settings.begin()
    path = Path(os.fsdecode(config_path()))
    path.parent.mkdir(parents=True, exist_ok=True)
    roots = f'roots = ["{os.fsdecode(sandbox.folder)}"]\n'
    path.write_text(f"{roots}tray = true\n")
    opened.until(lambda: tray.NO_TRAY in told(window), "the word about it")
    assert not window.actions_table[Act.HIDE].isEnabled()
    window.close()
    assert closings == [True]
    window.actions_table[Act.SETTINGS].trigger()
    opened.until(
        lambda: (
            (dialog := window.live_settings.dialog) is not None
            and tray.NO_TRAY in dialog.helps["tray"].text()
            and "None can be shown just now: there is no session bus." in dialog.helps["notify.stale"].text()
        ),
        "the remarks",
    )
    assert window.live_settings.dialog is not None
    window.live_settings.dialog.reject()
    # It has one after all, and then it is turned off while the window is in it.
    window.tray._available = lambda: True
    window.close()
    assert window.tray.hidden
    path.write_text(roots)
    opened.until(window.isVisible, "the window")
    assert window.tray.icon is None


@pytest.mark.skipif(bool(missing()), reason=f"not installed: {', '.join(missing())}")
def close_it(desktop: Desktop, window: str) -> None:
    """As somebody does who presses it again: a window manager that is busy may lose a key."""
    for _ in range(12):
        desktop.focus(window)
        desktop.key("alt+F4")
        with suppress(AssertionError):
            wait_for(lambda: not desktop.window("^racewatch$"), "the window to go", 5)
            return
    raise AssertionError("the window never went")


def test_in_a_real_tray_a_click_and_a_second_start_bring_it_back(sandbox: Sandbox, tmp_path: Path) -> None:
    config = Path(os.fsdecode(config_path()))
    config.parent.mkdir(parents=True)
    config.write_text("tray = true\n")
    settings = config.with_name("window.ini")
    settings.write_text("[welcome]\nseen=true\n")
    words = [sys.executable, "-m", "racewatch", "gui", os.fsdecode(sandbox.folder)]
    with Desktop() as desktop, private_bus() as bus, TrayHost(bus) as host:
        environment = {**desktop.environment, "DBUS_SESSION_BUS_ADDRESS": bus}
        window = subprocess.Popen(words, cwd=ROOT, env=environment)
        try:
            host.wait_for("item")
            shown = wait_for(lambda: desktop.window("^racewatch$"), "the window", 30)
            assert isinstance(shown, str)
            for come_back in (
                host.click,
                lambda: subprocess.run(words, cwd=ROOT, env=environment, check=True),
            ):
                close_it(desktop, shown)
                assert window.poll() is None
                come_back()
                wait_for(lambda: desktop.window("^racewatch$"), "the window to come back")
        finally:
            window.terminate()
            assert window.wait(10) == 0
