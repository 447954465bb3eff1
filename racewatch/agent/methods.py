"""The methods of the agent: parameters checked strictly, the verbs called, the contract's shapes back."""

from __future__ import annotations

import base64
import binascii
import os
import socket
from collections.abc import Callable, Mapping
from typing import Final

from racewatch import __version__
from racewatch.agent.protocol import Code, RpcError
from racewatch.core import wire
from racewatch.core.model import ActRequest, KindName, Target
from racewatch.core.text import display_text
from racewatch.verbs import Racewatch, RacewatchError, TargetError

Params = Mapping[str, object]
#: Starts (None: the configured roots) or stops the one watch of this agent.
StartWatch = Callable[[list[bytes] | None], None]
StopWatch = Callable[[], bool]

_FEATURES: Final = ("sockets", "locks", "containers", "journal", "undo", "watch", "batch", "path_b64")


class Methods:
    """All methods.  :meth:`call` raises :class:`RpcError` and nothing else that is foreseen."""

    def __init__(self, racewatch: Racewatch, start_watch: StartWatch, stop_watch: StopWatch) -> None:
        self._racewatch = racewatch
        self._start_watch = start_watch
        self._stop_watch = stop_watch
        # Method -> (function, its parameters, those of them that are required).
        self._table: dict[str, tuple[Callable[[Params], object], frozenset[str], frozenset[str]]] = {
            "hello": (self._hello, frozenset(), frozenset()),
            "scan": (self._scan, frozenset({"roots", "kinds", "engines"}), frozenset()),
            "observe": (self._observe, frozenset({"target"}), frozenset({"target"})),
            "remove": (
                self._remove,
                frozenset({"target", "fingerprint", "override"}),
                frozenset({"target", "fingerprint"}),
            ),
            "undo": (self._undo, frozenset({"action"}), frozenset({"action"})),
            "history": (self._history, frozenset({"limit"}), frozenset()),
            "watch": (self._watch, frozenset({"roots"}), frozenset()),
            "unwatch": (self._unwatch, frozenset(), frozenset()),
        }

    def call(self, method: str, params: Params) -> object:
        """Run one method."""
        entry = self._table.get(method)
        if entry is None:
            known = ", ".join(self._table)
            raise RpcError(Code.METHOD_NOT_FOUND, f"no such method: {display_text(method)} (known: {known})")
        function, known_names, required = entry
        for name in params:
            if name not in known_names:
                raise _invalid(f"no such parameter: {display_text(name)}")
        for name in sorted(required):
            if name not in params:
                raise _invalid(f"{name}: missing")
        try:
            return function(params)
        except TargetError as error:
            raise _invalid(str(error)) from error
        except RacewatchError as error:
            raise RpcError(Code.CANNOT, str(error)) from error

    # --- the methods -----------------------------------------------------------------------------

    def _hello(self, _params: Params) -> object:
        return {
            "version": __version__,
            "schema": wire.SCHEMA,
            "uid": os.geteuid(),
            "host": socket.gethostname(),
            "features": list(_FEATURES),
            "journal_problem": self._racewatch.journal_problem,
        }

    def _scan(self, params: Params) -> object:
        engines = _boolean(params, "engines")
        return wire.scan_to_json(self._racewatch.scan(_roots(params), kinds=_kinds(params), engines=engines))

    def _observe(self, params: Params) -> object:
        seen = self._racewatch.observe(self._target(params))
        return None if seen is None else wire.observation_to_json(seen)

    def _remove(self, params: Params) -> object:
        fingerprint = _text(params, "fingerprint")
        override = _boolean(params, "override")
        request = ActRequest(self._target(params), fingerprint, override=override)
        return wire.outcome_to_json(self._racewatch.remove(request))

    def _undo(self, params: Params) -> object:
        return wire.outcome_to_json(self._racewatch.undo(_text(params, "action")))

    def _history(self, params: Params) -> object:
        limit = params.get("limit")
        if limit is not None and (
            isinstance(limit, bool) or not isinstance(limit, int) or not 0 <= limit < 1 << 31
        ):
            raise _invalid("limit: wanted a whole number, 0 or more")
        return wire.history_to_json(self._racewatch.history(limit))

    def _watch(self, params: Params) -> object:
        self._start_watch(_roots(params))
        return {"watching": True}

    def _unwatch(self, _params: Params) -> object:
        return {"watching": False, "was_watching": self._stop_watch()}

    def _target(self, params: Params) -> Target:
        text = _text(params, "target")
        if not text.startswith("/") and ":" not in text:
            # The folder this agent was started in means nothing to the other side.
            raise _invalid(f"target: not absolute: {display_text(text)}")
        return self._racewatch.parse_target(text)


def _invalid(message: str) -> RpcError:
    return RpcError(Code.INVALID_PARAMS, message)


def _text(params: Params, name: str) -> str:
    value = params.get(name)
    if not isinstance(value, str) or "\0" in value:
        raise _invalid(f"{name}: wanted a string without NUL")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise _invalid(f"{name}: contains a lone surrogate") from None
    return value


def _boolean(params: Params, name: str) -> bool:
    value = params.get(name, False)
    if not isinstance(value, bool):
        raise _invalid(f"{name}: wanted true or false")
    return value


def _roots(params: Params) -> list[bytes] | None:
    value = params.get("roots")
    if value is None:
        return None
    if not isinstance(value, list):
        raise _invalid("roots: wanted an array of absolute paths")
    return [_root(item, f"roots[{number}]") for number, item in enumerate(value)]


def _root(value: object, where: str) -> bytes:
    """A path as text, or ``{"path_b64": …}`` for one that is not UTF-8."""
    if isinstance(value, dict) and set(value) == {"path_b64"} and isinstance(value["path_b64"], str):
        try:
            path = base64.b64decode(value["path_b64"], validate=True)
        except (binascii.Error, ValueError):
            raise _invalid(f"{where}: not base64") from None
    elif isinstance(value, str):
        path = _text({"root": value}, "root").encode()
    else:
        raise _invalid(f"{where}: wanted an absolute path")
    if not path.startswith(b"/") or b"\0" in path:
        raise _invalid(f"{where}: wanted an absolute path")
    return path


def _kinds(params: Params) -> list[KindName] | None:
    value = params.get("kinds")
    if value is None:
        return None
    if not isinstance(value, list):
        raise _invalid("kinds: wanted an array of kinds")
    kinds: list[KindName] = []
    for item in value:
        if not isinstance(item, str) or item not in set(KindName):
            raise _invalid(f"kinds: wanted some of {', '.join(KindName)}")
        kinds.append(KindName(item))
    return kinds
