"""How every small dialog ends: its margins, its buttons, and the row in which they stand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

_Button = TypeVar("_Button", bound=QPushButton)


def dressed(button: _Button, slot: Callable[[], object], says: str, *, default: bool = False) -> _Button:
    """A button of a dialog: named as it reads, and pressed by Enter only where it is the default one.

    ``says``: what it does, for whoever has it read aloud.
    """
    button.setAccessibleName(button.text())
    button.setAccessibleDescription(says)
    if default:
        button.setDefault(True)
    else:
        button.setAutoDefault(False)
    button.clicked.connect(slot)
    return button


def row(right: Sequence[QWidget], left: Sequence[QWidget] = ()) -> QHBoxLayout:
    """The buttons below: what belongs to the contents at the left, what answers at the right."""
    buttons = QHBoxLayout()
    for button in left:
        buttons.addWidget(button)
    buttons.addStretch(1)
    for button in right:
        buttons.addWidget(button)
    return buttons


def column(dialog: QWidget, spacing: int) -> QVBoxLayout:
    """The layout of the whole."""
    layout = QVBoxLayout(dialog)
    layout.setContentsMargins(20, 18, 20, 16)
    layout.setSpacing(spacing)
    return layout
