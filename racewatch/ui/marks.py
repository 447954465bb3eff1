"""Small signs at the end of a row's path: something to know about it beside its verdict."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from racewatch.core.model import Observation


@dataclass(frozen=True, slots=True)
class Mark:
    """One sign; ``text`` says in words what it means, and is what its tooltip shows."""

    icon: str
    text: str


#: The sign of a row, where it has one.
MarkOf = Callable[[Observation], Mark | None]


def no_mark(_seen: Observation) -> Mark | None:
    """Nothing to know."""
    return None
