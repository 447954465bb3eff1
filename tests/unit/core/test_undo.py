"""Undo and recovery from the record alone: damage, refusals, several parts."""

from __future__ import annotations

import errno
import json
import os
import socket
import stat
from collections.abc import Callable
from dataclasses import replace

import pytest

from racewatch.core import put_back as put_back_module
from racewatch.core import undo as undo_module
from racewatch.core.act import Step, act
from racewatch.core.by_name import NamedThing, private_name
from racewatch.core.guard import DirectoryGuard
from racewatch.core.journal import Journal, new_action_id
from racewatch.core.kind import Stop
from racewatch.core.model import ActRequest, HistoryEntry, KindName, Outcome, OutcomeWord, Target, Verdict
from racewatch.core.name_record import NameRecord
from racewatch.core.put_back import Guards, settle_removal, settle_undo
from racewatch.core.recovery import recover
from racewatch.core.undo import NoSuchAction, undo
from racewatch.linux import fs, removal
from racewatch.linux.probe import DatagramProbe, Presence
from tests.unit.core.support import NOBODY, as_nobody, fingerprint_of, observation, part, socket_node

DONE, GONE, FAILED = OutcomeWord.DONE, OutcomeWord.GONE, OutcomeWord.FAILED
CHANGED, DENIED = OutcomeWord.REFUSED_CHANGED, OutcomeWord.REFUSED_DENIED
FORBIDDEN = OutcomeWord.REFUSED_FORBIDDEN


def remove(path: bytes, journal: Journal, *beside: bytes, verdict: Verdict = Verdict.STALE) -> Outcome:
    """One act on real nodes; ``beside`` go with the first."""
    target = Target(KindName.SOCKET, path)
    thing = NamedThing(part(path, verdict), lambda _: [part(one) for one in beside])
    return act(ActRequest(target, fingerprint_of(path), override=True), thing, journal)


def change(journal: Journal, action: str, **values: object) -> None:
    for key, value in values.items():
        journal._db.execute(
            "UPDATE action SET undo=json_set(undo, ?, json(?)) WHERE action=?",
            (f"$.{key}", json.dumps(value), action),
        )


def reopen(journal: Journal, action: str) -> None:
    """As if its process had died before the end was recorded."""
    journal._db.execute("UPDATE action SET word=NULL, ended_at=NULL WHERE action=?", (action,))


def record(journal: Journal, action: str) -> NameRecord:
    found = journal.undo_record(action)
    assert found is not None
    return NameRecord.read(found.data)


@pytest.fixture
def path(folder: bytes) -> bytes:
    made = os.path.join(folder, b"s")
    socket_node(made)
    return made


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


# ---------------------------------------------------------------- several parts


@pytest.fixture
def two(folder: bytes) -> tuple[bytes, bytes]:
    """A lock and its socket, in folders of their own."""
    paths = []
    for name in (b"one", b"two"):
        os.mkdir(os.path.join(folder, name))
        paths.append(os.path.join(folder, name, b"s"))
        socket_node(paths[-1])
    return paths[0], paths[1]


def below(folder: bytes) -> list[bytes]:
    return sorted(
        os.path.relpath(os.path.join(above, name), folder)
        for above, _, names in os.walk(folder)
        for name in names
    )


@pytest.mark.parametrize("kept", [False, True])
def test_parts_come_back_together(
    folder: bytes, two: tuple[bytes, bytes], journal: Journal, kept: bool
) -> None:
    done = remove(*two[:1], journal, *two[1:], verdict=Verdict.UNKNOWN if kept else Verdict.STALE)
    assert done.word is DONE
    assert undo(done.action, journal).word is DONE
    assert below(folder) == [b"one/s", b"two/s"]


@pytest.mark.parametrize("kept", [False, True])
def test_when_one_part_cannot_come_back_none_does(
    folder: bytes, two: tuple[bytes, bytes], journal: Journal, kept: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second name is taken between the look and the rename."""
    done = remove(*two[:1], journal, *two[1:], verdict=Verdict.UNKNOWN if kept else Verdict.STALE)
    really = removal.rename_noreplace
    after_removal = below(folder)

    def race(from_fd: int, source: bytes, to_fd: int, destination: bytes) -> None:
        if os.path.lexists(two[0]) and not os.path.lexists(two[1]) and destination == b"s":
            os.mkdir(two[1])
        really(from_fd, source, to_fd, destination)

    with monkeypatch.context() as patch:
        patch.setattr(removal, "rename_noreplace", race)
        back = undo(done.action, journal)
    assert back.word is CHANGED
    os.rmdir(two[1])
    assert below(folder) == after_removal
    assert undo(done.action, journal).word is DONE


@pytest.mark.parametrize("what", ["replaced", "removed", "stays"])
def test_taking_a_part_again_touches_only_what_undo_made(
    folder: bytes, two: tuple[bytes, bytes], journal: Journal, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = remove(two[0], journal, two[1])
    really = removal.rename_noreplace

    def race(from_fd: int, source: bytes, to_fd: int, destination: bytes) -> None:
        if source == b"s":  # taking the first part again
            raise OSError(errno.EIO, "a bad disk")
        if os.path.lexists(two[0]):
            os.mkdir(two[1])
            if what != "stays":
                os.unlink(two[0])
            if what == "replaced":
                with open(two[0], "xb"):
                    pass
        really(from_fd, source, to_fd, destination)

    with monkeypatch.context() as patch:
        patch.setattr(removal, "rename_noreplace", race)
        back = undo(done.action, journal)
    assert back.word is CHANGED
    assert os.path.lexists(two[0]) == (what != "removed")
    if what == "replaced":
        assert stat.S_ISREG(os.lstat(two[0]).st_mode)


@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize("taken_meanwhile", [False, True])
def test_a_server_that_binds_while_a_part_is_taken_again_is_not_lost(
    folder: bytes,
    two: tuple[bytes, bytes],
    journal: Journal,
    kept: bool,
    taken_meanwhile: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Between the look at what undo made and the rename that takes it away."""
    done = remove(two[0], journal, two[1], verdict=Verdict.UNKNOWN if kept else Verdict.STALE)
    really = removal.rename_noreplace
    server = socket.socket(socket.AF_UNIX)

    def race(from_fd: int, source: bytes, to_fd: int, destination: bytes) -> None:
        if source == b"s":
            os.unlink(two[0])
            server.bind(two[0])
        elif os.path.lexists(two[0]) and not os.path.lexists(two[1]):
            os.mkdir(two[1])
        really(from_fd, source, to_fd, destination)
        if source == b"s" and taken_meanwhile:
            with open(two[0], "xb"):
                pass

    with server, monkeypatch.context() as patch:
        patch.setattr(removal, "rename_noreplace", race)
        back = undo(done.action, journal)
        assert back.word is CHANGED
        probe = DatagramProbe()
        answers = []
        for name in below(os.path.dirname(two[0])):
            fd = os.open(os.path.join(os.path.dirname(two[0]), name), os.O_PATH)
            answers.append((name, probe.ask(fd).presence is Presence.BOUND))
            os.close(fd)
        probe.close()
    live = [name for name, lives in answers if lives]
    assert live == ([live[0]] if taken_meanwhile else [b"s"])
    assert taken_meanwhile == (b"s" not in live)


# ---------------------------------------------------------------- what a crash left, part by part


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
    seen = replace(fs.stat_path(os.path.dirname(path)), btime_ns=None)
    assert whole._is_ours(seen, anywhere=False)
    assert not whole._is_ours(replace(seen, dev=1), anywhere=False)
    node = replace(seen, ino=whole.ino, dev=whole.dev)
    assert whole.is_recorded(node)
    assert not whole.is_recorded(replace(node, dev=1))


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
