"""The filters of the list at the left: chosen, saved, renamed and deleted there, with live counts."""

from __future__ import annotations

from PySide6.QtCore import QObject, QSettings, Qt, Signal
from PySide6.QtWidgets import QWidget

from racewatch.core.model import KindName
from racewatch.monitor.batch import Batch
from racewatch.monitor.chronicle import Chronicle
from racewatch.ui.name_dialog import NameDialog
from racewatch.ui.query import Key, Query, Term, text_of
from racewatch.ui.saved import FilterCounts, SavedFilters
from racewatch.ui.sidebar import Page, Sidebar
from racewatch.ui.tr import tr


class KeptFilters(QObject):
    """Between the list, the settings and the counts.  ``wanted`` carries the text of what was chosen."""

    wanted = Signal(str)

    def __init__(self, settings: QSettings, chronicle: Chronicle, sidebar: Sidebar, parent: QWidget) -> None:
        super().__init__(parent)
        self._window = parent
        self._sidebar = sidebar
        self.saved = SavedFilters(settings, self)
        self.counts = FilterCounts(chronicle, self)
        self.saved.changed.connect(self._show)
        self.counts.counted.connect(self._count)
        sidebar.filter_chosen.connect(self._on_chosen)
        sidebar.rename_wanted.connect(self._ask_to_rename)
        sidebar.delete_wanted.connect(self._delete)
        self._show()

    def hear(self, batch: Batch) -> None:
        """What came, changed or went; the chronicle has it already."""
        self.counts.hear(batch)

    def asking(self, query: Query) -> str | None:
        """The name of the filter that asks for exactly this."""
        found = self.saved.asking(query)
        return found.name if found is not None else None

    def ask_to_save(self, kind: KindName | None, query: Query) -> None:
        """Ask for a name for what is looked for among one kind, or all."""
        if kind is not None and not query.of(Key.KIND):
            query = Query((Term(kind.value, Key.KIND), *query.terms))
        text = text_of(query)
        dialog = NameDialog(tr("Save filter"), text, tr("Save"), "", self.saved.why_not, self._window)
        dialog.named.connect(lambda name: self._save(name, text))
        dialog.open()

    def _save(self, name: str, text: str) -> None:
        self.saved.save(name, text)
        self._sidebar.choose_filter(self.saved.every()[-1].name)

    def _ask_to_rename(self, name: str) -> None:
        found = self.saved.named(name)
        if found is None:
            return
        dialog = NameDialog(
            tr("Rename filter"),
            found.text,
            tr("Rename"),
            name,
            lambda new: self.saved.why_not(new, renaming=name),
            self._window,
        )
        dialog.named.connect(lambda new: self._rename(name, new))
        dialog.open()

    def _rename(self, name: str, new: str) -> None:
        was_chosen = self._sidebar.filter == name
        at = [one.name for one in self.saved.every()].index(name)
        self.saved.call_it(name, new)
        if was_chosen:
            self._sidebar.mark(self.saved.every()[at].name)

    def _delete(self, name: str) -> None:
        was_chosen = self._sidebar.filter == name
        self.saved.delete(name)
        if was_chosen:  # what it asked for stays in the filter line, and is that of the view now
            self._sidebar.mark(Page.ALL)
        self._sidebar.list.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_chosen(self, name: str) -> None:
        found = self.saved.named(name)
        if found is not None:
            self.wanted.emit(found.text)

    def _show(self) -> None:
        self._sidebar.show_filters(self.saved.every())
        self.counts.follow(one.text for one in self.saved.every())

    def _count(self) -> None:
        self._sidebar.show_counts({one.name: self.counts.of(one.text) for one in self.saved.every()})
