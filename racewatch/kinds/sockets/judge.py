"""From facts to a verdict: pure functions, each rule with the reason it exists.

Fail closed: only one path leads to ``stale``, and it is the last one.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import Final, NamedTuple

from racewatch.core.model import Evidence, Removable, Verdict
from racewatch.kinds.place import Where
from racewatch.kinds.sockets import evidence
from racewatch.kinds.sockets.evidence import WHERE_REASON, bound_row, lost_label, state
from racewatch.kinds.sockets.facts import Facts
from racewatch.kinds.sockets.window import remaining_window
from racewatch.linux.probe import Answer, Presence
from racewatch.linux.sockdiag import UnixSocket

#: The label of a dead socket that the policy wants to see dead more often.
BEING_WATCHED: Final = "being watched"
# Bound once: Python 3.11 takes five times as long to look a member up in its enum, and this is for each row.
_new: Final = tuple.__new__  # likewise: the constructors of named tuples take three times as long
_BOUND: Final = Presence.BOUND
_UNKNOWN: Final = Presence.UNKNOWN
_LOCAL: Final = Where.LOCAL
_STALE: Final = Verdict.STALE
_LIVE: Final = Verdict.LIVE
_YES: Final = Removable.YES
_NEVER: Final = Removable.NEVER
_DEAD: Final = (
    "Nobody is bound to this socket, and nobody ever will be: a server that comes back makes a new one."
)


class Judgement(NamedTuple):
    """What the facts add up to."""

    verdict: Verdict
    label: str
    summary: str
    #: Puts the findings behind it into words.
    because: Callable[[Facts], tuple[Evidence, ...]]
    facts: Facts
    removable: Removable
    remedy: str | None = None

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """The findings behind it; put into words each time it is read."""
        found = self.because(self.facts)
        if self.removable is Removable.NEVER:
            return found
        return (*found, remaining_window(self.facts, self.verdict))


def judge(facts: Facts) -> Judgement:
    """The verdict on one node.  Same facts, same verdict; the order of the rules is the order of proof."""
    answer = facts.answer
    if answer is None:
        return _not_a_socket(facts)
    presence = answer.presence
    if presence is _BOUND:
        return _live(facts, answer)
    if facts.rows and any(row.owns_node for row in facts.rows):
        # sock_diag proves life without any permission on the node.  With ABSENT it contradicts the
        # probe (a 32-bit inode collision, or a death in between): life wins.
        return _live(facts, answer)
    if facts.merged is not None and facts.merged.presence is _BOUND:
        return _live(facts, answer)
    if presence is _UNKNOWN:
        return _could_not_ask(facts, answer)
    return _refused(facts)


def _refused(facts: Facts) -> Judgement:
    """ECONNREFUSED: proof of death, unless one of these reasons says that it proves nothing here."""
    if facts.where is not _LOCAL:
        never = facts.where is Where.MOUNTED_OVER
        return _unknown(
            facts,
            "shared place" if not never else "mounted over",
            f"No socket of this kernel is bound here, but that proves nothing: {WHERE_REASON[facts.where]}.",
            evidence.of_place,
            never=never,
        )
    if facts.rival is not None or not facts.rivals_known:
        return _unknown(
            facts,
            "cannot tell",
            "No socket is bound to this inode, but one of the same name is bound where it cannot be seen.",
            evidence.of_rival,
        )
    if facts.min_age > 0 and (facts.age is None or facts.age < facts.min_age):
        return _unknown(
            facts, "too young", "It is dead, but younger than the configuration demands.", evidence.of_age
        )
    if facts.looks < facts.looks_needed:
        return _unknown(
            facts,
            BEING_WATCHED,
            f"Dead at {facts.looks} of {facts.looks_needed} looks that the configuration demands.",
            evidence.of_looks,
        )
    label = "dead socket, set aside" if facts.set_aside else "dead socket"
    remedy = None
    if facts.unit and facts.unit_active:
        remedy = f"{facts.unit} is active and lists this path: restart it to get a working socket"
    return _new(Judgement, (_STALE, label, _DEAD, evidence.of_death, facts, _YES, remedy))


def _live(facts: Facts, answer: Answer) -> Judgement:
    row = bound_row(facts)
    label, words = state(facts, row, answer)
    owner = facts.owners[0] if facts.owners else None
    by = f" by {owner.name} (pid {owner.pid})" if owner else ""
    remedy = None
    if label == "hung":
        remedy = "its server does not accept connections: look at the server" + (
            f" (pid {owner.pid})" if owner else ""
        )
    elif label == "shut down":
        remedy = "its server has shut it down but still holds it: restart the server"
    summary = f"In use{by}: {words}."
    return _new(Judgement, (_LIVE, label, summary, evidence.of_life, facts, _NEVER, remedy))


def judge_lost(facts: Facts, row: UnixSocket) -> Judgement:
    """A live socket whose name is gone or means another inode: the damage of some other cleaner."""
    owner = facts.owners[0] if facts.owners else None
    who = f"{owner.name} (pid {owner.pid})" if owner else "its server"
    unit = f", for example with: systemctl restart {owner.unit}" if owner and owner.unit else ""
    return Judgement(
        Verdict.LIVE,
        lost_label(row),
        f"{who} serves a socket that no client can reach any more: {facts.lost_because}.",
        evidence.of_loss,
        facts,
        Removable.NEVER,
        f"restart {who}, so that it makes its socket anew{unit}",
    )


def _not_a_socket(facts: Facts) -> Judgement:
    return Judgement(
        Verdict.UNKNOWN,
        "not a socket",
        f"The name means a {facts.file_type}, which is not racewatch's to remove as a socket.",
        evidence.of_type,
        facts,
        Removable.NEVER,
    )


def _could_not_ask(facts: Facts, answer: Answer) -> Judgement:
    if answer.errno in (errno.EACCES, errno.EPERM):
        who = f"{facts.node_owner} or root" if facts.node_owner not in ("", "root") else "root"
        return _unknown(
            facts,
            "no permission",
            f"This user may not write to it, so nobody can be asked whether it is in use; {who} can see.",
            evidence.of_probe,
            remedy=f"look again as {who}",
        )
    return _unknown(
        facts,
        "cannot tell",
        f"The question whether somebody is bound to it failed ({answer.errno_name}).",
        evidence.of_probe,
    )


def _unknown(
    facts: Facts,
    label: str,
    summary: str,
    because: Callable[[Facts], tuple[Evidence, ...]],
    *,
    never: bool = False,
    remedy: str | None = None,
) -> Judgement:
    if facts.set_aside:
        label += ", set aside"
    removable = Removable.NEVER if never else Removable.OVERRIDE
    return Judgement(Verdict.UNKNOWN, label, summary, because, facts, removable, remedy)
