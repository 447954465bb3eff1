"""What a crash left, settled part by part."""

from __future__ import annotations

import errno
import os
from dataclasses import replace

import pytest

from racewatch.core.by_name import private_name
from racewatch.core.guard import DirectoryGuard
from racewatch.core.journal import Journal
from racewatch.core.kind import Stop
from racewatch.core.model import HistoryEntry, OutcomeWord, Verdict
from racewatch.core.put_back import Guards, settle_removal, settle_undo
from racewatch.core.recovery import recover
from racewatch.core.undo import undo
from racewatch.linux import fs, removal
from tests.unit.core.removals import below, change, record, remove, reopen
from tests.unit.core.support import observation, socket_node

DONE, GONE, FAILED = OutcomeWord.DONE, OutcomeWord.GONE, OutcomeWord.FAILED
CHANGED, DENIED = OutcomeWord.REFUSED_CHANGED, OutcomeWord.REFUSED_DENIED
FORBIDDEN = OutcomeWord.REFUSED_FORBIDDEN


def settle(journal: Journal, action: str) -> HistoryEntry:
    (entry,) = recover(journal)
    assert entry.action == action
    return entry


def test_a_companion_that_had_not_followed_is_finished(
    folder: bytes, two: tuple[bytes, bytes], journal: Journal
) -> None:
    """Killed between the two unlinks: the thing itself is gone, what went with it is still aside."""
    done = remove(two[0], journal, two[1], verdict=Verdict.UNKNOWN)  # both aside
    change(journal, done.action, kept=False)
    first = record(journal, done.action)
    os.unlink(os.path.join(first.directory, first.private))
    reopen(journal, done.action)
    entry = settle(journal, done.action)
    assert (entry.word, entry.undoable) == (GONE, True)
    assert below(folder) == []
    assert undo(done.action, journal).word is DONE
    assert below(folder) == [b"one/s", b"two/s"]


def test_a_companion_captured_by_mistake_goes_back_even_when_the_thing_is_gone(
    folder: bytes, two: tuple[bytes, bytes], journal: Journal
) -> None:
    """Whatever inode it is: it is somebody's live thing."""
    done = remove(two[0], journal, two[1])
    _, second = record(journal, done.action).all
    stranger = os.path.join(second.directory, second.private)
    socket_node(stranger)
    node = os.lstat(stranger).st_ino
    reopen(journal, done.action)
    entry = settle(journal, done.action)
    assert entry.word is GONE
    assert below(folder) == [b"two/s"]
    assert os.lstat(two[1]).st_ino == node


def test_a_companion_that_cannot_go_back_is_said(
    folder: bytes, two: tuple[bytes, bytes], journal: Journal
) -> None:
    done = remove(two[0], journal, two[1], verdict=Verdict.UNKNOWN)
    with open(two[1], "xb"):
        pass  # its name is taken
    reopen(journal, done.action)
    entry = settle(journal, done.action)
    _, second = record(journal, done.action).all
    assert entry.word is FAILED
    assert os.fsdecode(second.private) in entry.summary
    assert os.path.lexists(two[0])
    assert below(folder) == [b"one/s", b"two/" + second.private, b"two/s"]


def test_when_neither_can_go_back_both_are_said_kept(
    folder: bytes, two: tuple[bytes, bytes], journal: Journal
) -> None:
    done = remove(two[0], journal, two[1], verdict=Verdict.UNKNOWN)
    for path in two:
        with open(path, "xb"):
            pass
    reopen(journal, done.action)
    entry = settle(journal, done.action)
    assert (entry.word, entry.undoable) == (FAILED, True)
    assert len(below(folder)) == 4
    for path in two:
        os.unlink(path)
    assert undo(done.action, journal).word is DONE
    assert below(folder) == [b"one/s", b"two/s"]


def test_a_kept_thing_that_somebody_took_away_is_gone_and_not_undoable(
    path: bytes, folder: bytes, journal: Journal
) -> None:
    done = remove(path, journal, verdict=Verdict.UNKNOWN)
    os.unlink(os.path.join(folder, private_name(done.action)))
    reopen(journal, done.action)
    entry = settle(journal, done.action)
    assert (entry.word, entry.undoable) == (GONE, False)


def test_a_private_name_that_goes_while_it_is_settled(
    path: bytes, folder: bytes, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = remove(path, journal, verdict=Verdict.UNKNOWN)
    reopen(journal, done.action)
    really = removal.rename_noreplace

    def race(from_fd: int, source: bytes, to_fd: int, destination: bytes) -> None:
        os.unlink(os.path.join(folder, source))
        really(from_fd, source, to_fd, destination)

    monkeypatch.setattr(removal, "rename_noreplace", race)
    entry = settle(journal, done.action)
    assert (entry.word, entry.undoable) == (FAILED, False)


def test_an_undo_that_crashed_half_way_is_taken_again(
    folder: bytes, two: tuple[bytes, bytes], journal: Journal
) -> None:
    """Killed between its two renames: all or none."""
    done = remove(two[0], journal, two[1], verdict=Verdict.UNKNOWN)
    whole = record(journal, done.action)
    os.rename(os.path.join(whole.directory, whole.private), two[0])
    guards = Guards()
    assert guards.take(whole) is None
    try:
        how = settle_undo(whole, guards, "u1")
    finally:
        guards.close()
    assert how.word is FAILED
    assert below(folder) == sorted([b"one/" + whole.private, b"two/" + whole.companions[0].private])


def test_an_undo_that_crashed_while_making_leaves_nothing_half_made(
    path: bytes, folder: bytes, journal: Journal
) -> None:
    done = remove(path, journal)
    found = journal.undo_record(done.action)
    assert found is not None
    journal.intend("u1", "undo", observation(), found, refers_to=done.action)
    socket_node(os.path.join(folder, private_name("u1.0")))
    entry = settle(journal, "u1")
    assert (entry.word, entry.verb) == (FAILED, "undo")
    assert os.listdir(folder) == []


def test_an_interrupted_undo_that_came_through_counts(path: bytes, journal: Journal) -> None:
    done = remove(path, journal)
    assert undo(done.action, journal).word is DONE
    (latest, *_) = journal.entries()
    reopen(journal, latest.action)
    assert settle(journal, latest.action).word is DONE


def test_an_act_that_its_own_row_lost_is_passed_over(
    path: bytes, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = remove(path, journal)
    reopen(journal, done.action)
    monkeypatch.setattr(journal, "entry", lambda _: None)
    assert recover(journal) == ()


def test_settling_says_when_a_directory_cannot_be_looked_into(
    path: bytes, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = remove(path, journal)
    reopen(journal, done.action)

    def fail(*_: object) -> None:
        raise OSError(errno.EIO, "a bad disk")

    monkeypatch.setattr("racewatch.core.recovery.settle_removal", fail)
    assert recover(journal) == ()
    entry = journal.entry(done.action)
    assert entry is not None
    assert "waiting to be settled: a bad disk" in entry.summary


def test_one_guard_serves_all_parts_of_one_directory(folder: bytes, journal: Journal) -> None:
    for name in (b"a", b"b"):
        socket_node(os.path.join(folder, name))
    done = remove(os.path.join(folder, b"a"), journal, os.path.join(folder, b"b"))
    assert done.word is DONE
    assert undo(done.action, journal).word is DONE
    assert below(folder) == [b"a", b"b"]


def test_guards_are_all_taken_or_none(two: tuple[bytes, bytes], journal: Journal) -> None:
    done = remove(two[0], journal, two[1])
    os.rmdir(os.path.dirname(two[1]))
    guards = Guards()
    stop = guards.take(record(journal, done.action))
    assert stop is not None
    assert stop.word is GONE
    back = undo(done.action, journal)
    assert back.word is GONE
    assert os.listdir(os.path.dirname(two[0])) == []


def test_the_sibling_search_passes_what_it_cannot_look_at(
    folder: bytes, two: tuple[bytes, bytes], journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that goes while the siblings are looked through, and a folder that cannot be listed."""
    done = remove(two[0], journal)
    whole = record(journal, done.action)
    os.rename(os.path.join(folder, b"one"), os.path.join(folder, b"zero"))
    really = os.listdir

    def with_a_ghost(where: bytes) -> list[bytes]:
        return [b"ghost", *really(where)]

    with monkeypatch.context() as patch:
        patch.setattr(os, "listdir", with_a_ghost)
        guard = whole.take_guard()
    assert isinstance(guard, DirectoryGuard)
    guard.close()

    def refuse(where: bytes) -> list[bytes]:
        raise PermissionError(errno.EACCES, "no")

    with monkeypatch.context() as patch:
        patch.setattr(os, "listdir", refuse)
        stop = whole.take_guard()
    assert isinstance(stop, Stop)
    assert stop.word is GONE


def test_without_birth_times_the_device_number_counts(path: bytes, journal: Journal) -> None:
    """Where a file system keeps none, a stranger with the same inode number must not pass."""
    done = remove(path, journal)
    whole = replace(record(journal, done.action), btime_ns=None, directory_btime_ns=None)
    seen = fs.stat_path(os.path.dirname(path))._replace(btime_ns=None)
    assert whole._is_ours(seen, anywhere=False)
    assert not whole._is_ours(seen._replace(dev=1), anywhere=False)
    node = seen._replace(ino=whole.ino, dev=whole.dev)
    assert whole.is_recorded(node)
    assert not whole.is_recorded(node._replace(dev=1))


def test_settling_a_removal_by_hand(path: bytes, folder: bytes, journal: Journal) -> None:
    done = remove(path, journal, verdict=Verdict.UNKNOWN)
    whole = record(journal, done.action)
    guards = Guards()
    assert guards.take(whole) is None
    try:
        assert settle_removal(whole, guards).word is FAILED
    finally:
        guards.close()
    assert os.listdir(folder) == [b"s"]
