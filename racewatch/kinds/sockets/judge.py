"""From facts to a verdict: pure functions, each rule with the reason it exists.

Fail closed: only one path leads to ``stale``, and it is the last one.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass
from typing import Final

from racewatch.core.model import Evidence, Removable, Says, Verdict
from racewatch.kinds.place import Where
from racewatch.kinds.sockets.facts import Facts
from racewatch.linux.probe import Answer, Presence
from racewatch.linux.sockdiag import SocketType, UnixSocket

#: The label of a dead socket that the policy wants to see dead more often.
BEING_WATCHED: Final = "being watched"
_PROBE: Final = "connect(AF_UNIX, SOCK_DGRAM)"
_DIAG: Final = "sock_diag"
_MOUNTS: Final = "mountinfo"

_TYPE_WORD: Final = {
    SocketType.STREAM: "stream",
    SocketType.DGRAM: "datagram",
    SocketType.SEQPACKET: "seqpacket",
}

_WHERE_REASON: Final = {
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


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the facts add up to."""

    verdict: Verdict
    label: str
    summary: str
    evidence: tuple[Evidence, ...]
    removable: Removable
    remedy: str | None = None


def type_word(row: UnixSocket | None) -> str | None:
    """``stream``, ``datagram`` or ``seqpacket``."""
    return _TYPE_WORD[row.kind] if row else None


def bound_row(facts: Facts) -> UnixSocket | None:
    """The row of the socket that is bound to the node, not of connections accepted by it."""
    rows = facts.rows or ()
    sure = [row for row in rows if row.owns_node]
    return next(iter(sure or rows), None)


def judge(facts: Facts) -> Judgement:
    """The verdict on one node.  Same facts, same verdict; the order of the rules is the order of proof."""
    if facts.answer is None:
        return _not_a_socket(facts)
    if facts.answer.presence is Presence.BOUND:
        return _live(facts, facts.answer)
    if any(row.owns_node for row in facts.rows or ()):
        # sock_diag proves life without any permission on the node.  With ABSENT it contradicts the
        # probe (a 32-bit inode collision, or a death in between): life wins.
        return _live(facts, facts.answer)
    if facts.merged is not None and facts.merged.presence is Presence.BOUND:
        return _live(facts, facts.answer)
    if facts.answer.presence is Presence.UNKNOWN:
        return _could_not_ask(facts, facts.answer)
    return _refused(facts, facts.answer)


def _refused(facts: Facts, answer: Answer) -> Judgement:
    """ECONNREFUSED: proof of death, unless one of these reasons says that it proves nothing here."""
    probe = _probe_evidence(answer, proves=facts.where is Where.LOCAL)
    if facts.where is not Where.LOCAL:
        on = f" ({facts.fstype})" if facts.fstype else ""
        reason = _WHERE_REASON[facts.where]
        never = facts.where is Where.MOUNTED_OVER
        return _unknown(
            facts,
            "shared place" if not never else "mounted over",
            f"No socket of this kernel is bound here, but that proves nothing: {reason}.",
            (
                probe,
                Evidence("place", Says.UNKNOWN, _MOUNTS, f"it lies in {facts.where.value}{on}: {reason}"),
            ),
            never=never,
        )
    place = Evidence(
        "place", Says.INFO, _MOUNTS, f"local file system ({facts.fstype}), nothing is stacked on it"
    )
    if facts.rival is not None or not facts.rivals_known:
        why = facts.rival or "bound sockets could not be listed here, so none can be ruled out"
        return _unknown(
            facts,
            "cannot tell",
            "No socket is bound to this inode, but one of the same name is bound where it cannot be seen.",
            (probe, place, Evidence("same name", Says.UNKNOWN, _DIAG, why)),
        )
    proof = (probe, place, *_owner_evidence(facts), *_unit_evidence(facts))
    if facts.min_age > 0 and (facts.age is None or facts.age < facts.min_age):
        # Without the age itself, which is another at every look: evidence changes when the state does.
        age = "its age is unknown, and" if facts.age is None else "it is younger:"
        rule = Evidence(
            "age", Says.UNKNOWN, "configuration", f"{age} the configuration demands {facts.min_age:g} s"
        )
        return _unknown(
            facts, "too young", "It is dead, but younger than the configuration demands.", (*proof, rule)
        )
    if facts.looks < facts.looks_needed:
        rule = Evidence(
            "looks", Says.UNKNOWN, "configuration", f"dead look {facts.looks} of {facts.looks_needed}"
        )
        return _unknown(
            facts,
            BEING_WATCHED,
            f"Dead at {facts.looks} of {facts.looks_needed} looks that the configuration demands.",
            (*proof, rule),
        )
    label = "dead socket, set aside" if facts.set_aside else "dead socket"
    summary = (
        "Nobody is bound to this socket, and nobody ever will be: a server that comes back makes a new one."
    )
    remedy = None
    if facts.unit and facts.unit_active:
        remedy = f"{facts.unit} is active and lists this path: restart it to get a working socket"
    return Judgement(Verdict.STALE, label, summary, proof, Removable.YES, remedy)


def _live(facts: Facts, answer: Answer) -> Judgement:
    row = bound_row(facts)
    if answer.presence is Presence.BOUND:
        evidence = [_probe_evidence(answer, proves=True)]
    else:
        evidence = [_probe_evidence(answer, proves=False)]
    if facts.merged is not None and facts.merged.presence is Presence.BOUND:
        evidence.append(
            Evidence(
                "bound (merged)",
                Says.LIVE,
                f"{_PROBE} through the overlay's merged mount",
                f"{facts.merged.errno_name}: a socket is bound to the merged inode",
            )
        )
    label, words = _state(facts, row)
    if row is not None:
        queue = f", {row.queue} waiting of {row.backlog}" if row.listening else ""
        evidence.append(
            Evidence("kernel table", Says.LIVE, _DIAG, f"{type_word(row)} socket {row.inode}, {label}{queue}")
        )
    elif facts.rows is None:
        evidence.append(Evidence("kernel table", Says.INFO, _DIAG, "could not be asked"))
    elif answer.presence is not Presence.BOUND:
        pass  # bound to the merged inode, which is another one
    elif facts.foreign:
        evidence.append(
            Evidence(
                "kernel table",
                Says.INFO,
                "/proc/PID/net/unix",
                "bound in another network namespace, under this name",
            )
        )
    else:
        evidence.append(
            Evidence(
                "kernel table",
                Says.INFO,
                _DIAG,
                "not listed in this network namespace: bound in another one, or renamed there",
            )
        )
    evidence += _owner_evidence(facts)
    evidence += _unit_evidence(facts)
    owner = facts.owners[0] if facts.owners else None
    by = f" by {owner.name} (pid {owner.pid})" if owner else ""
    remedy = None
    if label == "hung":
        remedy = "its server does not accept connections: look at the server" + (
            f" (pid {owner.pid})" if owner else ""
        )
    elif label == "shut down":
        remedy = "its server has shut it down but still holds it: restart the server"
    return Judgement(Verdict.LIVE, label, f"In use{by}: {words}.", tuple(evidence), Removable.NEVER, remedy)


def _state(facts: Facts, row: UnixSocket | None) -> tuple[str, str]:
    """The human word for a live socket, and the sentence that goes with it."""
    if facts.lost_because is not None:
        return _lost_label(row), facts.lost_because
    if row is None:
        if facts.answer is not None and facts.answer.presence is not Presence.BOUND:
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


def _lost_label(row: UnixSocket | None) -> str:
    return "listening, name lost" if row is None or row.listening else "bound, name lost"


def judge_lost(facts: Facts, row: UnixSocket) -> Judgement:
    """A live socket whose name is gone or means another inode: the damage of some other cleaner."""
    owner = facts.owners[0] if facts.owners else None
    who = f"{owner.name} (pid {owner.pid})" if owner else "its server"
    unit = f", for example with: systemctl restart {owner.unit}" if owner and owner.unit else ""
    evidence = (
        Evidence(
            "kernel table", Says.LIVE, _DIAG, f"{type_word(row)} socket {row.inode} is bound to this path"
        ),
        Evidence("name", Says.INFO, "statx in the owner's root", facts.lost_because or "the name is gone"),
        *_owner_evidence(facts),
    )
    return Judgement(
        Verdict.LIVE,
        _lost_label(row),
        f"{who} serves a socket that no client can reach any more: {facts.lost_because}.",
        evidence,
        Removable.NEVER,
        f"restart {who}, so that it makes its socket anew{unit}",
    )


def _not_a_socket(facts: Facts) -> Judgement:
    return Judgement(
        Verdict.UNKNOWN,
        "not a socket",
        f"The name means a {facts.file_type}, which is not racewatch's to remove as a socket.",
        (Evidence("type", Says.UNKNOWN, "statx", f"{facts.file_type}"),),
        Removable.NEVER,
    )


def _could_not_ask(facts: Facts, answer: Answer) -> Judgement:
    probe = _probe_evidence(answer, proves=False)
    if answer.errno in (errno.EACCES, errno.EPERM):
        who = f"{facts.node_owner} or root" if facts.node_owner not in ("", "root") else "root"
        return _unknown(
            facts,
            "no permission",
            f"This user may not write to it, so nobody can be asked whether it is in use; {who} can see.",
            (probe,),
            remedy=f"look again as {who}",
        )
    return _unknown(
        facts,
        "cannot tell",
        f"The question whether somebody is bound to it failed ({answer.errno_name}).",
        (probe,),
    )


def _unknown(
    facts: Facts,
    label: str,
    summary: str,
    evidence: tuple[Evidence, ...],
    *,
    never: bool = False,
    remedy: str | None = None,
) -> Judgement:
    if facts.set_aside:
        label += ", set aside"
    removable = Removable.NEVER if never else Removable.OVERRIDE
    return Judgement(Verdict.UNKNOWN, label, summary, evidence, removable, remedy)


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
