"""The page to look at: counts over time, what needs attention, what flaps, what lies around for longest."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QFont, QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from racewatch.core.model import Observation, Verdict
from racewatch.core.text import display
from racewatch.monitor.chronicle import Chronicle
from racewatch.monitor.timeline import State
from racewatch.ui import kinds_said, timeline_paint, timeline_text, words
from racewatch.ui.columns import SHAPES
from racewatch.ui.count_chart import CountChart
from racewatch.ui.lines import MOST_LINES, Line, LineList, Opening, Picture
from racewatch.ui.plain import PlainLabel, WrapLabel
from racewatch.ui.theme import Look
from racewatch.ui.tr import number, tr

#: Changes are shown at most this often (seconds), ages of what is quiet this seldom.
_PACE: Final = 1.0
_QUIET: Final = 60.0
#: Milliseconds until more left-overs are asked for their age.
_AGING_MS: Final = 100
#: Nothing moves for this long after a press: it may become a double-click.
_FINGER: Final = 0.7
_CHART: Final = 200
#: Below these widths the lists, and the charts, stand one below the other.
_NARROW: Final = 860
_NARROWEST: Final = 720


class Overview(QWidget):
    """Shows a :class:`Chronicle`; ``opened`` carries the :class:`~racewatch.ui.lines.Opening` of a line."""

    opened = Signal(object)

    def __init__(
        self,
        look: Look,
        chronicle: Chronicle,
        now: Callable[[], float] = time.monotonic,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._chronicle = chronicle
        self._now = now
        self._shown_at = 0.0
        self._pressed_at = -_FINGER
        self.setAccessibleName(tr("Overview"))
        self.charts = {kind: CountChart(look, kinds_said.title(kind)) for kind in SHAPES}
        self._titles = {kind: _title(kinds_said.title(kind)) for kind in SHAPES}
        self._cards = [_Card(self._titles[kind], self.charts[kind]) for kind in SHAPES]
        self.attention = self._list(look, tr("Left over, or cannot be told"), tr("How many, by kind"))
        self.flapping = self._list(look, tr("What flaps"), tr("What changed most often lately"))
        self.oldest = self._list(look, tr("Oldest left-overs"), tr("What is left over for longest"))
        self.fullest = self._list(look, tr("Fullest directories"), tr("Where most things are"))
        self._empty = {
            self.attention: _quiet(tr("Nothing is left over, and everything could be told.")),
            self.flapping: _quiet(tr("Nothing changes again and again.")),
            self.oldest: _quiet(tr("Nothing is left over.")),
            self.fullest: _quiet(tr("Nothing is there.")),
        }
        self._blocks = [
            _Card(_title(lines.accessibleName()), lines, empty) for lines, empty in self._empty.items()
        ]
        self._build()
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self._show)
        self._advance = QTimer(self)
        self._advance.timeout.connect(self._on_advance)

    def _list(self, look: Look, name: str, description: str) -> LineList:
        lines = LineList(
            look, name, tr("{description}; Enter opens a line in its view").format(description=description)
        )
        lines.opened.connect(self.opened)
        lines.pressed_down.connect(self._on_pressed)
        return lines

    def _build(self) -> None:
        body = QWidget()
        body.setObjectName("overview")
        self._grid = QGridLayout()
        self._grid.setSpacing(12)
        self._top = QGridLayout()
        self._top.setSpacing(12)
        hint = PlainLabel(tr("Enter or a double-click opens a line in its view."))
        hint.setObjectName("muted")
        column = QVBoxLayout(body)
        column.setContentsMargins(16, 14, 16, 14)
        column.setSpacing(12)
        column.addLayout(self._top)
        column.addLayout(self._grid)
        column.addWidget(hint)
        column.addStretch(1)
        self._columns = (0, 0)
        self._arrange(3, 2)
        scroll = QScrollArea()
        scroll.setWidget(body)
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setAccessibleName(tr("Overview"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(scroll)

    def _arrange(self, charts: int, lists: int) -> None:
        if self._columns == (charts, lists):
            return
        self._columns = charts, lists
        for grid, cards, columns in (
            (self._top, self._cards, charts),
            (self._grid, self._blocks, lists),
        ):
            for at, card in enumerate(cards):
                grid.addWidget(card, *divmod(at, columns))
            for column in range(len(cards)):
                grid.setColumnStretch(column, int(column < columns))

    def resizeEvent(self, event: QResizeEvent, /) -> None:
        super().resizeEvent(event)
        width = self.width()
        self._arrange(3 if width >= _NARROWEST else 1, 2 if width >= _NARROW else 1)

    # --- when it is painted -----------------------------------------------------------------

    def changed(self) -> None:
        """Something was folded into the chronicle; it shows within a second, if anybody looks."""
        if self.isVisible() and not self._soon.isActive():
            self._soon.start(round(1000 * max(self._shown_at + _PACE - self._now(), 0.0)))

    def _on_advance(self) -> None:
        now = self._now()
        self._pace()
        if self.window().isMinimized():
            return
        if now > self._shown_at + _QUIET:
            self._show()
        elif self._chronicle.moves(now):
            self._slide(now)

    def _pace(self) -> None:
        pace = timeline_paint.pixel_milliseconds(_CHART, self._chronicle.scale(self._now()))
        if pace != self._advance.interval():
            self._advance.setInterval(pace)

    def _on_pressed(self) -> None:
        self._pressed_at = self._now()

    def showEvent(self, event: QShowEvent, /) -> None:
        super().showEvent(event)
        self._show()
        self._pace()
        self._advance.start()

    def hideEvent(self, event: QHideEvent, /) -> None:
        super().hideEvent(event)
        self._advance.stop()
        self._soon.stop()

    # --- what it shows ----------------------------------------------------------------------

    def _show(self) -> None:
        now = self._now()
        if now < self._pressed_at + _FINGER:
            self._soon.start(round(1000 * _FINGER))
            return
        self._shown_at = now
        self._slide(now)
        for kind, title in self._titles.items():
            title.setText(f"{kinds_said.title(kind)}  {number(self._chronicle.tally.total(kind))}")
        self._fill(self.attention, self._attention())
        self._fill(self.oldest, self._oldest())
        self._fill(self.fullest, self._fullest())
        if self._chronicle.tally.is_aging and self.isVisible():
            self._soon.start(_AGING_MS)

    def _slide(self, now: float) -> None:
        """What time alone changes; nothing else is counted anew for it."""
        tally, scale = self._chronicle.tally, self._chronicle.scale(now)
        for kind, chart in self.charts.items():
            chart.show_series({verdict: tally.series(kind, verdict) for verdict in Verdict}, now, scale)
        if now >= self._pressed_at + _FINGER:
            self._fill(self.flapping, self._flapping(now))

    def _fill(self, lines: LineList, told: list[Line]) -> None:
        lines.lines.show_lines(told)
        lines.setVisible(bool(told))
        self._empty[lines].setVisible(not told)

    def _attention(self) -> list[Line]:
        counts = self._chronicle.tally.counts
        found = []
        for verdict in (Verdict.STALE, Verdict.UNKNOWN):
            for kind in SHAPES:
                count = counts[kind, verdict]
                if count:
                    opening = Opening(kind, verdict=verdict)
                    said = kinds_said.counted_as(verdict, kind, count)
                    found.append(Line(opening, verdict.value, verdict.value, said, is_path=False))
        return found

    def _flapping(self, now: float) -> list[Line]:
        scale = self._chronicle.scale(now)
        return [
            Line(
                Opening(flap.seen.target.kind, flap.seen.target, words.full_path(flap.seen)),
                flap.timeline.state.value,
                "muted" if flap.timeline.state is State.GONE else flap.timeline.state.value,
                words.full_path(flap.seen),
                timeline_text.changes(flap.changes),
                picture=Picture(tuple(flap.timeline.pieces(now, scale)), now, scale),
                tip=f"{words.full_path(flap.seen)}\n{timeline_text.lines(flap.timeline, now)}",
            )
            for flap in self._chronicle.flapping(now, MOST_LINES)
        ]

    def _oldest(self) -> list[Line]:
        return [
            Line(
                Opening(one.kind, one.seen.target, words.full_path(one.seen)),
                "stale",
                "stale",
                words.full_path(one.seen),
                words.age(one.since),
                tip=_age_tip(one.seen, one.since),
            )
            for one in self._chronicle.tally.oldest(MOST_LINES)
        ]

    def _fullest(self) -> list[Line]:
        found = []
        for one in self._chronicle.tally.fullest(MOST_LINES):
            shape = SHAPES[one.kind]
            said = kinds_said.counted(one.kind, one.things)
            if one.stale:
                said = ", ".join((said, tr("%n stale", "", one.stale)))
            path = display(one.path)
            found.append(Line(Opening(one.kind, search=path), shape.plural, "muted", path, said))
        return found


def _title(text: str) -> PlainLabel:
    label = PlainLabel(text)
    label.setObjectName("cardTitle")
    font = QFont(label.font())
    font.setWeight(QFont.Weight.DemiBold)
    label.setFont(font)
    return label


def _age_tip(seen: Observation, since: str) -> str:
    since = since or tr("age not known")
    return f"{words.full_path(seen)}\n{words.noun(seen.target)}, {since}"


def _quiet(text: str) -> WrapLabel:
    label = WrapLabel(text)
    label.setObjectName("muted")
    return label


class _Card(QFrame):
    """A box with a title."""

    def __init__(self, title: PlainLabel, *inside: QWidget) -> None:
        super().__init__()
        self.setObjectName("card")
        head = QHBoxLayout()
        head.addWidget(title)
        head.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 10, 14, 12)
        layout.setSpacing(8)
        layout.addLayout(head)
        for widget in inside:
            layout.addWidget(widget)
        layout.addStretch(1)
