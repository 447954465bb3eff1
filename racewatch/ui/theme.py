"""Colours: one light and one dark set, following the desktop unless a person chose.

The look is Fusion with a palette of our own, so that it is the same on every desktop and text keeps
its contrast.  A verdict is never told by colour alone; the colours here only help.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

from racewatch.config import Theme
from racewatch.core.model import Says, Verdict
from racewatch.ui import bidi, resources


@dataclass(frozen=True, slots=True, eq=False)
class Colours:
    """The named colours of one look; every name may be used in ``styles/window.qss`` as ``@name``."""

    window: str
    base: str
    raised: str
    alternate: str
    text: str
    muted: str
    faint: str
    border: str
    grid: str
    accent: str
    accent_text: str
    accent_soft: str
    selection: str
    selection_text: str
    hover: str
    stale: str
    stale_soft: str
    live: str
    live_soft: str
    unknown: str
    unknown_soft: str
    idle: str
    idle_soft: str
    danger: str
    danger_text: str
    danger_soft: str
    fresh: str


LIGHT: Final = Colours(
    window="#f3f4f7",
    base="#ffffff",
    raised="#ffffff",
    alternate="#f9fafb",
    text="#1c2230",
    muted="#5c6675",
    faint="#818a99",
    border="#d5dae2",
    grid="#eceff3",
    accent="#2460cf",
    accent_text="#ffffff",
    accent_soft="#e3ecfc",
    selection="#d6e4fb",
    selection_text="#10203c",
    hover="#eef3fb",
    stale="#a14e00",
    stale_soft="#fdf0dd",
    live="#1a7044",
    live_soft="#e2f4ea",
    unknown="#6443b4",
    unknown_soft="#efeafb",
    idle="#54606f",
    idle_soft="#edf0f3",
    danger="#b42318",
    danger_text="#ffffff",
    danger_soft="#fdeceb",
    fresh="#fff7df",
)

DARK: Final = Colours(
    window="#191c22",
    base="#1f232a",
    raised="#272c35",
    alternate="#22262e",
    text="#e5e8ee",
    muted="#a3acba",
    faint="#7d8796",
    border="#373e4a",
    grid="#2a2f38",
    accent="#6c9cf8",
    accent_text="#0c1526",
    accent_soft="#26344f",
    selection="#263b63",
    selection_text="#f3f6fc",
    hover="#28303d",
    stale="#f3ab55",
    stale_soft="#3d301d",
    live="#5dc78f",
    live_soft="#1e3629",
    unknown="#b7a1f5",
    unknown_soft="#312a48",
    idle="#a3adbb",
    idle_soft="#2c323c",
    danger="#f3877e",
    danger_text="#2b0d0a",
    danger_soft="#432523",
    fresh="#37331f",
)


#: Qt mirrors a button's place for the arrow of its menu, but draws it beyond the edge.
_MIRRORED: Final = (
    "\nQPushButton::menu-indicator { subcontrol-origin: content; subcontrol-position: center right; }"
)


class Look(QObject):
    """The look in force.  ``changed`` is emitted after the palette and style sheet were put in place."""

    changed = Signal()

    def __init__(
        self, app: QApplication, theme: Theme, parent: QObject | None = None, *, dressed: bool = True
    ) -> None:
        """``dressed`` False: without the style sheet until :meth:`dress`.

        With one in force Qt goes through all of a widget, and polishes it anew, each time that it is put into
        another one; a window that is built without it and dressed as a whole is there in a third of the time.
        """
        super().__init__(parent)
        self._app = app
        self._theme = theme
        self._dressed = dressed
        self.colours = self._wanted()
        app.setStyle("Fusion")
        app.styleHints().colorSchemeChanged.connect(self._follow)
        self._apply()

    @property
    def theme(self) -> Theme:
        """What the person chose."""
        return self._theme

    def dress(self) -> None:
        """Put the style sheet in place, for all widgets at once: before the first of them is shown."""
        if not self._dressed:
            self._dressed = True
            self._app.setStyleSheet(_style_sheet(self.colours))

    def choose(self, theme: Theme) -> None:
        """Light, dark, or what the desktop says."""
        self._theme = theme
        self._follow()

    def _follow(self) -> None:
        wanted = self._wanted()
        if wanted is not self.colours:
            self.colours = wanted
            self._apply()
            self.changed.emit()

    def _wanted(self) -> Colours:
        if self._theme is Theme.SYSTEM:
            dark = self._app.styleHints().colorScheme() is Qt.ColorScheme.Dark
        else:
            dark = self._theme is Theme.DARK
        return DARK if dark else LIGHT

    def _apply(self) -> None:
        self._app.setPalette(_palette(self.colours))
        if self._dressed:
            self._app.setStyleSheet(_style_sheet(self.colours))

    def of_verdict(self, verdict: Verdict) -> QColor:
        """The colour of a verdict's word and icon."""
        return QColor(getattr(self.colours, verdict.value))

    def of_says(self, says: Says) -> QColor:
        """The colour of one piece of evidence."""
        return QColor(self.colours.muted if says is Says.INFO else getattr(self.colours, says.value))


def _palette(colours: Colours) -> QPalette:
    role = QPalette.ColorRole
    palette = QPalette()
    for which, colour in (
        (role.Window, colours.window),
        (role.WindowText, colours.text),
        (role.Base, colours.base),
        (role.AlternateBase, colours.alternate),
        (role.Text, colours.text),
        (role.Button, colours.raised),
        (role.ButtonText, colours.text),
        (role.BrightText, colours.danger),
        (role.Highlight, colours.selection),
        (role.HighlightedText, colours.selection_text),
        (role.ToolTipBase, colours.raised),
        (role.ToolTipText, colours.text),
        (role.PlaceholderText, colours.muted),
        (role.Link, colours.accent),
        (role.LinkVisited, colours.accent),
        (role.Accent, colours.accent),
        (role.Light, colours.raised),
        (role.Midlight, colours.grid),
        (role.Mid, colours.border),
        (role.Dark, colours.faint),
        (role.Shadow, colours.border),
    ):
        palette.setColor(which, QColor(colour))
    for which in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, which, QColor(colours.faint))
    return palette


def _style_sheet(colours: Colours) -> str:
    sheet = resources.path("styles/window.qss").read_text(encoding="utf-8")
    if bidi.is_reversed():
        sheet += _MIRRORED
    # Longest names first: @stale_soft before @stale.
    for name in sorted((field.name for field in fields(colours)), key=len, reverse=True):
        sheet = sheet.replace(f"@{name}", getattr(colours, name))
    return sheet.replace("@icons", resources.path("icons/check.svg").parent.as_posix())
