"""The quick way from a path to its formats finds what trying every pattern on it finds, in the same order."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from racewatch.kinds.locks.dispatch import Dispatch, _order
from racewatch.kinds.locks.format import FileType
from racewatch.kinds.locks.patterns import compile_pattern
from racewatch.kinds.locks.registry import built_in

PAIRS: Final = sorted(((one, pattern) for one in built_in().formats for pattern in one.where), key=_order)
DISPATCH: Final = Dispatch(built_in().formats)
Found = list[tuple[str, Mapping[str, bytes]]]


def slowly(path: bytes, file_type: FileType) -> Found:
    """Every expression on the whole path."""
    found: dict[str, Mapping[str, bytes]] = {}
    for one, pattern in PAIRS:
        fits = re.fullmatch(pattern.regex, path) if file_type in one.types else None
        if fits is not None and one.name not in found:
            found[one.name] = {name: text for name, text in fits.groupdict().items() if text is not None}
    return list(found.items())


def quickly(path: bytes, file_type: FileType) -> Found:
    return [(one.format.name, dict(one.captures)) for one in DISPATCH.candidates(path, file_type)]


def sample(text: str, chosen: random.Random) -> bytes:
    """A path (without its beginning) that the pattern is meant for."""

    def part(match: re.Match[str]) -> str:
        kind = str(match[1]).partition(":")[2] or str(match[1])
        if "|" in kind:
            return chosen.choice(kind.split("|"))
        return {"digits": "4711", "hex": "ab12", "hex64": "a" * 64}.get(
            kind, chosen.choice(["n", "lock", "x.lock"])
        )

    text = re.sub(r"<([^<>]*)>", part, text.replace("**/", chosen.choice(["", "a/", "tmp/lock/"])))
    text = text.replace("{uid}", "1000").replace("?", "z").replace("~/", "home/ann/")
    return re.sub(r"\*", lambda _: chosen.choice(["", "q", ".", "user", "\n"]), text).lstrip("/").encode()


def paths() -> Iterator[bytes]:
    chosen = random.Random(5)
    samples = [sample(pattern.text, chosen) for _, pattern in PAIRS for _ in range(2)]
    for one in samples:
        yield b"/" + one
        yield b"/srv/p/" + one
        # The folder of one with the name of another: what is known of a folder says nothing of its names.
        yield b"/" + one.rpartition(b"/")[0].strip(b"/") + b"/" + chosen.choice(samples).rpartition(b"/")[2]
        yield b"/tmp/" + chosen.choice(samples).rpartition(b"/")[2]


@pytest.mark.parametrize("file_type", [FileType.FILE, FileType.SYMLINK, FileType.DIRECTORY])
def test_what_formats_are_meant_for(file_type: FileType) -> None:
    some = 0
    for path in paths():
        found = quickly(path, file_type)
        assert found == slowly(path, file_type), path
        some += bool(found)
    assert some > 100


NAMES = st.sampled_from(
    [b"lock", b".lock", b"x.lock", b".git", b"tmp", b"user", b"1000", b"a.pid", b"", b"#", b"."]
)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(NAMES | st.binary(max_size=6).map(lambda raw: raw.replace(b"/", b"_")), min_size=1, max_size=5)
)
def test_any_path(parts: list[bytes]) -> None:
    path = b"/" + b"/".join(parts)
    for file_type in FileType:
        assert quickly(path, file_type) == slowly(path, file_type)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("*.lock", b"/.lock"),
        ("<a|b>x.lock", b"/t/bx.lock"),
        ("*-<a|b>.lock", b"/t/-b.lock"),
        ("/t/lock", b"/t/lock"),
    ],
)
def test_a_name_with_the_key_is_all_there_is_to_some_patterns(text: str, path: bytes) -> None:
    pattern = compile_pattern(text)
    assert pattern.keys_tell_all
    assert pattern.match(path)


@pytest.mark.parametrize("text", ["<n>.lock", "?.lock", "*x*.lock", "x*", "*", "<a>/x.lock"])
def test_others_have_more_to_them(text: str) -> None:
    assert not compile_pattern(text).keys_tell_all
