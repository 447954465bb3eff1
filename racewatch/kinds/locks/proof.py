"""What each :class:`~racewatch.kinds.locks.format.Need` amounts to: from facts to findings, purely.

Fail closed: every finding is YES only when it was seen; what was not asked is unseen.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final

from racewatch.kinds.locks.facts import Beside, Facts, Finding, HostSays, Person, Sight
from racewatch.kinds.locks.format import FileType, HostRule, Need, Role, Rule
from racewatch.kinds.place import Where

_MOUNTS = "mountinfo"
_YES: Final = Sight.YES
_NO: Final = Sight.NO
_HERE: Final = HostSays.HERE
_NAMED_BY_NONE: Final = HostSays.NONE
_LOCAL: Final = Where.LOCAL
_SYMLINK: Final = FileType.SYMLINK
_DIRECTORY: Final = FileType.DIRECTORY
_GONE: Final = Person.GONE
_new: Final = tuple.__new__  # for each row of each scan
_WHERE_REASON = {
    Where.SHARED: "another machine or program may use it there, which this kernel cannot see",
    Where.BACKING: "a process can use the same file through the file system stacked on it, under another inode",
    Where.ENGINE: "a container can use the same file through its own mount",
    Where.HIDDEN: "some processes' mounts are hidden from this user, and one of them may be an overlay over this "
    "place; root can see",
    Where.MOUNTED_OVER: "something is mounted on this very name, here or for another process, and would go with it",
    Where.UNSEEN: "which file system this is could not be found out",
}


def place(facts: Facts) -> Finding:
    """Whether this kernel sees all who use the file."""
    return _place(facts.where, facts.fstype)


@lru_cache(maxsize=256)
def _place(where: Where, fstype: str | None) -> Finding:
    """The same of all that lies in such a place."""
    on = f" ({fstype})" if fstype else ""
    if where is _LOCAL:
        return Finding(_YES, _MOUNTS, f"local file system{on}, nothing is stacked on it")
    return Finding(Sight.UNSEEN, _MOUNTS, f"it lies in {where.value}{on}: {_WHERE_REASON[where]}")


def host(facts: Facts) -> Finding:
    """Whether what it names is of this host."""
    source = "uname"
    if facts.host is _HERE:
        return _of_this_host(facts.host_detail)
    if facts.host is HostSays.ELSEWHERE:
        return Finding(_NO, source, facts.host_detail)
    if facts.host is HostSays.UNVERIFIED:
        return Finding(Sight.UNSEEN, source, facts.host_detail)
    if facts.format is not None and facts.format.host is HostRule.UNTRUSTED:
        return Finding(
            Sight.UNSEEN, source, "it names no host, and its program takes one from the environment"
        )
    if facts.where is _LOCAL:
        return Finding(_YES, _MOUNTS, "it names no host, and its file system is of this machine alone")
    return Finding(Sight.UNSEEN, _MOUNTS, f"it names no host, and {place(facts).detail}")


@lru_cache(maxsize=256)
def _of_this_host(detail: str) -> Finding:
    """The same of all that name it in these words."""
    return Finding(_YES, "uname", detail)


def gone(facts: Facts) -> Finding:
    """Whether the process it names has ended."""
    source = "pidfd, /proc/PID/stat"
    named = facts.named
    if named.person is _GONE:
        return _new(Finding, (_YES, source, named.detail))
    return Finding(Sight.NO if named.person is Person.LIVES else Sight.UNSEEN, source, named.detail)


def not_open(facts: Facts) -> Finding:
    """Whether nobody has it open; a symbolic link cannot be opened, and a folder is not kept open.

    Where others share the file system, that cannot be said of anything: not even of a link that names this
    host, since two machines may have one name.
    """
    opened, kind = facts.opened, facts.type
    if opened is not None and opened.by:
        who = ", ".join(f"{one.name} (pid {one.pid})" for one in opened.by)
        return Finding(_NO, "/proc/PID/fdinfo", f"open in {who}")
    if facts.where is not _LOCAL:
        return place(facts)
    if kind is _SYMLINK:
        return Finding(_YES, "statx", "a symbolic link: nobody can have it open")
    if kind is _DIRECTORY:
        return Finding(_YES, "statx", "a folder: whoever locks by one does not keep it open")
    if opened is None:
        return Finding(Sight.UNSEEN, "/proc/PID/fdinfo", "who has it open was not asked")
    return opened.nobody


def unlocked(facts: Facts) -> Finding:
    """Whether the kernel lock that counts is free: its own, and that of every tested companion."""
    counting = (facts.locked, *(one for _, one in facts.tested))
    source = ", ".join(dict.fromkeys(locked.source for locked in counting))
    for locked in counting:
        if locked.held:
            return Finding(_NO, source, "a kernel lock is held")
    needs_one = facts.format is not None and any(one.role is Role.TESTED for one in facts.format.companions)
    if needs_one and not facts.tested:
        return Finding(Sight.UNSEEN, source, "the file whose kernel lock counts is not there")
    for locked in counting:
        if locked.blind is not None:
            return Finding(Sight.UNSEEN, source, locked.blind)
    if facts.where is not _LOCAL:
        return Finding(Sight.UNSEEN, _MOUNTS, f"free for this kernel, but {_WHERE_REASON[facts.where]}")
    return Finding(_YES, source, "no process holds a kernel lock on it")


def still(facts: Facts) -> Finding:
    """Whether it did not change over two refresh periods while being watched."""
    period = facts.format.refresh_period if facts.format is not None else None
    source = "CLOCK_BOOTTIME"
    if facts.still is None or period is None:
        return Finding(Sight.UNSEEN, source, "one look cannot tell a silent heartbeat from a dead one")
    if facts.still.seconds < 2 * period:
        return Finding(
            Sight.UNSEEN,
            source,
            f"watched for less than two refresh periods of {period:g} s without a change",
        )
    return Finding(_YES, source, f"no change over two refresh periods of {period:g} s while being watched")


_FOUND_BY: Final[dict[Need, Callable[[Facts], Finding]]] = {
    Need.THIS_PID_NAMESPACE: lambda facts: facts.named.space,
    Need.BEFORE_BOOT: lambda facts: facts.before_boot,
    Need.PID_GONE: gone,
    Need.THIS_HOST: host,
    Need.LOCAL: place,
    Need.NOT_OPEN: not_open,
    Need.UNLOCKED: unlocked,
    Need.STILL: still,
}


#: What each rule asks for: looked up once, not for each lock.
_FINDINGS: Final = {rule: tuple(_FOUND_BY[need] for need in rule.needs) for rule in Rule}


def finding(need: Need, facts: Facts) -> Finding:
    """What is known of one need."""
    return _FOUND_BY[need](facts)


def proves(rule: Rule, facts: Facts) -> bool:
    """Whether a rule is proof: it has needs, and every one of them was seen to hold."""
    for find in _FINDINGS[rule]:  # no generator: this is asked of each row of each scan
        if find(facts).sight is not _YES:
            return False
    return rule.is_proof


def in_the_way(facts: Facts) -> tuple[Beside, ...]:
    """The companions that are not proved dead."""
    return tuple(one for one in facts.beside if one.dead.sight is not _YES)


def may_be_meant(facts: Facts) -> bool:
    """Whether a living process of the number in the lock may be the one that is meant.

    Where the kernel lock alone excludes, the number inside is history and decides nothing.
    """
    if facts.format is None or facts.format.is_advisory:
        return False
    if Rule.LOCK_FREE in facts.format.rules:
        return facts.named.known
    if facts.host is _HERE:
        return True
    if facts.host is _NAMED_BY_NONE:
        return facts.where is _LOCAL or facts.named.known
    return facts.host is HostSays.UNVERIFIED and facts.named.known
