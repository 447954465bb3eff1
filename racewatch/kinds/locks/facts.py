"""What was found out about one lock, before anybody judges it.

Named tuples where each row of each scan makes one: frozen dataclasses take three times as long.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import NamedTuple

from racewatch.core.model import Owner
from racewatch.kinds.locks.claim import Claim, ParseFailure
from racewatch.kinds.locks.format import FileType, Format, Policy, Role
from racewatch.kinds.place import Where
from racewatch.linux.flocks import Mechanism as LockFamily


class Sight(enum.Enum):
    """Three answers to a question; "could not see" is never "no"."""

    YES = "yes"
    NO = "no"
    UNSEEN = "unseen"


class Finding(NamedTuple):
    """One answer, in words: how it was found out, and what was found."""

    sight: Sight
    source: str
    detail: str


@dataclass(frozen=True, slots=True)
class HeldLock:
    """One kernel lock on the inode, ours left out.

    ``taker`` is the pid that the kernel names (it may have exited); ``holders`` are the processes found to
    hold it now, and ``how`` by what (a descriptor, a mapping).
    """

    family: LockFamily
    exclusive: bool
    taker: int
    holders: tuple[Owner, ...] = ()
    how: str = ""


class Locked(NamedTuple):
    """The kernel locks on one inode.  ``blind``: why an empty answer proves nothing; None: it does."""

    held: tuple[HeldLock, ...] = ()
    waiting: tuple[Owner, ...] = ()
    waiting_unseen: int = 0
    blind: str | None = None
    source: str = "/proc/locks"


class Person(enum.Enum):
    """What became of the process that the lock names."""

    UNNAMED = "none is named"
    LIVES = "it lives"
    GONE = "it has ended"
    UNSEEN = "it could not be looked for"


class Named(NamedTuple):
    """The process that the lock names.  ``exact``: compared by start time, not by its number alone.

    ``known``: the living one has a name that the format's programs have.  ``space``: whether the number
    was given in a PID namespace that we can look into.
    """

    person: Person
    detail: str
    space: Finding
    owner: Owner | None = None
    exact: bool = False
    known: bool = False


class HostSays(enum.Enum):
    """How the host written in the lock compares with this one."""

    NONE = "none is named"
    HERE = "this host"
    ELSEWHERE = "another host"
    UNVERIFIED = "not to be compared"


class Opened(NamedTuple):
    """Who has the inode open (ourselves left out).  ``nobody`` is YES only when everybody could be seen."""

    by: tuple[Owner, ...]
    nobody: Finding


@dataclass(frozen=True, slots=True)
class Beside:
    """One companion as it is now.  ``dead`` is YES when it is absent or proved dead, NO when it is live."""

    role: Role
    path: bytes
    exists: bool
    dead: Finding
    owner: Owner | None = None


@dataclass(frozen=True, slots=True)
class Still:
    """For how long nothing changed, in seconds of CLOCK_BOOTTIME, awake and on an unstepped clock all the while."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Processes that may have to do with it: never proof that it is left over, sometimes that it is not.

    ``near`` work in the folder that the lock is about, ``programs`` have a name of the format's programs.
    """

    root: bytes
    near: tuple[Owner, ...] = ()
    programs: tuple[Owner, ...] = ()
    single: bool = False
    blind: int = 0


class Facts(NamedTuple):
    """Everything the judge may use; it does no I/O and has no clock of its own.

    ``understood`` is False when the content should say something and could not be read or parsed.
    ``settled`` is False when it, or what it was told by, was written while it was looked at.
    ``opened``, ``survivors`` and ``circumstances`` are None when it was not worth asking.
    """

    path: bytes
    type: FileType
    what: str
    format: Format | None
    policy: Policy
    claim: Claim | ParseFailure | None
    understood: bool
    where: Where
    fstype: str | None
    locked: Locked
    host: HostSays
    host_detail: str
    named: Named
    before_boot: Finding
    tested: tuple[tuple[bytes, Locked], ...] = ()
    beside: tuple[Beside, ...] = ()
    opened: Opened | None = None
    survivors: tuple[Owner, ...] | None = None
    survivors_blind: int = 0
    still: Still | None = None
    circumstances: Circumstances | None = None
    settled: bool = True
