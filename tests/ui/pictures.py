"""What is on the screen, as a small picture."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields
from pathlib import Path

from PySide6.QtGui import QImage


def palette(named: list[int], picture: QImage) -> list[int]:
    """The named colours, the most frequent ones, and of the rest one from each corner of the colour space."""
    counted = Counter(memoryview(picture.constBits()).cast("I"))
    chosen = dict.fromkeys([*named, *(colour for colour, _ in counted.most_common(80))])
    corners: dict[int, Counter[int]] = {}
    for colour, count in counted.items():
        if colour not in chosen:
            corners.setdefault(colour & 0xFFE0E0E0, Counter())[colour] += count
    largest = sorted(corners.values(), key=lambda corner: -corner.total())
    while len(chosen) < 256 and largest:
        for corner in largest[: 256 - len(chosen)]:
            (colour, _), *_ = corner.most_common(1)
            chosen[colour] = None
            del corner[colour]
        largest = [corner for corner in largest if corner]
    return list(chosen)[:256]


def save_screen(file: Path, theme: str) -> None:
    """What is on the screen now."""
    from PySide6.QtCore import Qt
    from PySide6.QtGui import QColor, QGuiApplication

    from racewatch.ui.theme import DARK, LIGHT

    look = LIGHT if theme == "light" else DARK
    picture = QGuiApplication.primaryScreen().grabWindow(0).toImage()
    # 256 well chosen colours are enough and make a quarter of the size.
    picture = picture.convertToFormat(QImage.Format.Format_RGB32)
    table = palette([QColor(getattr(look, field.name)).rgb() for field in fields(look)], picture)
    dither = Qt.ImageConversionFlag.ThresholdDither
    picture = picture.convertToFormat(QImage.Format.Format_Indexed8, table, dither)
    assert picture.save(str(file), quality=0)
