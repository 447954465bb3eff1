"""The placeholder that keeps a name while its directory is away, and an owner that takes its time."""

from __future__ import annotations

import errno
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from racewatch.core import exchange, settle_exchange
from racewatch.core.act import Step
from racewatch.core.exchange import Hands
from racewatch.core.guard import DirectoryGuard
from racewatch.core.journal import Journal
from racewatch.linux import removal
from tests.kernel.support import needs_root
from tests.unit.core.test_exchange import (
    DELETE,
    DONE,
    FAILED,
    GONE,
    interrupted,
    is_untouched,
    path,
    perform,
    private,
    record,
    root,
    settled,
    taken,
)

__all__ = ["path", "root"]  # fixtures


def test_a_full_disk_does_not_stop_it_half_way(
    path: bytes, root: bytes, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    assert perform(path, journal).word is DONE
    assert (os.listdir(root), private(root)) == ([], [])


@pytest.mark.parametrize("late", [False, True])
def test_one_that_somebody_else_makes_anew_is_not_deleted(
    path: bytes, root: bytes, journal: Journal, monkeypatch: pytest.MonkeyPatch, late: bool
) -> None:
    """The owner's command could hit the new one, which may have the same control groups."""
    rename = removal.rename_noreplace

    def taken_first(*arguments: object) -> None:
        os.mkdir(path)
        rename(*arguments)  # type: ignore[arg-type]  # handed through as it came

    def meddle() -> None:
        os.rmdir(path)
        if late:
            monkeypatch.setattr(removal, "rename_noreplace", taken_first)
        else:
            os.mkdir(path)

    outcome = perform(path, journal, at={Step.COMMIT: meddle})
    assert outcome.word is FAILED
    assert "somebody else makes" in outcome.summary
    (aside,) = private(root)
    assert Path(os.fsdecode(aside), "one", "state").read_text() == "here"
    assert os.listdir(path) == []


def test_a_placeholder_that_cannot_be_made_again_stops_it(
    path: bytes, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    def meddle() -> None:
        os.rmdir(path)
        monkeypatch.setattr(exchange, "_mark", full)

    outcome = perform(path, journal, at={Step.COMMIT: meddle})
    assert (outcome.word, "No space left" in outcome.summary) == (FAILED, True)
    assert is_untouched(path)


def test_a_crash_after_the_placeholder_was_made_again(path: bytes, root: bytes, journal: Journal) -> None:
    how = record(path)
    interrupted(path, journal, how)
    taken(path, how)
    os.rmdir(path)
    guard = DirectoryGuard.take(root)
    assert isinstance(guard, DirectoryGuard)
    hands = Hands(how, guard.fd)
    hands.open()
    assert hands.fasten() is None
    hands.close()
    guard.close()
    assert settled(journal)[0] is FAILED
    assert is_untouched(path)
    assert not private(root)


@needs_root
def test_the_placeholder_stays_while_the_owner_deletes(
    path: bytes, root: bytes, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = exchange._run
    refused: list[int | None] = []

    def meddle(command: Sequence[str], aside: int, patience: float | None) -> str:
        for attempt in (os.rmdir, lambda name: os.mkdir(name + b"/inside")):
            with pytest.raises(PermissionError) as error:
                attempt(path)
            refused.append(error.value.errno)
        return run(command, aside, patience)

    monkeypatch.setattr(exchange, "_run", meddle)
    assert perform(path, journal).word is DONE
    assert len(refused) == 2
    assert (os.listdir(root), private(root)) == ([], [])


def test_an_owner_that_takes_its_time_keeps_no_start_waiting(
    path: bytes, folder: bytes, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hook that hangs."""
    monkeypatch.setattr(settle_exchange, "PATIENCE_SECONDS", 0.1)
    hook = os.path.join(folder, b"hook")
    Path(os.fsdecode(hook)).touch()
    slow = (
        sys.executable,
        "-c",
        f"import os, sys, time\nwhile os.path.exists(sys.argv[3]): time.sleep(0.01)\n{DELETE}",
    )
    how = record(path, command=(*slow, os.fsdecode(record(path).aside), "one", os.fsdecode(hook)))
    interrupted(path, journal, how)
    taken(path, how, begun=True)
    began = time.monotonic()
    for _ in range(2):  # the second start asks nobody a second time
        word, summary = settled(journal)
        assert (word, "still runs" in summary) == (None, True)
    assert time.monotonic() - began < 10
    assert Path(os.fsdecode(how.aside), "one", "state").exists()
    os.unlink(hook)
    ends = time.monotonic() + 20
    while settled(journal)[0] is not GONE:
        assert time.monotonic() < ends
        time.sleep(0.01)
    for one in exchange._going_on:
        one.wait()
    assert not os.path.lexists(path)
    assert not private(os.path.dirname(path))
