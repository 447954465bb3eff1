"""What stands where there are no rows: four different reasons must look like four different things."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from racewatch.ui import icons
from racewatch.ui.plain import PlainLabel, WrapLabel
from racewatch.ui.theme import Look
from racewatch.ui.tr import tr


class EmptyState(QWidget):
    """A picture, a title, a sentence or two, and at most one thing to do."""

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("emptyState")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._look = look
        self._icon_name = "nothing"
        self._said: tuple[str, str, str, str, bool] | None = None
        self._act: Callable[[], None] | None = None
        self._picture = PlainLabel()
        self._picture.setFixedSize(64, 64)
        self.title = PlainLabel()
        self.title.setObjectName("emptyTitle")
        self.title.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        font = QFont(self.font())
        font.setPointSizeF(font.pointSizeF() * 1.3)
        font.setWeight(QFont.Weight.DemiBold)
        self.title.setFont(font)
        self.text = WrapLabel()
        self.text.setObjectName("muted")
        self.text.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.text.setMaximumWidth(520)
        self.text.setMinimumWidth(300)
        self.button = QPushButton()
        self.button.setAutoDefault(False)
        self.button.clicked.connect(self._clicked)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self.text, 12)
        row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 24)
        layout.setSpacing(10)
        layout.addStretch(2)
        layout.addWidget(self._picture, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addSpacing(4)
        layout.addWidget(self.title)
        layout.addLayout(row)
        layout.addSpacing(6)
        layout.addWidget(self.button, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(3)
        look.changed.connect(self._paint)

    def say(
        self,
        icon: str,
        title: str,
        text: str,
        *,
        button: str = "",
        act: Callable[[], None] | None = None,
    ) -> None:
        """Show this reason."""
        said = (icon, title, text, button, act is not None)
        self._icon_name, self._act = icon, act
        if said == self._said:
            return  # which is so with nearly every batch of changes of something else
        self._said = said
        self.title.setText(title)
        self.text.setText(text)
        self.button.setText(button)
        self.button.setAccessibleName(button or tr("nothing to do here"))
        self.button.setAccessibleDescription(text)
        self.button.setVisible(act is not None)
        self.setAccessibleName(title)
        self.setAccessibleDescription(text)
        self._paint()

    def _paint(self) -> None:
        size = QSize(56, 56)
        self._picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._picture.setPixmap(
            icons.pixmap(self._icon_name, self._look.colours.faint, size.width(), self.devicePixelRatioF())
        )

    def _clicked(self) -> None:
        if self._act is not None:
            self._act()
