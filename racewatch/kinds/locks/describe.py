"""What a person is told about a lock beside its verdict: name/value pairs, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from racewatch.core.model import Verdict
from racewatch.core.text import display
from racewatch.kinds.locks.claim import Claim
from racewatch.kinds.locks.evidence import several
from racewatch.kinds.locks.facts import Facts
from racewatch.kinds.locks.format import Mechanism, Policy
from racewatch.kinds.locks.registry import Identified
from racewatch.kinds.seeing import moment
from racewatch.linux import fs

_BY_EXISTENCE: Final = frozenset(
    {Mechanism.EXCLUSIVE_FILE, Mechanism.SYMLINK, Mechanism.DIRECTORY, Mechanism.HARD_LINK, Mechanism.PIDFILE}
)
_LATEST: Final = 1 << 38  # the year 10680: further than any clock, and within what localtime takes


def pairs(
    facts: Facts,
    node: fs.Stat,
    identified: Identified | None,
    goes_along: Sequence[bytes],
    verdict: Verdict,
) -> tuple[tuple[str, str], ...]:
    """The facts of one lock, in order; nothing in them changes by itself."""
    one = facts.format
    said = facts.claim if isinstance(facts.claim, Claim) else None
    found: list[tuple[str, str | None]] = []
    if one is not None:
        found += [("program", one.program), ("title", one.title)]
        found += [("mechanism", ", ".join(one.mechanisms)), ("policy", facts.policy.value)]
    if said is not None:
        found += [("host", said.host), ("pid", None if said.pid is None else str(said.pid))]
        found += [("user", said.user)]
    found += [("taken", _taken(facts, node, said)), ("modified", _modified(facts, node, verdict))]
    waiting = [
        owner for locked in (facts.locked, *(seen for _, seen in facts.tested)) for owner in locked.waiting
    ]
    if waiting:
        found.append(("waiters", f"{len(waiting)}: {several(tuple(waiting))}"))
    if one is not None:
        found.append(("consequence", one.consequence))
    if identified is not None:
        found += [("command", command) for command in identified.commands()]
    found += [("goes with it", display(path)) for path in goes_along]
    if said is not None:
        found += list(said.facts)
    return tuple((name, value) for name, value in found if value)


def remedy_of(facts: Facts, identified: Identified | None) -> str | None:
    """What to do; for what only its own program may take away, that program's command."""
    one = facts.format
    if one is None or identified is None:
        return None
    commands = identified.commands()
    if facts.policy is Policy.TOOL and commands:
        return f"{one.remedy}. Its own command: {'; '.join(commands)}"
    return one.remedy


def local_time(seconds: float) -> str | None:
    """A moment as people of this machine write it; None when it is none."""
    if not 0 < seconds < _LATEST:
        return None
    return moment(seconds)


def _taken(facts: Facts, node: fs.Stat, said: Claim | None) -> str | None:
    if said is not None and said.time is not None:
        return local_time(said.time)
    one = facts.format
    if one is None or node.btime_ns is None or not _BY_EXISTENCE & set(one.mechanisms):
        return None
    return local_time(node.btime_ns / 1e9)


def _modified(facts: Facts, node: fs.Stat, verdict: Verdict) -> str | None:
    beats = facts.format is not None and facts.format.refresh_period is not None
    return None if beats and verdict is Verdict.LIVE else local_time(node.mtime_ns / 1e9)
