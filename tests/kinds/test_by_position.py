"""The values of each row are made by position, past their own constructors: none of them may lack a field."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

from racewatch.core.kind import Seen
from racewatch.core.model import Observation
from racewatch.kinds.locks import LocksKind
from racewatch.kinds.sockets import SocketsKind
from racewatch.kinds.walk import Excluded, Found, Walk
from tests.kinds.locks_support import dead_pid


def _named_tuples(value: object) -> set[str]:
    """What named tuples are in it, each with all its fields."""
    found: set[str] = set()
    if isinstance(value, tuple):
        fields = getattr(value, "_fields", None)
        if fields is not None:
            assert len(value) == len(fields), type(value)
            found.add(type(value).__name__)
        for one in value:
            found |= _named_tuples(one)
    return found


def _accounts(rows: Iterator[Seen]) -> set[str]:
    seen = [one for one in rows if isinstance(one, Observation)]
    assert len(seen) == 2
    return set().union(*(_named_tuples(one._account) for one in seen))


def test_all_that_is_known_of_a_lock(tmp_path: Path) -> None:
    host = socket.gethostname()
    for name, pid in (("dead", dead_pid()), ("live", os.getpid())):
        (tmp_path / f"{name}.lock").write_text(f"{pid}\n{host}\n")
    found = _accounts(LocksKind(well_known_places=False).scan([os.fsencode(tmp_path)]))
    assert {"Account", "Claim", "Facts", "Finding", "Identified", "Locked", "Named", "Times"} <= found


def test_all_that_is_known_of_a_socket(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as live, socket.socket(socket.AF_UNIX) as dead:
        live.bind(str(tmp_path / "live.sock"))
        dead.bind(str(tmp_path / "dead.sock"))
        dead.close()
        found = _accounts(SocketsKind().scan([os.fsencode(tmp_path)]))
    assert {"Account", "Answer", "Facts"} <= found


def test_what_a_walk_finds(tmp_path: Path) -> None:
    (tmp_path / "one").touch()
    walk = Walk(lambda prefix, entry: prefix + os.fsencode(entry.name), None, Excluded(()), 10)
    found = list(walk.below(os.fsencode(tmp_path)))
    for one in found:
        assert isinstance(one, Found)
        os.close(one.fd)
    assert _named_tuples(tuple(found)) == {"Found", "Stat"}
