"""Our own SVG icons in the colours of the look; no icon theme is needed (many desktops have none)."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from racewatch.ui import resources

_SIZES: Final = (16, 20, 24, 32, 48, 64, 96)


@lru_cache(maxsize=64)
def _source(name: str) -> str:
    return resources.path(f"icons/{name}.svg").read_text(encoding="utf-8")


def _picture(name: str, colour: str) -> QSvgRenderer:
    return QSvgRenderer(QByteArray(_source(name).replace("currentColor", colour).encode()))


def _render(picture: QSvgRenderer, size: int) -> QPixmap:
    pixmap = QPixmap(size, size)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    picture.render(painter, QRectF(0, 0, size, size))
    painter.end()
    return pixmap


@lru_cache(maxsize=512)
def _pixmap(name: str, colour: str, size: int, ratio: float) -> QPixmap:
    pixmap = _render(_picture(name, colour), round(size * ratio))
    pixmap.setDevicePixelRatio(ratio)
    return pixmap


def pixmap(name: str, colour: QColor | str, size: int, ratio: float = 1.0) -> QPixmap:
    """One icon, ``size`` device-independent pixels wide."""
    return _pixmap(name, QColor(colour).name(), size, ratio)


def icon(name: str, colour: QColor | str, disabled: QColor | str | None = None) -> QIcon:
    """The icon in several sizes; greyed in ``disabled`` where the control is off."""
    return _icon(name, QColor(colour).name(), None if disabled is None else QColor(disabled).name())


@lru_cache(maxsize=256)
def _icon(name: str, colour: str, disabled: str | None) -> QIcon:
    result = QIcon()
    modes = [(QIcon.Mode.Normal, _picture(name, colour))]
    if disabled is not None:
        modes.append((QIcon.Mode.Disabled, _picture(name, disabled)))
    for mode, picture in modes:
        for size in _SIZES:
            result.addPixmap(_render(picture, size), mode)
    return result


@lru_cache(maxsize=1)
def application_icon() -> QIcon:
    """The icon of the program, in its own colours."""
    result = QIcon()
    picture = _picture("racewatch", "#000000")
    for size in (16, 24, 32, 48, 64, 128, 256):
        result.addPixmap(_render(picture, size))
    return result
