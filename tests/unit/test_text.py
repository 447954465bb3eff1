"""Names as text: reversible, one line, nothing hidden."""

from __future__ import annotations

import os
import subprocess
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from racewatch.core import text as module
from racewatch.core.text import NotDisplayed, display, display_text, one_line, quoted, size_text, undisplay

NAMES = st.one_of(
    st.binary(),
    st.text().map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.lists(
        st.sampled_from(
            [b"\\", b"x", b"n", b"u", b"ff", b"\xff", b"\xc3", b"\xa9", b"\n", b"\x1b", b"\x7f", b"'", b"$", b" ",
             "\u202e".encode(), "\u0085".encode(), "\u200b".encode(), "\U000e0001".encode(), "é".encode()]
        )
    ).map(b"".join),
)  # fmt: skip


@pytest.fixture(autouse=True, scope="module")
def nothing_remembered() -> None:
    """What other tests displayed before must not answer for these."""
    module._shown.cache_clear()


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (2_345_678, "2.3 MB"),
        (5 * 10**9, "5.0 GB"),
        (7_200 * 10**12, "7200.0 TB"),
    ],
)
def test_sizes_for_people(octets: int, text: str) -> None:
    assert size_text(octets) == text


@given(NAMES)
@example(b"\\xff")
@example(b"\xff")
@example("\u00ff".encode())
@example(b"\xed\xb3\xbf")
def test_every_name_comes_back_exactly(raw: bytes) -> None:
    assert undisplay(display(raw)) == raw


@given(NAMES, NAMES)
def test_two_names_never_look_the_same(one: bytes, other: bytes) -> None:
    assert (display(one) == display(other)) == (one == other)


@given(NAMES)
def test_nothing_shown_is_a_control_a_format_or_a_surrogate(raw: bytes) -> None:
    for char in display(raw):
        assert char == " " or unicodedata.category(char)[0] not in "CZ", hex(ord(char))
    display(raw).encode("utf-8")


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"/run/x.sock", "/run/x.sock"),
        (b"a\nb", "a\\nb"),
        (b"a\\nb", "a\\\\nb"),
        (b"\x1b[31m", "\\x1b[31m"),
        (b"\xff", "\\xff"),
        ("ÿ".encode(), "ÿ"),
        ("\u202egnp.sock".encode(), "\\u202egnp.sock"),
        ("a\u200bb".encode(), "a\\u200bb"),
        ("a\u00a0b".encode(), "a\\u00a0b"),
        ("\U000e0041".encode(), "\\U000e0041"),
        ("\u3164".encode(), "\\u3164"),
        ("日本語 é".encode(), "日本語 é"),
        (b"\x7f\x00\t\r", "\\x7f\\x00\\t\\r"),
        (b"\xc2\x85", "\\u0085"),
        (b"", ""),
    ],
)
def test_how_names_look(raw: bytes, shown: str) -> None:
    assert display(raw) == shown


@pytest.mark.parametrize(
    "text",
    [
        "a\\x2db",
        "\\xc3\\xa9",
        "\\u0041",
        "\\q",
        "\\",
        "a\\xF",
        "\\U99999999",
        "\n",
        "\udcff",
        "\\ud800",
        "\u202e",
    ],
)
def test_text_that_no_name_looks_like_is_refused(text: str) -> None:
    with pytest.raises(NotDisplayed):
        undisplay(text)


@given(st.text(alphabet=st.characters()))
def test_foreign_text_becomes_one_printable_line(text: str) -> None:
    for shown in (display_text(text), one_line(text)):
        assert all(char == " " or unicodedata.category(char)[0] not in "CZ" for char in shown)


def test_one_line_leaves_displayed_names_alone() -> None:
    assert one_line("cannot read a\\nb\nnow") == "cannot read a\\nb\\nnow"
    assert display_text("a\\b") == "a\\\\b"


@settings(max_examples=60, deadline=None)
@given(st.lists(NAMES.map(lambda raw: raw.replace(b"\0", b"")), min_size=1, max_size=8))
def test_quoted_names_mean_the_same_bytes_to_a_shell(names: list[bytes]) -> None:
    command = "printf '%s\\0' " + " ".join(map(quoted, names))
    assert "\n" not in command
    for locale in ("C", "C.UTF-8"):
        run = subprocess.run(
            [b"bash", b"-c", os.fsencode(command)],
            env={**os.environ, "LC_ALL": locale},
            capture_output=True,
            check=True,
        )
        assert run.stdout.split(b"\0")[:-1] == names


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"/run/x.sock", "/run/x.sock"),
        (b"a b", "'a b'"),
        (b"it's", "$'it\\'s'"),
        (b"a\nb", "$'a\\x0ab'"),
        (b"", "''"),
    ],
)
def test_how_quoted_names_look(raw: bytes, text: str) -> None:
    assert quoted(raw) == text
