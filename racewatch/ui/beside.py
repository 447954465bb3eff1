"""A table with what is known of its row: beside it where there is room, else below."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSplitter, QWidget

from racewatch.ui.measure import wide

#: How wide the second part is at first.
PANE: Final = 344
_NARROW: Final = 980


def place_beside(splitter: QSplitter, view: QWidget) -> None:
    """Turn the splitter as the width of its view wants it; to be called when that has changed."""
    narrow = view.width() < wide(_NARROW, view.fontMetrics())
    wanted = Qt.Orientation.Vertical if narrow else Qt.Orientation.Horizontal
    if splitter.orientation() is wanted:
        return
    splitter.setOrientation(wanted)
    if narrow:
        half = view.height() // 2
        splitter.setSizes([half, half])
    else:  # the table gets what there is more of: its columns come back with it
        splitter.setSizes([view.width() - PANE, PANE])
