"""The system calls of a scan in a bare Python loop: what no program in pure Python goes below.

Only what the guards ask of each thing, and nothing made of the answers: no format, no verdict, no observation,
no mounts, no holders.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator
from typing import Final

from racewatch.linux import fs

_READER: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


def _pinned(root: bytes) -> Iterator[int]:
    """Each thing in the folders below a root, pinned."""
    with os.scandir(root) as folders:
        for folder in folders:
            directory = os.open(folder.path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
            with os.scandir(directory) as entries:
                for entry in entries:
                    fd = os.open(entry.name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
                    yield fd
                    os.close(fd)
            os.close(directory)


def _fresh_probe() -> socket.socket:
    return socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)


def _sockets(root: bytes) -> None:
    """Pin, statx, datagram connect."""
    probe = _fresh_probe()
    handles = b"/proc/%d/fd/%%d" % os.getpid()
    for fd in _pinned(root):
        fs.stat_fd(fd)
        if probe.connect_ex(handles % fd) == 0:
            probe.close()
            probe = _fresh_probe()
    probe.close()


def _locks(root: bytes) -> None:
    """Pin, statx, read, who has the pid; of whose owner is gone, stat and read again: was it written meanwhile?"""
    handles = fs.OwnHandles()
    for fd in _pinned(root):
        fs.stat_fd(fd)
        reader = handles.reopen(fd, _READER)
        pid = int(os.pread(reader, 4096, 0).partition(b"\n")[0])
        try:
            owner = os.pidfd_open(pid)
        except (ProcessLookupError, FileNotFoundError):  # nobody, or (Linux 6.16 and later) a mere thread
            os.fstat(fd)
            os.pread(reader, 4096, 0)
        else:
            stat = os.open(b"/proc/%d/stat" % pid, os.O_RDONLY | os.O_CLOEXEC)
            os.read(stat, 4096)
            os.close(stat)
            os.close(owner)
        os.close(reader)
    handles.close()


_LOOPS: Final[dict[str, Callable[[bytes], None]]] = {"socket": _sockets, "lock": _locks}


def seconds(kind: str, root: bytes) -> float:
    """How long one round of it takes."""
    began = time.perf_counter()
    _LOOPS[kind](root)
    return time.perf_counter() - began
