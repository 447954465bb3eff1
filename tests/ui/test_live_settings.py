"""Settings changed by hand while the window is open: in force at once, or the last good ones with a word about it."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from racewatch.config import Config, ConfigProblem, Theme, config_path, load
from racewatch.core.model import Observation
from racewatch.core.protected import Protected, Protection
from racewatch.monitor.batch import Batch
from racewatch.ui import live_settings
from racewatch.ui.live_settings import in_force
from racewatch.ui.strip import Level
from racewatch.ui.succession import Succession
from racewatch.ui.theme import DARK
from racewatch.ui.window import MainWindow
from tests.ui.conftest import Opened
from tests.ui.sandbox import Sandbox
from tests.ui.support import seen

RULE = Protection(b"/run/mine/*", "mine")
ALL = Protection(b"*", "cannot be read")


def write(text: str) -> None:
    """As an editor does: a new file in its place."""
    path = Path(os.fsdecode(config_path()))
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name("config.toml~")
    beside.write_text(text)
    beside.replace(path)


def said(window: MainWindow, text: str) -> bool:
    return any(text in strip.text for strip in window.strips.strips())


def test_what_is_written_is_in_force(opened: Opened, sandbox: Sandbox, tmp_path: Path) -> None:
    dead = sandbox.dead(b"dead.sock")
    other = tmp_path / "other"
    other.mkdir()
    with Sandbox(os.fsencode(other)) as more:
        late = more.dead(b"late.sock")
        window = opened.open()
        window.live_settings.begin()
        opened.choose(window, dead)
        roots = f'roots = ["{os.fsdecode(sandbox.folder)}", "{other}"]\nkeep_days = 3\ntheme = "dark"\n'
        write(roots)
        opened.until(lambda: opened.place(window, late) is not None, "the new root")
        assert opened.place(window, dead) is not None
        assert window.sockets.table.target is not None
        assert window.palette().window().color().name() == DARK.window
        assert "3 days" in window.history.filters.kept.text()
        # Written into the file itself, as some editors do.
        Path(os.fsdecode(config_path())).write_text(roots.replace("keep_days = 3", "keep_days = 4"))
        opened.until(lambda: "4 days" in window.history.filters.kept.text(), "the other number")
        assert opened.place(window, late) is not None


def test_a_broken_file_keeps_the_last_good_settings_and_fails_closed(
    opened: Opened, sandbox: Sandbox
) -> None:
    dead = sandbox.dead(b"dead.sock")
    window = opened.open()
    window.live_settings.begin()
    opened.choose(window, dead)
    assert window.sockets.pane.remove.isEnabled()
    write('[[protected]]\nglob = "oops\n')
    opened.until(lambda: said(window, "The settings of before stay in force"), "the warning")
    assert said(window, "Nothing is removed until it is put right")
    opened.until(lambda: not window.sockets.pane.remove.isEnabled(), "Remove off")
    assert opened.place(window, dead) is not None
    write(
        'keep_days = "seven"\nkeep_dais = 7\n'
    )  # both are told, else the second is found only after the first
    opened.until(lambda: said(window, "keep_days: ") and said(window, "keep_dais: "), "both mistakes")
    assert not said(window, "ignored")  # the rest of the file is not in force either
    write(f'roots = ["{os.fsdecode(sandbox.folder)}"]\n')
    opened.until(lambda: said(window, "are in force"), "the good ones")
    opened.until(window.sockets.pane.remove.isEnabled, "Remove on again")
    assert all(strip.level is not Level.WARNING for strip in window.strips.strips())


def test_a_file_that_is_emptied_or_taken_away_permits_nothing(opened: Opened, sandbox: Sandbox) -> None:
    # As `cat > config.toml` leaves it until somebody has typed, and some editors until they have written.
    dead = sandbox.dead(b"dead.sock")
    window = opened.open()
    window.live_settings.begin()
    opened.choose(window, dead)
    roots = f'roots = ["{os.fsdecode(sandbox.folder)}"]\n'
    rule = f'{roots}[[protected]]\nglob = "*/dead.sock"\nreason = "mine"\n'
    path = Path(os.fsdecode(config_path()))
    for empty in (lambda: path.write_text("\n"), path.unlink):
        write(rule)
        opened.until(lambda: said(window, "are in force"), "the rule")
        opened.until(lambda: not window.sockets.pane.remove.isEnabled(), "Remove off")
        empty()
        opened.until(lambda: said(window, "gone, or empty"), "the warning")
        assert window._racewatch.protection(seen(dead).target) == "mine"
        assert not window.sockets.pane.remove.isEnabled()
        for strip in window.strips.strips():
            if strip.level is not Level.WARNING:
                strip.dismiss()
    write(roots)
    opened.until(window.sockets.pane.remove.isEnabled, "Remove on again")


def test_a_file_that_was_slow_to_be_understood_does_not_undo_the_next(
    opened: Opened, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = sandbox.dead(b"dead.sock")
    window = opened.open()
    window.live_settings.begin()
    opened.choose(window, dead)
    roots = f'roots = ["{os.fsdecode(sandbox.folder)}"]\n'
    begun, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def slow(file: bytes | None) -> tuple[Config, tuple[ConfigProblem, ...]]:
        found = load(file)
        if found[0].keep_days == 3:  # as if one of its folders were on a server that hangs
            begun.set()
            go_on.wait(10)
            window._bridge.post(ended.set)
        return found

    monkeypatch.setattr(live_settings, "load", slow)
    write(f"{roots}keep_days = 3\n")
    opened.until(begun.is_set, "the slow one")
    write(f'{roots}[[protected]]\nglob = "*/dead.sock"\nreason = "mine"\n')
    opened.until(lambda: said(window, "are in force"), "the rule")
    go_on.set()
    opened.until(ended.is_set, "the end of the slow one")
    asked = opened.bridge.spawn(opened.bridge.offload(lambda: None), "whatever came with it")
    opened.until(asked.done, "all that came with it")
    assert window._racewatch.protection(seen(dead).target) == "mine"
    assert not window.sockets.pane.remove.isEnabled()


@pytest.mark.parametrize(
    ("good", "read", "problems", "rules", "observe"),
    [
        ((), (RULE,), False, (RULE,), False),
        ((RULE,), (), False, (), False),
        ((RULE,), (), True, (RULE,), False),
        ((RULE,), (ALL,), True, (ALL, RULE), True),
    ],
)
def test_what_holds_after_a_file_was_read(
    good: tuple[Protection, ...],
    read: tuple[Protection, ...],
    problems: bool,
    rules: tuple[Protection, ...],
    observe: bool,
) -> None:
    before = Config(roots=(b"/a",), protected=Protected(good), only_named=True)
    wanted = Config(roots=(b"/b",), protected=Protected(read), observe=observe, theme=Theme.DARK)
    found = (ConfigProblem(b"/f", "what"),) if problems else ()
    now = in_force(before, wanted, found)
    assert now.protected.rules == rules
    assert now.observe is observe
    assert now.only_named
    assert now.roots == ((b"/a",) if problems else (b"/b",))


def batch(*added: Observation, ready: bool = False, gone: tuple[Observation, ...] = ()) -> Batch:
    return Batch(1, added, (), gone, ready, (), ())


def test_from_one_monitor_to_the_next_only_the_difference_is_told() -> None:
    stays, goes, changes = seen(b"/stays"), seen(b"/goes"), seen(b"/changes")
    succession = Succession()
    first = batch(stays, goes, changes, ready=True)
    assert succession.fold(first) is first
    succession.begin_anew()
    other = replace(changes, fingerprint="two")
    told = succession.fold(batch(replace(stays, seen_at=9.0), other))
    assert (told.added, told.changed, told.gone) == ((), (other,), ())
    new = seen(b"/new")
    told = succession.fold(batch(new, ready=True))
    assert (told.added, told.changed, told.gone) == ((new,), (), (goes,))
    last = batch(goes)
    assert succession.fold(last) is last
