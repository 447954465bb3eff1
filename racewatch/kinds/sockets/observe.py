"""From a pinned handle to an observation: gather facts (reads only), judge, describe."""

from __future__ import annotations

import os
import stat as stat_mode
import time
from collections.abc import Callable
from typing import Final

from racewatch.core.by_name import PRIVATE_PREFIX
from racewatch.core.model import Account, Evidence, KindName, Observation, Owner, Pairs, Target
from racewatch.core.text import display
from racewatch.kinds.place import Where
from racewatch.kinds.seeing import file_type, fingerprint, fingerprint_of, moment
from racewatch.kinds.sockets.evidence import bound_row, type_word
from racewatch.kinds.sockets.facts import Facts
from racewatch.kinds.sockets.judge import BEING_WATCHED, Judgement, judge, judge_lost
from racewatch.kinds.sockets.policy import Looks
from racewatch.kinds.sockets.surroundings import Surroundings
from racewatch.linux import fs, processes
from racewatch.linux.probe import Presence
from racewatch.linux.sockdiag import UnixSocket, node_key

# Bound once: Python 3.11 takes five times as long to look a member up in its enum, and this is for each row.
_new: Final = tuple.__new__  # likewise: the constructors of named tuples take three times as long
_SOCKET: Final = KindName.SOCKET
_LOCAL: Final = Where.LOCAL
_BOUND: Final = Presence.BOUND
_ABSENT: Final = Presence.ABSENT
_UNKNOWN: Final = Presence.UNKNOWN


class Observer:
    """Observes socket nodes with one set of surroundings."""

    def __init__(self, around: Surroundings, looks: Looks, *, clock: Callable[[], float] = time.time) -> None:
        self._around = around
        self._looks = looks
        self._policy = looks.policy
        self._clock = clock
        #: What sock_diag calls the nodes that were observed.
        self.nodes: set[tuple[int, int]] = set()

    def node(self, path: bytes, directory_fd: int, directory: fs.Stat, fd: int, node: fs.Stat) -> Observation:
        """Observe the node behind a pinned handle; ``path`` is where it was found, ``node`` what it is."""
        if not node.is_socket:
            kind = file_type(node.mode)
            facts = Facts(path, kind, None, Where.UNSEEN, None)
            return self._observation(Target(_SOCKET, path), facts, node)
        around, policy = self._around, self._policy
        answer = around.probe.ask(fd)
        presence = answer.presence
        key = around.key_of(node)
        self.nodes.add(key)
        rows = around.rows_of(key)
        name = path[path.rfind(b"/") + 1 :]
        count = 0
        where, fstype = _LOCAL, None
        merged = rival = unit_name = None
        if presence is _BOUND:
            self._looks.alive((node.dev, node.ino, node.btime_ns))
        else:
            place = around.place(directory_fd, directory, name, fd, node)
            where, fstype = place.where, place.fstype
            if place.merged:
                merged = around.ask_merged(place, name)
            if presence is _ABSENT:
                count = self._looks.dead((node.dev, node.ino, node.btime_ns))
            rival = around.rival(name)
        book = around.owners
        owners: tuple[Owner, ...] = ()
        pending = unit_active = False
        if rows:
            row = next((one for one in rows if one.owns_node), rows[0])
            owners, pending = book.get(row.inode), book.is_pending(row.inode)
        if (unit := around.unit_of(path)) is not None:
            unit_name, unit_active = unit.unit, unit.is_active
        facts = _new(
            Facts,
            (  # in the order of the fields: this is called for each row of each scan
                path,
                "socket",
                answer,
                where,
                fstype,
                rows,
                merged,
                rival,
                around.rivals_known,
                around.is_foreign(path),
                owners,
                pending,
                book.unseen,
                unit_name,
                unit_active,
                around.units.problem,
                processes.user_name(node.uid) if presence is _UNKNOWN else "",
                # Only where it counts: it is another at every look, and the account would be another with it.
                self._clock() - node.btime_ns / 1e9 if policy.min_age > 0 and node.btime_ns else None,
                policy.min_age,
                count,
                policy.dead_looks,
                name.startswith(PRIVATE_PREFIX),
                None,
            ),
        )
        return self._observation(Target(_SOCKET, path), facts, node)

    def lost(self, row: UnixSocket, because: str) -> Observation:
        """Observe a live socket that its name does not lead to any more."""
        facts = Facts(
            path=row.name,
            file_type="socket",
            answer=None,
            where=Where.UNSEEN,
            fstype=None,
            rows=(row,),
            owners=self._around.owners.get(row.inode),
            owners_unseen=self._around.owners.unseen,
            lost_because=because,
        )
        return self._describe(
            lost_target(row), facts, judge_lost(facts, row), fingerprint_of(b"lost", row.inode, row.name)
        )

    def _observation(self, target: Target, facts: Facts, node: fs.Stat) -> Observation:
        judged = judge(facts)
        # Without a birth time the change time stands in: it moves more often, which only refuses more.
        born = node.btime_ns if node.btime_ns is not None else node.ctime_ns
        # What fingerprint_of would make of them, without a tuple for each row.
        kind = stat_mode.S_IFMT(node.mode)
        print_of = fingerprint(f"({node.dev}, {node.ino}, {born}, {kind}, {judged.label!r})")
        return self._describe(target, facts, judged, print_of, created=node.btime_ns)

    def _describe(
        self, target: Target, facts: Facts, judged: Judgement, fingerprint: str, *, created: int | None = None
    ) -> Observation:
        owners = facts.owners
        return Observation.with_account(
            _new(Account, (_tell, (facts, created))),
            target=target,
            path=facts.path,
            fingerprint=fingerprint,
            verdict=judged.verdict,
            label=judged.label,
            summary=judged.summary,
            owner=owners[0] if owners else None,
            removable=judged.removable,
            seen_at=self._clock(),
            remedy=judged.remedy,
            others=owners[1:],
        )


def _tell(facts: Facts, created: int | None) -> tuple[tuple[Evidence, ...], Pairs]:
    """An account: the same facts are always judged the same."""
    row = bound_row(facts)
    judged = judge(facts) if row is None or facts.lost_because is None else judge_lost(facts, row)
    shown: list[tuple[str, str]] = []
    word = type_word(row)
    if word:
        shown.append(("type", word))
    if row is not None and row.listening:
        shown.append(("queue", f"{row.queue} of {row.backlog}"))
    if created:
        shown.append(("created", moment(created / 1e9)))
    if facts.unit:
        shown.append(("unit", f"{facts.unit} ({'active' if facts.unit_active else 'not active'})"))
    return judged.evidence, tuple(shown)


def is_being_watched(seen: Observation) -> bool:
    """Whether only the number of dead looks that the policy demands is still missing."""
    return seen.label.startswith(BEING_WATCHED)


def lost_target(row: UnixSocket) -> Target:
    """The target of a live socket without a name: by its own inode, since the path means another thing."""
    return Target(KindName.SOCKET, b"lost:%d:%s" % (row.inode, row.name))


def why_lost(row: UnixSocket, around: Surroundings) -> str | None:
    """Why a bound socket's name does not lead to it any more; None when it does, or when we cannot see.

    The name is looked up where its holder sees it (``/proc/PID/root``): a service with a private
    ``/tmp`` has not lost anything.  A socket that was renamed keeps its old name in the kernel; the
    caller leaves out those whose node it has seen under another name.
    """
    owners = around.owners.get(row.inode)
    if not owners or around.filesystems is None:
        return None
    owner = owners[0]
    if processes.alive(processes.ProcessId(owner.pid, owner.start_ticks)) is not processes.Life.ALIVE:
        return None
    try:
        os.stat(b"/proc/%d/root" % owner.pid)
    except OSError:
        return None
    try:
        found = fs.stat_path(b"/proc/%d/root%s" % (owner.pid, row.name))
    except (FileNotFoundError, NotADirectoryError):
        return f"the name {display(row.name)} is gone"
    except OSError:
        return None
    superblock = around.filesystems.superblock_of(found.mount_id)
    if superblock is None:
        return None

    if node_key(superblock, found.ino) == row.key:
        return None
    what = "another socket" if found.is_socket else "something else"
    return f"the name {display(row.name)} means {what} now"
