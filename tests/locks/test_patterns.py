"""Patterns of paths, templates, and the bounds on expressions."""

from __future__ import annotations

import re
import shlex
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from racewatch.kinds.locks.claim import Claim
from racewatch.kinds.locks.format import Companion, Role
from racewatch.kinds.locks.patterns import BadPattern, Place, compile_pattern
from racewatch.kinds.locks.regexes import LONGEST_INPUT, BadExpression, compile_expression
from racewatch.kinds.locks.templates import breaker_path, command, companion_path
from racewatch.kinds.locks.toml_lines import lines_of_entries


@pytest.mark.parametrize(
    ("pattern", "path", "parts"),
    [
        ("*.lock", b"/a/b.lock", {}),
        ("*.lock", b"/a/.lock", {}),
        ("*.lock", b"/b.lock", {}),
        ("a/*.lock", b"/x/a/b.lock", {}),
        ("a/*.lock", b"/x/a/c/b.lock", None),
        ("a/*.lock", b"/x/ba/b.lock", None),
        ("a/**/b", b"/a/b", {}),
        ("a/**/b", b"/x/a/c/d/b", {}),
        ("**/a/b", b"/a/b", {}),
        ("/a/*/b", b"/a/c/b", {}),
        ("/a/*/b", b"/x/a/c/b", None),
        ("/a/*/b", b"/a//b", None),
        ("~/.x/<n>", b"/home/ann/.x/one", {"n": b"one"}),
        (".X<n:digits>-lock", b"/tmp/.X12-lock", {"n": b"12"}),
        (".X<n:digits>-lock", b"/tmp/.Xa-lock", None),
        ("<f:passwd|group>.lock", b"/etc/group.lock", {"f": b"group"}),
        ("<f:passwd|group>.lock", b"/etc/grou.lock", None),
        ("<a.b|c>", b"/x/aXb", None),
        ("<a.b|c>", b"/x/a.b", {}),
        ("?.pid", b"/x/1.pid", {}),
        ("?.pid", b"/x/12.pid", None),
        ("/run/user/{uid}/x", b"/run/user/1000/x", {}),
        ("/run/user/{uid}/x", b"/run/user/ann/x", None),
        ("*.lock", b"/a/b\n.lock", {}),
        ("*.lock", b"/a/\xff.lock", {}),
        ("*.lock", b"/a/b.lock\n", None),
        ("locks/<id:hex64>", b"/r/locks/" + b"0f" * 32, {"id": b"0f" * 32}),
        ("[a].lock", b"/r/[a].lock", {}),
        ("[a].lock", b"/r/a.lock", None),
    ],
)
def test_what_a_pattern_matches(pattern: str, path: bytes, parts: dict[str, bytes] | None) -> None:
    found = compile_pattern(pattern).match(path)
    assert (found.groupdict() if found else None) == parts


@pytest.mark.parametrize(
    "pattern",
    ["", "/", "a//b", "a/", "a/**", "a/**/b/**/c", "a**", "<a", "a>", "{x}", "a/{uid}", "<A>", "<a:b>", "<a>/<a>", "<a|>", "<>", "a\0", "~/"],
)  # fmt: skip
def test_bad_patterns_are_refused(pattern: str) -> None:
    with pytest.raises(BadPattern):
        compile_pattern(pattern)


def test_the_folders_a_pattern_names() -> None:
    homes = (b"/home/ann", b"/root/")
    assert compile_pattern("/run/<a>/x-*.lock").places(homes, 7) == (Place(b"/run/*"),)
    assert compile_pattern("/x.pid").places(homes, 7) == (Place(b"/"),)
    assert compile_pattern("~/.a/*").places(homes, 7) == (Place(b"/home/ann/.a"), Place(b"/root/.a"))
    assert compile_pattern("/run/user/{uid}/a").places(homes, 7) == (Place(b"/run/user/7"),)
    assert compile_pattern("/run/user/{uid}/a").places(homes, None) == (Place(b"/run/user/*"),)
    assert compile_pattern("/a/**/b").places(homes, 7) == (Place(b"/a", recursive=True),)
    assert compile_pattern("/a[b]/c").places(homes, 7) == (Place(b"/a[[]b]"),)
    assert compile_pattern("a/b").places(homes, 7) == ()


@settings(max_examples=200, deadline=500)
@given(st.text("ab*?<>|:/{}[]~.", max_size=20))
def test_no_text_upsets_the_compiler(text: str) -> None:
    try:
        pattern = compile_pattern(text)
    except BadPattern:
        return
    pattern.match(b"/a/b/" * 50)


def test_matching_is_quick_on_hostile_paths() -> None:
    pattern = compile_pattern("a/**/b/*.lock")
    started = time.process_time()
    for _ in range(5):
        assert pattern.match(b"/a" * 2000 + b"/b/c/x.lock") is None
    assert time.process_time() - started < 2.5


# --- templates ---------------------------------------------------------------------------------------


def filled(
    where: str, path: bytes = b"/d/x.lock", role: Role = Role.TOGETHER, claim: Claim | None = None
) -> bytes | None:
    found = companion_path(Companion(role, where), path, {"n": b"7", "star": b"*", "dots": b".."}, claim)
    return found.path if found else None


def test_companions_are_named_by_the_lock() -> None:
    assert filled("x{n}.sock") == b"/d/x7.sock"
    assert filled("sub/{name}") == b"/d/sub/x.lock"
    assert filled("{pid}.x") is None
    assert filled("{pid}.x", claim=Claim(pid=5)) == b"/d/5.x"
    assert filled("{dots}") is None
    related = Claim(related=(("datadir", b"/data"),))
    assert filled("{datadir}/x", claim=related) is None
    assert filled("{datadir}/x", role=Role.PIDFILE, claim=related) == b"/data/x"


def test_stars_of_names_are_no_wildcards() -> None:
    found = companion_path(Companion(Role.TWIN, "{star}.*"), b"/d[1]/x.lock", {"star": b"*"}, None)
    assert found is not None
    assert found.is_pattern
    assert found.path == b"/d[[]1]/[*].*"
    plain = companion_path(Companion(Role.TOGETHER, "{star}.x"), b"/d/x.lock", {"star": b"*"}, None)
    assert plain is not None
    assert (plain.path, plain.is_pattern) == (b"/d/*.x", False)


def test_breaker_locks_stand_beside_the_lock() -> None:
    assert breaker_path("{name}.break", b"/d/wlock") == b"/d/wlock.break"
    assert breaker_path("gc.pid.lock", b"/d/gc.pid") == b"/d/gc.pid.lock"


@given(st.binary(min_size=1, max_size=60).map(lambda raw: raw.replace(b"\0", b"_").replace(b"/", b"_")))
def test_commands_survive_any_name(name: bytes) -> None:
    made = command("tool --at {dir} {name}", b"/d/e/" + name, {}, None)
    assert made is not None
    assert made.isprintable()
    if "$'" not in made:
        assert shlex.split(made)[-1].removeprefix("./").encode() == name.removeprefix(b"./")


def test_a_command_without_its_values_is_none() -> None:
    assert command("x {pid}", b"/d/a", {}, None) is None
    assert command("x {pid} {up} {up2}", b"/a/b/c/d", {}, Claim(pid=5)) == "x 5 /a/b /a"
    assert command("x {name}", b"/d/-rf", {}, None) == "x ./-rf"


# --- expressions -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [r"(?P<pid>[0-9]+)\n", r"a*b*", r"a?b?(c|d)" ,r"[0-9]++[a-z]*+x++y*+z++", r"(?:abc)?x{3}", r"[0-9]{1,10}\n?", r"a{2,5}b{,3}", r"(?:ab)++", r"a{0,9}+b", r"(?:)", r"[(+*]+"],
)  # fmt: skip
def test_bounded_expressions_are_taken(text: str) -> None:
    assert isinstance(compile_expression(text), re.Pattern)


@pytest.mark.parametrize(
    "text",
    [r"(a+)+", r"(a*)*b", r"(a|aa)+", r"((a+)b)*", r"(?:a+){2,}", r"a*b*c*", "a?" * 25 + "a" * 25, r"(?:a?){25}a{25}", "(a|a)" * 25, r"(?:a?){2}", r"(a)\1", r"(?P<x>a)(?P=x)", r"(?:a|b)*", r"(",
     r"(a{1,9}){1,9}", r"((a+)+)+", r"([0-9]+,)*", r"(?:(?:a+))+b"],
)  # fmt: skip
def test_unbounded_expressions_are_refused(text: str) -> None:
    with pytest.raises(BadExpression):
        compile_expression(text)


@settings(max_examples=150, deadline=None)
@given(st.text("ab+*?|()[]{}1,\\.", max_size=14))
def test_what_is_taken_ends_in_time(text: str) -> None:
    try:
        pattern = compile_expression(text)
    except BadExpression:
        return
    started = time.process_time()
    for data in (b"a" * LONGEST_INPUT, b"ab" * (LONGEST_INPUT // 2), b"a" * (LONGEST_INPUT - 1) + b"!"):
        pattern.fullmatch(data)
    assert time.process_time() - started < 5


# --- lines -------------------------------------------------------------------------------------------


def test_lines_of_keys() -> None:
    text = (
        '# top\n[[format]]\nname = "a" # x = 1\ntext = """\nname = 3\n[[format]]\n"""\nlist = [\n  "x",\n]\n'
        "[format.content]\nregex = \"b\"\n\n[[ format ]]\n\"name\" = '''one\nline'''\ncontent.parser = \"c\"\n[other]\nname = 1\n"
    )
    first, second = lines_of_entries(text, "format")
    assert first == {"": 2, "name": 3, "text": 4, "list": 8, "content": 11, "content.regex": 12}
    assert second == {"": 14, "name": 15, "content.parser": 17}
