"""Locks of Borg 1 and 2."""

from __future__ import annotations

import datetime as dt
import re
from typing import Final

from racewatch.kinds.locks.claim import Claim, ParseFailure, facts_of, is_pid, pid_of, text_of
from racewatch.kinds.locks.parsers_text import MOST, json_table

# The host id may hold dots and dashes: from the right, the last dash, then the last dot.
_ENTRY: Final = re.compile(rb"(?P<host>.+)\.(?P<pid>[0-9]{1,10})-(?P<thread>[0-9a-f]{1,16})", re.DOTALL)
_NO_BORG: Final = ParseFailure("not HOST@MAC.PID-THREAD as Borg writes it")


def borg_entry(data: bytes, name: bytes) -> Claim | ParseFailure:
    """The empty file inside ``lock.exclusive``: its name is ``HOST@MAC.PID-THREAD``."""
    del data
    found = _ENTRY.fullmatch(name) if len(name) <= 255 else None
    pid = pid_of(found["pid"]) if found else None
    if found is None or pid is None:
        return _NO_BORG
    return Claim(pid=pid, host=text_of(found["host"]), thread=int(found["thread"], 16))


def borg_directory(data: bytes, name: bytes) -> Claim | ParseFailure:
    """``lock.exclusive``: the one name in it tells the owner; other numbers of names are no lock of one owner."""
    del name
    if not data:
        return ParseFailure("empty: its maker has not written who it is, or somebody is breaking it")
    if b"\0" in data:
        return ParseFailure("more than one name in it")
    return borg_entry(b"", data)


def borg_roster(data: bytes, name: bytes) -> Claim | ParseFailure:
    """``lock.roster``: lists of [host id, pid, thread] under ``exclusive`` and ``shared``."""
    del name
    table = json_table(data)
    if table is None:
        return ParseFailure("not the JSON that Borg writes")
    entries: list[tuple[str, int, int]] = []
    for key in ("exclusive", "shared"):
        listed = table.get(key, [])
        if not isinstance(listed, list):
            return ParseFailure(f"{key} is no list")
        for entry in listed:
            one = _roster_entry(entry)
            if one is None:
                return ParseFailure(f"an entry of {key} is not [host, pid, thread]")
            entries.append(one)
    if not entries:
        return Claim(facts=facts_of(holders="none"))
    host, pid, thread = entries[0]
    if len(entries) > 1:
        # Several owners: no one pid may speak for all of them.
        return Claim(facts=facts_of(holders=", ".join(f"{h} pid {p}" for h, p, _ in entries[:8])))
    return Claim(pid=pid, host=host, thread=thread)


def _roster_entry(entry: object) -> tuple[str, int, int] | None:
    if not isinstance(entry, list) or len(entry) != 3:
        return None
    host, pid, thread = entry
    if not isinstance(host, str) or not _is_number(pid) or not _is_number(thread) or not is_pid(pid):
        return None
    return text_of(host.encode("utf-8", "backslashreplace")) or "", pid, thread


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 64


def borg2(data: bytes, name: bytes) -> Claim | ParseFailure:
    """Borg 2: JSON with exclusive, hostid, processid, threadid and time."""
    del name
    table = json_table(data[: MOST + 1])
    if table is None:
        return ParseFailure("not the JSON that Borg 2 writes")
    entry = _roster_entry([table.get("hostid"), table.get("processid"), table.get("threadid")])
    if entry is None or not isinstance(table.get("exclusive"), bool):
        return ParseFailure("without the hostid, processid and threadid of Borg 2")
    host, pid, thread = entry
    kind = "exclusive" if table["exclusive"] else "shared"
    return Claim(
        pid=pid, host=host, thread=thread, time=_moment(table.get("time")), facts=facts_of(kind=kind)
    )


def _moment(value: object) -> float | None:
    try:
        moment = dt.datetime.fromisoformat(value) if isinstance(value, str) and len(value) <= 64 else None
        return moment.timestamp() if moment is not None and moment.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None
