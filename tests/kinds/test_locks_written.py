"""Locks that their living owner is writing while we look: half of its pid must never count as a dead owner."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self

import pytest

from racewatch.core.model import KindName, Observation, Removable, Target, Verdict
from racewatch.kinds.locks import surroundings
from racewatch.kinds.locks.observe import Observer
from racewatch.linux import boot, fs, leases, openfiles
from tests.kinds.locks_support import dead_pid, evidence, is_plain, kind, look, rows

_WRITER = """
import os, sys
text = bytes.fromhex(sys.argv[2])
with open(sys.argv[1], "wb", buffering=0) as file:
    file.write(text[:len(text) // 2])
    print(flush=True)
    sys.stdin.readline()
"""


@pytest.fixture(autouse=True)
def plain(tmp_path: Path) -> None:
    if not is_plain(tmp_path):
        pytest.skip("nothing can be proved to be left over on this file system")


#: Something that happens to a file right before it is asked who has that open.
Step = tuple[Path, Callable[[], object]]


@pytest.fixture
def before_survey(monkeypatch: pytest.MonkeyPatch) -> list[Step]:
    """What happens right before it is asked who has a file open, or everything; each once, one at a time."""
    steps: list[Step] = []
    survey, lease = openfiles.survey, leases.open_elsewhere

    def taken() -> openfiles.Survey:
        if steps:
            steps.pop(0)[1]()
        return survey()

    def asked(pinned: int, reader: int = -1) -> bool | None:
        if steps and os.path.samestat(os.fstat(pinned), steps[0][0].stat()):
            steps.pop(0)[1]()
        return lease(pinned, reader)

    monkeypatch.setattr(openfiles, "survey", taken)
    monkeypatch.setattr(leases, "open_elsewhere", asked)
    return steps


def test_written_to_its_end_between_the_read_and_the_question(
    tmp_path: Path, before_survey: list[Step]
) -> None:
    path = tmp_path / "nginx.pid"
    path.write_text(f"{dead_pid()}\n")
    before_survey.append((path, lambda: path.write_text(f"{os.getppid()}\n")))
    seen = look(path)
    assert not before_survey
    assert seen.verdict is Verdict.UNKNOWN
    assert "written while it was looked at" in seen.summary
    assert "written while it was looked at" in evidence(seen, "content").detail
    assert look(path).verdict is Verdict.LIVE


def test_the_same_bytes_written_again_in_between(tmp_path: Path, before_survey: list[Step]) -> None:
    path = tmp_path / "nginx.pid"
    text = f"{dead_pid()}\n"
    path.write_text(text)
    os.utime(path, ns=(0, 0))
    before_survey.append((path, lambda: path.write_text(text)))
    assert look(path).verdict is Verdict.UNKNOWN
    assert look(path).verdict is Verdict.STALE


def test_a_pid_file_beside_it_is_written_in_between(
    tmp_path: Path, before_survey: list[Step], monkeypatch: pytest.MonkeyPatch
) -> None:
    # A PostgreSQL of this machine would be a sign of life.
    monkeypatch.setattr(surroundings.Surroundings, "called", lambda around, names: ())
    data = tmp_path / "data"
    data.mkdir()
    said = "{pid}\n" + f"{data}\n1700000000\n5432\n{tmp_path}\n"
    path = tmp_path / ".s.PGSQL.5432.lock"
    path.write_text(said.format(pid=dead_pid()))
    beside = data / "postmaster.pid"
    beside.write_text(said.format(pid=dead_pid()))
    assert look(path).verdict is Verdict.STALE
    before_survey.append((beside, lambda: beside.write_text(said.format(pid=os.getppid()))))
    seen = look(path)
    assert not before_survey
    assert seen.verdict is Verdict.UNKNOWN
    assert "written while it was looked at" in evidence(seen, "pid file").detail
    assert look(path).verdict is Verdict.LIVE


class Scanned:
    """A scan of two stale locks; when the first has been judged somebody opens the other and writes half of it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.writer: subprocess.Popen[bytes] | None = None
        self.first = b""
        # Asked only where some process cannot be looked into; here the survey alone shall answer.
        monkeypatch.setattr(leases, "open_elsewhere", lambda *_handles: False)
        node = Observer.node

        def interrupted(observer: Observer, path: bytes, *arguments: Any) -> Observation:
            seen = node(observer, path, *arguments)
            if self.writer is None:
                self.first = path
                (other,) = {folder / "a.pid", folder / "b.pid"} - {Path(os.fsdecode(path))}
                self._open(other)
            return seen

        for name in ("a.pid", "b.pid"):
            (folder / name).write_text(f"{dead_pid()}\n")
        monkeypatch.setattr(Observer, "node", interrupted)
        found = {os.fsencode(folder / name): one for name, one in rows(folder).items()}
        assert found.pop(self.first).verdict is Verdict.STALE
        (self.other,) = found.values()

    def _open(self, path: Path) -> None:
        text = str(dead_pid()).encode() * 2  # half of it names nobody
        self.writer = subprocess.Popen(
            [sys.executable, "-c", _WRITER, path, text.hex()], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self.writer.stdout is not None
        self.writer.stdout.readline()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self.writer is not None
        self.writer.communicate(b"\n")


def test_opened_after_a_scan_had_asked_who_has_files_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One survey serves a whole scan, but not for what was written since."""
    with Scanned(tmp_path, monkeypatch) as scanned:
        assert scanned.other.verdict is Verdict.LIVE, scanned.other
        assert scanned.other.owner is not None
        assert scanned.writer is not None
        assert scanned.other.owner.pid == scanned.writer.pid


def test_a_storm_of_writers_does_not_make_a_scan_endless(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(surroundings, "_MOST_SURVEYS", 1)
    with Scanned(tmp_path, monkeypatch) as scanned:
        assert scanned.other.verdict is Verdict.UNKNOWN, scanned.other


def test_one_survey_is_enough_for_what_nobody_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [tmp_path / f"{number}.pid" for number in range(50)]
    for path in paths:
        path.write_text(f"{dead_pid()}\n")
    # Changes younger than the clock that stamps files can tell count as changes since.
    while fs.stat_path(os.fsencode(paths[-1])).ctime_ns >= boot.stamp_ns():
        pass
    asked: list[openfiles.Survey] = []
    survey = openfiles.survey

    def taken() -> openfiles.Survey:
        asked.append(survey())
        return asked[-1]

    monkeypatch.setattr(openfiles, "survey", taken)
    found = rows(tmp_path, kind())
    assert {one.verdict for one in found.values()} == {Verdict.STALE}
    assert len(asked) == 1


def test_at_first_sight_nothing_is_left_over(tmp_path: Path) -> None:
    """Whoever uses it was not looked for: not even a dead owner makes it stale, and no act is bound to it."""
    (tmp_path / "nginx.pid").write_text(f"{dead_pid()}\n")
    (tmp_path / "notes.txt").touch()
    names = {os.fsencode(tmp_path): (b"nginx.pid", b"notes.txt", b"nothing.pid")}
    (seen,) = kind().first_sight(names)
    path = tmp_path / "nginx.pid"
    assert seen.path == os.fsencode(path)
    assert (seen.verdict, seen.label) == (Verdict.UNKNOWN, "being looked at")
    judged = look(path)
    assert (judged.verdict, judged.format) == (Verdict.STALE, seen.format)
    assert seen.fingerprint != judged.fingerprint


def test_at_first_sight_no_word_is_asked_for_what_is_never_removed(tmp_path: Path) -> None:
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / ".cargo-lock").touch()
    (tmp_path / "nginx.pid").write_text(f"{dead_pid()}\n")
    one = kind()
    names = {os.fsencode(tmp_path / "build"): (b".cargo-lock",), os.fsencode(tmp_path): (b"nginx.pid",)}
    seen = {one.format: one for one in one.first_sight(names)}
    assert {name: at_first.removable for name, at_first in seen.items()} == {
        "cargo-lock": Removable.NEVER,
        "nginx-pid": Removable.OVERRIDE,
    }


def test_others_look_while_a_scan_goes_on(tmp_path: Path) -> None:
    for name in ("a.pid", "b.pid"):
        (tmp_path / name).write_text(f"{dead_pid()}\n")
    one = kind()
    scan = one.scan([os.fsencode(tmp_path)])
    first = next(scan)
    assert isinstance(first, Observation)
    other = tmp_path / ("b.pid" if first.path == os.fsencode(tmp_path / "a.pid") else "a.pid")
    (told,) = ThreadPoolExecutor(1).map(one.look, [Target(KindName.LOCK, os.fsencode(other))], timeout=20)
    assert told is not None
    assert [told.target] == [seen.target for seen in scan if isinstance(seen, Observation)]
