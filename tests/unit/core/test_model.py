"""The values: what counts as a change on screen."""

from __future__ import annotations

import copy
import pickle
from dataclasses import fields, replace
from typing import Any

import pytest

from racewatch.core.model import (
    Account,
    Evidence,
    KindName,
    Observation,
    Owner,
    Pairs,
    Removable,
    Says,
    Target,
    Verdict,
)
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


_TOLD: list[str] = []


def _tell(what: str) -> tuple[tuple[Evidence, ...], Pairs]:
    _TOLD.append(what)
    return (Evidence("bound", Says.LIVE, "asked", what),), (("what", what),)


def _later(what: str, **change: Any) -> Observation:
    """An observation that says this when it is asked."""
    whole = replace(observation(), **change)
    members = {one.name: getattr(whole, one.name) for one in fields(whole)}
    for name in ("evidence", "facts", "undoable"):
        del members[name]
    return Observation.with_account(Account(_tell, (what,)), **members)


def test_evidence_is_told_once_and_only_to_who_reads_it() -> None:
    _TOLD.clear()
    seen = _later("a socket")
    assert seen.label == observation().label
    assert _TOLD == []
    evidence, facts = _tell("a socket")
    assert seen.facts == facts
    assert seen.evidence == evidence
    assert seen.evidence is seen.evidence
    assert _TOLD == ["a socket"] * 2
    at_once = replace(observation(), evidence=evidence, facts=facts)
    assert seen == at_once
    assert at_once == _later("a socket")
    assert hash(_later("a socket")) == hash(at_once)
    assert repr(_later("a socket")) == repr(at_once)


def test_what_is_told_later_survives_every_copy() -> None:
    for copied in (
        pickle.loads(pickle.dumps(_later("a socket"))),
        copy.copy(_later("a socket")),
        copy.deepcopy(_later("a socket")),
        replace(_later("a socket"), seen_at=observation().seen_at),
    ):
        assert copied == _later("a socket")


def test_two_readers_at_once_read_the_same() -> None:
    inner: list[Observation] = []

    def tell(what: str) -> tuple[tuple[Evidence, ...], Pairs]:
        if not inner:
            inner.append(seen)
            assert seen.evidence == _tell(what)[0]  # another reader is done before this one
        return _tell(what)

    members = {one.name: getattr(observation(), one.name) for one in fields(Observation)}
    for name in ("evidence", "facts", "undoable"):
        del members[name]
    seen = Observation.with_account(Account(tell, ("a socket",)), **members)
    assert (seen.evidence, seen.facts) == _tell("a socket")


def test_an_observation_has_no_other_names() -> None:
    with pytest.raises(AttributeError, match="colour"):
        _ = observation().colour  # type: ignore[attr-defined] # that is the point
    with pytest.raises(AttributeError):
        observation().label = "other"  # type: ignore[misc] # likewise


def test_equal_accounts_are_no_change_without_being_told() -> None:
    _TOLD.clear()
    assert _later("a socket").same_as(_later("a socket", seen_at=99.0))
    assert not _later("a socket").same_as(_later("a socket", label="other"))
    assert _TOLD == []
    assert not _later("a socket").same_as(_later("another"))
    evidence, facts = _tell("a socket")
    assert replace(observation(), evidence=evidence, facts=facts).same_as(_later("a socket"))


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


def test_who_comes_second_finds_what_the_first_one_told() -> None:
    """Two threads read at once: the other one has told all, and put the account away, since we looked."""
    seen = observation()
    account = Account(lambda: (seen.evidence, (("name", "value"),)), ())
    late = Observation.with_account(
        account,
        target=seen.target,
        path=seen.path,
        fingerprint=seen.fingerprint,
        verdict=seen.verdict,
        label=seen.label,
        summary=seen.summary,
        owner=seen.owner,
        removable=seen.removable,
        seen_at=seen.seen_at,
    )
    told = late.facts
    assert Observation.__dict__["__getattr__"](late, "facts") == told == (("name", "value"),)
