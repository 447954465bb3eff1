"""Captured answers of real engines, and engines that misbehave (for what no real one does on demand)."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from racewatch.kinds.containers.engine import Engine, EngineName
from racewatch.kinds.containers.engine_answers import Inspected, inspected

FIXTURES = Path(__file__).parents[1] / "fixtures" / "containers"
ENGINES: tuple[EngineName, ...] = ("podman", "docker")
ID = "ab" * 32
OTHER = "cd" * 32

#: The patience of tests whose engine does not answer.
SHORT = 0.3

PODMAN = Engine("podman", b"/run/podman/podman.sock")
DOCKER = Engine("docker", b"/run/docker.sock")


def at(path: Path) -> Engine:
    return Engine("docker", os.fsencode(path))


def captured(engine: str, name: str) -> Any:
    return json.loads((FIXTURES / engine / f"{name}.json").read_text())


def inspections() -> list[tuple[EngineName, str]]:
    """(engine, name) of every captured inspection."""
    return [
        (engine, path.name.removesuffix(".inspect.json"))
        for engine in ENGINES
        for path in sorted((FIXTURES / engine).glob("*.inspect.json"))
    ]


def one(engine: str, name: str) -> Inspected:
    answer = captured(engine, f"{name}.inspect")[0]
    return inspected(answer, answer["Id"])


def http(
    body: object = None, *, status: str = "200 OK", headers: str = "", length: int | None = None
) -> bytes:
    """An answer; ``length`` is a lie about its length."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    announced = len(data) if length is None else length
    return f"HTTP/1.1 {status}\r\nContent-Length: {announced}\r\n{headers}\r\n".encode() + data


PONG = http(b"OK", headers="Api-Version: 1.41\r\nServer: Docker/20.10 (linux)\r\n")

Answer = Callable[[str], "bytes | Iterator[bytes] | None"]


@contextmanager
def misbehaving(path: Path, answer: Answer) -> Iterator[list[str]]:
    """An engine whose answers to all but ``/_ping`` are ``answer(request line)``; yields the request lines
    (and credentials, if any are sent).

    None: it never answers.  After bytes that do not keep a promised length the connection is closed.
    """
    asked: list[str] = []
    over = threading.Event()
    threads: list[threading.Thread] = []
    open_now: list[socket.socket] = []
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    listener.listen()

    def serve(connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as reader:
            try:
                while (line := reader.readline().decode().strip()) != "":
                    asked.append(line)
                    while header := reader.readline().decode().strip():
                        if header.lower().startswith("authorization"):
                            asked.append(header)
                    said = PONG if "/_ping" in line else answer(line)
                    if said is None:
                        over.wait()
                        return
                    for piece in (said,) if isinstance(said, bytes) else said:
                        connection.sendall(piece)
                        if over.is_set():
                            return
                    if "/_ping" not in line:
                        return
            except OSError:
                return  # who asked hung up

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            open_now.append(connection)
            threads.append(threading.Thread(target=serve, args=(connection,)))
            threads[-1].start()

    acceptor = threading.Thread(target=accept)
    acceptor.start()
    try:
        yield asked
    finally:
        over.set()
        listener.shutdown(socket.SHUT_RDWR)
        acceptor.join()
        listener.close()
        for connection in open_now:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # closed already
        for thread in threads:
            thread.join()
