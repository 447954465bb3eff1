"""The bottom line: counts, and how far each source of knowledge can be trusted just now."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtGui import QGuiApplication, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QStatusBar,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from racewatch.core.model import Problem
from racewatch.core.text import display
from racewatch.monitor.batch import HealthState, SourceHealth
from racewatch.ui import icons, words
from racewatch.ui.measure import wide
from racewatch.ui.plain import ElidedLabel, PlainLabel, WrapLabel, action_text, tooltip
from racewatch.ui.sources_said import source_detail, source_name
from racewatch.ui.theme import Look
from racewatch.ui.tr import marked, tr

_WORD: Final = {
    HealthState.OK: marked("working"),
    HealthState.DEGRADED: marked("limited"),
    HealthState.FAILED: marked("not working"),
}
_MOST_BUTTONS: Final = 5
#: Below this width the sources that work share one button.
_ROOMY: Final = 1100


def health_colour(look: Look, state: HealthState) -> str:
    """The colour of a state; its icon has a shape of its own too."""
    colours = look.colours
    return {
        HealthState.OK: colours.live,
        HealthState.DEGRADED: colours.stale,
        HealthState.FAILED: colours.danger,
    }[state]


class HealthPopup(QFrame):
    """All sources with what is wrong and what helps.  Closes by itself or by Escape."""

    def __init__(
        self, look: Look, health: Sequence[SourceHealth], problems: Sequence[Problem], parent: QWidget
    ) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("popup")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAccessibleName(tr("How well each source works"))
        self._text = _as_text(health, problems)
        inner = QWidget()
        inner.setObjectName("popupBody")
        rows = QVBoxLayout(inner)
        rows.setContentsMargins(14, 12, 14, 6)
        rows.setSpacing(10)
        title = PlainLabel(tr("Where this knowledge comes from"))
        title.setObjectName("emptyTitle")
        rows.addWidget(title)
        for source in health:
            rows.addWidget(_source_row(look, source, self.devicePixelRatioF()))
        for problem in problems:
            rows.addWidget(_problem_row(look, problem, self.devicePixelRatioF()))
        rows.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidget(inner)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        copy = QPushButton(tr("Copy details"))
        copy.setAccessibleName(tr("Copy details"))
        copy.setAccessibleDescription(tr("Copy all of this as text"))
        copy.setProperty("role", "quiet")
        copy.setIcon(icons.icon("copy", look.colours.accent))
        copy.clicked.connect(self._copy)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(1, 1, 1, 8)
        layout.setSpacing(0)
        layout.addWidget(scroll, 1)
        layout.addWidget(copy, 0, Qt.AlignmentFlag.AlignRight)
        width = wide(440, self.fontMetrics())
        inner.setFixedWidth(width)
        wanted = rows.heightForWidth(width) if rows.hasHeightForWidth() else inner.sizeHint().height()
        self.resize(width + 20, min(wanted + 52, 460))

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._text)


class Status(QStatusBar):
    """Counts on the left, sources on the right; a click on a source opens the popup."""

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = look
        self._health: tuple[SourceHealth, ...] = ()
        self._problems: tuple[Problem, ...] = ()
        self._buttons: list[QToolButton] = []
        self._compact = False
        self.setSizeGripEnabled(False)
        self.setAccessibleName(tr("Status"))
        self.counts = PlainLabel(tr("Looking…"))
        self.note = ElidedLabel()
        self.note.setVisible(False)
        self._sources = QWidget()
        self._row = QHBoxLayout(self._sources)
        self._row.setContentsMargins(0, 0, 4, 0)
        self._row.setSpacing(0)
        self.counts.setContentsMargins(8, 3, 8, 3)
        self.addWidget(self.counts)
        self.addWidget(self.note)
        self.addPermanentWidget(self._sources)
        look.changed.connect(self._build)

    def show_counts(self, text: str) -> None:
        """What is in the table."""
        self.counts.setText(text)

    def show_note(self, text: str) -> None:
        """A calm standing remark."""
        self.note.setText(text)
        self.note.setVisible(bool(text))

    def show_health(self, health: tuple[SourceHealth, ...], problems: tuple[Problem, ...]) -> None:
        """The newest lists; the buttons are only made anew when something a person sees changed."""
        old = [(one.source, one.state, one.detail, one.cure) for one in self._health], self._problems
        new = [(one.source, one.state, one.detail, one.cure) for one in health], problems
        self._health, self._problems = health, problems
        if old != new:
            self._build()

    def resizeEvent(self, event: QResizeEvent, /) -> None:
        super().resizeEvent(event)
        compact = self.width() < _ROOMY
        if compact != self._compact:
            self._compact = compact
            self._build()

    @property
    def worst(self) -> HealthState:
        """The state of the source that works least."""
        states = {one.state for one in self._health}
        for state in (HealthState.FAILED, HealthState.DEGRADED):
            if state in states:
                return state
        return HealthState.OK

    def buttons(self) -> list[QToolButton]:
        """The buttons of the sources, left to right."""
        return list(self._buttons)

    def _build(self) -> None:
        had_focus = any(button.hasFocus() for button in self._buttons)
        for button in self._buttons:
            button.hide()
            button.deleteLater()
        self._buttons = []
        if self._problems:
            count = len(self._problems)
            text = tr("%n place(s) could not be seen", "", count)
            tip = "\n".join(f"{display(one.path)}: {one.reason}" for one in self._problems[:8])
            self._add("eye-off", self._look.colours.stale, text, tip)
        shown = [one for one in self._health if one.state is not HealthState.OK]
        fine = [one for one in self._health if one.state is HealthState.OK]
        if len(self._health) <= _MOST_BUTTONS and not self._compact:
            shown, fine = list(self._health), []
        for one in shown[:_MOST_BUTTONS]:
            self._add_source(one)
        if fine or len(shown) > _MOST_BUTTONS:
            text = (
                tr("%n source(s) work", "", len(fine))
                if shown
                else tr("all %n source(s) work", "", len(fine))
            )
            self._add(
                "health-ok", self._look.colours.live, text, "\n".join(source_name(one.source) for one in fine)
            )
        if had_focus and self._buttons:
            self._buttons[0].setFocus()

    def _add_source(self, health: SourceHealth) -> None:
        name = self.fontMetrics().elidedText(source_name(health.source), Qt.TextElideMode.ElideMiddle, 190)
        tip = f"{source_name(health.source)}: {tr(_WORD[health.state])}. {source_detail(health.detail)}"
        if health.cure:
            tip = "\n".join((tip, tr("What helps: {cure}").format(cure=health.cure)))
        self._add(f"health-{health.state.value}", health_colour(self._look, health.state), name, tip)

    def _add(self, icon: str, colour: str, text: str, tip: str) -> None:
        button = QToolButton()
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setIcon(icons.icon(icon, colour))
        button.setIconSize(QSize(13, 13))
        button.setText(action_text(text))
        button.setToolTip(tooltip(tip))
        button.setAccessibleName(text)
        button.setAccessibleDescription(tip)
        button.setAutoRaise(True)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(self.open_popup)
        self._buttons.append(button)
        self._row.addWidget(button)

    def open_popup(self) -> None:
        """All sources in full."""
        popup = HealthPopup(self._look, self._health, self._problems, self.window())
        anchor = self.mapToGlobal(QPoint(self.width() - popup.width() - 6, -popup.height() - 4))
        popup.move(anchor)
        popup.show()


def _row(icon: str, colour: str, ratio: float, lines: list[tuple[str, str]]) -> QWidget:
    row = QWidget()
    picture = PlainLabel()
    picture.setPixmap(icons.pixmap(icon, colour, 14, ratio))
    picture.setFixedSize(18, 18)
    texts = QVBoxLayout()
    texts.setSpacing(1)
    for name, text in lines:
        label = WrapLabel(text)
        label.setObjectName(name)
        texts.addWidget(label)
    layout = QHBoxLayout(row)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.addWidget(picture, 0, Qt.AlignmentFlag.AlignTop)
    layout.addLayout(texts, 1)
    return row


def _source_row(look: Look, health: SourceHealth, ratio: float) -> QWidget:
    detail = source_detail(health.detail)
    if health.fresh_at:
        looked = words.ago(max(time.time() - health.fresh_at, 0.0))
        detail = " ".join((detail, tr("Last complete look {ago}.").format(ago=looked)))
    lines = [("", f"{source_name(health.source)}: {tr(_WORD[health.state])}"), ("muted", detail)]
    if health.cure:
        lines.append(("", tr("What helps: {cure}").format(cure=health.cure)))
    return _row(f"health-{health.state.value}", health_colour(look, health.state), ratio, lines)


def _problem_row(look: Look, problem: Problem, ratio: float) -> QWidget:
    lines = [
        ("", tr("{path} could not be seen").format(path=display(problem.path))),
        ("muted", problem.reason),
    ]
    return _row("eye-off", look.colours.stale, ratio, lines)


def _as_text(health: Sequence[SourceHealth], problems: Sequence[Problem]) -> str:
    # English, as all that is handed on.
    lines = []
    for one in health:
        lines.append(
            f"{one.source}, {_WORD[one.state]}: {one.detail}" + (f" Cure: {one.cure}" if one.cure else "")
        )
    lines += [f"{display(one.path)} could not be seen: {one.reason}" for one in problems]
    return "\n".join(lines)
