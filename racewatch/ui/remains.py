"""What stays open when a thing is removed: the evidence card's answer, from what was found out about it."""

from __future__ import annotations

from typing import Final

from racewatch.core.model import Evidence, KindName, Observation, Removable, Verdict
from racewatch.ui import words
from racewatch.ui.tr import marked, tr

#: The check of the evidence by which a kind tells what its own proof leaves open.
_CHECK: Final = "window"
#: Above them.
TITLE: Final = marked("What stays open if it is removed")
_WHY: Final = {
    Verdict.LIVE: marked("Why it is live"),
    Verdict.STALE: marked("Why it is stale"),
    Verdict.IDLE: marked("Why it is idle"),
    Verdict.UNKNOWN: marked("Why it is unknown"),
}


def found(seen: Observation) -> tuple[Evidence, ...]:
    """The evidence for the verdict, without what is about removing."""
    return tuple(one for one in seen.evidence if one.check != _CHECK)


def question(seen: Observation) -> str:
    """What the evidence answers."""
    return tr(_WHY[seen.verdict])


def windows(seen: Observation) -> tuple[str, ...]:
    """Which races the act leaves open, a sentence each; nothing for what is never removed."""
    if seen.removable is Removable.NEVER:
        return ()
    said = [words.sentence(one.detail) for one in seen.evidence if one.check == _CHECK]
    if seen.target.kind is KindName.LOCK:
        said.append(_between(seen))
    return tuple(said)


def risks(seen: Observation) -> tuple[str, ...]:
    """What can still go wrong if it is removed now: those races, what is lost if one is, and whether it can be undone."""
    if seen.removable is Removable.NEVER:
        return ()
    said = list(windows(seen))
    if words.fact(seen, "consequence"):
        said.append(
            tr("If it is in use after all: {consequence}.").format(
                consequence=words.fact(seen, "consequence")
            )
        )
    if not seen.undoable:
        said.append(tr("It cannot be undone."))
    return tuple(said)


def _between(seen: Observation) -> str:
    """A lock may be broken by another cleaner and be taken anew, all in the moment of the act."""
    kernel = "flock" in words.fact(seen, "mechanism") or "fcntl" in words.fact(seen, "mechanism")
    if kernel:
        return tr(
            "If another cleaner and a new owner come first, in the very moment of the act, the new lock is put back, "
            "never over another one; until then, some tens to hundreds of microseconds, a second owner could lock a "
            "file of its own."
        )
    return tr(
        "If another cleaner and a new owner come first, in the very moment of the act, the new lock is put back, never "
        "over another one; until then, some tens to hundreds of microseconds, a second owner could take it."
    )
