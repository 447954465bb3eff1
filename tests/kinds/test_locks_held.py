"""Kernel locks for real: who holds them now, who waits, and what became of the file."""

from __future__ import annotations

import ctypes
import fcntl
import mmap
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from racewatch.core.advisory import AdvisoryKind, AdvisoryLock, HeldLock
from racewatch.core.kind import Seen
from racewatch.core.model import KindName, Observation, Removable, Says, Target, Verdict
from racewatch.kinds.locks.surroundings import Surroundings
from racewatch.linux import fs
from tests.kernel.support import child, until
from tests.kinds.locks_support import evidence, facts, holding, is_plain, kind, look, rows, running, take

FORMATS = {"flock": "flock-file", "posix": "fcntl-file", "ofd": "ofd-file"}


@pytest.mark.parametrize("how", ["flock", "posix", "ofd"])
def test_a_held_lock_is_live_and_its_holder_named(tmp_path: Path, how: str) -> None:
    lock = tmp_path / "a.lock"
    with child(holding(how, lock)) as holder:
        for seen in (look(lock), rows(tmp_path)["a.lock"]):
            assert (seen.verdict, seen.label, seen.removable) == (Verdict.LIVE, "held", Removable.NEVER)
            assert seen.format == FORMATS[how]
            assert seen.owner is not None
            assert seen.owner.pid == holder.pid
            assert evidence(seen, "kernel lock").says is Says.LIVE


@pytest.mark.parametrize("how", ["flock", "posix", "ofd"])
def test_it_is_free_as_soon_as_its_holder_ends(tmp_path: Path, how: str) -> None:
    lock = tmp_path / ".cargo-lock"  # a format that is recognised held or not
    looker = kind()
    with child(holding(how, lock)):
        assert look(lock, looker).verdict is Verdict.LIVE
    seen = look(lock, looker)
    assert seen.removable is Removable.NEVER
    if is_plain(tmp_path):
        assert (seen.verdict, seen.label) == (Verdict.IDLE, "free, meant to stay")
        assert "two builds write the same target folder" in seen.summary


@pytest.mark.parametrize("how", ["flock", "ofd"])
def test_the_holder_is_found_after_the_handle_was_passed_on(tmp_path: Path, how: str) -> None:
    """/proc/locks names the process that took it, which has ended; its child holds it."""
    lock = tmp_path / "a.lock"
    leash_in, leash_out = os.pipe()
    answer_in, answer_out = os.pipe()
    taker = os.fork()
    if taker == 0:
        os.close(leash_out)
        take(how, lock)
        keeper = os.fork()
        if keeper == 0:
            os.read(leash_in, 1)
            os._exit(0)
        os.write(answer_out, b"%d" % keeper)
        os._exit(0)
    try:
        os.close(leash_in)
        keeper = int(os.read(answer_in, 20))
        os.waitpid(taker, 0)
        seen = look(lock)
        assert seen.verdict is Verdict.LIVE
        assert seen.owner is not None
        assert seen.owner.pid == keeper
        if how == "flock":
            assert f"taken by pid {taker}, which passed it on" in evidence(seen, "kernel lock").detail
    finally:
        os.close(leash_out)
        os.close(answer_in)
        os.close(answer_out)
        until(lambda: not Path(f"/proc/{keeper}/fd/0").exists(), "the keeper's end")


def test_a_lock_held_by_a_mapping_alone_is_found(tmp_path: Path) -> None:
    """As Java does with hsperfdata: the descriptor is closed, the mapping keeps the lock."""
    lock = tmp_path / "a.lock"
    lock.write_bytes(b"x" * 4096)
    with child(lambda: _map_without_descriptor(lock)) as holder:
        seen = look(lock)
        assert seen.verdict is Verdict.LIVE
        assert seen.owner is not None
        assert seen.owner.pid == holder.pid
        assert "by a mapping of the file, without a descriptor" in evidence(seen, "kernel lock").detail


def _map_without_descriptor(lock: Path) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [
        ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long,
    ]  # fmt: skip
    fd = take("flock", lock)
    if libc.mmap(None, 4096, mmap.PROT_READ, mmap.MAP_SHARED, fd, 0) == ctypes.c_void_p(-1).value:
        raise OSError(ctypes.get_errno(), "mmap")
    os.close(fd)


def test_waiters_are_shown(tmp_path: Path) -> None:
    lock = tmp_path / "a.lock"

    code = "import fcntl, sys; fcntl.flock(open(sys.argv[1]), fcntl.LOCK_EX); sys.stdin.read()"
    with (
        child(holding("flock", lock)) as holder,
        # Not forked: a fork would keep the holder's leash.
        running(sys.executable, "-c", code, str(lock)) as waiter,
    ):
        until(lambda: bool(facts(look(lock), "waiters")), "a waiter in /proc/locks")
        seen = look(lock)
        assert facts(seen, "waiters")[0].startswith("1: ")
        assert f"(pid {waiter.pid})" in facts(seen, "waiters")[0]
        assert seen.owner is not None
        assert seen.owner.pid == holder.pid


def test_two_holders_on_two_inodes_are_a_row_of_their_own(tmp_path: Path) -> None:
    lock = tmp_path / "a.lock"
    with child(holding("flock", lock)) as first:
        inode = lock.stat().st_ino
        lock.unlink()
        with child(holding("flock", lock)) as second:
            found = rows(tmp_path)
            assert found["a.lock"].owner is not None
            assert found["a.lock"].owner.pid == second.pid
            (lost,) = (one for name, one in found.items() if name.startswith("deleted:"))
            assert (lost.verdict, lost.label) == (Verdict.LIVE, "held on a deleted file")
            assert lost.removable is Removable.NEVER
            assert lost.owner is not None
            assert lost.owner.pid == first.pid
            assert [one.pid for one in lost.others] == [second.pid]
            assert "two holders at once" in lost.summary
            assert lost.target.locator.endswith(b":%d:%s" % (inode, os.fsencode(lock)))
            again = kind().look(lost.target)
            assert again is not None
            assert again.same_as(lost)
        (lost,) = (one for name, one in rows(tmp_path).items() if name.startswith("deleted:"))
        assert "nothing has" not in lost.summary  # the second one's file is still there, free
    assert not [name for name in rows(tmp_path) if name.startswith("deleted:")]
    assert kind().look(lost.target) is None


def test_deleted_files_that_are_no_locks_are_nobodys_business(tmp_path: Path) -> None:
    data = tmp_path / "database.tmp"
    with child(holding("posix", data)):
        data.unlink()
        assert rows(tmp_path) == {}


def test_scans_of_names_and_of_one_folder_see_the_same(tmp_path: Path) -> None:
    lock, other = tmp_path / "a.lock", tmp_path / "b.lock"
    other.touch()
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "c.lock").touch()
    with child(holding("flock", lock)):
        folder = os.fsencode(tmp_path)
        by_folder = list(kind().scan_directory(folder))
        by_names = list(kind().scan_names(folder, [b"a.lock", b"b.lock", b"gone.lock", b"x.txt"]))
        assert len(by_folder) == len(by_names) == 2
        assert sorted(map(_without_time, by_folder)) == sorted(map(_without_time, by_names))


def _without_time(seen: Seen) -> tuple[bytes, str, str]:
    assert isinstance(seen, Observation)
    return seen.target.locator, seen.fingerprint, repr((seen.evidence, seen.facts, seen.owner))


@pytest.mark.parametrize(("how", "world"), [("flock", AdvisoryKind.FLOCK), ("ofd", AdvisoryKind.FCNTL)])
def test_the_lock_that_an_act_holds_is_no_sign_of_life(tmp_path: Path, how: str, world: AdvisoryKind) -> None:
    lock = tmp_path / ".cargo-lock"
    lock.touch()
    held = AdvisoryLock(os.fsencode(lock), world).take()
    assert isinstance(held, HeldLock)
    try:
        assert look(lock).verdict is not Verdict.LIVE
    finally:
        held.close()
    with child(holding(how, lock)):
        assert look(lock).verdict is Verdict.LIVE


def test_looking_never_takes_the_lock(tmp_path: Path) -> None:
    """A program that takes its lock in a loop must never find it taken by us."""
    lock = tmp_path / "a.lock"
    lock.touch()
    looker = kind()
    for _ in range(50):
        look(lock, looker)
        fd = os.open(lock, os.O_RDWR)
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(fd)
    assert looker.look(Target(KindName.LOCK, os.fsencode(tmp_path / "none.lock"))) is None


@pytest.mark.parametrize("how", ["flock", "posix", "ofd"])
def test_a_deleted_lock_is_found_without_asking_everybody_where_its_taker_is_known(
    tmp_path: Path, how: str
) -> None:
    lock = tmp_path / "a.lock"
    with child(holding(how, lock)) as holder:
        lock.unlink()
        around = Surroundings()
        assert _lost_of(holder.pid, around) == [os.fsencode(lock)]
        # An OFD lock names nobody, and whatever else the machine has locked may need a survey as well: what
        # counts is what this one look saw, for the tests that run beside this one take locks and let them go.
        alone = {row.pid for rows in (around._rows or {}).values() for row in rows} == {holder.pid}
        assert around.surveys == 0 or not alone
        assert _lost_of(holder.pid, surveyed()) == [os.fsencode(lock)]


def test_who_runs_is_asked_anew_for_what_was_written_after_everybody_was_asked(tmp_path: Path) -> None:
    lock, program = tmp_path / "a.pid", tmp_path / f"rw{os.getpid()}"
    shutil.copy("/bin/sleep", program)
    around = Surroundings(few_files=True)
    assert around.called((program.name,)) == ()
    with subprocess.Popen([program, "60"]) as process:
        try:
            until(lambda: Path(f"/proc/{process.pid}/comm").read_text() == f"{program.name}\n", "its name")
            asked = around.surveys
            lock.write_text(f"{process.pid}\n")
            assert around.ask_after(fs.stat_path(os.fsencode(lock)), asked)
            assert [owner.pid for owner in around.called((program.name,))] == [process.pid]
            assert "survey" not in vars(around)
            # What was asked after the reading, and what has not changed since it was asked, is not asked again.
            asked = around.surveys
            assert around.ask_after(fs.stat_path(os.fsencode(lock)), asked - 1)
            assert "_named" in vars(around)
        finally:
            process.kill()


@pytest.mark.parametrize("how", ["flock", "posix", "ofd"])
def test_a_look_at_one_lock_wants_the_kernels_table_only_while_somebody_has_it_open(
    tmp_path: Path, how: str
) -> None:
    if not is_plain(tmp_path):
        pytest.skip("nothing can be proved to be free on this file system")
    lock = tmp_path / ".cargo-lock"
    lock.touch()
    fd = os.open(lock, os.O_PATH)
    try:
        node = fs.stat_fd(fd)
        around = Surroundings(few_files=True)
        free = around.locked(node, fd)
        assert (free.held, free.blind, around.has_locks) == ((), None, False)
        assert evidence(look(lock), "kernel lock").source == free.source == "fcntl(F_SETLEASE)"
        with child(holding(how, lock)) as holder:
            around = Surroundings(few_files=True)
            assert around.held_mechanisms(node, fd)
            assert [one.pid for held in around.locked(node, fd).held for one in held.holders] == [holder.pid]
            assert around.has_locks
        assert evidence(rows(tmp_path)[".cargo-lock"], "kernel lock").source == "/proc/locks"
    finally:
        os.close(fd)


def _lost_of(pid: int, around: Surroundings) -> list[bytes | None]:
    return [one.deleted for one, _key in around.lost_locks() if one.pid == pid]


def surveyed() -> Surroundings:
    around = Surroundings()
    assert around.survey.running
    return around


def test_names_of_several_folders_are_looked_at_together(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
        (folder / "a.lock").write_text("x")
    places = {os.fsencode(folder): [b"a.lock", b"absent.lock", b"none"] for folder in folders}
    together = list(kind().scan_places(places))
    apart = [one for folder, names in places.items() for one in kind().scan_names(folder, names)]
    assert len(together) == 2
    assert list(map(_without_time, together)) == list(map(_without_time, apart))
    assert list(kind().scan_places({os.fsencode(tmp_path): [b"none"]})) == []


def test_many_names_at_once_need_few_descriptors(tmp_path: Path) -> None:
    """A batch of hints may have thousands of names, and most sessions allow a process 1,024 descriptors."""
    names = [b"%d.lock" % number for number in range(700)]
    for name in names:
        (tmp_path / os.fsdecode(name)).write_text("x")
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (400, before[1]))
    try:
        seen = list(kind().scan_places({os.fsencode(tmp_path): names}))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert len(seen) == 700
    assert all(isinstance(one, Observation) for one in seen)
