"""Where a second start of racewatch calls: the window comes to the front, and the caller is told so."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QObject, QSocketNotifier
from PySide6.QtWidgets import QWidget

from racewatch.single import activation_of, peer_of
from racewatch.ui.front import bring_to_front

_LONGEST: Final = 4096
#: More callers than this at once are no second starts.
_MOST: Final = 8


class Doorbell(QObject):
    """Answers calls for a window; never waits for a caller."""

    def __init__(
        self, door: socket.socket, window: QWidget, is_in_tray: Callable[[], bool] = lambda: False
    ) -> None:
        """``door`` stays the property of who opened it.  ``is_in_tray``: the window is only hidden, and comes back."""
        super().__init__(window)
        self._window = window
        self._is_in_tray = is_in_tray
        self._door = door
        self._callers: dict[int, _Caller] = {}
        self._knock = QSocketNotifier(door.fileno(), QSocketNotifier.Type.Read, self)
        self._knock.activated.connect(self._on_knock)

    def _on_knock(self) -> None:
        try:
            connection, _ = self._door.accept()
        except OSError:
            return  # the caller has gone, or there are no handles left: it calls again
        connection.setblocking(False)
        if len(self._callers) >= _MOST or peer_of(connection)[1] != os.geteuid():
            connection.close()
            return
        caller = _Caller(connection, self)
        self._callers[id(caller)] = caller

    def answer(self, line: bytes) -> bytes | None:
        """Do what a caller's line asks for; what to tell it, None for what is no call."""
        activation = activation_of(line)
        if activation is None or (self._window.isHidden() and not self._is_in_tray()):
            return None  # no call; or there is no window yet, or no more: whoever calls tries again
        bring_to_front(self._window, activation)
        return b"raised\n"

    def forget(self, caller: _Caller) -> None:
        """It has been answered, or has gone."""
        self._callers.pop(id(caller), None)

    def close(self) -> None:
        """Nobody is answered any more."""
        self._knock.setEnabled(False)
        for caller in list(self._callers.values()):
            caller.close()


class _Caller(QObject):
    """One second start, until it has been answered."""

    def __init__(self, connection: socket.socket, bell: Doorbell) -> None:
        super().__init__(bell)
        self._bell = bell
        self._connection = connection
        self._said = b""
        self._notifier = QSocketNotifier(connection.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._on_data)

    def _on_data(self) -> None:
        try:
            piece = self._connection.recv(_LONGEST)
        except BlockingIOError:
            return
        except OSError:
            piece = b""
        self._said += piece
        if not piece or len(self._said) > _LONGEST:
            self.close()
        elif self._said.endswith(b"\n"):
            answer = self._bell.answer(self._said)
            if answer is not None:
                try:
                    self._connection.send(answer)
                except OSError:
                    pass  # the caller did not wait; the window is in front all the same
            self.close()

    def close(self) -> None:
        """Hang up."""
        self._notifier.setEnabled(False)
        self._connection.close()
        self._bell.forget(self)
        self.deleteLater()
