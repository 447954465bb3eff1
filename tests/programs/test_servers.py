"""Servers with pid files and sockets: X, nginx with a master that dies before its workers, tmux."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from racewatch.core.model import Removable, Verdict
from tests.programs.conftest import Start
from tests.programs.journey import left_over
from tests.programs.support import Program, Sandbox, is_held, tool, until
from tests.race.world import answers


def _xvfb(sandbox: Sandbox, number: int) -> Program:
    """Xvfb on that display, ready; ended again when the number is taken."""
    server = sandbox.start(tool("Xvfb"), f":{number}", "-nolisten", "tcp")
    until(lambda: not server.alive or answers(b"/tmp/.X11-unix/X%d" % number), "Xvfb is not ready")
    return server


def _display(sandbox: Sandbox) -> tuple[Program, int]:
    """Xvfb on a display that was free (its own choice of one, -displayfd, takes no lock)."""
    first = 100 + os.getpid() % 800
    for number in range(first, first + 50):
        if not os.path.lexists(f"/tmp/.X{number}-lock") and not os.path.lexists(f"/tmp/.X11-unix/X{number}"):
            server = _xvfb(sandbox, number)
            if server.alive:
                # It is the machine's own /tmp: if this test fails, nothing of ours stays there.
                for left in (f"/tmp/.X{number}-lock", f"/tmp/.X11-unix/X{number}"):
                    sandbox.leftovers.append(Path(left))
                return server, number
    pytest.fail("no free display")


def test_xvfb(sandbox: Sandbox, journey: Start) -> None:
    server, number = _display(sandbox)
    lock, socket = Path(f"/tmp/.X{number}-lock"), Path(f"/tmp/.X11-unix/X{number}")
    assert lock.read_text() == f"{server.pid:10}\n"
    trip = journey("x11-lock", "Xvfb", lock)
    trip.running(Verdict.LIVE, owner=server.pid)
    server.kill()
    sandbox.end_everything()  # its xkbcomp may still run, and has its sockets
    trip.killed(Verdict.STALE, Removable.YES)
    trip.undone(socket)
    server = _xvfb(sandbox, number)
    assert server.alive, server.said
    trip.works("Xvfb took the same display")
    # In order, so that it removes what it made in the machine's own /tmp.
    os.kill(server.pid, 15)
    assert server.ends() == 0
    assert not lock.exists()
    assert not socket.exists()


_NGINX = """
daemon on; pid nginx.pid; error_log stderr; worker_processes 1; {user}
events {{ worker_connections 16; }}
http {{ access_log off; client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4;
        scgi_temp_path t5; server {{ listen unix:{socket}; location / {{ return 200 "works\\n"; }} }} }}
"""


def test_nginx_whose_master_dies_first(sandbox: Sandbox, journey: Start) -> None:
    nginx, folder = tool("nginx"), sandbox.own("nginx")
    pidfile, socket = folder / "nginx.pid", folder / "http.sock"
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(_NGINX.format(user=user, socket=socket))
    others = left_over("nginx")

    def start(status: int = 0) -> str:
        """nginx in the background, as a service: the command returns, the master comes to us as an orphan."""
        command = sandbox.start(nginx, "-e", "stderr", "-p", folder, "-c", "nginx.conf")
        assert command.ends() == status, command.said
        return command.said

    def master_of() -> int:
        until(lambda: pidfile.exists() and pidfile.read_text().strip(), "nginx wrote no pid file")
        return int(pidfile.read_text())

    start()
    master = master_of()
    until(lambda: _children_of(master), "the master started no worker")
    workers = _children_of(master)
    trip = journey("nginx-pid", "nginx, master dead, worker alive", pidfile)
    by_socket = journey("(socket)", "nginx", socket, socket=True)
    trip.running(Verdict.LIVE, owner=master)
    by_socket.running(Verdict.LIVE)

    os.kill(master, 9)
    until(lambda: master not in sandbox.orphans(), "the master does not die")
    # The pid in the file is gone, and the service is not: nothing is proved.
    assert answers(bytes(socket))
    seen = trip.killed(Verdict.UNKNOWN, Removable.OVERRIDE)
    assert "nginx" in seen.summary
    trip.refused()
    by_socket.running(Verdict.LIVE, owner=workers[0])

    sandbox.end_everything()
    gone = journey("nginx-pid", "nginx, all dead", pidfile)
    gone.killed(*others)
    gone.undone()
    # nginx never removes a dead socket: this is what keeps it from starting.
    assert "Address already in use" in start(1)
    by_socket.killed(Verdict.STALE, Removable.YES)
    by_socket.undone()
    start()
    assert answers(bytes(socket))
    gone.works("nginx started")
    trip.works("its worker still answered")
    by_socket.works("nginx started and answered on it")


def _children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_tmux(sandbox: Sandbox, journey: Start) -> None:
    tmux = tool("tmux")
    folder = sandbox.own("t")
    env = {"TMUX_TMPDIR": str(folder)}

    def start() -> int:
        sandbox.run(tmux, "-f", "/dev/null", "new-session", "-d", "sleep 1000", env=env)
        return int(sandbox.run(tmux, "display-message", "-p", "#{pid}", env=env).stdout)

    server = start()
    socket = folder / f"tmux-{os.geteuid()}" / "default"
    trip = journey("(socket)", "tmux", socket, socket=True)
    trip.running(Verdict.LIVE, owner=server)
    sandbox.end_everything()
    trip.killed(Verdict.STALE, Removable.YES)
    trip.undone()
    assert server != start()
    # The lock of the start was there for a moment only.
    assert os.listdir(socket.parent) == ["default"]
    trip.works("tmux started and answered on it")


def test_the_start_lock_of_tmux(sandbox: Sandbox, journey: Start) -> None:
    """While one tmux starts the server, a kernel lock on the lock file keeps others from doing the same."""
    tmux, strace = tool("tmux"), tool("strace")
    folder = sandbox.own("t")
    env = {"TMUX_TMPDIR": str(folder)}
    lock = folder / f"tmux-{os.geteuid()}" / "default.lock"
    command = (tmux, "-f", "/dev/null", "new-session", "-d", "sleep 1000")
    # It lasts for a moment only, until the lock file is unlinked: that call is made to wait.
    slowly = (strace, "-f", "-qq", "-o", "/dev/null", "-e", "inject=unlink:delay_enter=60000000")
    starting = sandbox.start(*slowly, *command, env=env)
    until(lambda: lock.exists() and is_held(lock), f"tmux took no start lock: {starting.said}")
    trip = journey("tmux-start-lock", "tmux, starting", lock)
    trip.running(Verdict.LIVE)
    sandbox.end_everything()
    trip.killed(Verdict.IDLE, Removable.NEVER)
    assert trip.remove() is None
    sandbox.run(*command, env=env)
    assert os.listdir(lock.parent) == ["default"]
    trip.works("tmux started, and removed it itself")
