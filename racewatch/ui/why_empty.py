"""Why a table shows no rows: four different reasons must be four different things to read.

Nothing is there; nothing matches; it cannot be seen; watching is limited.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from racewatch.core.model import Problem
from racewatch.core.text import display, display_text
from racewatch.monitor.batch import HealthState, SourceHealth
from racewatch.ui import kinds_said
from racewatch.ui.columns import Shape
from racewatch.ui.query import Key, Query, Term
from racewatch.ui.sources_said import source_detail, source_name
from racewatch.ui.tr import marked, tr

#: What the window opens on.
ATTENTION: Final = Query((Term("attention", Key.NEEDS),))
_MOST: Final = 4


class Way(enum.Enum):
    """What a press of the button does."""

    NONE = ""
    RESET = marked("Show all")
    HEALTH = marked("How well each source works")


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
    roots = sight.roots or tr("the watched folders")
    said = kinds_said.said_of(shape.kind)
    if not sight.ready:
        more = (
            tr("Nothing of what was seen so far matches.")
            if total
            else tr("The first look below {roots} is under way.").format(roots=roots)
        )
        return Reason("hourglass", tr("Looking…"), more)
    if total:
        return _hidden(shape, sight, total, query)
    if sight.problems:
        text = tr(said.not_all_seen).format(places=_places(sight))
        return Reason("eye-off", tr("Cannot see"), text, Way.HEALTH)
    bad = [one for one in sight.health if one.state is not HealthState.OK]
    if bad:
        lines = "\n".join(_limited(one) for one in bad[:_MOST])
        return Reason("pulse", tr(said.none_seen), f"{lines}{_more(bad)}", Way.HEALTH)
    return Reason("nothing", tr(said.none_here), tr(said.there_is_none).format(roots=roots))


def _hidden(shape: Shape, sight: Sight, total: int, query: Query) -> Reason:
    things = kinds_said.counted(shape.kind, total)
    if set(query.terms) != set(ATTENTION.terms):
        text = tr("The filter hides {things}.").format(things=things)
        return Reason("filter", tr("Nothing matches"), text, Way.RESET)
    text = tr("Of {things} none is left over, hung, or cut off from its name.").format(things=things)
    bad = [one for one in sight.health if one.state is not HealthState.OK]
    if sight.problems:
        text = "\n".join((text, tr("But not everything could be seen:"), _places(sight)))
    elif bad:
        limits = (_limited(one) for one in bad[:_MOST])
        text = "\n".join((text, tr("But watching is limited:"), *limits))
    calm = not sight.problems and not bad
    return Reason("success" if calm else "eye-off", tr("Nothing needs attention"), text, Way.RESET)


def _places(sight: Sight) -> str:
    lines = []
    for one in sight.problems[:_MOST]:
        who = sight.who.get(one.path, "")
        why = f"{display(one.path)}: {one.reason.rstrip('.')}."
        could = tr("So can its owner, {who}.").format(who=display_text(who)) if who else ""
        lines.append(f"{why} {could}".rstrip())
    return "\n".join(lines) + _more(sight.problems)


def _more(items: Sequence[object]) -> str:
    return "\n" + tr("and %n more", "", len(items) - _MOST) if len(items) > _MOST else ""


def _limited(one: SourceHealth) -> str:
    said = f"{source_name(one.source)}: {source_detail(one.detail)}"
    return " ".join((said, tr("What helps: {cure}").format(cure=one.cure))) if one.cure else said
