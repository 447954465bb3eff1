"""Plain text, whatever a name contains: labels, tooltips and action texts that never guess at markup."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QMimeData, QPointF, QRect, QSize, Qt
from PySide6.QtGui import QFont, QFontDatabase, QPainter, QPaintEvent, QResizeEvent, QTextLayout, QTextOption
from PySide6.QtWidgets import QLabel, QPlainTextEdit, QSizePolicy, QStyle, QWidget

from racewatch.core.text import one_line
from racewatch.ui import bidi
from racewatch.ui.tr import tr

_LEADING: Final = 1.14


#: As :func:`html.escape` has it, whose module brings all the named characters of HTML along.
_ESCAPED: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"})


def escaped(text: str) -> str:
    """Text as markup that shows exactly this."""
    return text.translate(_ESCAPED)


def tooltip(text: str) -> str:
    """A tooltip that shows exactly this text: Qt would take some names for markup and render them."""
    return f"<p style='white-space:pre-wrap'>{escaped(bidi.sentence(text))}</p>" if text else ""


def action_text(text: str) -> str:
    """The text of a menu item or button: ``&`` would become a mnemonic."""
    return text.replace("&", "&&")


def fixed_font(base: QFont) -> QFont:
    """The monospace font at the size of another one; only for paths and ids."""
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    font.setPointSizeF(max(base.pointSizeF() - 0.5, 6.0))
    return font


class PlainLabel(QLabel):
    """A label that never renders markup and never shows a hidden character."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        super().setTextFormat(Qt.TextFormat.PlainText)
        if bidi.is_reversed():
            # Qt would go by the letters of the text, and evidence is English in every window.
            leading = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignAbsolute
            self.setAlignment(leading | Qt.AlignmentFlag.AlignVCenter)
        self.setText(text)

    def setText(self, text: str, /) -> None:
        self._text = "\n".join(one_line(line) for line in text.split("\n"))
        super().setText(bidi.sentence(self._text))

    def text(self) -> str:
        """What it says; what is painted may have marks in it."""
        return self._text

    def setTextFormat(self, format: Qt.TextFormat, /) -> None:  # noqa: A002 - Qt's name
        if format is not Qt.TextFormat.PlainText:
            raise ValueError("names are hostile: this label is plain text only")


class ElidedLabel(PlainLabel):
    """One line that gives way when there is no room; the tooltip has all of it."""

    def minimumSizeHint(self) -> QSize:
        return QSize(24, super().minimumSizeHint().height())

    def setText(self, text: str, /) -> None:
        super().setText(text)
        self.setToolTip(tooltip(self.text()))
        # Without one the tool tip is read out, with its markup.
        self.setAccessibleDescription(self.text())

    def paintEvent(self, event: QPaintEvent, /) -> None:
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        area = self.contentsRect()
        text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, area.width())
        painter.drawText(
            area, Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine, bidi.sentence(text)
        )
        painter.end()


class WrapLabel(PlainLabel):
    """Plain text over several lines, broken at words and, where a path is too long, anywhere.

    (QLabel breaks at words only, so that one long path would widen the whole pane.)
    """

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        # A layout asks for the same few widths again and again, and laying text out is dear.
        self._heights: dict[int, int] = {}
        super().__init__(text, parent)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def setText(self, text: str, /) -> None:
        super().setText(text)
        self._heights.clear()
        self.updateGeometry()
        if self.width() > 0:
            self._fit()

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int, /) -> int:
        margins = self.contentsMargins()
        inner = max(width - margins.left() - margins.right(), 1)
        if inner not in self._heights:
            self._heights[inner] = sum(layout_height(line, inner) for line in self._laid_out(inner))
        return self._heights[inner] + margins.top() + margins.bottom()

    def sizeHint(self) -> QSize:
        width = min(self.fontMetrics().horizontalAdvance(self.text()) + 4, 460)
        return QSize(width, self.heightForWidth(width))

    def minimumSizeHint(self) -> QSize:
        return QSize(40, self.fontMetrics().height())

    def resizeEvent(self, event: QResizeEvent, /) -> None:
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent, /) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._heights.clear()

    def paintEvent(self, event: QPaintEvent, /) -> None:
        area = self.contentsRect()
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        top = float(area.top())
        for layout in self._laid_out(area.width()):
            layout.draw(painter, QPointF(area.left(), top))
            top += layout_height(layout, area.width())
        painter.end()

    def _fit(self) -> None:
        # Layouts inside scroll areas and dialogs do not always ask for the height for a width.
        wanted = self.heightForWidth(self.width())
        if self.minimumHeight() != wanted:
            self.setMinimumHeight(wanted)

    def _laid_out(self, width: int) -> list[QTextLayout]:
        option = QTextOption()
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        option.setAlignment(QStyle.visualAlignment(self.layoutDirection(), self.alignment()))
        # The window's, not that of the first letter: that may be the one of a hostile name.
        option.setTextDirection(self.layoutDirection())
        result = []
        for paragraph in bidi.sentence(self.text()).split("\n"):
            layout = QTextLayout(paragraph, self.font())
            layout.setTextOption(option)
            layout.beginLayout()
            y = 0.0
            while (line := layout.createLine()).isValid():
                line.setLineWidth(width)
                line.setPosition(QPointF(0, y))
                y += round(line.height() * _LEADING)
            layout.endLayout()
            result.append(layout)
        return result


def heading(text: str) -> WrapLabel:
    """What a dialog is about, above everything else in it."""
    label = WrapLabel(text)
    label.setObjectName("paneTitle")
    font = QFont(label.font())
    font.setPointSizeF(font.pointSizeF() * 1.2)
    font.setWeight(QFont.Weight.DemiBold)
    label.setFont(font)
    return label


def layout_height(layout: QTextLayout, width: int) -> int:
    """The height of one laid out paragraph."""
    rect = layout.boundingRect()
    return max(round(rect.height() + 0.49), 1) if rect.height() else QRect(0, 0, width, 0).height() + 4


class PathBox(QPlainTextEdit):
    """A path that can be selected and copied in pieces; as high as its text, broken anywhere."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._path = ""
        self.setReadOnly(True)
        self.setObjectName("pathBox")
        self.setAccessibleDescription(tr("Text to select and copy"))
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.WidgetWidth)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAnywhere)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTabChangesFocus(True)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFont(fixed_font(self.font()))
        self._fit()

    def set_text(self, text: str) -> None:
        """Show this (already displayed) text; a selection in the same text stays."""
        if text != self._path:
            self._path = text
            self.setPlainText(bidi.path(text))
        self._fit()

    def toPlainText(self) -> str:
        """The path; what is painted may have marks in it."""
        return self._path

    def createMimeDataFromSelection(self) -> QMimeData:
        data = QMimeData()
        data.setText(bidi.without_marks(self.textCursor().selectedText()))
        return data

    def resizeEvent(self, event: QResizeEvent, /) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        lines = max(round(self.document().size().height()), 1)
        margins = self.contentsMargins()
        frame = margins.top() + margins.bottom() + round(2 * self.document().documentMargin())
        self.setFixedHeight(min(lines, 8) * self.fontMetrics().lineSpacing() + frame + 2)
