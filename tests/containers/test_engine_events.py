"""The stream of events: told until it is closed, and never silently over."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from racewatch.kinds.containers.engine_answers import EngineError, Event
from racewatch.kinds.containers.engine_client import Events
from tests.containers.engines import ID, SHORT, at, http, misbehaving

LINE = b'{"Type":"container","Action":"die","Actor":{"ID":"%s"}}\n' % ID.encode()
STREAM = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def test_events_are_told_until_the_engine_goes_away(path: Path) -> None:
    with misbehaving(path, lambda _: STREAM + chunk(LINE) + chunk(LINE)):
        events = iter(Events(at(path)))
        assert [next(events), next(events)] == [Event(ID, "die")] * 2
        with pytest.raises(EngineError, match=r"stream of events"):
            next(events)


@pytest.mark.parametrize(
    "answer",
    [http({"message": "no"}, status="500 Oops"), STREAM + chunk(LINE[:20]), STREAM + b"ff\r\n{", http(b"{")],
)
def test_a_broken_stream_is_an_error(path: Path, answer: bytes) -> None:
    with misbehaving(path, lambda _: answer), pytest.raises(EngineError):
        list(Events(at(path)))


def test_a_stream_that_never_begins(path: Path) -> None:
    with misbehaving(path, lambda _: None), pytest.raises(EngineError, match="within"):
        Events(at(path), SHORT)


def quietly() -> Iterator[bytes]:
    yield STREAM
    yield chunk(LINE)
    threading.Event().wait(SHORT * 3)  # longer than any answer may take
    yield chunk(LINE)
    while True:
        threading.Event().wait(0.01)
        yield b""


def test_closed_from_another_thread_it_ends_at_once(path: Path) -> None:
    with misbehaving(path, lambda _: quietly()):
        events = Events(at(path), SHORT)
        told: list[Event] = []
        reader = threading.Thread(target=lambda: told.extend(events))
        reader.start()
        while len(told) < 2:
            time.sleep(0.01)
            assert reader.is_alive()
        began = time.monotonic()
        events.close()
        reader.join(1)
        assert not reader.is_alive()
        assert time.monotonic() - began < 0.5
        assert list(events) == []


def test_closed_before_anybody_listened(path: Path) -> None:
    with misbehaving(path, lambda _: quietly()):
        events = Events(at(path))
        events.close()
        events.close()
        assert list(events) == []
