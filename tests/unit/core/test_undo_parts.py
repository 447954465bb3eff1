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
