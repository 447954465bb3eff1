"""A real window on a real display with a window manager: the keyboard alone, starting twice, ending, coming back."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.ui.desktop import PATIENCE, Desktop, wait_for
from tests.ui.driving import ROOT, Folders, Program
from tests.ui.readout import Heading, Screen
from tests.ui.sandbox import Sandbox


def choose(program: Program, text: str) -> None:
    """By keyboard: find it, choose the one row."""
    program.filter("ctrl+3", text, 1, "Sockets")
    program.key("Down")
    program.wait(lambda seen: seen.action("Remove…").enabled, "a row that can be removed")


def ask(program: Program, text: str) -> None:
    """The same, and press Delete."""
    choose(program, text)
    program.key("Delete")
    program.dialog("Remove the")


def test_removal_and_undo_by_keyboard_alone(program: Program, watched: Sandbox) -> None:
    path = watched.dead(b"left-over.sock")
    live = watched.bind(b"live.sock")
    ask(program, "left-over")
    # Enter means Cancel, and Escape too: nothing goes by accident.
    for key in ("Return", "Escape"):
        program.key(key)
        program.closed("Remove the")
        assert os.path.lexists(path)
        program.key("Delete")
        program.dialog("Remove the")

    # Until the beat is over the button is off and takes no focus: Tab would stay on Cancel.
    program.thing("Remove socket", window="Remove the")
    program.key("Tab", "space")
    wait_for(lambda: not os.path.lexists(path), "the removal")
    program.closed("Remove the")
    program.wait(lambda seen: seen.action("Undo last removal").enabled, "something to undo")
    program.key("ctrl+z")
    wait_for(lambda: os.path.lexists(path), "the undo")
    assert os.path.lexists(live)


def another_window(desktop: Desktop) -> subprocess.Popen[bytes]:
    """A window of somebody else, in front of ours."""
    code = (
        "import sys; from PySide6.QtWidgets import QApplication, QLabel; made = QApplication(sys.argv); "
        "label = QLabel('somebody else'); label.setWindowTitle('somebody else'); label.show(); made.exec()"
    )
    made = subprocess.Popen([sys.executable, "-c", code], env=desktop.environment)
    wait_for(lambda: desktop.window("^somebody else"), "the other window")
    desktop.focus(desktop.window("^somebody else"))
    return made


@pytest.mark.parametrize("hidden", ["covered", "minimised"])
def test_a_second_start_raises_the_first(program: Program, hidden: str) -> None:
    other = another_window(program.desktop)
    try:
        if hidden == "minimised":
            program.desktop.xdotool("windowminimize", program.window)
            program.wait(lambda seen: all(one.minimized for one in seen.windows), "it to be minimised")
        program.wait(lambda seen: not any(one.active for one in seen.windows), "it to have lost the keyboard")
        second = subprocess.run(
            [sys.executable, "-m", "racewatch", "gui"],
            cwd=ROOT,
            env=program.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert (second.returncode, second.stderr) == (0, "")
        assert f"racewatch is open already (process {program.process.pid})" in second.stdout
        program.wait(lambda seen: seen.windows[0].active and not seen.windows[0].minimized, "it in front")
        wait_for(
            lambda: program.desktop.xdotool("getactivewindow") == program.window, "the keyboard to be its own"
        )
    finally:
        other.kill()
        other.wait()


def headings(seen: Screen) -> dict[str, Heading]:
    """The columns of the sockets that are on screen."""
    table = seen.table("Sockets")
    return {one.text: one for one in table.headings} if table is not None else {}


def shape(seen: Screen) -> list[tuple[str, int, int]]:
    """Columns, widths and order."""
    return [(one.text, one.place.width, one.sorts) for one in headings(seen).values()]


def test_place_columns_and_sorting_come_back(desktop: Desktop, tmp_path: Path) -> None:
    folders = Folders(tmp_path)
    folders.welcomed()
    with Sandbox(os.fsencode(folders.looked_at)) as sandbox:
        sandbox.dead(b"one.sock")
        first = Program(desktop, folders, "gui")
        try:
            desktop.xdotool("windowsize", "--sync", first.window, "1120", "640")
            desktop.xdotool("windowmove", "--sync", first.window, "150", "90")
            first.filter("ctrl+3", "one.sock", 1, "Sockets")
            first.click(headings(first.screen())["Owner"].place)
            first.wait(lambda seen: headings(seen)["Owner"].sorts, "the order")
            # By keyboard to the choice of columns: out goes the type.
            first.key("ctrl+k")
            first.choose_line("Type")
            first.wait(lambda seen: "Type" not in headings(seen), "one column less")
            first.calm()
            # A little: where the path gets no room any more, the next start lets another column go instead.
            state = headings(first.screen())["State"].place
            first.drag(state.x + state.width - 1, state.middle[1], 30)
            first.wait(lambda seen: headings(seen)["State"].place.width > state.width + 15, "more width")
            seen = first.screen()
            first.end()
        finally:
            first.kill()
        again = Program(desktop, folders, "gui")
        try:
            again.filter("ctrl+3", "one.sock", 1, "Sockets")
            now = again.screen()
            assert now.windows[0].place == seen.windows[0].place
            assert shape(now) == shape(seen)
            again.end()
        finally:
            again.kill()


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_killed_in_the_middle_of_an_act_it_puts_back_at_the_next_start(
    desktop: Desktop, tmp_path: Path
) -> None:
    folders = Folders(tmp_path)
    folders.welcomed()
    with Sandbox(os.fsencode(folders.looked_at)) as sandbox:
        path = sandbox.dead(b"half-way.sock")
        node = os.lstat(path)
        first = Program(desktop, folders, "gui")
        try:
            ask(first, "half-way")
            button = first.thing("Remove socket", window="Remove the")
            # Killed on entry of the call that commits: the name is taken, and stands aside under a private one.
            killer = killing(first.process.pid, "unlinkat")
            first.click(button.place)
            assert first.process.wait(PATIENCE) == -signal.SIGKILL
            killer.communicate(timeout=PATIENCE)
        finally:
            first.kill()
        assert not os.path.lexists(path)
        again = Program(desktop, folders, "gui")
        try:
            again.wait(lambda seen: seen.says("had been interrupted", "half-way.sock"), "the announcement")
            now = os.lstat(path)
            assert (now.st_ino, now.st_mtime_ns) == (node.st_ino, node.st_mtime_ns)
            again.press("Show in history")
            again.wait(lambda seen: seen.says("It was interrupted by a crash"), "the line of the history")
            assert [name for name in os.listdir(sandbox.folder) if name != b"half-way.sock"] == []
            again.calm()
            again.key("ctrl+q")
            assert again.process.wait(PATIENCE) == 0
        finally:
            again.kill()


def killing(pid: int, call: str) -> subprocess.Popen[str]:
    """strace, attached to each thread of it: it dies on entry of its first such call."""
    made = subprocess.Popen(
        ["strace", "-f", "-p", str(pid), "-e", f"trace={call}", "-e", f"inject={call}:signal=KILL:when=1"],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert made.stderr is not None
    said = made.stderr.readline()
    while said and "attached" not in said:
        said = made.stderr.readline()
    if not said:
        made.communicate()
        pytest.skip("strace may not attach to a process here")
    return made


def test_a_held_enter_and_a_double_click_do_not_pass_and_it_ends_while_a_look_hangs(
    desktop: Desktop, tmp_path: Path
) -> None:
    # A window whose looks never return, and in which the beat of a question never ends.
    folders = Folders(tmp_path)
    with Sandbox(os.fsencode(folders.looked_at)) as sandbox:
        path = sandbox.dead(b"left-over.sock")
        hanging = Program(desktop, folders, "--hang", str(folders.looked_at), str(folders.state))
        try:
            choose(hanging, "left-over")
            # The Enter that opens the question stays down, and comes again and again: it never agrees.  (That it does
            # not cancel either is tested without a display: on a busy one Qt may take a repetition for a new press.)
            desktop.xdotool("keydown", "Return")
            try:
                hanging.dialog("Remove the")
                before = hanging.screen().repeats
                hanging.wait(lambda seen: seen.repeats > before + 3, "the held key to come again")
            finally:
                desktop.xdotool("keyup", "Return")
            assert os.path.lexists(path)
            hanging.calm()
            hanging.key("Delete")
            hanging.dialog("Remove the")
            button = hanging.screen().thing("Remove socket", window="Remove the")
            assert button is not None
            assert not button.enabled
            hanging.click(button.place, times=2)
            hanging.key("Escape")
            hanging.closed("Remove the")
            assert os.path.lexists(path)

            hanging.key("Delete")
            hanging.dialog("Remove the")  # its own look hangs in a thread now
            hanging.process.terminate()
            assert hanging.process.wait(PATIENCE) == 0
        finally:
            hanging.kill()
