"""Undo of several parts that went together: all come back, or none."""

from __future__ import annotations

import errno
import os
import socket
import stat

import pytest

from racewatch.core.journal import Journal
from racewatch.core.model import OutcomeWord, Verdict
from racewatch.core.undo import undo
from racewatch.linux import removal
from racewatch.linux.probe import DatagramProbe, Presence
from tests.unit.core.removals import below, remove

DONE, GONE, FAILED = OutcomeWord.DONE, OutcomeWord.GONE, OutcomeWord.FAILED
CHANGED, DENIED = OutcomeWord.REFUSED_CHANGED, OutcomeWord.REFUSED_DENIED
FORBIDDEN = OutcomeWord.REFUSED_FORBIDDEN


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


@pytest.fixture
def twins(folder: bytes, two: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
    """Two names of one node."""
    os.unlink(two[1])
    os.link(two[0], two[1])
    return two


@pytest.mark.parametrize("kept", [False, True])
def test_two_names_of_one_thing_are_two_names_of_one_thing_again(
    folder: bytes, twins: tuple[bytes, bytes], journal: Journal, kept: bool
) -> None:
    before = os.lstat(twins[0])
    done = remove(*twins[:1], journal, *twins[1:], verdict=Verdict.UNKNOWN if kept else Verdict.STALE)
    assert undo(done.action, journal).word is DONE
    assert below(folder) == [b"one/s", b"two/s"]
    assert os.path.samestat(os.lstat(twins[0]), os.lstat(twins[1]))
    now = os.lstat(twins[1])
    for name in ("st_mode", "st_uid", "st_gid", "st_mtime_ns", "st_nlink"):
        assert getattr(now, name) == getattr(before, name)


def test_where_a_second_name_cannot_be_made_an_equal_node_is(
    folder: bytes, twins: tuple[bytes, bytes], journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = remove(*twins[:1], journal, *twins[1:])

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    assert undo(done.action, journal).word is DONE
    assert below(folder) == [b"one/s", b"two/s"]
    assert not os.path.samestat(os.lstat(twins[0]), os.lstat(twins[1]))


def test_a_stranger_under_the_first_name_gets_no_second_one(
    folder: bytes, twins: tuple[bytes, bytes], journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thing is back; then its name is taken by somebody, before its second name is made from it."""
    done = remove(*twins[:1], journal, *twins[1:])
    really = os.link

    def race(source: bytes, to: bytes, *, src_dir_fd: int, dst_dir_fd: int, follow_symlinks: bool) -> None:
        os.rename(twins[0], twins[0] + b"-back")
        with open(twins[0], "xb"):
            pass
        really(source, to, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd, follow_symlinks=follow_symlinks)

    monkeypatch.setattr(os, "link", race)
    assert undo(done.action, journal).word is DONE
    assert below(folder) == [b"one/s", b"one/s-back", b"two/s"]
    assert stat.S_ISREG(os.lstat(twins[0]).st_mode)
    assert os.lstat(twins[0]).st_nlink == 1
    assert stat.S_ISSOCK(os.lstat(twins[1]).st_mode)
