"""One line of the history in full, with what can be taken back."""

from __future__ import annotations

from collections.abc import Collection

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from racewatch.core.model import HistoryEntry
from racewatch.ui import history_text, remains, words
from racewatch.ui.empty import EmptyState
from racewatch.ui.evidence_pane import EvidenceRow, FactGrid, Note
from racewatch.ui.plain import PathBox, WrapLabel
from racewatch.ui.theme import Look
from racewatch.ui.tr import tr


class HistoryDetails(QFrame):
    """One entry in full: what was before it, what it was decided on, what was after it."""

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = look
        self.forbidden = ""
        self.shown: HistoryEntry | None = None
        self._keep_days = 0
        self._recovered: Collection[str] = ()
        self._recovered_at = 0.0
        self.setObjectName("pane")
        self.setAccessibleName(tr("Details"))
        self.setMinimumWidth(300)
        self._empty = EmptyState(look)
        self._empty.say(
            "info", tr("Nothing selected"), tr("Select a line to see the evidence it was decided on.")
        )
        self._full = QWidget()
        stack = QStackedLayout(self)
        stack.addWidget(self._empty)
        stack.addWidget(self._full)
        self._stack = stack
        self._body = QWidget()
        self._body.setObjectName("paneBody")
        self._rows = QVBoxLayout(self._body)
        self._rows.setContentsMargins(16, 14, 16, 12)
        self._rows.setSpacing(8)
        scroll = QScrollArea()
        scroll.setWidget(self._body)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setAccessibleName(tr("Details of the act"))
        self.undo = QPushButton(tr("Undo"))
        self.undo.setAccessibleName(tr("Undo"))
        self.undo.setAutoDefault(False)
        self.purge = QPushButton(tr("Free space…"))
        self.purge.setAccessibleName(tr("Free space"))
        self.purge.setAccessibleDescription(tr("Remove for good what is kept for undo"))
        self.purge.setToolTip(tr("Remove for good what is kept for undo"))
        self.purge.setAutoDefault(False)
        self._why = WrapLabel()
        self._why.setObjectName("muted")
        footer = QFrame()
        footer.setObjectName("paneFooter")
        below = QHBoxLayout(footer)
        below.setContentsMargins(16, 10, 16, 12)
        below.setSpacing(12)
        below.addWidget(self.undo)
        below.addWidget(self.purge)
        below.addWidget(self._why, 1)
        full = QVBoxLayout(self._full)
        full.setContentsMargins(0, 0, 0, 0)
        full.setSpacing(0)
        full.addWidget(scroll, 1)
        full.addWidget(footer)
        look.changed.connect(self._repaint)

    def set_keep_days(self, keep_days: int) -> None:
        """How long what was removed can be put back."""
        self._keep_days = keep_days
        self._repaint()

    def mark_recovered(self, actions: Collection[str], when: float) -> None:
        """These were brought to an end at that time, after they had been interrupted."""
        self._recovered, self._recovered_at = actions, when
        self._repaint()

    def _repaint(self) -> None:
        self.show_entry(self.shown)

    def show_entry(self, entry: HistoryEntry | None) -> None:
        """Show this entry; None for nothing."""
        self.shown = entry
        self._stack.setCurrentWidget(self._empty if entry is None else self._full)
        if entry is None:
            return
        while (item := self._rows.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        title = WrapLabel(f"{words.capital(history_text.verb(entry))}: {history_text.outcome_text(entry)}")
        title.setObjectName("paneTitle")
        font = title.font()
        font.setPointSizeF(font.pointSizeF() * 1.2)
        title.setFont(font)
        path = PathBox()
        path.setAccessibleName(tr("Path"))
        path.set_text(history_text.entry_path(entry))
        for widget in (title, path, WrapLabel(entry.summary)):
            self._rows.addWidget(widget)
        if entry.action in self._recovered:
            self._rows.addWidget(
                Note(
                    self._look,
                    "unknown",
                    "info",
                    tr(
                        "It was interrupted by a crash, and brought to an end when racewatch was started, at {when}."
                    ).format(when=words.full_moment(self._recovered_at)),
                )
            )
        facts = [(tr("When"), words.full_moment(entry.started_at))]
        if entry.ended_at is not None:
            facts.append((tr("Took"), f"{max(entry.ended_at - entry.started_at, 0) * 1000:.0f} ms"))
        facts.append((tr("Action"), entry.action))
        if entry.refers_to:
            facts.append((tr("Undo of") if entry.verb == "undo" else tr("Of"), entry.refers_to))
        if entry.undone_by:
            facts.append((tr("Undone by"), entry.undone_by))
        until = history_text.until(entry, self._keep_days)
        if until:
            facts.append((tr("Put back"), until))
        self._rows.addWidget(FactGrid(facts))
        before = history_text.before(entry)
        if before:
            self._section(tr("Before"))
            self._rows.addWidget(FactGrid(before))
        decided_on = remains.found(entry.observation) if entry.observation is not None else ()
        if entry.observation is not None and decided_on:
            self._section(tr("Decided on"))
            for evidence in decided_on:
                self._rows.addWidget(EvidenceRow(self._look, evidence, entry.observation.seen_at))
        self._section(tr("After"))
        self._rows.addWidget(WrapLabel(history_text.after(entry)))
        self._rows.addStretch(1)
        can = history_text.can_undo(entry)
        self.undo.setEnabled(can and not self.forbidden)
        self.purge.setVisible(entry.kept)
        self.purge.setEnabled(not self.forbidden)
        why = self.forbidden or (tr("Puts it back if its name is still free.") if can else _why_not(entry))
        self._why.setText(why)
        self.undo.setAccessibleDescription(why)

    def _section(self, text: str) -> None:
        section = WrapLabel(text)
        section.setObjectName("section")
        self._rows.addWidget(section)


def _why_not(entry: HistoryEntry) -> str:
    if entry.undone_by:
        return tr("It was taken back already.")
    if entry.verb == "undo":
        return tr("This was an undo itself.")
    if entry.verb == "purge":
        return tr("What was kept is removed for good.")
    if entry.word is not None and entry.word.is_refusal:
        return tr("Nothing was removed, so there is nothing to put back.")
    return tr("Nothing is left that could be put back.")
