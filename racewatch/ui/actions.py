"""The one table of actions: menu bar, toolbar, context menu, shortcuts and the F1 sheet are made of it."""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QToolBar, QWidget

from racewatch.ui.action_icons import ActionIcons
from racewatch.ui.plain import tooltip
from racewatch.ui.theme import Look
from racewatch.ui.tr import marked, tr

#: Of what is in no menu of the window.
ONLY_IN_TRAY: Final = ""


class Act(enum.Enum):
    """Everything the window can be asked to do."""

    LOOK = "look"
    HIDE = "hide"
    SHOW = "show"
    QUIT = "quit"
    UNDO = "undo"
    EXPORT_CSV = "export_csv"
    EXPORT_JSON = "export_json"
    COPY_PATH = "copy_path"
    COPY_QUOTED = "copy_quoted"
    COPY_FINGERPRINT = "copy_fingerprint"
    COPY_EVIDENCE = "copy_evidence"
    COPY_JSON = "copy_json"
    COPY_NOTE = "copy_note"
    REVEAL = "reveal"
    TERMINAL = "terminal"
    HOLDER = "holder"
    WAIT = "wait"
    FIND = "find"
    RESET = "reset"
    SAVE_FILTER = "save_filter"
    WHAT_HOLDS = "what_holds"
    REMOVE = "remove"
    SELECT_REMOVABLE = "select_removable"
    CLEAN_UP = "clean_up"
    ARM_DEATH = "arm_death"
    ARM_SILENCE = "arm_silence"
    PROTECT = "protect"
    OBSERVE = "observe"
    OVERVIEW = "overview"
    ATTENTION = "attention"
    ALL = "all"
    SOCKETS = "sockets"
    LOCKS = "locks"
    CONTAINERS = "containers"
    HISTORY = "history"
    COLUMNS = "columns"
    FREEZE = "freeze"
    HEALTH = "health"
    KEYS = "keys"
    SETTINGS = "settings"
    DRILL = "drill"
    WELCOME = "welcome"
    ABOUT = "about"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the table.  ``help`` is the accessible description and the tooltip.

    ``menu`` is the menu of the menu bar that it is in, or :data:`ONLY_IN_TRAY`.
    """

    act: Act
    menu: str
    text: str
    help: str
    icon: str
    keys: tuple[str, ...] = ()
    checkable: bool = False


TABLE: Final = (
    Entry(
        Act.LOOK,
        marked("&File"),
        marked("&Look again now"),
        marked("Look at everything afresh"),
        "refresh",
        ("F5", "Ctrl+R"),
    ),
    Entry(
        Act.EXPORT_CSV,
        marked("&File"),
        marked("Export rows as &CSV…"),
        marked("Save the shown rows and columns as a table"),
        "export",
        ("Ctrl+E",),
    ),
    Entry(
        Act.EXPORT_JSON,
        marked("&File"),
        marked("Export rows as &JSON…"),
        marked("Save the shown rows with all their evidence, for programs"),
        "export",
        ("Ctrl+Shift+E",),
    ),
    Entry(
        Act.HIDE,
        marked("&File"),
        marked("&Hide in the tray"),
        marked("Hide the window; its icon in the tray of the desktop brings it back"),
        "eye-off",
        ("Ctrl+W",),
    ),
    Entry(
        Act.SHOW,
        ONLY_IN_TRAY,
        marked("&Show the window"),
        marked("Bring the window to the front"),
        "eye",
    ),
    Entry(
        Act.QUIT,
        marked("&File"),
        marked("&Quit"),
        marked("Close the window and stop watching"),
        "quit",
        ("Ctrl+Q",),
    ),
    Entry(
        Act.UNDO,
        marked("&Edit"),
        marked("&Undo last removal"),
        marked("Put back what was removed last"),
        "undo",
        ("Ctrl+Z",),
    ),
    Entry(
        Act.WHAT_HOLDS,
        marked("&Edit"),
        marked("&What holds this path?"),
        marked("Look up the path, file or message that was copied"),
        "question",
        ("Ctrl+V",),
    ),
    Entry(
        Act.FIND,
        marked("&Edit"),
        marked("&Find…"),
        marked("Filter by words, verdict, owner, path, age"),
        "search",
        ("Ctrl+F",),
    ),
    Entry(
        Act.RESET,
        marked("&Edit"),
        marked("Reset filt&er"),
        marked("Show everything again"),
        "clear",
        ("Ctrl+Shift+F",),
    ),
    Entry(
        Act.SAVE_FILTER,
        marked("&Edit"),
        marked("&Save filter…"),
        marked("Keep this filter under a name"),
        "bookmark",
        ("Ctrl+S",),
    ),
    Entry(
        Act.SELECT_REMOVABLE,
        marked("&Edit"),
        marked("Select &all removable"),
        marked("Select every left-over in this view that is proved to be one"),
        "check",
        ("Ctrl+Shift+A",),
    ),
    Entry(
        Act.REMOVE,
        marked("&Edit"),
        marked("&Remove…"),
        marked("Ask, then remove the selected left-overs"),
        "remove",
        ("Del",),
    ),
    Entry(
        Act.CLEAN_UP,
        marked("&Edit"),
        marked("C&lean up…"),
        marked("Review every left-over shown in this view, then remove those that stay ticked"),
        "clean-up",
        ("Ctrl+Del",),
    ),
    *(
        Entry(act, marked("&Selected"), text, text_help, icon, (keys,))
        for act, text, text_help, icon, keys in (
            (
                Act.COPY_PATH,
                marked("&Copy path"),
                marked("Copy the path of the selected thing"),
                "copy",
                "Ctrl+C",
            ),
            (
                Act.COPY_QUOTED,
                marked("Copy path for a &shell"),
                marked("Copy the path in quotes, so that a shell takes it as it is, odd bytes too"),
                "copy",
                "Ctrl+Alt+C",
            ),
            (
                Act.COPY_FINGERPRINT,
                marked("Copy &fingerprint"),
                marked("Copy what tells this very thing from a later one of the same name"),
                "copy",
                "Ctrl+Alt+F",
            ),
            (
                Act.COPY_EVIDENCE,
                marked("Copy &evidence as text"),
                marked("Copy the evidence of the selected thing as text"),
                "copy",
                "Ctrl+Shift+C",
            ),
            (
                Act.COPY_JSON,
                marked("Copy evidence as &JSON"),
                marked("Copy all of it for programs"),
                "copy",
                "Ctrl+Alt+J",
            ),
            (
                Act.COPY_NOTE,
                marked("Copy incident &note"),
                marked("Copy a note for a ticket, with verdict, evidence and holders"),
                "copy",
                "Ctrl+Alt+N",
            ),
            (
                Act.REVEAL,
                marked("Show in file &manager"),
                marked("Show it in its folder"),
                "folder",
                "Ctrl+Alt+O",
            ),
            (
                Act.TERMINAL,
                marked("Open &terminal there"),
                marked("Open a terminal in its folder"),
                "terminal",
                "F4",
            ),
            (
                Act.HOLDER,
                marked("Show &holder…"),
                marked("Who holds it: process, command, unit, container"),
                "owner",
                "Ctrl+I",
            ),
            (
                Act.WAIT,
                marked("Tell me &when it is free"),
                marked("Wait until nobody uses it any more, and say so then; nothing is removed"),
                "clock",
                "Ctrl+T",
            ),
        )
    ),
    Entry(
        Act.ARM_DEATH,
        marked("&Edit"),
        marked("Remove when its owner has &died…"),
        marked(
            "Wait for the death of the process that uses this, count down, and remove it if nobody came back"
        ),
        "hourglass",
    ),
    Entry(
        Act.ARM_SILENCE,
        marked("&Edit"),
        marked("Remove &if not refreshed…"),
        marked("Remove this lock if nobody refreshes it for two of its periods; any refresh ends that"),
        "hourglass",
    ),
    Entry(
        Act.PROTECT,
        marked("&Edit"),
        marked("&Protect this…"),
        marked("Never act on this, or on all in its folder, with a reason: added to the configuration"),
        "refused",
    ),
    Entry(
        Act.OBSERVE,
        marked("&Edit"),
        marked("&Observe only"),
        marked("Look only: nothing is removed, put back or freed until this is switched off"),
        "eye",
        checkable=True,
    ),
    Entry(
        Act.SETTINGS,
        marked("&Edit"),
        marked("Se&ttings…"),
        marked("Folders, exclusions, engines, thresholds, what is kept and what is protected"),
        "settings",
        ("Ctrl+,",),
    ),
    Entry(
        Act.OVERVIEW,
        marked("&View"),
        marked("&Overview"),
        marked("Show counts over time and what flaps"),
        "overview",
        ("Ctrl+1",),
    ),
    Entry(
        Act.ALL, marked("&View"), marked("&All"), marked("Show everything in one table"), "all", ("Ctrl+2",)
    ),
    Entry(
        Act.SOCKETS, marked("&View"), marked("&Sockets"), marked("Show the sockets"), "sockets", ("Ctrl+3",)
    ),
    Entry(Act.LOCKS, marked("&View"), marked("&Locks"), marked("Show the lock files"), "locks", ("Ctrl+4",)),
    Entry(
        Act.CONTAINERS,
        marked("&View"),
        marked("&Containers"),
        marked("Show the containers"),
        "containers",
        ("Ctrl+5",),
    ),
    Entry(
        Act.HISTORY,
        marked("&View"),
        marked("&History"),
        marked("Show what was removed and put back"),
        "history",
        ("Ctrl+6",),
    ),
    Entry(
        Act.ATTENTION,
        marked("&View"),
        marked("&Needs attention"),
        marked("Show what is left over, hung, or cut off from its name"),
        "attention",
        ("Ctrl+0",),
    ),
    Entry(
        Act.COLUMNS,
        marked("&View"),
        marked("Col&umns…"),
        marked("Choose the columns of this table"),
        "columns",
        ("Ctrl+K",),
    ),
    Entry(
        Act.FREEZE,
        marked("&View"),
        marked("&Freeze"),
        marked("Keep changes back until pressed again; nothing is missed"),
        "pause",
        ("Ctrl+P", "Pause"),
        checkable=True,
    ),
    Entry(
        Act.HEALTH,
        marked("&View"),
        marked("&Watching…"),
        marked("How well each source of knowledge works"),
        "pulse",
        ("F8",),
    ),
    Entry(
        Act.KEYS,
        marked("&Help"),
        marked("&Keyboard shortcuts"),
        marked("All shortcuts on one sheet"),
        "keyboard",
        ("F1",),
    ),
    Entry(
        Act.DRILL,
        marked("&Help"),
        marked("Race &drill…"),
        marked("Check-then-delete and racewatch race the same throw-away things"),
        "race",
        ("Ctrl+Shift+D",),
    ),
    Entry(
        Act.WELCOME,
        marked("&Help"),
        marked("&What it does…"),
        marked("What racewatch looks at, and what it never does"),
        "info",
    ),
    Entry(
        Act.ABOUT,
        marked("&Help"),
        marked("&About racewatch"),
        marked("Versions, and diagnostics to copy"),
        "info",
    ),
)


#: Before these a menu has a line.
_FIRST_OF_GROUP: Final = {
    Act.EXPORT_CSV,
    Act.HIDE,
    Act.WHAT_HOLDS,
    Act.ATTENTION,
    Act.COLUMNS,
    Act.SELECT_REMOVABLE,
    Act.COPY_EVIDENCE,
    Act.REVEAL,
    Act.FREEZE,
    Act.OBSERVE,
    Act.SETTINGS,
    Act.DRILL,
    Act.WELCOME,
}
#: How the evidence of one thing is copied.
_COPIES: Final = (Act.COPY_EVIDENCE, Act.COPY_JSON, Act.COPY_NOTE)
CONTEXT: Final = (
    Act.COPY_PATH,
    Act.COPY_QUOTED,
    Act.COPY_FINGERPRINT,
    None,
    *_COPIES,
    None,
    Act.REVEAL,
    Act.TERMINAL,
    Act.HOLDER,
    Act.WAIT,
    None,
    Act.REMOVE,
    None,
    Act.ARM_DEATH,
    Act.ARM_SILENCE,
    None,
    Act.PROTECT,
)

_TRAY: Final = (Act.SHOW, None, Act.FREEZE, Act.OBSERVE, None, Act.QUIT)

_ENTRY_OF: Final = {entry.act: entry for entry in TABLE}


class Actions(QObject):
    """The actions of one window."""

    def __init__(self, parent: QWidget, look: Look, handlers: dict[Act, Callable[[], None]]) -> None:
        super().__init__(parent)
        self.icons = ActionIcons(look, self)
        self._by_act: dict[Act, QAction] = {}
        self._reasons: dict[Act, str] = {}
        for entry in TABLE:
            action = QAction(tr(entry.text), parent)
            action.setShortcuts([QKeySequence(keys) for keys in entry.keys])
            action.setCheckable(entry.checkable)
            action.setAutoRepeat(False)
            action.triggered.connect(_without_arguments(handlers[entry.act]))
            parent.addAction(action)
            self._by_act[entry.act] = action
            self.icons.add(action, entry.icon)
            self._tell(entry)

    def __getitem__(self, act: Act) -> QAction:
        return self._by_act[act]

    def enable(self, act: Act, enabled: bool, reason: str = "") -> None:
        """Turn an action on or off; the reason becomes its tooltip."""
        action = self._by_act[act]
        # Asked with every change of a row: what is so already costs nothing.
        if action.isEnabled() != enabled:
            action.setEnabled(enabled)
        if self._reasons.get(act, "") != reason:
            self._reasons[act] = reason
            self._tell(_ENTRY_OF[act])

    def _tell(self, entry: Entry) -> None:
        reason = self._reasons.get(entry.act, "")
        keys = (
            QKeySequence(entry.keys[0]).toString(QKeySequence.SequenceFormat.NativeText) if entry.keys else ""
        )
        text = tr(entry.help) + (f" ({keys})" if keys else "") + (f"\n{reason}" if reason else "")
        self._by_act[entry.act].setToolTip(tooltip(text))

    def fill_menu_bar(self, bar: QMenuBar) -> dict[str, QMenu]:
        """One menu for each name in the table, in its order."""
        menus: dict[str, QMenu] = {}
        for entry in TABLE:
            if entry.menu == ONLY_IN_TRAY:
                continue
            if entry.menu not in menus:
                menus[entry.menu] = self.icons.when_shown(bar.addMenu(tr(entry.menu)))
            menu = menus[entry.menu]
            if entry.act in _FIRST_OF_GROUP and not menu.isEmpty():
                menu.addSeparator()
            menu.addAction(self._by_act[entry.act])
        return menus

    def fill_tool_bar(self, bar: QToolBar) -> None:
        """The few that are wanted all the time."""
        for act in (Act.LOOK, Act.FREEZE, None, Act.COPY_PATH, Act.REMOVE, Act.CLEAN_UP, None, Act.UNDO):
            if act is None:
                bar.addSeparator()
                continue
            bar.addAction(self._by_act[act])
            self.icons.draw([self._by_act[act]])
            button = bar.widgetForAction(self._by_act[act])
            entry = _ENTRY_OF[act]
            button.setAccessibleName(tr(entry.text).replace("&", "").rstrip("…"))
            button.setAccessibleDescription(tr(entry.help))

    def offer_copies(self, menu: QMenu) -> None:
        """Put the ways to copy what is shown there, with their shortcuts."""
        self.icons.when_shown(menu).addActions([self._by_act[act] for act in _COPIES])

    def context_menu(self, parent: QWidget) -> QMenu:
        """What can be done with the selected rows."""
        menu = self._menu(parent, CONTEXT)
        menu.setAccessibleName(tr("Selected"))
        return menu

    def tray_menu(self, parent: QWidget) -> QMenu:
        """What can be done from the tray."""
        return self._menu(parent, _TRAY)

    def _menu(self, parent: QWidget, acts: Sequence[Act | None]) -> QMenu:
        menu = self.icons.when_shown(QMenu(parent))
        for act in acts:
            if act is None:
                menu.addSeparator()
            else:
                menu.addAction(self._by_act[act])
        menu.setToolTipsVisible(True)
        return menu


def _without_arguments(handler: Callable[[], None]) -> Callable[[], None]:
    # Qt hands a `checked` to whatever can take one; these take none.
    def call() -> None:
        handler()

    return call
