"""What a screen reader sees: run by the system's Python, which has the D-Bus library.

One JSON answer for each line on standard input: ``tree NAME`` is the tree of the application's windows whose
title holds NAME.
"""

from __future__ import annotations

import importlib
import json
import sys
from typing import Any

#: The system's, which is there for the system's Python only.
dbus: Any = importlib.import_module("dbus")

ACCESSIBLE = "org.a11y.atspi.Accessible"
PROPERTIES = "org.freedesktop.DBus.Properties"
#: The bits of a state that are asked about.
STATES = {
    "checked": 4,
    "enabled": 8,
    "focusable": 11,
    "focused": 12,
    "selected": 23,
    "showing": 25,
    "checkable": 41,
}
HEARD = ("object:announcement", "object:state-changed:focused", "focus:")


class Client:
    """A connection to the bus of the assistive technologies, which also asks for the events."""

    def __init__(self) -> None:
        session = dbus.SessionBus()
        there = session.get_object("org.a11y.Bus", "/org/a11y/bus")
        self.address = str(there.GetAddress(dbus_interface="org.a11y.Bus"))
        self._bus = dbus.bus.BusConnection(self.address)
        registry = self._bus.get_object(
            "org.a11y.atspi.Registry", "/org/a11y/atspi/registry", introspect=False
        )
        for event in HEARD:
            registry.RegisterEvent(event, dbus_interface="org.a11y.atspi.Registry")

    def tree(self, name: str) -> list[dict[str, Any]]:
        """The windows of all programs whose title holds this, with everything in them."""
        root = self._bus.get_object(
            "org.a11y.atspi.Registry", "/org/a11y/atspi/accessible/root", introspect=False
        )
        found = []
        for program in root.GetChildren(dbus_interface=ACCESSIBLE):
            try:
                windows = self._children(*program)
                found += [
                    self._walk(*one) for one in windows if name in self._text(self._object(*one), "Name")
                ]
            except dbus.exceptions.DBusException:
                pass  # a window that closed between two calls
        return found

    def _object(self, owner: Any, path: Any) -> Any:
        return self._bus.get_object(str(owner), str(path), introspect=False)

    @staticmethod
    def _text(one: Any, which: str) -> str:
        return str(one.Get(ACCESSIBLE, which, dbus_interface=PROPERTIES))

    def _children(self, owner: Any, path: Any) -> list[tuple[Any, Any]]:
        return list(self._object(owner, path).GetChildren(dbus_interface=ACCESSIBLE))

    def _walk(self, owner: Any, path: Any) -> dict[str, Any]:
        one = self._object(owner, path)
        try:
            low, high = one.GetState(dbus_interface=ACCESSIBLE)
            bits = int(low) | int(high) << 32
            return {
                "role": str(one.GetRoleName(dbus_interface=ACCESSIBLE)),
                "name": self._text(one, "Name"),
                "description": self._text(one, "Description"),
                "states": [word for word, bit in STATES.items() if bits >> bit & 1],
                # What is not on screen (another page) is not walked into: each call takes its time.
                "children": [self._walk(*child) for child in self._children(owner, path)]
                if bits >> STATES["showing"] & 1
                else [],
            }
        except dbus.exceptions.DBusException:  # it went while it was looked at
            return {"role": "gone", "name": "", "description": "", "states": [], "children": []}


def main() -> None:
    client = Client()
    print(json.dumps(client.address), flush=True)
    for line in sys.stdin:
        _, _, name = line.rstrip("\n").partition(" ")
        print(json.dumps(client.tree(name)), flush=True)


if __name__ == "__main__":
    main()
