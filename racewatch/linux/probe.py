"""The silent question "is a socket bound to this inode?": a datagram connect to a pinned node.

``connect()`` of a ``SOCK_DGRAM`` socket makes the kernel look up the socket bound to the *inode*
(in any network namespace, under any of its names) and compare types before anything else happens:
no connection is queued, nobody is woken, no service is started.  Own code: neither psutil nor
pyroute2 has anything like it.

Contract of :meth:`DatagramProbe.ask`, which the caller has to keep:

* the handle is a pinned *socket node* (``S_ISSOCK`` seen on that very handle): a regular file
  answers ``ECONNREFUSED`` too;
* ``ABSENT`` speaks about *this* inode and *this* kernel.  On a network, FUSE or VM-shared file system,
  or below a layer of an overlay, the listener may live behind another inode or another kernel
  (:mod:`racewatch.linux.mounts` tells those apart).
"""

from __future__ import annotations

import ctypes
import enum
import errno
import os
import secrets
import socket
import struct
from typing import Final, NamedTuple

from racewatch.linux import fs


class Presence(enum.Enum):
    """Three answers: "could not see" is never "nothing there"."""

    BOUND = "bound"
    ABSENT = "absent"
    UNKNOWN = "unknown"


class Answer(NamedTuple):
    """What the kernel said; ``errno`` is 0 for a successful connect."""

    presence: Presence
    errno: int

    @property
    def errno_name(self) -> str:
        """The symbolic name, ``"OK"`` for success."""
        return "OK" if self.errno == 0 else errno.errorcode.get(self.errno, f"errno {self.errno}")


# Every errno that proves something.  Whatever is not in here proves nothing: in particular
# EACCES (no write permission, or SELinux/AppArmor/Smack), ENOENT and EBADF (/proc not mounted, handle
# closed), EMFILE/ENFILE/ENOBUFS/ENOMEM, EINTR/EAGAIN/EINPROGRESS/ETIMEDOUT, ELOOP, EIO/ESTALE.
_PROVES: Final[dict[int, Presence]] = {
    # A datagram socket that takes datagrams from anybody.
    0: Presence.BOUND,
    # A socket of another type, stream or seqpacket, in whatever state it is.
    errno.EPROTOTYPE: Presence.BOUND,
    # A datagram socket connected to somebody else; see _explain_eperm for the impostors.
    errno.EPERM: Presence.BOUND,
    # Nobody is bound to the inode, and nobody ever will be: bind() makes a new one.
    errno.ECONNREFUSED: Presence.ABSENT,
}

#: The usual answers, which are values: made once, not for each row of each scan.
_ANSWERS: Final = {code: Answer(presence, code) for code, presence in _PROVES.items()}

# struct sockaddr of AF_UNSPEC: connect() with it takes a datagram socket's peer away again.
_UNSPEC: Final = struct.pack("=H14x", socket.AF_UNSPEC)

_libc = ctypes.CDLL(None, use_errno=True)
_connect = _libc.connect
_connect.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_uint)
_connect.restype = ctypes.c_int


class DatagramProbe:
    """A reusable asker.  One thread at a time; never raises, never blocks.

    A refused probe socket stays as it was and is used again.  After a *success* it is a peer of the
    live socket, and Linux (since 5.15) marks the live one as "connected" too, visible as state 03
    in ``/proc/net/unix``: the peering is dissolved at once, which puts that mark back, and a fresh
    probe socket is used for the next question.  (The one trace left: a datagram server that a client is
    connected *to* shows state 01 afterwards instead of 03.  The kernel itself leaves the mark stale in
    the same manner, and only BPF sock maps read it.  Who asks sock_diag first never comes here for such
    a server.)
    """

    __slots__ = ("_handles", "_pid", "_socket")

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        #: Where a handle's number leads to its inode; None as long as that was not seen.
        self._handles: bytes | None = None
        self._pid = 0

    def ask(self, fd: int) -> Answer:
        """Whether a socket is bound to the pinned socket node ``fd``."""
        probe = self._socket
        if probe is None or self._handles is None or self._pid != os.getpid():
            try:
                probe = self._ready()
            except OSError as error:
                return Answer(Presence.UNKNOWN, error.errno or errno.EIO)
            if self._handles is None:
                # /proc is not procfs, or not this process's: the magic link may mean anything.
                return Answer(Presence.UNKNOWN, errno.ENOENT)
        try:
            # connect_ex: an exception for each dead socket would cost more than the question.
            code = probe.connect_ex(self._handles % fd)
        except OSError as error:
            return Answer(Presence.UNKNOWN, error.errno or errno.EIO)
        if code == 0:
            self._dissolve(probe)
        elif code == errno.EPERM:
            return Answer(self._explain_eperm(probe, fd), code)
        return _ANSWERS.get(code) or Answer(Presence.UNKNOWN, code)

    def close(self) -> None:
        """Give the probe socket back; a later question makes a new one."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _ready(self) -> socket.socket:
        if self._socket is None:
            kind = socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
            self._socket = socket.socket(socket.AF_UNIX, kind)
        if self._handles is None or self._pid != os.getpid():
            self._pid = os.getpid()
            # By its number first: to follow the link "self" takes a quarter of the whole question.
            places = (b"/proc/%d/fd/%%d" % self._pid, b"/proc/self/fd/%d")
            self._handles = next((one for one in places if _leads_to(one, self._socket.fileno())), None)
        return self._socket

    def _dissolve(self, probe: socket.socket) -> None:
        _connect(probe.fileno(), _UNSPEC, 2)
        self.close()

    def _explain_eperm(self, probe: socket.socket, fd: int) -> Presence:
        """EPERM means "connected elsewhere" only if neither impostor can have said it.

        The impostors: an immutable inode (path permission comes first, and refuses with EPERM), and
        a seccomp filter that refuses connect() altogether.  The latter is told by a question whose
        true answer is known: an abstract name that nobody has must be refused with ECONNREFUSED.
        (LSMs do not count: SELinux, AppArmor, Smack and Landlock answer EACCES for path sockets.)
        """
        if fs.is_immutable(fd) is True:
            return Presence.UNKNOWN
        nobody = b"\0racewatch-control-" + secrets.token_hex(16).encode()
        if probe.connect_ex(nobody) != errno.ECONNREFUSED:
            return Presence.UNKNOWN
        return Presence.BOUND


def _leads_to(handles: bytes, fd: int) -> bool:
    """Whether magic links there mean our own handles: it is procfs, and the number is ours there.

    ``fd`` is a socket that this process alone has.
    """
    try:
        through = os.stat(handles % fd)
        direct = os.fstat(fd)
    except OSError:
        return False
    return (through.st_dev, through.st_ino) == (direct.st_dev, direct.st_ino)
