"""What is said of a lock that has just appeared, before everybody is looked at for who uses it."""

from __future__ import annotations

import time
from typing import Final

from racewatch.core.model import Evidence, KindName, Observation, Removable, Says, Target, Verdict
from racewatch.core.text import display
from racewatch.kinds.locks.contents import file_type_of, read_content
from racewatch.kinds.locks.format import Listed, Policy
from racewatch.kinds.locks.registry import Registry, Sighting
from racewatch.kinds.seeing import AT_FIRST, fingerprint_of
from racewatch.kinds.walk import Found

_OFFERED: Final = frozenset({Policy.BREAK, Policy.ASK})


def at_first(registry: Registry, found: Found) -> Observation | None:
    """That it is there, and what it is by its name and content; None when that makes it no lock.

    In use or not cannot be told yet, which counts as in use.  The fingerprint is that of no other observation:
    an act that names this one is refused.
    """
    node, kind = found.stat, file_type_of(found.stat)
    content = read_content(found.fd, node, registry.read_limit(found.path, kind))
    sighting = Sighting(found.path, kind, content, node.size, node.nlink, frozenset(), opened=False)
    identified = registry.identify(sighting)
    if identified is None or identified.format.listed is not Listed.ALWAYS:
        return None
    return Observation(
        target=Target(KindName.LOCK, found.path),
        path=found.path,
        fingerprint=fingerprint_of(b"at first", node.dev, node.ino, node.btime_ns),
        verdict=Verdict.UNKNOWN,
        label=AT_FIRST,
        summary=f"{display(found.path)} has just appeared; who uses it is being looked at.",
        evidence=(Evidence("use", Says.UNKNOWN, "/proc", "not everybody has been looked at yet"),),
        owner=None,
        # Where its format allows no removal at all, a person's word is not asked for either.
        removable=Removable.OVERRIDE if identified.policy in _OFFERED else Removable.NEVER,
        seen_at=time.time(),
        format=identified.format.name,
    )
