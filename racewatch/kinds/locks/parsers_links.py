"""Locks that are symbolic links (or names): the owner is in the text of the target."""

from __future__ import annotations

import re
from typing import Final

from racewatch.kinds.locks.claim import Claim, ParseFailure, facts_of, number_of, pid_of, text_of

_LONGEST: Final = 4096
# U+F022 stands for the colon on CIFS.
_EMACS_TAIL: Final = re.compile(rb"(?P<pid>[0-9]{1,10})(?:(?::|\xef\x80\xa2)(?P<boot>[0-9]{1,12}))?")
_MERCURIAL: Final = re.compile(rb"(?P<host>[^:/]*)(?:/(?P<space>[0-9a-f]{1,16}))?:(?P<pid>[0-9]{1,10})")
_CHROMIUM: Final = re.compile(rb"(?P<host>.+)-(?P<pid>[0-9]{1,10})", re.DOTALL)
_FIREFOX: Final = re.compile(
    rb"(?P<host>[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}):\+(?P<pid>[0-9]{1,10})"
)
_LOCKFILE: Final = re.compile(
    rb"(?P<host>.+?)(?:-(?P<thread>[0-9a-f]{1,8}))?\.(?P<rest>[0-9]{1,10}-[0-9]{1,20}|[0-9]{1,30})", re.DOTALL
)
_LOCKFILE_DIRECTORY: Final = re.compile(rb"(?P<host>.+)\.(?P<rest>-?[0-9a-f]{1,20})", re.DOTALL)


def emacs(data: bytes, name: bytes) -> Claim | ParseFailure:
    """``USER@HOST.PID`` or ``USER@HOST.PID:BOOT``: the last ``@``, the last ``.`` after it.

    JOE writes the same form; see :func:`joe` for the one case that can be told apart.
    """
    del name
    found = _user_host_pid(data)
    if isinstance(found, Claim) and _is_nameless(found):
        return ParseFailure("the me@here of JOE")
    return found


def _is_nameless(claim: Claim) -> bool:
    return (claim.user, claim.host) == ("me", "here") and claim.boot_time is None


def _user_host_pid(data: bytes) -> Claim | ParseFailure:
    user, at, rest = data[: _LONGEST + 1].rstrip(b"\n").rpartition(b"@")
    host, _dot, tail = rest.rpartition(b".")
    found = _EMACS_TAIL.fullmatch(tail) if at and host and len(data) <= _LONGEST else None
    pid = pid_of(found["pid"]) if found else None
    if found is None or pid is None:
        return ParseFailure("not USER@HOST.PID as Emacs writes it")
    boot = number_of(found["boot"]) if found["boot"] else None
    return Claim(pid=pid, host=text_of(host), user=text_of(user), boot_time=float(boot) if boot else None)


def joe(data: bytes, name: bytes) -> Claim | ParseFailure:
    """JOE's ``me@here.PID``: what it writes when it finds neither USER nor HOSTNAME in its environment.

    With both set its link cannot be told from one of Emacs.
    """
    del name
    found = _user_host_pid(data)
    if isinstance(found, Claim) and _is_nameless(found):
        return Claim(pid=found.pid, facts=facts_of(host="not recorded", user="not recorded"))
    return ParseFailure("not the me@here.PID of JOE")


def mercurial(data: bytes, name: bytes) -> Claim | ParseFailure:
    """``HOST/PIDNS:PID`` (the PID namespace's inode in hex, above 0xf0000000 or so) or the old ``HOST:PID``."""
    del name
    found = _MERCURIAL.fullmatch(data.rstrip(b"\n")) if len(data) <= _LONGEST else None
    pid = pid_of(found["pid"]) if found else None
    if found is None or pid is None:
        return ParseFailure("not HOST/PIDNS:PID as Mercurial writes it")
    space = int(found["space"], 16) if found["space"] else None
    return Claim(pid=pid, host=text_of(found["host"]), pid_namespace=space)


def chromium(data: bytes, name: bytes) -> Claim | ParseFailure:
    """``HOST-PID``; the host may hold dashes of its own, so the last one counts."""
    del name
    found = _CHROMIUM.fullmatch(data) if len(data) <= _LONGEST else None
    pid = pid_of(found["pid"]) if found else None
    if found is None or pid is None:
        return ParseFailure("not HOST-PID as Chromium writes it")
    return Claim(pid=pid, host=text_of(found["host"]))


def firefox(data: bytes, name: bytes) -> Claim | ParseFailure:
    """``ADDRESS:+PID``: the plus says that the kernel lock on ``.parentlock`` is the real one.

    Without it (a file system without kernel locks) the link alone is the lock, and nothing proves it dead.
    """
    del name
    found = _FIREFOX.fullmatch(data) if len(data) <= _LONGEST else None
    pid = pid_of(found["pid"]) if found else None
    if found is None or pid is None:
        return ParseFailure("not ADDRESS:+PID as Firefox writes it")
    return Claim(pid=pid, host=text_of(found["host"]))


def lockfile_link(data: bytes, name: bytes) -> Claim | ParseFailure:
    """The target of Python lockfile's SymlinkLockFile; see :func:`lockfile_name`."""
    del name
    return lockfile_name(b"", data)


def lockfile_name(data: bytes, name: bytes) -> Claim | ParseFailure:
    """``HOST-THREAD.PID`` and a hash run together (Python lockfile's unique name).

    Pid and hash are one run of digits unless the hash is negative: only then is the pid known.  In a
    directory lock (``data`` is the one name in it) thread and pid run together: never known.
    """
    if data:
        inside = _LOCKFILE_DIRECTORY.fullmatch(data) if len(data) <= _LONGEST and b"\0" not in data else None
        if inside is None:
            return ParseFailure("not the one name HOST.THREAD-PID in a directory")
        return Claim(host=text_of(inside["host"]), facts=facts_of(thread_and_pid=inside["rest"]))
    found = _LOCKFILE.fullmatch(name) if len(name) <= _LONGEST else None
    if found is None:
        return ParseFailure("not HOST-THREAD.PID as Python lockfile writes it")
    digits, dash, _hash = found["rest"].partition(b"-")
    return Claim(
        pid=pid_of(digits) if dash else None,
        host=text_of(found["host"]),
        thread=int(found["thread"], 16) if found["thread"] else None,
        facts=() if dash else facts_of(pid_and_hash=digits),
    )
