"""What the table of each kind shows: its columns, how they sort, what makes room when it is narrow."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from racewatch.core.model import KindName, Observation
from racewatch.core.text import display_text
from racewatch.ui import timeline_text, words
from racewatch.ui.tr import marked


class Style(enum.Enum):
    """How a column is painted."""

    STATE = "state"  # verdict with icon and colour, then the label; always the first column
    PATH = "path"  # monospaced, cut in the middle; takes the width that is left
    PLAIN = "plain"
    QUIET = "quiet"  # in the muted colour
    SPACE = "space"  # what it takes on the disk: counted beside, so not in any one look
    TIMELINE = "timeline"  # drawn; its text and its order come from what happened, not from one look


@dataclass(frozen=True, slots=True)
class Column:
    """One column.  ``text`` is what it shows and, without a ``key`` of its own, what it sorts by.

    ``ages``: the text changes by itself with time, so it is made anew each time it is painted.
    """

    name: str
    title: str
    text: Callable[[Observation], str]
    style: Style = Style.QUIET
    width: int = 0
    key: Callable[[Observation], tuple[Any, ...]] | None = None
    tip: Callable[[Observation], str] | None = None
    ages: bool = False


@dataclass(frozen=True, slots=True)
class Shape:
    """The table of one kind, or (``kind`` None) of all of them.

    ``gives_way`` names the columns that make room for the path, first to last (the evidence pane shows
    it all the same).  ``group`` names the column by which rows can be grouped; ``search`` is further
    text that the search finds.
    """

    kind: KindName | None
    plural: str
    columns: tuple[Column, ...]
    gives_way: tuple[str, ...]
    search: Callable[[Observation], tuple[str, ...]]
    group: str | None = None

    @property
    def noun(self) -> str:
        """What one row is."""
        return self.kind.value if self.kind is not None else "thing"

    @property
    def key(self) -> str:
        """Under what widths and order of its columns are kept: those of other columns do not fit."""
        return f"{self.plural}/columns/{' '.join(column.name for column in self.columns)}"

    @property
    def timeline_at(self) -> int:
        """The place of the column that is a timeline."""
        return next(at for at, column in enumerate(self.columns) if column.style is Style.TIMELINE)

    def at(self, name: str) -> int:
        """The place of the column with this name."""
        return next(at for at, column in enumerate(self.columns) if column.name == name)

    @property
    def path_at(self) -> int:
        """The place of the column that takes the width that is left."""
        return next(at for at, column in enumerate(self.columns) if column.style is Style.PATH)


def text_key(text: str) -> tuple[bool, str]:
    """Sorts as people read; nothing sorts last."""
    return (not text, text.casefold())


def _state_key(seen: Observation) -> tuple[Any, ...]:
    return (words.rank(seen), seen.label)


def _owner_key(seen: Observation) -> tuple[Any, ...]:
    owner = seen.owner
    return (*text_key(owner.name if owner else ""), owner.pid if owner else 0)


def _owner_tip(seen: Observation) -> str:
    owner = seen.owner
    return (display_text(owner.command) or words.owner_text(owner)) if owner else ""


def _state_tip(seen: Observation) -> str:
    return f"{words.state_word(seen.verdict.value)}: {display_text(seen.label)}\n{seen.summary}"


def _unit(seen: Observation) -> str:
    return display_text(seen.owner.unit or "") if seen.owner else words.fact(seen, "unit")


def _owner_words(seen: Observation) -> tuple[str, ...]:
    found: list[str] = []
    for owner in (*((seen.owner,) if seen.owner else ()), *seen.others):
        found += [owner.name, str(owner.pid), owner.user, owner.unit or "", owner.command]
    return tuple(found)


def _program_key(seen: Observation) -> tuple[Any, ...]:
    return (*text_key(words.program(seen)), seen.format or "")


def _program_tip(seen: Observation) -> str:
    named = f" ({seen.format})" if seen.format else ""
    return f"{words.fact(seen, 'title')}{named}"


def _state(width: int) -> Column:
    """The first column, as wide as the usual labels of its kind."""
    return Column(
        "state",
        marked("State"),
        lambda seen: display_text(seen.label),
        Style.STATE,
        width,
        key=_state_key,
        tip=_state_tip,
    )


_PATH: Final = Column("path", marked("Path"), words.full_path, Style.PATH, 200, key=lambda _: ())
_TIMELINE: Final = Column("timeline", timeline_text.TITLE, lambda _: "", Style.TIMELINE, 104)

SOCKETS: Final = Shape(
    kind=KindName.SOCKET,
    plural="sockets",
    columns=(
        _state(230),
        _PATH,
        Column("type", marked("Type"), words.type_text, width=142),
        Column(
            "owner",
            marked("Owner"),
            lambda seen: words.owner_text(seen.owner),
            Style.PLAIN,
            172,
            key=_owner_key,
            tip=_owner_tip,
        ),
        Column(
            "user", marked("User"), lambda seen: display_text(seen.owner.user) if seen.owner else "", width=66
        ),
        Column("unit", marked("Unit"), _unit, width=120),
        Column(
            "since",
            marked("Since"),
            lambda seen: words.short_moment(words.since(seen)),
            width=80,
            key=lambda seen: text_key(words.since(seen)),
        ),
        _TIMELINE,
    ),
    gives_way=("unit", "user", "since", "timeline", "type"),
    search=lambda seen: (words.fact(seen, "unit"), *_owner_words(seen)),
)

LOCKS: Final = Shape(
    kind=KindName.LOCK,
    plural="locks",
    columns=(
        _state(232),
        _PATH,
        Column(
            "program",
            marked("Program"),
            words.program,
            Style.PLAIN,
            128,
            key=_program_key,
            tip=_program_tip,
        ),
        Column(
            "holder", marked("Holder"), words.holder_text, Style.PLAIN, 160, key=_owner_key, tip=_owner_tip
        ),
        Column(
            "waiters",
            marked("Waiting"),
            words.waiters_text,
            width=72,
            tip=lambda seen: words.fact(seen, "waiters"),
        ),
        Column("host", marked("Host"), lambda seen: words.fact(seen, "host"), width=84),
        Column(
            "age",
            marked("Age"),
            lambda seen: words.age(words.written(seen)),
            width=64,
            key=lambda seen: text_key(words.written(seen)),
            tip=words.written,
            ages=True,
        ),
        _TIMELINE,
    ),
    gives_way=("host", "waiters", "timeline", "age"),
    search=lambda seen: (
        seen.format or "",
        words.fact(seen, "program"),
        words.fact(seen, "title"),
        words.fact(seen, "host"),
        words.fact(seen, "waiters"),
        *_owner_words(seen),
    ),
    group="program",
)

CONTAINERS: Final = Shape(
    kind=KindName.CONTAINER,
    plural="containers",
    columns=(
        _state(200),
        Column("name", marked("Name"), lambda seen: words.fact(seen, "name"), Style.PLAIN, 116),
        Column("id", "ID", words.short_id, width=116, tip=words.whole_id),
        Column("bundle", marked("Image or bundle"), words.made_of, Style.PATH, 150),
        Column(
            "runtime", marked("Engine or runtime"), lambda seen: words.fact(seen, "runtime"), Style.PLAIN, 140
        ),
        Column(
            "owner",
            marked("First process"),
            lambda seen: words.owner_text(seen.owner),
            Style.PLAIN,
            160,
            key=_owner_key,
            tip=_owner_tip,
        ),
        Column(
            "since",
            marked("Since"),
            lambda seen: words.age(words.in_state_since(seen)),
            width=64,
            key=lambda seen: text_key(words.in_state_since(seen)),
            tip=words.in_state_since,
            ages=True,
        ),
        Column("space", marked("Size"), lambda _: "", Style.SPACE, 104),
        _TIMELINE,
    ),
    gives_way=("owner", "timeline", "id", "since", "space"),
    search=lambda seen: (
        words.fact(seen, "name"),
        words.whole_id(seen),
        words.fact(seen, "runtime"),
        words.made_of(seen),
        words.full_path(seen),
        *_owner_words(seen),
    ),
    group="runtime",
)

#: The table of each kind.
SHAPES: Final = {KindName.SOCKET: SOCKETS, KindName.LOCK: LOCKS, KindName.CONTAINER: CONTAINERS}


def _holder(seen: Observation) -> str:
    return words.holder_text(seen) if seen.target.kind is KindName.LOCK else words.owner_text(seen.owner)


def _what(seen: Observation) -> str:
    """What sort of its kind: the type of a socket, whose lock, what a container is made of."""
    if seen.target.kind is KindName.SOCKET:
        return words.fact(seen, "type")
    return words.program(seen) if seen.target.kind is KindName.LOCK else words.fact(seen, "runtime")


ALL: Final = Shape(
    kind=None,
    plural="things",
    columns=(
        _state(232),
        Column("kind", marked("Kind"), lambda seen: words.capital(words.noun(seen.target)), Style.PLAIN, 92),
        Column(
            "path",
            marked("Path or name"),
            words.place_text,
            Style.PATH,
            216,
            key=lambda _: (),
            tip=words.full_path,
        ),
        Column("what", marked("What"), _what, width=110),
        Column("owner", marked("Owner"), _holder, Style.PLAIN, 172, key=_owner_key, tip=_owner_tip),
        Column(
            "user", marked("User"), lambda seen: display_text(seen.owner.user) if seen.owner else "", width=66
        ),
        Column(
            "age",
            marked("Age"),
            lambda seen: words.age(words.there_since(seen)),
            width=64,
            key=lambda seen: text_key(words.there_since(seen)),
            tip=words.there_since,
            ages=True,
        ),
        _TIMELINE,
    ),
    gives_way=("user", "age", "timeline", "what"),
    search=lambda seen: SHAPES[seen.target.kind].search(seen),
)
