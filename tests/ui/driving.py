"""One real window, driven as a person does: keys and the mouse by xdotool, what is on screen by its read-out."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, TypeVar

from tests.ui.desktop import PATIENCE, Desktop
from tests.ui.readout import Place, Screen, Table, Thing, parse

ROOT = Path(__file__).resolve().parents[2]
_T = TypeVar("_T")
_MAIN = "MainWindow"
#: It ends in half a second whatever hangs; on a busy machine that may be said of what is only slow.
_LATE = "something did not end in time and was left behind"


class Folders:
    """Where one person's racewatch keeps its things: settings, journal, what it looks at."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.looked_at = home / "run"
        self.config = home / "config" / "racewatch" / "config.toml"
        self.state = home / "state"
        self.looked_at.mkdir()
        self.config.parent.mkdir(parents=True)
        self.config.write_text(f'# by hand\nroots = ["{self.looked_at}"]\n')
        (home / "runtime").mkdir(mode=0o700)

    @property
    def environment(self) -> Mapping[str, str]:
        return {
            "HOME": str(self.home),
            "XDG_CONFIG_HOME": str(self.home / "config"),
            "XDG_RUNTIME_DIR": str(self.home / "runtime"),
            "RACEWATCH_STATE_DIR": str(self.state),
            "LANG": "C.UTF-8",
        }

    def welcomed(self) -> None:
        """The page of the first start has been seen."""
        (self.config.parent / "window.ini").write_text("[welcome]\nseen=true\n")


class Program:
    """A started window; ``words`` follow ``racewatch``."""

    def __init__(self, desktop: Desktop, folders: Folders, *words: str) -> None:
        self.desktop = desktop
        self.folders = folders
        self.environment = {**desktop.environment, **folders.environment}
        self._errors = (folders.home / "errors.txt").open("w+")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.ui.launch", *words],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
        )
        try:
            self.wait(lambda seen: seen.windows, "its window")
            self.window = self._find()
            desktop.focus(self.window)
        except BaseException:
            self.kill()
            raise

    def _find(self) -> str:
        found: list[str] = []
        # Asked of the server by process: there may be other windows with the same title.
        while not found:
            found = self.desktop.xdotool(
                "search", "--all", "--onlyvisible", "--pid", str(self.process.pid), "--name", "racewatch"
            ).split()
        return found[0]

    # --- what is seen ---------------------------------------------------------------------------

    def screen(self) -> Screen:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            self.process.stdin.write(b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise AssertionError(f"the window has ended\n{self.errors()}") from None
        line = _line(self.process.stdout)
        if not line:
            raise AssertionError(f"the window does not answer any more\n{self.errors()}")
        return parse(line.decode())

    def wait(self, check: Callable[[Screen], _T | None], what: str) -> _T:
        """The first true answer about what is on screen."""
        deadline = time.monotonic() + PATIENCE
        while True:
            seen = self.screen()
            answer = check(seen)
            if answer:
                return answer
            if time.monotonic() > deadline:
                raise AssertionError(
                    f"waited {PATIENCE:.0f} s in vain for {what}; {self.desktop.state()}\n"
                    f"{seen.windows}\n{[(one.name, one.text) for one in seen.things if one.text]}\n"
                    f"{[(table.name, [row.cells for row in table.rows]) for table in seen.tables]}"
                )
            select.select([], [], [], 0.03)

    def thing(self, name: str, kind: str = "", window: str = "") -> Thing:
        """What is called so, once it is there, on, and where it stays (a message makes what is below it move)."""
        before: list[Thing | None] = [None]

        def check(seen: Screen) -> Thing | None:
            found = seen.thing(name, kind, window)
            stands = found is not None and found == before[0]
            before[0] = found
            return found if found is not None and found.enabled and stands else None

        return self.wait(check, f"“{name}” that is on")

    def table(self, name: str) -> Table:
        return self.wait(lambda seen: seen.table(name), f"the table {name}")

    def errors(self) -> str:
        self._errors.flush()
        self._errors.seek(0)
        return self._errors.read()

    # --- what is done -----------------------------------------------------------------------------

    def key(self, *keys: str) -> None:
        self.desktop.key(*keys)

    def type(self, text: str) -> None:
        self.desktop.xdotool("type", "--delay", "12", text)

    def point(self, x: int, y: int, button: int = 1, *, times: int = 1) -> None:
        """Click there."""
        self.desktop.xdotool(
            "mousemove",
            str(x),
            str(y),
            "click",
            "--delay",
            "60",
            "--repeat",
            str(times),
            str(button),
        )

    def click(self, what: Place, button: int = 1, *, times: int = 1) -> None:
        self.point(*what.middle, button, times=times)

    def drag(self, x: int, y: int, right: int) -> None:
        """From there to the right (or left), in steps as a hand makes them."""
        words = ["mousemove", str(x), str(y), "mousedown", "1"]
        for step in range(1, 5):
            words += ["mousemove", str(x + right * step // 4), str(y)]
        self.desktop.xdotool(*words, "mouseup", "1")

    def choose_line(self, text: str) -> None:
        """Click this line of the open menu."""

        def check(seen: Screen) -> Thing | None:
            return next((one for one in seen.menu if one.text == text and one.enabled), None)

        self.click(self.wait(check, f"the line {text}").place)

    def press(self, name: str, window: str = "") -> None:
        """Click this button when it is on."""
        self.click(self.thing(name, "Button", window).place)

    def dialog(self, beginning: str) -> None:
        """It stands in front and has the keyboard."""

        def check(seen: Screen) -> bool:
            found = seen.window(beginning)
            return found is not None and found.active

        self.wait(check, f"the dialog “{beginning}”")

    def closed(self, beginning: str) -> None:
        """It is gone, and the window itself has the keyboard again."""

        def check(seen: Screen) -> bool:
            if seen.window(beginning) is not None:
                return False
            if not any(one.active for one in seen.windows):
                # On a busy machine the window manager may give the keyboard to a window that has just gone.
                self.desktop.xdotool("windowactivate", self.window)
            return any(one.active and one.kind == _MAIN for one in seen.windows)

        self.wait(check, f"the end of “{beginning}”")

    def calm(self) -> None:
        """Only the window itself, with the keyboard: what a test before left open is closed."""

        def check(seen: Screen) -> bool:
            if len(seen.windows) == 1 and seen.windows[0].active:
                return True
            self.key("Escape")
            self.desktop.xdotool("windowactivate", self.window)
            return False

        self.wait(check, "the window alone")

    def filter(self, page: str, text: str, rows: int, table: str) -> Table:
        """Turn to a page by its key, type a filter, wait for so many rows."""
        self.key(page, "ctrl+f")
        self.wait(lambda seen: _has_focus(seen, "Filter"), "the keyboard in the filter")
        self.key("ctrl+a")
        self.type(text)

        def check(seen: Screen) -> Table | None:
            found = seen.table(table)
            line = next((one for one in seen.things if one.name == "Filter" and one.focus), None)
            ready = line is not None and line.text == text
            return found if ready and found is not None and len(found.rows) == rows else None

        return self.wait(check, f"{rows} rows for {text}")

    # --- the end ------------------------------------------------------------------------------------

    def end(self) -> None:
        """Ctrl+Q; it must end well, with nothing on standard error."""
        try:
            self.calm()
            self.key("ctrl+q")
            try:
                code = self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                # It is told to abort, so that it says where each of its threads stands.
                self.process.send_signal(signal.SIGABRT)
                self.process.wait(PATIENCE)
                raise AssertionError(f"it did not end; {self.desktop.state()}\n{self.errors()}") from None
            said = [line for line in self.errors().splitlines() if line != _LATE]
            assert (code, said) == (0, []), f"ended with {code}: {said}"
        finally:
            self.kill()

    def kill(self) -> None:
        """However it stands."""
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self._errors):
            if stream is not None and not stream.closed:
                try:
                    stream.close()
                except BrokenPipeError:
                    pass  # a question that was never read


def _line(stream: IO[bytes]) -> bytes:
    """One line, or less when no more comes in time."""
    deadline = time.monotonic() + PATIENCE
    found = b""
    while not found.endswith(b"\n"):
        if not select.select([stream], [], [], max(deadline - time.monotonic(), 0))[0]:
            return b""
        piece = os.read(stream.fileno(), 1 << 20)
        if not piece:
            return b""
        found += piece
    return found


def _has_focus(seen: Screen, name: str) -> bool:
    return any(one.name == name and one.focus for one in seen.things)
