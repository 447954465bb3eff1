"""A file manager on the session bus: notes what it is asked to show.  ``python -m tests.ui.file_manager FILE``."""

from __future__ import annotations

import sys

from PySide6.QtCore import QCoreApplication
from PySide6.QtDBus import QDBusConnection, QDBusMessage, QDBusVirtualObject


class FileManager(QDBusVirtualObject):
    """Answers every call, and writes down its arguments."""

    def __init__(self, notes: str) -> None:
        super().__init__()
        self._notes = notes

    def introspect(self, path: str, /) -> str:
        return ""

    def handleMessage(self, message: QDBusMessage, connection: QDBusConnection, /) -> bool:
        with open(self._notes, "a", encoding="utf-8") as notes:
            notes.write(f"{message.member()} {message.signature()} {message.arguments()!r}\n")
        connection.send(message.createReply())
        return True


def main() -> int:
    app = QCoreApplication([])
    bus = QDBusConnection.sessionBus()
    manager = FileManager(sys.argv[1])
    assert bus.registerVirtualObject("/org/freedesktop/FileManager1", manager)
    assert bus.registerService("org.freedesktop.FileManager1")
    print("ready", flush=True)
    return app.exec()


if __name__ == "__main__":
    sys.exit(main())
