"""Freeze: nothing moves on screen, how much is held back is said, and afterwards all of it is there."""

from __future__ import annotations

import os

from racewatch.core.model import KindName, Target, Verdict
from racewatch.ui.actions import Act
from racewatch.ui.sidebar import Page
from racewatch.ui.targets_view import TargetsView
from tests.ui.conftest import Opened
from tests.ui.sandbox import Sandbox


def paths(view: TargetsView, folder: bytes = b"/") -> list[bytes | None]:
    """What is shown below a folder: a machine may have locks of its own in well-known places."""
    return [one.path for one in view.shown() if (one.path or b"").startswith(folder)]


def test_freeze_keeps_all_still(opened: Opened, sandbox: Sandbox) -> None:
    window = opened.open(page=Page.ALL)
    window.actions_table[Act.FREEZE].trigger()
    late = sandbox.dead(b"late.sock")
    opened.until(lambda: "1 change held back" in window.status.counts.text(), "the count")
    assert paths(window.all, sandbox.folder) == []
    window.actions_table[Act.FREEZE].trigger()
    opened.until(lambda: paths(window.all, sandbox.folder) == [late], "what was held back")


def test_how_much_is_held_back_is_said_and_nothing_of_it_is_lost(opened: Opened, sandbox: Sandbox) -> None:
    changing = [sandbox.bind(b"changes-%d.sock" % number) for number in range(3)]
    going = [sandbox.dead(b"goes-%d.sock" % number) for number in range(2)]
    kept = [sandbox.dead(b"stays-%02d.sock" % number) for number in range(60)]
    window = opened.open(page=Page.ALL)
    everything = {*changing, *going, *kept}
    opened.until(lambda: set(paths(window.all, sandbox.folder)) == everything, "the rows")
    table = window.all.table
    for target in (Target(KindName.SOCKET, kept[40]), Target(KindName.SOCKET, going[0])):
        assert table.choose(target)
    assert table.choose(Target(KindName.SOCKET, kept[40]))
    scrolled = table.verticalScrollBar().value()
    assert scrolled
    window.actions_table[Act.FREEZE].trigger()
    new = [sandbox.dead(b"new-%d.sock" % number) for number in range(10)]
    for number in range(3):
        sandbox.die(b"changes-%d.sock" % number)
    for path in going:
        os.unlink(path)
    window._look_again()
    opened.until(lambda: "15 changes held back" in window.status.counts.text(), "the count")
    assert set(paths(window.all, sandbox.folder)) == everything
    assert table.verticalScrollBar().value() == scrolled
    row = window.all.model.find(Target(KindName.SOCKET, changing[0]))
    assert row is not None
    assert row.observation.verdict is Verdict.LIVE
    window.actions_table[Act.FREEZE].trigger()
    fresh = {
        one.target: one.verdict
        for one in window._racewatch.scan((sandbox.folder,)).observations
        if one.path is not None
    }
    assert {target.locator for target in fresh} >= {*new, *changing, *kept}
    opened.until(
        lambda: (
            {one.target: one.verdict for one in window.all.model.observations() if one.target in fresh}
            == fresh
            and not {*going} & {one.path for one in window.all.model.observations()}
        ),
        "what a fresh scan says",
    )
    assert "held back" not in window.status.counts.text()
    assert table.target == Target(KindName.SOCKET, kept[40])
    assert table.visualRect(table.currentIndex()).top() >= 0
