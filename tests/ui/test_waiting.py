"""“Tell me when it is free”: real locks that are let go, taken over, replaced; holders that die; what survives nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from racewatch.core.model import Observation, Target, Verdict
from racewatch.monitor.batch import Batch
from racewatch.ui.actions import Act
from racewatch.ui.armed import Sight
from racewatch.ui.strip import Level
from racewatch.ui.waiting import Answer, Wait
from racewatch.ui.window import MainWindow
from tests.ui.conftest import Opened
from tests.ui.sandbox import Sandbox
from tests.ui.support import seen

HOLDER = """
import fcntl, sys
file = open(sys.argv[1], "a")
for line in sys.stdin:
    fcntl.flock(file, fcntl.LOCK_EX if line == "take\\n" else fcntl.LOCK_UN)
    print("done", flush=True)
"""


class Holder:
    """A process that takes a flock and lets it go when it is told to."""

    def __init__(self, path: Path) -> None:
        command = [sys.executable, "-S", "-E", "-c", HOLDER, str(path)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self.pid = self._process.pid

    def tell(self, word: str, *, wait: bool = True) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{word}\n")
        if wait:
            self.wait()

    def wait(self) -> None:
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "done\n"

    def die(self) -> None:
        self._process.kill()
        self._process.communicate()


@pytest.fixture
def path(sandbox: Sandbox) -> Path:
    """A lock of no known program: when nobody is seen to hold it, that proves nothing."""
    return Path(os.fsdecode(sandbox.folder)) / "held.lock"


@pytest.fixture
def cargo(sandbox: Sandbox) -> Path:
    """A lock whose format says what its being free means."""
    folder = Path(os.fsdecode(sandbox.folder)) / "work" / "target" / "debug"
    folder.mkdir(parents=True)
    return folder / ".cargo-lock"


@pytest.fixture
def holder(path: Path) -> Iterator[Holder]:
    made = Holder(path)
    made.tell("take")
    yield made
    made.die()


def row_of(window: MainWindow, path: Path) -> Observation | None:
    rows = (window.locks.model.row_at(number) for number in range(window.locks.model.rowCount()))
    found = (row.observation for row in rows if row is not None)
    return next((one for one in found if one.path == os.fsencode(path)), None)


def wait_for(opened: Opened, window: MainWindow, path: Path) -> Target:
    """Choose the row of this lock, as soon as it is in use, and wait for it."""
    window.actions_table[Act.LOCKS].trigger()

    def live() -> bool:
        row = row_of(window, path)
        return row is not None and row.verdict is Verdict.LIVE

    opened.until(live, "a lock that is in use")
    row = row_of(window, path)
    assert row is not None
    assert window.locks.table.choose(row.target)
    opened.until(window.actions_table[Act.WAIT].isEnabled, window.actions_table[Act.WAIT].toolTip())
    window.actions_table[Act.WAIT].trigger()
    assert window.news.waits.targets == (row.target,)
    return row.target


def told(window: MainWindow) -> str:
    return "\n".join(strip.text for strip in window.strips.strips())


def test_it_is_told_that_a_lock_was_let_go_even_while_the_view_is_frozen_or_only_observes(
    opened: Opened, cargo: Path
) -> None:
    holder = Holder(cargo)
    try:
        holder.tell("take")
        _let_go_in_a_frozen_view(opened, cargo, holder)
    finally:
        holder.die()


def _let_go_in_a_frozen_view(opened: Opened, cargo: Path, holder: Holder) -> None:
    window = opened.open(observe=True)
    target = wait_for(opened, window, cargo)
    panel = window.news.waits.panel
    assert panel.isVisible()
    line = panel._lines[target].label.text()
    assert line.startswith("Waiting until “.cargo-lock” is free: in use by python")
    assert line.endswith(f"({holder.pid})")
    row = row_of(window, cargo)
    assert row is not None
    mark = window.locks.table.mark_of(row)
    assert mark is not None
    assert mark.icon == "clock"
    assert not window.actions_table[Act.WAIT].isEnabled()  # twice is once
    assert "waited for already" in window.actions_table[Act.WAIT].toolTip()
    window.actions_table[Act.FREEZE].trigger()
    holder.tell("let go")
    opened.until(lambda: "“.cargo-lock” is free." in told(window), "the news")
    strip = window.strips.strips()[-1]
    assert strip.level is Level.SUCCESS
    assert not panel.isVisible()
    assert window.news.waits.targets == ()
    window.actions_table[Act.OVERVIEW].trigger()
    window.actions_table[Act.FREEZE].trigger()
    strip.more_button.click()
    assert window.locks.table.target == target
    assert cargo.exists()


def test_it_is_told_that_somebody_else_has_it_now(opened: Opened, path: Path, holder: Holder) -> None:
    window = opened.open()
    wait_for(opened, window, path)
    other = Holder(path)
    try:
        other.tell("take", wait=False)  # stands in the queue
        holder.tell("let go")
        other.wait()
        opened.until(lambda: not window.news.waits.targets, "the answer")
        opened.until(lambda: "somebody else has it now" in told(window), "the news")
        assert str(other.pid) in told(window)
    finally:
        other.die()


def test_it_is_told_that_its_holder_died_or_that_it_is_gone(
    opened: Opened, path: Path, holder: Holder
) -> None:
    window = opened.open()
    wait_for(opened, window, path)
    holder.die()
    opened.until(lambda: "“held.lock” is not seen in use any more." in told(window), "the news")
    again = Holder(path)
    try:
        again.tell("take")
        wait_for(opened, window, path)
        path.unlink()
        opened.until(lambda: "“held.lock” is gone" in told(window), "the news that it has gone")
    finally:
        again.die()


def test_it_is_told_that_another_stands_in_its_place(opened: Opened, path: Path, holder: Holder) -> None:
    window = opened.open()
    target = wait_for(opened, window, path)
    opened.until(lambda: window.news.waits._things[target]._node is not None, "the first look")
    beside = path.with_name("beside.new")
    other = Holder(beside)
    try:
        other.tell("take")
        beside.rename(path)
        opened.until(lambda: not window.news.waits.targets, "the answer")
        opened.until(lambda: "stands in its place" in told(window), "the news")
    finally:
        other.die()


def test_a_free_one_in_the_place_of_one_that_is_still_held_is_called_another(
    opened: Opened, cargo: Path
) -> None:
    """Its holder goes on with the file that has no name any more: that one is not free."""
    old = Holder(cargo)
    try:
        old.tell("take")
        window = opened.open()
        target = wait_for(opened, window, cargo)
        opened.until(lambda: window.news.waits._things[target]._node is not None, "the first look")
        beside = cargo.with_name("beside.new")
        beside.touch()
        beside.rename(cargo)
        opened.until(lambda: not window.news.waits.targets, "the answer")
        opened.until(
            lambda: "Another “.cargo-lock” stands in its place, and that is free." in told(window), "it"
        )
        assert "“.cargo-lock” is free" not in told(window)
    finally:
        old.die()


def test_stop_waiting_and_closing_end_it_and_nothing_is_told(
    opened: Opened, path: Path, holder: Holder
) -> None:
    window = opened.open()
    target = wait_for(opened, window, path)
    button = window.news.waits.panel.button(target)
    assert button is not None
    assert button.accessibleName() == "Stop waiting: held.lock"
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert window.news.waits.targets == ()
    assert not window.news.waits.panel.isVisible()
    assert window.news.ear._feed is None  # nobody listens, so nobody is told
    wait_for(opened, window, path)
    done = opened.bridge.spawn(window.shut_down(), "shutting down")
    opened.until(done.done, "the end of the window")
    assert window.news.waits.targets == ()
    assert told(window) == ""


def test_what_is_not_watched_any_more_is_not_waited_for(opened: Opened, path: Path, holder: Holder) -> None:
    window = opened.open()
    wait_for(opened, window, path)
    opened.until(lambda: not window.news.waits._looking, "the first look")
    window.news.ear.begun.emit()  # as after a change of the folders: another monitor, that does not see it
    window.news.ear.heard.emit(Batch(1, (), (), (), ready=True, problems=(), health=()))
    opened.until(lambda: "it is not watched now" in told(window), "the end of the wait")


def test_sockets_are_waited_for_until_their_owners_have_gone_and_told_together(
    opened: Opened, sandbox: Sandbox
) -> None:
    window = opened.open()
    names = [b"%c.sock" % letter for letter in b"abcdefgh"]
    paths = [sandbox.bind(name) for name in names]
    dead = sandbox.dead(b"dead.sock")
    opened.choose(window, dead)
    assert not window.actions_table[Act.WAIT].isEnabled()
    window.sockets.table.selectAll()
    opened.until(window.actions_table[Act.WAIT].isEnabled, window.actions_table[Act.WAIT].toolTip())
    window.actions_table[Act.WAIT].trigger()  # all that is selected and in use
    opened.until(lambda: len(window.news.waits.targets) == len(names), "the waits")
    panel = window.news.waits.panel
    lines = [line.sizeHint().height() for line in panel._lines.values()]
    assert sum(lines[:5]) < panel.height() < sum(lines)  # those below have room however many there are
    opened.until(lambda: not window.news.waits._looking, "the first looks")
    for name in names:
        sandbox.die(name)
    opened.until(lambda: not window.news.waits.targets, "the answers")
    opened.until(lambda: not window.news.waits._tell_timer.isActive(), "the news")
    (strip,) = window.strips.strips()  # whether they came at once or one by one
    assert "8 free" in strip.text
    assert all(f"“{name.decode()}” is free." in strip.details for name in names)
    assert all(map(os.path.lexists, paths))
    assert "Only for what is in use now." in window.actions_table[Act.WAIT].toolTip()


# --- the rules alone -----------------------------------------------------------------------------


def test_what_cannot_be_told_is_in_use_until_that_stays_so() -> None:
    node = (1, 2, 3, 4)
    live, unknown = seen(b"/a.sock", Verdict.LIVE, owner="one"), seen(b"/a.sock", Verdict.UNKNOWN)
    wait = Wait(live)
    wait.saw(Sight(unknown, node))
    assert (wait.answer, wait.in_doubt) == (None, True)
    assert "cannot be told" in wait.text()
    wait.saw(Sight(live, (1, 2, 3, 5)))  # another mode is no other thing
    text = "Waiting until “a.sock” is free: in use by one (4711)"
    assert (wait.answer, wait.in_doubt, wait.text()) == (None, False, text)
    wait.saw(Sight(unknown, node), sure=True)
    assert wait.answer is Answer.DOUBT


def test_another_that_cannot_be_told_is_another_and_it_ends_once() -> None:
    wait = Wait(seen(b"/a.sock", Verdict.LIVE, owner="one"))
    wait.saw(Sight(seen(b"/a.sock", Verdict.LIVE, owner="one"), (1, 2, 3, 4)))
    wait.saw(Sight(seen(b"/a.sock", Verdict.UNKNOWN), (1, 9, 3, 4)))
    said = "Another “a.sock” stands in its place, and whether it is in use cannot be told."
    wait.saw(Sight(None, None))
    assert (wait.answer, wait.said) == (Answer.TAKEN, said)
