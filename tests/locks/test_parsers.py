"""Parsers: what they accept, what they refuse, and that no bytes whatever upset them."""

from __future__ import annotations

import json
import struct
import time
import tracemalloc
import uuid

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from racewatch.kinds.locks.claim import LARGEST_PID, LONGEST_TEXT, Claim, ParseFailure, number_of, pid_of
from racewatch.kinds.locks.parsers import PARSERS
from tests.locks.support import captured

BOOT = uuid.UUID("7b2cc72c-bb00-4509-b305-88580fa95470")


def parse(parser: str, data: bytes, name: bytes = b"x.lock") -> Claim | ParseFailure:
    return PARSERS[parser](data, name)


def claimed(parser: str, data: bytes, name: bytes = b"x.lock") -> Claim:
    found = parse(parser, data, name)
    assert isinstance(found, Claim), found
    return found


def block0(version: bytes = b"VIM 9.0", pid: int = 4711, dirty: int = 0, mark: bytes = b"b0") -> bytes:
    head = struct.pack("<2s10siiII40s40s", mark, version, 4096, 1, 2, pid, b"ann", b"box")
    body = head + b"~ann/a.txt".ljust(899, b"\0") + bytes([dirty])
    return body + struct.pack("<qih", 0x30313233, 0x20212223, 0x1213) + b"\x55" + bytes(3000)


# --- what is accepted ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parser", "data", "pid", "host"),
    [
        ("pid", b"4711", 4711, None),
        ("pid", b"4711\n", 4711, None),
        ("pid", b"      4711\n", 4711, None),
        ("pid", b"4711\0", 4711, None),
        ("emacs", b"ann@box.4711", 4711, "box"),
        ("emacs", b"ann@home@box.example.org.4711:1795203306", 4711, "box.example.org"),
        ("emacs", b"ann@box.4711\xef\x80\xa21795203306", 4711, "box"),
        ("joe", b"me@here.4711", 4711, None),
        ("mercurial", b"box/f0000001:4711", 4711, "box"),
        ("mercurial", b"box:4711", 4711, "box"),
        ("chromium", b"my-box-4711", 4711, "my-box"),
        ("firefox", b"127.0.1.1:+4711", 4711, "127.0.1.1"),
        ("git_gc", b"4711 box", 4711, "box"),
        ("gnupg", b"      4711\nbox\n", 4711, "box"),
        ("soft_file_lock", b"4711\nbox\n", 4711, "box"),
        ("uucp", b"      4711\n", 4711, None),
        ("uucp", b"      4711 minicom ann\n", 4711, None),
        ("uucp", struct.pack("<i", 4711), 4711, None),
        ("dotlock", b"0\n", None, None),
        ("dotlock", b"0", None, None),
        ("dotlock", b"4711\n", 4711, None),
        ("loose", b"", None, None),
        ("loose", b"4711\n", 4711, None),
        ("loose", b"4711\nsomething else\n", 4711, None),
        ("loose", b"started by pid: 4711 on monday", 4711, None),
        ("loose", b'{"pid": 4711, "hostname": "box"}', 4711, "box"),
        ("borg_entry", b"", 4711, "box.org@328135-5"),
        ("borg_directory", b"box.org@328135-5.4711-7f", 4711, "box.org@328135-5"),
        ("borg_roster", b'{"exclusive": [["box@1", 4711, 0]]}', 4711, "box@1"),
        ("borg_roster", b"{}", None, None),
        (
            "borg2",
            b"""{"exclusive": true, "hostid": "box@1", "processid": 4711, "threadid": 0,
            "time": "2026-11-20T20:00:00.000+00:00"}""",
            4711,
            "box@1",
        ),
        ("lockfile_name", b"", None, None),
        ("terraform", b'{"ID":"a-1","Who":"ann@box","Created":"2026-11-20T20:44:08.506503845Z"}', None, "box"),
        ("libreoffice_document", rb"Ann\, B,ann,box,20.11.2026 20:46,file:///x;", None, "box"),
        ("libreoffice_profile", b"[Lockdata]\r\nUser=ann\r\nHost=box\r\n", None, "box"),
        ("postmaster", b"4711\n/data\n1795207455\n5432\n/run\n\n  1  2\nready   \n", 4711, None),
        ("postmaster", b"-4711\n/data\n1795207455\n", 4711, None),
        ("containers_storage", struct.pack("<qQI", 10**18, 1, 4711) + bytes(44), None, None),
        ("containers_storage", b"", None, None),
        ("gradle", b"", None, None),
        ("gradle", b"\x03" + bytes(16), None, None),
        ("vim", block0(), 4711, "box"),
        ("vim", block0(pid=0), None, "box"),
        ("vim", block0(mark=b"bd"), 4711, "box"),
        ("nano", block0(b"nano 7.2")[:1024], 4711, "box"),
    ],
)  # fmt: skip
def test_accepted(parser: str, data: bytes, pid: int | None, host: str | None) -> None:
    name = b"box-7f.4711" if parser == "lockfile_name" else b"box.org@328135-5.4711-7f"
    claim = claimed(parser, data, name)
    assert claim.pid == pid
    assert claim.host == (host if parser != "lockfile_name" else "box")


@pytest.mark.parametrize(
    ("parser", "data"),
    [
        *[(name, b"\xff\xfe") for name in PARSERS if name not in ("borg_entry", "lockfile_name")],
        *[("pid", text) for text in (b"", b"0", b"-1", b"4194305", b"4711 x", b"0x10", b"4711\0\0", "٤٧".encode())],
        *[("emacs", text) for text in (b"box.4711", b"ann@box", b"ann@box.0", b"ann@box.12x", b"@.5", b"me@here.5")],
        *[("joe", text) for text in (b"ann@box.4711", b"me@here.5:1795203306")],
        *[("mercurial", text) for text in (b"box/xyz:4711", b"4711", b"box/a/b:5", b"box:0")],
        *[("chromium", text) for text in (b"4711", b"box-", b"-4711", b"box-99999999")],
        *[("firefox", text) for text in (b"box:+4711", b"127.0.0.1:4711", b"127.0.0.1:+0")],
        *[("git_gc", text) for text in (b"4711", b"4711 ", b" box", b"x box")],
        *[("gnupg", text) for text in (b"4711\nbox\n", b"      4711\n", b"      4711\n\n", b"         0\nbox\n")],
        *[("soft_file_lock", text) for text in (
            b"", b"4711", b"4711\n", b"4711\nbox\nx\n", b"4711\nbox\n1\n", b"4711\n box\n", b"4711\nbox\n1\n2\n",
            b"+4711\nbox\n", b"4711\nbox\n%d\n" % (1 << 192),
        )],
        *[("dotlock", text) for text in (b"", b"-1", b"0 0", b"a")],
        *[("loose", text) for text in (b"a", b'{"pid": -1}', b'{"pid": true}', b"pid 12 and pid 13", b"[]")],
        *[("borg_directory", text) for text in (b"", b"a.1-0\0b.2-0", b"a-0.1", b"a.0-0")],
        *[("borg_roster", text) for text in (
            b"[]", b'{"exclusive": 3}', b'{"exclusive": [["a", "1", 0]]}', b'{"exclusive": [["a", 0, 0]]}',
            b'{"exclusive": [["a", true, 0]]}', b'{"shared": [[]]}',
        )],
        *[("borg2", text) for text in (b"{}", b'{"hostid": "a", "processid": 1, "threadid": 0}')],
        *[("postmaster", text) for text in (b"4711", b"4711\nrelative\n1\n", b"0\n/data\n1\n", b"4711\n/data")],
        *[("terraform", text) for text in (b"{}", b'{"ID": 1, "Who": "a@b"}', b"[" * 5000)],
        *[("libreoffice_document", text) for text in (b"a,b,c,d;", b"a,b,c,d,e", b"")],
        *[("libreoffice_profile", text) for text in (b"[Other]\nHost=x", b"[Lockdata]\r\nUser=x\r\n")],
        *[("containers_storage", text) for text in (bytes(64), bytes(63), b"\xff" * 64)],
        *[("gradle", text) for text in (b"\x01", b"\x03" + bytes(20), b"\x03" * 31)],
        *[("vim", text) for text in (b"b0", block0()[:1000], block0(b"nano 7.2"), b"xx" + block0()[2:],
                                     block0()[:1008] + bytes(100))],
        *[("nano", text) for text in (block0(), block0()[:1024], block0(b"nano 7.2")[:1023])],
        ("uucp", b"\0\0\0\0"), ("uucp", b""), ("uucp", b"1" * 300),
    ],
)  # fmt: skip
def test_refused(parser: str, data: bytes) -> None:
    found = parse(parser, data)
    assert isinstance(found, ParseFailure), found
    assert found.reason


def test_names_that_are_no_owner_are_refused() -> None:
    assert isinstance(parse("borg_entry", b"", b"box.4711"), ParseFailure)
    assert isinstance(parse("lockfile_name", b"", b"foo.lock"), ParseFailure)


def test_a_negative_pid_of_postgres_is_a_stand_alone_server() -> None:
    assert ("stand alone", "yes") in claimed("postmaster", b"-4711\n/data\n1\n").facts
    assert dict(claimed("postmaster", b"5\n/d\n1\n5432\n/run\n").related) == {
        "datadir": b"/d",
        "socketdir": b"/run",
    }


def test_several_borg_holders_are_no_one_owner() -> None:
    claim = claimed("borg_roster", b'{"shared": [["a@1", 11, 0], ["b@2", 12, 0]]}')
    assert (claim.pid, claim.host) == (None, None)
    assert claim.facts == (("holders", "a@1 pid 11, b@2 pid 12"),)


def test_the_writer_of_containers_storage_is_no_owner() -> None:
    claim = claimed("containers_storage", struct.pack("<qQI", 10**18, 3, 4711) + bytes(44))
    assert claim.pid is None
    assert claim.facts == (("last writer", "4711"), ("writes", "3"))
    assert claim.time == 1e9


@given(st.integers(1, LARGEST_PID), st.integers(1, (1 << 64) - 1), st.uuids())
def test_the_token_of_soft_file_lock_is_read_back(pid: int, ticks: int, boot: uuid.UUID) -> None:
    if boot.int == 0:
        return
    claim = claimed("soft_file_lock", b"%d\nbox\n%d\n" % (pid, boot.int << 64 | ticks))
    assert (claim.pid, claim.start_ticks, claim.boot_id, claim.host) == (pid, ticks, str(boot), "box")


@given(st.integers(1, LARGEST_PID), st.booleans())
def test_the_header_of_vim_is_read_back(pid: int, dirty: bool) -> None:
    claim = claimed("vim", block0(pid=pid, dirty=0x55 if dirty else 0))
    assert (claim.pid, claim.dirty, claim.user) == (pid, dirty, "ann")


_FIELD = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)


@given(st.lists(_FIELD, min_size=5, max_size=5))
def test_the_escapes_of_libreoffice_are_undone(fields: list[str]) -> None:
    escaped = [field.replace("\\", "\\\\").replace(",", "\\,").replace(";", "\\;") for field in fields]
    claim = claimed("libreoffice_document", (",".join(escaped) + ";").encode())
    plain = claimed("libreoffice_document", b"a,b,c,d,e;")
    assert plain.user == "b"
    assert (claim.user is None) == (fields[1] == "")
    if fields[2].isascii() and fields[2].isprintable() and "\\" not in fields[2] and fields[2]:
        assert claim.host == fields[2]


@pytest.mark.parametrize(
    "text", [b"0", b"-1", b"4194305", b"99999999999999999999999", b"", b"1_0", b"+1", b"1.0"]
)
def test_numbers_that_are_no_pids(text: bytes) -> None:
    assert pid_of(text) is None


def test_the_largest_pid() -> None:
    assert pid_of(b"4194304") == 4194304
    assert number_of(b" 12 ") == 12
    assert number_of(b"9" * 30) is None


# --- fuzz ------------------------------------------------------------------------------------------


def assert_bounded(found: Claim | ParseFailure) -> None:
    if isinstance(found, ParseFailure):
        assert 0 < len(found.reason) < 200
        return
    assert found.pid is None or 1 <= found.pid <= LARGEST_PID
    assert found.port is None or 0 < found.port < 65536
    assert found.start_ticks is None or 0 <= found.start_ticks < 1 << 64
    assert found.boot_id is None or str(uuid.UUID(found.boot_id)) == found.boot_id
    texts = [found.host, found.user, *(text for pair in found.facts for text in pair)]
    assert all(text is None or len(text) <= LONGEST_TEXT for text in texts)
    assert all(text is None or text.isprintable() for text in texts)
    assert len(found.facts) <= 16
    assert sum(len(raw) for _, raw in found.related) <= 16_384


SEEDS = sorted(
    {one.sighting.content for one in captured() if one.sighting.content is not None}
    | {block0(), block0(b"nano 7.2")[:1024]}
)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A real lock with some of its bytes changed, removed or repeated."""
    data = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, max(0, len(data) - 1)))
        what = draw(st.sampled_from(("change", "cut", "repeat", "insert")))
        if what == "change" and data:
            data[at] = draw(st.integers(0, 255))
        elif what == "cut":
            del data[at : at + draw(st.integers(1, 64))]
        elif what == "repeat":
            data[at:at] = data[at : at + 64] * draw(st.integers(1, 20))
        else:
            data[at:at] = draw(st.binary(max_size=32))
    return bytes(data)


CONTENT = st.one_of(
    st.binary(max_size=5000),
    damaged(),
    st.text('0123456789-@.:+/\n\0 ,;\\[]{}"apid', max_size=300).map(str.encode),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(
                    ["exclusive", "shared", "pid", "ID", "Who", "Created", "hostid", "processid", "threadid"]
                ),
                inner,
                max_size=6,
            )
        ),
        max_leaves=20,
    ).map(lambda value: json.dumps(value).encode()),
)


@pytest.mark.parametrize("parser", sorted(PARSERS))
@settings(max_examples=150, deadline=1000)
@given(data=CONTENT, name=st.binary(max_size=255))
@example(data=b"", name=b"")
@example(data=b"9" * 5000, name=b"9" * 255)
@example(data=b"[" * 60_000, name=b"x")
@example(data=b'{"a":' * 10_000, name=b"x")
@example(data=b'{"pid": 1' + b"0" * 5000 + b"}", name=b"x")
def test_no_bytes_upset_a_parser(parser: str, data: bytes, name: bytes) -> None:
    assert_bounded(parse(parser, data, name))


@pytest.mark.parametrize("parser", sorted(PARSERS))
def test_time_does_not_explode_on_hostile_bytes(parser: str) -> None:
    """Four times the input costs about four times the time, not sixteen."""
    for unit in (
        b"@.",
        b"-1",
        b".1-",
        b"a\\,",
        b"[{",
        b"\n",
        b"1\n",
        b" ",
        b"pid=",
        b"=",
        b"\xff\xfe",
        b"\\",
        b"0/:",
    ):
        spent = []
        for size in (16_384, 65_536):
            data = unit * (size // len(unit))
            started = time.process_time()
            for _ in range(3):
                parse(parser, data, data[:255])
            spent.append(time.process_time() - started)
        assert spent[1] < max(0.25, spent[0] * 10), (unit, spent)


@pytest.mark.parametrize("parser", sorted(PARSERS))
def test_memory_stays_small_on_hostile_bytes(parser: str) -> None:
    holders = json.dumps({"exclusive": [["a", 1, 0]] * 4000}).encode()
    for data in (
        holders,
        b'{"a":[' + b"[]," * 20_000 + b"[]]}",
        b"a," * 40_000 + b";",
        b"\n" * 65_536,
        b"k=v\n" * 16_000,
    ):
        tracemalloc.start()
        try:
            parse(parser, data)
            assert tracemalloc.get_traced_memory()[1] < 16 << 20
        finally:
            tracemalloc.stop()
