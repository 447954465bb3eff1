"""Where locks lie: whose use of them can be seen there, which folders are looked at, and what it costs."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from racewatch.core.model import KindName, Observation, Problem, Removable, Says, Target, Verdict
from racewatch.kinds.locks import LocksKind, StillBook
from racewatch.kinds.locks.circumstances import work_folder
from racewatch.kinds.locks.places import well_known
from racewatch.kinds.locks.registry import built_in
from racewatch.linux import fs, openfiles
from tests.kernel.support import MS_BIND, child, mount, needs_root, own_mounts
from tests.kinds.locks_support import (
    dead_pid,
    evidence,
    facts,
    holding,
    is_plain,
    kind,
    look,
    rows,
    running,
)


def pidfile(folder: Path, name: str = "redis.pid") -> Path:
    path = folder / name
    path.write_text(f"{dead_pid()}\n")
    return path


@needs_root
def test_below_an_overlay_nothing_is_proved(tmp_path: Path) -> None:
    """Locks and handles through the overlay are on other inodes than its upper directory shows."""
    for name in ("lower", "upper", "work", "merged"):
        (tmp_path / name).mkdir()
    lock = tmp_path / "upper" / ".cargo-lock"
    lock.touch()
    stale = pidfile(tmp_path / "upper")

    def setup() -> None:
        own_mounts()
        where = {name: os.fsencode(tmp_path / name) for name in ("lower", "upper", "work", "merged")}
        options = b"lowerdir=%(lower)s,upperdir=%(upper)s,workdir=%(work)s" % {
            key.encode(): value for key, value in where.items()
        }
        mount(b"overlay", where["merged"], b"overlay", 0, options)
        holding("flock", tmp_path / "merged" / ".cargo-lock")()

    with child(setup):
        for path in (lock, stale):
            seen = look(path)
            assert seen.verdict is Verdict.UNKNOWN
            assert "stacked" in seen.summary or "layer" in seen.summary


_MAPPER = """
import ctypes, os, sys
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
fd = os.open(sys.argv[1], os.O_RDONLY)
assert libc.mmap(None, ctypes.c_size_t(4096), 1, 1, fd, ctypes.c_long(0)) != 2**64 - 1
os.close(fd)
print("ready", flush=True)
sys.stdin.read()
"""


@needs_root
def test_what_is_mapped_through_an_overlay_and_closed_is_in_use(tmp_path: Path) -> None:
    """The mapping is one of the inode below, so that a lease on the one on top is given; /proc names the one on top."""
    for name in ("lower", "upper", "work", "merged"):
        (tmp_path / name).mkdir()
    pidfile(tmp_path / "lower")

    def looked() -> tuple[str, bool, bool]:
        own_mounts()
        where = {name.encode(): os.fsencode(tmp_path / name) for name in ("lower", "upper", "work", "merged")}
        options = b"lowerdir=%(lower)s,upperdir=%(upper)s,workdir=%(work)s" % where
        mount(b"overlay", where[b"merged"], b"overlay", 0, options)
        path = tmp_path / "merged" / "redis.pid"
        command = [sys.executable, "-S", "-E", "-c", _MAPPER, str(path)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            named = any(process.pid in pids for (_, ino), pids in openfiles.mappings().by_file.items()
                        if ino == os.stat(path).st_ino)  # fmt: skip
            seen = look(path)
            process.communicate()
        return seen.verdict.value, seen.removable is Removable.NEVER, named

    with child(looked) as other:
        verdict, never, named = other.answer
        if not named:
            pytest.skip("this kernel names the inode below")
        assert (verdict, never) == ("live", True)


@needs_root
def test_a_name_that_something_is_mounted_on_is_never_taken(tmp_path: Path) -> None:
    stale, other = pidfile(tmp_path), pidfile(tmp_path, "other")

    def setup() -> None:
        own_mounts()
        mount(os.fsencode(other), os.fsencode(stale), b"", MS_BIND)

    with child(setup):
        seen = look(stale)
        assert (seen.verdict, seen.label, seen.removable) == (
            Verdict.UNKNOWN,
            "mounted over",
            Removable.NEVER,
        )


def test_ten_thousand_other_files_are_not_even_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = os.open(tmp_path, os.O_RDONLY)
    try:
        for number in range(10_000):
            os.close(os.open(f"file-{number}.txt", os.O_CREAT | os.O_WRONLY, dir_fd=folder))
    finally:
        os.close(folder)
    pidfile(tmp_path)
    pinned: list[bytes] = []
    pin = fs.pin

    def counting(dirfd: int, name: bytes) -> int:
        pinned.append(name)
        return pin(dirfd, name)

    monkeypatch.setattr(fs, "pin", counting)
    assert list(rows(tmp_path)) == ["redis.pid"]
    assert pinned == [b"redis.pid"]


def test_what_is_no_regular_file_is_never_opened(tmp_path: Path) -> None:
    """A pipe's other end would be woken; a socket and a device are not asked either."""
    os.mkfifo(tmp_path / "a.lock")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "b.lock"))
    (tmp_path / "c.lock").symlink_to("/dev/null")
    assert rows(tmp_path) == {}
    seen = look(tmp_path / "a.lock")
    assert (seen.label, seen.removable, seen.format) == ("not a lock", Removable.NEVER, None)
    assert "named pipe" in seen.summary


def test_a_file_without_a_format_still_tells_its_holder(tmp_path: Path) -> None:
    path = tmp_path / "database"
    path.touch()
    assert look(path).label == "not a lock"
    with child(holding("posix", path)) as holder:
        seen = look(path)
        assert seen.verdict is Verdict.LIVE
        assert seen.owner is not None
        assert seen.owner.pid == holder.pid


def test_data_is_listed_as_data(tmp_path: Path) -> None:
    (tmp_path / "d.db-wal").write_bytes(b"x")
    seen = rows(tmp_path)["d.db-wal"]
    assert (seen.verdict, seen.label, seen.removable) == (
        Verdict.IDLE,
        "data, not a lock",
        Removable.NEVER,
    )
    with running("tail", "-f", str(tmp_path / "d.db-wal")) as process:
        assert process.stdout is not None
        process.stdout.read(1)
        assert look(tmp_path / "d.db-wal").label == "data, in use"


def test_some_things_are_only_shown_when_they_matter(tmp_path: Path) -> None:
    (tmp_path / "Cargo.lock").write_text("# dependencies\n")
    (tmp_path / "disk.qcow2").write_bytes(b"QFI")
    assert rows(tmp_path) == {}
    assert look(tmp_path / "Cargo.lock").label == "data, not a lock"
    with child(holding("ofd", tmp_path / "disk.qcow2")):
        assert rows(tmp_path)["disk.qcow2"].verdict is Verdict.LIVE


def test_a_lock_rewritten_in_place_is_another(tmp_path: Path) -> None:
    path = pidfile(tmp_path)
    first = look(path)
    times = path.stat()
    again = look(path)
    assert again.fingerprint == first.fingerprint
    content = path.read_text()
    path.write_text("9" * (len(content) - 1) + "\n")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert look(path).fingerprint != first.fingerprint
    path.write_text(content)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert look(path).fingerprint == first.fingerprint
    os.utime(path)
    assert look(path).fingerprint != first.fingerprint


def test_a_git_lock_tells_who_works_there(tmp_path: Path) -> None:
    git = tmp_path / "repository" / ".git"
    (git / "refs").mkdir(parents=True)
    lock = git / "index.lock"
    lock.write_bytes(b"DIRC")
    assert work_folder(os.fsencode(lock)) == os.fsencode(tmp_path / "repository")
    seen = look(lock)
    assert (seen.verdict, seen.removable, seen.format) == (Verdict.UNKNOWN, Removable.OVERRIDE, "git-lock")
    assert evidence(seen, "processes there").says is Says.INFO
    assert "that is no proof" in evidence(seen, "processes there").detail
    with running("cat", cwd=str(tmp_path / "repository")) as process:
        seen = look(lock)
        assert seen.verdict is Verdict.UNKNOWN
        assert f"cat (pid {process.pid})" in evidence(seen, "processes there").detail
    program = tmp_path / "git"
    program.symlink_to("/bin/sleep")
    with running(str(program), "1000", cwd=str(git)) as process:
        seen = look(lock)
        assert seen.verdict is Verdict.LIVE
        assert seen.owner is not None
        assert seen.owner.pid == process.pid


def test_an_x_lock_counts_its_socket(tmp_path: Path) -> None:
    lock = tmp_path / ".X991-lock"
    lock.write_text(f"{dead_pid():10d}\n")
    (tmp_path / ".X11-unix").mkdir()
    path = tmp_path / ".X11-unix" / "X991"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        seen = look(lock)
        assert seen.verdict is Verdict.LIVE
        assert facts(seen, "goes with it") == [str(path)]
    seen = look(lock)
    if is_plain(tmp_path):
        assert evidence(seen, "socket").says is Says.STALE
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("\0/tmp/.X11-unix/X991")
        assert look(lock).verdict is Verdict.LIVE


def test_a_heartbeat_is_only_dead_when_it_was_watched(tmp_path: Path) -> None:
    """Two refresh periods of the clock that runs through suspends, counted anew after one or a step."""
    now = [1000.0, 900.0, 5_000_000.0]
    looker = LocksKind(
        built_in(), stills=StillBook(lambda: (now[0], now[1], now[2])), well_known_places=False
    )
    lock = tmp_path / "x.lock"
    lock.mkdir()

    def verdict(seconds: float, *, asleep: float = 0.0, step: float = 0.0) -> Verdict:
        now[0] += seconds + asleep
        now[1] += seconds
        now[2] += seconds + asleep + step
        seen = look(lock, looker)
        assert seen.format == "proper-lockfile"
        assert seen.removable is Removable.OVERRIDE
        return seen.verdict

    assert verdict(0) is Verdict.UNKNOWN
    assert verdict(59) is Verdict.UNKNOWN
    assert verdict(2) is Verdict.STALE
    os.utime(lock)
    assert verdict(1) is Verdict.UNKNOWN
    assert verdict(61) is Verdict.STALE
    assert verdict(1, asleep=3600) is Verdict.UNKNOWN
    assert verdict(61) is Verdict.STALE
    assert verdict(1, step=-3600) is Verdict.UNKNOWN
    assert verdict(61) is Verdict.STALE


def test_well_known_places_are_found_without_walking_a_home(tmp_path: Path) -> None:
    home = tmp_path / "home"
    profile = home / ".mozilla" / "firefox" / "abc.default"
    profile.mkdir(parents=True)
    (home / "projects" / "deep").mkdir(parents=True)
    (home / ".cargo").mkdir()
    places = {place.folder: place.recursive for place in well_known(built_in(), [os.fsencode(home)])}
    mine = {folder for folder in places if folder.startswith(os.fsencode(home))}
    assert mine == {os.fsencode(profile), os.fsencode(home), os.fsencode(home / ".cargo")}
    assert places[os.fsencode(home)] is False
    assert b"/tmp" in places
    assert places[b"/tmp"] is False


def test_a_folder_that_cannot_be_read_is_a_problem(tmp_path: Path) -> None:
    seen = list(kind().scan_below([os.fsencode(tmp_path / "none")]))
    assert [type(one) for one in seen] == [Problem]


def test_what_is_not_there_is_no_target(tmp_path: Path) -> None:
    assert kind().look(Target(KindName.LOCK, os.fsencode(tmp_path / "a.lock"))) is None
    assert kind().look(Target(KindName.LOCK, b"deleted:1:2:/x.lock")) is None


def test_the_command_line_knows_locks(tmp_path: Path) -> None:
    path = pidfile(tmp_path)
    run = subprocess.run(
        [sys.executable, "-m", "racewatch", "explain", str(path), "--json"], capture_output=True, check=False
    )
    assert run.returncode in (0, 12), run.stderr
    assert b'"format": "redis-pidfile"' in run.stdout or b'"format":"redis-pidfile"' in run.stdout


def test_observations_are_values(tmp_path: Path) -> None:
    pidfile(tmp_path)
    one, two = rows(tmp_path)["redis.pid"], rows(tmp_path)["redis.pid"]
    assert isinstance(one, Observation)
    assert one.same_as(two)
