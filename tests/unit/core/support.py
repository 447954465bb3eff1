"""Small real objects for the core's own tests: parts with a judgement of the test's choosing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from racewatch.core.model import (
    Evidence,
    KindName,
    Observation,
    Removable,
    Says,
    Target,
    Verdict,
)
from racewatch.core.part import Part, Pinned
from racewatch.linux import fs

NOBODY = 65534


def observation(
    path: bytes = b"/run/x",
    verdict: Verdict = Verdict.STALE,
    removable: Removable = Removable.YES,
    fingerprint: str = "f",
    remedy: str | None = None,
) -> Observation:
    return Observation(
        target=Target(KindName.SOCKET, path),
        path=path,
        fingerprint=fingerprint,
        verdict=verdict,
        label=f"label {verdict}",
        summary="A sentence.",
        evidence=(Evidence("check", Says.INFO, "source", "detail"),),
        owner=None,
        removable=removable,
        seen_at=1.0,
        remedy=remedy,
    )


def fingerprint_of(path: bytes) -> str:
    seen = fs.stat_path(path)
    return f"{seen.ino} {seen.btime_ns}"


def part(path: bytes, *verdicts: Verdict) -> Part:
    """A part that is judged as given, look by look; the last judgement stays."""
    left = list(verdicts or (Verdict.STALE,))

    def observe(pinned: Pinned) -> Observation:
        verdict = left.pop(0) if len(left) > 1 else left[0]
        removable = {Verdict.STALE: Removable.YES, Verdict.UNKNOWN: Removable.OVERRIDE}
        return observation(
            path,
            verdict,
            removable.get(verdict, Removable.NEVER),
            f"{pinned.stat.ino} {pinned.stat.btime_ns}",
        )

    return Part(Target(KindName.SOCKET, path), path, observe)


def socket_node(path: bytes, mode: int = 0o600) -> None:
    """A dead socket."""
    os.mknod(path, 0o140000 | mode)


@contextmanager
def as_nobody() -> Iterator[None]:
    """Without root's rights, if we have them (tests that need a refusal call it; nothing is forked)."""
    uid, gid = os.geteuid(), os.getegid()
    if uid == 0:
        os.setegid(NOBODY)
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if uid == 0:
            os.seteuid(uid)
            os.setegid(gid)
