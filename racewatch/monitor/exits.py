"""Process exits: a pidfd for every owner, so that a death is known at once and without polling.

Own code, because psutil can only wait for one process by polling.  A pidfd is readable when the
whole process (all its threads) has exited; by then the kernel has closed its descriptors.

Owned by the worker thread; only :meth:`ExitWatch.fileno` is waited on elsewhere.
"""

from __future__ import annotations

import errno
import os
import resource
import select
from typing import Final

from racewatch.core.model import Observation, Owner, Target
from racewatch.core.text import one_line
from racewatch.monitor.batch import HealthState, SourceHealth

SOURCE: Final = "process exits"

#: One process: its id and its start time in clock ticks since boot.  Never the id alone.
Identity = tuple[int, int]

_NOT_FOLLOWED: Final = -1


class _Followed:
    """A process and the targets it owns; ``fd`` is -1 when it has exited or is not followed (yet)."""

    __slots__ = ("dead", "fd", "targets")

    def __init__(self) -> None:
        self.dead = False
        self.fd = _NOT_FOLLOWED
        self.targets: set[Target] = set()


def default_limit() -> int:
    """How many descriptors exits may use: half of what this process may open, at most 16,384."""
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 16384 if soft == resource.RLIM_INFINITY else max(0, min(16384, soft // 2))


class ExitWatch:
    """Follows the owners of all observed targets, as far as descriptors reach."""

    def __init__(self, limit: int | None = None) -> None:
        self._limit = default_limit() if limit is None else limit
        self._epoll = select.epoll()
        self._followed: dict[Identity, _Followed] = {}
        self._by_fd: dict[int, Identity] = {}
        self._owners: dict[Target, frozenset[Identity]] = {}
        self._waiting: dict[Identity, None] = {}
        self._exited: set[Target] = set()
        self._refusal: str | None = None

    def fileno(self) -> int:
        """Readable when a followed process has exited."""
        return self._epoll.fileno()

    def observe(self, target: Target, observation: Observation | None) -> None:
        """Follow exactly the owners that this observation names for this target."""
        now = _identities(observation)
        before = self._owners.get(target, frozenset())
        if now == before:
            return
        for identity in before - now:
            self._leave(identity, target)
        for identity in now - before:
            self._follow(identity, target)
        if now:
            self._owners[target] = now
        else:
            del self._owners[target]

    def exited(self) -> set[Target]:
        """The targets whose owner has exited since the last call.  Never waits."""
        if self._by_fd:
            for fd, _events in self._epoll.poll(0, maxevents=len(self._by_fd)):
                followed = self._followed[self._by_fd[fd]]
                self._release(followed)
                self._died(followed)
        targets, self._exited = self._exited, set()
        return targets

    def has_exited(self) -> bool:
        """True when :meth:`exited` has something to tell that no descriptor announces."""
        return bool(self._exited)

    def names_dead(self, observation: Observation) -> bool:
        """True when an observation still names an owner that is known to have exited."""
        return any(
            identity in self._followed and self._followed[identity].dead
            for identity in _identities(observation)
        )

    def retry(self) -> None:
        """Spend descriptors that became free on owners that had to wait."""
        for identity in list(self._waiting):
            if len(self._by_fd) >= self._limit:
                return
            del self._waiting[identity]
            self._open(identity, self._followed[identity])

    def health(self) -> SourceHealth:
        """How many owners are followed, and why not all."""
        if not self._waiting:
            count = len(self._by_fd)
            said = f"{count} owner is followed." if count == 1 else f"{count} owners are followed."
            return SourceHealth(SOURCE, HealthState.OK, said)
        if self._refusal is not None:
            why, cure = one_line(self._refusal), None
        else:
            why = f"{self._limit} descriptors are set aside for it"
            cure = "raise the limit of open files before starting racewatch (ulimit -n)"
        detail = (
            f"{len(self._waiting)} of {len(self._followed)} owners are not followed ({why}): "
            "their exits show at the next sweep"
        )
        return SourceHealth(SOURCE, HealthState.DEGRADED, detail, cure)

    def close(self) -> None:
        """Release every descriptor."""
        for fd in self._by_fd:
            os.close(fd)
        self._by_fd.clear()
        self._followed.clear()
        self._owners.clear()
        self._waiting.clear()
        self._epoll.close()

    def _follow(self, identity: Identity, target: Target) -> None:
        followed = self._followed.get(identity)
        if followed is not None:
            followed.targets.add(target)
            if followed.dead:
                self._exited.add(target)
            return
        followed = self._followed[identity] = _Followed()
        followed.targets.add(target)
        self._open(identity, followed)

    def _leave(self, identity: Identity, target: Target) -> None:
        followed = self._followed[identity]
        followed.targets.discard(target)
        if not followed.targets:
            self._release(followed)
            self._waiting.pop(identity, None)
            del self._followed[identity]

    def _open(self, identity: Identity, followed: _Followed) -> None:
        if len(self._by_fd) >= self._limit:
            self._waiting[identity] = None
            return
        pid, start_ticks = identity
        try:
            fd = os.pidfd_open(pid)
        except ProcessLookupError:
            self._died(followed)  # between the observation and now
            return
        except OSError as error:
            # EMFILE/ENFILE: nobody has descriptors left; EINVAL: not a process (a thread id);
            # ENOSYS, EPERM: this kernel or sandbox has no pidfds.  All are left to the sweeps.
            self._waiting[identity] = None
            self._refusal = None if error.errno in (errno.EMFILE, errno.ENFILE) else error.strerror
            return
        # Only now compare: the descriptor keeps the pid from meaning another process unnoticed.
        if _start_ticks(pid) != start_ticks:
            os.close(fd)
            self._died(followed)
            return
        try:
            self._epoll.register(fd, select.EPOLLIN)
        except OSError as error:  # ENOSPC: fs.epoll.max_user_watches
            os.close(fd)
            self._waiting[identity] = None
            self._refusal = error.strerror
            return
        followed.fd = fd
        self._by_fd[fd] = identity
        self._refusal = None

    def _died(self, followed: _Followed) -> None:
        followed.dead = True
        self._exited |= followed.targets

    def _release(self, followed: _Followed) -> None:
        if followed.fd != _NOT_FOLLOWED:
            self._epoll.unregister(followed.fd)
            del self._by_fd[followed.fd]
            os.close(followed.fd)
            followed.fd = _NOT_FOLLOWED


def _identities(observation: Observation | None) -> frozenset[Identity]:
    if observation is None:
        return frozenset()
    owners: list[Owner] = list(observation.others)
    if observation.owner is not None:
        owners.append(observation.owner)
    return frozenset((owner.pid, owner.start_ticks) for owner in owners if owner.pid > 0)


def _start_ticks(pid: int) -> int | None:
    """Field 22 of ``/proc/PID/stat``; None when there is no such process.

    psutil gives the start time as a rounded float of seconds, which cannot be compared exactly.
    """
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            content = file.read(4096)
    except OSError:
        return None
    # The name (field 2) is in parentheses and may hold anything, parentheses and spaces included.
    fields = content[content.rfind(b")") + 1 :].split()
    return int(fields[19]) if len(fields) > 19 else None
