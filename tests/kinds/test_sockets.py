"""The socket kind on real sockets: every state has its verdict, label and evidence."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from racewatch.core.model import KindName, Observation, Problem, Removable, Says, Target, Verdict
from racewatch.kinds.sockets import SocketPolicy, SocketsKind

STREAM, DGRAM, SEQPACKET = socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: mounts, namespaces, other users")


class Sandbox:
    """A folder of real sockets, closed at the end of the test."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        self._stack = stack

    def path(self, name: str) -> bytes:
        return os.fsencode(self.folder / name)

    def bind(self, name: str, kind: int = STREAM, listen: int | None = None) -> socket.socket:
        made = self._stack.enter_context(socket.socket(socket.AF_UNIX, kind))
        made.bind(self.path(name))
        if listen is not None:
            made.listen(listen)
        return made

    def dead(self, name: str, kind: int = STREAM) -> None:
        with socket.socket(socket.AF_UNIX, kind) as made:
            made.bind(self.path(name))

    def keep(self, made: socket.socket) -> socket.socket:
        return self._stack.enter_context(made)


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with ExitStack() as stack:
        yield Sandbox(tmp_path, stack)


def look(path: bytes, kind: SocketsKind | None = None) -> Observation:
    seen = (kind or SocketsKind()).look(Target(KindName.SOCKET, path))
    assert seen is not None
    return seen


def scan(folder: Path, kind: SocketsKind | None = None) -> dict[str, Observation]:
    found = (kind or SocketsKind()).scan([os.fsencode(folder)])
    return {
        os.fsdecode(os.path.relpath(one.path or b"", os.fsencode(folder))): one
        for one in found
        if isinstance(one, Observation)
    }


def make_states(sandbox: Sandbox) -> None:
    sandbox.bind("listening", listen=5)
    sandbox.bind("seqpacket", SEQPACKET, listen=5)
    sandbox.bind("datagram", DGRAM)
    sandbox.bind("not-listening")
    sandbox.bind("hung", listen=0)
    sandbox.keep(socket.socket(socket.AF_UNIX)).connect(sandbox.path("hung"))
    sandbox.bind("shut-down", listen=5).shutdown(socket.SHUT_RDWR)
    peer = sandbox.bind("peer", DGRAM)
    sandbox.bind("connected", DGRAM).connect(peer.getsockname())
    for name, kind in (("dead-stream", STREAM), ("dead-datagram", DGRAM), ("dead-seqpacket", SEQPACKET)):
        sandbox.dead(name, kind)


@pytest.mark.parametrize(
    ("name", "verdict", "label", "removable"),
    [
        ("listening", Verdict.LIVE, "listening", Removable.NEVER),
        ("seqpacket", Verdict.LIVE, "listening", Removable.NEVER),
        ("datagram", Verdict.LIVE, "bound", Removable.NEVER),
        ("not-listening", Verdict.LIVE, "bound, not listening", Removable.NEVER),
        ("hung", Verdict.LIVE, "hung", Removable.NEVER),
        ("shut-down", Verdict.LIVE, "shut down", Removable.NEVER),
        ("connected", Verdict.LIVE, "connected", Removable.NEVER),
        ("dead-stream", Verdict.STALE, "dead socket", Removable.YES),
        ("dead-datagram", Verdict.STALE, "dead socket", Removable.YES),
        ("dead-seqpacket", Verdict.STALE, "dead socket", Removable.YES),
    ],
)
def test_every_state_has_its_verdict(
    sandbox: Sandbox, name: str, verdict: Verdict, label: str, removable: Removable
) -> None:
    make_states(sandbox)
    for seen in (look(sandbox.path(name)), scan(sandbox.folder)[name]):
        assert (seen.verdict, seen.label, seen.removable) == (verdict, label, removable)
        assert seen.evidence
        assert seen.summary.endswith(".")


def test_looking_wakes_nobody(sandbox: Sandbox) -> None:
    server = sandbox.bind("s", listen=5)
    server.setblocking(False)
    kind = SocketsKind()
    for _ in range(200):
        look(sandbox.path("s"), kind)
    with pytest.raises(BlockingIOError):
        server.accept()


def test_the_owner_is_named_with_its_start(sandbox: Sandbox) -> None:
    sandbox.bind("s", listen=1)
    owner = look(sandbox.path("s")).owner
    assert owner is not None
    assert owner.pid == os.getpid()
    assert owner.start_ticks > 0
    assert "python" in owner.command


def test_an_owner_that_died_is_not_named_again(sandbox: Sandbox) -> None:
    """The book of owners must not answer from memory for a process that has gone."""
    kind = SocketsKind()
    made = sandbox.bind("s", listen=1)
    code = "import sys; sys.stdin.read()"
    child = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, pass_fds=[made.fileno()])
    try:
        first = look(sandbox.path("s"), kind)
        assert first.owner is not None
        assert {first.owner.pid, *(one.pid for one in first.others)} == {os.getpid(), child.pid}
    finally:
        child.communicate()
    again = look(sandbox.path("s"), kind)
    assert again.owner is not None
    assert (again.owner.pid, again.others) == (os.getpid(), ())


def test_a_fingerprint_names_an_incarnation_in_a_state(sandbox: Sandbox) -> None:
    path = sandbox.path("s")
    server = sandbox.bind("s", listen=1)
    alive = look(path).fingerprint
    assert look(path).fingerprint == alive
    server.close()
    dead = look(path).fingerprint
    assert dead != alive
    os.chmod(path, 0o600)
    assert look(path).fingerprint == dead
    os.unlink(path)
    sandbox.dead("s")
    assert look(path).fingerprint != dead


def test_a_name_that_is_lost_is_a_row(sandbox: Sandbox) -> None:
    sandbox.bind("gone", listen=1)
    os.unlink(sandbox.path("gone"))
    sandbox.bind("stolen", listen=1)
    os.unlink(sandbox.path("stolen"))
    sandbox.bind("stolen", listen=1)
    sandbox.bind("renamed", listen=1)
    os.rename(sandbox.path("renamed"), sandbox.path("still-here"))
    found = [one for one in SocketsKind().scan([os.fsencode(sandbox.folder)]) if isinstance(one, Observation)]
    lost = sorted(
        (os.path.basename(one.path or b""), one.label)
        for one in found
        if one.target.locator.startswith(b"lost:")
    )
    assert lost == [(b"gone", "listening, name lost"), (b"stolen", "listening, name lost")]
    for one in found:
        assert one.verdict is Verdict.LIVE
        if one.target.locator.startswith(b"lost:"):
            assert one.removable is Removable.NEVER
            assert "restart" in (one.remedy or "")
            again = SocketsKind().look(one.target)
            assert again is not None
            assert again.fingerprint == one.fingerprint


@pytest.mark.parametrize("count", [3, 40])
def test_a_name_that_goes_with_its_socket_while_one_looks_is_not_lost(sandbox: Sandbox, count: int) -> None:
    """The kernel was asked for its list before; many are asked about in another way than few."""
    closing = [sandbox.bind(f"closing{number}", listen=1) for number in range(count)]
    staying = [sandbox.bind(f"lost{number}", listen=1) for number in range(count)]
    for number in range(count):
        os.unlink(sandbox.path(f"lost{number}"))
    sandbox.dead("a first one")
    looks = SocketsKind().scan([os.fsencode(sandbox.folder)])
    found = [next(looks)]
    for number, one in enumerate(closing):
        one.close()
        os.unlink(sandbox.path(f"closing{number}"))
    found += looks
    lost = [one for one in found if isinstance(one, Observation) and one.target.path is None]
    assert len(lost) == len(staying)


def test_at_first_sight_only_a_bound_one_is_live(sandbox: Sandbox) -> None:
    sandbox.bind("live", listen=1)
    sandbox.dead("dead")
    (sandbox.folder / "file").touch()
    names = (b"live", b"dead", b"file", b"nothing")
    kind = SocketsKind(exclude=[b"*/excluded"])
    sandbox.dead("excluded")
    folder = os.fsencode(sandbox.folder)
    found = {one.path: one for one in kind.first_sight({folder: (*names, b"excluded"), b"/nowhere": names})}
    assert found.keys() == {sandbox.path("live"), sandbox.path("dead")}
    for one in found.values():
        assert one.label == "being looked at"
        assert one.fingerprint != look(one.target.locator).fingerprint
    live, dead = found[sandbox.path("live")], found[sandbox.path("dead")]
    assert (live.verdict, live.removable) == (Verdict.LIVE, Removable.NEVER)
    assert (dead.verdict, dead.removable) == (Verdict.UNKNOWN, Removable.OVERRIDE)


def test_connections_that_outlive_their_listener_do_not_keep_the_name(sandbox: Sandbox) -> None:
    server = sandbox.bind("s", listen=1)
    client = sandbox.keep(socket.socket(socket.AF_UNIX))
    client.connect(sandbox.path("s"))
    sandbox.keep(server.accept()[0])
    server.close()
    assert look(sandbox.path("s")).verdict is Verdict.STALE


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that other users can reach (pytest's own folders are private)."""
    with tempfile.TemporaryDirectory() as made:
        os.chmod(made, 0o755)
        yield Path(made)


def _as_nobody(code: str, *arguments: object) -> str:
    """Run Python code as an unprivileged user; what it imports is loaded before the privilege is dropped."""
    become = (
        "import os, sys\n"
        "from racewatch.core.model import KindName, Target\n"
        "from racewatch.kinds.sockets import SocketsKind\n"
        "os.setgroups([]); os.setresgid(65534, 65534, 65534); os.setresuid(65534, 65534, 65534)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", become + code, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@needs_root
def test_no_permission_is_unknown_and_says_who_could_see(public: Path) -> None:
    """As another user: a dead socket may not be asked; a live one is proved by the kernel's table."""
    with ExitStack() as stack:
        sandbox = Sandbox(public, stack)
        sandbox.dead("dead")
        sandbox.bind("live", listen=1)
        for name in ("dead", "live"):
            os.chmod(sandbox.path(name), 0o600)
        printed = _as_nobody(
            "for one in SocketsKind().scan([os.fsencode(sys.argv[1])]):\n"
            "    print(os.path.basename(one.path).decode(), one.verdict, one.label, one.removable, sep='|')\n"
            "    print(one.summary)\n",
            public,
        )
    assert "dead|unknown|no permission|override" in printed
    assert "live|live|listening|never" in printed
    assert "root can see" in printed


def test_a_policy_of_several_looks_waits_for_them(sandbox: Sandbox) -> None:
    sandbox.dead("s")
    slept: list[float] = []
    policy = SocketPolicy(dead_looks=3, looks_apart=0.0)
    seen = look(sandbox.path("s"), SocketsKind(policy, sleep=slept.append))
    assert (seen.verdict, len(slept)) == (Verdict.STALE, 2)
    quick = SocketsKind(policy, patient=False, sleep=slept.append)
    labels = [look(sandbox.path("s"), quick).label for _ in range(4)]
    assert labels == ["being watched", "being watched", "dead socket", "dead socket"]
    scanned = SocketsKind(policy, sleep=slept.append)
    assert scan(sandbox.folder, scanned)["s"].verdict is Verdict.STALE


def test_looks_too_close_together_do_not_count(sandbox: Sandbox) -> None:
    sandbox.dead("s")
    quick = SocketsKind(SocketPolicy(dead_looks=2, looks_apart=3600.0), patient=False)
    assert {look(sandbox.path("s"), quick).label for _ in range(5)} == {"being watched"}


def test_a_new_incarnation_starts_the_count_anew(sandbox: Sandbox) -> None:
    quick = SocketsKind(SocketPolicy(dead_looks=2, looks_apart=0.0), patient=False)
    sandbox.dead("s")
    look(sandbox.path("s"), quick)
    os.unlink(sandbox.path("s"))
    sandbox.dead("s")
    assert look(sandbox.path("s"), quick).label == "being watched"


def test_a_minimum_age_is_demanded(sandbox: Sandbox) -> None:
    sandbox.dead("s")
    young = look(sandbox.path("s"), SocketsKind(SocketPolicy(min_age=3600.0)))
    assert (young.verdict, young.label, young.removable) == (
        Verdict.UNKNOWN,
        "too young",
        Removable.OVERRIDE,
    )
    assert look(sandbox.path("s"), SocketsKind(SocketPolicy(min_age=0.0))).verdict is Verdict.STALE


HOSTILE = (
    b"new\nline",
    b"\x1b[31mred\x1b[0m",
    b"<b>bold",
    "\u202egnp.exe".encode(),
    b"\xff\xfe",
    b" ",
    b"-rf",
    b"lost:1:",
)


@pytest.mark.parametrize("name", HOSTILE, ids=repr)
def test_hostile_names_are_only_names(tmp_path: Path, name: bytes) -> None:
    path = os.path.join(os.fsencode(tmp_path), name)
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(path)
    (one,) = SocketsKind().scan([os.fsencode(tmp_path)])
    assert isinstance(one, Observation)
    assert (one.path, one.verdict) == (path, Verdict.STALE)


def test_a_path_longer_than_an_address(tmp_path: Path) -> None:
    deep = os.fsencode(tmp_path)
    for _ in range(12):
        deep = os.path.join(deep, b"d" * 60)
    os.makedirs(deep)
    here = os.open(deep, os.O_PATH)
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(b"/proc/self/fd/%d/live" % here)
            made.listen(1)
            with socket.socket(socket.AF_UNIX) as other:
                other.bind(b"/proc/self/fd/%d/dead" % here)
            states = {
                os.path.basename(one.path or b""): one.verdict
                for one in SocketsKind().scan([os.fsencode(tmp_path)])
                if isinstance(one, Observation) and one.path and one.path.startswith(deep)
            }
    finally:
        os.close(here)
    assert states == {b"live": Verdict.LIVE, b"dead": Verdict.STALE}


def _problems(roots: list[bytes], **options: int) -> list[Problem]:
    return [one for one in SocketsKind(**options).scan(roots) if isinstance(one, Problem)]  # type: ignore[arg-type]  # one int option


def test_bad_roots_are_problems(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    missing = os.fsencode(tmp_path / "missing")
    link = tmp_path / "link"
    link.symlink_to(link)
    reasons = {one.path: one.reason for one in _problems([missing, os.fsencode(file), os.fsencode(link)])}
    assert reasons[missing] == "is not there"
    assert reasons[os.fsencode(file)] == "is not a directory"
    assert "link" in reasons[os.fsencode(link)]


def test_links_below_a_root_are_not_followed(sandbox: Sandbox) -> None:
    (sandbox.folder / "loop").symlink_to(sandbox.folder)
    sandbox.dead("s")
    (sandbox.folder / "s-link").symlink_to(sandbox.folder / "s")
    assert list(scan(sandbox.folder)) == ["s"]


def test_a_huge_directory_is_shown_as_partial(sandbox: Sandbox) -> None:
    for number in range(50):
        sandbox.dead(f"s{number}")
    kind = SocketsKind(max_entries=20)
    found = list(kind.scan([os.fsencode(sandbox.folder)]))
    assert 0 < sum(isinstance(one, Observation) for one in found) <= 20
    (problem,) = [one for one in found if isinstance(one, Problem)]
    assert "only partly" in problem.reason


def test_excluded_places_are_left_out(sandbox: Sandbox) -> None:
    sandbox.dead("s")
    sandbox.dead("t")
    assert list(scan(sandbox.folder, SocketsKind(exclude=[b"*/t"]))) == ["s"]


def test_the_root_of_a_container_is_looked_into_only_when_it_is_named(sandbox: Sandbox) -> None:
    (sandbox.folder / "bundle" / "rootfs" / "run").mkdir(parents=True)
    (sandbox.folder / "rootfs").mkdir()
    sandbox.dead("bundle/rootfs/run/inside")
    sandbox.dead("bundle/beside")
    sandbox.dead("rootfs/just-a-name")
    everything = {"bundle/rootfs/run/inside", "bundle/beside", "rootfs/just-a-name"}
    assert set(scan(sandbox.folder)) == everything
    (sandbox.folder / "bundle" / "config.json").write_text("{}")
    assert set(scan(sandbox.folder)) == everything - {"bundle/rootfs/run/inside"}
    assert set(scan(sandbox.folder / "bundle" / "rootfs")) == {"run/inside"}


def _in_mount_namespace(code: str, *arguments: str) -> str:
    """Run Python code in mount and network namespaces of its own; returns what it printed."""
    done = subprocess.run(
        ["unshare", "--mount", "--net", "--propagation", "private", sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


OVERLAY = """
import os, socket, subprocess, sys
base = sys.argv[1]
for name in ("lower", "upper", "work", "merged"):
    os.mkdir(f"{base}/{name}")
subprocess.run(["mount", "-t", "overlay", "overlay", "-o",
    f"lowerdir={base}/lower,upperdir={base}/upper,workdir={base}/work", f"{base}/merged"], check=True)
live = socket.socket(socket.AF_UNIX); live.bind(f"{base}/merged/live"); live.listen(1)
socket.socket(socket.AF_UNIX).bind(f"{base}/merged/dead")
from racewatch.kinds.sockets import SocketsKind
for where in ("upper", "merged"):
    for one in SocketsKind().scan([f"{base}/{where}".encode()]):
        print(where, os.path.basename(one.path).decode(), one.verdict, one.removable)
subprocess.run(["umount", f"{base}/merged"], check=False)
"""


@needs_root
def test_below_an_overlay_layer_nothing_is_stale(tmp_path: Path) -> None:
    """A live socket bound through the merged mount answers ECONNREFUSED through the upper directory."""
    lines = set(_in_mount_namespace(OVERLAY, str(tmp_path)).splitlines())
    assert "upper live live never" in lines  # asked through the merged mount
    assert "merged live live never" in lines
    assert "upper dead unknown override" in lines
    assert "merged dead unknown override" in lines


FUSE = """
import os, socket, subprocess, sys
base = sys.argv[1]
os.mkdir(f"{base}/data"); os.mkdir(f"{base}/view")
subprocess.run(["bindfs", f"{base}/data", f"{base}/view"], check=True)
live = socket.socket(socket.AF_UNIX); live.bind(f"{base}/view/live"); live.listen(1)
socket.socket(socket.AF_UNIX).bind(f"{base}/view/dead")
from racewatch.kinds.sockets import SocketsKind
for where in ("data", "view"):
    for one in SocketsKind().scan([f"{base}/{where}".encode()]):
        print(where, os.path.basename(one.path).decode(), one.verdict)
subprocess.run(["umount", "-l", f"{base}/view"], check=False)
"""


@needs_root
@pytest.mark.skipif(not os.path.exists("/dev/fuse"), reason="no /dev/fuse: FUSE cannot be tried here")
def test_on_and_below_fuse_nothing_is_stale(tmp_path: Path) -> None:
    lines = set(_in_mount_namespace(FUSE, str(tmp_path)).splitlines())
    assert "view live live" in lines
    assert "view dead unknown" in lines
    assert lines & {"data live live", "data live unknown"}
    assert "data dead unknown" in lines


@needs_root
def test_a_mount_on_the_name_is_never_removed(tmp_path: Path) -> None:
    code = """
import os, socket, subprocess, sys
base = sys.argv[1]
socket.socket(socket.AF_UNIX).bind(f"{base}/dead")
socket.socket(socket.AF_UNIX).bind(f"{base}/other")
subprocess.run(["mount", "--bind", f"{base}/other", f"{base}/dead"], check=True)
from racewatch.kinds.sockets import SocketsKind
for one in SocketsKind().scan([base.encode()]):
    print(os.path.basename(one.path).decode(), one.verdict, one.label, one.removable, sep="|")
"""
    lines = set(_in_mount_namespace(code, str(tmp_path)).splitlines())
    assert "dead|unknown|mounted over|never" in lines
    assert "other|stale|dead socket|yes" in lines


SERVER = """
import socket, sys
made = socket.socket(socket.AF_UNIX); made.bind(sys.argv[1]); made.listen(1)
print("ready", flush=True)
sys.stdin.read()
"""


@needs_root
def test_a_server_in_another_network_namespace_is_live(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with subprocess.Popen(
        ["unshare", "--net", sys.executable, "-c", SERVER, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as child:
        assert child.stdout is not None
        assert child.stdin is not None
        assert child.stdout.readline() == b"ready\n"
        seen = look(os.fsencode(path))
        child.stdin.close()
    assert (seen.verdict, seen.label) == (Verdict.LIVE, "bound elsewhere")
    assert any(one.source == "/proc/PID/net/unix" for one in seen.evidence)
    assert look(os.fsencode(path)).verdict is Verdict.STALE


@needs_root
def test_what_cannot_be_reached_is_not_called_gone(public: Path) -> None:
    closed = public / "closed"
    closed.mkdir(mode=0o700)
    printed = _as_nobody(
        "one = SocketsKind().look(Target(KindName.SOCKET, os.fsencode(sys.argv[1]) + b'/s'))\n"
        "print(one.verdict, one.label, one.removable, sep='|')\n"
        "print(*SocketsKind().scan([os.fsencode(sys.argv[1])]))\n",
        closed,
    )
    assert "unknown|cannot see|never" in printed
    assert "may not be read by this user; root can" in printed


def test_evidence_of_death_is_on_top(sandbox: Sandbox) -> None:
    sandbox.dead("s")
    first = look(sandbox.path("s")).evidence[0]
    assert (first.check, first.says) == ("bound", Says.STALE)
    assert "ECONNREFUSED" in first.detail
