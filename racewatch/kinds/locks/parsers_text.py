"""Locks with text in them, a parser each."""

from __future__ import annotations

import datetime as dt
import json
import re
from functools import lru_cache
from typing import Final

from racewatch.kinds.locks.claim import Claim, ParseFailure, facts_of, is_pid, number_of, pid_of, text_of

#: No parser looks at more than this many bytes.
MOST: Final = 65_536

_BOOT_IDS: Final = 1 << 128
_BLANK: Final = b" \t\r\n"
_PID_NAMED: Final = re.compile(rb"\bpid[\"']?[ \t]{0,4}[ =:][ \t]{0,4}([0-9]{1,10})\b", re.IGNORECASE)


def pid(data: bytes, name: bytes) -> Claim | ParseFailure:
    """A pid in decimal and nothing else but blanks (or a NUL at the end)."""
    del name
    if len(data) > 64:
        return ParseFailure("longer than a process id")
    if not data.strip(_BLANK + b"\0"):
        return ParseFailure("empty: the process id is not written (yet)")
    found = pid_of(data.removesuffix(b"\0").strip(_BLANK))
    return Claim(pid=found) if found is not None else ParseFailure("not a process id")


def loose(data: bytes, name: bytes) -> Claim | ParseFailure:
    """Whatever looks like a pid in an unknown lock: alone on the first line, after ``pid``, or in JSON.

    Nothing at all is a claim that says nothing.
    """
    del name
    head = data[:4096]
    if not head.strip(_BLANK):
        return Claim()  # an empty lock says nothing, and that is no mistake
    if head.lstrip(_BLANK).startswith(b"{"):
        table = json_table(data)
        if table is not None:
            found, host = table.get("pid"), table.get("host", table.get("hostname"))
            if isinstance(found, int) and not isinstance(found, bool) and is_pid(found):
                return Claim(pid=found, host=_shown(host))
        return ParseFailure("JSON without a process id")
    first, *others = head.strip(_BLANK).split(b"\n", 2)
    alone = pid_of(first.strip(_BLANK + b"\0"))
    if alone is not None:
        # A second line is often the host, but no rule says so: a fact, never a comparison.
        return Claim(pid=alone, facts=facts_of(second_line=others[0].strip(_BLANK)) if others else ())
    named = {int(digits) for digits in _PID_NAMED.findall(head)}
    if len(named) == 1 and is_pid(only := named.pop()):
        return Claim(pid=only)
    return ParseFailure("no process id in it that could be told apart")


def uucp(data: bytes, name: bytes) -> Claim | ParseFailure:
    """A device lock: ten columns of digits and a newline; old programs wrote four binary bytes or added words."""
    del name
    if len(data) == 4 and not data.strip(_BLANK).isdigit():
        number = int.from_bytes(data, "little")
        return Claim(pid=number) if is_pid(number) else ParseFailure("four bytes that are no process id")
    words = data[:256].split()
    found = pid_of(words[0]) if words else None
    if found is None or len(data) > 256:
        return ParseFailure("does not begin with a process id")
    return Claim(pid=found, facts=facts_of(words=b" ".join(words[1:])))


def dotlock(data: bytes, name: bytes) -> Claim | ParseFailure:
    """``0`` (nobody is named), or the pid that was asked to be written there."""
    del name
    plain = data.strip(_BLANK + b"\0") if len(data) <= 32 else b"-"
    if plain == b"0":
        return Claim(facts=facts_of(process="not recorded (0)"))
    found = pid_of(plain)
    return Claim(pid=found) if found is not None else ParseFailure("neither 0 nor a process id")


def git_gc(data: bytes, name: bytes) -> Claim | ParseFailure:
    """``PID HOST``."""
    del name
    digits, _blank, host = data.strip(_BLANK).partition(b" ") if len(data) <= 512 else (b"", b"", b"")
    found = pid_of(digits)
    if found is None or not host:
        return ParseFailure("not PID HOST as git gc writes it")
    return Claim(pid=found, host=text_of(host))


def gnupg(data: bytes, name: bytes) -> Claim | ParseFailure:
    """Ten columns of pid, a newline, the node's name, a newline."""
    del name
    digits, newline, node = data.partition(b"\n") if len(data) <= 1024 else (b"", b"", b"")
    found = pid_of(digits) if len(digits) == 10 else None
    if found is None or not newline or not node.rstrip(b"\n"):
        return ParseFailure("not the pid and node that GnuPG writes")
    return Claim(pid=found, host=text_of(node.rstrip(b"\n")))


def soft_file_lock(data: bytes, name: bytes) -> Claim | ParseFailure:
    """``PID``, ``HOST`` and, in newer ones, a token: the boot id and the start ticks in one decimal number."""
    del name
    lines = data.split(b"\n", 4) if len(data) <= 1024 else []
    if lines and not lines[-1]:
        lines.pop()
    found = pid_of(lines[0]) if len(lines) in (2, 3) and lines[0].isdigit() else None
    if found is None or not lines[1] or lines[1].strip(_BLANK) != lines[1]:
        return ParseFailure("not the pid, host and token of a SoftFileLock")
    host = text_of(lines[1])
    if len(lines) == 2:
        return Claim(pid=found, host=host)
    if not lines[2].isdigit() or len(lines[2]) > 60:
        return ParseFailure("the token of the SoftFileLock is no number")
    token = int(lines[2])
    boot = token >> 64
    if not 0 < boot < _BOOT_IDS:
        return ParseFailure("the token of the SoftFileLock holds no boot id")
    return Claim(found, host, start_ticks=token & (1 << 64) - 1, boot_id=_boot_id(boot))


@lru_cache(maxsize=64)
def _boot_id(number: int) -> str:
    digits = f"{number:032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def postmaster(data: bytes, name: bytes) -> Claim | ParseFailure:
    """``postmaster.pid`` (8 lines) and ``.s.PGSQL.PORT.lock`` (its first 5)."""
    del name
    if len(data) > 8192:
        return ParseFailure("longer than a postmaster.pid")
    lines = data.split(b"\n", 9)
    # A stand-alone backend writes its pid negative.
    alone = lines[0].startswith(b"-")
    found = pid_of(lines[0].removeprefix(b"-"))
    if found is None or len(lines) < 3 or not lines[1].startswith(b"/"):
        return ParseFailure("not the process id, data directory and start time of a PostgreSQL server")
    lines += [b""] * (10 - len(lines))
    started, port = number_of(lines[2], 1 << 40), number_of(lines[3], 65535)
    segment = lines[6].split()
    related = [("datadir", lines[1])] + ([("socketdir", lines[4])] if lines[4].startswith(b"/") else [])
    return Claim(
        pid=found,
        time=float(started) if started else None,
        port=port or None,
        facts=facts_of(
            data_directory=lines[1],
            stand_alone="yes" if alone else None,
            socket_directory=lines[4],
            listen_address=lines[5],
            shared_memory=segment[1] if len(segment) == 2 else None,
            status=lines[7].strip(_BLANK),
        ),
        related=tuple(related),
    )


def terraform(data: bytes, name: bytes) -> Claim | ParseFailure:
    """The JSON beside a locked state file.  It names a person and a time, no process."""
    del name
    table = json_table(data)
    if table is None or not isinstance(table.get("ID"), str) or not isinstance(table.get("Who"), str):
        return ParseFailure("not the JSON that Terraform writes")
    user, _at, host = str(table["Who"]).rpartition("@")
    facts = {
        key.lower(): _shown(table.get(key))
        for key in ("ID", "Operation", "Info", "Version", "Path", "Created")
    }
    return Claim(
        host=_shown(host),
        user=_shown(user),
        time=_moment(table.get("Created")),
        facts=facts_of(**facts),
        related=(("id", _ascii(table["ID"])),) if _ascii(table["ID"]) else (),
    )


def _ascii(text: object) -> bytes:
    """A name made of letters, digits and dashes; anything else is no name to paste into a command."""
    return text.encode() if isinstance(text, str) and re.fullmatch(r"[A-Za-z0-9-]{1,64}", text) else b""


def libreoffice_document(data: bytes, name: bytes) -> Claim | ParseFailure:
    r"""Five fields ended by ``;``, separated by ``,``; ``\`` escapes these three.  No process is named."""
    del name
    fields, field = [bytearray()], 0
    escaped = ended = False
    for byte in data[:MOST]:
        if escaped:
            fields[field].append(byte)
            escaped = False
        elif byte == 0x5C:
            escaped = True
        elif byte == 0x2C and field < 4:
            fields.append(bytearray())
            field += 1
        elif byte == 0x3B:
            ended = True
            break
        else:
            fields[field].append(byte)
    if not ended or len(fields) != 5:
        return ParseFailure("not the five fields that LibreOffice writes")
    full_name, login, host, when, profile = (bytes(one) for one in fields)
    return Claim(
        host=text_of(host),
        user=text_of(login),
        # Local time of whoever wrote it, in minutes: for people only.
        facts=facts_of(full_name=full_name, locked_at=when, profile=profile),
    )


def libreoffice_profile(data: bytes, name: bytes) -> Claim | ParseFailure:
    """The ``[Lockdata]`` section with CRLF lines in a profile's ``.lock``.  No process is named."""
    del name
    lines = data[:4096].replace(b"\r\n", b"\n").split(b"\n")
    if lines[0] != b"[Lockdata]" or len(data) > 4096:
        return ParseFailure("not the [Lockdata] that LibreOffice writes")
    values = dict(line.split(b"=", 1) for line in lines[1:] if b"=" in line)
    if not values.get(b"Host"):
        return ParseFailure("no Host in the [Lockdata]")
    return Claim(
        host=text_of(values[b"Host"]),
        user=text_of(values.get(b"User", b"")),
        facts=facts_of(locked_at=values.get(b"Time"), stamp=values.get(b"Stamp")),
    )


def json_table(data: bytes) -> dict[str, object] | None:
    """A JSON object of bounded size, or None."""
    if len(data) > MOST:
        return None
    try:
        value = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _shown(value: object) -> str | None:
    return text_of(value.encode("utf-8", "backslashreplace")) if isinstance(value, str) else None


def _moment(value: object) -> float | None:
    """Seconds since the epoch of an RFC 3339 time (its fraction may have nine digits)."""
    if not isinstance(value, str) or len(value) > 64:
        return None
    plain = re.sub(r"(\.[0-9]{6})[0-9]+", r"\1", value.replace("Z", "+00:00"))
    try:
        moment = dt.datetime.fromisoformat(plain)
        return moment.timestamp() if moment.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None
