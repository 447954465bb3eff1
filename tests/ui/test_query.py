"""The filter language: what is typed, what it means, what it lets through."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from racewatch.core.model import KindName, Observation, Target, Verdict
from racewatch.ui import query_match
from racewatch.ui.columns import ALL
from racewatch.ui.query import VALUES, Key, Query, Term, parse, seconds, text_of, with_verdicts
from racewatch.ui.query_match import compiled, own_user
from racewatch.ui.table_row import Row
from tests.ui.support import container, seen

NOW = 1_700_000_000.0


def stamp(ago: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(NOW - ago))


def lock(path: bytes, verdict: Verdict = Verdict.STALE, **facts: str) -> Observation:
    made = seen(path, verdict, facts=tuple(facts.items()))
    return replace(made, target=Target(KindName.LOCK, path), format="git-lock", label="stale lock")


THINGS = {
    "redis": seen(b"/run/redis/redis.sock", Verdict.LIVE, owner="redis-server"),
    "dead": seen(b"/run/dead.sock"),
    "hung": replace(seen(b"/run/web/hung.sock", Verdict.LIVE, owner="uwsgi"), label="hung"),
    "lost": replace(
        seen(b"lost:7:/run/gone.sock", Verdict.LIVE, owner="dockerd"), label="listening, name lost"
    ),
    "unread": seen(b"/root/x.sock", Verdict.UNKNOWN),
    "git": lock(b"/srv/My App/.git/index.lock", modified=stamp(3 * 3600)),
    "new": lock(b"/srv/my app/new.lock", Verdict.IDLE, modified=stamp(30), user="alice"),
    "runc": container(b"runc:/run/runc:web", Verdict.LIVE, name="web", runtime="runc"),
    "docker": replace(
        container(b"docker:/run/docker.sock:" + b"ab" * 32, name="shop", runtime="Docker"), label="stopped"
    ),
}


def found(text: str) -> set[str]:
    parsed = parse(text)
    matcher = compiled(parsed.query, lambda: NOW)
    return {name for name, one in THINGS.items() if matcher.test(Row(one, ALL, 0.0, 0.0))}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", set(THINGS)),
        ("REDIS run", {"redis"}),
        ("redis -server", set()),
        ("-run -srv", {"unread"}),
        ("kind:sockets -verdict:live", {"dead", "unread"}),
        ("KIND:Lock", {"git", "new"}),
        ("verdict:stale verdict:unknown kind:socket", {"dead", "unread"}),
        ("needs:attention", {"dead", "hung", "lost", "git", "docker"}),
        ("-needs:attention kind:socket", {"redis", "unread"}),
        ("label:hung", {"hung"}),
        ('path:"my app"', {"git", "new"}),
        ("path:/RUN/*.sock kind:socket -path:web", {"redis", "dead"}),
        ("path:dead.?ock", set()),
        ("path:*dead.?ock", {"dead"}),
        ("below:/run/web", {"hung"}),
        ("below:/run/we", set()),
        ("below:/run/dead.sock", {"dead"}),
        ('below:"/srv/my app"', {"new"}),
        ("below:/run/runc", {"runc"}),
        ("below:/ kind:socket", {"redis", "dead", "hung", "unread"}),
        ("owner:UWSGI", {"hung"}),
        ("owner:4711 -owner:redis", {"hung", "lost"}),
        ("user:joe label:hung", {"hung"}),
        ("user:alice", {"new"}),
        ("unit:it.serv path:redis", {"redis"}),
        ("format:git", {"git", "new"}),
        ("id:abab", {"docker"}),
        ("id:we", {"runc"}),
        ("age>2h", {"git"}),
        ("age<10m", {"new"}),
        ("age>1m age<1d", {"git"}),
        ("age:>2h", {"git"}),
        ("-age>2h kind:lock", {"new"}),
        ('"verdict:stale"', set()),
    ],
)
def test_what_is_typed_lets_this_through(text: str, expected: set[str]) -> None:
    assert parse(text).remarks == ()
    assert found(text) == expected


def test_mine_and_others(monkeypatch: pytest.MonkeyPatch) -> None:
    assert own_user()
    monkeypatch.setattr(query_match, "own_user", lambda: "joe")
    assert found("user:me") == {"redis", "hung", "lost"}
    assert found("user:others") == {"new"}
    assert "dead" in found("-user:others"), "whose left-over it is nobody knows: it stays"


@pytest.mark.parametrize(
    ("text", "said", "rest"),
    [
        ("colour:red dead", "colour: is not known", {"dead"}),
        ("verdict:gone dead", "verdict: knows no gone", {"dead"}),
        ("kind: dead", "kind: waits for a value", {"dead"}),
        ("path: dead", "path: waits for a value", {"dead"}),
        ("age>soon dead", "soon is no length of time", {"dead"}),
        ("age> dead", "waits for a length of time", {"dead"}),
        ("age:2h dead", "asked for as age>2h", {"dead"}),
        ('dead path:"/srv/my', "A quote is not closed", {"dead"}),
        ("dead needs:coffee", "needs: knows no coffee", {"dead"}),
    ],
)
def test_what_is_not_understood_is_said_and_filters_nothing(text: str, said: str, rest: set[str]) -> None:
    (remark,) = parse(text).remarks
    assert said in remark
    assert found(text) == rest


def test_a_lone_sign_asks_nothing_yet() -> None:
    assert parse('- "" ') == replace(parse('- "" '), query=Query(), remarks=())


def test_a_name_that_hides_characters_forges_no_remark() -> None:
    (remark,) = parse("verdict:\u202ex\x07").remarks
    assert "\u202e" not in remark
    assert "\x07" not in remark


VALUE = st.text(min_size=1, max_size=12)
FREE = [key for key in Key if key not in VALUES and key not in (Key.AGE, Key.USER)]
TERMS = st.one_of(
    st.builds(Term, VALUE, negated=st.booleans()),
    st.builds(Term, VALUE, st.sampled_from(FREE), st.booleans()),
    *(
        st.builds(Term, st.sampled_from(values), st.just(key), st.booleans())
        for key, values in VALUES.items()
    ),
    st.builds(
        Term,
        st.builds("{}{}".format, st.integers(0, 999_999_999), st.sampled_from("smhdwy")),
        st.just(Key.AGE),
        st.booleans(),
        st.booleans(),
    ),
)


@given(st.lists(TERMS, unique=True))
def test_every_query_is_read_back_from_its_text(terms: list[Term]) -> None:
    query = Query(tuple(terms))
    parsed = parse(text_of(query))
    assert parsed.query == query
    assert parsed.remarks == ()


@given(st.text())
def test_any_text_is_read_without_a_failure_and_means_what_its_own_form_means(text: str) -> None:
    parsed = parse(text)
    assert parse(text_of(parsed.query)).query == parsed.query
    matcher = compiled(parsed.query, lambda: NOW)
    for one in THINGS.values():
        matcher.test(Row(one, ALL, 0.0, 0.0))


@given(st.text(), st.sets(st.sampled_from(list(Verdict))))
def test_verdicts_are_put_into_any_text_and_nothing_else_is_lost(text: str, wanted: set[Verdict]) -> None:
    before = parse(text)
    after = parse(with_verdicts(text, frozenset(wanted)))
    assert after.query.verdicts() == (wanted or set(Verdict))
    assert after.query.without(Key.VERDICT) == before.query.without(Key.VERDICT)


def test_lengths_of_time() -> None:
    for text, length in (
        ("age>90s", 90),
        ("age>2hours", 7200),
        ("age>1D", 86400),
        ('age>"3 weeks"', 1814400),
    ):
        (term,) = parse(text).query.terms
        assert seconds(term.value) == length
