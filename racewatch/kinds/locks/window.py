"""What can still go wrong while a lock is broken: irrevocable and revocable proof told apart."""

from __future__ import annotations

from racewatch.core.model import Evidence, Observation, Says, Verdict
from racewatch.kinds.locks.format import Format, Need

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


def remaining_window(one: Format, seen: Observation) -> Evidence | None:
    """The race that is left when this lock is removed now; None when it cannot be removed.

    The rule that was proof is the one that the summary names; when none is, the least is promised.
    """
    if seen.verdict is Verdict.UNKNOWN:
        return Evidence("window", Says.INFO, "rule", _UNPROVEN)
    if seen.verdict is not Verdict.STALE:
        return None
    proof = next((rule for rule in one.rules if rule.is_proof and rule.says in seen.summary), None)
    if proof is not None and proof.irrevocable:
        text = _IRREVOCABLE
    elif proof is not None and Need.UNLOCKED in proof.needs:
        text = _HELD
    else:
        text = _AWAKE
    return Evidence("window", Says.INFO, "rule", text)
