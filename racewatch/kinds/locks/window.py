"""What can still go wrong while a lock is broken: irrevocable and revocable proof told apart."""

from __future__ import annotations

from functools import cache

from racewatch.core.model import Evidence, Says
from racewatch.kinds.locks.format import Need, Rule

_IRREVOCABLE = (
    "the proof stays true: nobody can come back to this very lock, and its name is compared when it is taken"
)
_HELD = (
    "a free kernel lock may be taken again at any moment, so it is held by us from the last look until the "
    "name is gone"
)
_AWAKE = (
    "a silent owner may wake up at any moment, and nothing can keep it out: one that wakes after the last "
    "look finds its lock gone"
)
_UNPROVEN = (
    "nothing proves that it has no owner: one that nobody saw finds its lock gone. It is kept aside, and undo "
    "brings it back"
)


@cache
def remaining_window(proof: Rule | None) -> Evidence:
    """The race that is left when a lock is removed that this rule proved left over (None: none did)."""
    if proof is None:
        text = _UNPROVEN
    elif proof.irrevocable:
        text = _IRREVOCABLE
    else:
        text = _HELD if Need.UNLOCKED in proof.needs else _AWAKE
    return Evidence("window", Says.INFO, "rule", text)
