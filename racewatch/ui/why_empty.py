"""Why a table shows no rows: four different reasons must be four different things to read.

Nothing is there; nothing matches; it cannot be seen; watching is limited.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from racewatch.core.model import KindName, Problem
from racewatch.core.text import display, display_text
from racewatch.monitor.batch import HealthState, SourceHealth
from racewatch.ui.columns import Shape
from racewatch.ui.query import Key, Query, Term

#: What the window opens on.
ATTENTION: Final = Query((Term("attention", Key.NEEDS),))
_MOST: Final = 4


class Way(enum.Enum):
    """What a press of the button does."""

    NONE = ""
    RESET = "Show all"
    HEALTH = "How well each source works"


@dataclass(frozen=True, slots=True)
class Reason:
    """Icon, title, a sentence or two, and the way out."""

    icon: str
    title: str
    text: str
    way: Way = Way.NONE


@dataclass(frozen=True, slots=True)
class Sight:
    """What is known about how well one can see: ``who`` tells for a place who could see it."""

    ready: bool = False
    roots: str = ""
    problems: tuple[Problem, ...] = ()
    health: tuple[SourceHealth, ...] = ()
    who: Mapping[bytes, str] = field(default_factory=dict)


def reason(shape: Shape, sight: Sight, total: int, query: Query) -> Reason:
    """Why nothing is shown, when ``total`` things are there and this is asked for."""
    where = f" below {sight.roots}" if sight.roots else ""
    if not sight.ready:
        more = "Nothing of what was seen so far matches." if total else f"The first look{where} is under way."
        return Reason("hourglass", "Looking…", more)
    if total:
        return _hidden(shape, sight, total, query)
    if sight.problems:
        return _unseen(shape, sight)
    bad = [one for one in sight.health if one.state is not HealthState.OK]
    if bad:
        said = "\n".join(_limited(one) for one in bad[:_MOST])
        nothing = f"No {shape.plural}" if shape.kind is not None else "Nothing"
        title = f"{nothing} seen, and watching is limited"
        return Reason("pulse", title, f"{said}{_more(bad)}", Way.HEALTH)
    title = f"No {shape.plural} here" if shape.kind is not None else "Nothing here"
    if shape.kind is KindName.CONTAINER:
        text = f"No engine and no runtime that was asked has a container, and there is no bundle{where}."
    elif shape.kind is None:
        text = f"There is no socket, lock or container{where}."
    else:
        text = f"There is no {shape.noun}{where}."
    return Reason("nothing", title, f"{text} A new one appears at once.")


def _hidden(shape: Shape, sight: Sight, total: int, query: Query) -> Reason:
    noun = shape.noun if total == 1 else shape.plural
    if set(query.terms) != set(ATTENTION.terms):
        return Reason("filter", "Nothing matches", f"The filter hides {total:,} {noun}.", Way.RESET)
    text = f"Of {total:,} {noun} none is left over, hung, or cut off from its name."
    bad = [one for one in sight.health if one.state is not HealthState.OK]
    if sight.problems:
        text += f"\nBut not everything could be seen:\n{_places(sight)}"
    elif bad:
        text += "\nBut watching is limited:\n" + "\n".join(_limited(one) for one in bad[:_MOST])
    calm = not sight.problems and not bad
    return Reason("success" if calm else "eye-off", "Nothing needs attention", text, Way.RESET)


def _unseen(shape: Shape, sight: Sight) -> Reason:
    seen = f"No {shape.noun} was seen" if shape.kind is not None else "Nothing was seen"
    return Reason(
        "eye-off", "Cannot see", f"{seen}, but not everything could be:\n{_places(sight)}", Way.HEALTH
    )


def _places(sight: Sight) -> str:
    lines = []
    for one in sight.problems[:_MOST]:
        who = sight.who.get(one.path, "")
        could = f" So can its owner, {display_text(who)}." if who else ""
        lines.append(f"{display(one.path)}: {one.reason.rstrip('.')}.{could}")
    return "\n".join(lines) + _more(sight.problems)


def _more(items: Sequence[object]) -> str:
    return f"\nand {len(items) - _MOST} more" if len(items) > _MOST else ""


def _limited(one: SourceHealth) -> str:
    cure = f" What helps: {one.cure}" if one.cure else ""
    return f"{one.source}: {one.detail}{cure}"
