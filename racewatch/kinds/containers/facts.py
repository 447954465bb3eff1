"""What was found out about one container, before anybody judges it."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from racewatch.core.model import Owner
from racewatch.kinds.containers.roots import Manager, StateRoot
from racewatch.kinds.containers.shims import Task
from racewatch.kinds.containers.state import NotUnderstood, Recorded


class Init(enum.Enum):
    """What became of the container's first process: the very one, by number and start time."""

    ALIVE = "it lives"
    ENDED = "it has ended"
    DOUBTFUL = "a process has its number, and whether it is the same cannot be told"
    UNSEEN = "it could not be looked for"


@dataclass(frozen=True, slots=True)
class Group:
    """Who lives in the container's control groups.

    ``blind``: why an empty answer proves nothing; None: it does.  ``there``: at least one of the recorded
    groups exists; ``directories`` are those.  ``pids`` includes processes of other PID namespaces, which have
    the number 0.
    """

    members: tuple[Owner, ...] = ()
    pids: frozenset[int] = frozenset()
    there: bool = False
    directories: tuple[bytes, ...] = ()
    frozen: bool | None = None
    blind: str | None = None

    @property
    def count(self) -> int:
        """How many live there, as far as they can be told apart."""
        return len(self.pids)


@dataclass(frozen=True, slots=True)
class Mounted:
    """The mount points at or below a folder; ``blind`` as in :class:`Group`."""

    points: tuple[bytes, ...] = ()
    blind: str | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A first process beside which the start FIFO still lies: does it wait there, and who would die with it?

    ``let_in``: the FIFO was opened, and it goes on to become the program.  ``others`` counts the processes in
    the container's control groups and in its PID namespace beside it.  ``blind`` as in :class:`Group`.
    """

    let_in: bool = False
    others: int = 0
    blind: str | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything the judge may use.

    ``said`` is what the state file says; ``fifo``: it waits (or waited) to be started; ``command`` what
    the first process runs; ``prepares``: that is still the runtime's own program, not the container's;
    ``mounted``: at or below the root file system, ``mounted_inside``: at or below the state directory, which
    its runtime's delete clears away with all that is in it; ``rooted``: who has its root in the root file
    system (asked only when no control group can tell who is of the container, and then not necessarily all);
    ``waiting`` is None unless there is a FIFO and the first process lives;
    ``quiet``: the state directory has not changed for a while; ``task``: containerd's, when it is one.
    """

    root: StateRoot
    name: str
    path: bytes
    said: Recorded | NotUnderstood
    manager: Manager | None
    init: Init
    init_detail: str
    owner: Owner | None
    fifo: bool
    prepares: bool
    group: Group
    mounted: Mounted
    mounted_inside: Mounted
    sees_everybody: bool
    rooted: tuple[Owner, ...] = ()
    quiet: bool = False
    task: Task | None = None
    waiting: Waiting | None = None
