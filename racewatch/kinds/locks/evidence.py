"""The findings behind a verdict, one line each, in the order in which a person wants to read them.

No line changes by itself with time: ages are for the window to compute.
"""

from __future__ import annotations

from typing import Final

from racewatch.core.model import Evidence, Owner, Says
from racewatch.core.text import display
from racewatch.kinds.locks import proof
from racewatch.kinds.locks.claim import ParseFailure
from racewatch.kinds.locks.facts import Beside, Circumstances, Facts, Person, Sight
from racewatch.kinds.locks.format import Format, Need, Policy, Role, Rule

_CHECK: Final = {
    Need.PID_GONE: "owner",
    Need.THIS_HOST: "host",
    Need.THIS_PID_NAMESPACE: "PID namespace",
    Need.LOCAL: "place",
    Need.BEFORE_BOOT: "boot",
    Need.STILL: "heartbeat",
    Need.UNLOCKED: "kernel lock",
    Need.NOT_OPEN: "open",
}
ORDER: Final = tuple(_CHECK)
_SAYS: Final = {Sight.YES: Says.STALE, Sight.NO: Says.LIVE, Sight.UNSEEN: Says.UNKNOWN}
_MOST_NAMED: Final = 8
_LOCKS: Final = "/proc/locks, /proc/PID/fdinfo"


def who(owner: Owner) -> str:
    """A process in words; its name is the program's own choice."""
    return f"{display(owner.name.encode('utf-8', 'surrogateescape'))} (pid {owner.pid})"


def several(owners: tuple[Owner, ...]) -> str:
    """Some processes in words."""
    shown = ", ".join(map(who, owners[:_MOST_NAMED]))
    return shown if len(owners) <= _MOST_NAMED else f"{shown} and {len(owners) - _MOST_NAMED} more"


def evidence_of(facts: Facts) -> tuple[Evidence, ...]:
    """Everything that was found out and speaks for or against."""
    found = _of_locks(facts)
    one = facts.format
    if one is not None:
        if not facts.understood:
            found.append(Evidence("content", Says.UNKNOWN, "read", _not_understood(facts)))
        elif not facts.settled:
            found.append(
                Evidence("content", Says.UNKNOWN, "statx, read", "it was written while it was looked at")
            )
        needs = {need for rule in one.rules for need in rule.needs} - {Need.UNLOCKED}
        if facts.named.person is not Person.UNNAMED:
            needs.add(Need.PID_GONE)
        found += [_of_need(need, facts) for need in ORDER if need in needs and _worth_saying(need, facts)]
        if Rule.NONE in one.rules:
            found.append(Evidence("proof", Says.INFO, "format", Rule.NONE.says))
    found += [_of_beside(seen) for seen in facts.beside]
    found += _of_processes(facts)
    if not found:
        found.append(Evidence("name", Says.INFO, "statx", f"a {facts.what}"))
    return tuple(found)


def _worth_saying(need: Need, facts: Facts) -> bool:
    """Not what nobody asked, because there were signs of life before it came to that."""
    if need is Need.NOT_OPEN:
        return facts.opened is not None
    if need in (Need.PID_GONE, Need.THIS_PID_NAMESPACE):
        return facts.named.person is not Person.UNNAMED
    return True


def _of_locks(facts: Facts) -> list[Evidence]:
    found = []
    for path, locked in ((facts.path, facts.locked), *facts.tested):
        beside = "" if path == facts.path else f" on {display(path)}, which counts"
        for lock in locked.held:
            word = f"{lock.family.value} {'write' if lock.exclusive else 'read'} lock{beside}"
            by = (
                several(lock.holders)
                if lock.holders
                else f"a process that could not be seen (taken by pid {lock.taker})"
            )
            how = f" ({lock.how})" if lock.how else ""
            found.append(Evidence("kernel lock", Says.LIVE, _LOCKS, f"{word} held by {by}{how}"))
        if locked.waiting:
            found.append(
                Evidence("waiting", Says.INFO, _LOCKS, f"{several(locked.waiting)} wait for it{beside}")
            )
    if found or facts.format is None:
        return found
    asked = facts.format.is_advisory or facts.tested
    if asked or any(Need.UNLOCKED in rule.needs for rule in facts.format.rules):
        free = proof.unlocked(facts)
        says = _SAYS[free.sight]
        if says is Says.STALE and facts.policy in (Policy.NEVER, Policy.TOOL):
            says = Says.IDLE
        found.append(Evidence("kernel lock", says, free.source, free.detail))
    return found


def _of_need(need: Need, facts: Facts) -> Evidence:
    seen = proof.finding(need, facts)
    says = _SAYS[seen.sight]
    if seen.sight is Sight.YES and need in (Need.THIS_HOST, Need.THIS_PID_NAMESPACE, Need.LOCAL):
        says = Says.INFO
    elif seen.sight is Sight.NO:
        if need is Need.PID_GONE:
            says = Says.LIVE if proof.may_be_meant(facts) else Says.INFO
        elif need is Need.BEFORE_BOOT:
            says = Says.INFO
        elif need is not Need.NOT_OPEN:
            says = Says.UNKNOWN
    return Evidence(_CHECK[need], says, seen.source, seen.detail)


def _not_understood(facts: Facts) -> str:
    if isinstance(facts.claim, ParseFailure):
        return f"not understood: {facts.claim.reason}"
    return "could not be read"


def _of_beside(seen: Beside) -> Evidence:
    word = {
        Role.SOCKET: "socket",
        Role.TOGETHER: "goes with it",
        Role.TWIN: "second name",
        Role.PIDFILE: "pid file",
        Role.CLOSED: "device",
        Role.ABSTRACT: "abstract socket",
        Role.OWNER: "owner file",
    }.get(seen.role, "beside")
    says = _SAYS[seen.dead.sight] if seen.exists or seen.dead.sight is not Sight.YES else Says.INFO
    return Evidence(word, says, seen.dead.source, seen.dead.detail)


def _of_processes(facts: Facts) -> list[Evidence]:
    found = []
    if facts.survivors:
        found.append(
            Evidence(
                "survivors", Says.UNKNOWN, "/proc/PID/comm", f"of its program: {several(facts.survivors)}"
            )
        )
    elif facts.survivors is not None and facts.survivors_blind:
        found.append(
            Evidence("survivors", Says.UNKNOWN, "/proc/PID/comm", "some processes are hidden from this user")
        )
    if facts.circumstances is not None and facts.format is not None:
        found += _of_circumstances(facts.format, facts.circumstances)
    return found


def _of_circumstances(one: Format, seen: Circumstances) -> list[Evidence]:
    """What there is where nothing is proof; said plainly."""
    source = "/proc/PID/cwd, /proc/PID/fd"
    place = display(seen.root)
    unseen = " (not all processes could be looked into)" if seen.blind else ""
    near = f"work below {place}: {several(seen.near)}" if seen.near else f"no process was seen below {place}"
    found = [Evidence("processes there", Says.INFO, source, f"{near}{unseen}; that is no proof")]
    if one.processes:
        names = ", ".join(one.processes[:_MOST_NAMED])
        running = (
            f"running: {several(seen.programs)}" if seen.programs else f"none of its programs runs ({names})"
        )
        found.append(Evidence("programs", Says.INFO, "/proc/PID/comm", f"{running}; that is no proof"))
    return found
