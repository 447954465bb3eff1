"""The real window as a screen reader sees it: over AT-SPI, from another process."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.ui.desktop import Desktop, missing, wait_for
from tests.ui.sandbox import Sandbox

ROOT = Path(__file__).resolve().parents[2]
TITLE = "racewatch under test"
#: The window on these roots, with this state and this title.
PROGRAM = """
import os, sys
from racewatch.config import Config
from racewatch.ui import app
from racewatch.verbs import Racewatch
racewatch = Racewatch(Config(roots=(os.fsencode(sys.argv[1]),)), state=os.fsencode(sys.argv[2]))
app.run(racewatch, None, title=sys.argv[3])
racewatch.close()
"""
LAUNCHER = "/usr/libexec/at-spi-bus-launcher"
SYSTEM_PYTHON = "/usr/bin/python3"
#: Roles of what a person works with; these must say what they are and what they do.
CONTROLS = {"push button", "check box", "text", "combo box", "table", "list", "button menu", "toggle button"}


def _missing() -> list[str]:
    lacking = missing() + [tool for tool in ("dbus-daemon", "dbus-monitor") if shutil.which(tool) is None]
    if not Path(LAUNCHER).exists():
        lacking.append("at-spi2-core")
    elif subprocess.run([SYSTEM_PYTHON, "-c", "import dbus"], capture_output=True, check=False).returncode:
        lacking.append("python3-dbus")
    return lacking


pytestmark = pytest.mark.skipif(bool(_missing()), reason=f"not installed: {', '.join(_missing())}")


@dataclass(frozen=True)
class Node:
    """One accessible object."""

    role: str
    name: str
    description: str
    states: frozenset[str]
    children: tuple[Node, ...] = field(repr=False)

    @classmethod
    def of(cls, told: dict[str, Any]) -> Node:
        return cls(
            told["role"],
            told["name"],
            told["description"],
            frozenset(told["states"]),
            tuple(cls.of(child) for child in told["children"]),
        )

    def all(self) -> Iterator[Node]:
        """This and everything in it that is shown."""
        yield self
        for child in self.children:
            if "showing" in child.states:
                yield from child.all()


class Reader:
    """The window on a desktop with an accessibility bus of its own, and who looks at it from outside."""

    def __init__(self, desktop: Desktop, sandbox: Sandbox, place: Path) -> None:
        self.desktop = desktop
        self._running: list[subprocess.Popen[str]] = []
        runtime = place / "runtime"
        runtime.mkdir(mode=0o700)
        self._environment = {
            **desktop.environment,
            "XDG_RUNTIME_DIR": str(runtime),
            "XDG_CONFIG_HOME": str(place / "config"),
            "QT_LINUX_ACCESSIBILITY_ALWAYS_ON": "1",
        }
        del self._environment["NO_AT_BRIDGE"], self._environment["DBUS_SESSION_BUS_ADDRESS"]
        bus = self._start("dbus-daemon", "--session", "--nofork", "--print-address=1")
        self._environment["DBUS_SESSION_BUS_ADDRESS"] = _line(bus)
        self._start(LAUNCHER, "--launch-immediately")
        self._client = self._start(SYSTEM_PYTHON, str(ROOT / "tests/ui/atspi_client.py"))
        address = json.loads(_line(self._client))
        self._monitor = self._start(
            "dbus-monitor", "--address", address, "interface=org.a11y.atspi.Event.Object"
        )
        self.heard = ""
        self._listening = threading.Thread(target=self._listen, daemon=True)
        self._listening.start()
        words = ["-c", PROGRAM, os.fsdecode(sandbox.folder), str(place / "state"), TITLE]
        self._program = self._start(sys.executable, *words)
        self.window = str(wait_for(lambda: desktop.window(f"^{TITLE}"), "the window", 30))
        desktop.focus(self.window)

    def _start(self, *words: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            words,
            cwd=ROOT,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._running.append(process)
        return process

    def _listen(self) -> None:
        assert self._monitor.stdout is not None
        for line in self._monitor.stdout:
            self.heard += line

    def tree(self, title: str = TITLE) -> Node | None:
        """The window of this title with everything in it."""
        assert self._client.stdin is not None
        self._client.stdin.write(f"tree {title}\n")
        self._client.stdin.flush()
        told = json.loads(_line(self._client))
        return Node.of(told[0]) if told else None

    def nodes(self, title: str = TITLE) -> list[Node]:
        """Everything that is shown in that window."""
        tree = self.tree(title)
        return list(tree.all()) if tree is not None else []

    def wait_for(self, role: str, text: str, title: str = TITLE, *states: str) -> Node:
        """The first node with this role, this in its name, and these states."""

        def look() -> Node | None:
            return next(
                (
                    node
                    for node in self.nodes(title)
                    if node.role == role and text in node.name and node.states >= set(states)
                ),
                None,
            )

        found = wait_for(look, f"the {role} {text!r} {states}", 20)
        assert isinstance(found, Node)
        return found

    def focused(self, title: str = TITLE) -> list[str]:
        """What has the keyboard, by role and name; of a list its item as well."""
        return [f"{node.role} {node.name}" for node in self.nodes(title) if "focused" in node.states]

    def close(self) -> None:
        for process in reversed(self._running):
            process.terminate()
        for process in reversed(self._running):
            process.wait(20)
        self._listening.join(5)
        for process in self._running:
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    stream.close()


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    place = tmp_path_factory.mktemp("atspi")
    (place / "run").mkdir()
    with Sandbox(os.fsencode(place / "run")) as sandbox, Desktop() as desktop:
        sandbox.dead(b"left-over.sock")
        sandbox.dead(b"second.sock")
        sandbox.bind(b"live.sock")
        wait_for(lambda: desktop.xdotool("getdisplaygeometry"), "the display")
        made = Reader(desktop, sandbox, place)
        try:
            yield made
        finally:
            made.close()


def test_every_control_says_what_it_is_and_what_it_does(reader: Reader) -> None:
    reader.desktop.key("ctrl+3")
    reader.wait_for("table", "Sockets")
    nodes = reader.nodes()
    controls = [node for node in nodes if node.role in CONTROLS]
    assert len(controls) > 15
    assert [node for node in controls if not node.name] == []
    assert [node for node in controls if not node.description] == []
    assert [node for node in nodes if "<p " in node.description or "<p " in node.name] == []


def test_a_row_reads_its_verdict_as_a_word_and_its_path(reader: Reader) -> None:
    reader.desktop.key("ctrl+2")
    reader.wait_for("cell", "left-over.sock")
    table = reader.wait_for("table", "Things")
    cells = [node for node in table.all() if node.role == "cell"]
    assert [node for node in cells if not node.name] == []
    names = [node.name for node in cells]
    at = next(at for at, name in enumerate(names) if name.endswith("/left-over.sock"))
    assert names[at - 2 : at] == ["stale: dead socket", "Socket"]
    headers = [node.name for node in table.children if node.role == "row header"]
    assert any("stale: dead socket" in name and name.endswith("/left-over.sock") for name in headers)


def test_the_keyboard_is_seen_to_move(reader: Reader) -> None:
    reader.desktop.focus(reader.window)
    reader.desktop.key("ctrl+3", "ctrl+f")
    reader.wait_for("text", "Filter", TITLE, "focused")
    reader.desktop.key("Down")
    reader.wait_for("cell", "", TITLE, "focused", "selected")
    seen = []
    for _ in range(4):
        reader.desktop.key("Tab")
        seen.append(tuple(reader.focused()))
    assert len(set(seen)) == 4, seen


def test_the_review_tells_what_is_ticked_and_what_the_button_does(reader: Reader) -> None:
    reader.desktop.focus(reader.window)
    reader.desktop.key("ctrl+3", "ctrl+Delete")
    title = "Remove the ticked"
    first = reader.wait_for("list item", "left-over.sock", title)
    assert first.name.startswith("ticked: ")
    assert "dead socket" in first.name
    assert "checked" in first.states
    reader.wait_for("push button", "Cancel", title, "focused")
    button = reader.wait_for("push button", "Remove 2 sockets", title, "enabled")
    assert button.description
    for _ in range(2):  # over the path of the current row
        reader.desktop.key("shift+Tab")
    reader.wait_for("list item", "", title, "focused")
    reader.desktop.key("space")
    reader.wait_for("list item", "not ticked", title, "focused")
    assert any(node.role == "push button" and node.name == "Remove 1 socket" for node in reader.nodes(title))
    changed = [
        node for node in reader.nodes(title) if node.role == "list item" and "checked" not in node.states
    ]
    assert [node.name.split(":")[0] for node in changed] == ["not ticked"]
    reader.desktop.key("Escape")
    wait_for(lambda: reader.tree(title) is None, "the question to go")


def test_a_message_is_announced(reader: Reader) -> None:
    reader.desktop.focus(reader.window)
    reader.desktop.key("ctrl+3", "ctrl+f", "Down", "Delete")
    reader.wait_for("push button", "Remove", "Remove the socket", "enabled")
    reader.desktop.key("Tab", "space")
    shown = reader.wait_for("label", "was removed")
    wait_for(lambda: "Announcement" in reader.heard and shown.name in reader.heard, "the announcement")
