"""Processes in every state that has fooled somebody."""

from __future__ import annotations

import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from racewatch.linux import processes, signals
from racewatch.linux.processes import (
    Absent,
    Life,
    ProcessId,
    SocketHolders,
    alive,
    describe,
    identify,
    look_for,
    open_pidfd,
)
from tests.kernel.support import (
    CLONE_NEWPID,
    become_nobody,
    child,
    in_child,
    mount,
    needs_root,
    own_mounts,
    unshare,
    until,
)


def _pass() -> None:
    return None


def test_oneself() -> None:
    me = identify(os.getpid())
    assert me is not None
    assert alive(me) is Life.ALIVE


@pytest.mark.parametrize("pid", [0, -1, -os.getpid(), 2**31 - 2, 2**31, 2**64])
def test_numbers_that_are_nobody(pid: int) -> None:
    assert identify(pid) is None
    assert look_for(pid) is Absent.FREE
    assert alive(ProcessId(pid, 1)) is Life.ENDED
    assert open_pidfd(ProcessId(pid, 1)) is None
    assert describe(pid) is None


def test_the_number_of_a_thread_is_no_process() -> None:
    release, started = threading.Event(), threading.Event()
    numbers: list[int] = []

    def run() -> None:
        numbers.append(threading.get_native_id())
        started.set()
        release.wait()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert started.wait(10)
        assert os.path.exists(f"/proc/{numbers[0]}/stat")  # the trap: it looks like a process
        assert identify(numbers[0]) is None
        assert look_for(numbers[0]) is Absent.OTHERWISE
    finally:
        release.set()
        thread.join()


def test_a_zombie_has_ended() -> None:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    try:
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        stat = processes.parse_stat(Path(f"/proc/{pid}/stat").read_bytes())
        assert stat.state == b"Z"
        assert identify(pid) is None
        assert look_for(pid) is Absent.OTHERWISE
        assert alive(ProcessId(pid, stat.start_ticks)) is Life.ENDED
        assert open_pidfd(ProcessId(pid, stat.start_ticks)) is None
    finally:
        os.waitpid(pid, 0)


def test_a_stopped_process_is_alive() -> None:
    with child(_pass) as held:
        os.kill(held.pid, signal.SIGSTOP)
        try:
            os.waitid(os.P_PID, held.pid, os.WSTOPPED | os.WNOWAIT)
            me = identify(held.pid)
            assert me is not None
            assert alive(me) is Life.ALIVE
        finally:
            os.kill(held.pid, signal.SIGCONT)


_FIRST_THREAD_ENDS = """
import ctypes, sys, threading
def other():
    print("ready", flush=True)
    sys.stdin.read()
    import os; os._exit(0)
threading.Thread(target=other).start()
ctypes.CDLL(None).syscall({exit}, 0)
"""


def test_a_process_whose_first_thread_ended_is_alive() -> None:
    number = {"x86_64": 60}.get(os.uname().machine, 93)
    script = _FIRST_THREAD_ENDS.format(exit=number)
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        try:
            assert other.stdout is not None
            assert other.stdout.readline() == b"ready\n"
            stat = Path(f"/proc/{other.pid}/stat")
            until(lambda: processes.parse_stat(stat.read_bytes()).state == b"Z", "the first thread ends")
            me = identify(other.pid)
            assert me is not None
            assert alive(me) is Life.ALIVE
        finally:
            other.kill()


def test_another_process_with_the_same_number_is_another_process() -> None:
    with child(_pass) as held:
        me = identify(held.pid)
        assert me is not None
        earlier = ProcessId(me.pid, me.start_ticks - 1)
        assert alive(earlier) is Life.ENDED
        assert open_pidfd(earlier) is None


@needs_root
def test_a_number_that_really_was_given_to_another() -> None:
    def inside() -> str:
        unshare(CLONE_NEWPID)
        own_mounts()
        answer, out = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.write(out, _reuse().encode())
            os._exit(0)
        os.close(out)
        said = os.read(answer, 1000).decode()
        os.waitpid(pid, 0)
        return said

    assert in_child(inside) == "told apart"


def _reuse() -> str:
    """As the first process of a PID namespace, where the next pid can be chosen."""
    mount(b"proc", b"/proc", b"proc")
    processes._procfs_is_ours.cache_clear()
    first, hold = _sleeper(77)
    old = identify(first)
    os.close(hold)
    os.waitpid(first, 0)
    # The start time counts in hundredths of a second: two lives in one tick cannot be told apart.
    select.select([], [], [], 0.05)
    second, hold = _sleeper(77)
    new = identify(second)
    if old is None or new is None or not old.pid == new.pid == 77:
        said = f"the number was not given again: {old} {new}"
    elif alive(old) is not Life.ENDED or open_pidfd(old) is not None or alive(new) is not Life.ALIVE:
        said = f"mixed up: {old} {new}"
    else:
        said = "told apart"
    os.close(hold)
    os.waitpid(second, 0)
    return said


def _sleeper(pid: int) -> tuple[int, int]:
    Path("/proc/sys/kernel/ns_last_pid").write_text(str(pid - 1))
    leash, hold = os.pipe()
    got = os.fork()
    if got == 0:
        os.close(hold)
        os.read(leash, 1)
        os._exit(0)
    os.close(leash)
    return got, hold


def test_a_pidfd_tells_of_the_end() -> None:
    with child(_pass) as held:
        me = identify(held.pid)
        assert me is not None
        pidfd = open_pidfd(me)
        assert pidfd is not None
        try:
            assert select.select([pidfd], [], [], 0)[0] == []
            held.kill()
            assert select.select([pidfd], [], [], 10)[0] == [pidfd]
        finally:
            os.close(pidfd)
        assert alive(me) is Life.ENDED


@needs_root
def test_a_hidden_process_is_unknown_not_ended() -> None:
    me = identify(os.getpid())
    assert me is not None

    def hidden() -> Life:
        own_mounts()
        mount(b"proc", b"/proc", b"proc", 0, b"hidepid=2")
        become_nobody()
        return alive(me)

    assert in_child(hidden) is Life.UNKNOWN


def test_describe() -> None:
    with child(_pass) as held:
        info = describe(held.pid)
        assert info is not None
        assert info.process_id == identify(held.pid)
        assert info.user == processes.user_name(os.getuid())
        assert info.command
        boot = next(
            int(line.split()[1]) for line in Path("/proc/stat").read_text().splitlines() if "btime" in line
        )
        assert abs(info.started - boot - info.start_ticks / os.sysconf("SC_CLK_TCK")) < 1.5


def _holders() -> SocketHolders:
    return processes.socket_holders()


def test_holders_of_a_socket(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "x"))
        inode = os.fstat(server.fileno()).st_ino
        with child(_pass) as held, server.dup():
            assert _holders().of(inode) == tuple(sorted((os.getpid(), held.pid)))
        assert _holders().of(inode) == (os.getpid(),)
    assert _holders().of(inode) == ()


@needs_root
def test_who_may_not_look_is_told_so(tmp_path: Path) -> None:
    def as_nobody() -> SocketHolders:
        become_nobody()
        return _holders()

    assert _holders().unreadable == 0
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "x"))
        seen = in_child(as_nobody)
        assert os.getpid() not in seen.of(os.fstat(server.fileno()).st_ino)
        assert seen.unreadable >= 1


_LOOK = """
import os
from racewatch.linux import processes
me = processes.identify(os.getpid())
parent = processes.identify(os.getppid())
assert processes.alive(me) is processes.Life.ALIVE
assert processes.alive(parent) is processes.Life.ALIVE
os.close(processes.open_pidfd(parent))
processes.describe(1); processes.describe(os.getpid()); processes.socket_holders()
"""


def test_no_signal_is_ever_sent(tmp_path: Path) -> None:
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("needs strace")
    log = tmp_path / "log"
    calls = "trace=kill,tkill,tgkill,pidfd_send_signal,rt_sigqueueinfo,pidfd_open"
    command = [strace, "-f", "-qq", "-e", calls, "-e", "signal=none", "-o", str(log), sys.executable]
    done = subprocess.run([*command, "-c", _LOOK], check=False, capture_output=True, cwd=Path.cwd())
    if b"PTRACE" in done.stderr:
        pytest.skip("strace may not trace here")
    assert done.returncode == 0, done.stderr
    lines = log.read_text().splitlines()
    assert [line for line in lines if "pidfd_open" not in line] == []
    assert lines  # strace saw what it was asked for


def test_a_whole_process_stands_still_goes_on_and_ends() -> None:
    code = "import threading, time; threading.Thread(target=time.sleep, args=(600,)).start(); print(flush=True); time.sleep(600)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        who = identify(process.pid)
        assert who is not None
        pidfd = open_pidfd(who)
        assert pidfd is not None
        try:
            assert not signals.stands_still(process.pid)
            signals.hold(pidfd)
            until(lambda: signals.stands_still(process.pid), "the stop")
            assert not signals.has_ended_within(pidfd, 0)
            signals.let_go(pidfd)
            until(lambda: not signals.stands_still(process.pid), "the going on")
            signals.hold(pidfd)
            signals.end(pidfd)
            assert signals.has_ended_within(pidfd, 10)
            assert signals.stands_still(process.pid)
        finally:
            os.close(pidfd)
    assert signals.stands_still(process.pid), "who is gone goes nowhere"


def test_a_thread_that_was_made_while_the_others_were_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = [{b"T"}, {b"T", b"R"}, {b"T"}, {b"T"}]
    monkeypatch.setattr(signals, "_states", lambda _: looks.pop(0))
    assert not signals.stands_still(1)
    assert signals.stands_still(1)
