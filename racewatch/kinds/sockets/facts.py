"""What was found out about one socket node, before anybody judges it."""

from __future__ import annotations

from typing import NamedTuple

from racewatch.core.model import Owner
from racewatch.kinds.place import Where
from racewatch.linux.probe import Answer
from racewatch.linux.sockdiag import UnixSocket


class Facts(NamedTuple):
    """Everything the judge may use; it does no I/O and has no clock of its own.

    ``answer`` is the datagram probe's; None when the node is no socket at all (``file_type`` says
    what it is).  ``rows`` are the sockets that sock_diag lists at this very node, None when it could
    not be asked.  ``merged`` is the probe's answer through the overlay's merged mount, where that
    could be reached.  ``rival`` names a bound socket of the same file name whose node cannot be
    resolved here; ``rivals_known`` is False when such sockets could not be looked for.
    ``unit_problem`` says why systemd could not be asked; empty when it could.
    ``age`` is seconds since birth, None when unknown; ``looks`` counts dead looks.
    """

    path: bytes
    file_type: str
    answer: Answer | None
    where: Where
    fstype: str | None
    rows: tuple[UnixSocket, ...] | None = ()
    merged: Answer | None = None
    rival: str | None = None
    rivals_known: bool = True
    foreign: bool = False
    owners: tuple[Owner, ...] = ()
    owners_pending: bool = False
    owners_unseen: int = 0
    unit: str | None = None
    unit_active: bool = False
    unit_problem: str = ""
    node_owner: str = ""
    age: float | None = None
    min_age: float = 0.0
    looks: int = 1
    looks_needed: int = 1
    set_aside: bool = False
    lost_because: str | None = None
