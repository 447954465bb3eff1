"""The doctor's trial of a file system: true answers, and nothing left behind."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from racewatch.core import selfcheck
from racewatch.linux import removal
from racewatch.linux.probe import Answer, DatagramProbe, Presence


def test_an_ordinary_folder_is_fine_and_stays_clean(tmp_path: Path) -> None:
    assert selfcheck.capture_problem(os.fsencode(tmp_path.resolve())) is None
    assert os.listdir(tmp_path) == []


def test_a_folder_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    problem = selfcheck.capture_problem(os.fsencode(tmp_path / "missing"))
    assert problem == "it cannot be opened: No such file or directory"


def test_a_file_system_that_makes_no_names_is_told() -> None:
    problem = selfcheck.capture_problem(b"/proc/self/task" if os.getuid() else b"/proc")
    assert problem is not None
    assert problem.startswith("it refuses what an act needs: ")


# File systems that break their promises cannot be had on every machine; their answers can.


def test_a_rename_that_overwrites_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def overwrite(from_fd: int, source: bytes, to_fd: int, destination: bytes) -> None:
        os.rename(source, destination, src_dir_fd=from_fd, dst_dir_fd=to_fd)

    monkeypatch.setattr(removal, "rename_noreplace", overwrite)
    problem = selfcheck.capture_problem(os.fsencode(tmp_path.resolve()))
    assert problem == "a rename that must not overwrite did overwrite"
    assert os.listdir(tmp_path) == []


def test_a_rename_that_is_refused_otherwise_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = removal.rename_noreplace

    def refuse(from_fd: int, source: bytes, to_fd: int, destination: bytes) -> None:
        if destination.endswith(b"-2"):
            raise OSError(errno.EINVAL, "Invalid argument")
        real(from_fd, source, to_fd, destination)

    monkeypatch.setattr(removal, "rename_noreplace", refuse)
    problem = selfcheck.capture_problem(os.fsencode(tmp_path.resolve()))
    assert problem == "it refuses what an act needs: Invalid argument"
    assert os.listdir(tmp_path) == []


def test_a_dead_socket_that_answers_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DatagramProbe, "ask", lambda self, fd: Answer(Presence.BOUND, errno.EPROTOTYPE))
    problem = selfcheck.capture_problem(os.fsencode(tmp_path.resolve()))
    assert problem == "a socket that nobody is bound to answers EPROTOTYPE"
    assert os.listdir(tmp_path) == []
