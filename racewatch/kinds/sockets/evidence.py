"""The findings behind a verdict on a socket, put into words only for who reads them: pure functions of facts."""

from __future__ import annotations

from typing import Final

from racewatch.core.model import Evidence, Says
from racewatch.kinds.place import Where
from racewatch.kinds.sockets.facts import Facts
from racewatch.linux.probe import Answer, Presence
from racewatch.linux.sockdiag import SocketType, UnixSocket

_PROBE: Final = "connect(AF_UNIX, SOCK_DGRAM)"
_DIAG: Final = "sock_diag"
_MOUNTS: Final = "mountinfo"

_TYPE_WORD: Final = {
    SocketType.STREAM: "stream",
    SocketType.DGRAM: "datagram",
    SocketType.SEQPACKET: "seqpacket",
}

WHERE_REASON: Final = {
    Where.MOUNTED_OVER: "something is mounted on this very name, here or for another process, and would go "
    "with it",
    Where.SHARED: "the socket may be bound on another machine or through another mount, which this "
    "kernel cannot see",
    Where.BACKING: "a process inside the overlay can be bound to this socket under another inode",
    Where.ENGINE: "a container can be bound to this socket through its own mount",
    Where.HIDDEN: "some processes' mounts are hidden from this user, and one of them may be an overlay over "
    "this place; root can see",
    Where.UNSEEN: "which file system this is could not be found out",
}


def type_word(row: UnixSocket | None) -> str | None:
    """``stream``, ``datagram`` or ``seqpacket``."""
    return _TYPE_WORD[row.kind] if row else None


def bound_row(facts: Facts) -> UnixSocket | None:
    """The row of the socket that is bound to the node, not of connections accepted by it."""
    rows = facts.rows or ()
    sure = [row for row in rows if row.owns_node]
    return next(iter(sure or rows), None)


def of_probe(facts: Facts, *, proves: bool = False) -> tuple[Evidence, ...]:
    """What the kernel answered when it was asked directly."""
    return () if facts.answer is None else (_probe_evidence(facts.answer, proves=proves),)


def of_place(facts: Facts) -> tuple[Evidence, ...]:
    """Where nobody bound proves nothing."""
    on = f" ({facts.fstype})" if facts.fstype else ""
    where = f"it lies in {facts.where.value}{on}: {WHERE_REASON[facts.where]}"
    return (*of_probe(facts), Evidence("place", Says.UNKNOWN, _MOUNTS, where))


def _of_local_place(facts: Facts) -> tuple[Evidence, ...]:
    words = f"local file system ({facts.fstype}), nothing is stacked on it"
    return (*of_probe(facts, proves=True), Evidence("place", Says.INFO, _MOUNTS, words))


def of_rival(facts: Facts) -> tuple[Evidence, ...]:
    """Another socket of the same name may be this one."""
    why = facts.rival or "bound sockets could not be listed here, so none can be ruled out"
    return (*_of_local_place(facts), Evidence("same name", Says.UNKNOWN, _DIAG, why))


def of_death(facts: Facts) -> tuple[Evidence, ...]:
    """Proof that nobody is bound."""
    return (*_of_local_place(facts), *_owner_evidence(facts), *_unit_evidence(facts))


def of_age(facts: Facts) -> tuple[Evidence, ...]:
    """Dead, and too young to be sure of it."""
    # Without the age itself, which is another at every look: evidence changes when the state does.
    age = "its age is unknown, and" if facts.age is None else "it is younger:"
    words = f"{age} the configuration demands {facts.min_age:g} s"
    return (*of_death(facts), Evidence("age", Says.UNKNOWN, "configuration", words))


def of_looks(facts: Facts) -> tuple[Evidence, ...]:
    """Dead, at fewer looks than are demanded."""
    words = f"dead look {facts.looks} of {facts.looks_needed}"
    return (*of_death(facts), Evidence("looks", Says.UNKNOWN, "configuration", words))


def of_life(facts: Facts) -> tuple[Evidence, ...]:
    """Somebody is bound to it."""
    row, answer = bound_row(facts), facts.answer
    assert answer is not None  # whether it is in use was asked
    if answer.presence is Presence.BOUND:
        found = [_probe_evidence(answer, proves=True)]
    else:
        found = [_probe_evidence(answer, proves=False)]
    if facts.merged is not None and facts.merged.presence is Presence.BOUND:
        found.append(
            Evidence(
                "bound (merged)",
                Says.LIVE,
                f"{_PROBE} through the overlay's merged mount",
                f"{facts.merged.errno_name}: a socket is bound to the merged inode",
            )
        )
    if row is not None:
        label, _ = state(facts, row, answer)
        queue = f", {row.queue} waiting of {row.backlog}" if row.listening else ""
        found.append(
            Evidence("kernel table", Says.LIVE, _DIAG, f"{type_word(row)} socket {row.inode}, {label}{queue}")
        )
    elif facts.rows is None:
        found.append(Evidence("kernel table", Says.INFO, _DIAG, "could not be asked"))
    elif answer.presence is not Presence.BOUND:
        pass  # bound to the merged inode, which is another one
    elif facts.foreign:
        found.append(
            Evidence(
                "kernel table",
                Says.INFO,
                "/proc/PID/net/unix",
                "bound in another network namespace, under this name",
            )
        )
    else:
        found.append(
            Evidence(
                "kernel table",
                Says.INFO,
                _DIAG,
                "not listed in this network namespace: bound in another one, or renamed there",
            )
        )
    found += _owner_evidence(facts)
    found += _unit_evidence(facts)
    return tuple(found)


def of_loss(facts: Facts) -> tuple[Evidence, ...]:
    """Somebody is bound to a name that is gone."""
    bound = (
        Evidence(
            "kernel table", Says.LIVE, _DIAG, f"{type_word(row)} socket {row.inode} is bound to this path"
        )
        for row in facts.rows or ()
    )
    name = Evidence("name", Says.INFO, "statx in the owner's root", facts.lost_because or "the name is gone")
    return (*bound, name, *_owner_evidence(facts))


def of_type(facts: Facts) -> tuple[Evidence, ...]:
    """It is no socket at all."""
    return (Evidence("type", Says.UNKNOWN, "statx", f"{facts.file_type}"),)


def state(facts: Facts, row: UnixSocket | None, answer: Answer) -> tuple[str, str]:
    """The human word for a live socket, and the sentence that goes with it."""
    if facts.lost_because is not None:
        return lost_label(row), facts.lost_because
    if row is None:
        if answer.presence is not Presence.BOUND:
            return "bound elsewhere", "bound through the merged mount of the overlay that this is a layer of"
        if facts.foreign or facts.rows is not None:
            return "bound elsewhere", "bound in another network namespace"
        return "bound", "a socket is bound to it"
    if row.kind is SocketType.DGRAM:
        if row.peer is not None:
            return "connected", "a datagram socket that talks to one peer"
        return "bound", "a datagram socket is bound to it"
    if row.shutdown:
        return "shut down", "its server shut it down but still holds it"
    if row.is_full:
        return "hung", f"its accept queue is full ({row.queue} of {row.backlog}), new clients wait"
    if row.listening:
        return "listening", "a server accepts connections"
    return "bound, not listening", "bound, but its server does not listen (yet)"


def lost_label(row: UnixSocket | None) -> str:
    """The human word for a live socket without its name."""
    return "listening, name lost" if row is None or row.listening else "bound, name lost"


def _probe_evidence(answer: Answer, *, proves: bool) -> Evidence:
    code = answer.errno_name
    if answer.presence is Presence.BOUND:
        return Evidence("bound", Says.LIVE, _PROBE, f"{code}: a socket is bound to this inode")
    if answer.presence is Presence.ABSENT:
        says = Says.STALE if proves else Says.INFO
        return Evidence("bound", says, _PROBE, f"{code}: no socket is bound to this inode")
    return Evidence("bound", Says.UNKNOWN, _PROBE, f"{code}: the kernel did not say")


def _owner_evidence(facts: Facts) -> tuple[Evidence, ...]:
    if facts.owners:
        return tuple(
            Evidence("holder", Says.LIVE, "/proc/PID/fd", f"pid {owner.pid} ({owner.name}, {owner.user})")
            for owner in facts.owners
        )
    if bound_row(facts) is not None:
        if facts.owners_pending:
            return (Evidence("holder", Says.INFO, "/proc/PID/fd", "who holds it is looked for in a moment"),)
        unseen = facts.owners_unseen
        detail = (
            f"no process seen holding it, but {unseen} processes could not be looked into; root can"
            if unseen
            else "no process holds it open (it may be in flight between two processes)"
        )
        return (Evidence("holder", Says.INFO, "/proc/PID/fd", detail),)
    return ()


def _unit_evidence(facts: Facts) -> tuple[Evidence, ...]:
    if facts.unit is None:
        if not facts.unit_problem:
            return ()
        detail = f"whether a unit lists this path could not be asked ({facts.unit_problem})"
        return (Evidence("unit", Says.INFO, "systemctl list-sockets", detail),)
    state = "active" if facts.unit_active else "not active"
    return (Evidence("unit", Says.INFO, "systemctl list-sockets", f"{facts.unit} ({state}) lists this path"),)
