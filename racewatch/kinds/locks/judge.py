"""From facts to a verdict: pure functions, each rule with the reason it exists.

The order is the order of safety: live, then what is never removed, then unknown; only one path leads to
``stale``, and it is the last but one line of :func:`judge`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

from racewatch.core.model import Evidence, Owner, Removable, Verdict
from racewatch.kinds.locks import proof
from racewatch.kinds.locks.evidence import ORDER, evidence_of, who
from racewatch.kinds.locks.facts import Facts, Finding, Person, Sight
from racewatch.kinds.locks.format import Format, Mechanism, Policy, Rule
from racewatch.kinds.locks.window import remaining_window
from racewatch.kinds.place import Where

LEFT_OVER: Final = "left over"
FREE: Final = "free, meant to stay"
CANNOT_TELL: Final = "cannot tell"
DATA: Final = "data, not a lock"
_new: Final = tuple.__new__  # for each row of each scan
_LIVES: Final = Person.LIVES
_STALE: Final = Verdict.STALE
_NO: Final = Sight.NO
_NEVER: Final = Policy.NEVER
_DECOY: Final = Mechanism.DECOY
_MOUNTED_OVER: Final = Where.MOUNTED_OVER
_REMOVABLE: Final = {Policy.BREAK: Removable.YES, Policy.ASK: Removable.OVERRIDE}
_AFTER: Final = {
    Policy.ASK: " Removing it is a person's decision all the same",
    Policy.TOOL: " Its own program takes it away",
}


class Judgement(NamedTuple):
    """What the facts add up to.  ``owner`` is the process to speak to, ``others`` further holders."""

    verdict: Verdict
    label: str
    summary: str
    removable: Removable
    facts: Facts
    owner: Owner | None = None
    others: tuple[Owner, ...] = ()
    further: tuple[Evidence, ...] = ()

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """The findings behind it; put into words each time it is read."""
        return (*evidence_of(self.facts), *self.further)


def judge(facts: Facts) -> Judgement:
    """The verdict on one lock.  Same facts, same verdict."""
    life = sign_of_life(facts)
    if life is not None:
        return _live(facts, life)
    if facts.format is None:
        return _no_format(facts)
    kept = _kept(facts, facts.format)
    if kept is not None:
        return kept
    doubt = _doubt(facts, facts.format)
    if doubt is not None:
        return doubt
    for rule in facts.format.rules:
        if proof.proves(rule, facts):
            return _stale(facts, facts.format, rule)
    return _unknown(facts, facts.format, _missing(facts, facts.format))


# --- live ------------------------------------------------------------------------------------------


class Life(NamedTuple):
    """A sign of life, in words, and the processes behind it as far as they could be seen."""

    why: str
    owners: tuple[Owner, ...] = ()


def sign_of_life(facts: Facts) -> Life | None:
    """Any sign of life is life; the first one found names the owner."""
    if facts.locked.held:
        return _held(facts, facts.path)
    for path, locked in facts.tested:
        if locked.held:
            return _held(facts, path)
    if facts.named.person is _LIVES and proof.may_be_meant(facts):
        return Life("it names a living process", _seen(facts.named.owner))
    for one in facts.beside:
        if one.dead.sight is _NO:
            return Life(one.dead.detail, _seen(one.owner))
    opened = facts.opened
    if opened is not None and not _presence_means_nothing(facts.format):
        if opened.by:
            return Life("a process has it open", opened.by)
        if opened.nobody.sight is _NO:
            return Life(opened.nobody.detail)
    seen = facts.circumstances
    if seen is not None and facts.format is not None and facts.format.refresh_period is None:
        mine = tuple(one for one in seen.near if one in seen.programs)
        if mine:
            return Life(f"{facts.format.program} works in its folder", mine)
        if seen.single and seen.programs:
            return Life(f"{facts.format.program} runs", seen.programs)
    return None


def _presence_means_nothing(one: Format | None) -> bool:
    """Programs keep advisory lock files open without holding the lock."""
    return one is not None and one.is_advisory


def _held(facts: Facts, path: bytes) -> Life:
    all_locked = (facts.locked, *(one for _, one in facts.tested))
    holders = (owner for locked in all_locked for lock in locked.held for owner in lock.holders)
    on = "it" if path == facts.path else "the file beside it that counts"
    return Life(f"a kernel lock on {on} is held", tuple(dict.fromkeys(holders)))


def _seen(owner: Owner | None) -> tuple[Owner, ...]:
    return () if owner is None else (owner,)


def _live(facts: Facts, life: Life) -> Judgement:
    by = f" ({who(life.owners[0])})" if life.owners else ""
    data = facts.format is not None and _is_data_only(facts.format)
    label = "data, in use" if data else "held"
    return _judged(facts, Verdict.LIVE, label, f"In use: {life.why}{by}.", Removable.NEVER, life.owners)


# --- what is never removed ---------------------------------------------------------------------------


def _no_format(facts: Facts) -> Judgement:
    """Somebody named a path that no format knows: nothing is claimed, nothing is removed."""
    return _judged(
        facts,
        Verdict.UNKNOWN,
        "not a lock",
        f"The name means a {facts.what} that no format of lock fits, so it is not racewatch's to remove.",
        Removable.NEVER,
    )


def _is_data_only(one: Format) -> bool:
    """Data whatever its content says; a vim swap file is data only while work is inside."""
    return one.is_data and one.dirty_policy is None


def _kept(facts: Facts, one: Format) -> Judgement | None:
    """What is meant to be there, or is somebody's data: never offered, with the reason."""
    if facts.where is _MOUNTED_OVER:
        return _judged(
            facts,
            Verdict.UNKNOWN,
            "mounted over",
            f"{proof.place(facts).detail}.".capitalize(),
            Removable.NEVER,
        )
    if _DECOY in one.mechanisms:
        return _judged(
            facts,
            Verdict.IDLE,
            "locks nothing",
            f"It only looks like a lock: {one.remedy}.",
            Removable.NEVER,
        )
    if _is_data_only(one):
        return _judged(
            facts,
            Verdict.IDLE,
            DATA,
            f"It is data of {one.program} and never removed: {one.consequence}.",
            Removable.NEVER,
        )
    if one.dirty_policy is not None and facts.policy is one.dirty_policy:
        if not facts.understood:
            return _judged(
                facts,
                Verdict.UNKNOWN,
                CANNOT_TELL,
                "Its content was not understood, so there may be unsaved work inside.",
                Removable.NEVER,
            )
        return _judged(
            facts,
            Verdict.IDLE,
            "unsaved work inside",
            f"There is unsaved work inside that exists nowhere else: {one.remedy}.",
            Removable.NEVER,
        )
    stays = one.permanent or (facts.policy is _NEVER and one.is_advisory)
    if not stays and facts.policy is not _NEVER:
        return None
    if not stays:
        return _judged(
            facts,
            Verdict.IDLE,
            "never removed",
            f"Nobody was seen using it, and it is never removed all the same: {one.consequence}.",
            Removable.NEVER,
        )
    free = proof.unlocked(facts)
    if one.is_advisory and free.sight is not Sight.YES:
        return _judged(
            facts,
            Verdict.UNKNOWN,
            CANNOT_TELL,
            f"Whether somebody holds it cannot be seen: {free.detail}.",
            Removable.NEVER,
        )
    why = f"if it were removed, {one.consequence}"
    return _judged(
        facts,
        Verdict.IDLE,
        FREE,
        f"Nobody holds it, and its file is meant to stay: {why}.",
        Removable.NEVER,
    )


# --- unknown ---------------------------------------------------------------------------------------


def _doubt(facts: Facts, one: Format) -> Judgement | None:
    """What forbids every rule to prove it left over; None when nothing does."""
    if not facts.understood:
        return _unknown(facts, one, "its content could not be read as what this format writes")
    # Half of a pid that is being written is the pid of somebody else, mostly of nobody.
    if not facts.settled:
        return _unknown(facts, one, "it was written while it was looked at")
    if facts.beside and (blocked := proof.in_the_way(facts)):
        return _unknown(facts, one, blocked[0].dead.detail)
    if one.survivors:
        if facts.survivors is None or facts.survivors_blind:
            return _unknown(facts, one, "whether a process of its program lives on could not be seen")
        if facts.survivors:
            living = who(facts.survivors[0])
            return _unknown(
                facts, one, f"{living} is of its program, and children outlive the process it names"
            )
    return None


def _missing(facts: Facts, one: Format) -> str:
    """The first finding that keeps the rule that comes nearest from being proof."""
    rules = [rule for rule in one.rules if rule.is_proof]
    if not rules:
        return "nothing that can be seen would prove it left over"

    def lacks(rule: Rule) -> list[Finding]:
        found = (proof.finding(need, facts) for need in ORDER if need in rule.needs)
        return [seen for seen in found if seen.sight is not Sight.YES]

    nearest = min((lacks(rule) for rule in rules), key=len)
    return nearest[0].detail if nearest else "nothing that can be seen would prove it left over"


def _unknown(facts: Facts, one: Format, why: str) -> Judgement:
    offered = facts.policy in (Policy.BREAK, Policy.ASK)
    return _judged(
        facts,
        Verdict.UNKNOWN,
        CANNOT_TELL,
        f"It cannot be proved that nobody relies on this {one.title}: {why}.",
        Removable.OVERRIDE if offered else Removable.NEVER,
        further=(remaining_window(None),) if offered else (),
    )


# --- stale -----------------------------------------------------------------------------------------


def _stale(facts: Facts, one: Format, rule: Rule) -> Judgement:
    summary, removable, further = _left_over(rule, facts.policy, one.remedy)
    return _new(Judgement, (_STALE, LEFT_OVER, summary, removable, facts, None, (), further))


@lru_cache(maxsize=1024)
def _left_over(rule: Rule, policy: Policy, remedy: str) -> tuple[str, Removable, tuple[Evidence, ...]]:
    """What is said of all that are left over for the same reason."""
    after = _AFTER.get(policy, "")
    closing = f"{after}: {remedy}." if after else ""
    removable = _REMOVABLE.get(policy, Removable.NEVER)
    further = () if removable is Removable.NEVER else (remaining_window(rule),)
    return f"Left over: {rule.says}.{closing}", removable, further


def _judged(
    facts: Facts,
    verdict: Verdict,
    label: str,
    summary: str,
    removable: Removable,
    owners: tuple[Owner, ...] = (),
    *,
    further: tuple[Evidence, ...] = (),
) -> Judgement:
    owner = owners[0] if owners else None
    return Judgement(verdict, label, summary, removable, facts, owner, owners[1:], further)
