"""The numbers that processes have in other PID namespaces: ``NSpid`` of ``/proc/PID/status``.

Own code: psutil knows the outer number only.  Not seen: processes outside our own PID namespace, and
under ``hidepid`` those of other users.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from racewatch.linux import mountinfo

#: From linux/nsfs.h: a handle of the namespace above.
_NS_GET_PARENT: Final = 0xB702


@dataclass(frozen=True, slots=True)
class InnerNumbers:
    """Inner number → the processes (by our own numbers) that have it in some namespace below ours.

    ``inside`` are all processes of such namespaces; whoever is not among them is in ours.
    """

    by_inner: Mapping[int, tuple[int, ...]]
    inside: tuple[int, ...]
    blind: int


def parse_nspid(status: bytes) -> tuple[int, ...]:
    """The numbers of one process, ours first, innermost last; empty when the kernel does not say."""
    # Asked of every process for each look; the name, which is the program's to choose, has its newlines escaped.
    start = status.find(b"\nNSpid:")
    if start < 0:
        return ()
    return tuple(
        int(part) for part in status[start + 7 : status.find(b"\n", start + 1)].split() if part.isdigit()
    )


def thread_group(status: bytes) -> int | None:
    """The process that a thread belongs to (``Tgid``)."""
    for line in status.split(b"\n"):
        if line.startswith(b"Tgid:"):
            text = line.split()[-1]
            return int(text) if text.isdigit() else None
    return None


def process_of_thread(number: int) -> int | None:
    """The process that has a *thread* of this number; None when there is none (or it is a process itself)."""
    try:
        leader = thread_group(_read(number))
    except OSError:
        return None
    return leader if leader is not None and leader != number else None


def inner_numbers() -> InnerNumbers:
    """Look through every process: one link each, or one short file for those that are not seen to be in ours."""
    found: dict[int, list[int]] = {}
    inside = []
    blind = int(mountinfo.hides_processes(mountinfo.read_mounts()))
    ours = _namespace(b"self")
    for entry in os.listdir(b"/proc"):
        if not entry.isdigit():
            continue
        # Of other users' processes only root may read it, of some that are ending nobody.
        if ours is not None and _namespace(entry) == ours:
            continue
        try:
            numbers = parse_nspid(_read(int(entry)))
        except (FileNotFoundError, ProcessLookupError):
            continue
        except OSError:
            blind += 1
            continue
        if len(numbers) > 1:
            inside.append(int(entry))
        for number in numbers[1:]:
            found.setdefault(number, []).append(int(entry))
    return InnerNumbers({number: tuple(pids) for number, pids in found.items()}, tuple(inside), blind)


def _namespace(process: bytes) -> bytes | None:
    """Which PID namespace a process is in; None when that is not told."""
    try:
        return os.readlink(b"/proc/" + process + b"/ns/pid")
    except OSError:
        return None


@dataclass(frozen=True, slots=True)
class Population:
    """Who lives in which PID namespace below ours.

    ``families``: the number of a process that is the first of its namespace → all that live in that one and in
    those below it, and die with it.  ``blind`` counts processes whose namespace could not be told.
    """

    families: Mapping[int, frozenset[int]]
    blind: int


def population() -> Population:
    """Look through every process: one short file each, and a handle for each that is not in our namespace."""
    first: dict[int, int] = {}
    living: dict[int, set[int]] = {}
    blind = int(mountinfo.hides_processes(mountinfo.read_mounts()))
    for entry in os.listdir(b"/proc"):
        if not entry.isdigit():
            continue
        pid = int(entry)
        try:
            numbers = parse_nspid(_read(pid))
            chain = _namespaces(pid, len(numbers) - 1)
        except (FileNotFoundError, ProcessLookupError):
            continue  # ended since
        except OSError:
            blind += 1
            continue
        for namespace in chain:
            living.setdefault(namespace, set()).add(pid)
        if chain and numbers[-1] == 1:
            first[pid] = chain[0]
    return Population({pid: frozenset(living[namespace]) for pid, namespace in first.items()}, blind)


def _namespaces(pid: int, depth: int) -> list[int]:
    """The numbers of its PID namespace and of those above it, without ours; innermost first.  Raises OSError."""
    if depth < 1:
        return []
    fd = os.open(b"/proc/%d/ns/pid" % pid, os.O_RDONLY | os.O_CLOEXEC)
    try:
        found = [os.fstat(fd).st_ino]
        while len(found) < depth:
            above = fcntl.ioctl(fd, _NS_GET_PARENT)
            os.close(fd)
            fd = above
            found.append(os.fstat(fd).st_ino)
    finally:
        os.close(fd)
    return found


def _read(pid: int) -> bytes:
    fd = os.open(b"/proc/%d/status" % pid, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(fd, 65536)
    finally:
        os.close(fd)
