"""Undo from the record alone: damage and refusals."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable

import pytest

from racewatch.core import put_back as put_back_module
from racewatch.core import undo as undo_module
from racewatch.core.act import Step
from racewatch.core.by_name import private_name
from racewatch.core.journal import Journal, new_action_id
from racewatch.core.model import Outcome, OutcomeWord, Verdict
from racewatch.core.put_back import Guards
from racewatch.core.undo import NoSuchAction, undo
from racewatch.linux import removal
from tests.unit.core.removals import change, record, remove, reopen
from tests.unit.core.support import NOBODY, as_nobody, socket_node

DONE, GONE, FAILED = OutcomeWord.DONE, OutcomeWord.GONE, OutcomeWord.FAILED
CHANGED, DENIED = OutcomeWord.REFUSED_CHANGED, OutcomeWord.REFUSED_DENIED
FORBIDDEN = OutcomeWord.REFUSED_FORBIDDEN


def test_an_unknown_action_is_an_error(journal: Journal) -> None:
    with pytest.raises(NoSuchAction):
        undo("nothing", journal)


def test_what_took_nothing_cannot_be_undone(path: bytes, journal: Journal) -> None:
    refused = remove(path, journal, verdict=Verdict.LIVE)
    steps: list[Step] = []
    back = undo(refused.action, journal, on_step=steps.append)
    assert (back.word, "removed nothing" in back.summary, steps) == (FORBIDDEN, True, [])
    assert os.path.lexists(path)


def test_undoing_twice_is_refused_before_anything_is_locked(path: bytes, journal: Journal) -> None:
    done = remove(path, journal)
    assert undo(done.action, journal).word is DONE
    steps: list[Step] = []
    again = undo(done.action, journal, on_step=steps.append)
    assert (again.word, "taken back already" in again.summary, steps) == (FORBIDDEN, True, [])


def test_what_was_removed_too_long_ago_is_said_to_be(path: bytes, journal: Journal) -> None:
    done = remove(path, journal)
    journal.expire(-1)
    back = undo(done.action, journal)
    assert (back.word, "longer ago" in back.summary) == (FORBIDDEN, True)


def test_what_was_removed_is_named(path: bytes, journal: Journal) -> None:
    assert remove(path, journal).summary == f"{os.fsdecode(path)} was removed (label stale)"


def test_what_is_under_way_cannot_be_undone(path: bytes, journal: Journal) -> None:
    done = remove(path, journal)
    reopen(journal, done.action)
    journal._db.execute("UPDATE action SET undoable=0")
    assert "still under way" in undo(done.action, journal).summary


def test_undo_takes_back_mode_owner_times_and_attributes(path: bytes, journal: Journal) -> None:
    os.chmod(path, 0o4751)
    os.utime(path, ns=(10**18 + 1, 10**18 + 2))
    if os.geteuid() == 0:
        os.chown(path, 1234, 5678)
        os.chmod(path, 0o4751)
        os.setxattr(path, "trusted.racewatch", b"x", follow_symlinks=False)
    before = os.lstat(path)
    back = undo(remove(path, journal).action, journal)
    assert back.word is DONE
    now = os.lstat(path)
    for name in ("st_mode", "st_uid", "st_gid", "st_mtime_ns", "st_atime_ns"):
        assert getattr(now, name) == getattr(before, name)
    if os.geteuid() == 0:
        assert os.getxattr(path, "trusted.racewatch", follow_symlinks=False) == b"x"
    assert "put back: " in back.summary


@pytest.mark.parametrize(
    "damage",
    [
        {"name": "Li4vZXNjYXBlZA=="},  # ../escaped
        {"name": "Lg=="},  # .
        {"name": "Li4="},  # ..
        {"name": ""},
        {"name": "AAAA"},  # NUL bytes
        {"name": "not base64!"},
        {"private": "cGxhaW4="},  # plain
        {"directory": "cmVsYXRpdmU="},  # relative
        {"directory": "L3RtcAA="},  # /tmp NUL
        {"ino": "text"},
        {"btime_ns": "text"},
        {"xattrs": 7},
        {"companions": 7},
        {"companions": [7]},
    ],
    ids=lambda one: "-".join(f"{key}={value}" for key, value in one.items()),
)
def test_a_damaged_record_moves_nothing(
    path: bytes, folder: bytes, journal: Journal, damage: dict[str, object]
) -> None:
    done = remove(path, journal)
    change(journal, done.action, **damage)
    back = undo(done.action, journal)
    assert back.word is FAILED
    assert "damaged" in back.summary
    assert os.listdir(folder) == []


@pytest.mark.parametrize(
    "remains", [None, {}, {"type": "unheard of"}, {"type": "file"}, {"type": "file", "bytes": "!"}]
)
def test_a_record_from_which_nothing_can_be_made(
    path: bytes, folder: bytes, journal: Journal, remains: object
) -> None:
    done = remove(path, journal)
    change(journal, done.action, remains=remains)
    back = undo(done.action, journal)
    assert back.word is FAILED
    assert "damaged" in back.summary
    assert os.listdir(folder) == []


def test_a_row_whose_observation_is_damaged_is_not_undone(path: bytes, journal: Journal) -> None:
    done = remove(path, journal)
    journal._db.execute("UPDATE action SET observation='{'")
    back = undo(done.action, journal)
    assert back.word is FORBIDDEN
    assert "its record in the journal is damaged" in back.summary


def test_an_undo_that_cannot_be_recorded_puts_nothing_back(
    path: bytes, folder: bytes, journal: Journal
) -> None:
    done = remove(path, journal)

    def read_only(step: Step) -> None:
        if step is Step.INTENT:
            journal._db.execute("PRAGMA query_only=1")

    back = undo(done.action, journal, on_step=read_only)
    assert back.word is FAILED
    assert back.summary.startswith("nothing was put back, because ")
    assert back.error is not None
    assert "could not be recorded" in back.error
    assert os.listdir(folder) == []


def test_a_private_name_that_is_taken_is_not_touched(
    path: bytes, folder: bytes, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = remove(path, journal)
    monkeypatch.setattr(undo_module, "new_action_id", lambda: "u1")
    squatter = os.path.join(folder, private_name("u1.0"))
    with open(squatter, "xb"):
        pass
    back = undo(done.action, journal)
    assert back.word is FAILED
    assert os.listdir(folder) == [os.path.basename(squatter)]


def test_a_node_that_somebody_takes_while_it_is_made(
    path: bytes, folder: bytes, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = remove(path, journal)
    really = removal.make_socket_node

    def make_and_lose(dirfd: int, name: bytes, mode: int) -> None:
        really(dirfd, name, mode)
        os.unlink(os.path.join(folder, name))

    monkeypatch.setattr(removal, "make_socket_node", make_and_lose)
    back = undo(done.action, journal)
    assert back.word is FAILED
    assert os.listdir(folder) == []


def test_a_row_that_vanishes_before_the_guard_is_taken(path: bytes, journal: Journal) -> None:
    done = remove(path, journal)

    def lose(step: Step) -> None:
        if step is Step.GUARD:
            journal._db.execute("DELETE FROM action")

    back = undo(done.action, journal, on_step=lose)
    assert back.word is FORBIDDEN
    assert not os.path.lexists(path)


def test_an_undo_id_that_somebody_holds_is_a_bug(
    path: bytes, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = remove(path, journal)
    taken = new_action_id()
    lock = journal.claim(taken)
    assert lock is not None
    monkeypatch.setattr(undo_module, "new_action_id", lambda: taken)
    try:
        with pytest.raises(AssertionError, match="locked by somebody else"):
            undo(done.action, journal)
    finally:
        os.close(lock)


def test_a_directory_that_is_gone_is_said(folder: bytes, journal: Journal) -> None:
    there = os.path.join(folder, b"there")
    os.mkdir(there)
    socket_node(os.path.join(there, b"s"))
    done = remove(os.path.join(there, b"s"), journal)
    os.rmdir(there)
    back = undo(done.action, journal)
    assert back.word is GONE
    assert "is not there any more" in back.summary
    entry = journal.entry(done.action)
    assert entry is not None
    assert entry.undoable


def test_a_directory_that_may_not_be_written_is_said(path: bytes, folder: bytes, journal: Journal) -> None:
    done = remove(path, journal)
    os.chmod(folder, 0o555)
    with as_nobody():
        guards = Guards()
        assert guards.take(record(journal, done.action)) is None
        stop = put_back_module.put_back(record(journal, done.action), guards, "u1")
        guards.close()
    os.chmod(folder, 0o755)
    assert stop is not None
    assert stop.word is DENIED
    assert "nothing can be made in" in stop.summary


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: another owner")
def test_an_owner_that_this_user_may_not_give_is_said(path: bytes, folder: bytes, journal: Journal) -> None:
    done = remove(path, journal)  # root's node
    os.chown(folder, NOBODY, NOBODY)
    with as_nobody():
        guards = Guards()
        assert guards.take(record(journal, done.action)) is None
        stop = put_back_module.put_back(record(journal, done.action), guards, "u1")
        guards.close()
    assert stop is not None
    assert stop.word is DENIED
    assert "its old owner" in stop.summary
    assert "root may" in stop.summary
    assert os.listdir(folder) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: a directory without search permission")
def test_a_directory_that_may_not_be_searched_is_said(path: bytes, folder: bytes, journal: Journal) -> None:
    done = remove(path, journal)

    def close_it(step: Step) -> None:
        if step is Step.RESTORE:
            os.chmod(folder, 0o644)
            os.setegid(NOBODY)
            os.seteuid(NOBODY)

    try:
        with as_nobody():
            pass
        back = undo_as_far_as_the_end(done.action, journal, close_it)
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.chmod(folder, 0o755)
    assert back.word is FAILED
    assert "was not put back: Permission denied" in back.summary


def undo_as_far_as_the_end(action: str, journal: Journal, hook: Callable[[Step], None]) -> Outcome:
    def and_back(step: Step) -> None:
        if step is Step.RECORD:
            os.seteuid(0)
            os.setegid(0)
        hook(step)

    return undo(action, journal, on_step=and_back)


def test_a_kept_thing_that_cannot_be_renamed_back_stays_kept(
    path: bytes, folder: bytes, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = remove(path, journal, verdict=Verdict.UNKNOWN)

    def refuse(from_fd: int, source: bytes, to_fd: int, destination: bytes) -> None:
        raise OSError(errno.EIO, "a bad disk")

    with monkeypatch.context() as patch:
        patch.setattr(removal, "rename_noreplace", refuse)
        back = undo(done.action, journal)
    assert back.word is FAILED
    assert "a bad disk" in back.summary
    assert os.listdir(folder) == [private_name(done.action)]
    assert undo(done.action, journal).word is DONE
    assert os.listdir(folder) == [b"s"]
