"""Children that do what the test process itself must not: change user, namespaces, mounts.

They are forked, not started afresh, so they need no readable interpreter and see the objects of
the test.  They end when the test lets go of them, also when it fails.
"""

from __future__ import annotations

import ctypes
import errno
import os
import pickle
import select
import signal
import socket
import struct
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

DEADLINE_S = 30.0

CLONE_NEWNS = 0x00020000
CLONE_NEWCGROUP = 0x02000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000
MS_BIND = 0x1000
MS_REC_PRIVATE = 0x44000
NOBODY = 65534

_libc = ctypes.CDLL(None, use_errno=True)


def _keeps_mounts_private() -> bool:
    """In a bare chroot the root directory is no mount, and nothing mounted there can be kept from the others."""
    with open("/proc/self/mountinfo") as table:
        return any(line.split()[4] == "/" for line in table)


needs_root = pytest.mark.skipif(
    os.geteuid() != 0 or not _keeps_mounts_private(),
    reason="needs root (mounts and changes of user) on a root directory that is a mount (no bare chroot)",
)


def unshare(flags: int) -> None:
    """Enter new namespaces; raises OSError."""
    if _libc.unshare(flags) != 0:
        raise OSError(ctypes.get_errno(), "unshare")


def mount(source: bytes, target: bytes, fstype: bytes | None, flags: int = 0, data: bytes = b"") -> None:
    """mount(2); raises OSError."""
    if _libc.mount(source, target, fstype, ctypes.c_ulong(flags), data) != 0:
        raise OSError(ctypes.get_errno(), f"mount {target!r}")


def own_mounts() -> None:
    """A mount namespace of our own: nothing mounted from here on is seen by, or left to, anybody else."""
    unshare(CLONE_NEWNS)
    mount(b"none", b"/", None, MS_REC_PRIVATE)


def become_nobody() -> None:
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)


class Child:
    """A forked process: its setup has run, and it holds whatever that returned until it is let go."""

    def __init__(self, pid: int, answer: Any, leash: int) -> None:
        self.pid = pid
        self.answer = answer
        self._leash = leash

    def let_go(self) -> None:
        if self._leash >= 0:
            os.close(self._leash)
            self._leash = -1
            os.waitpid(self.pid, 0)

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        self.let_go()


def _serve(setup: Callable[[], Any], answer: int, leash: int) -> None:
    try:
        kept: Any = setup()
        # What the child keeps (sockets) stays with it; a plain value is the answer.
        said = ("ok", None if isinstance(kept, (socket.socket, list)) else kept)
    except OSError as error:
        kept, said = None, ("errno", (error.errno, str(error)))
    except BaseException:  # noqa: BLE001 - carried to the test, which fails with it
        kept, said = None, ("broken", traceback.format_exc())
    with os.fdopen(answer, "wb") as out:
        pickle.dump(said, out)
    os.read(leash, 1)
    del kept


@contextmanager
def child(setup: Callable[[], Any]) -> Iterator[Child]:
    """Run ``setup`` in a forked process and keep that alive inside the block.

    Skips the test when the kernel does not allow what ``setup`` does (EPERM, EACCES, ENOSYS, EINVAL
    of a namespace call); any other failure fails it.
    """
    answer_in, answer_out = os.pipe()
    leash_in, leash_out = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(answer_in)
            os.close(leash_out)
            _serve(setup, answer_out, leash_in)
        finally:
            os._exit(0)
    os.close(answer_out)
    os.close(leash_in)
    held = Child(pid, None, leash_out)
    try:
        with os.fdopen(answer_in, "rb") as source:
            if not select.select([source], [], [], DEADLINE_S)[0]:
                os.kill(pid, signal.SIGKILL)
                pytest.fail("the child did not get ready in time")
            word, held.answer = pickle.load(source)
        if word == "errno":
            code, text = held.answer
            if code in (errno.EPERM, errno.EACCES, errno.ENOSYS, errno.EINVAL, errno.ENODEV):
                pytest.skip(f"this machine does not allow it: {text}")
            pytest.fail(text)
        if word == "broken":
            pytest.fail(held.answer)
        yield held
    finally:
        held.let_go()


def in_child(work: Callable[[], Any]) -> Any:
    """What ``work`` returns when a forked process runs it."""
    with child(work) as done:
        return done.answer


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for something that another process does; fails at the deadline."""
    end = time.monotonic() + DEADLINE_S
    while not condition():
        if time.monotonic() > end:
            pytest.fail(f"in vain: {what}")
        select.select([], [], [], 0.002)


def refuse_connect() -> None:
    """A seccomp filter on this process: connect() fails with EPERM, as in some sandboxes."""
    number = {"x86_64": 42, "aarch64": 203, "riscv64": 203}.get(os.uname().machine)
    if number is None:
        raise OSError(errno.ENOSYS, "the number of connect() is not known for this machine")
    program = b"".join(
        struct.pack("HBBI", *instruction)
        for instruction in (
            (0x20, 0, 0, 0),  # load the system call's number
            (0x15, 0, 1, number),  # connect?
            (0x06, 0, 0, 0x00050000 | errno.EPERM),  # refuse
            (0x06, 0, 0, 0x7FFF0000),  # allow
        )
    )
    text = ctypes.create_string_buffer(program, len(program))
    header = ctypes.create_string_buffer(struct.pack("HxxxxxxP", 4, ctypes.addressof(text)))
    if _libc.prctl(38, 1, 0, 0, 0) != 0 or _libc.prctl(22, 2, header, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "seccomp")
