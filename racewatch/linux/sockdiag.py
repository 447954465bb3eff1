"""Named Unix sockets of this network namespace, with the node they are bound to: ``NETLINK_SOCK_DIAG``.

Why own code: psutil reads ``/proc/net/unix``, which has no device and inode of the node; pyroute2
0.9.7 can ask (``DiagSocket.get_sock_stats``) but builds a tree of dictionaries: for 10,000 bound
sockets it took 530 to 890 ms, this module 24 ms (9 of them in the kernel), and a whole scan of 10,000
may take about 100.

What a listing does **not** say:

* Sockets of other network namespaces are not in it (:mod:`racewatch.linux.netns` names those).
* Absence proves nothing: the kernel walks its hash table in pieces, by position, and a socket created
  or closed meanwhile can shift another out of sight.
* A row with our (device, inode) is not always the socket *bound* to the node: connections accepted
  by a listener carry the listener's name and node, and keep them after the listener is closed.  See
  :attr:`UnixSocket.owns_node`.
* ``ino`` has 32 bits in this interface; on file systems with larger numbers two nodes can look the same
  here.
* ``dev`` is the superblock's number.  On btrfs subvolumes (and overlay, with some options) that is
  *not* ``st_dev``; compare with the ``major:minor`` that mountinfo gives for the node's mount id.
"""

from __future__ import annotations

import enum
import errno
import itertools
import os
import socket
import struct
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

_NETLINK_SOCK_DIAG: Final = 4
_SOCK_DIAG_BY_FAMILY: Final = 20
_NLMSG_ERROR: Final = 2
_NLMSG_DONE: Final = 3
_NLM_F_REQUEST: Final = 0x001
_NLM_F_DUMP: Final = 0x300

_SHOW_NAME: Final = 0x01
_SHOW_VFS: Final = 0x02
_SHOW_PEER: Final = 0x04
_SHOW_RQLEN: Final = 0x10
_SHOW_UID: Final = 0x40
_SHOW: Final = _SHOW_NAME | _SHOW_VFS | _SHOW_PEER | _SHOW_RQLEN | _SHOW_UID

_WHICH: Final = _SHOW_NAME | _SHOW_VFS

_ATTR_NAME: Final = 0
_ATTR_VFS: Final = 1
_ATTR_PEER: Final = 2
_ATTR_RQLEN: Final = 4
_ATTR_SHUTDOWN: Final = 6
_ATTR_UID: Final = 7

_SHORTEST: Final = {_ATTR_VFS: 12, _ATTR_PEER: 8, _ATTR_RQLEN: 12, _ATTR_SHUTDOWN: 5, _ATTR_UID: 8}

_HEADER: Final = struct.Struct("=IHHII")  # struct nlmsghdr: length, type, flags, sequence, port
_LAST: Final = struct.Struct("=IHHIIi")  # the end of a listing: a header and its result
# struct unix_diag_req: family, protocol, states, ino, show, cookie
_REQUEST: Final = struct.Struct("=BBxxIIIII")
_MESSAGE: Final = struct.Struct("=BBBxIII")  # struct unix_diag_msg: family, type, state, ino, cookie
_ATTRIBUTE: Final = struct.Struct("=HH")  # struct rtattr: length, type
_PAIR: Final = struct.Struct("=II")
_WORD: Final = struct.Struct("=I")
_ERROR: Final = struct.Struct("=i")

_ANY_COOKIE: Final = 0xFFFFFFFF
_EVERY_STATE: Final = 0xFFFFFFFF
# The kernel fills at most 32 KiB a datagram, and only when the reader offers as much.
_READ: Final = 65536
# Nothing here waits for anybody; a kernel that does not answer at all must not hang a scan.
_PATIENCE_SECONDS: Final = 5.0

ESTABLISHED: Final = 1
CLOSE: Final = 7
LISTEN: Final = 10


#: More than so many pieces of text are not searched for in each message.
_MOST_NEEDLES: Final = 24


class BadMessage(OSError):
    """The kernel's answer does not have the form that this module knows (``EBADMSG``)."""

    def __init__(self, what: str) -> None:
        super().__init__(errno.EBADMSG, f"unexpected netlink answer: {what}")


class SocketType(enum.Enum):
    """The three types of Unix sockets."""

    STREAM = 1
    DGRAM = 2
    SEQPACKET = 5


_TYPES: Final = {kind.value: kind for kind in SocketType}


class UnixSocket(NamedTuple):
    """One socket that has a name.  A named tuple: ten thousand frozen dataclasses cost 30 ms to make.

    ``inode`` is the socket's own number (in ``/proc/PID/fd`` links), ``dev``/``ino`` the node's, as
    ``os.makedev`` and modulo 2**32; both are None for an abstract name, which begins with a NUL byte.
    ``name`` is the text given to ``bind``: it may be relative, or outdated by a rename.

    For a listener ``queue`` is the number of connections waiting to be accepted and ``backlog`` its
    limit (full when ``queue > backlog``); else bytes waiting to be read, and ``backlog`` is 0.
    ``shutdown`` is true when reading or writing was shut down.  ``uid`` is None before Linux 5.3.
    """

    inode: int
    kind: SocketType
    listening: bool
    state: int
    name: bytes
    dev: int | None
    ino: int | None
    peer: int | None
    queue: int
    backlog: int
    shutdown: bool
    uid: int | None

    @property
    def key(self) -> tuple[int, int] | None:
        """(superblock device, inode modulo 2**32) of the node, None if abstract; see :func:`node_key`."""
        return None if self.dev is None or self.ino is None else (self.dev, self.ino)

    @property
    def is_abstract(self) -> bool:
        """True for a name that no file system knows."""
        return self.name.startswith(b"\0")

    @property
    def owns_node(self) -> bool | None:
        """Whether this socket itself keeps its node alive.

        None for a connected stream or seqpacket socket: it is either a connection accepted by a
        listener (which does not, though it shows the listener's node) or a client that was bound
        before it connected (which does); the interface cannot tell those apart.
        """
        return None if self.state == ESTABLISHED and self.kind is not SocketType.DGRAM else True

    @property
    def is_full(self) -> bool:
        """True when the next client would have to wait: the owner does not accept."""
        return self.listening and self.queue > self.backlog


def node_key(superblock_dev: int, ino: int) -> tuple[int, int]:
    """What :attr:`UnixSocket.key` is for an inode on the superblock mountinfo calls ``superblock_dev``."""
    return superblock_dev, ino & 0xFFFFFFFF


class About(NamedTuple):
    """Which sockets are worth being told of: those whose name ends in one of these, or that are at such an inode.

    The kernel lists all the same; what is not wanted costs a fifth, because nothing is made of it.  Others
    may be among the answers.
    """

    names: tuple[bytes, ...]
    inodes: tuple[int, ...]

    @property
    def many(self) -> bool:
        """Whether it is cheaper to make something of every message than to search each for all of these."""
        return len(self.names) + len(self.inodes) > _MOST_NEEDLES

    def wanted(self, sockets: Iterable[UnixSocket]) -> list[UnixSocket]:
        """Those among them that it is about."""
        names = frozenset(self.names)
        inodes = frozenset(inode & 0xFFFFFFFF for inode in self.inodes)
        return [one for one in sockets if one.ino in inodes or one.name.rpartition(b"/")[2] in names]

    @property
    def needles(self) -> tuple[bytes, ...]:
        """What the kernel's message has in it when it is about such a socket."""
        # The kernel keeps the terminator of every path with it.
        return (
            *(name + b"\0" for name in self.names),
            *(_WORD.pack(inode & 0xFFFFFFFF) for inode in self.inodes),
        )


def bound_sockets(about: About | None = None) -> tuple[UnixSocket, ...]:
    """Every named Unix socket of this network namespace, or at least those that it is about.

    Raises OSError when the kernel cannot answer (no ``unix_diag`` module, seccomp, …).  Needs no
    privilege; other users' sockets are listed too.
    """
    if about is None or about.many:
        return tuple(_ask(inode=0, flags=_NLM_F_REQUEST | _NLM_F_DUMP, cookie=0, about=about))
    # Of thousands only what tells them apart, and of those it is about the rest: that is two fifths less to wait for.
    listed = _ask(inode=0, flags=_NLM_F_REQUEST | _NLM_F_DUMP, cookie=0, about=about, show=_WHICH)
    now = [socket_by_inode(one.inode) for one in listed]
    return tuple(one for one in now if one is not None)


def socket_by_inode(inode: int) -> UnixSocket | None:
    """The named socket with this own inode number, None when there is none now.

    The one targeted question the interface knows (it cannot be asked by node or by name): 0.3 ms
    among 10,000 sockets, because the kernel looks through all of them.  Raises as :func:`bound_sockets`
    does.
    """
    try:
        return next(iter(_ask(inode=inode, flags=_NLM_F_REQUEST, cookie=_ANY_COOKIE)), None)
    except FileNotFoundError:
        return None


_sequence = itertools.count(1)


def _ask(
    *, inode: int, flags: int, cookie: int, about: About | None = None, show: int = _SHOW
) -> list[UnixSocket]:
    needles = None if about is None or about.many else about.needles
    found: list[UnixSocket] = []
    sequence = next(_sequence) & 0x7FFFFFFF
    question = _REQUEST.pack(socket.AF_UNIX, 0, _EVERY_STATE, inode, show, cookie, cookie)
    header = _HEADER.pack(_HEADER.size + len(question), _SOCK_DIAG_BY_FAMILY, flags, sequence, 0)
    kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC
    with socket.socket(socket.AF_NETLINK, kind, _NETLINK_SOCK_DIAG) as link:
        link.settimeout(_PATIENCE_SECONDS)
        link.sendto(header + question, (0, 0))
        dump = flags & _NLM_F_DUMP
        while True:
            found_here, done = parse(link.recv(_READ), sequence, needles)
            found += about.wanted(found_here) if about is not None and about.many else found_here
            if done or not dump:
                return found


def parse(
    data: bytes, sequence: int, needles: tuple[bytes, ...] | None = None
) -> tuple[list[UnixSocket], bool]:
    """The named sockets of one datagram from the kernel, and whether it was the last of the answer.

    ``needles``: only messages with one of these in them are looked at (None: all).  Raises OSError with the
    kernel's errno when the answer is an error, BadMessage for anything that is not well formed (of what was looked at: what
    is about none of the needles may be passed over whole); nothing else.
    """
    found: list[UnixSocket] = []
    if needles is not None:
        needles = tuple(needle for needle in needles if needle in data)
        if not needles and _is_sockets_alone(data, sequence):
            return found, False
    for kind, start, end in _messages(data, sequence, needles):
        if kind == _NLMSG_DONE:
            if end - start >= _ERROR.size:
                _raise_unless_zero(_ERROR.unpack_from(data, start)[0])
            return found, True
        if kind == _NLMSG_ERROR:
            if end - start < _ERROR.size:
                raise BadMessage("short error")
            _raise_unless_zero(_ERROR.unpack_from(data, start)[0])
        elif kind == _SOCK_DIAG_BY_FAMILY:
            one = _socket(data, start, end)
            if one is not None:
                found.append(one)
    return found, False


def _is_sockets_alone(data: bytes, sequence: int) -> bool:
    """Whether a datagram of our answer has nothing but sockets in it, and is not the last: one look at each end.

    The kernel sends an error alone, and ends a listing with one message of fixed size at the very end of a datagram
    (attributes would follow only for who asked for them).  A socket whose name ends like that message is gone through
    for nothing.
    """
    if len(data) < _HEADER.size + _LAST.size:
        return False
    _length, first, _flags, number, _port = _HEADER.unpack_from(data)
    length, last, _flags, _number, _port, _code = _LAST.unpack_from(data, len(data) - _LAST.size)
    ends = length == _LAST.size and last == _NLMSG_DONE
    return bool(first == _SOCK_DIAG_BY_FAMILY and number == sequence and not ends)


def _has_one(data: bytes, start: int, end: int, needles: tuple[bytes, ...]) -> bool:
    return any(data.find(needle, start, end) >= 0 for needle in needles)


def _raise_unless_zero(code: int) -> None:
    if code:
        raise OSError(abs(code), os.strerror(abs(code)), "NETLINK_SOCK_DIAG")


def _messages(
    data: bytes, sequence: int, needles: tuple[bytes, ...] | None
) -> Iterator[tuple[int, int, int]]:
    """(type, start, end) of each netlink message's payload; other conversations are skipped.

    So are sockets without any of the ``needles``, here, where each of thousands costs least.
    """
    at, size = 0, len(data)
    while at < size:
        if size - at < _HEADER.size:
            raise BadMessage("short header")
        length, kind, _flags, number, _port = _HEADER.unpack_from(data, at)
        if length < _HEADER.size or length > size - at:
            raise BadMessage(f"message length {length}")
        start, end = at + _HEADER.size, at + length
        if number == sequence and (
            needles is None
            or kind != _SOCK_DIAG_BY_FAMILY
            or (needles and _has_one(data, start, end, needles))
        ):
            yield kind, start, end
        at += (length + 3) & ~3


# What the kernel sends after the name for an unconnected socket, the bulk of every listing, in one
# piece: VFS (ino, dev), RQLEN (queue, limit), SHUTDOWN, UID.  Read so, a listing takes two thirds of
# the time.
_USUAL: Final = struct.Struct("=HHIIHHIIHHB3xHHI")
_USUAL_FORM: Final = (12, _ATTR_VFS, 12, _ATTR_RQLEN, 5, _ATTR_SHUTDOWN, 8, _ATTR_UID)


def _socket(data: bytes, start: int, end: int) -> UnixSocket | None:
    """One socket; None when it has no name.  Raises BadMessage."""
    if end - start < _MESSAGE.size:
        raise BadMessage("short socket")
    _family, type_number, state, inode, _cookie0, _cookie1 = _MESSAGE.unpack_from(data, start)
    kind = _TYPES.get(type_number)
    if kind is None:
        raise BadMessage(f"socket type {type_number}")
    at = start + _MESSAGE.size
    if end - at >= 4:
        length, which = _ATTRIBUTE.unpack_from(data, at)
        rest = at + ((length + 3) & ~3)
        if which == _ATTR_NAME and length > 4 and end - rest == _USUAL.size:
            usual = _USUAL.unpack_from(data, rest)
            l1, t1, ino, dev, l2, t2, queue, limit, l3, t3, shut, l4, t4, uid = usual
            if (l1, t1, l2, t2, l3, t3, l4, t4) == _USUAL_FORM:
                name = data[at + 4 : at + length]
                return _made(inode, kind, state, name, ino, dev, None, queue, limit, shut != 0, uid)
    return _from_attributes(data, at, end, inode, kind, state)


def _from_attributes(
    data: bytes, at: int, end: int, inode: int, kind: SocketType, state: int
) -> UnixSocket | None:
    """One socket from attributes in any order and number; unknown ones are skipped.  Raises BadMessage."""
    name = b""
    dev = ino = peer = uid = None
    queue = limit = 0
    shutdown = False
    while end - at >= 4:
        length, which = _ATTRIBUTE.unpack_from(data, at)
        if length < _SHORTEST.get(which, 4) or length > end - at:
            raise BadMessage(f"attribute {which} of length {length}")
        if which == _ATTR_NAME:
            name = data[at + 4 : at + length]
        elif which == _ATTR_VFS:
            ino, dev = _PAIR.unpack_from(data, at + 4)
        elif which == _ATTR_PEER:
            (peer,) = _WORD.unpack_from(data, at + 4)
        elif which == _ATTR_RQLEN:
            queue, limit = _PAIR.unpack_from(data, at + 4)
        elif which == _ATTR_SHUTDOWN:
            shutdown = data[at + 4] != 0
        elif which == _ATTR_UID:
            (uid,) = _WORD.unpack_from(data, at + 4)
        at += (length + 3) & ~3
    return _made(inode, kind, state, name, ino, dev, peer, queue, limit, shutdown, uid) if name else None


def _made(
    inode: int,
    kind: SocketType,
    state: int,
    name: bytes,
    ino: int | None,
    kernel_dev: int | None,
    peer: int | None,
    queue: int,
    limit: int,
    shutdown: bool,
    uid: int | None,
) -> UnixSocket:
    if name[0]:
        # The terminator that bind() adds; an abstract name has none, and may end in NULs of its own.
        name = name.rstrip(b"\0")
    # The kernel's own encoding of a device number, not the one of user space.
    dev = None if kernel_dev is None else os.makedev(kernel_dev >> 20, kernel_dev & 0xFFFFF)
    listening = state == LISTEN
    backlog = limit if listening else 0
    return UnixSocket(inode, kind, listening, state, name, dev, ino, peer, queue, backlog, shutdown, uid)
