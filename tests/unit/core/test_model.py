"""The values: what counts as a change on screen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from racewatch.core.model import Evidence, KindName, Owner, Removable, Says, Target, Verdict
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


@pytest.mark.parametrize(
    ("kind", "locator", "place"),
    [
        (KindName.SOCKET, b"/run/x.sock", (b"/run", b"x.sock")),
        (KindName.SOCKET, b"lost:7:/run/x.sock", None),
        (KindName.CONTAINER, b"runc:/run/runc:web", (b"/run/runc", b"web")),
        (KindName.CONTAINER, b"bundle:/srv/web", (b"/srv", b"web")),
        (KindName.CONTAINER, b"nonsense", None),
    ],
)
def test_where_a_target_is(kind: KindName, locator: bytes, place: tuple[bytes, bytes] | None) -> None:
    assert Target(kind, locator).place == place
