"""A real window on a real display with a window manager, driven by real key presses."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ui.desktop import Desktop, missing, wait_for
from tests.ui.sandbox import Sandbox

ROOT = Path(__file__).resolve().parents[2]
TITLE = "racewatch under test"

pytestmark = pytest.mark.skipif(bool(missing()), reason=f"not installed: {', '.join(missing())}")


@pytest.fixture
def desktop() -> Iterator[Desktop]:
    with Desktop() as made:
        wait_for(lambda: made.xdotool("getdisplaygeometry"), "the display")
        yield made


class Program:
    """The window as a process of its own on that desktop."""

    def __init__(self, desktop: Desktop, sandbox: Sandbox, tmp_path: Path, *more: str) -> None:
        self.desktop = desktop
        environment = {
            **desktop.environment,
            **{name: os.environ[name] for name in ("XDG_CONFIG_HOME", "XDG_RUNTIME_DIR")},
        }
        words = ["-m", "tests.ui.launch", os.fsdecode(sandbox.folder), str(tmp_path / "state")]
        self.process = subprocess.Popen(
            [sys.executable, *words, *more],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.window = str(wait_for(self._window, "the window"))
        desktop.focus(self.window)

    def _window(self) -> str:
        assert self.process.poll() is None, self.process.communicate()
        return self.desktop.window(f"^{TITLE}")

    def question(self) -> str:
        return self.desktop.window("^Remove the")

    def end(self) -> str:
        """Ctrl+Q; what it wrote to standard error."""
        if self.process.poll() is None:
            self.desktop.focus(self.window)
            self.desktop.key("ctrl+q")
        try:
            return self.process.communicate(timeout=20)[1]
        except subprocess.TimeoutExpired:
            # It is told to abort, so that it says where each of its threads stands.
            self.process.send_signal(signal.SIGABRT)
            raise AssertionError(
                f"it did not end in 20 s; {self.desktop.state()}\n{self.process.communicate(timeout=20)[1]}"
            ) from None
        finally:
            self.process.kill()
            self.process.communicate()


def ask(program: Program) -> None:
    """Select by keyboard and press Delete until the question stands (rows arrive when they arrive)."""

    def asked() -> bool:
        # Filter, then Down to the table, where the one row that is left is chosen.  Until Qt knows that its window
        # has the keyboard, Ctrl+F does nothing and what is typed goes to the list of pages: it turns to the
        # locks, and the dialog that comes then is about one of those.  So each round begins anew.
        if not program.question():
            program.desktop.focus(program.window)
            program.desktop.key("ctrl+3", "ctrl+f")
            program.desktop.xdotool("type", "--delay", "20", "left-over")
            program.desktop.key("Down", "Delete")
        return bool(program.question())

    try:
        wait_for(asked, "the question", 30)
    except AssertionError as error:
        raise AssertionError(f"{error}; {program.desktop.state()}") from None


def test_removal_and_undo_by_keyboard_alone(desktop: Desktop, sandbox: Sandbox, tmp_path: Path) -> None:
    path = sandbox.dead(b"left-over.sock")
    live = sandbox.bind(b"live.sock")
    program = Program(desktop, sandbox, tmp_path)
    try:
        ask(program)
        # Enter means Cancel, and Escape too: nothing goes by accident.
        desktop.key("Return")
        wait_for(lambda: not program.question(), "the cancelled question to go")
        assert os.path.lexists(path)
        desktop.focus(program.window)
        desktop.key("Delete")
        wait_for(program.question, "the question again")
        desktop.key("Escape")
        wait_for(lambda: not program.question(), "the question to go")
        assert os.path.lexists(path)
        desktop.focus(program.window)
        desktop.key("Delete")
        wait_for(program.question, "the question once more")

        # Until the beat is over the button is off and takes no focus: Tab would stay on Cancel.
        time.sleep(1.2)
        desktop.key("Tab", "space")
        wait_for(lambda: not os.path.lexists(path), "the removal")
        wait_for(lambda: not program.question(), "the question to close")
        desktop.focus(program.window)

        def back() -> bool:
            desktop.key("ctrl+z")
            return os.path.lexists(path)

        wait_for(back, "the undo")
        assert os.path.lexists(live)
    finally:
        errors = program.end()
    assert program.process.returncode == 0, errors
    assert "Traceback" not in errors


def test_it_ends_in_time_while_a_look_hangs(desktop: Desktop, sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.dead(b"left-over.sock")
    program = Program(desktop, sandbox, tmp_path, "hang")
    try:
        ask(program)  # its own look hangs in a thread now
        begun = time.monotonic()
        program.process.terminate()
        program.process.wait(20)
        assert time.monotonic() - begun < 2.5
        assert program.process.returncode == 0
    finally:
        program.end()
