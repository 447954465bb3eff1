"""A small world of real sockets for the window: live, dead, hostile names; a server that can come back."""

from __future__ import annotations

import os
import socket
from types import TracebackType
from typing import Self

HOSTILE = (
    b"a<b>bold</b>&amp;.sock",
    b"line\nbreak.sock",
    "rlo-\u202ekcos.sock".encode(),
    b"bad-\xff\xfe.sock",
    b"ampersand & space.sock",
)


class Sandbox:
    """Sockets below one directory, all of them ours; closed and removed at the end."""

    def __init__(self, folder: bytes) -> None:
        self.folder = folder
        self._open: dict[bytes, socket.socket] = {}

    def path(self, name: bytes) -> bytes:
        return os.path.join(self.folder, name)

    def bind(
        self, name: bytes, kind: socket.SocketKind = socket.SOCK_STREAM, *, listen: bool = True
    ) -> bytes:
        """A live socket; replaces what has the name in one step, so that nobody sees the name gone."""
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        beside = path + b".new" if os.path.lexists(path) else path
        server = socket.socket(socket.AF_UNIX, kind)
        # Through the directory: a path may be longer than an address, and not be text.
        directory = os.open(os.path.dirname(path), os.O_RDONLY | os.O_DIRECTORY)
        try:
            server.bind(f"/proc/self/fd/{directory}/".encode() + os.path.basename(beside))
        finally:
            os.close(directory)
        if listen and kind is not socket.SOCK_DGRAM:
            server.listen(128)
        if beside != path:
            os.rename(beside, path)
        self._open.pop(name, server).close() if name in self._open else None
        self._open[name] = server
        return path

    def die(self, name: bytes) -> bytes:
        """The server goes, its node stays."""
        self._open.pop(name).close()
        return self.path(name)

    def dead(self, name: bytes, kind: socket.SocketKind = socket.SOCK_STREAM) -> bytes:
        """A left-over."""
        self.bind(name, kind)
        return self.die(name)

    def close(self) -> None:
        for server in self._open.values():
            server.close()
        self._open.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
