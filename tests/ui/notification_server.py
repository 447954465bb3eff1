"""A notification server on the session bus: ``python -m tests.ui.notification_server NOTES [hang] [no-markup]``.

Writes down each notification as a line of JSON; a number on its input is a click on that one.  With ``hang`` it owns
the name and never answers.
"""

from __future__ import annotations

import json
import sys

from PySide6.QtCore import QCoreApplication, QSocketNotifier
from PySide6.QtDBus import QDBusConnection, QDBusMessage, QDBusVirtualObject

NAME = "org.freedesktop.Notifications"
PATH = "/org/freedesktop/Notifications"
_NAMES = ("app", "replaces", "icon", "title", "body", "actions")


class Server(QDBusVirtualObject):
    def __init__(self, notes: str, words: list[str]) -> None:
        super().__init__()
        self._notes = notes
        self._words = words
        self._next = 1

    def introspect(self, path: str, /) -> str:
        return ""

    def handleMessage(self, message: QDBusMessage, connection: QDBusConnection, /) -> bool:
        if "hang" in self._words:
            return True
        reply = message.createReply()
        if message.member() == "GetCapabilities":
            reply.setArguments(
                [["body", "actions", *([] if "no-markup" in self._words else ["body-markup"])]]
            )
        elif message.member() == "Notify":
            said = dict(zip(_NAMES, message.arguments(), strict=False))
            number = said["replaces"] or self._next
            self._next = max(self._next, number + 1)
            reply.setArguments([number])
            with open(self._notes, "a", encoding="utf-8") as notes:
                line = {**said, "number": number, "signature": message.signature()}
                notes.write(json.dumps(line) + "\n")
        connection.send(reply)
        return True


def main() -> int:
    app = QCoreApplication([])
    bus = QDBusConnection.sessionBus()
    server = Server(sys.argv[1], sys.argv[2:])
    assert bus.registerVirtualObject(PATH, server)
    assert bus.registerService(NAME)

    def click() -> None:
        line = sys.stdin.readline()
        if not line:
            app.quit()
            return
        for member, said in (("ActivationToken", "token-1"), ("ActionInvoked", "default")):
            signal = QDBusMessage.createSignal(PATH, NAME, member)
            signal.setArguments([int(line), said])
            bus.send(signal)

    knock = QSocketNotifier(sys.stdin.fileno(), QSocketNotifier.Type.Read)
    knock.activated.connect(click)
    print("ready", flush=True)
    return app.exec()


if __name__ == "__main__":
    sys.exit(main())
