"""What ``remove`` would do now: the core's own decision on a fresh observation, without the act."""

from __future__ import annotations

from racewatch.config import Config
from racewatch.core.act import decide
from racewatch.core.model import ActRequest, Observation, Outcome, OutcomeWord
from racewatch.core.text import display


def preview(request: ActRequest, seen: Observation | None, config: Config) -> Outcome:
    """The outcome that an act would have if nothing changed; nothing is touched, locked or recorded.

    The same order as the act: the protected list, then whether it is there, then :func:`decide`.
    """
    reason = config.protected.reason(request.target.path)
    if reason is not None:
        word, summary = OutcomeWord.REFUSED_FORBIDDEN, f"protected by the configuration: {reason}"
    elif seen is None:
        word, summary = OutcomeWord.GONE, "it is not there"
    else:
        stop = decide(request, seen)
        if stop is None:
            name = display(seen.path or request.target.locator)
            word, summary = OutcomeWord.DONE, f"{name} would be removed ({seen.label})"
        else:
            word, summary = stop.word, stop.summary
    return Outcome(request.target, "", word, summary, seen)
