"""A session bus of one's own, and what answers on it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def private_bus() -> Iterator[str]:
    """The address of a session bus that ends with it; skips where there can be none."""
    if shutil.which("dbus-daemon") is None:
        pytest.skip("not installed: dbus-daemon")
    daemon = subprocess.Popen(
        ["dbus-daemon", "--session", "--nofork", "--print-address=1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert daemon.stdout is not None
        yield daemon.stdout.readline().strip()
    finally:
        daemon.terminate()
        daemon.communicate()


class NotificationServer:
    """A process that shows notifications, by writing them down."""

    def __init__(self, bus: str, notes: Path, *words: str) -> None:
        self._notes = notes
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.ui.notification_server", str(notes), *words],
            cwd=ROOT,
            env={**os.environ, "DBUS_SESSION_BUS_ADDRESS": bus},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"

    def shown(self) -> list[dict[str, Any]]:
        """What was to be shown so far."""
        if not self._notes.exists():
            return []
        return [json.loads(line) for line in self._notes.read_text().splitlines()]

    def click(self, number: int) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{number}\n")
        self._process.stdin.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate(timeout=10)


class Heartbeat:
    """The longest time for which a loop did not turn."""

    def __init__(self) -> None:
        self._last = time.monotonic()
        self.longest = 0.0

    def beat(self) -> None:
        now = time.monotonic()
        self.longest = max(self.longest, now - self._last)
        self._last = now


class TrayHost:
    """A process that is the tray of the desktop."""

    def __init__(self, bus: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.ui.tray_host"],
            cwd=ROOT,
            env={**os.environ, "DBUS_SESSION_BUS_ADDRESS": bus},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.wait_for("ready")

    def wait_for(self, word: str) -> None:
        assert self._process.stdout is not None
        assert self._process.stdout.readline().startswith(word)

    def click(self) -> None:
        """On the icon."""
        assert self._process.stdin is not None
        self._process.stdin.write("click\n")
        self._process.stdin.flush()
        self.wait_for("clicked")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate(timeout=10)
