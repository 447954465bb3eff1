"""Why: one observation with everything that speaks for its verdict, and what may be done about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QMenu,
    QPushButton,
    QScrollArea,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from racewatch.core.model import Evidence, Observation, Owner
from racewatch.core.text import display_text
from racewatch.monitor.timeline import Timeline
from racewatch.ui import icons, remains, words
from racewatch.ui.announce import announce
from racewatch.ui.command_box import CommandBox
from racewatch.ui.empty import EmptyState
from racewatch.ui.plain import PathBox, PlainLabel, WrapLabel, tooltip
from racewatch.ui.theme import Look
from racewatch.ui.timeline_card import TimelineCard
from racewatch.ui.tr import tr

_MARGIN: Final = 16
_MOST_COMMAND: Final = 240


class EvidenceRow(QFrame):
    """One finding: what it speaks for, in words; where it comes from and when it was found, in small print."""

    def __init__(self, look: Look, item: Evidence, when: float = 0.0, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("evidenceRow")
        picture = PlainLabel()
        picture.setPixmap(
            icons.pixmap(item.says.value, look.of_says(item.says), 16, self.devicePixelRatioF())
        )
        picture.setFixedSize(18, 20)
        said = words.says_word(item.says)
        picture.setToolTip(tooltip(said))
        picture.setAccessibleName(said)
        picture.setAccessibleDescription(tr("Which verdict this finding speaks for"))
        detail = WrapLabel(item.detail)
        at = words.moment(when)
        source = WrapLabel(" · ".join(part for part in (item.check, item.source, at) if part))
        source.setObjectName("muted")
        source.setFont(_scaled(source.font(), 0.9))
        self.setAccessibleName(f"{said}: {item.detail}")
        self.setAccessibleDescription(
            (tr("{check}, from {source}, at {at}") if at else tr("{check}, from {source}")).format(
                check=item.check, source=item.source, at=at
            )
        )
        texts = QVBoxLayout()
        texts.setSpacing(1)
        texts.addWidget(detail)
        texts.addWidget(source)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 6, 0, 7)
        layout.setSpacing(8)
        layout.addWidget(picture, 0, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(texts, 1)


class RiskRow(QFrame):
    """One thing that can still go wrong."""

    def __init__(self, look: Look, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("evidenceRow")
        self.setAccessibleName(text)
        picture = PlainLabel()
        picture.setPixmap(icons.pixmap("hourglass", look.colours.muted, 16, self.devicePixelRatioF()))
        picture.setFixedSize(18, 20)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 6, 0, 7)
        layout.setSpacing(8)
        layout.addWidget(picture, 0, Qt.AlignmentFlag.AlignTop)
        layout.addWidget(WrapLabel(text), 1)


class FactGrid(QWidget):
    """Names and values in two columns."""

    def __init__(self, pairs: list[tuple[str, str]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 2, 0, 0)
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(4)
        grid.setColumnMinimumWidth(0, 74)
        grid.setColumnStretch(1, 1)
        for at, (name, value) in enumerate(pairs):
            left = PlainLabel(name)
            left.setObjectName("muted")
            right = WrapLabel(value)
            right.setAccessibleName(f"{name}: {value}")
            grid.addWidget(left, at, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(right, at, 1)


class EvidencePane(QFrame):
    """Shows one observation; the buttons only say what is wanted, the window does it."""

    remove_wanted = Signal()
    copy_path_wanted = Signal()

    def __init__(
        self,
        look: Look,
        nothing: str,
        scale: Callable[[float], float],
        parent: QWidget | None = None,
    ) -> None:
        """``scale`` tells how many seconds the timeline shows now."""
        super().__init__(parent)
        self._look = look
        self.timeline = TimelineCard(look, scale)
        self._shown: Observation | None = None
        self._state: tuple[words.RemoveState, bool] | None = None
        self.setObjectName("pane")
        self.setAccessibleName(tr("Evidence"))
        self._empty = EmptyState(look)
        self._empty.say("info", tr("Nothing selected"), nothing)
        self._full = QWidget()
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self._full)
        self._build()
        look.changed.connect(self._repaint)

    def _build(self) -> None:
        self._icon = PlainLabel()
        self._icon.setFixedSize(26, 26)
        self.title = WrapLabel()
        self.title.setObjectName("paneTitle")
        self.title.setFont(_scaled(self.title.font(), 1.25, bold=True))
        self.pill = PlainLabel()
        self.pill.setObjectName("pill")
        head = QHBoxLayout()
        head.setSpacing(9)
        head.addWidget(self._icon)
        head.addWidget(self.title)
        head.addWidget(self.pill)
        head.addStretch(1)
        self.path = PathBox()
        self.path.setAccessibleName(tr("Path"))
        self._copy = QPushButton()
        self._copy.setProperty("role", "quiet")
        self._copy.setAccessibleName(tr("Copy path"))
        self._copy.setAccessibleDescription(tr("Copy the path to the clipboard"))
        self._copy.setToolTip(tr("Copy path"))
        self._copy.setIconSize(QSize(16, 16))
        self._copy.clicked.connect(self._on_copy)
        where = QHBoxLayout()
        where.setSpacing(4)
        where.addWidget(self.path, 1)
        where.addWidget(self._copy, 0, Qt.AlignmentFlag.AlignTop)
        self.summary = WrapLabel()
        self._body = QWidget()
        self._body.setObjectName("paneBody")
        body = QVBoxLayout(self._body)
        body.setContentsMargins(_MARGIN, 14, _MARGIN, 12)
        body.setSpacing(10)
        body.addLayout(head)
        body.addLayout(where)
        body.addWidget(self.summary)
        body.addWidget(self.timeline)
        self._space_title = PlainLabel(tr("Space"))
        self._space_title.setObjectName("section")
        self.space = WrapLabel()
        self.space.setAccessibleName(tr("Space"))
        body.addWidget(self._space_title)
        body.addWidget(self.space)
        self.show_space("")
        self._details = QVBoxLayout()
        self._details.setSpacing(0)
        body.addLayout(self._details)
        body.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidget(self._body)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setAccessibleName(tr("Evidence and facts"))
        self._reason = WrapLabel()
        self._reason.setObjectName("muted")
        self.remove = QPushButton(tr("Remove…"))
        self.remove.setProperty("role", "danger")
        self.remove.setAutoDefault(False)
        self.remove.clicked.connect(self.remove_wanted)
        self.copy = QPushButton(tr("Copy"))
        self.copy.setAccessibleDescription(
            tr("Copy what is shown here: as text, as JSON, as a note for a ticket")
        )
        self.copy.setAutoDefault(False)
        # It keeps the menu that is given to it.
        self.copy.setMenu(QMenu(self.copy))
        for button in (self.remove, self.copy):
            button.setAccessibleName(button.text())
        buttons = QHBoxLayout()
        buttons.addWidget(self.remove)
        buttons.addWidget(self.copy)
        buttons.addStretch(1)
        footer = QFrame()
        footer.setObjectName("paneFooter")
        below = QVBoxLayout(footer)
        below.setContentsMargins(_MARGIN, 10, _MARGIN, 12)
        below.setSpacing(8)
        below.addWidget(self._reason)
        below.addLayout(buttons)
        full = QVBoxLayout(self._full)
        full.setContentsMargins(0, 0, 0, 0)
        full.setSpacing(0)
        full.addWidget(scroll, 1)
        full.addWidget(footer)

    def show_observation(
        self,
        observation: Observation | None,
        state: words.RemoveState,
        timeline: Timeline | None = None,
        *,
        gone: bool = False,
    ) -> None:
        """Show this; None for nothing.  The same thing again leaves a text selection alone."""
        if observation is None:
            self._shown = None
            self._stack.setCurrentWidget(self._empty)
            return
        self._reason.setText(tr("It is gone: nothing is left to remove.") if gone else state.reason)
        self.remove.setText(f"{words.deed(observation.target)}…")
        self.remove.setAccessibleName(self.remove.text())
        self.remove.setEnabled(state.enabled and not gone)
        self.remove.setToolTip(tooltip(state.reason))
        self.remove.setAccessibleDescription(state.reason)
        before, self._shown = self._shown, observation
        same = before is not None and before.target == observation.target and before.same_as(observation)
        if not same or self._state != (state, gone):
            self._state = (state, gone)
            self._fill(observation, gone=gone)
        self.timeline.show_timeline(timeline)
        self._stack.setCurrentWidget(self._full)

    def show_space(self, text: str) -> None:
        """What it takes on the disk, in sentences; nothing for what takes none."""
        if text != self.space.text() or not text:
            self.space.setText(text)
            self.space.setVisible(bool(text))
            self._space_title.setVisible(bool(text))

    def _repaint(self) -> None:
        if self._shown is not None and self._state is not None:
            self._fill(self._shown, gone=self._state[1])
        self._copy.setIcon(icons.icon("copy", self._look.colours.accent, self._look.colours.faint))

    def _fill(self, seen: Observation, *, gone: bool) -> None:
        verdict = seen.verdict
        colour = self._look.colours.muted if gone else self._look.of_verdict(verdict)
        self._icon.setPixmap(
            icons.pixmap("gone" if gone else verdict.value, colour, 26, self.devicePixelRatioF())
        )
        self._icon.setAccessibleName(tr("Verdict: {verdict}").format(verdict=words.state_word(verdict.value)))
        label = display_text(seen.label)
        self.title.setText(words.capital(label))
        self.pill.setText(words.state_word("gone" if gone else verdict.value))
        self.pill.setProperty("verdict", "idle" if gone else verdict.value)
        self.pill.style().unpolish(self.pill)
        self.pill.style().polish(self.pill)
        self.path.set_text(words.full_path(seen))
        self.summary.setText(seen.summary)
        self._copy.setIcon(icons.icon("copy", self._look.colours.accent, self._look.colours.faint))
        while (item := self._details.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        remedy = words.remedy(seen)
        if remedy:
            self._details.addWidget(Note(self._look, "idle", "info", remedy))
        self._section(remains.question(seen))
        for evidence in remains.found(seen):
            self._details.addWidget(EvidenceRow(self._look, evidence, seen.seen_at))
        risks = remains.risks(seen)
        if risks and not gone:
            self._section(tr(remains.TITLE))
        for risk in risks if not gone else ():
            self._details.addWidget(RiskRow(self._look, risk))
        commands = words.commands(seen)
        if commands:
            self._section(tr("To run yourself"))
        for command in commands:
            self._details.addWidget(CommandBox(self._look, command))
        facts = words.facts(seen)
        if seen.format is not None:
            facts.insert(0, (tr("Format"), display_text(seen.format)))
        facts.append((tr("Seen"), words.full_moment(seen.seen_at)))
        self._section(tr("Facts"))
        self._details.addWidget(FactGrid(facts))
        for owner in (*((seen.owner,) if seen.owner else ()), *seen.others):
            self._section(tr("Owner") if owner is seen.owner else tr("Also held by"))
            self._details.addWidget(FactGrid(_owner_pairs(owner)))

    def _section(self, text: str) -> None:
        label = WrapLabel(text)
        label.setObjectName("section")
        label.setContentsMargins(0, 12, 0, 2)
        self._details.addWidget(label)

    def _on_copy(self) -> None:
        self.copy_path_wanted.emit()


class Note(QFrame):
    """A boxed sentence with an icon."""

    def __init__(self, look: Look, level: str, icon: str, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("note")
        self._look = look
        self._icon = PlainLabel()
        self._icon.setFixedSize(18, 20)
        self.label = WrapLabel()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 8, 10, 8)
        layout.setSpacing(8)
        layout.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        layout.addWidget(self.label, 1)
        self.say(level, icon, text)

    def say(self, level: str, icon: str, text: str) -> None:
        """Show this sentence, coloured like a verdict (or ``danger``)."""
        self.label.setText(text)
        self.setAccessibleName(text)
        colour = getattr(self._look.colours, level)
        self._icon.setPixmap(icons.pixmap(icon, colour, 16, self.devicePixelRatioF()))
        if self.property("level") != level:
            self.setProperty("level", level)
            self.style().unpolish(self)
            self.style().polish(self)
            if self.isVisible() and level != "idle":
                announce(self, text, urgent=True)


def _owner_pairs(owner: Owner) -> list[tuple[str, str]]:
    pairs = [
        (tr("Process"), words.owner_text(owner)),
        (tr("User"), display_text(owner.user)),
        (tr("Command"), _shortened(display_text(owner.command))),
        (tr("Unit"), display_text(owner.unit or "")),
        (tr("Started"), words.full_moment(owner.started)),
    ]
    return [(name, value) for name, value in pairs if value]


def _shortened(text: str) -> str:
    # A command line may be a whole script; what is copied has all of it.
    return text if len(text) <= _MOST_COMMAND else f"{text[:_MOST_COMMAND]}…"


def _scaled(font: QFont, factor: float, *, bold: bool = False) -> QFont:
    scaled = QFont(font)
    scaled.setPointSizeF(font.pointSizeF() * factor)
    if bold:
        scaled.setWeight(QFont.Weight.DemiBold)
    return scaled
