"""The larger timeline beside the evidence: the line, numbered marks on it, and what they mean below."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QPoint, QRect, QSize, Qt, QTimer
from PySide6.QtGui import QColor, QHideEvent, QPainter, QPaintEvent, QPolygon, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from racewatch.core.text import display_text
from racewatch.monitor.timeline import WINDOW, Event, State, Timeline, What
from racewatch.ui import bidi, timeline_paint, timeline_text
from racewatch.ui.plain import PlainLabel, WrapLabel
from racewatch.ui.theme import Look
from racewatch.ui.tr import tr

_LINE: Final = 30
_PIN: Final = 7
_MOST_EVENTS: Final = 5
COLOUR: Final = {
    What.APPEARED: "accent",
    What.GONE: "muted",
    What.LIVE: "live",
    What.STALE: "stale",
    What.IDLE: "idle",
    What.UNKNOWN: "unknown",
    What.OWNER_CAME: "live",
    What.OWNER_CHANGED: "accent",
    What.OWNER_GONE: "stale",
    What.ACTED: "accent",
}


class TimelineChart(QWidget):
    """One timeline as wide as there is room.  Its words are its accessible description."""

    def __init__(
        self,
        look: Look,
        scale: Callable[[float], float],
        now: Callable[[], float],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._look = look
        self._scale = scale
        self._now = now
        self._timeline: Timeline | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(tr(timeline_text.TITLE))
        look.changed.connect(self.update)

    def show_timeline(self, timeline: Timeline | None) -> None:
        """Draw this one."""
        self._timeline = timeline
        self.setAccessibleDescription(timeline_text.lines(timeline, self._now()))
        self.update()

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        return QSize(200, metrics.height() + 2 + _PIN + _LINE + 2 + metrics.height() + 2)

    def paintEvent(self, event: QPaintEvent, /) -> None:
        painter = QPainter(self)
        now, colours, text = self._now(), self._look.colours, self.fontMetrics().height()
        scale = self._scale(now)
        line = QRect(0, text + 2 + _PIN, self.width(), _LINE)
        painter.fillRect(line.adjusted(0, -1, 0, 0), QColor(colours.window))
        if self._timeline is not None:
            timeline_paint.draw(painter, line, self._timeline.pieces(now, scale), now, scale, self._look)
            self._beginning(painter, line, self._timeline.begun, now, scale)
            self._marks(painter, line, self._timeline.events(now), now, scale)
        painter.setPen(QColor(colours.border))
        painter.drawLine(line.left(), line.bottom() + 1, line.right(), line.bottom() + 1)
        for quarter in range(5):
            at = min(line.left() + round(quarter * line.width() / 4), line.right())
            painter.drawLine(at, line.bottom() + 1, at, line.bottom() + 4)
        painter.setPen(QColor(colours.muted))
        below = QRect(0, line.bottom() + 4, self.width(), text + 2)
        left, right = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight
        # Time runs from left to right in every script, as in print.
        painter.drawText(
            below, left | Qt.AlignmentFlag.AlignAbsolute, bidi.sentence(timeline_text.beginning(scale))
        )
        painter.drawText(below, right | Qt.AlignmentFlag.AlignAbsolute, tr("now"))
        painter.end()

    def _beginning(self, painter: QPainter, line: QRect, begun: float, now: float, scale: float) -> None:
        # Before it was watched nothing is known, which is something else than "gone".
        width = timeline_paint.place(begun, now, scale, line) - line.left()
        painter.setPen(QColor(self._look.colours.muted))
        said = tr("not watched yet")
        if painter.fontMetrics().horizontalAdvance(said) + 12 <= width:
            inside = QRect(line.left(), line.top(), width, line.height())
            painter.drawText(inside, Qt.AlignmentFlag.AlignCenter, said)

    def _marks(self, painter: QPainter, line: QRect, events: list[Event], now: float, scale: float) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        free = self.width() + _PIN
        for number, event in reversed(list(enumerate(events, start=1))):
            at = min(
                max(timeline_paint.place(event.at, now, scale, line), _PIN // 2), line.right() - _PIN // 2
            )
            colour = QColor(getattr(self._look.colours, COLOUR[event.what]))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour)
            top = line.top() - _PIN
            half = _PIN // 2 + 1
            painter.drawPolygon(
                QPolygon([QPoint(at - half, top), QPoint(at + half, top), QPoint(at, top + _PIN)])
            )
            # Newest first: where they stand too close, the older ones go without a number.
            width = painter.fontMetrics().horizontalAdvance(str(number))
            left = min(max(at - width // 2, 0), self.width() - width)
            if left + width + 4 <= free:
                painter.setPen(QColor(self._look.colours.text))
                painter.drawText(left, painter.fontMetrics().ascent(), str(number))
                free = left
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


class TimelineCard(QWidget):
    """The chart with its legend: the newest events in words, and what state it is in for how long."""

    def __init__(
        self,
        look: Look,
        scale: Callable[[float], float],
        now: Callable[[], float] = time.monotonic,
        parent: QWidget | None = None,
    ) -> None:
        """``scale`` tells how many seconds are shown at a moment."""
        super().__init__(parent)
        self._scale = scale
        self._now = now
        self._timeline: Timeline | None = None
        self.chart = TimelineChart(look, scale, now)
        title = PlainLabel(tr(timeline_text.TITLE))
        title.setObjectName("section")
        self.summary = WrapLabel()
        self.summary.setObjectName("muted")
        self.events = [_EventLine() for _ in range(_MOST_EVENTS)]
        self.more = PlainLabel()
        self.more.setObjectName("muted")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 8, 0, 0)
        layout.setSpacing(3)
        layout.addWidget(title)
        layout.addWidget(self.chart)
        layout.addWidget(self.summary)
        for line in self.events:
            layout.addWidget(line)
        layout.addWidget(self.more)
        self._advance = QTimer(self)
        self._advance.timeout.connect(self._on_advance)

    def show_timeline(self, timeline: Timeline | None) -> None:
        """Show this one; None for nothing."""
        self._timeline = timeline
        self.setVisible(timeline is not None)
        self._tell()

    def _tell(self) -> None:
        if self._timeline is None:
            return
        now = self._now()
        self.chart.show_timeline(self._timeline)
        self.summary.setText(_sentence(self._timeline, now))
        events = list(enumerate(self._timeline.events(now), start=1))[::-1]
        for at, line in enumerate(self.events):
            line.setVisible(at < len(events))
            if at < len(events):
                line.tell(*events[at], now)
        earlier = len(events) - len(self.events)
        self.more.setText(tr("and %n earlier", "", max(earlier, 0)))
        self.more.setVisible(earlier > 0)

    def _pace(self) -> None:
        pace = timeline_paint.pixel_milliseconds(self.width(), self._scale(self._now()))
        if pace != self._advance.interval():
            self._advance.setInterval(pace)

    def _on_advance(self) -> None:
        self._pace()
        if (
            self._timeline is not None
            and self._timeline.moves(self._now())
            and not self.window().isMinimized()
        ):
            self._tell()

    def showEvent(self, event: QShowEvent, /) -> None:
        super().showEvent(event)
        self._pace()
        self._advance.start()

    def hideEvent(self, event: QHideEvent, /) -> None:
        super().hideEvent(event)
        self._advance.stop()


class _EventLine(QWidget):
    """Number, time, what it was."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.number = PlainLabel()
        self.number.setMinimumWidth(self.fontMetrics().horizontalAdvance("000"))
        self.when = PlainLabel()
        self.when.setObjectName("muted")
        self.what = WrapLabel()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.number, 0, Qt.AlignmentFlag.AlignTop)
        layout.addWidget(self.when, 0, Qt.AlignmentFlag.AlignTop)
        layout.addWidget(self.what, 1)

    def tell(self, number: int, event: Event, now: float) -> None:
        """Show this event."""
        self.number.setText(str(number))
        self.when.setText(timeline_text.clock(event.at, now))
        detail = f": {display_text(event.detail)}" if event.detail else ""
        self.what.setText(f"{timeline_text.what(event)}{detail}")
        self.setAccessibleName(f"{number}: {timeline_text.event_line(event, now)}")


def _sentence(timeline: Timeline, now: float) -> str:
    said = timeline_text.short(timeline, now)
    if timeline.state is State.GONE:
        return f"{said}."
    watched = timeline_text.duration(min(now - timeline.begun, WINDOW))
    return tr("{said} in {watched}.").format(said=said, watched=watched)
