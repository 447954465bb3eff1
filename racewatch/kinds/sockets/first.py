"""What is said of a socket that has just appeared, before the kernel is asked about all others."""

from __future__ import annotations

import time

from racewatch.core.model import Evidence, KindName, Observation, Removable, Says, Target, Verdict
from racewatch.core.text import display
from racewatch.kinds.seeing import AT_FIRST, fingerprint_of
from racewatch.linux import fs
from racewatch.linux.probe import DatagramProbe, Presence

_SOURCE = "connect(AF_UNIX, SOCK_DGRAM)"


def at_first(path: bytes, fd: int, node: fs.Stat, probe: DatagramProbe) -> Observation:
    """Live when somebody is bound to the pinned node; all else cannot be told yet, which counts as in use.

    The fingerprint is that of no other observation: an act that names this one is refused.
    """
    live = probe.ask(fd).presence is Presence.BOUND
    if live:
        evidence = Evidence("bound", Says.LIVE, _SOURCE, "a socket is bound to this inode")
    else:
        evidence = Evidence("bound", Says.UNKNOWN, _SOURCE, "not everything has been looked at yet")
    return Observation(
        target=Target(KindName.SOCKET, path),
        path=path,
        fingerprint=fingerprint_of(b"at first", node.dev, node.ino, node.btime_ns),
        verdict=Verdict.LIVE if live else Verdict.UNKNOWN,
        label=AT_FIRST,
        summary=f"{display(path)} has just appeared; who uses it is being looked at.",
        evidence=(evidence,),
        owner=None,
        removable=Removable.NEVER if live else Removable.OVERRIDE,
        seen_at=time.time(),
    )
