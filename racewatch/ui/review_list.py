"""The list in the review dialog: one row for each target of the plan, in two lines.

Its rows never move, come or go: what is under the pointer stays what it was.
"""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import (
    QAbstractItemModel,
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QFont, QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import QAbstractItemView, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem
from PySide6.QtWidgets import QWidget as _Widget

from racewatch.ui import bidi, icons, words
from racewatch.ui.cells import draw_path
from racewatch.ui.plain import fixed_font, tooltip
from racewatch.ui.plan import Doubt, Plan, Step
from racewatch.ui.strip import Level, level_of
from racewatch.ui.theme import Look
from racewatch.ui.tr import tr

_Index = QModelIndex | QPersistentModelIndex
_ROOT: Final = QModelIndex()
_PAD: Final = 10
_BOX: Final = 15
_ICON: Final = 16
_ONE_LINE: Final = Qt.TextFlag.TextSingleLine | Qt.AlignmentFlag.AlignVCenter


def said_of(plan: Plan, step: Step) -> str:
    """The second line: what came of it, what changed, why not, or what speaks for its verdict."""
    if step.put_back is not None:
        return words.sentence(step.put_back.summary)
    if step.outcome is not None:
        return words.sentence(step.outcome.summary)
    if step.lost_sight:
        return tr(
            "Acting on it ended in a mistake of racewatch. It is unknown how far that came: look at it."
        )
    return plan.doubt_text(step) or step.why_not or words.evidence_line(step.newest)


def ending_of(step: Step) -> str:
    """The word at the right: the outcome, or whether it could be undone."""
    if step.put_back is not None:
        return tr("put back") if step.put_back.word.is_success else words.outcome_word(step.put_back.word)
    if step.outcome is not None:
        return words.outcome_word(step.outcome.word)
    if step.lost_sight:
        return tr("unknown")
    if step.doubt is not None:
        return {Doubt.ALIVE: tr("in use"), Doubt.GONE: tr("gone")}.get(step.doubt, tr("changed"))
    if step.why_not:
        return tr("left alone")
    return tr("can be undone") if step.bound.undoable else tr("cannot be undone")


class ReviewModel(QAbstractListModel):
    """A plan as Qt sees it."""

    #: A person ticked something, or took a tick away.
    ticked = Signal()

    def __init__(self, plan: Plan, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.plan = plan
        self._places = {step: place for place, step in enumerate(plan.steps)}
        self.editable = True

    def step_at(self, index: _Index) -> Step | None:
        """The step of this row."""
        return self.plan.steps[index.row()] if index.isValid() else None

    def rowCount(self, parent: _Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self.plan.steps)

    def flags(self, index: _Index) -> Qt.ItemFlag:
        step = self.step_at(index)
        if step is None:
            return Qt.ItemFlag.NoItemFlags
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemNeverHasChildren
        if step.is_offered and self.editable:
            flags |= Qt.ItemFlag.ItemIsUserCheckable
        return flags

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        step = self.step_at(index)
        if step is None:
            return None
        name = words.target_name(step.bound.target, step.bound.path)
        if role == Qt.ItemDataRole.DisplayRole:
            return name
        if role == Qt.ItemDataRole.CheckStateRole and not step.why_not:
            return Qt.CheckState.Checked if step.ticked else Qt.CheckState.Unchecked
        if role == Qt.ItemDataRole.ToolTipRole:
            return tooltip(f"{words.full_path(step.bound)}\n{said_of(self.plan, step)}")
        if role == Qt.ItemDataRole.AccessibleTextRole:
            said = f"{name}, {step.bound.label}, {ending_of(step)}. {said_of(self.plan, step)}"
            if step.why_not:
                return said
            return (tr("ticked: {row}") if step.ticked else tr("not ticked: {row}")).format(row=said)
        return None

    def setData(self, index: _Index, value: object, role: int = Qt.ItemDataRole.EditRole) -> bool:
        step = self.step_at(index)
        if step is None or role != Qt.ItemDataRole.CheckStateRole or not self.editable:
            return False
        if not self.plan.tick(step, Qt.CheckState(value) is Qt.CheckState.Checked):
            return False
        self.dataChanged.emit(index, index)
        self.ticked.emit()
        return True

    def toggle(self, index: _Index) -> None:
        """The other way round, where it can be ticked."""
        step = self.step_at(index)
        if step is not None:
            state = Qt.CheckState.Unchecked if step.ticked else Qt.CheckState.Checked
            self.setData(index, state, Qt.ItemDataRole.CheckStateRole)

    def changed(self, step: Step) -> None:
        """Something about it is to be painted anew."""
        index = self.index(self._places[step], 0)
        self.dataChanged.emit(index, index)

    def aged(self) -> None:
        """Everything that says how long ago something was is to be painted anew."""
        if self.plan.changed:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self.plan.steps) - 1, 0))


class ReviewList(QListView):
    """The rows of a plan; Space or a click on its box ticks one."""

    def __init__(self, model: ReviewModel, look: Look, parent: _Widget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self.setObjectName("reviewList")
        self.setModel(model)
        self.setItemDelegate(_Delegate(look, self))
        self.setUniformItemSizes(True)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(tr("What is to be removed"))
        self.setAccessibleDescription(
            tr("One row for each; Space ticks the current one or takes its tick away")
        )

    def keyPressEvent(self, event: QKeyEvent, /) -> None:
        if event.key() == Qt.Key.Key_Space:
            if not event.isAutoRepeat():
                self._model.toggle(self.currentIndex())
            event.accept()
            return
        super().keyPressEvent(event)


class _Delegate(QStyledItemDelegate):
    """Two lines: name, label and folder; what is known.  At the right what comes, or came, of it."""

    def __init__(self, look: Look, parent: _Widget) -> None:
        super().__init__(parent)
        self._look = look
        self._font = parent.font()
        self._bold = QFont(parent.font())
        self._bold.setWeight(QFont.Weight.DemiBold)
        self._mono = fixed_font(parent.font())
        self._line = QFontMetrics(self._bold).height() + 3

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(200, 2 * self._line + 12)

    @staticmethod
    def _box(area: QRect) -> QRect:
        return bidi.mirrored(area, QRect(area.left() + _PAD, area.center().y() - _BOX // 2, _BOX, _BOX))

    def editorEvent(
        self, event: QEvent, model: QAbstractItemModel, option: QStyleOptionViewItem, index: _Index
    ) -> bool:
        if (
            isinstance(event, QMouseEvent)
            and event.type() is QEvent.Type.MouseButtonRelease
            and event.button() is Qt.MouseButton.LeftButton
            and isinstance(model, ReviewModel)
            and self._box(QRect(option.rect)).adjusted(-6, -6, 6, 6).contains(event.position().toPoint())
        ):
            model.toggle(index)
            return True
        return False

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        model = index.model()
        step = model.step_at(index) if isinstance(model, ReviewModel) else None
        if not isinstance(model, ReviewModel) or step is None:
            return
        painter.save()
        colours = self._look.colours
        area = QRect(option.rect)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        if selected:
            painter.fillRect(area, QColor(colours.selection))
        painter.setPen(QColor(colours.grid))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        text = QColor(colours.selection_text if selected else colours.text)
        if not step.why_not:
            self._paint_box(painter, self._box(area), step, on=model.editable and step.is_offered)
        icon, colour = self._sign(step)
        inner = area.adjusted(_PAD + _BOX + 10, 6, -_PAD, -6)
        ratio = painter.device().devicePixelRatioF()
        sign = QRect(inner.left(), inner.top() + 2, _ICON, _ICON)
        painter.drawPixmap(bidi.mirrored(area, sign), icons.pixmap(icon, colour, _ICON, ratio))
        inner.adjust(_ICON + 8, 0, 0, 0)
        self._paint_first(
            painter, area, QRect(inner.left(), inner.top(), inner.width(), self._line), step, text
        )
        second = QRect(inner.left(), inner.top() + self._line, inner.width(), self._line)
        plain = step.outcome is None and step.doubt is None
        muted = text if selected else QColor(colours.muted)
        painter.setFont(self._font)
        painter.setPen(muted if plain or step.outcome is not None else QColor(colour))
        shown = said_of(model.plan, step)
        shown = painter.fontMetrics().elidedText(shown, Qt.TextElideMode.ElideRight, second.width())
        painter.drawText(bidi.mirrored(area, second), _ONE_LINE, bidi.sentence(shown))
        painter.restore()

    def _paint_box(self, painter: QPainter, box: QRect, step: Step, *, on: bool) -> None:
        colours = self._look.colours
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(colours.faint if on else colours.border), 1))
        painter.setBrush(QColor(colours.accent if step.ticked and on else colours.base))
        painter.drawRoundedRect(box, 4, 4)
        if step.ticked:
            colour = colours.accent_text if on else colours.faint
            painter.drawPixmap(
                box.topLeft(), icons.pixmap("check", colour, _BOX, painter.device().devicePixelRatioF())
            )
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setBrush(Qt.BrushStyle.NoBrush)

    def _paint_first(self, painter: QPainter, whole: QRect, area: QRect, step: Step, text: QColor) -> None:
        colours = self._look.colours
        painter.setFont(self._font)
        ending = ending_of(step)
        width = painter.fontMetrics().horizontalAdvance(ending)
        warns = not step.bound.undoable and step.outcome is None and step.is_offered
        painter.setPen(QColor(colours.danger if warns else colours.muted))
        if step.outcome is not None:
            painter.setPen(QColor(self._sign(step)[1]))
        painter.drawText(bidi.mirrored(whole, area), _ONE_LINE | Qt.AlignmentFlag.AlignRight, ending)
        area.adjust(0, 0, -width - 12, 0)
        for font, colour, words_ in (
            (self._bold, text, words.target_name(step.bound.target, step.bound.path)),
            (self._font, QColor(colours.muted), step.bound.label),
        ):
            painter.setFont(font)
            painter.setPen(colour if step.is_offered or step.outcome is not None else QColor(colours.muted))
            metrics = painter.fontMetrics()
            shown = metrics.elidedText(words_, Qt.TextElideMode.ElideMiddle, max(area.width(), 0))
            painter.drawText(bidi.mirrored(whole, area), _ONE_LINE, bidi.path(shown))
            area.adjust(min(metrics.horizontalAdvance(shown) + _PAD, area.width()), 0, 0, 0)
        painter.setFont(self._mono)
        folder = words.full_path(step.bound).rpartition("/")[0]
        if area.width() > painter.fontMetrics().horizontalAdvance("/x…x"):
            draw_path(painter, bidi.mirrored(whole, area.adjusted(4, 0, 0, 0)), folder)

    def _sign(self, step: Step) -> tuple[str, str]:
        """Icon and colour; the words beside them say the same."""
        colours = self._look.colours
        ended = step.put_back or step.outcome
        if ended is not None:
            level = level_of(ended)
            colour = {Level.SUCCESS: colours.live, Level.ERROR: colours.danger}.get(level, colours.idle)
            return ("undo" if step.put_back is not None else level.value), colour
        if step.lost_sight:
            return Level.ERROR.value, colours.danger
        if step.doubt is not None:
            icon = {Doubt.ALIVE: "live", Doubt.GONE: "gone"}.get(step.doubt, "warning")
            return icon, colours.stale
        verdict = step.bound.verdict
        return verdict.value, self._look.of_verdict(verdict).name()
