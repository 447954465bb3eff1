"""Bringing a window to the front, wherever it is."""

from __future__ import annotations

import os

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget


def bring_to_front(window: QWidget, activation: str = "") -> None:
    """Show it before all others.  ``activation``: the desktop's permission for that, where it wants one."""
    if activation:
        # Qt hands it to the compositor with the next activation: else the window may only ask for attention.
        os.environ["XDG_ACTIVATION_TOKEN"] = activation
    window.setWindowState(window.windowState() & ~Qt.WindowState.WindowMinimized)
    window.show()
    window.raise_()
    window.activateWindow()
    QApplication.alert(window)
