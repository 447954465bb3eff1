"""The tray of a desktop: a StatusNotifierWatcher on the session bus.  ``python -m tests.ui.tray_host``.

Prints ``item`` when an icon came; a line on its input is a click on it.
"""

from __future__ import annotations

import sys

from PySide6.QtCore import QCoreApplication, QSocketNotifier
from PySide6.QtDBus import QDBusConnection, QDBusMessage, QDBusVariant, QDBusVirtualObject

NAME = "org.kde.StatusNotifierWatcher"
ITEM = "org.kde.StatusNotifierItem"
_SAYS = f"""
<interface name="{NAME}">
  <property name="IsStatusNotifierHostRegistered" type="b" access="read"/>
  <property name="ProtocolVersion" type="i" access="read"/>
  <property name="RegisteredStatusNotifierItems" type="as" access="read"/>
  <method name="RegisterStatusNotifierItem"><arg direction="in" type="s"/></method>
</interface>
"""


class Watcher(QDBusVirtualObject):
    def __init__(self) -> None:
        super().__init__()
        self.item = ""

    def introspect(self, path: str, /) -> str:
        return _SAYS

    def handleMessage(self, message: QDBusMessage, connection: QDBusConnection, /) -> bool:
        reply = message.createReply()
        if message.member() == "Get":
            reply.setArguments([QDBusVariant(message.arguments()[1] == "IsStatusNotifierHostRegistered")])
        connection.send(reply)
        if message.member() == "RegisterStatusNotifierItem":
            self.item = message.service()
            print("item", flush=True)
        return True


def main() -> int:
    app = QCoreApplication([])
    bus = QDBusConnection.sessionBus()
    watcher = Watcher()
    assert bus.registerVirtualObject("/StatusNotifierWatcher", watcher)
    assert bus.registerService(NAME)

    def click() -> None:
        if not sys.stdin.readline():
            app.quit()
            return
        call = QDBusMessage.createMethodCall(watcher.item, "/StatusNotifierItem", ITEM, "Activate")
        call.setArguments([0, 0])
        bus.call(call)
        print("clicked", flush=True)

    knock = QSocketNotifier(sys.stdin.fileno(), QSocketNotifier.Type.Read)
    knock.activated.connect(click)
    print("ready", flush=True)
    return app.exec()


if __name__ == "__main__":
    sys.exit(main())
