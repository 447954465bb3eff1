"""What a drill means, in one sentence."""

from __future__ import annotations

from racewatch.core.text import display
from racewatch.drill.contest import Drill
from racewatch.linux.mounts import is_local_unstacked


def verdict(held: Drill) -> str:
    """Whether the file system can be trusted with what an act needs, and who lost what."""
    where = f"{display(held.folder)} ({held.fstype or 'unknown file system'})"
    naive = sum(one.naive.lost for one in held.contests)
    if held.lost:
        return f"racewatch lost {held.lost} living things in {where}. That must not be: please report it."
    if held.problem is not None:
        return f"In {where} an act cannot be safe, so racewatch refuses there: {held.problem}."
    if not is_local_unstacked(held.fstype):
        return (
            f"In {where} it cannot be proved that nobody uses a thing, so racewatch asks for a person's word there. "
            f"Even then it lost nothing; check-then-delete lost {naive}."
        )
    acted = "" if held.acted else ", though the machine was too busy for it to remove anything"
    return f"{where} can be trusted: racewatch lost nothing{acted}; check-then-delete lost {naive}."
