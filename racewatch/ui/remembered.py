"""Where things were when the window was closed: kept under a name each, and put there again."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QByteArray, QSettings
from PySide6.QtWidgets import QHeaderView, QSplitter, QWidget

from racewatch.ui.column_choice import ColumnChoice


class Remembered:
    """The places of one window."""

    def __init__(self, settings: QSettings, window: QWidget) -> None:
        self._settings = settings
        self._all: list[tuple[str, Callable[[], QByteArray], Callable[[QByteArray], bool]]] = []
        self._all.append(("window/geometry", window.saveGeometry, window.restoreGeometry))

    def add(self, key: str, one: QSplitter | QHeaderView | ColumnChoice) -> None:
        """Where its handle is, or how its columns lie, belongs to it too."""
        self._all.append((key, one.saveState, one.restoreState))

    def restore(self) -> None:
        """As it was kept; what was never kept stays as it is."""
        for key, _, restore in self._all:
            value = self._settings.value(key)
            if isinstance(value, QByteArray):
                restore(value)

    def keep(self) -> None:
        """Write down how it is now."""
        for key, save, _ in self._all:
            self._settings.setValue(key, save())
        self._settings.sync()
