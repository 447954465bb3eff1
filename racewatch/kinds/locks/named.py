"""What became of the process that a lock names: by pid, start, boot and PID namespace."""

from __future__ import annotations

import os
from typing import Final

from racewatch.core.model import Owner
from racewatch.kinds.locks.claim import Claim
from racewatch.kinds.locks.facts import Finding, Named, Person, Sight
from racewatch.kinds.locks.surroundings import Surroundings
from racewatch.linux import boot, fs, pidns, processes

#: A process that began this much later than the lock was last written did not write it.
RECYCLED_SECONDS: Final = 120.0
_new: Final = tuple.__new__  # for each row of each scan
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_SOURCE: Final = "NSpid of /proc/PID/status"
_LIVES: Final = Person.LIVES
_GONE: Final = Person.GONE
_YES: Final = Sight.YES
_FREE: Final = processes.Absent.FREE
_OTHERWISE: Final = processes.Absent.OTHERWISE
_UNNAMED: Final = Named(
    Person.UNNAMED, "it names no process", Finding(Sight.UNSEEN, _SOURCE, "it names no process")
)


def look_up(claim: Claim | None, programs: tuple[str, ...], node: fs.Stat, around: Surroundings) -> Named:
    """The process named by a claim.  ``node`` is the lock: when it was last written matters."""
    if claim is None or claim.pid is None:
        return _UNNAMED
    pid = claim.pid
    inside = claim.pid_namespace
    if inside is not None and inside != around.boot.pid_namespace:
        person, detail, owner, exact, space = _in_other_namespace(pid, inside, around)
    else:
        person, detail, owner, exact = _here(claim, pid, node, around)
        space = _space(claim, pid, node, around)
    known = owner is not None and bool(programs) and owner.name[:15] in {name[:15] for name in programs}
    return _new(Named, (person, detail, space, owner, exact, known))


def _here(
    claim: Claim, pid: int, node: fs.Stat, around: Surroundings
) -> tuple[Person, str, Owner | None, bool]:
    """Among the processes of our own PID namespace."""
    if _is_of_another_boot(claim, around.boot):
        return _GONE, f"it was written by pid {pid} on another boot of this machine", None, False
    try:
        found = around.look_for(pid)
    except OSError as error:
        return Person.UNSEEN, f"whether pid {pid} lives could not be seen ({error.strerror})", None, False
    if found is _FREE:
        return _GONE, f"there is no process {pid}", None, False
    if found is _OTHERWISE:
        return _GONE, _why_gone(pid), None, False
    owner = around.describe(pid)
    if owner is not None and owner.start_ticks != found.start_ticks:
        return Person.UNSEEN, f"pid {pid} came and went while we looked", None, False
    name = owner.name if owner is not None else "a process that this user may not see"
    if claim.start_ticks is not None:
        if claim.start_ticks == found.start_ticks:
            return (
                _LIVES,
                f"pid {pid} ({name}) lives, and began at the very moment it says",
                owner,
                True,
            )
        if _counts_time_otherwise(pid):
            unsure = f"pid {pid} ({name}) lives in a time namespace of its own: starts cannot be compared"
            return Person.UNSEEN, unsure, owner, False
        taken = f"pid {pid} belongs to {name} by now, which began at another moment"
        return _GONE, taken, None, True
    if _began_later(found.start_ticks, node, around.boot):
        late = f"pid {pid} belongs to {name} by now, which began after the lock was last written"
        return _GONE, late, None, False
    return _LIVES, f"pid {pid} ({name}) lives", owner, False


def _is_of_another_boot(claim: Claim, this: boot.Boot) -> bool:
    if claim.boot_id is not None and this.id is not None:
        return claim.boot_id != this.id
    return claim.boot_time is not None and this.floor is not None and claim.boot_time < this.floor


def _why_gone(pid: int) -> str:
    leader = pidns.process_of_thread(pid)
    if leader is not None:
        return f"{pid} is the number of a thread (of pid {leader}), not of a process"
    if os.path.exists(f"/proc/{pid}"):
        return f"pid {pid} has ended; its parent has not waited for it (a zombie)"
    return f"there is no process {pid}"


def _began_later(start_ticks: int, node: fs.Stat, this: boot.Boot) -> bool:
    """The number was given away again; only told by a clock that was not stepped."""
    if this.clock_was_stepped:
        return False
    written = max(node.mtime_ns, node.ctime_ns, node.btime_ns or 0) / 1e9
    return this.started + start_ticks / _TICKS > written + RECYCLED_SECONDS


def _counts_time_otherwise(pid: int) -> bool:
    """Whether its start ticks may be counted from another beginning than ours."""
    mine, its = boot.namespace_of("self", "time"), boot.namespace_of(pid, "time")
    return mine is not None and its is not None and mine != its


def _space(claim: Claim, pid: int, node: fs.Stat, around: Surroundings) -> Finding:
    """Whether the number was given where we can look: in our namespace, and in none below it."""
    if claim.pid_namespace is not None:
        return Finding(_YES, "/proc/self/ns/pid", "it names this PID namespace")
    if not around.sees_everybody:
        return Finding(Sight.UNSEEN, _SOURCE, "it may be the number of a process outside this PID namespace")
    inner = around.inner_numbers
    if inner.blind:
        return Finding(Sight.UNSEEN, _SOURCE, "some processes are hidden from this user (hidepid)")
    for other in inner.by_inner.get(pid, ()):
        if _can_be(other, claim, node, around.boot):
            owner = around.describe(other)
            who = f"{owner.name} (pid {other} here)" if owner else f"pid {other} here"
            return Finding(Sight.UNSEEN, _SOURCE, f"in a container, {pid} is the number of {who}")
    nobody = f"no process in any PID namespace below this one has the number {pid}"
    return _new(Finding, (_YES, _SOURCE, nobody))


def _can_be(other: int, claim: Claim, node: fs.Stat, this: boot.Boot) -> bool:
    """Whether a process with that number inside may be the one that is named."""
    try:
        found = processes.identify(other)
    except OSError:
        return True
    if found is None:
        return False
    if claim.start_ticks is not None and not _counts_time_otherwise(other):
        return claim.start_ticks == found.start_ticks
    return not _began_later(found.start_ticks, node, this)


def _in_other_namespace(
    pid: int, space: int, around: Surroundings
) -> tuple[Person, str, Owner | None, bool, Finding]:
    """In the PID namespace that the lock names, which is not ours."""
    source = "/proc/PID/ns/pid, NSpid"
    unseen = False
    inhabited = False
    for other in around.inner_numbers.inside:
        seen = boot.namespace_of(other)
        unseen = unseen or seen is None
        inhabited = inhabited or seen == space
    for other in around.inner_numbers.by_inner.get(pid, ()):
        if boot.namespace_of(other) in (space, None):
            owner = around.describe(other)
            who = owner.name if owner else "a process"
            detail = f"pid {pid} of that PID namespace lives ({who}, pid {other} here)"
            return _LIVES, detail, owner, False, Finding(_YES, source, "it can be looked into")
    if unseen or not around.sees_everybody or around.inner_numbers.blind:
        text = f"pid {pid} was given in a PID namespace that cannot be looked into from here"
        return Person.UNSEEN, text, None, False, Finding(Sight.UNSEEN, source, text)
    if inhabited:
        text = f"no process has the number {pid} in the PID namespace that it names"
    else:
        text = f"the PID namespace that it names ({space}) has no process any more"
    return _GONE, text, None, False, Finding(_YES, source, text)
