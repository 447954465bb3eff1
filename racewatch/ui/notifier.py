"""Notifications of the desktop (org.freedesktop.Notifications): shown, replaced, clicked.

A server that is not there, or does not answer, costs nothing but the notification: it is told once, in words, and
tried again with the next one.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any, Final

from PySide6.QtCore import QObject, Signal

from racewatch.core.text import one_line
from racewatch.linux.bus_messages import Message
from racewatch.linux.session_bus import PATIENCE, Failed, NoBus
from racewatch.ui.bridge import Bridge
from racewatch.ui.desktop_bus import DesktopBus
from racewatch.ui.plain import escaped
from racewatch.ui.tr import marked, tr

APP_ID: Final = "io.github.racewatch.racewatch"
NAME: Final = "org.freedesktop.Notifications"
_PATH: Final = "/org/freedesktop/Notifications"
_RULE: Final = f"type='signal',sender='{NAME}',path='{_PATH}',interface='{NAME}'"
#: What is longer is not read in a notification.
_LONGEST: Final = 400
_OPEN: Final = "default"
#: The number of a notification has 32 bits.
_HIGHEST: Final = 0xFFFF_FFFF
#: The end of a sentence: why no notification can be shown.
_SILENT: Final = marked("the notification server of this desktop does not answer")
#: What may be said of the session bus, which does not know the window's language.
_REASONS: Final = (
    _SILENT,
    marked("there is no session bus"),
    marked("the session bus does not answer"),
    marked("the session bus does not let this user in"),
    marked("the session bus hung up"),
    marked("the session bus cannot be understood"),
    marked("the session bus takes no messages"),
)
#: Another way to tell: title and text; False when it is not there.
Instead = Callable[[str, str], bool]


def plain(text: str) -> str:
    """Every character visible, line by line, and not too long."""
    shown = "\n".join(one_line(line) for line in text.split("\n"))
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"


class Notifier(QObject):
    """Shows at most one notification for each ``slot``: a later one takes the place of the one before.

    ``opened`` carries the slot that was clicked, and the desktop's permission to come to the front (may be empty);
    ``failed`` a sentence, once until it works again.
    """

    opened = Signal(str, str)
    failed = Signal(str)

    def __init__(
        self,
        bridge: Bridge,
        parent: QObject,
        *,
        instead: Instead,
        environment: Mapping[str, str] = os.environ,
        patience: float = PATIENCE,
    ) -> None:
        """``instead``: what is done when there is no server."""
        super().__init__(parent)
        self._bus = DesktopBus(bridge, self, environment, patience)
        self._bus.signalled.connect(self._on_signal)
        self._instead = instead
        self._markup = True
        self._ids: dict[str, int] = {}
        self._token = ""
        self._complained = False

    async def problem(self) -> str:
        """Why nothing can be shown, as the end of a sentence; empty when it can."""
        try:
            await self._prepare()
        except (NoBus, Failed) as error:
            return _why(error)
        return ""

    async def _prepare(self) -> None:
        answer = await self._bus.ask(NAME, _PATH, NAME, "GetCapabilities", "", ())
        able = answer[0] if answer else None
        # Who does not say that it reads no markup may well read it.
        self._markup = not isinstance(able, list) or "body-markup" in able
        await self._bus.listen(_RULE)

    async def show(self, slot: str, title: str, text: str) -> bool:
        """Tell this; False when nobody could be told.  Never raises for a desktop that cannot."""
        title, text = plain(title), plain(text)
        try:
            await self._prepare()
            body = escaped(text) if self._markup else text
            values = (
                "racewatch",
                self._ids.get(slot, 0),
                APP_ID,
                title,
                body,
                [_OPEN, tr("Show it")],
                {"desktop-entry": ("s", APP_ID)},
                -1,
            )

            def shown(answer: tuple[Any, ...]) -> None:
                # Here, not after the wait: a click may already stand in the line behind the answer.
                if answer and type(answer[0]) is int and 0 < answer[0] <= _HIGHEST:
                    self._ids[slot] = answer[0]

            await self._bus.ask(NAME, _PATH, NAME, "Notify", "susssasa{sv}i", values, shown)
        except (NoBus, Failed) as error:
            # Whatever this other way makes of a name: it gets none that markup could be hidden in.
            if self._instead(title, text if escaped(text) == text else ""):
                return True
            self.complain(_why(error))
            return False
        self._complained = False
        return True

    def complain(self, why: str) -> None:
        """Say once that, and why, nothing can be shown."""
        if not self._complained:
            self._complained = True
            text = tr("No desktop notification can be shown: {why}. What happens is still told here.")
            self.failed.emit(text.format(why=why))

    def forgive(self) -> None:
        """Notifications were turned on, or off: what is wrong may be said again."""
        self._complained = False

    def _on_signal(self, message: Message) -> None:
        if len(message.body) != 2:
            return
        number, said = message.body
        slot = next((slot for slot, shown in self._ids.items() if shown == number), None)
        if slot is None:
            return  # somebody else's
        if message.member == "ActivationToken" and isinstance(said, str):
            self._token = said if said.isascii() and said.isprintable() else ""
        elif message.member == "ActionInvoked":
            token, self._token = self._token, ""
            self.opened.emit(slot, token)
        elif message.member == "NotificationClosed":
            del self._ids[slot]

    def close(self) -> None:
        """The window ends."""
        self._bus.close()


def _why(error: NoBus | Failed) -> str:
    if isinstance(error, NoBus):
        text = _SILENT if str(error) == f"{NAME} does not answer" else str(error)
        return tr(text) if text in _REASONS else text
    return tr("this desktop has no notification server that could be asked")
