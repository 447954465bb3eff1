"""Whose process a lock names: alive, gone, recycled, a zombie, a thread, in a container, elsewhere, hidden."""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from racewatch.core.model import Observation, Removable, Says, Verdict
from racewatch.kinds.locks.claim import Claim
from racewatch.kinds.locks.facts import Person, Sight
from racewatch.kinds.locks.named import look_up
from racewatch.kinds.locks.surroundings import Surroundings
from racewatch.linux import boot, fs
from tests.kernel.support import CLONE_NEWPID, become_nobody, child, needs_root
from tests.kinds.locks_support import (
    boot_id,
    dead_pid,
    evidence,
    facts,
    is_plain,
    look,
    rows,
    running,
    start_ticks,
    zombie,
)

HOST = socket.gethostname()


@pytest.fixture
def sleeper() -> Iterator[int]:
    with running("cat") as process:
        yield process.pid


def soft(folder: Path, pid: int, ticks: int, *, host: str = HOST, boot: str | None = None) -> Path:
    """What filelock's SoftFileLock writes: the exact process."""
    token = (uuid.UUID(boot or boot_id()).int << 64) | ticks
    path = folder / "soft.lock"
    path.write_text(f"{pid}\n{host}\n{token}\n")
    return path


def proved(seen: Observation, folder: Path) -> bool:
    """Left over where that can be proved at all; unknown (never live) elsewhere."""
    wanted = Verdict.STALE if is_plain(folder) and boot.take().sees_everybody else Verdict.UNKNOWN
    return seen.verdict is wanted


def test_the_very_process_is_live(tmp_path: Path, sleeper: int) -> None:
    path = soft(tmp_path, sleeper, start_ticks(sleeper))
    for seen in (look(path), rows(tmp_path)["soft.lock"]):
        assert (seen.verdict, seen.removable, seen.format) == (
            Verdict.LIVE,
            Removable.NEVER,
            "soft-file-lock",
        )
        assert seen.owner is not None
        assert (seen.owner.pid, seen.owner.name) == (sleeper, "cat")
        assert facts(seen, "pid") == [str(sleeper)]


def test_a_number_given_again_is_not_the_owner(tmp_path: Path, sleeper: int) -> None:
    seen = look(soft(tmp_path, sleeper, start_ticks(sleeper) - 1))
    assert proved(seen, tmp_path)
    assert "began at another moment" in evidence(seen, "owner").detail
    if seen.verdict is Verdict.STALE:
        assert seen.removable is Removable.YES


def test_a_process_of_another_boot_is_gone_whatever_has_its_number(tmp_path: Path, sleeper: int) -> None:
    seen = look(soft(tmp_path, sleeper, start_ticks(sleeper), boot=str(uuid.uuid4())))
    assert proved(seen, tmp_path)
    assert "another boot" in evidence(seen, "owner").detail


def test_an_ended_process_proves_it_left_over(tmp_path: Path) -> None:
    path = tmp_path / "redis.pid"
    path.write_text(f"{dead_pid()}\n")
    seen = look(path)
    assert proved(seen, tmp_path)
    if seen.verdict is Verdict.STALE:
        assert (seen.label, seen.removable) == ("left over", Removable.YES)
        assert evidence(seen, "owner").says is Says.STALE


def test_generic_formats_only_ask(tmp_path: Path) -> None:
    path = tmp_path / "anything.pid"
    path.write_text(f"{dead_pid()}\n")
    seen = look(path)
    assert proved(seen, tmp_path)
    assert seen.removable is Removable.OVERRIDE


def test_a_zombie_has_ended(tmp_path: Path) -> None:
    path = tmp_path / "redis.pid"
    with zombie() as pid:
        path.write_text(f"{pid}\n")
        seen = look(path)
    assert proved(seen, tmp_path)
    assert "zombie" in evidence(seen, "owner").detail


def test_a_dead_leader_with_living_threads_lives(tmp_path: Path) -> None:
    code = (
        "import ctypes, sys, threading\n"
        "threading.Thread(target=sys.stdin.read).start()\n"
        "print('ready', flush=True)\n"
        "ctypes.CDLL(None).syscall(60, 0)\n"  # exit(2) of the first thread alone
    )
    if os.uname().machine != "x86_64":
        pytest.skip("the number of exit() is x86's")
    path = tmp_path / "redis.pid"
    with running(sys.executable, "-c", code) as process:
        assert process.stdout is not None
        process.stdout.readline()
        deadline = time.monotonic() + 10
        while "Z" not in Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0]:
            assert time.monotonic() < deadline
        path.write_text(f"{process.pid}\n")
        assert look(path).verdict is Verdict.LIVE


def test_the_number_of_a_thread_is_no_process(tmp_path: Path) -> None:
    path = tmp_path / "redis.pid"
    ready, done = threading.Event(), threading.Event()
    numbers = []

    def work() -> None:
        numbers.append(threading.get_native_id())
        ready.set()
        done.wait()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        ready.wait()
        path.write_text(f"{numbers[0]}\n")
        seen = look(path)
        assert proved(seen, tmp_path)
        assert "the number of a thread" in evidence(seen, "owner").detail
    finally:
        done.set()
        thread.join()


def test_another_host_is_never_judged_from_here(tmp_path: Path, sleeper: int) -> None:
    for pid in (sleeper, dead_pid()):
        seen = look(soft(tmp_path, pid, 1, host="elsewhere.example"))
        assert (seen.verdict, seen.removable) == (Verdict.UNKNOWN, Removable.OVERRIDE)
        assert "another host (elsewhere.example" in seen.summary


def test_a_domain_makes_no_other_host(tmp_path: Path) -> None:
    assert proved(look(soft(tmp_path, dead_pid(), 1, host=f"{HOST.upper()}.example.org")), tmp_path)


def test_a_reader_that_cannot_be_told_from_a_user_is_life(tmp_path: Path) -> None:
    path = tmp_path / "redis.pid"
    path.write_text(f"{dead_pid()}\n")
    with running("tail", "-f", str(path)) as process:
        assert process.stdout is not None
        process.stdout.readline()
        seen = look(path)
        assert seen.verdict is Verdict.LIVE
        assert seen.owner is not None
        assert seen.owner.pid == process.pid


def test_a_living_program_of_its_kind_voids_the_proof(tmp_path: Path) -> None:
    """Workers outlive the master that the pid file names."""
    program = tmp_path / "redis-server"
    program.symlink_to("/bin/sleep")
    path = tmp_path / "redis.pid"
    path.write_text(f"{dead_pid()}\n")
    with running(str(program), "1000") as survivor:
        seen = look(path)
        assert seen.verdict is Verdict.UNKNOWN
        assert seen.removable is Removable.OVERRIDE
        assert f"redis-server (pid {survivor.pid})" in seen.summary
        assert evidence(seen, "survivors").says is Says.UNKNOWN


@needs_root
def test_a_container_can_have_that_number(tmp_path: Path) -> None:
    """A pid written inside a container is the inner one: here the number of nobody."""

    def make() -> int:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(CLONE_NEWPID) != 0:
            raise OSError(ctypes.get_errno(), "unshare")
        return subprocess.Popen(["cat"], stdin=leash).pid

    leash, keep = os.pipe()
    try:
        with child(make) as holder:
            path = tmp_path / "redis.pid"
            inner = Path(f"/proc/{holder.answer}/status").read_text()
            number = int(next(line for line in inner.splitlines() if line.startswith("NSpid")).split()[-1])
            assert number == 1
            path.write_text(f"{number}\n")
            around = Surroundings()
            node = fs.stat_path(os.fsencode(path))
            space = boot.namespace_of(holder.answer)
            named = look_up(Claim(pid=1, pid_namespace=space), (), node, around)
            assert named.person is Person.LIVES
            assert named.owner is not None
            assert named.owner.pid == holder.answer
            gone = look_up(Claim(pid=4_000_000, pid_namespace=space), (), node, around)
            assert (gone.person, gone.space.sight) == (Person.GONE, Sight.YES)
            unsaid = look_up(Claim(pid=1), (), node, around)
            assert unsaid.space.sight is Sight.UNSEEN
            assert "in a container" in unsaid.space.detail
    finally:
        os.close(leash)
        os.close(keep)


def test_a_namespace_that_is_gone_took_its_processes_along(tmp_path: Path) -> None:
    around = Surroundings()
    node = fs.stat_path(os.fsencode(tmp_path))
    named = look_up(Claim(pid=1, pid_namespace=1), (), node, around)
    hidden = any(boot.namespace_of(pid) is None for pid in around.inner_numbers.inside)
    assert named.person is (Person.UNSEEN if hidden or not around.boot.sees_everybody else Person.GONE)


@needs_root
def test_what_may_not_be_read_is_unknown(tmp_path: Path) -> None:
    path = tmp_path / "redis.pid"
    path.write_text(f"{dead_pid()}\n")
    path.chmod(0o600)
    for folder in (tmp_path, *tmp_path.parents):
        if folder != Path("/tmp"):
            folder.chmod(folder.stat().st_mode | 0o055)
        if folder == Path("/tmp").resolve() or folder.parent == Path("/"):
            break

    def as_nobody() -> tuple[str, str, str]:
        become_nobody()
        seen = look(path)
        return seen.verdict.value, seen.removable.value, seen.summary

    with child(as_nobody) as asked:
        verdict, removable, summary = asked.answer
    assert (verdict, removable) == ("unknown", "override")
    assert "could not be read" in summary


def test_a_number_given_again_is_told_by_time_on_an_unstepped_clock(tmp_path: Path, sleeper: int) -> None:
    """Only where the file is older by minutes, and only while no step of the clock is known."""
    path = tmp_path / "x.pid"
    path.touch()
    node = fs.stat_path(os.fsencode(path))
    begun = start_ticks(sleeper) / os.sysconf("SC_CLK_TCK")
    written = max(node.mtime_ns, node.ctime_ns, node.btime_ns or 0) / 1e9

    def person(started: float, witness: float | None) -> Person:
        this = boot.Boot(boot_id(), started, witness, HOST, boot.namespace_of("self"))
        return look_up(Claim(pid=sleeper), (), node, Surroundings(this_boot=this)).person

    later = written - begun + 121
    assert person(later, later) is Person.GONE
    assert person(later - 2, later - 2) is Person.LIVES
    assert person(later, later - 3600) is Person.LIVES  # the clock was stepped
    assert person(later, None) is Person.LIVES  # nobody knows


def test_a_lock_of_emacs_from_another_boot(tmp_path: Path, sleeper: int) -> None:
    this = boot.take()
    if this.floor is None:
        pytest.skip("nothing here witnesses the boot")
    link = tmp_path / ".#notes.txt"
    link.symlink_to(f"me@{HOST}.{sleeper}:{int(this.floor) - 5}")
    assert proved(look(link), tmp_path)
    link.unlink()
    link.symlink_to(f"me@{HOST}.{sleeper}:{int(this.started)}")
    assert look(link).verdict is Verdict.LIVE
