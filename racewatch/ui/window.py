"""The main window: puts the views, the actions and the messages together, and decides nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from PySide6.QtCore import QPoint, QSettings, QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QMainWindow,
    QStackedWidget,
    QToolBar,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from racewatch.config import Config, config_path
from racewatch.core.model import Observation, Target
from racewatch.core.text import display
from racewatch.monitor.batch import Batch
from racewatch.monitor.chronicle import Chronicle
from racewatch.monitor.engine import Monitor
from racewatch.ui import icons, words
from racewatch.ui.act_marks import mark_acts
from racewatch.ui.acting import Actor
from racewatch.ui.actions import Act, Actions
from racewatch.ui.armed import Condition
from racewatch.ui.arming import Arming
from racewatch.ui.at_start import tell_at_start
from racewatch.ui.bridge import Bridge
from racewatch.ui.columns import ALL, CONTAINERS, LOCKS, SOCKETS
from racewatch.ui.export import Exportable, Exports
from racewatch.ui.finding import Finding
from racewatch.ui.freeze import Freeze
from racewatch.ui.help_menu import HelpMenu
from racewatch.ui.history_view import HistoryView
from racewatch.ui.lines import Opening
from racewatch.ui.live_settings import LiveSettings, watched_by
from racewatch.ui.mistakes import Mistakes
from racewatch.ui.more_actions import MoreActions
from racewatch.ui.news import News
from racewatch.ui.notices import Item, Topic
from racewatch.ui.observing import WHY_OFF, Observing
from racewatch.ui.overview import Overview
from racewatch.ui.protecting import Protecting
from racewatch.ui.remembered import Remembered
from racewatch.ui.saved import NEEDS_ATTENTION
from racewatch.ui.selected import Selected
from racewatch.ui.shown_rows import ShownHistory, ShownTargets
from racewatch.ui.sidebar import Page, Sidebar
from racewatch.ui.spaces import Spaces
from racewatch.ui.status import Status
from racewatch.ui.strip import StripArea
from racewatch.ui.targets_view import TargetsView
from racewatch.ui.theme import Look
from racewatch.ui.theme_menu import ThemeMenu
from racewatch.ui.tr import tr
from racewatch.ui.tray import Tray
from racewatch.ui.watching import Watching
from racewatch.ui.wishes import Wishes, why_not
from racewatch.verbs import Racewatch, RacewatchError

_HISTORY_LIMIT: Final = 1000


class MainWindow(QMainWindow):
    """The window.  ``closing`` when a person wants it closed; :meth:`shut_down` then ends it."""

    closing = Signal()

    def __init__(
        self,
        bridge: Bridge,
        racewatch: Racewatch,
        look: Look,
        settings: QSettings,
        *,
        roots: Sequence[bytes] | None = None,
        title: str | None = None,
        note: str | None = None,
    ) -> None:
        super().__init__()
        self._bridge = bridge
        self._racewatch = racewatch
        self._look = look
        self._settings = settings
        self._roots = tuple(roots) if roots is not None else None
        self.watching = Watching(bridge, lambda: racewatch.monitor(self._roots), self)
        self._ended = False
        self._as_of = 0.0
        self.setWindowTitle(title or "racewatch")
        self.setWindowIcon(icons.application_icon())
        self.setMinimumSize(760, 480)
        # Room for the frame, whose size is not known before the window is shown.
        self.resize(QSize(1440, 860).boundedTo(self.screen().availableSize() - QSize(16, 48)))
        self._chronicle = Chronicle(words.there_since)
        self.sidebar = Sidebar(look)
        self.strips = StripArea(look)
        self.mistakes = Mistakes(bridge, self.strips, self)
        self.spaces = Spaces(bridge, racewatch.space, self)
        blocked = partial(why_not, racewatch)
        self.actor = Actor(bridge, racewatch, look, self.strips, self.spaces, self, blocked)
        self.all = TargetsView(look, ALL, blocked, self._chronicle, self.spaces.known)
        self.sockets = TargetsView(look, SOCKETS, blocked, self._chronicle)
        self.locks = TargetsView(look, LOCKS, blocked, self._chronicle)
        self.containers = TargetsView(look, CONTAINERS, blocked, self._chronicle, self.spaces.known)
        self._views = (self.all, self.sockets, self.locks, self.containers)
        self.overview = Overview(look, self._chronicle)
        self.history = HistoryView(look, racewatch.config.keep_days)
        self.status = Status(look)
        self.freezing = Freeze(self)
        self.observing = Observing(bridge, racewatch, self.strips, self)
        self.protecting = Protecting(bridge, racewatch, self.strips, self)
        self.arming = Arming(bridge, racewatch, look, self.strips, self, self.actor.carry_out)
        self.news = News(
            bridge,
            racewatch,
            look,
            self.strips,
            self.actor,
            self,
            show=self._show_target,
            frozen=self._is_held,
            come=self._come_back,
            instead=self._tell_in_tray,
        )
        self.wishes = Wishes(
            racewatch,
            look,
            self,
            self._view,
            self.actor,
            self.observing,
            self.protecting,
            self.arming,
            self.news.waits,
        )
        self.live_settings = LiveSettings(
            bridge, racewatch, self.strips, config_path(), self, self._about_settings
        )
        self.about_selected = Selected(
            self,
            bridge,
            look,
            self.strips,
            selected=self.wishes.shown,
            picked=self.wishes.picked,
            may=lambda seen: words.remove_state(seen, blocked(seen)).reason,
            timeline=lambda seen: self._chronicle.of(seen.target),
            space=self._space_of,
            terminal=lambda: self._racewatch.config.terminal,
        )
        self.help = HelpMenu(
            self,
            bridge,
            look,
            self.strips,
            settings,
            roots=self._shown_roots,
            racewatch=racewatch,
        )
        self.exports = Exports(self, bridge, self.strips, self._exportable, self._has_rows)
        self.pages = QStackedWidget()
        self.finding = Finding(
            bridge,
            racewatch,
            settings,
            self._chronicle,
            self.sidebar,
            self.strips,
            self.pages,
            self._views,
            self._shown_roots,
            self,
        )
        self.actions_table = Actions(self, look, self._handlers())
        self.tray = Tray(self, self.actions_table, self.actor, self.arming, self.strips)
        self._build()
        self._connect()
        tell_at_start(racewatch, self.strips, self.status, self.history, note, self._show_act)
        self.remembered = Remembered(settings, self)
        self._remember()
        self._on_observing()
        self.finding.show_attention()

    # --- putting it together ----------------------------------------------------------------

    def _handlers(self) -> dict[Act, Callable[[], None]]:
        return {
            Act.LOOK: self._look_again,
            Act.HIDE: self._hide,
            Act.SHOW: self._come_back,
            Act.QUIT: self.close_by_wish,
            Act.UNDO: self._undo_last,
            **self.about_selected.handlers(),
            **self.exports.handlers(),
            **self.finding.handlers(),
            Act.FIND: self._find,
            Act.REMOVE: self.wishes.remove,
            Act.SELECT_REMOVABLE: self.wishes.select_removable,
            Act.CLEAN_UP: self.wishes.clean_up,
            Act.ARM_DEATH: partial(self.wishes.arm, Condition.OWNER_DIES),
            Act.ARM_SILENCE: partial(self.wishes.arm, Condition.SILENT),
            Act.WAIT: self.wishes.wait,
            Act.PROTECT: self.wishes.protect,
            Act.OBSERVE: self._toggle_observing,
            Act.OVERVIEW: lambda: self.sidebar.choose(Page.OVERVIEW),
            Act.ALL: lambda: self.sidebar.choose(Page.ALL),
            Act.SOCKETS: lambda: self.sidebar.choose(Page.SOCKETS),
            Act.LOCKS: lambda: self.sidebar.choose(Page.LOCKS),
            Act.CONTAINERS: lambda: self.sidebar.choose(Page.CONTAINERS),
            Act.HISTORY: lambda: self.sidebar.choose(Page.HISTORY),
            Act.FREEZE: self._freeze,
            Act.HEALTH: self.status.open_popup,
            **self.help.handlers(),
            Act.SETTINGS: self.live_settings.open_dialog,
        }

    def _build(self) -> None:
        for page in (self.overview, *self._views, self.history):
            self.pages.addWidget(page)
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.strips)
        column.addWidget(self.arming.panel)
        column.addWidget(self.news.waits.panel)
        column.addWidget(self.pages, 1)
        whole = QWidget()
        row = QHBoxLayout(whole)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.sidebar)
        row.addWidget(right, 1)
        self.setCentralWidget(whole)
        self.setStatusBar(self.status)
        menus = self.actions_table.fill_menu_bar(self.menuBar())
        self.theme_menu = ThemeMenu(self._look, self._settings, menus["&View"])
        bar = QToolBar(tr("Actions"))
        bar.setObjectName("toolbar")
        bar.setAccessibleName(tr("Actions"))
        bar.setMovable(False)
        bar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        bar.setIconSize(QSize(17, 17))
        bar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self.actions_table.fill_tool_bar(bar)
        for button in bar.findChildren(QToolButton):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        MoreActions(bar, self._look)
        self.addToolBar(bar)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)

    def _connect(self) -> None:
        self.watching.arrived.connect(self._on_batch)
        self.watching.followed.connect(self._on_followed)
        self.finding.turned.connect(self._turned)
        self.overview.opened.connect(self.finding.open)
        for view in self._views:
            view.table.mark_of = self.wishes.mark_of
            view.remove_wanted.connect(self.wishes.remove_shown)
            view.table.activated_target.connect(self.wishes.remove)
            view.copy_path_wanted.connect(self.actions_table[Act.COPY_PATH].trigger)
            self.actions_table.offer_copies(view.pane.copy.menu())
            view.menu_wanted.connect(self._context_menu)
            view.finger.connect(partial(self.watching.hold, "finger"))
            view.health_wanted.connect(self.status.open_popup)
            view.is_held = self._is_held
            view.selected.connect(self._enable)
            view.table.picked.connect(self._enable)
            view.model.counted.connect(self._count)
        for view in (self.all, self.containers):
            self.spaces.counted.connect(view.counted_anew)
            view.table.chosen.connect(self._on_container)
        self.freezing.counted.connect(self._count)
        self.history.undo_wanted.connect(lambda action: self.actor.start_undo((action,)))
        self.history.purge_wanted.connect(self.actor.ask_purge)
        self.observing.changed.connect(self._on_observing)
        self.protecting.changed.connect(self._on_actor)
        self.protecting.changed.connect(self.arming.drop_protected)
        self.arming.changed.connect(self._on_actor)
        self.news.waits.changed.connect(self._on_actor)
        self.news.opened.connect(self._on_news)
        self.tray.changed.connect(self.tray.enable)
        self.finding.filters.counts.counted.connect(
            lambda: self.tray.count(self.finding.filters.counts.of(NEEDS_ATTENTION.text))
        )
        self.theme_menu.chosen.connect(self._on_theme)
        self.live_settings.changed.connect(self._on_settings)
        self.actor.acted.connect(self._on_acted)
        self.actor.state_changed.connect(self._enable)
        self.actor.hurries.connect(partial(self.watching.hold, "act"))
        self._bridge.on_error = self.mistakes.tell

    def _remember(self) -> None:
        for view in self._views:
            self.remembered.add(f"{view.shape.plural}/splitter", view.splitter)
            self.remembered.add(view.shape.key, view.table.columns)
        self.remembered.add("history/splitter", self.history.splitter)
        self.remembered.add("history/columns", self.history.table.horizontalHeader())
        self.remembered.restore()

    # --- life -------------------------------------------------------------------------------

    def begin(self) -> None:
        """Start watching and read the journal."""
        self._tell_as_configured(self._racewatch.config)
        self._bridge.spawn(self.watching.begin(), "starting to watch")
        self._bridge.spawn(self._read_history(), "reading the journal")

    def _tell_as_configured(self, config: Config) -> None:
        self.tray.turn(config.tray)
        self.news.configure(config)

    def _on_followed(self, monitor: Monitor | None) -> None:
        """Another monitor is heard from now on, or none for a moment."""
        self.news.follow(monitor)
        if monitor is not None:
            self._freeze()
            for view in self._views:
                view.set_roots(", ".join(display(root) for root in self._shown_roots()))

    def _shown_roots(self) -> tuple[bytes, ...]:
        return self._roots if self._roots is not None else self._racewatch.config.roots

    async def shut_down(self) -> None:
        """Stop everything that runs; the caller sets the deadline."""
        if self._ended:
            return
        self._ended = True
        self.live_settings.close()
        self.remembered.keep()
        self.hide()
        self.watching.close()
        self.spaces.close()
        self.arming.close()
        self.news.close()
        self.tray.close()
        self.help.end()
        await self.actor.finish()
        await self.help.ended()
        await self.watching.stop()

    def close_by_wish(self) -> None:
        """Quit."""
        self.closing.emit()

    def closeEvent(self, event: QCloseEvent, /) -> None:
        if self._ended:
            event.accept()
            return
        event.ignore()
        if not self.tray.take_in():
            self.closing.emit()

    # --- what comes in ----------------------------------------------------------------------

    def _on_batch(self, batch: Batch) -> None:
        self._as_of = time.time()
        self._chronicle.fold(batch, time.monotonic())
        self.finding.hear(batch)
        self.spaces.hear(batch)
        for view in self._views:
            view.apply(batch)
        self.overview.changed()
        self.status.show_health(batch.health, batch.problems)
        self.actor.hear(batch)
        self.arming.hear(batch)
        self._count()

    def _is_held(self) -> bool:
        return self.watching.held

    def _view(self) -> TargetsView | None:
        """The view of targets that is on screen."""
        return self.finding.view

    def _count(self) -> None:
        self.status.show_counts(self.finding.counts() + self.freezing.said(self._as_of))

    async def _read_history(self) -> None:
        try:
            entries = await self._bridge.offload(lambda: self._racewatch.history(_HISTORY_LIMIT))
        except RacewatchError as error:
            self.history.problem(str(error))
            return
        if not self._ended:
            self.history.show_entries(entries)
            mark_acts(self._chronicle, entries)
            self._refresh()

    def _on_acted(self, targets: Sequence[Target]) -> None:
        self.watching.look_again(targets)
        self._bridge.spawn(self._read_history(), "reading the journal")
        self._bridge.spawn(self._bridge.offload(self._racewatch.tidy), "tidying the journal")

    def _on_actor(self) -> None:
        self._refresh()
        self._enable()

    def _refresh(self) -> None:
        """What is said about the selected row follows; in the other views when they are shown."""
        view = self._view()
        if view is not None:
            view.refresh_pane()
            view.table.viewport().update()

    # --- what can be done -------------------------------------------------------------------

    def _on_observing(self) -> None:
        if self._racewatch.observing:
            self.actor.withdraw()
            self.arming.disarm_all(tr("Observing: nothing is removed."))
        self.actor.offer_undo()
        self.history.allow(tr(WHY_OFF) if self._racewatch.observing else "")
        self._on_actor()

    def _enable(self) -> None:
        self.wishes.enable(self.actions_table)
        self.finding.enable(self.actions_table)
        self.about_selected.enable(self.actions_table)
        self.exports.enable(self.actions_table)
        self.tray.enable()
        self.actions_table.enable(Act.FIND, self._has_rows())

    def _hide(self) -> None:
        self.tray.take_in()

    def _come_back(self, activation: str = "") -> None:
        self.tray.come_back(activation)

    def _tell_in_tray(self, title: str, text: str) -> bool:
        return self.tray.tell(title, text)

    def _toggle_observing(self) -> None:
        if self.tray.hidden and self._racewatch.observing:
            self.tray.come_back()  # it asks a question
        self.observing.toggle()

    def _undo_last(self) -> None:
        actions = self.actor.last_undoable
        if actions is not None:
            self.actor.start_undo(actions)

    def _on_container(self, target: Target | None) -> None:
        view = self._view()
        if view is not None:
            self.spaces.choose(view.observation())

    def _space_of(self, seen: Observation) -> str:
        space = self.spaces.known.get(seen.target)
        return words.space_detail(seen, space) if space is not None else ""

    def _exportable(self) -> Exportable | None:
        """The rows on screen, as they are now."""
        view = self._view()
        if view is not None:
            return ShownTargets(view)
        return ShownHistory(self.history) if self._has_rows() else None

    def _has_rows(self) -> bool:
        return self.pages.currentWidget() in (*self._views, self.history)

    def _find(self) -> None:
        view = self._view() or (self.history if self._has_rows() else None)
        if view is not None:
            view.filters.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
            view.filters.search.selectAll()

    def _look_again(self) -> None:
        self.watching.sweep()
        self._bridge.spawn(self._read_history(), "reading the journal")

    def _freeze(self) -> None:
        self.freezing.turn(self.watching.feed, self.actions_table[Act.FREEZE].isChecked())
        self._count()

    def _context_menu(self, position: QPoint) -> None:
        if self.wishes.shown() is None:
            return
        menu = self.actions_table.context_menu(self)
        # Rows do not move under an open menu; it goes on meaning what it was opened on.
        self.watching.hold("menu", True)
        menu.aboutToHide.connect(partial(self.watching.hold, "menu", False))
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(position)

    def _on_theme(self) -> None:
        for view in self._views:
            view.table.viewport().update()
        self.history.table.viewport().update()

    def _on_settings(self, before: Config, after: Config) -> None:
        """The configuration file was changed: what is on screen follows."""
        self.theme_menu.configured(after.theme)
        self.history.set_keep_days(after.keep_days)
        self._tell_as_configured(after)
        self.arming.drop_protected()
        self.actor.reconsider()
        if watched_by(before) != watched_by(after):
            self._bridge.spawn(self.watching.begin(), "watching anew")
        if after.observe and not before.observe:
            self._on_observing()
        else:
            self._on_actor()

    def _show_act(self, action: str) -> None:
        """A line of the history."""
        self.sidebar.choose(Page.HISTORY)
        self.history.choose(action)
        self.history.table.setFocus(Qt.FocusReason.OtherFocusReason)

    async def _about_settings(self) -> dict[str, str]:
        return {**self.tray.remarks(), **await self.news.remarks()}

    def _show_target(self, target: Target) -> None:
        """A row, chosen, in the view of its kind."""
        self.finding.open(Opening(target.kind, target, words.target_name(target)))

    def _on_news(self, topic: Topic, items: Sequence[Item]) -> None:
        """Somebody clicked on a notification."""
        if topic is Topic.ENDED:
            self._show_act(items[-1].action)
        elif len(items) == 1:
            self._show_target(items[0].target)
        elif topic is Topic.STALE:
            self.finding.show_attention()

    def _turned(self) -> None:
        """Another page, or another filter, is on screen."""
        self.spaces.watch(self._view() in (self.all, self.containers))
        self._refresh()
        self._enable()
        self._count()
