"""A query as one predicate over what is in a table: made once, asked 100,000 times.

What is cheap is asked first, and facts are only read where nothing else decides: of most rows nobody ever
reads them (see ``Observation.with_account``).
"""

from __future__ import annotations

import fnmatch
import os
import pwd
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from racewatch.core.model import KindName, Observation, Owner, Verdict
from racewatch.core.text import display
from racewatch.ui import words
from racewatch.ui.query import ME, OTHERS, Key, Query, Term, seconds

#: The order in which conditions are asked: what is decided without reading facts comes first.
_CHEAP: Final = (
    Key.KIND,
    Key.VERDICT,
    Key.NEEDS,
    Key.LABEL,
    Key.BELOW,
    Key.PATH,
    Key.OWNER,
    Key.USER,
    Key.FORMAT,
    Key.ID,
    Key.UNIT,
    Key.AGE,
    None,
)
_STAMP: Final = "%Y-%m-%d %H:%M:%S"
#: Parts of labels of things that live and still want a person: what they are for does not work.
_WANTING: Final = ("hung", "name lost", "orphan", "shut down")


class Findable(Protocol):
    """What a query is asked about."""

    @property
    def observation(self) -> Observation:
        """What was seen."""

    def text_to_search(self) -> str:
        """Everything that words are looked for in, case folded."""


Test = Callable[[Findable], bool]
Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Matcher:
    """``test`` decides; ``ages`` says that its answer changes by time alone."""

    test: Test
    ages: bool = False


def compiled(query: Query, clock: Clock = time.time) -> Matcher:
    """One predicate of all terms."""
    tests: list[Test] = []
    for key in _CHEAP:
        terms = query.of(key)
        wanted = [_TESTS[key](term, clock) for term in terms if not term.negated]
        if key is None or key is Key.AGE:
            tests += wanted
        elif wanted:
            tests.append(_any(wanted))
        tests += [_not(_TESTS[key](term, clock)) for term in terms if term.negated]
    return Matcher(_all(tests), bool(query.of(Key.AGE)))


def needs_attention(seen: Observation) -> bool:
    """What is left over, and what lives but does not do what it is for: hung, out of reach, orphaned."""
    if seen.verdict is Verdict.STALE:
        return True
    return any(part in seen.label for part in _WANTING)


def _all(tests: list[Test]) -> Test:
    if not tests:
        return lambda _: True
    if len(tests) == 1:
        return tests[0]
    return lambda row: all(test(row) for test in tests)


def _any(tests: list[Test]) -> Test:
    if len(tests) == 1:
        return tests[0]
    return lambda row: any(test(row) for test in tests)


def _not(test: Test) -> Test:
    return lambda row: not test(row)


def _kind(term: Term, _: Clock) -> Test:
    wanted = KindName(term.value)
    return lambda row: row.observation.target.kind is wanted


def _verdict(term: Term, _: Clock) -> Test:
    wanted = Verdict(term.value)
    return lambda row: row.observation.verdict is wanted


def _needs(_: Term, __: Clock) -> Test:
    return lambda row: needs_attention(row.observation)


def _label(term: Term, _: Clock) -> Test:
    part = term.value.casefold()
    return lambda row: part in row.observation.label.casefold()


def _path(term: Term, _: Clock) -> Test:
    wanted = term.value.casefold()
    if "*" in wanted or "?" in wanted:
        fits = re.compile(fnmatch.translate(wanted)).match
        return lambda row: fits(words.full_path(row.observation).casefold()) is not None
    return lambda row: wanted in words.full_path(row.observation).casefold()


def _below(term: Term, _: Clock) -> Test:
    # The one condition where case counts: /srv/A and /srv/a are two places.
    wanted = term.value.rstrip("/")
    inside = f"{wanted}/"

    def test(row: Findable) -> bool:
        shown = words.full_path(row.observation)
        if shown.startswith(inside) or shown == wanted:
            return True
        place = None if shown.startswith("/") else row.observation.target.place
        if place is None:
            return False
        shown = display(os.path.join(*place))
        return shown.startswith(inside) or shown == wanted

    return test


def _owners(seen: Observation) -> tuple[Owner, ...]:
    return seen.others if seen.owner is None else (seen.owner, *seen.others)


def _owner(term: Term, _: Clock) -> Test:
    wanted = term.value.casefold()

    def test(row: Findable) -> bool:
        return any(
            wanted in one.name.casefold() or wanted in one.command.casefold() or wanted == str(one.pid)
            for one in _owners(row.observation)
        )

    return test


def _users(seen: Observation) -> set[str]:
    """Whose it is, as far as anybody is known; what a lock says of its maker counts where nobody holds it."""
    found = {one.user.casefold() for one in _owners(seen)}
    if not found and seen.target.kind is KindName.LOCK:
        found = {words.fact(seen, "user").casefold()}
    return found - {""}


def own_user() -> str:
    """The name of whoever runs this, or else the number."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def _user(term: Term, _: Clock) -> Test:
    if term.value in (ME, OTHERS):
        me = own_user().casefold()
        if term.value == ME:
            return lambda row: me in _users(row.observation)
        return lambda row: bool(users := _users(row.observation)) and me not in users
    wanted = term.value.casefold()
    return lambda row: wanted in _users(row.observation)


def _format(term: Term, _: Clock) -> Test:
    wanted = term.value.casefold()
    return lambda row: wanted in (row.observation.format or "").casefold()


def _id(term: Term, _: Clock) -> Test:
    wanted = term.value.casefold()

    def test(row: Findable) -> bool:
        seen = row.observation
        return seen.target.kind is KindName.CONTAINER and words.whole_id(seen).casefold().startswith(wanted)

    return test


def _unit(term: Term, _: Clock) -> Test:
    wanted = term.value.casefold()

    def test(row: Findable) -> bool:
        seen = row.observation
        named = seen.owner.unit if seen.owner is not None else words.fact(seen, "unit")
        return wanted in (named or "").casefold()

    return test


class _Cutoff:
    """The moment that is a length of time ago, as the text that facts have; made anew once a second."""

    def __init__(self, length: int, clock: Clock) -> None:
        self._length = length
        self._clock = clock
        self._for = -1
        self._text = ""

    def __call__(self) -> str:
        now = int(self._clock())
        if now != self._for:
            self._for = now
            self._text = time.strftime(_STAMP, time.localtime(max(now - self._length, 0)))
        return self._text


def _age(term: Term, clock: Clock) -> Test:
    cutoff = _Cutoff(seconds(term.value), clock)
    # Moments sort as text.  What has no known age is neither older nor younger than anything.
    if term.older:
        return lambda row: "" < words.there_since(row.observation) < cutoff()
    return lambda row: words.there_since(row.observation) > cutoff()


def _word(term: Term, _: Clock) -> Test:
    word = term.value.casefold()
    return lambda row: word in row.text_to_search()


_TESTS: Final[dict[Key | None, Callable[[Term, Clock], Test]]] = {
    Key.KIND: _kind,
    Key.VERDICT: _verdict,
    Key.NEEDS: _needs,
    Key.LABEL: _label,
    Key.BELOW: _below,
    Key.PATH: _path,
    Key.OWNER: _owner,
    Key.USER: _user,
    Key.FORMAT: _format,
    Key.ID: _id,
    Key.UNIT: _unit,
    Key.AGE: _age,
    None: _word,
}
