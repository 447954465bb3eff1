"""Database servers: a pid file that may only go when no process of the server is left."""

from __future__ import annotations

import glob
import os
from pathlib import Path

from racewatch.core.model import Removable, Verdict
from tests.programs.conftest import Start
from tests.programs.journey import left_over
from tests.programs.support import Program, Sandbox, tool, until


def test_postgresql(sandbox: Sandbox, journey: Start) -> None:
    binaries = ":".join(sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True))
    postgres, initdb, psql = (tool(name, also_in=binaries) for name in ("postgres", "initdb", "psql"))
    uid, as_user = sandbox.unprivileged()  # PostgreSQL refuses root
    data = sandbox.own("data", uid)
    sandbox.run(*as_user, initdb, "-D", data, "-A", "trust", "-U", "tester", "--no-sync")
    socket = data / ".s.PGSQL.5432"
    pidfile, lock = data / "postmaster.pid", data / ".s.PGSQL.5432.lock"

    def start() -> Program:
        options = {"unix_socket_directories": str(data), "listen_addresses": "", "fsync": "off"}
        program = sandbox.start(
            *as_user, postgres, "-D", data, *(f"--{name}={value}" for name, value in options.items())
        )
        until(lambda: _is_ready(pidfile, program.pid), f"PostgreSQL is not ready: {program.said}")
        return program

    server = start()
    trip = journey("postgres-postmaster", "PostgreSQL", pidfile)
    beside = journey("postgres-socket-lock", "PostgreSQL", lock)
    trip.running(Verdict.LIVE, owner=server.pid)
    beside.running(Verdict.LIVE, owner=server.pid)
    server.kill()
    # Its children end by themselves when they notice; until then a second server would ruin the data.
    until(lambda: not sandbox.orphans(), "children of PostgreSQL live on")
    verdict, removable = left_over("postgres")
    seen = trip.killed(verdict, Removable.NEVER)
    assert "start the server" in (seen.remedy or "")
    assert trip.remove() is None
    beside.killed(verdict, removable)
    beside.undone(socket)
    server = start()
    answer = sandbox.run(psql, "-h", data, "-U", "tester", "-Atc", "select 6*7", "postgres")
    assert answer.stdout == "42\n"
    trip.works("the server started and recovered")
    beside.works("a client reached the new server by the socket")


def _is_ready(pidfile: Path, pid: int) -> bool:
    """Whether this very server says that it is (in the line by which pg_ctl is told)."""
    try:
        lines = pidfile.read_text().splitlines()
    except OSError:
        return False
    return len(lines) > 7 and lines[0] == str(pid) and lines[7].strip() == "ready"


def test_redis(sandbox: Sandbox, journey: Start) -> None:
    folder = sandbox.own("redis")
    pidfile, socket = folder / "redis.pid", folder / "redis.sock"
    arguments = ("--port", "0", "--dir", folder, "--save", "", "--pidfile", pidfile, "--unixsocket", socket)

    def start() -> Program:
        program = sandbox.start(tool("redis-server"), *arguments)
        until(lambda: _pong(sandbox, socket), f"Redis is not ready: {program.said}")
        return program

    server = start()
    assert pidfile.read_text() == f"{server.pid}\n"
    trip = journey("redis-pidfile", "Redis", pidfile)
    by_socket = journey("(socket)", "Redis", socket, socket=True)
    trip.running(Verdict.LIVE, owner=server.pid)
    by_socket.running(Verdict.LIVE, owner=server.pid)
    server.kill()
    trip.killed(*left_over("redis-server"))
    trip.undone()
    by_socket.killed(Verdict.STALE, Removable.YES)
    by_socket.undone()
    server = start()
    assert pidfile.read_text() == f"{server.pid}\n"
    trip.works("the server started")
    by_socket.works("the server answered on it")


def _pong(sandbox: Sandbox, socket: Path) -> bool:
    if not os.path.exists(socket):
        return False
    return sandbox.run(tool("redis-cli"), "-s", socket, "ping", ok=False).stdout == "PONG\n"
