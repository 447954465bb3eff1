"""JSON-RPC 2.0, one message a line: what a line means, and what an answer looks like.

Pure functions on bytes and values; no I/O, no knowledge of the verbs.
"""

from __future__ import annotations

import enum
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NoReturn

from racewatch.core.text import display_text
from racewatch.core.wire import Json

#: A request id, as JSON-RPC allows it.
Id = str | int | float | None


class Code(enum.IntEnum):
    """The error codes: those of JSON-RPC, and two of our own."""

    PARSE_ERROR = -32700
    INVALID_REQUEST = -32600
    METHOD_NOT_FOUND = -32601
    INVALID_PARAMS = -32602
    INTERNAL_ERROR = -32603
    #: It was understood, and cannot be answered here and now; the message says why.
    CANNOT = -32000


class RpcError(Exception):
    """An error for the other side: a code and one plain sentence."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Request:
    """One request; ``answer`` is False for a notification, which gets no response whatever happens."""

    id: Id
    answer: bool
    method: str
    params: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Bad:
    """A message that is no request; ``id`` when it could be read."""

    id: Id
    error: RpcError


Message = Request | Bad


@dataclass(frozen=True, slots=True)
class Line:
    """What one line holds: one message, or several as a batch (answered as one array)."""

    messages: tuple[Message, ...]
    batch: bool


def read_line(line: bytes) -> Line:
    """Understand one line; never raises."""
    try:
        value = json.loads(line.decode("utf-8"), parse_constant=_no_constant, parse_float=_finite)
    except RecursionError:
        return Line((Bad(None, RpcError(Code.PARSE_ERROR, "nested too deeply")),), batch=False)
    except ValueError as error:
        # Also: not UTF-8, and integers of more digits than Python converts.
        message = f"not JSON: {display_text(str(error))}"
        return Line((Bad(None, RpcError(Code.PARSE_ERROR, message)),), batch=False)
    if isinstance(value, list) and value:
        return Line(tuple(_message(item) for item in value), batch=True)
    return Line((_message(value),), batch=False)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("a number beyond the range of numbers")
    return number


_MEMBERS: Final = frozenset({"jsonrpc", "id", "method", "params"})


def _message(value: object) -> Message:
    if not isinstance(value, dict):
        return Bad(
            None, RpcError(Code.INVALID_REQUEST, "a request is an object (or a non-empty array of them)")
        )
    number = value.get("id")
    if isinstance(number, bool) or not isinstance(number, str | int | float | type(None)):
        return Bad(None, RpcError(Code.INVALID_REQUEST, "id: wanted a string, a number or null"))
    if isinstance(number, str) and not _is_text(number):
        return Bad(None, RpcError(Code.INVALID_REQUEST, "id: contains a lone surrogate"))
    if value.get("jsonrpc") != "2.0":
        return Bad(number, RpcError(Code.INVALID_REQUEST, 'jsonrpc: wanted "2.0"'))
    method = value.get("method")
    if not isinstance(method, str):
        return Bad(number, RpcError(Code.INVALID_REQUEST, "method: wanted a string"))
    strange = sorted(set(value) - _MEMBERS)
    if strange:
        return Bad(number, RpcError(Code.INVALID_REQUEST, f"no such member: {display_text(strange[0])}"))
    params = value.get("params", {})
    if isinstance(params, list) and not params:
        params = {}
    if not isinstance(params, dict):
        return Bad(number, RpcError(Code.INVALID_PARAMS, "params: wanted an object (parameters by name)"))
    return Request(number, "id" in value, method, params)


def _is_text(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def result(request_id: Id, value: object) -> Json:
    """The response to a request that went well."""
    return {"jsonrpc": "2.0", "id": request_id, "result": value}


def failure(request_id: Id, error: RpcError) -> Json:
    """The response to one that did not."""
    return {"jsonrpc": "2.0", "id": request_id, "error": {"code": int(error.code), "message": str(error)}}


def notification(method: str, params: Json) -> Json:
    """A message that wants no answer."""
    return {"jsonrpc": "2.0", "method": method, "params": params}


class Lines:
    """Cuts a byte stream into lines, holding at most ``limit`` bytes of one that has not ended.

    A longer line is swallowed up to its end and reported once, as None.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._pieces: list[bytes] = []
        self._size = 0
        self._too_long = False

    def feed(self, data: bytes) -> list[bytes | None]:
        """The lines that end in this piece of the stream."""
        *ends, rest = data.split(b"\n")
        lines = [self._end(piece) for piece in ends]
        self._add(rest)
        return lines

    def finish(self) -> list[bytes | None]:
        """The last line, when the stream ended without a line end."""
        return [self._end(b"")] if self._size or self._too_long else []

    def _add(self, piece: bytes) -> None:
        if not piece:
            return
        self._size += len(piece)
        if self._size > self._limit:
            self._too_long = True
            self._pieces.clear()
        if not self._too_long:
            self._pieces.append(piece)

    def _end(self, piece: bytes) -> bytes | None:
        self._add(piece)
        line = None if self._too_long else b"".join(self._pieces)
        self._pieces.clear()
        self._size = 0
        self._too_long = False
        return line
