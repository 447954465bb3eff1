"""wait and watch: they see what happens, and end when they should."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.contract.support import PROGRAM, Program, Things, environment


@contextmanager
def started(*words: str, stdout: int = subprocess.PIPE) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([*PROGRAM, *words], stdout=stdout, stderr=subprocess.PIPE, env=environment())
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


SERVER = """
import socket, sys
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1])
server.listen()
print("ready", flush=True)
sys.stdin.read()
"""


@contextmanager
def server_process(path: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def test_wait_returns_at_once_for_what_is_free_or_gone(racewatch: Program, things: Things) -> None:
    dead = things.dead("dead")
    run = racewatch("wait", dead, "--json")
    assert run.code == 0
    assert (run.json["timed_out"], run.json["observation"]["verdict"]) == (False, "stale")
    gone = racewatch("wait", things.path("nothing"), "--json")
    assert (gone.code, gone.json["observation"]) == (0, None)
    assert racewatch("wait", dead).out.endswith(": dead socket\n")


def test_wait_times_out_with_14(racewatch: Program, things: Things) -> None:
    live = things.live("live")
    before = time.monotonic()
    run = racewatch("wait", live, "--timeout", "0.4")
    assert time.monotonic() - before >= 0.4
    assert (run.code, run.out) == (14, "")
    assert "timed out" in run.complaint
    assert racewatch("wait", live, "--timeout", "0", "--json").json["timed_out"] is True


def test_wait_sees_the_owner_die(things: Things) -> None:
    path = things.path("x")
    with server_process(path) as server, started("wait", path, "--json") as process:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=1.0)
        server.kill()
        out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, b"")
    assert json.loads(out)["observation"]["label"] == "dead socket"


def test_wait_sees_a_socket_closed_by_a_server_that_lives_on(things: Things) -> None:
    live = things.live("live")
    with started("wait", live) as process:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=1.0)
        things.kept[-1].close()
        assert process.wait(timeout=60) == 0


def test_wait_goes_on_while_another_server_took_the_name(racewatch: Program, things: Things) -> None:
    path = things.live("x")
    with started("wait", path) as process:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=1.0)
        os.rename(path, things.path("old"))
        things.live("x")
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=1.0)
        os.unlink(path)
        assert process.wait(timeout=60) == 0


def test_ctrl_c_ends_wait_with_130(things: Things) -> None:
    with started("wait", things.live("live"), "--timeout", "60") as process:
        _until_it_looks(process, things.path("live"))
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, b"")


def _until_it_looks(process: subprocess.Popen[bytes], path: str) -> None:
    """Until the process is past its start: it holds the journal open."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        folder = f"/proc/{process.pid}/fd"
        links = []
        for name in os.listdir(folder):
            try:
                links.append(os.readlink(f"{folder}/{name}"))
            except OSError:
                continue
        if any(link.endswith("journal.sqlite") for link in links):
            return
        time.sleep(0.01)
    raise AssertionError(f"racewatch wait {path} did not start")


class Watch:
    """Reads the lines of one watch, with a deadline."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        self._fd = process.stdout.fileno()
        self._rest = b""

    def line(self) -> dict[str, Any]:
        while b"\n" not in self._rest:
            assert select.select([self._fd], [], [], 60)[0], "nothing came"
            data = os.read(self._fd, 1 << 16)
            assert data, "it ended"
            self._rest += data
        line, _, self._rest = self._rest.partition(b"\n")
        value = json.loads(line)
        assert isinstance(value, dict)
        return value

    def until(self, word: str) -> list[dict[str, Any]]:
        lines = [self.line()]
        while lines[-1]["change"] != word:
            lines.append(self.line())
        return lines

    def until_it_is(self, path: str, verdict: str, owner: int | None) -> list[dict[str, Any]]:
        """All lines about it until it is that."""
        lines: list[dict[str, Any]] = []
        while True:
            line = self.line()
            seen = line.get("observation")
            if seen is None or seen["path"] != path:
                continue
            lines.append(line)
            pid = seen["owner"] and seen["owner"]["pid"]
            if (seen["verdict"], pid) == (verdict, owner):
                return lines


def test_watch_tells_the_start_then_ready_then_changes(things: Things) -> None:
    things.dead("b")
    things.dead("a")
    with started("watch", things.folder) as process:
        watch = Watch(process)
        start = watch.until("ready")
        assert [line["change"] for line in start] == ["added", "added", "ready"]
        assert [os.path.basename(line["observation"]["path"]) for line in start[:2]] == ["a", "b"]
        path = things.path("new")
        with server_process(path) as server:
            # On a busy machine it is seen in the middle of its beginning too, and a line more says so.
            told = watch.until_it_is(path, "live", server.pid)
            server.kill()
            told += watch.until_it_is(path, "stale", None)
            assert [line["change"] for line in told] == ["added", *["changed"] * (len(told) - 1)]
        os.unlink(path)
        assert watch.until("gone")[-1]["observation"]["path"] == path
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)
        assert (process.returncode, err) == (0, b"")


def test_watch_of_an_empty_folder_is_ready(things: Things) -> None:
    with started("watch", things.folder) as process:
        assert Watch(process).line() == {"change": "ready"}
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 0


def test_watch_shows_a_missing_root_as_health(things: Things) -> None:
    missing = things.path("missing")
    with started("watch", missing) as process:
        watch = Watch(process)
        watch.until("ready")
        health = watch.until("health")[-1]
        assert missing in json.dumps(health)
        assert any(item["state"] != "ok" for item in health["health"]) or health["problems"]


def test_watch_ends_by_itself_when_nobody_reads(things: Things) -> None:
    """Even when nothing happens that it could fail to write."""
    with started("watch", things.folder) as process:
        Watch(process).until("ready")
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(timeout=60) == 0
        process.stdout = None


def test_watch_wakes_nobody(things: Things) -> None:
    things.live("live")
    server: socket.socket = things.kept[-1]
    server.setblocking(False)
    with started("watch", things.folder) as process:
        Watch(process).until("ready")
        with pytest.raises(BlockingIOError):
            server.accept()
