"""Whether the host that a lock names is this one."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import Final

from racewatch.kinds.locks.claim import Claim
from racewatch.kinds.locks.facts import HostSays
from racewatch.kinds.locks.format import HostRule

_UNNAMED: Final = HostRule.UNNAMED
_NOT_COMPARED: Final = frozenset({HostRule.ADDRESS, HostRule.UNTRUSTED})
_BORG: Final = HostRule.BORG


def compare(claim: Claim | None, rule: HostRule, host: str) -> tuple[HostSays, str]:
    """The answer, and a sentence for it.  A name proves nothing against a machine of the same name."""
    named = None if claim is None else claim.host
    if named is None or rule is _UNNAMED:
        return unnamed()
    if rule in _NOT_COMPARED:
        return HostSays.UNVERIFIED, f"it names the host {named}, which cannot be compared with this one"
    if rule is _BORG:
        return _borg(named, host)
    return _by_name(named, host)


@lru_cache(maxsize=1024)
def _by_name(named: str, host: str) -> tuple[HostSays, str]:
    if same_name(named, host):
        return HostSays.HERE, f"it names this host ({named})"
    return HostSays.ELSEWHERE, f"it names another host ({named}; this one is {host})"


def unnamed() -> tuple[HostSays, str]:
    """Of what has no format."""
    return HostSays.NONE, "it names no host"


def same_name(one: str, other: str) -> bool:
    """Equal but for case, and for a domain that may follow on one side."""
    left, right = one.casefold().rstrip("."), other.casefold().rstrip(".")
    if not left or not right:
        return False
    return left == right or left.startswith(right + ".") or right.startswith(left + ".")


def _borg(named: str, host: str) -> tuple[HostSays, str]:
    """``FQDN@MAC``, the address of a network card as a decimal number."""
    name, at, number = named.rpartition("@")
    if not at or not number.isdigit():
        return HostSays.UNVERIFIED, f"it names the host {named}, which cannot be compared with this one"
    if same_name(name, host) and int(number) in _addresses():
        return HostSays.HERE, f"it names this host and one of its network cards ({named})"
    return HostSays.ELSEWHERE, f"it names another host or network card ({named}; this one is {host})"


def _addresses() -> frozenset[int]:
    found = set()
    try:
        cards = os.listdir("/sys/class/net")
    except OSError:
        return frozenset()
    for card in cards:
        try:
            with open(f"/sys/class/net/{card}/address", encoding="ascii") as file:
                found.add(int(file.read(64).strip().replace(":", ""), 16))
        except (OSError, ValueError):
            continue
    found.discard(0)
    return frozenset(found)
