"""Filters that a person keeps under a name, and how many things each of them lets through just now."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QObject, QSettings, QTimer, Signal

from racewatch.core.model import Observation, Target
from racewatch.core.text import display_text
from racewatch.monitor.batch import Batch
from racewatch.monitor.chronicle import Chronicle
from racewatch.ui.columns import ALL
from racewatch.ui.feed import MOST, NEXT_TURN_MS
from racewatch.ui.query import Query, parse, text_of
from racewatch.ui.query_match import Matcher, compiled
from racewatch.ui.table_row import Row
from racewatch.ui.tr import marked, tr
from racewatch.ui.why_empty import ATTENTION

_KEY: Final = "filters/saved"
LONGEST: Final = 60
#: What asks for an age is counted anew this often: time alone changes it.
_AGES_MS: Final = 30_000


@dataclass(frozen=True, slots=True)
class SavedFilter:
    """A name and what it asks for.  Those of the program itself can neither be renamed nor deleted."""

    name: str
    text: str
    built_in: bool = False

    @property
    def shown(self) -> str:
        """The name as it is read; what it is kept under is the same in every language."""
        return tr(self.name) if self.built_in else self.name

    @property
    def query(self) -> Query:
        """What it asks for."""
        return parse(self.text).query


NEEDS_ATTENTION: Final = SavedFilter(marked("Needs attention"), text_of(ATTENTION), built_in=True)


class SavedFilters(QObject):
    """The list, kept in the window's settings.  ``changed`` after every change."""

    changed = Signal()

    def __init__(self, settings: QSettings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self._own = [one for one in _read(settings) if one.name != NEEDS_ATTENTION.name]

    def every(self) -> tuple[SavedFilter, ...]:
        """All of them, those of the program first."""
        return (NEEDS_ATTENTION, *self._own)

    def named(self, name: str) -> SavedFilter | None:
        """The one of this name."""
        return next((one for one in self.every() if one.name == name), None)

    def asking(self, query: Query) -> SavedFilter | None:
        """One that asks for exactly this, in whichever order."""
        terms = set(query.terms)
        return next((one for one in self.every() if terms and set(one.query.terms) == terms), None)

    def why_not(self, name: str, renaming: str | None = None) -> str:
        """Why a filter cannot have this name; nothing when it can."""
        if not name.strip():
            return tr("A filter needs a name.")
        if len(name.strip()) > LONGEST:
            return tr("That name is too long; {most} characters are the most.").format(most=LONGEST)
        taken = NEEDS_ATTENTION if _tidy(name) == NEEDS_ATTENTION.shown else self.named(_tidy(name))
        if taken is None or taken.name == renaming:
            return ""
        return tr("There is a filter “{name}” already.").format(name=taken.shown)

    def save(self, name: str, text: str) -> None:
        """Keep this text under a name that :meth:`why_not` has nothing against."""
        self._own.append(SavedFilter(_tidy(name), text))
        self._keep()

    def call_it(self, name: str, new: str) -> None:
        """Another name for the same filter, in its place."""
        self._own = [SavedFilter(_tidy(new), one.text) if one.name == name else one for one in self._own]
        self._keep()

    def delete(self, name: str) -> None:
        """Keep it no longer."""
        self._own = [one for one in self._own if one.name != name]
        self._keep()

    def _keep(self) -> None:
        self._settings.setValue(_KEY, json.dumps([[one.name, one.text] for one in self._own]))
        self._settings.sync()
        self.changed.emit()


def _tidy(name: str) -> str:
    return display_text(" ".join(name.split()))


def _read(settings: QSettings) -> Iterable[SavedFilter]:
    """What is kept; what is not readable (any more) is not there."""
    try:
        kept = json.loads(str(settings.value(_KEY, "[]")))
    except ValueError:
        return
    names: set[str] = set()
    for entry in kept if isinstance(kept, list) else ():
        match entry:
            case [str(name), str(text)] if _tidy(name) and _tidy(name) not in names:
                names.add(_tidy(name))
                yield SavedFilter(_tidy(name), text)


class _Count:
    """One filter and what it lets through."""

    def __init__(self, matcher: Matcher) -> None:
        self.matcher = matcher
        self.targets: set[Target] = set()

    def ask(self, seen: Observation) -> None:
        if self.matcher.test(Row(seen, ALL, 0.0, 0.0)):
            self.targets.add(seen.target)
        else:
            self.targets.discard(seen.target)


class FilterCounts(QObject):
    """How many things each filter lets through.  ``counted`` when a number may be another.

    A batch costs one question for each filter and change; a new filter is asked about everything that is
    there, a part in each turn of the loop.
    """

    counted = Signal()

    def __init__(self, chronicle: Chronicle, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._chronicle = chronicle
        self._counts: dict[str, _Count] = {}
        self._left: list[Target] = []
        self._turn = _timer(self, NEXT_TURN_MS, self._go_on)
        self._turn.setSingleShot(True)
        self._ages = _timer(self, _AGES_MS, self._ask_all)

    def follow(self, texts: Iterable[str]) -> None:
        """Count for these filters, and no longer for others."""
        before = self._counts
        self._counts = {
            text: before.get(text) or _Count(compiled(parse(text).query)) for text in dict.fromkeys(texts)
        }
        if self._counts.keys() - before.keys():
            self._ask_all()
        if any(count.matcher.ages for count in self._counts.values()):
            self._ages.start()
        else:
            self._ages.stop()
        self.counted.emit()

    def of(self, text: str) -> int:
        """How many this filter lets through."""
        count = self._counts.get(text)
        return len(count.targets) if count is not None else 0

    def hear(self, batch: Batch) -> None:
        """What came, changed or went."""
        for count in self._counts.values():
            for seen in (*batch.added, *batch.changed):
                count.ask(seen)
            count.targets.difference_update(seen.target for seen in batch.gone)
        self.counted.emit()

    def _ask_all(self) -> None:
        self._left = self._chronicle.present()
        self._go_on()

    def _go_on(self) -> None:
        targets, self._left = self._left[-MOST:], self._left[:-MOST]
        for target in targets:
            seen = self._chronicle.seen(target)
            if seen is not None:
                for count in self._counts.values():
                    count.ask(seen)
        self.counted.emit()
        if self._left:
            self._turn.start()


def _timer(parent: QObject, milliseconds: int, call: Callable[[], None]) -> QTimer:
    timer = QTimer(parent)
    timer.setInterval(milliseconds)
    timer.timeout.connect(call)
    return timer
