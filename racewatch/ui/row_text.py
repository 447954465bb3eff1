"""What is read out of a row to those who do not see it."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt

from racewatch.ui import words
from racewatch.ui.columns import Style
from racewatch.ui.table_row import Row
from racewatch.ui.tr import marked, tr

#: What the title of a column answers to: narrower than its title, a column still says it in its tool tip.
OF_TITLE: Final = (
    Qt.ItemDataRole.DisplayRole,
    Qt.ItemDataRole.AccessibleTextRole,
    Qt.ItemDataRole.ToolTipRole,
)
#: Where a cell stands empty: silence would leave open whether anything was read.
NOTHING: Final = marked("none")


def of_cell(row: Row, column: int) -> str:
    """One cell; that of the state has the verdict's word, which others know by its icon and colour too."""
    if row.shape.columns[column].style is Style.STATE:
        return f"{_verdict(row)}: {row.text(column)}"
    return row.text(column) or tr(NOTHING)


def of_row(row: Row) -> str:
    """All of it in a line: its verdict as a word, what it is, which."""
    seen = row.observation
    return f"{_verdict(row)}: {seen.label}, {words.noun(seen.target)} {words.full_path(seen)}"


def _verdict(row: Row) -> str:
    state = words.state_word(row.observation.verdict.value)
    return tr("gone, was {state}").format(state=state) if row.gone else state
