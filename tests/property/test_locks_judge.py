"""The judge of locks, over every format and everything it could ever be told."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from racewatch.core.act import decide
from racewatch.core.model import ActRequest, KindName, Observation, Owner, Removable, Says, Target, Verdict
from racewatch.kinds.locks.claim import Claim, ParseFailure
from racewatch.kinds.locks.facts import (
    Beside,
    Circumstances,
    Facts,
    Finding,
    HeldLock,
    HostSays,
    Locked,
    Named,
    Opened,
    Person,
    Sight,
    Still,
)
from racewatch.kinds.locks.format import FileType, Format, Need, Policy, Role
from racewatch.kinds.locks.judge import judge
from racewatch.kinds.locks.proof import finding
from racewatch.kinds.locks.registry import built_in
from racewatch.kinds.place import Where
from racewatch.linux.flocks import Mechanism as LockFamily

FORMATS = built_in().formats
PATH = b"/run/x.lock"
WORKER = Owner(7, 70, 0.0, "worker", "root")
text = st.text(max_size=8)
sights = st.sampled_from(Sight)
findings = st.builds(Finding, sights, text, text)
owners = st.builds(
    Owner,
    pid=st.integers(1, 9),
    start_ticks=st.integers(0, 9),
    started=st.just(0.0),
    name=text,
    user=text,
)
people = st.lists(owners, max_size=2).map(tuple)
locked = st.builds(
    Locked,
    held=st.lists(
        st.builds(
            HeldLock,
            family=st.sampled_from([LockFamily.FLOCK, LockFamily.POSIX, LockFamily.OFD]),
            exclusive=st.booleans(),
            taker=st.integers(-1, 9),
            holders=people,
            how=text,
        ),
        max_size=2,
    ).map(tuple),
    waiting=people,
    blind=st.none() | text,
)
named = st.builds(
    Named,
    person=st.sampled_from(Person),
    detail=text,
    space=findings,
    owner=st.none() | owners,
    exact=st.booleans(),
    known=st.booleans(),
)
claims = st.none() | st.builds(ParseFailure, text) | st.builds(
    Claim, pid=st.none() | st.integers(1, 9), dirty=st.none() | st.booleans()
)  # fmt: skip


@st.composite
def all_facts(draw: st.DrawFn) -> Facts:
    one: Format | None = draw(st.none() | st.sampled_from(FORMATS))
    claim = draw(claims)
    return Facts(
        path=PATH,
        type=draw(st.sampled_from(sorted(one.types) if one else list(FileType))),
        what="regular file",
        format=one,
        policy=one.policy_for(claim) if one else Policy.NEVER,
        claim=claim,
        understood=draw(st.booleans()) and not isinstance(claim, ParseFailure),
        where=draw(st.sampled_from(Where)),
        fstype=draw(st.none() | st.just("ext4")),
        locked=draw(locked),
        host=draw(st.sampled_from(HostSays)),
        host_detail=draw(text),
        named=draw(named),
        before_boot=draw(findings),
        tested=draw(st.lists(st.tuples(st.just(b"/run/y"), locked), max_size=2).map(tuple)),
        beside=draw(
            st.lists(
                st.builds(
                    Beside,
                    role=st.sampled_from(Role),
                    path=st.just(b"/run/z"),
                    exists=st.booleans(),
                    dead=findings,
                    owner=st.none() | owners,
                ),
                max_size=2,
            ).map(tuple)
        ),
        opened=draw(st.none() | st.builds(Opened, by=people, nobody=findings)),
        survivors=draw(st.none() | people),
        survivors_blind=draw(st.integers(0, 1)),
        still=draw(st.none() | st.builds(Still, st.floats(0, 1e5))),
        circumstances=draw(
            st.none()
            | st.builds(
                Circumstances, root=st.just(b"/run"), near=people, programs=people, single=st.booleans()
            )
        ),
        settled=draw(st.booleans()),
    )


YES = Finding(Sight.YES, "seen", "so it is")


def proved(one: Format) -> Facts:
    """Everything that could speak for "left over" does, and nothing speaks against it."""
    return Facts(
        path=PATH,
        type=min(one.types),
        what="regular file",
        format=one,
        policy=one.policy_for(Claim(dirty=False)),
        claim=Claim(pid=5, dirty=False),
        understood=True,
        where=Where.LOCAL,
        fstype="ext4",
        locked=Locked(),
        host=HostSays.HERE,
        host_detail="this host",
        named=Named(Person.GONE, "it has ended", YES),
        before_boot=YES,
        tested=((b"/run/y", Locked()),),
        opened=Opened((), YES),
        survivors=(),
        still=Still(1e6),
    )


PROVABLE = [one for one in FORMATS if judge(proved(one)).verdict is Verdict.STALE]


def shows_life(told: Facts) -> bool:
    """The signs that leave no room for another reading."""
    one = told.format
    held = told.locked.held or any(seen.held for _, seen in told.tested)
    beside = any(seen.dead.sight is Sight.NO for seen in told.beside)
    opened = told.opened is not None and (told.opened.by or told.opened.nobody.sight is Sight.NO)
    return bool(held or beside or (opened and not (one and one.is_advisory)))


@settings(max_examples=400, deadline=None)
@given(all_facts())
def test_stale_only_when_a_rule_has_all_it_needs(told: Facts) -> None:
    judged = judge(told)
    if judged.verdict is not Verdict.STALE:
        return
    one = told.format
    assert one is not None
    assert told.understood
    assert told.settled
    assert not shows_life(told)
    assert any(
        rule.is_proof and all(finding(need, told).sight is Sight.YES for need in rule.needs)
        for rule in one.rules
    )
    assert all(seen.dead.sight is Sight.YES for seen in told.beside)
    assert not one.survivors or (told.survivors == () and not told.survivors_blind)


@settings(max_examples=450, deadline=None)
@given(all_facts())
def test_every_judgement_is_whole(told: Facts) -> None:
    judged = judge(told)
    assert judged == judge(told)
    assert judged.label
    assert judged.evidence
    assert judged.summary.endswith(".")
    if judged.verdict is Verdict.LIVE or told.policy in (Policy.NEVER, Policy.TOOL):
        assert judged.removable is Removable.NEVER
    if judged.verdict is Verdict.IDLE:
        assert judged.removable is Removable.NEVER
    if judged.removable is Removable.YES:
        assert (judged.verdict, told.policy) == (Verdict.STALE, Policy.BREAK)
    if shows_life(told):
        assert judged.verdict is Verdict.LIVE


@settings(max_examples=400, deadline=None)
@given(all_facts())
def test_what_is_live_or_forbidden_is_refused_whatever_a_person_says(told: Facts) -> None:
    judged = judge(told)
    target = Target(KindName.LOCK, PATH)
    seen = Observation(
        target, PATH, "print", judged.verdict, judged.label, judged.summary, judged.evidence, judged.owner,
        judged.removable, 0.0,
    )  # fmt: skip
    stop = decide(ActRequest(target, "print", override=True), seen)
    if judged.removable is Removable.NEVER:
        assert stop is not None
    else:
        assert stop is None


def test_most_formats_can_be_proved_left_over_at_all() -> None:
    names = {one.name for one in PROVABLE}
    assert names >= {"x11-lock", "soft-file-lock", "redis-pidfile", "emacs-lock", "generic-lock-file"}
    assert not names & {"flock-file", "dpkg-lock", "sqlite-wal", "mongod-lock", "libpod-alive"}


def unseen(told: Facts, need: Need) -> Facts:
    """The same with one thing that could not be seen."""
    blind = Finding(Sight.UNSEEN, "unseen", "could not see")
    if need is Need.PID_GONE:
        return told._replace(named=told.named._replace(person=Person.UNSEEN))
    if need is Need.THIS_PID_NAMESPACE:
        return told._replace(named=told.named._replace(space=blind))
    if need is Need.THIS_HOST:
        return told._replace(host=HostSays.UNVERIFIED)
    if need is Need.LOCAL:
        return told._replace(where=Where.UNSEEN)
    if need is Need.NOT_OPEN:
        return told._replace(opened=Opened((), blind))
    if need is Need.UNLOCKED:
        return told._replace(locked=Locked(blind="could not see"))
    if need is Need.BEFORE_BOOT:
        return told._replace(before_boot=blind)
    return told._replace(still=None)


@pytest.mark.parametrize("one", PROVABLE, ids=lambda one: one.name)
def test_each_rule_alone_proves_and_any_unseen_need_of_it_does_not(one: Format) -> None:
    for rule in one.rules:
        alone = proved(one)._replace(format=replace(one, rules=(rule,)))
        assert judge(alone).verdict is Verdict.STALE
        for need in rule.needs:
            told = unseen(alone, need)
            if need is Need.NOT_OPEN and told.type in (FileType.SYMLINK, FileType.DIRECTORY):
                continue  # nobody can have a link open, and a folder is not kept open
            judged = judge(told)
            assert judged.verdict is Verdict.UNKNOWN, (rule, need)
            assert judged.removable is not Removable.YES


@pytest.mark.parametrize("one", PROVABLE, ids=lambda one: one.name)
@pytest.mark.parametrize("where", [where for where in Where if where is not Where.LOCAL])
def test_nothing_is_proved_where_others_cannot_be_seen(one: Format, where: Where) -> None:
    judged = judge(proved(one)._replace(where=where))
    assert judged.verdict is Verdict.UNKNOWN
    assert judged.removable is not Removable.YES


@pytest.mark.parametrize("one", [one for one in PROVABLE if one.survivors], ids=lambda one: one.name)
def test_a_survivor_voids_every_proof(one: Format) -> None:
    assert judge(proved(one)._replace(survivors=(WORKER,))).verdict is Verdict.UNKNOWN
    assert judge(proved(one)._replace(survivors=None)).verdict is Verdict.UNKNOWN
    assert judge(proved(one)._replace(survivors_blind=1)).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("one", PROVABLE, ids=lambda one: one.name)
def test_content_that_is_not_understood_proves_nothing(one: Format) -> None:
    told = proved(one)._replace(understood=False, claim=ParseFailure("noise"))
    told = told._replace(policy=one.policy_for(told.claim))
    judged = judge(told)
    assert judged.verdict is Verdict.UNKNOWN
    assert any(seen.check == "content" and seen.says is Says.UNKNOWN for seen in judged.evidence)


@pytest.mark.parametrize("one", PROVABLE, ids=lambda one: one.name)
def test_the_policy_decides_what_is_offered(one: Format) -> None:
    told = proved(one)
    wanted = {Policy.BREAK: Removable.YES, Policy.ASK: Removable.OVERRIDE}.get(told.policy, Removable.NEVER)
    assert judge(told).removable is wanted
    assert not one.generic or wanted is not Removable.YES
