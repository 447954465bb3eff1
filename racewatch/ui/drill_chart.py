"""The losses of both cleaners side by side, race by race, as they happen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent, QPen, QPolygon
from PySide6.QtWidgets import QSizePolicy, QWidget

from racewatch.drill.contest import ContestName, Standing
from racewatch.ui import bidi
from racewatch.ui.theme import Look
from racewatch.ui.tr import marked, number, tr

#: What stands above the two columns.
CLEANERS: Final = (marked("Check, then delete"), "racewatch")


#: What is raced for, in the words of the drill.
RACES: Final = {
    ContestName.SERVER: marked("a server that respawns its socket"),
    ContestName.LOCK: marked("a lock that is taken again"),
    ContestName.DIRECTORY: marked("a container's bundle that is made anew"),
}


def race(name: ContestName) -> str:
    """What is raced for, in the reader's language."""
    return tr(RACES[name])


def cleaner(ours: bool) -> str:
    """What the cleaner is called in the reader's language."""
    return tr(CLEANERS[ours])


_PLOT: Final = 58
_GAP: Final = 18
_BETWEEN: Final = 26


class DrillChart(QWidget):
    """Draws what :meth:`add` was told; its words are its accessible description.

    Both cleaners of a race have the same scale, so that their losses can be compared.
    """

    def __init__(self, look: Look, seconds: float, parent: QWidget | None = None) -> None:
        """``seconds``: how long each cleaner works in each race, at least."""
        super().__init__(parent)
        self._look = look
        self._seconds = seconds
        self._told: dict[tuple[ContestName, bool], list[Standing]] = {}
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(tr("Living things lost, by each cleaner, over time"))
        look.changed.connect(self.update)
        self._describe()

    def clear(self) -> None:
        """Begin anew."""
        self._told.clear()
        self._describe()
        self.update()

    def add(self, how: Standing) -> None:
        """One more point."""
        self._told.setdefault((how.name, how.ours), []).append(how)
        self._describe()
        self.update()

    def lines(self) -> list[str]:
        """The same in words, a line for each race."""
        said = tr("{race}: check, then delete {theirs}; racewatch {ours}")
        return [
            said.format(race=race(name), theirs=self._said(name, False), ours=self._said(name, True))
            for name in ContestName
        ]

    def _describe(self) -> None:
        self.setAccessibleDescription(". ".join(self.lines()))

    def _said(self, name: ContestName, ours: bool) -> str:
        told = self._told.get((name, ours))
        if not told:
            return tr("has not begun")
        return tr("lost {lost} of {lives}").format(lost=number(told[-1].lost), lives=number(told[-1].lives))

    def minimumSizeHint(self) -> QSize:
        return QSize(420, self.sizeHint().height())

    def sizeHint(self) -> QSize:
        line = self.fontMetrics().height()
        return QSize(640, line + 8 + len(ContestName) * (line + 6 + _PLOT + _GAP))

    def paintEvent(self, event: QPaintEvent, /) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        line, colours = self.fontMetrics().height(), self._look.colours
        width = (self.width() - _BETWEEN) // 2
        bold = QFont(self.font())
        bold.setWeight(QFont.Weight.DemiBold)
        painter.setFont(bold)
        painter.setPen(QColor(colours.muted))
        for ours in (False, True):
            left = (width + _BETWEEN) if ours else 0
            place = bidi.mirrored(self.rect(), QRect(left, 0, width, line + 2))
            painter.drawText(place, Qt.AlignmentFlag.AlignLeft, cleaner(ours))
        top = line + 8
        for name in ContestName:
            highest = max((told[-1].lost for (of, _), told in self._told.items() if of is name), default=0)
            for ours in (False, True):
                left = (width + _BETWEEN) if ours else 0
                title = QRect(left, top, width, line + 2)
                plot = QRect(left, top + line + 6, width, _PLOT)
                title, plot = bidi.mirrored(self.rect(), title), bidi.mirrored(self.rect(), plot)
                self._panel(painter, title, plot, name, ours, max(highest, 1))
            top += line + 6 + _PLOT + _GAP
        painter.end()

    def _panel(
        self, painter: QPainter, title: QRect, plot: QRect, name: ContestName, ours: bool, highest: int
    ) -> None:
        colours = self._look.colours
        told = self._told.get((name, ours), [])
        lost = told[-1].lost if told else 0
        painter.fillRect(plot, QColor(colours.base))
        painter.setPen(QColor(colours.grid))
        painter.drawRect(plot.adjusted(0, 0, -1, -1))
        painter.setFont(self.font())
        said = self._said(name, ours)
        room = title.width() - self.fontMetrics().horizontalAdvance(said) - 12
        named = self.fontMetrics().elidedText(race(name), Qt.TextElideMode.ElideRight, max(room, 0))
        painter.setPen(QColor(colours.text))
        painter.drawText(
            title, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, bidi.sentence(named)
        )
        ink = colours.muted if not told else colours.live if not lost else colours.stale
        if lost and ours:
            ink = colours.danger
        painter.setPen(QColor(ink))
        painter.drawText(
            title, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, bidi.sentence(said)
        )
        if told:
            soft = colours.live_soft if not lost else colours.danger_soft if ours else colours.stale_soft
            self._line(painter, plot.adjusted(1, 4, -1, -1), told, highest, ink, soft)

    def _line(
        self, painter: QPainter, area: QRect, told: Sequence[Standing], highest: int, ink: str, soft: str
    ) -> None:
        whole = max(self._seconds, told[-1].passed)
        bottom = area.bottom()
        points: list[QPoint] = []
        for how in told:
            x = area.left() + round(how.passed / whole * (area.width() - 1))
            y = bottom - round(how.lost / highest * (area.height() - 2))
            if points:
                points.append(QPoint(x, points[-1].y()))
            points.append(QPoint(x, y))
        filled = [QPoint(points[0].x(), bottom), *points, QPoint(points[-1].x(), bottom)]
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(soft))
        painter.drawPolygon(QPolygon(filled))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(ink), 1.8))
        painter.drawPolyline(QPolygon(points))
