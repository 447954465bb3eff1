"""A desktop of our own for tests and screenshots: Xvfb with openbox, driven by xdotool.

(The offscreen platform of Qt is no desktop: no focus, no activation, no window manager.)
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

NEEDED = ("Xvfb", "openbox", "xdotool")
#: How long anything may take, in seconds; what takes longer has failed.
PATIENCE = 60.0


def missing() -> list[str]:
    """The tools that are not installed here."""
    return [tool for tool in NEEDED if shutil.which(tool) is None]


def wait_for(check: Callable[[], object], what: str, seconds: float = PATIENCE) -> object:
    """The first true answer; fails with ``what`` when there is none in time."""
    deadline = time.monotonic() + seconds
    while True:
        answer = check()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds:.0f} s in vain for {what}")
        time.sleep(0.03)


class Desktop:
    """One virtual screen with a window manager; everything in it ends with it."""

    def __init__(self, size: str = "1440x900") -> None:
        read, write = os.pipe()
        self._x = subprocess.Popen(
            [
                "Xvfb",
                "-displayfd",
                str(write),
                "-screen",
                "0",
                f"{size}x24",
                "-nolisten",
                "tcp",
                "-dpi",
                "96",
            ],
            pass_fds=[write],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(write)
        with os.fdopen(read) as numbers:
            number = numbers.readline().strip()
        if not number:
            raise AssertionError("Xvfb did not start")
        self.display = f":{number}"
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("QT_")},
            "DISPLAY": self.display,
            "QT_QPA_PLATFORM": "xcb",
            "XDG_SESSION_TYPE": "x11",
            "NO_AT_BRIDGE": "1",
            "DBUS_SESSION_BUS_ADDRESS": "disabled:",
        }
        self.environment.pop("WAYLAND_DISPLAY", None)
        self._manager = self._manage()

    def _manage(self) -> subprocess.Popen[bytes]:
        """A window manager that has taken this display over: without one no window ever gets the keyboard."""
        manager = subprocess.Popen(
            ["openbox", "--sm-disable"],
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        # It is the manager that tells the root window how many desktops there are.
        wait_for(lambda: manager.poll() is not None or self.xdotool("get_num_desktops"), "the window manager")
        return manager

    def xdotool(self, *words: str) -> str:
        """What xdotool prints; an empty text when it found nothing."""
        done = subprocess.run(
            ["xdotool", *words],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        return done.stdout.strip()

    def window(self, title: str) -> str:
        """The id of the visible window whose title holds this pattern, or an empty text."""
        return self.xdotool("search", "--onlyvisible", "--name", title).split("\n")[0]

    def focus(self, window: str) -> None:
        """Give it the keyboard, and make sure that it has it: a dialog that stands before it is cancelled."""
        if self._manager.poll() is not None:
            self._manager = self._manage()  # it is not the program under test, and it may crash

        def has_it() -> bool:
            active = self.xdotool("getactivewindow")
            if active not in {window, ""}:
                self.key("Escape")
            if active != window:
                self.xdotool("windowactivate", window)
            return active == window

        wait_for(has_it, "the keyboard focus")

    def key(self, *keys: str) -> None:
        """Press keys, whoever has the focus."""
        self.xdotool("key", "--clearmodifiers", "--delay", "40", *keys)

    def state(self) -> str:
        """For a failure: which windows there are, and which has the focus."""
        names = {
            window: self.xdotool("getwindowname", window)
            for window in self.xdotool("search", "--onlyvisible", "--name", "").split()
        }
        return f"windows {names}, active {self.xdotool('getactivewindow')}, focus {self.xdotool('getwindowfocus')}"

    def close(self) -> None:
        for process in (self._manager, self._x):
            process.terminate()
        for process in (self._manager, self._x):
            process.wait(10)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
