"""The last look before the point of no return: does the judgement that the act began with still stand?"""

from __future__ import annotations

from racewatch.core.kind import Stop
from racewatch.core.model import Observation, OutcomeWord, Verdict


def still_stands(now: Observation, seen: Observation, *, override: bool) -> Stop | None:
    """None when it does; ``seen`` is the look at RECHECK, ``now`` the one at VERIFY.

    A person's word given for what was in doubt covers that doubt, and nothing that was proved and is not any
    more.
    """
    if now.verdict is Verdict.LIVE:
        return Stop(OutcomeWord.REFUSED_LIVE, f"it came alive at the last moment ({now.summary})", now)
    proved = now.verdict is Verdict.STALE or (override and seen.verdict is not Verdict.STALE)
    if now.fingerprint != seen.fingerprint or not proved:
        return Stop(OutcomeWord.REFUSED_CHANGED, f"it changed at the last moment ({now.summary})", now)
    return None
