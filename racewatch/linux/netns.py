"""Names of Unix sockets in *other* network namespaces: ``/proc/PID/net/unix``.

Own code: psutil reads our own table only, and neither it nor sock_diag can ask about another
namespace without entering it, which needs privilege.  This table is readable for every user.

It is a hint for whoever must not call a node dead too early, never proof: it gives the text of
``bind()`` (relative, outdated by renames, in whatever mount namespace), not the node.  A connect
by node (:mod:`racewatch.linux.probe`) works across network namespaces and is the better witness.

What is *not* seen: network namespaces in which no process lives (bind-mounted ones of ``ip netns``,
open handles), those of single threads, and with ``hidepid`` those of other users' processes.
"""

from __future__ import annotations

import errno
import os
import re
from dataclasses import dataclass
from typing import Final

from racewatch.linux import mountinfo
from racewatch.linux.sockdiag import SocketType


class BadSocketTable(OSError):
    """A socket table does not have the form that this module knows (``EBADMSG``)."""

    def __init__(self, line: bytes) -> None:
        super().__init__(errno.EBADMSG, f"unexpected line in net/unix: {line[:200]!r}")


@dataclass(frozen=True, slots=True)
class ForeignSocket:
    """One named socket elsewhere.  ``pid`` lives in its network namespace; it need not own the socket.

    ``name`` is as the kernel prints it: an abstract name begins with ``@`` (and so may a relative
    path). ``inode`` is the socket's own number, as in ``/proc/PID/fd`` links.
    """

    name: bytes
    listening: bool
    type: SocketType
    pid: int
    inode: int

    @property
    def file_name(self) -> bytes:
        """The last component of the name."""
        return self.name.rsplit(b"/", 1)[-1]

    @property
    def looks_abstract(self) -> bool:
        """True when the name begins with ``@``."""
        return self.name.startswith(b"@")


@dataclass(frozen=True, slots=True)
class NetworkNamespaces:
    """One process for each visible network namespace but ours.

    ``blind`` counts processes that were not looked into, and is at least 1 when ``/proc`` hides any.
    """

    pids: tuple[int, ...]
    blind: int


def network_namespaces() -> NetworkNamespaces:
    """Told apart by the inode number that procfs gives each namespace's table.

    Unlike ``/proc/PID/ns/net`` that is there for every user to see.  4 µs a process.
    """
    known = {os.stat(b"/proc/self/net/unix").st_ino}
    pids = []
    blind = int(mountinfo.hides_processes(mountinfo.read_mounts()))
    for entry in os.listdir(b"/proc"):
        if not entry.isdigit():
            continue
        try:
            identity = os.stat(b"/proc/" + entry + b"/net/unix").st_ino
        except (FileNotFoundError, ProcessLookupError):
            continue  # exited since
        except OSError as error:
            blind += error.errno != errno.EINVAL  # EINVAL: a zombie, in no namespace any more
            continue
        if identity not in known:
            known.add(identity)
            pids.append(int(entry))
    return NetworkNamespaces(tuple(pids), blind)


def foreign_names(namespaces: NetworkNamespaces) -> tuple[ForeignSocket, ...]:
    """Every named Unix socket of these network namespaces.

    Raises OSError when a table may not be read, and BadSocketTable; a namespace that ends meanwhile
    is left out, its sockets ended with it.
    """
    found: list[ForeignSocket] = []
    for pid in namespaces.pids:
        try:
            with open(b"/proc/%d/net/unix" % pid, "rb") as table:
                data = table.read()
        except (FileNotFoundError, ProcessLookupError):
            continue
        found += parse_socket_table(data, pid)
    return tuple(found)


_LISTENING: Final = 0x10000  # __SO_ACCEPTCON
_TYPES: Final = {kind.value: kind for kind in SocketType}
# Num: RefCount Protocol Flags Type St Inode [Path]
_ROW: Final = re.compile(
    rb"[0-9a-f]{8,16}: [0-9A-F]{8} [0-9A-F]{8} ([0-9A-F]{8}) ([0-9A-F]{4}) "
    rb"[0-9A-F]{2} +(\d{1,20})(?: (.*))?",
    re.DOTALL,
)


def parse_socket_table(data: bytes, pid: int) -> tuple[ForeignSocket, ...]:
    """The named sockets of one table.  Raises BadSocketTable for anything else than a table.

    A name may contain line feeds, which the kernel prints as they are: what does not look like a row
    continues the name before it.  A name made to look like further rows adds rows; it cannot hide any.
    """
    header, _, body = data.partition(b"\n")
    if not header.startswith(b"Num ") or (body and not body.endswith(b"\n")):
        raise BadSocketTable(header)
    rows: list[tuple[int, int, int, bytes]] = []
    for line in body[:-1].split(b"\n") if body else ():
        match = _ROW.fullmatch(line)
        if match is not None:
            flags, kind, inode, name = match.groups()
            rows.append((int(flags, 16), int(kind, 16), int(inode), name or b""))
        elif rows and rows[-1][3]:
            rows[-1] = (*rows[-1][:3], rows[-1][3] + b"\n" + line)
        else:
            raise BadSocketTable(line)
    found = []
    for flag_bits, number, inode_number, text in rows:
        if text and number in _TYPES:
            listening = bool(flag_bits & _LISTENING)
            found.append(ForeignSocket(text, listening, _TYPES[number], pid, inode_number))
    return tuple(found)
