"""The line above a table: what is looked for, verdict chips, whose, grouping.

The text of the line is the filter; the chips only write into it and show what it says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QLineEdit, QPushButton, QWidget

from racewatch.core.model import Verdict
from racewatch.ui import icons, words
from racewatch.ui.completer import QueryCompleter
from racewatch.ui.flow import FlowRow
from racewatch.ui.plain import WrapLabel, tooltip
from racewatch.ui.query import HELP, OTHERS, Key, Parsed, Query, Term, parse, with_term, with_verdicts
from racewatch.ui.search_line import SearchLine
from racewatch.ui.theme import Look
from racewatch.ui.tr import marked, number, tr

_CHIPS: Final = (None, Verdict.STALE, Verdict.UNKNOWN, Verdict.LIVE, Verdict.IDLE)
#: What only other users have.
_NOT_MINE: Final = Term(OTHERS, Key.USER, negated=True)
#: The button, what it is called and what it does, by what rows can be grouped by.
_GROUPS: Final = {
    "program": (
        marked("By program"),
        marked("Group by program"),
        marked("Keep the rows of one program together"),
    ),
    "runtime": (
        marked("By runtime"),
        marked("Group by runtime"),
        marked("Keep the rows of one runtime together"),
    ),
}


def _tip() -> str:
    lines = [
        tr("Words: each must be found in path, state, owner, unit, format or id."),
        *(f"{key.value}: {tr(said)}" if key is not Key.AGE else said for key, said in HELP.items()),
        tr("-word or -verdict:live: not that.   Quotes keep blanks together."),
    ]
    return "\n".join(lines)


class FilterBar(QFrame):
    """The filter line.  ``changed`` when what is asked for does; ``grouped`` when rows shall be grouped;
    ``save_wanted`` when the filter shall be kept; ``left`` when the keyboard goes on to the rows.

    ``group`` names what rows can be grouped by; without it there is no such button.  ``present`` tells which
    values of a key there are just now.
    """

    changed = Signal()
    grouped = Signal(bool)
    save_wanted = Signal()
    left = Signal()

    def __init__(
        self,
        look: Look,
        group: str | None = None,
        present: Callable[[Key], Iterable[str]] = lambda _: (),
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._look = look
        self._parsed: Parsed = parse("")
        self.setObjectName("filterBar")
        self.search = SearchLine()
        self.search.setPlaceholderText(tr("Filter: words, verdict:stale, owner:redis, age>2h  (Ctrl+F)"))
        self.search.setAccessibleName(tr("Filter"))
        self.search.setAccessibleDescription(_tip())
        self.search.setToolTip(tooltip(_tip()))
        self.search.setMinimumWidth(180)
        self.search.setAcceptDrops(False)  # what is dropped on the window is looked up
        self._glass = QAction(tr("Filter"), self)
        self.search.addAction(self._glass, QLineEdit.ActionPosition.LeadingPosition)
        self.search.textChanged.connect(self._typed)
        self.search.installEventFilter(self)
        self.completer = QueryCompleter(self.search, present)
        self.reset_button = self._quiet(
            tr("Reset"), "clear", tr("Show everything again (Escape)"), self.reset
        )
        self.save = self._quiet(
            tr("Save…"), "bookmark", tr("Keep this filter in the list at the left"), self.save_wanted.emit
        )
        self._chips = FlowRow()
        self.chips: dict[Verdict | None, QPushButton] = {}
        for verdict in _CHIPS:
            chip = self._chip()
            chip.clicked.connect(self._clicked)
            self.chips[verdict] = chip
            self._chips.add(chip)
        self.mine = self._chip(tr("Mine"))
        self.mine.setAccessibleName(tr("Without what only other users have"))
        said = tr("Hide what only other users have; what nobody is known to have stays")
        self.mine.setAccessibleDescription(said)
        self.mine.setToolTip(tooltip(said))
        self.mine.clicked.connect(self._own_users)
        self._chips.add(self.mine)
        self.group: QPushButton | None = None
        if group is not None:
            text, called, said = map(tr, _GROUPS[group])
            self.group = self._chip(text)
            self.group.setAccessibleName(called)
            self.group.setAccessibleDescription(said)
            self.group.setToolTip(said)
            self.group.toggled.connect(self.grouped)
            self._chips.add(self.group)
        self.said = WrapLabel()
        self.said.setObjectName("filterRemark")
        self.said.setVisible(False)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(10, 8, 10, 8)
        self._grid.setHorizontalSpacing(6)
        self._grid.setVerticalSpacing(6)
        self._grid.setColumnStretch(0, 1)
        self._grid.addWidget(self.search, 0, 0)
        self._grid.addWidget(self.reset_button, 0, 1)
        self._grid.addWidget(self.save, 0, 2)
        self._grid.addWidget(self.said, 2, 0, 1, 4)
        self._wide: bool | None = None
        self._arrange()
        look.changed.connect(self._paint)
        self.show_counts(dict.fromkeys(Verdict, 0))
        self._show_state()
        self._paint()

    def _chip(self, text: str = "") -> QPushButton:
        chip = QPushButton(text)
        chip.setCheckable(True)
        chip.setProperty("role", "chip")
        chip.setAutoDefault(False)
        chip.setIconSize(QSize(14, 14))
        return chip

    def _quiet(self, text: str, icon: str, said: str, do: Callable[[], None]) -> QPushButton:
        button = QPushButton(text)
        button.setProperty("role", "quiet")
        button.setProperty("picture", icon)
        button.setAutoDefault(False)
        button.setIconSize(QSize(14, 14))
        button.setAccessibleName(text.rstrip("…"))
        button.setAccessibleDescription(said)
        button.setToolTip(tooltip(said))
        button.clicked.connect(do)
        return button

    def _arrange(self) -> None:
        """Chips beside the line where there is room, else below it."""
        buttons = self.reset_button.sizeHint().width() + self.save.sizeHint().width()
        wide = self.width() >= 320 + buttons + self._chips.sizeHint().width() + 50
        if wide is self._wide:
            return
        self._wide = wide
        if wide:
            self._grid.addWidget(self._chips, 0, 3)
        else:
            self._grid.addWidget(self._chips, 1, 0, 1, 4)

    def resizeEvent(self, event: QResizeEvent, /) -> None:
        super().resizeEvent(event)
        self._arrange()

    # --- what is asked for --------------------------------------------------------------------

    @property
    def query(self) -> Query:
        """What is looked for; empty for everything."""
        return self._parsed.query

    @property
    def text(self) -> str:
        """The filter as it is typed."""
        return self.search.text().strip()

    def verdicts(self) -> set[Verdict]:
        """What the chips let through; empty for everything."""
        wanted = self.query.verdicts()
        return set() if wanted == set(Verdict) else set(wanted)

    def show_counts(self, counts: dict[Verdict, int]) -> None:
        """Counts on the chips, of what all but the verdicts leaves."""
        for verdict, chip in self.chips.items():
            name = tr("All") if verdict is None else words.capital(words.state_word(verdict.value))
            count = sum(counts.values()) if verdict is None else counts[verdict]
            text = f"{name}  {number(count)}"
            if chip.text() != text:
                chip.setText(text)
                chip.setAccessibleName(f"{name}, {count}")
                chip.setAccessibleDescription(
                    tr("Show every verdict")
                    if verdict is None
                    else tr("Show only what is {verdict}, or all again").format(
                        verdict=words.state_word(verdict.value)
                    )
                )

    def reset(self) -> None:
        """Let everything through."""
        self.search.clear()

    def ask(self, text: str) -> None:
        """Look for this."""
        self.search.setText(text)
        self.search.setCursorPosition(len(text))

    def _clicked(self) -> None:
        pressed = self.sender()
        wanted: set[Verdict] = set()
        if pressed is not self.chips[None]:
            wanted = {verdict for verdict, chip in self.chips.items() if verdict and chip.isChecked()}
        self.search.setText(with_verdicts(self.search.text(), frozenset(wanted)))
        self._show_state()

    def _own_users(self) -> None:
        self.search.setText(with_term(self.search.text(), _NOT_MINE, self.mine.isChecked()))
        self._show_state()

    def _typed(self, text: str) -> None:
        before, self._parsed = self._parsed.query, parse(text)
        self._show_state()
        if self._parsed.query != before:
            self.changed.emit()

    def _show_state(self) -> None:
        through = self.query.verdicts()
        every = through == set(Verdict)
        for verdict, chip in self.chips.items():
            chip.setChecked(every if verdict is None else verdict in through and not every)
        self.mine.setChecked(_NOT_MINE in self.query.terms)
        remarks = "\n".join(self._parsed.remarks)
        self.said.setVisible(bool(remarks))
        self.said.setText(remarks)
        self.reset_button.setEnabled(bool(self.search.text()))
        self.save.setEnabled(bool(self.query))

    def eventFilter(self, watched: QObject, event: QEvent, /) -> bool:
        if watched is self.search and isinstance(event, QKeyEvent) and event.type() is QEvent.Type.KeyPress:
            if event.key() == Qt.Key.Key_Escape and self.search.text():
                self.search.clear()
                return True
            if event.key() == Qt.Key.Key_Down:
                self.left.emit()
                return True
        return super().eventFilter(watched, event)

    def _paint(self) -> None:
        colours = self._look.colours
        self._glass.setIcon(icons.icon("search", colours.faint))
        for button in (self.reset_button, self.save):
            button.setIcon(icons.icon(str(button.property("picture")), colours.accent, colours.faint))
        for verdict, chip in self.chips.items():
            if verdict is not None:
                chip.setIcon(icons.icon(verdict.value, self._look.of_verdict(verdict)))
