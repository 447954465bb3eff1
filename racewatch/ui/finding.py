"""Which view is on screen and what is looked for in it: views, kept filters, a path that somebody holds out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QObject, QSettings, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtWidgets import QStackedWidget, QWidget

from racewatch.core.model import Problem, Verdict
from racewatch.monitor.batch import Batch
from racewatch.monitor.chronicle import Chronicle
from racewatch.ui import kinds_said
from racewatch.ui.actions import Act, Actions
from racewatch.ui.bridge import Bridge
from racewatch.ui.columns import SHAPES
from racewatch.ui.kept_filters import KeptFilters
from racewatch.ui.lines import Opening
from racewatch.ui.look_up import LookUp, text_of_drop
from racewatch.ui.query import Query
from racewatch.ui.saved import NEEDS_ATTENTION
from racewatch.ui.sidebar import Page, Sidebar
from racewatch.ui.strip import Level, StripArea
from racewatch.ui.targets_view import TargetsView
from racewatch.ui.tr import number, tr
from racewatch.ui.who_could import who_could
from racewatch.ui.why_empty import Reason
from racewatch.verbs import Racewatch


class Finding(QObject):
    """``turned`` when another page, or another filter in it, is on screen.

    What is dropped on the window is looked up, as what is pasted is.
    """

    turned = Signal()

    def __init__(
        self,
        bridge: Bridge,
        racewatch: Racewatch,
        settings: QSettings,
        chronicle: Chronicle,
        sidebar: Sidebar,
        strips: StripArea,
        pages: QStackedWidget,
        views: Sequence[TargetsView],
        roots: Callable[[], Sequence[bytes]],
        window: QWidget,
    ) -> None:
        """The first of the ``views`` is the one of all kinds."""
        super().__init__(window)
        self._bridge = bridge
        self._chronicle = chronicle
        self._sidebar = sidebar
        self._pages = pages
        self._views = views
        self._all = views[0]
        self._problems: tuple[Problem, ...] = ()
        self.filters = KeptFilters(settings, chronicle, sidebar, window)
        self.look_up = LookUp(bridge, racewatch, roots, self._all, self)
        sidebar.chosen.connect(self._on_page)
        self.filters.wanted.connect(self._on_filter)
        self.look_up.opened.connect(self._on_looked_up)
        self.look_up.told.connect(lambda text: strips.show_message(Level.INFO, text))
        for view in views:
            view.asked.connect(self._on_asked)
            view.save_wanted.connect(self.save)
        window.setAcceptDrops(True)
        window.installEventFilter(self)

    def hear(self, batch: Batch) -> None:
        """Count anew for the filters, and ask who could see what could not be seen."""
        self.filters.hear(batch)
        if batch.problems != self._problems:
            self._problems = batch.problems
            self._bridge.spawn(self._ask_who(batch.problems), "asking who could see more")

    async def _ask_who(self, problems: tuple[Problem, ...]) -> None:
        who = await self._bridge.offload(lambda: who_could(problems))
        for view in self._views:
            view.set_who(who)

    # --- which page ---------------------------------------------------------------------------

    @property
    def view(self) -> TargetsView | None:
        """The view of targets that is on screen."""
        return next((view for view in self._views if view is self._pages.currentWidget()), None)

    def show_attention(self) -> None:
        """What the window opens on."""
        self._sidebar.choose_filter(NEEDS_ATTENTION.name)

    def counts(self) -> str:
        """How many things there are, and how many of them are shown."""
        view = self.view
        if view is None:
            tally = self._chronicle.tally
            return "  ·  ".join(kinds_said.counted(kind, tally.total(kind)) for kind in SHAPES)
        model = view.model
        text = kinds_said.counted(view.shape.kind, model.total)
        if model.filtering:
            # Not the rows: what has just gone stands there a little longer.
            shown = sum(model.counts[verdict] for verdict in view.filters.query.verdicts())
            text = tr("{things}, {count} shown").format(things=text, count=number(shown))
        stale = model.counts[Verdict.STALE]
        return "  ·  ".join((text, tr("%n stale", "", stale))) if stale else text

    def open(self, opening: Opening) -> None:
        """What a line of the overview is about."""
        view = next(view for view in self._views if view.shape.kind is opening.kind)
        self._sidebar.choose(Page(self._pages.indexOf(view)))
        view.reveal(opening.target, search=opening.search, verdict=opening.verdict)

    def _on_page(self, page: Page) -> None:
        if page is Page.ALL and self.filters.asking(self._all.filters.query):
            # The same page as one of the kept filters; what was asked by hand stays.
            self._all.filters.reset()
        self._turn_to(page)

    def _turn_to(self, page: Page) -> None:
        self._pages.setCurrentIndex(page)
        self.turned.emit()

    def _on_filter(self, text: str) -> None:
        self._turn_to(Page.ALL)
        self._all.filters.ask(text)

    def _on_asked(self) -> None:
        """The list at the left says which of its filters is asked for."""
        if self.view is self._all:
            self._sidebar.mark(self.filters.asking(self._all.filters.query) or Page.ALL)
        self.turned.emit()

    def _on_looked_up(self, query: Query, said: Reason) -> None:
        self._turn_to(Page.ALL)
        self._all.answer(query, said)
        self._on_asked()

    def handlers(self) -> dict[Act, Callable[[], None]]:
        """What its actions do."""
        return {
            Act.ATTENTION: self.show_attention,
            Act.RESET: self.reset,
            Act.SAVE_FILTER: self.save,
            Act.WHAT_HOLDS: self.paste,
            Act.COLUMNS: self.choose_columns,
        }

    def enable(self, actions: Actions) -> None:
        """Turn its actions on or off."""
        for act in (Act.RESET, Act.COLUMNS):
            actions.enable(act, self.view is not None)
        actions.enable(Act.SAVE_FILTER, self.view is not None and bool(self.view.filters.query))

    # --- what is asked ------------------------------------------------------------------------

    def reset(self) -> None:
        """Show everything in this view."""
        if self.view is not None:
            self.view.filters.reset()

    def save(self) -> None:
        """Ask for a name for the filter in force."""
        if self.view is not None and self.view.filters.query:
            self.filters.ask_to_save(self.view.shape.kind, self.view.filters.query)

    def choose_columns(self) -> None:
        """Open the menu of the columns."""
        if self.view is not None:
            self.view.table.columns.open_menu()

    def paste(self) -> None:
        """Look up what was copied."""
        self.look_up.ask(QGuiApplication.clipboard().text())

    def eventFilter(self, watched: QObject, event: QEvent, /) -> bool:
        if isinstance(event, QDragEnterEvent) and text_of_drop(event.mimeData()):
            event.acceptProposedAction()
            return True
        if isinstance(event, QDropEvent) and event.type() is QEvent.Type.Drop:
            event.acceptProposedAction()
            self.look_up.ask(text_of_drop(event.mimeData()))
            return True
        return super().eventFilter(watched, event)
