"""Mistakes in methods that Qt calls: none of them may end the program.

PySide keeps an exception that such a method raises, to raise it again in whoever called Qt.  One that Python's own
functions raise is no object yet at that moment on Python 3.11, and PySide (up to 6.11) takes it for one and
crashes.  Any ``except`` on its way makes it an object, so every such method of ours has one.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from types import FunctionType
from typing import Any, Final

from PySide6.QtCore import QObject

#: Beside the handlers of events: what models, delegates, layouts and dialogs are asked by Qt.
_ASKED: Final = frozenset(
    (
        "event",
        "eventFilter",
        "rowCount",
        "columnCount",
        "data",
        "headerData",
        "setData",
        "flags",
        "sort",
        "index",
        "parent",
        "paint",
        "sizeHint",
        "minimumSizeHint",
        "hasHeightForWidth",
        "heightForWidth",
        "paintSection",
        "accept",
        "reject",
        "done",
    )
)


def guard_all() -> None:
    """From now on every class that is derived from one of Qt's has its methods guarded; a second call changes nothing."""
    if "__init_subclass__" in QObject.__dict__:
        return

    def derived(cls: type[Any], /, **words: Any) -> None:
        super(QObject, cls).__init_subclass__(**words)
        for name, method in list(cls.__dict__.items()):
            if isinstance(method, FunctionType) and (name.endswith("Event") or name in _ASKED):
                setattr(cls, name, _guarded(method))

    # PySide has no hook of its own for this; the class takes it like any other.
    setattr(QObject, "__init_subclass__", classmethod(derived))  # noqa: B010 - no stub declares it


def _guarded(method: Callable[..., Any]) -> Callable[..., Any]:
    if method.__code__.co_argcount == 1:  # PySide counts what a slot takes

        @wraps(method)
        def alone(self: QObject) -> Any:
            try:
                return method(self)
            except Exception:  # noqa: TRY203 - that it is caught is all: see above
                raise

        return alone

    @wraps(method)
    def call(self: QObject, *words: Any, **named: Any) -> Any:
        try:
            return method(self, *words, **named)
        except Exception:  # noqa: TRY203 - that it is caught is all: see above
            raise

    return call
