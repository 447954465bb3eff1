"""Every captured lock of a real program goes through the judge: its owner alive, gone, and not to be seen."""

from __future__ import annotations

import pytest

from racewatch.core.model import Owner, Removable, Verdict
from racewatch.kinds.locks.claim import Claim, ParseFailure
from racewatch.kinds.locks.facts import (
    Facts,
    Finding,
    HeldLock,
    HostSays,
    Locked,
    Named,
    Opened,
    Person,
    Sight,
)
from racewatch.kinds.locks.format import FileType, GrammarKind, HostRule, Mechanism, Policy, Role
from racewatch.kinds.locks.hosts import compare
from racewatch.kinds.locks.judge import Judgement, judge
from racewatch.kinds.locks.registry import Identified, built_in
from racewatch.kinds.place import Where
from racewatch.linux.flocks import Mechanism as LockFamily
from tests.locks.support import Captured, captured

FAMILY = {
    Mechanism.FLOCK: LockFamily.FLOCK,
    Mechanism.POSIX: LockFamily.POSIX,
    Mechanism.OFD: LockFamily.OFD,
}
YES = Finding(Sight.YES, "seen", "so it is")
NO = Finding(Sight.NO, "seen", "it is not so")
UNSEEN = Finding(Sight.UNSEEN, "seen", "could not see")
ENTRIES = [one for one in captured() if built_in().identify(one.sighting) is not None]


def identify(one: Captured) -> Identified:
    found = built_in().identify(one.sighting)
    assert found is not None
    return found


def base(one: Captured) -> Facts:
    """As the capture says, with nobody there any more and everything to be seen, after no new boot."""
    found = identify(one)
    if found.format.host is HostRule.BORG:
        # It names a network card of the machine of the capture.
        host, detail = HostSays.HERE, "it names this host"
    else:
        host, detail = compare(found.said, found.format.host, one.host["hostname"])
    tested = any(companion.role is Role.TESTED for companion in found.format.companions)
    pid = found.said.pid if found.said else None
    grammar = found.format.grammar.kind is not GrammarKind.NONE and not found.format.never_open
    return Facts(
        path=one.sighting.path,
        type=one.sighting.type,
        what="regular file",
        format=found.format,
        policy=found.policy,
        claim=found.claim,
        understood=not isinstance(found.claim, ParseFailure)
        and (one.sighting.content is not None or not grammar),
        where=Where.LOCAL,
        fstype="ext4",
        locked=Locked(),
        host=host,
        host_detail=detail,
        named=Named(Person.UNNAMED if pid is None else Person.GONE, "it has ended", YES),
        before_boot=NO,
        tested=((b"/beside", Locked()),) if tested else (),
        opened=Opened((), YES),
        survivors=(),
    )


def owner(one: Captured) -> Owner:
    if not one.owners:
        return Owner(1, 1, 0.0, "x", "root")
    return Owner(int(one.owners[0]["pid"]), 1, 0.0, str(one.owners[0].get("comm", "x")), "root")


def judged(one: Captured) -> Judgement:
    return judge(base(one))


#: What is proved by the owner's end alone, on the same boot: only these formats, each with its reason in its entry.
LEFT_OVER = {
    "borg-exclusive", "borg-cache-exclusive", "borg-roster", "borg-cache-roster", "chromium-singleton",
    "emacs-lock", "generic-lock-file", "generic-pidfile", "git-gc-pid", "hg-store-lock", "hg-wlock",
    "jupyter-server", "nano-lock", "nspawn-inode-lock", "nspawn-lock", "postgres-postmaster",
    "postgres-socket-lock", "pulseaudio-pid", "redis-pidfile", "shadow-link", "shadow-lock", "soft-file-lock",
    "terraform-lock-info", "vim-swap", "x11-lock",
}  # fmt: skip


@pytest.mark.parametrize("one", ENTRIES, ids=lambda one: f"{one.fixture}-{one.name}")
def test_when_its_owner_is_gone(one: Captured) -> None:
    found, seen = identify(one), judged(one)
    assert seen.verdict is not Verdict.LIVE
    if seen.verdict is Verdict.STALE:
        assert found.format.name in LEFT_OVER
        wanted = {Policy.BREAK: Removable.YES, Policy.ASK: Removable.OVERRIDE}
        assert seen.removable is wanted.get(found.policy, Removable.NEVER)
    else:
        assert seen.removable is not Removable.YES
    if found.policy is Policy.NEVER:
        assert (seen.verdict, seen.removable) == (Verdict.IDLE, Removable.NEVER)


def test_the_table_says_what_is_proved() -> None:
    assert {identify(one).format.name for one in ENTRIES if judged(one).verdict is Verdict.STALE} == LEFT_OVER


@pytest.mark.parametrize("one", ENTRIES, ids=lambda one: f"{one.fixture}-{one.name}")
def test_when_its_owner_lives(one: Captured) -> None:
    found = identify(one)
    held = [FAMILY[kind] for kind in found.format.mechanisms if kind in FAMILY]
    told = base(one)
    if held:
        told = told._replace(locked=Locked((HeldLock(held[0], True, 5, (owner(one),), "by a descriptor"),)))
    elif found.said is not None and found.said.pid is not None:
        told = told._replace(named=Named(Person.LIVES, "it lives", YES, owner(one), known=True))
    else:
        told = told._replace(opened=Opened((owner(one),), NO))
    if told.host is HostSays.ELSEWHERE:
        assert judge(told).verdict is Verdict.UNKNOWN
        return
    seen = judge(told)
    assert (seen.verdict, seen.removable, seen.owner) == (Verdict.LIVE, Removable.NEVER, owner(one))


@pytest.mark.parametrize("one", ENTRIES, ids=lambda one: f"{one.fixture}-{one.name}")
def test_when_nothing_can_be_seen(one: Captured) -> None:
    told = base(one)._replace(
        named=Named(Person.UNSEEN, "hidden", UNSEEN),
        opened=Opened((), UNSEEN),
        locked=Locked(blind="could not be read"),
        before_boot=UNSEEN,
        survivors=None,
        tested=(),
    )
    seen = judge(told)
    assert seen.verdict in (Verdict.UNKNOWN, Verdict.IDLE)
    assert seen.removable is not Removable.YES


@pytest.mark.parametrize("one", ENTRIES, ids=lambda one: f"{one.fixture}-{one.name}")
def test_from_another_host_nothing_is_proved_by_its_pid(one: Captured) -> None:
    found = identify(one)
    if found.said is None or found.said.host is None:
        return
    host, detail = compare(found.said, found.format.host, "another-machine")
    seen = judge(base(one)._replace(host=host, host_detail=detail))
    if not any(companion.role is Role.TESTED for companion in found.format.companions):
        assert seen.verdict is not Verdict.STALE


def test_a_dirty_swap_file_is_data_and_a_clean_one_a_lock() -> None:
    verdicts = {
        one.name: (judged(one).verdict, judged(one).label) for one in ENTRIES if one.fixture == "vim-swp"
    }
    assert verdicts == {
        ".note.txt.swp": (Verdict.IDLE, "unsaved work inside"),
        ".clean.txt.swp": (Verdict.STALE, "left over"),
    }


def test_captures_are_of_every_type() -> None:
    assert {one.sighting.type for one in ENTRIES} == {FileType.FILE, FileType.SYMLINK, FileType.DIRECTORY}
    assert any(isinstance(identify(one).claim, Claim) for one in ENTRIES)
