"""What a monitor may spend, and what it leaves out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from racewatch.monitor.schedule import SweepSettings


@dataclass(frozen=True, slots=True)
class MonitorSettings:
    """Bounds of one monitor.  The defaults are meant for a workstation.

    ``exclude``: shell patterns over whole paths, not watched (the kinds leave them out by themselves).
    ``max_watches``, ``max_owners``: own bounds below those of the kernel; None for half of the open
    files (owners), for all the kernel gives (watches).  ``slice``: seconds after which a long look is
    interrupted for urgent work.  ``tick``: seconds between the cheap checks that no event replaces
    (roots, suspend, a dead thread).  ``hint_rest``: after looking at a directory because of a hint, the
    next such look at it waits this many times as long as the processor was busy with it, so that a storm of
    events costs a bounded share of a core.  ``overflow_shown``: seconds an overflow stays visible in health.
    """

    sweeps: SweepSettings = field(default_factory=SweepSettings)
    exclude: tuple[bytes, ...] = ()
    file_events: bool = True
    max_watches: int | None = None
    max_owners: int | None = None
    slice: float = 0.005
    tick: float = 2.0
    hint_rest: float = 1.0
    overflow_shown: float = 60.0


DEFAULTS: Final = MonitorSettings()
