"""The values: what counts as a change on screen."""

from __future__ import annotations

from dataclasses import replace

from racewatch.core.model import Evidence, Owner, Removable, Says, Verdict
from tests.unit.core.support import observation


def test_the_time_of_looking_is_no_change_and_everything_else_is() -> None:
    seen = observation()
    assert seen.same_as(replace(seen, seen_at=99.0))
    owner = Owner(1, 2, 3.0, "init", "root")
    for other in (
        replace(seen, fingerprint="g"),
        replace(seen, verdict=Verdict.LIVE),
        replace(seen, label="other"),
        replace(seen, owner=owner),
        replace(seen, removable=Removable.NEVER),
        replace(seen, facts=(("a", "b"),)),
        replace(seen, evidence=(Evidence("a", Says.INFO, "b", "c"),)),
    ):
        assert not seen.same_as(other)
