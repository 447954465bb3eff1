"""Counts of one kind over time: a lane for each verdict, each on its own scale, all on one axis of time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent, QPen, QPolygon
from PySide6.QtWidgets import QSizePolicy, QWidget

from racewatch.core.model import Verdict
from racewatch.monitor.timeline import WINDOW
from racewatch.ui import bidi, icons, timeline_paint, timeline_text, words
from racewatch.ui.measure import tall
from racewatch.ui.theme import Look
from racewatch.ui.tr import number, tr

#: What needs attention first.
LANES: Final = (Verdict.STALE, Verdict.UNKNOWN, Verdict.LIVE, Verdict.IDLE)
_LANE: Final = 30
_GAP: Final = 8

Series = Sequence[tuple[float, int]]


class CountChart(QWidget):
    """Draws what :meth:`show_series` was given; its words are its accessible description.

    A lane has its own scale: three left-overs show beside ten thousand live things.
    """

    def __init__(self, look: Look, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = look
        self._series: Mapping[Verdict, Series] = {}
        self._now, self._scale = 0.0, WINDOW
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(tr("{name} over time").format(name=name))
        look.changed.connect(self.update)

    def show_series(self, series: Mapping[Verdict, Series], now: float, scale: float) -> None:
        """Each series as (since when, how many), in order; the last holds until ``now``.  Shown are
        the last ``scale`` seconds.
        """
        self._series, self._now, self._scale = series, now, scale
        self.setAccessibleDescription("; ".join(self._said(verdict) for verdict in LANES))
        self.update()

    def _said(self, verdict: Verdict) -> str:
        shown = self._shown(verdict)
        if not shown:
            return tr("{verdict}: not looked yet").format(verdict=words.state_word(verdict.value))
        counts = [count for _, count in shown]
        least, most = min(counts), max(counts)
        said = (
            tr("{verdict}: {count}, all the time")
            if least == most
            else tr("{verdict}: {count}, between {least} and {most}")
        )
        return said.format(verdict=words.state_word(verdict.value), count=counts[-1], least=least, most=most)

    def _shown(self, verdict: Verdict) -> list[tuple[float, int]]:
        """The part of a series that is in the window."""
        series = self._series.get(verdict, ())
        if not series:  # nothing was counted yet
            return []
        first = self._now - self._scale
        ends = [*(at for at, _ in series[1:]), self._now + 1]
        return [(max(at, first), count) for (at, count), end in zip(series, ends, strict=True) if end > first]

    def _lane_height(self) -> int:
        return tall(_LANE, self.fontMetrics())

    def minimumSizeHint(self) -> QSize:
        return QSize(190, self.sizeHint().height())

    def sizeHint(self) -> QSize:
        return QSize(260, self._lane_height() * len(LANES) + self.fontMetrics().height() + 10)

    def paintEvent(self, event: QPaintEvent, /) -> None:
        painter = QPainter(self)
        metrics, colours = self.fontMetrics(), self._look.colours
        names = (
            22 + max(metrics.horizontalAdvance(words.state_word(verdict.value)) for verdict in LANES) + _GAP
        )
        bold = QFont(self.font())
        bold.setWeight(QFont.Weight.DemiBold)
        painter.setFont(bold)
        highest = max((shown[-1][1] for verdict in LANES if (shown := self._shown(verdict))), default=0)
        numbers = max(painter.fontMetrics().horizontalAdvance(number(highest)), 24) + _GAP
        lane = QRect(names, 0, max(self.width() - names - numbers, 1), self._lane_height())
        lane = bidi.mirrored(self.rect(), lane)
        for at, verdict in enumerate(LANES):
            lane.moveTop(at * self._lane_height())
            self._lane(painter, lane, verdict)
        painter.setFont(self.font())
        painter.setPen(QColor(colours.muted))
        below = QRect(lane.left(), len(LANES) * self._lane_height() + 4, lane.width(), metrics.height() + 2)
        beginning, now = timeline_text.beginning(self._scale), tr("now")
        if metrics.horizontalAdvance(f"{beginning}  {now}") <= below.width():
            painter.drawText(
                below, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignAbsolute, bidi.sentence(beginning)
            )
        painter.drawText(below, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignAbsolute, now)
        painter.end()

    def _lane(self, painter: QPainter, lane: QRect, verdict: Verdict) -> None:
        colours = self._look.colours
        colour = self._look.of_verdict(verdict)
        shown = self._shown(verdict)
        row = QRect(0, lane.top(), self.width(), lane.height() - 3)
        picture = icons.pixmap(verdict.value, colour, 16, self.devicePixelRatioF())
        painter.drawPixmap(bidi.mirrored(row, QRect(0, row.center().y() - 7, 16, 16)), picture)
        painter.setPen(QColor(colours.text))
        painter.setFont(self.font())
        named = bidi.mirrored(row, row.adjusted(22, 0, 0, 0))
        painter.drawText(named, Qt.AlignmentFlag.AlignVCenter, words.state_word(verdict.value))
        area = QRect(lane.left(), lane.top() + 4, lane.width(), lane.height() - 7)
        painter.setPen(QColor(colours.grid))
        painter.drawLine(area.left(), area.bottom() + 1, area.right(), area.bottom() + 1)
        if not shown:
            return
        if any(count for _, count in shown):
            self._line(painter, area, shown, verdict)
        bold = QFont(self.font())
        bold.setWeight(QFont.Weight.DemiBold)
        painter.setFont(bold)
        painter.setPen(colour if shown[-1][1] else QColor(colours.muted))
        right = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
        painter.drawText(row, right, number(shown[-1][1]))

    def _line(self, painter: QPainter, area: QRect, shown: Series, verdict: Verdict) -> None:
        colours = self._look.colours
        peak = max(count for _, count in shown)
        bottom = area.bottom() + 1
        points: list[QPoint] = []
        for at, count in shown:
            x = timeline_paint.place(at, self._now, self._scale, area)
            y = bottom - round(count / peak * (area.height() - 2))
            if points:
                points.append(QPoint(x, points[-1].y()))
            points.append(QPoint(x, y))
        points.append(QPoint(area.right() + 1, points[-1].y()))
        filled = [QPoint(points[0].x(), bottom), *points, QPoint(points[-1].x(), bottom)]
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(getattr(colours, f"{verdict.value}_soft")))
        painter.drawPolygon(QPolygon(filled))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(self._look.of_verdict(verdict), 1.6))
        painter.drawPolyline(QPolygon(points))
