"""The registry: which format wins, what people may add, and that nothing they add weakens anything."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import racewatch.kinds.locks
from racewatch.kinds.locks.claim import Claim, ParseFailure
from racewatch.kinds.locks.format import FileType, Mechanism, Policy, Tier
from racewatch.kinds.locks.registry import Registry, Sighting, built_in, check_file, load, user_folder
from racewatch.kinds.locks.schema import read_bytes

FILE, LINK, FOLDER = FileType.FILE, FileType.SYMLINK, FileType.DIRECTORY


def entry(called: str = "my-lock", /, **keys: str) -> str:
    """One valid entry; each keyword replaces or adds a key (its TOML value), None-like '' removes it."""
    values = {
        "name": f'"{called}"',
        "title": '"my lock"',
        "program": '"mine"',
        "where": '["mine-*.lock"]',
        "mechanism": '["exclusive-file"]',
        "policy": '"ask"',
        "consequence": '"two of them run"',
        "remedy": '"end it"',
        "source": '"made up"',
    } | keys
    return "[[format]]\n" + "".join(f"{key} = {value}\n" for key, value in values.items() if value)


def user(text: str, tier: Tier = Tier.USER) -> Registry:
    result = read_bytes(text.encode(), b"mine.toml", tier)
    assert [str(problem) for problem in result.problems] == []
    return Registry((*built_in().formats, *result.formats))


def name_at(registry: Registry, path: bytes, file_type: FileType = FILE, **seen: object) -> str | None:
    found = registry.identify(Sighting(path, file_type, **seen))  # type: ignore[arg-type]  # keywords of Sighting
    return found.format.name if found else None


# --- which format wins -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "file_type", "content", "expected"),
    [
        (b"/home/a/p/.git/index.lock", FILE, b"DIRC", "git-lock"),
        (b"/home/a/p/.git/refs/heads/a/b.lock", FILE, b"", "git-lock"),
        (b"/srv/p.git/packed-refs.lock", FILE, b"", "git-lock"),
        (b"/home/a/p/.git/modules/sub/index.lock", FILE, b"", "git-lock"),
        (b"/home/a/p/.git/index~pid.lock", FILE, b"pid 12\n", "git-lock-pid"),
        (b"/home/a/.gnupg/pubring.kbx.lock", FILE, b"      4711\nbox\n", "gnupg-dotlock"),
        (b"/home/a/.gnupg/pubring.kbx.lock", FILE, b"nonsense", "generic-lock-file"),
        (b"/home/a/.gnupg/.#lk0x55d0.my.box.4711", FILE, b"      4711\nbox\n", "gnupg-dotlock-link"),
        (b"/home/a/x.lock", FILE, b"12\nbox\n", "soft-file-lock"),
        (b"/home/a/x.lock", FILE, b"12\n", "generic-lock-file"),
        (b"/home/a/x.lock", FILE, None, "generic-lock-file"),
        (b"/home/a/x.lock", FOLDER, b"", "proper-lockfile"),
        (b"/home/a/x.lock", FOLDER, b"a\0b", "generic-lock-directory"),
        (b"/home/a/x.lock", FOLDER, b"box.7f12", "lockfile-directory"),
        (b"/home/a/x.lock", LINK, b"anything", "generic-lock-link"),
        (b"/home/a/x.lock", LINK, b"../shared/x.lock", None),
        (b"/var/lock", LINK, b"/run/lock", None),
        (b"/home/a/p/Cargo.lock", FILE, b"", "dependency-lockfile"),
        (b"/home/a/p/yarn.lock", LINK, b"../yarn.lock", "dependency-lockfile"),
        (b"/home/a/.mozilla/firefox/ab.default/lock", LINK, b"127.0.1.1:+12", "firefox-lock"),
        (b"/home/a/.mozilla/firefox/ab.default/lock", LINK, b"127.0.1.1:12", "generic-lock-link"),
        (b"/home/a/.mozilla/firefox/ab.default/.parentlock", FILE, b"", "firefox-parentlock"),
        (b"/home/a/p/.hg/wlock.break", LINK, b"box/f0000001:12", "hg-breaker"),
        (b"/srv/repo/locks/" + b"a" * 64, FILE, b"\x01\x02", "restic-lock"),
        (b"/srv/repo/locks/" + b"a" * 63, FILE, b"\x01\x02", None),
        (b"/var/lib/dpkg/lock", FILE, b"", "dpkg-lock"),
        (b"/srv/chroot/var/lib/dpkg/lock", FILE, b"", "dpkg-lock"),
        (b"/run/nginx.pid", FILE, b"12\n", "nginx-pid"),
        (b"/run/other.pid", FILE, b"12\n", "generic-pidfile"),
        (b"/run/lock/LCK..ttyS0", FILE, b"      4711\n", "uucp-lock"),
        (b"/run/lock/something", FILE, b"", "generic-run-lock"),
        (b"/etc/passwd.4711", FILE, b"4711\0", "shadow-link"),
        (b"/etc/passwd.20261120", FILE, b"root:x:0:0", None),
        (b"/srv/p/.#file.c.1.2", FILE, b"int main", None),
        (b"/srv/p/.#file.c", FILE, b"ann@box.12", "emacs-lock"),
        (b"/srv/p/.a.swp", FILE, None, "vim-swap"),
        (b"/srv/p/.a.swp", FILE, b"", "vim-swap"),
        (b"/home/a/.local/state/nvim/swap/%home%a%x.c.swp", FILE, b"", "vim-swap"),
        (b"/srv/p/#x.c#", FILE, b"", "emacs-autosave"),
        (b"/srv/p/x.c", FILE, b"", None),
        (b"/srv/p/README", FILE, b"", None),
        (b"/srv/.context/hub/.sync.lock", FILE, b"lock", "ctx-sync-lock"),
        (b"/srv/.context/dreams/.lock", FILE, b"", "ctx-dream-lock"),
        (b"/var/lib/containers/storage/overlay-layers/layers.lock", FILE, b"", "containers-storage"),
        (b"/dev/shm/libpod_rootless_lock_1000", FILE, b"", "libpod-shm"),
        (b"/run/libpod/alive", FILE, b"", "libpod-alive"),
        (b"/home/a/.cache/bazel/_bazel_a/0f/server/server.pid.txt", FILE, b"12", "bazel-server-pid"),
        (b"/run/user/1000/wayland-0.lock", FILE, b"", "wayland-lock"),
        (b"/home/a/.config/google-chrome/SingletonLock", LINK, b"box-12", "chromium-singleton"),
    ],
)  # fmt: skip
def test_the_most_specific_format_wins(
    path: bytes, file_type: FileType, content: bytes | None, expected: str | None
) -> None:
    assert name_at(built_in(), path, file_type, content=content, size=len(content or b"")) == expected


def test_a_kernel_lock_held_tells_formats_apart() -> None:
    def held(*mechanisms: Mechanism, path: bytes = b"/srv/x.lock") -> str | None:
        return name_at(built_in(), path, content=b"", held=frozenset(mechanisms))

    assert held() == "generic-lock-file"
    assert held(Mechanism.FLOCK) == "flock-file"
    assert held(Mechanism.POSIX) == "fcntl-file"
    assert held(Mechanism.OFD) == "ofd-file"
    assert held(Mechanism.FLOCK, path=b"/srv/x.pid") == "flock-pidfile"
    assert held(Mechanism.FLOCK, path=b"/srv/p/.git/index.lock") == "git-lock"


def test_size_links_and_open_descriptors_tell_formats_apart() -> None:
    path = b"/srv/x.lock"
    assert name_at(built_in(), path, content=b"", links=2) == "lockfile-link"
    assert name_at(built_in(), path, content=b"", opened=True) == "node-lockfile"
    assert name_at(built_in(), path, content=b"x" * 4096, size=5000) == "generic-large-file"
    found = built_in().identify(Sighting(path, FILE, b"x" * 4096, size=10 << 30))
    assert found is not None
    assert found.policy is Policy.NEVER


def test_a_file_that_grew_is_not_read_by_its_first_bytes() -> None:
    """The first bytes of a huge file may look like a small lock."""
    found = built_in().identify(Sighting(b"/tmp/.X0-lock", FILE, b"      4711\n", size=1 << 20))
    assert found is not None
    assert isinstance(found.claim, ParseFailure)


def test_a_vim_swap_file_that_cannot_be_read_counts_as_dirty() -> None:
    for content in (None, b"", b"b0VIM 9.0", b"x" * 4096):
        found = built_in().identify(Sighting(b"/srv/.a.swp", FILE, content, size=len(content or b"")))
        assert found is not None
        assert found.policy is Policy.NEVER


def test_the_name_and_the_content_must_agree() -> None:
    one = Sighting(b"/etc/passwd.4711", FILE, b"4711\0", size=5)
    other = Sighting(b"/etc/passwd.4712", FILE, b"4711\0", size=5)
    found = built_in().identify(one)
    assert found is not None
    assert found.said is not None
    assert found.said.pid == 4711
    assert built_in().identify(other) is None


def test_match_agrees_with_identify_where_nothing_needs_to_be_read() -> None:
    for path in (b"/run/libpod/alive", b"/var/lib/dpkg/lock", b"/srv/.parentlock", b"/srv/x.c"):
        found = built_in().match(path, FILE)
        assert (found.name if found else None) == name_at(built_in(), path, content=b"")


def test_how_much_is_read() -> None:
    limit = built_in().read_limit
    assert limit(b"/srv/x.c", FILE) == 0
    assert limit(b"/srv/x.lock", FILE) == 4096
    assert limit(b"/srv/lock.roster", FILE) == 65536
    assert limit(b"/srv/jpserver-12.json", FILE) == 0
    assert limit(b"/dev/shm/libpod_lock", FILE) == 0


@settings(max_examples=300, deadline=1000)
@given(
    st.lists(
        st.binary(min_size=1, max_size=12).map(lambda part: part.replace(b"/", b"_").replace(b"\0", b"_"))
        | st.sampled_from([b".git", b"x.lock", b"lock", b"LOCK", b".#a", b"a.pid", b".x.swp", b"locks", b"..", b"lock.exclusive"]),
        min_size=1,
        max_size=8,
    ),
    st.sampled_from([FILE, LINK, FOLDER, FileType.SOCKET, FileType.OTHER]),
    st.binary(max_size=200) | st.none(),
    st.integers(0, 1 << 40),
)  # fmt: skip
def test_no_path_and_no_content_upset_the_registry(
    parts: list[bytes], file_type: FileType, content: bytes | None, size: int
) -> None:
    path = b"/" + b"/".join(parts)
    seen = Sighting(path, file_type, content, size)
    found = built_in().identify(seen)
    assert found == built_in().identify(seen)
    if found is not None:
        assert file_type in found.format.types
        assert built_in().match(path, file_type) is not None
        for companion in found.companions():
            assert b"\0" not in companion.path
        for command in found.commands():
            assert command.isprintable()


def test_no_match_costs_next_to_nothing() -> None:
    """10,000 paths a second is the bar; a margin of five even on a busy machine."""
    paths = [b"/home/ann/project%d/src/module_%d.py" % (n % 50, n) for n in range(5000)]
    paths += [b"/home/ann/project%d/.git/refs/heads/b%d.lock" % (n % 50, n) for n in range(5000)]
    started = time.process_time()
    found = sum(built_in().match(path, FILE) is not None for path in paths)
    assert found == 5000
    assert time.process_time() - started < 0.2 * len(paths) / 10_000 * 5


# --- places ------------------------------------------------------------------------------------------


def test_the_places_looked_at_by_default() -> None:
    found = {(place.folder, place.recursive) for place in built_in().places((b"/home/ann", b"/root"), 1000)}
    for folder in (
        b"/run/lock",
        b"/var/lib/dpkg",
        b"/tmp",
        b"/home/ann/.mozilla/firefox/*",
        b"/root/.gnupg",
        b"/run/user/1000",
        b"/home/ann",
    ):
        assert (folder, False) in found
    assert {folder for folder, recursive in found if recursive} == {b"/run/lxc/lock"}
    assert not any(folder == b"/" or b"{" in folder for folder, _ in found)
    everybody = {place.folder for place in built_in().places((), None)}
    assert b"/run/user/*" in everybody
    assert not any(folder.startswith(b"/home/ann") for folder in everybody)


# --- what people add ---------------------------------------------------------------------------------


def test_a_format_of_ones_own_counts_where_only_generic_rules_did() -> None:
    text = entry(policy='"break"', rules='["pid-identity"]', content='{ regex = "(?P<pid>[0-9]{1,10})\\n" }')
    registry = user(text)
    found = registry.identify(Sighting(b"/srv/mine-1.lock", FILE, b"4711\n", size=5))
    assert found is not None
    assert (found.format.name, found.policy, found.format.tier) == ("my-lock", Policy.BREAK, Tier.USER)
    assert found.said == Claim(pid=4711)


@pytest.mark.parametrize(
    ("path", "where"),
    [
        (b"/srv/data-wal", "data-wal"),
        (b"/srv/data-wal", "/srv/data-wal"),
        (b"/srv/mongod.lock", "/srv/mongod.lock"),
        (b"/srv/p/.git/index.lock", "/srv/p/.git/index.lock"),
        (b"/srv/Cargo.lock", "/srv/Cargo.lock"),
        (b"/srv/d/postmaster.pid", "/srv/d/postmaster.pid"),
        (b"/run/libpod/alive", "/run/libpod/alive"),
    ],
)
def test_a_format_of_ones_own_never_weakens_a_built_in_one(path: bytes, where: str) -> None:
    text = entry(where=f'["{where}"]', policy='"break"', rules='["boot"]')
    before = built_in().identify(Sighting(path, FILE, b""))
    after = user(text).identify(Sighting(path, FILE, b""))
    assert before is not None
    assert after == before


def test_nor_is_a_dirty_swap_file_weakened() -> None:
    text = entry(where='["/srv/.a.swp"]', policy='"break"', rules='["boot"]')
    found = user(text).identify(Sighting(b"/srv/.a.swp", FILE, None))
    assert found is not None
    assert found.policy is Policy.NEVER


def test_a_stricter_format_of_ones_own_counts() -> None:
    found = user(entry(where='["/run/nginx.pid"]', policy='"never"')).identify(
        Sighting(b"/run/nginx.pid", FILE, b"4711\n", size=5)
    )
    assert found is not None
    assert found.policy is Policy.NEVER


def test_the_machine_counts_before_the_person() -> None:
    system = read_bytes(entry("theirs", policy='"never"').encode(), b"a.toml", Tier.SYSTEM)
    own = read_bytes(
        entry("own", policy='"ask"', where='["/srv/mine-1.lock"]').encode(), b"b.toml", Tier.USER
    )
    registry = Registry((*built_in().formats, *own.formats, *system.formats))
    assert name_at(registry, b"/srv/mine-1.lock", content=b"") == "theirs"


def test_loading_from_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(os.fsdecode(user_folder()))
    assert str(folder).startswith(os.environ["XDG_CONFIG_HOME"])
    folder.mkdir(parents=True)
    (folder / "a.toml").write_text(entry())
    (folder / "b.toml").write_text("[[format]]\nname = 3\n")
    (folder / "c.toml").write_text("this is [ no toml\n")
    (folder / "d.toml").write_text(entry("git-lock"))
    (folder / "e.toml").mkdir()
    os.mkfifo(folder / "f.toml")
    (folder / "g.toml").write_bytes(b"\xff\xfe")
    (folder / "h.toml").write_text("# nothing\n")
    (folder / "i.toml").write_text(entry("other") + entry("other"))
    (folder / "notes.txt").write_text("not read")
    (folder / "j.toml").symlink_to(folder / "nowhere")
    (folder / "k.toml").write_bytes(b"#" * (1 << 21))
    registry = load()
    assert registry.get("my-lock") is not None
    assert registry.get("other") is not None
    assert registry.get("git-lock") == built_in().get("git-lock")
    files = {os.path.basename(problem.path).decode() for problem in registry.problems}
    assert files == {f"{letter}.toml" for letter in "bcdefghijk"}
    assert len(registry.formats) == len(built_in().formats) + 2
    missing = load([(Tier.USER, os.fsencode(tmp_path / "nowhere"))])
    assert missing.problems == ()


def test_the_built_in_files_travel_with_the_package() -> None:
    """They are found through importlib, beside the module, whatever the working directory is."""
    folder = Path(racewatch.kinds.locks.__file__).parent / "formats"
    assert len(list(folder.glob("*.toml"))) >= 10
    assert len(built_in().formats) > 100


# --- the check ---------------------------------------------------------------------------------------

MISTAKES = [
    ("colour", '"red"', "no such key"),
    ("policy", '"delete"', "wanted one of break, ask, tool, never"),
    ("mechanism", '["magic"]', "wanted one of"),
    ("mechanism", '"flock"', "wanted a list of"),
    ("where", '["a/**"]', "** cannot be the last component"),
    ("where", '["<a.lock"]', "opens or closes nothing"),
    ("where", '["*"]', "fits almost any name"),
    ("where", '["<pid:number>-x.lock"]', "wanted <name>"),
    ("where", "[]", "wanted a list of patterns"),
    ("rules", '["pid-identity"]', "needs a pid"),
    ("rules", '["lock-free"]', "needs flock, posix or ofd"),
    ("rules", '["heartbeat"]', "needs refresh_period"),
    ("rules", '["none", "boot"]', "none stands alone"),
    ("rules", '["age"]', "wanted one of"),
    ("title", "3", "wanted a text"),
    ("title", '" "', "wanted a text"),
    ("name", '"My Lock"', "wanted small letters"),
    ("permanent", '"yes"', "wanted true or false"),
    ("read_limit", "-1", "wanted a whole number"),
    ("refresh_period", "0", "wanted a number of seconds"),
    ("generic", "true", "only the formats that come with racewatch"),
    ("content.regex", '"(a+)+"', "a repeated group"),
    ("content.regex", '"["', "no regular expression"),
    ("content.parser", '"mine"', "wanted one of"),
    ("content.grammar", '"x"', "no such key"),
    ("recognised.by_content", "true", "needs content"),
    ("recognised.held", '"symlink"', "wanted flock, posix or ofd"),
    ("companions", '["a"]', "wanted a list of tables"),
    ("companions", '[{ role = "together", where = "/etc/passwd" }]', "is in the lock's folder"),
    ("companions", '[{ role = "together", where = "../x" }]', "is in the lock's folder"),
    ("companions", '[{ role = "together", where = "*.sock" }]', "one name, without *"),
    ("companions", '[{ role = "together", where = "{datadir}/x" }]', "is not known here"),
    ("companions", '[{ role = "tested" }]', "missing"),
    ("breaker", '{ where = "../x", mechanism = "symlink" }', "a name beside the lock"),
    ("tools", '["fix {nothing}"]', "is not known here"),
    ("dirty_policy", '"break"', "must be stricter"),
    ("children", '["a"]', "only a directory has children"),
    ("type", '["socket"]', "a lock is a file"),
]  # fmt: skip


@pytest.mark.parametrize(("key", "value", "message"), MISTAKES)
def test_each_mistake_is_told_with_line_and_key(tmp_path: Path, key: str, value: str, message: str) -> None:
    text = "# formats of mine\n\n" + entry("fine") + "\n" + entry("wrong", **{key: value})
    path = tmp_path / "mine.toml"
    path.write_text(text)
    problems = check_file(os.fsencode(path))
    assert problems
    told = next(problem for problem in problems if message in problem.message)
    assert told.format is not None
    if key != "name":
        assert told.format == "wrong"
    assert told.key is not None
    assert told.key.split(".")[0] == key.split(".", maxsplit=1)[0]
    lines = text.splitlines()
    assert told.line is not None
    assert lines[told.line - 1].startswith(f"{key} = ")
    assert f"line {told.line}" in str(told)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"policy": '"break"'}, "needs a rule that proves"),
        ({"policy": '"break"', "rules": '["none"]'}, "needs a rule that proves"),
        ({"policy": '"tool"'}, "needs the command"),
        ({"policy": '"break"', "rules": '["boot"]', "checked": "false"}, "never more than ask"),
        ({"policy": '"ask"', "mechanism": '["data"]'}, "data and decoys are never removed"),
        ({"policy": '"ask"', "permanent": "true"}, "what is meant to stay is not removed"),
        ({"policy": '"break"', "rules": '["boot"]', "mechanism": '["flock"]'}, "only lock-free"),
        ({"never_open": "true", "content": '{ parser = "pid" }'}, "has no content to read"),
        ({"title": ""}, "missing"),
    ],
)
def test_contradictions_are_mistakes(tmp_path: Path, keys: dict[str, str], message: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(entry(**keys))
    told = [problem for problem in check_file(os.fsencode(path)) if message in problem.message]
    assert told
    assert told[0].line is not None


def test_syntax_errors_have_their_line(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(entry() + "title = [\n")
    (problem,) = check_file(os.fsencode(path))
    assert problem.line is not None
    path.write_text('formats = 3\n[[format]]\nname = """\nformat = 3\n"""\n')
    assert {problem.key for problem in check_file(os.fsencode(path))} >= {"formats", "name"}


def test_a_taken_name_is_told(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(entry("git-lock"))
    (problem,) = check_file(os.fsencode(path))
    assert (problem.key, problem.line) == ("name", 2)


@settings(max_examples=150, deadline=2000)
@given(
    st.dictionaries(
        st.sampled_from([
            "name", "where", "type", "mechanism", "policy", "rules", "content", "companions", "tools", "breaker",
            "recognised", "read_limit", "checked", "children", "host", "listed", "x",
        ]),
        st.sampled_from([
            "3", "true", '""', '"a"', "[]", "[3]", '["a"]', "{}", "{ a = 1 }", "[{}]", "[[]]", "1.5", "nan",
            "2020-01-01", "{ regex = 3 }", '[{ role = 3, where = "{x}" }]', '["\\u0000"]', "{ where = [] }",
        ]),
    )
)  # fmt: skip
def test_no_value_upsets_the_check(keys: dict[str, str]) -> None:
    result = read_bytes(entry(**keys).encode(), b"mine.toml", Tier.USER)
    assert len(result.formats) <= 1
    assert result.formats or result.problems


@settings(max_examples=150, deadline=2000)
@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda text: text.encode("utf-8", "replace")))
def test_no_bytes_upset_the_check(raw: bytes) -> None:
    result = read_bytes(raw, b"mine.toml", Tier.USER)
    assert result.problems


def test_the_example_of_the_documentation_is_valid_and_every_key_is_explained() -> None:
    from racewatch.kinds.locks.entry import _KNOWN

    text = (Path(racewatch.kinds.locks.__file__).parent / "formats" / "README.md").read_text()
    example = re.search(r"```toml\n(.*?)```", text, re.DOTALL)
    assert example is not None
    result = read_bytes(example[1].encode(), b"README.md", Tier.USER)
    assert [str(problem) for problem in result.problems] == []
    assert {one.name for one in result.formats} == {"acme-builder-lock"}
    undocumented = {key for key in _KNOWN if f"`{key}`" not in text} - {"generic"}
    assert undocumented == set()
