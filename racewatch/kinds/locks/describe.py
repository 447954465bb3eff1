"""What a person is told about a lock beside its verdict: name/value pairs, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from racewatch.core.model import Pairs, Verdict
from racewatch.core.text import display
from racewatch.kinds.locks.claim import Claim
from racewatch.kinds.locks.evidence import several
from racewatch.kinds.locks.facts import Facts
from racewatch.kinds.locks.format import Mechanism, Policy
from racewatch.kinds.locks.registry import Identified
from racewatch.kinds.seeing import moment

_BY_EXISTENCE: Final = frozenset(
    {Mechanism.EXCLUSIVE_FILE, Mechanism.SYMLINK, Mechanism.DIRECTORY, Mechanism.HARD_LINK, Mechanism.PIDFILE}
)
_LATEST: Final = 1 << 38  # the year 10680: further than any clock, and within what localtime takes


class Times(NamedTuple):
    """When a lock was born (None: not known) and last written, as far as people are told."""

    btime_ns: int | None
    mtime_ns: int


def pairs(
    facts: Facts,
    times: Times,
    identified: Identified | None,
    goes_along: Sequence[bytes],
    verdict: Verdict,
) -> Pairs:
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
    found += [("taken", _taken(facts, times, said)), ("modified", _modified(facts, times, verdict))]
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
    if facts.policy is Policy.TOOL and (commands := identified.commands()):
        return f"{one.remedy}. Its own command: {'; '.join(commands)}"
    return one.remedy


def local_time(seconds: float) -> str | None:
    """A moment as people of this machine write it; None when it is none."""
    if not 0 < seconds < _LATEST:
        return None
    return moment(seconds)


def _taken(facts: Facts, times: Times, said: Claim | None) -> str | None:
    if said is not None and said.time is not None:
        return local_time(said.time)
    one = facts.format
    if one is None or times.btime_ns is None or not _BY_EXISTENCE & set(one.mechanisms):
        return None
    return local_time(times.btime_ns / 1e9)


def _modified(facts: Facts, times: Times, verdict: Verdict) -> str | None:
    beats = facts.format is not None and facts.format.refresh_period is not None
    return None if beats and verdict is Verdict.LIVE else local_time(times.mtime_ns / 1e9)
