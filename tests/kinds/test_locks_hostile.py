"""Looks at names that are anything but the lock they are called: no crash, no hang, nothing opened, little memory."""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from racewatch.core.act import act
from racewatch.core.journal import Journal
from racewatch.core.model import (
    ActRequest,
    KindName,
    Observation,
    OutcomeWord,
    Problem,
    Removable,
    Target,
    Verdict,
)
from racewatch.core.undo import undo
from racewatch.kinds.locks.format import FileType
from racewatch.kinds.locks.registry import built_in
from tests.kernel.support import become_nobody, in_child, needs_root
from tests.kinds.locks_support import kind, look

GIB = 1 << 30
MOST_MEMORY = 64 << 20
IN_OPEN = 0x20
_libc = ctypes.CDLL(None, use_errno=True)

# A name that each of the built-in formats knows, and what no format knows.
NAMES = (
    *(
        ".notes.txt.swp",
        ".#notes.txt",
        "#notes.txt#",
        ".~lock.letter.odt#",
        ".lock",
        "lock",
        "LOCK",
        "a.lock",
        "a.lck",
    ),
    *(
        ".git/index.lock",
        ".git/index~pid.lock",
        ".git/gc.pid",
        ".hg/wlock",
        ".hg/store/lock",
        ".hg/wlock.break",
    ),
    *("db/write-lock", "locks/db.lock", ".svn/wc.db", f"locks/{'0f' * 32}", "lock.exclusive", "lock.roster"),
    *(
        "lock.exclusive/vm@1.2-0",
        "postmaster.pid",
        ".s.PGSQL.5432.lock",
        "redis.pid",
        "nodes.conf",
        "mysqld.pid",
    ),
    *("mysqld.sock.lock", "mongod.lock", "data-journal", "data-wal", "data-shm", "lock-frontend", "db.lck"),
    *("metadata_lock.pid", ".rpm.lock", "etc/passwd.lock", "etc/passwd.4711", "etc/.pwd.lock", "nginx.pid"),
    *("gunicorn.pid", "celery.pid", "tmp/pids/server.pid", "docker.pid", "jpserver-1.json", ".X9-lock"),
    *("Xauthority-c", "wayland-0.lock", "pipewire-0.lock", "pulse/pid", "SingletonLock", "SingletonSocket"),
    *(".parentlock", "tmux-0/default.lock", ".#lk0x00ff.vm.4711", "LCK..ttyS0", ".context/hub/.sync.lock"),
    *("hsperfdata_root/4711", "no lock at all", "a\x1b[31m\n.lock", "\udcff.lock", "n" * 250 + ".lock"),
)


def target_of(path: bytes) -> Target:
    return Target(KindName.LOCK, path)


# Where a lock may be a folder; the others are as good as these.
FOLDERS = ("lock.exclusive", "a.lock", "lock", ".git/index.lock", "no lock at all")


def _paths(folder: Path, what: str = "") -> list[bytes]:
    """The names below this folder, with the folders that they need."""
    found = []
    for name in FOLDERS if what == "crowded directory" else NAMES:
        path = folder / name
        if path.name == "vm@1.2-0":
            path = folder / "inner" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        found.append(os.fsencode(path))
    return found


def _make(what: str, path: bytes) -> None:
    if what == "fifo":
        os.mkfifo(path)
    elif what == "socket":
        os.mknod(path, 0o644 | stat.S_IFSOCK)
    elif what in ("null", "endless", "disk"):
        kinds = {
            "null": (stat.S_IFCHR, (1, 3)),
            "endless": (stat.S_IFCHR, (1, 5)),
            "disk": (stat.S_IFBLK, (7, 200)),
        }
        type_, device = kinds[what]
        os.mknod(path, 0o644 | type_, os.makedev(*device))
    elif what == "directory":
        os.mkdir(path)
    elif what == "crowded directory":
        os.mkdir(path)
        for number in range(300):
            os.mkdir(path + b"/%d.lock" % number)
    elif what == "loop":
        os.symlink(os.path.basename(path), path)
    elif what == "long link":
        os.symlink(b"x" * 4000, path)
    elif what == "link to an endless device":
        os.symlink(b"/dev/zero", path)
    elif what == "noise":
        with open(path, "wb") as made:
            made.write(os.urandom(100_000))
    elif what == "digits":
        with open(path, "wb") as made:
            made.write(b"9" * 100_000)
    elif what == "no line ends":
        with open(path, "wb") as made:
            made.write(b"\0" * 5000 + b"{" * 5000 + b"[" * 90_000)
    else:
        with open(path, "wb") as made:
            made.truncate(10 * GIB)


KINDS = (
    *("fifo", "socket", "null", "endless", "disk", "directory", "crowded directory", "loop", "long link"),
    *("link to an endless device", "noise", "digits", "no line ends", "sparse"),
)


@contextmanager
def opens_of(paths: list[bytes]) -> Iterator[list[int]]:
    """Counts who opens (really opens, not only by O_PATH) one of these, by inotify."""
    counted = [0]
    watcher = _libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    assert watcher >= 0
    try:
        for path in paths:
            assert _libc.inotify_add_watch(watcher, path, IN_OPEN) >= 0, os.strerror(ctypes.get_errno())
        yield counted
        try:
            counted[0] = len(os.read(watcher, 65536))
        except BlockingIOError:
            counted[0] = 0
    finally:
        os.close(watcher)


@contextmanager
def deadline(seconds: int) -> Iterator[None]:
    """A look that hangs (in open, in read) is interrupted, and fails."""

    def late(number: int, frame: object) -> None:
        raise AssertionError(f"a look hangs for {seconds} s")

    before = signal.signal(signal.SIGALRM, late)
    left = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, *left)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("what", KINDS)
def test_names_of_locks_that_mean_something_else(tmp_path: Path, what: str) -> None:
    paths = _paths(tmp_path, what)
    made = []
    for path in paths:
        if os.path.lexists(path):
            continue  # a folder that another name needs
        try:
            _make(what, path)
        except PermissionError:
            pytest.skip("device nodes are root's to make")
        made.append(path)
    untouchable = what in ("fifo", "null", "endless", "disk")
    looker = kind()
    with opens_of(made if untouchable else []) as opened, deadline(60):
        seen = {path: looker.look(target_of(path)) for path in made}
        rows = [
            one
            for one in looker.scan_below([os.fsencode(tmp_path)])
            if isinstance(one, Problem) or one.target.locator in seen
        ]
    assert opened == [0], "a FIFO or a device was opened"
    for path, one in seen.items():
        assert one is not None, path
        assert one.verdict is not Verdict.STALE, one
        assert one.removable is not Removable.YES, one
        assert one.evidence is not None
    assert not [one for one in rows if isinstance(one, Problem)]
    assert not [one for one in rows if isinstance(one, Observation) and one.verdict is Verdict.STALE]
    # A scan shows no FIFO, device or socket as a lock.
    if untouchable or what == "socket":
        assert not rows
        assert all(one is not None and one.removable is Removable.NEVER for one in seen.values())


def test_every_format_has_a_name_here(tmp_path: Path) -> None:
    """The list above is worth something only while formats are found by it."""
    registry = built_in()
    matches = (registry.match(path, type_) for path in _paths(tmp_path) for type_ in FileType)
    found = {one.name for one in matches if one is not None}
    assert len(found) > 45, sorted(found)


_MEASURE = r"""
import os, sys
from racewatch.core.model import KindName, Target
from racewatch.kinds.locks import LocksKind
from racewatch.kinds.locks.format import FileType
from racewatch.kinds.locks.registry import built_in

def peak():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")) * 1024

folder = os.fsencode(sys.argv[1])
kind = LocksKind(built_in(), well_known_places=False)
kind.look(Target(KindName.LOCK, folder))
before = peak()
paths = [path for path in os.fsencode(sys.stdin.read()).split(b"\0") if path]
for path in paths:
    kind.look(Target(KindName.LOCK, path))
rows = len(list(kind.scan_below([folder])))
print(peak() - before, len(paths), rows)
"""


@pytest.mark.parametrize("what", ["sparse", "no line ends", "crowded directory"])
def test_memory_stays_small(tmp_path: Path, what: str) -> None:
    paths = _paths(tmp_path, what)
    for path in paths:
        if not os.path.lexists(path):
            _make(what, path)
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE, str(tmp_path)],
        cwd=root,
        input=b"\0".join(paths),
        capture_output=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    grown, looked, rows = map(int, done.stdout.split())
    assert looked == len(paths)
    assert rows
    assert grown < MOST_MEMORY


def test_a_huge_lock_is_set_aside_not_copied(tmp_path: Path) -> None:
    """git's index.lock may be as large as it likes: it is moved, and moved back, and never read whole."""
    (tmp_path / ".git").mkdir()
    path = os.fsencode(tmp_path / ".git" / "index.lock")
    _make("sparse", path)
    before = os.lstat(path)
    looker = kind()
    with closing(Journal(os.fsencode(tmp_path / "state"))) as journal, deadline(20):
        seen = looker.look(target_of(path))
        assert seen is not None
        assert seen.format == "git-lock"
        request = ActRequest(seen.target, seen.fingerprint, override=True)
        outcome = act(request, looker.procedure(seen.target), journal)
        assert outcome.word is OutcomeWord.DONE, outcome.summary
        assert not os.path.lexists(path)
        back = undo(outcome.action, journal)
        assert back.word is OutcomeWord.DONE, back.summary
    after = os.lstat(path)
    assert (after.st_ino, after.st_size, after.st_mtime_ns) == (before.st_ino, 10 * GIB, before.st_mtime_ns)
    assert after.st_blocks == before.st_blocks


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """One that everybody can get to, unlike pytest's own."""
    with tempfile.TemporaryDirectory(prefix="rw-hostile-") as made:
        os.chmod(made, 0o755)
        yield Path(made)


@needs_root
def test_unreadable_files(open_folder: Path) -> None:
    """What may not be read is unknown, and never somebody's left-over."""
    made = []
    for path in _paths(open_folder):
        # (Jupyter's has the pid in its name.)
        if not os.path.lexists(path) and b"jpserver" not in path:
            with open(path, "wb") as file:
                file.write(b"4194303\n")
            os.chmod(path, 0)
            made.append(path)
    looker = kind()

    def as_nobody() -> tuple[tuple[str, str, str], ...]:
        become_nobody()
        seen = [looker.look(target_of(path)) for path in made]
        return tuple((one.verdict.value, one.removable.value, one.summary) for one in seen if one is not None)

    told = in_child(as_nobody)
    assert len(told) == len(made)
    assert {verdict for verdict, _, _ in told} <= {"unknown", "idle"}
    assert "yes" not in {removable for _, removable, _ in told}
    assert any("could not be read" in summary for _, _, summary in told)


@needs_root
def test_a_closed_folder(open_folder: Path) -> None:
    """A folder that cannot be read is a problem, not an empty one; what is in it is unknown."""
    closed = open_folder / "closed"
    closed.mkdir()
    (closed / "a.lock").write_text("4194303\n")
    closed.chmod(0)
    looker = kind()

    def as_nobody() -> tuple[str, tuple[str, ...]]:
        become_nobody()
        one = looker.look(target_of(os.fsencode(closed / "a.lock")))
        rows = looker.scan_below([os.fsencode(open_folder)])
        return (
            one.verdict.value if one else "none",
            tuple(os.fsdecode(row.path) for row in rows if isinstance(row, Problem)),
        )

    verdict, problems = in_child(as_nobody)
    assert verdict == "unknown"
    assert problems == (str(closed),)


_WRITER = """
import os, sys
path, text = os.fsencode(sys.argv[1]), bytes.fromhex(sys.argv[2])
print(flush=True)
while os.getppid() == int(sys.argv[3]):
    # As careless as programs are: cut to nothing, then written piece by piece, by the living owner.
    with open(path, "wb", buffering=0) as file:
        for start in range(0, len(text), 3):
            file.write(text[start:start + 3])
"""


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x.lock", "{pid}\n{host}\n"),
        ("nginx.pid", "{pid}\n"),
        ("docker.pid", "{pid}"),
        (".X9-lock", "{pid:10}\n"),
        (".git/gc.pid", "{pid} {host}"),
        ("etc/passwd.lock", "{pid}\0"),
        ("trustdb.gpg.lock", "{pid:10}\n{host}\n"),
    ],
)
def test_a_file_that_changes_while_it_is_read(tmp_path: Path, name: str, text: str) -> None:
    """Half of a living pid is another number, mostly of nobody: it must never be taken for a dead owner."""
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    told = text.format(pid=os.getpid(), host=os.uname().nodename)
    writer = subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(path), told.encode().hex(), str(os.getpid())],
        stdout=subprocess.PIPE,
    )
    assert writer.stdout is not None
    try:
        writer.stdout.readline()
        looker = kind()
        verdicts: dict[Verdict, int] = {}
        end = time.monotonic() + 0.8
        while time.monotonic() < end or not verdicts.get(Verdict.LIVE):
            assert time.monotonic() < end + 30, f"the owner lives: {verdicts}"
            seen = looker.look(target_of(os.fsencode(path)))
            if seen is not None:
                verdicts[seen.verdict] = verdicts.get(seen.verdict, 0) + 1
                assert seen.verdict is not Verdict.STALE, seen
    finally:
        writer.kill()
        writer.wait()
        writer.stdout.close()


_CHANGER = """
import os, sys, socket
path = os.fsencode(sys.argv[1])
print(flush=True)
def free():
    try:
        os.unlink(path)
    except IsADirectoryError:
        os.rmdir(path)
while os.getppid() == int(sys.argv[2]):
    for what in ("fifo", "file", "link", "directory", "socket", "loop"):
        if what == "fifo":
            os.mkfifo(path)
        elif what == "file":
            with open(path, "xb") as file:
                file.write(b"4711\\n")
        elif what == "link":
            os.symlink("vm-4711", path)
        elif what == "directory":
            os.mkdir(path)
        elif what == "socket":
            with socket.socket(socket.AF_UNIX) as made:
                made.bind(path)
        else:
            os.symlink(path, path)
        free()
"""


@pytest.mark.parametrize("name", ["a.lock", "SingletonLock", ".#notes", "lock.exclusive", "nginx.pid"])
def test_a_name_that_changes_what_it_is_while_it_is_looked_at(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    changer = subprocess.Popen(
        [sys.executable, "-c", _CHANGER, str(path), str(os.getpid())],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert changer.stdout is not None
    assert changer.stderr is not None
    looks = 0
    try:
        changer.stdout.readline()
        looker = kind()
        end = time.monotonic() + 0.5
        with deadline(30):
            while time.monotonic() < end or not looks:
                looks += looker.look(target_of(os.fsencode(path))) is not None
                for row in looker.scan_below([os.fsencode(tmp_path)]):
                    assert not isinstance(row, Problem), row
    finally:
        changer.kill()
        _, said = changer.communicate()
    assert said == b""
    assert looks


_LEASE = """
import fcntl, signal, sys
signal.signal(signal.SIGIO, signal.SIG_IGN)
file = open(sys.argv[1], 'r+')
fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)
print(flush=True)
signal.pause()
"""


def test_a_lease_on_the_lock_file_makes_nobody_wait(tmp_path: Path) -> None:
    """Opening a leased file waits for the holder; a look does not."""
    path = tmp_path / "nginx.pid"
    path.write_text("4194303\n")
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            _LEASE,
            str(path),
        ],
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None
    try:
        if holder.stdout.readline() == b"":
            pytest.skip("this file system knows no leases")
        with deadline(10):
            seen = look(path)
        assert seen.verdict is not Verdict.STALE, seen
        assert seen.removable is not Removable.YES
    finally:
        holder.kill()
        holder.communicate()


def test_a_socket_that_is_alive_is_no_lock(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path / "a.lock")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen(1)
        server.setblocking(False)
        seen = look(path)
        assert seen.removable is Removable.NEVER
        with pytest.raises(BlockingIOError) as nobody:
            server.accept()
    assert nobody.value.errno == errno.EAGAIN
