"""Libraries that other programs lock with: filelock, proper-lockfile, GnuPG's dotlock."""

from __future__ import annotations

import base64
import os
import sys
from pathlib import Path

from racewatch.core.model import Removable, Verdict
from tests.programs.conftest import Start
from tests.programs.support import Program, Sandbox, missing, tool, until

_HOLD = """
import sys
from pathlib import Path
from filelock import {name}
with {name}(sys.argv[1], timeout=5):
    Path(sys.argv[2]).touch()
    if len(sys.argv) == 3:
        input()
"""


def _hold(sandbox: Sandbox, name: str, lock: Path) -> Program:
    """A process that holds it until it is killed."""
    mark = sandbox.folder / f"held-{len(os.listdir(sandbox.folder))}"
    held = sandbox.start(sys.executable, "-c", _HOLD.format(name=name), lock, mark, terminal=True)
    until(lambda: mark.exists() or not held.alive, f"{name} was not taken")
    assert held.alive, held.said
    return held


def test_soft_file_lock(sandbox: Sandbox, journey: Start) -> None:
    lock = sandbox.own("locks") / "job.lock"
    trip = journey("soft-file-lock", "filelock.SoftFileLock", lock)
    holder = _hold(sandbox, "SoftFileLock", lock)
    seen = trip.running(Verdict.LIVE, owner=holder.pid)
    assert ("pid", str(holder.pid)) in seen.facts
    holder.kill()
    trip.killed(Verdict.STALE, Removable.YES)
    trip.undone()
    again = _hold(sandbox, "SoftFileLock", lock)
    assert lock.read_text().split("\n")[0] == str(again.pid)
    trip.works("SoftFileLock was taken")


def test_file_lock(sandbox: Sandbox, journey: Start) -> None:
    lock = sandbox.own("locks") / "job.lock"
    trip = journey("flock-file", "filelock.FileLock", lock)
    holder = _hold(sandbox, "FileLock", lock)
    trip.running(Verdict.LIVE, owner=holder.pid)
    inode = lock.stat().st_ino
    holder.kill()
    # An empty file that nobody holds: whether a kernel lock was ever meant cannot be seen any more.  (The
    # knowledge says never to remove it; it is told apart from an O_EXCL lock by nothing.)
    trip.row.format = "generic-lock-file"
    seen = trip.killed(Verdict.UNKNOWN, Removable.OVERRIDE)
    assert "flock" in dict(seen.facts).get("consequence", "")
    trip.refused()
    trip.row.format = "flock-file"
    _hold(sandbox, "FileLock", lock)
    assert lock.stat().st_ino == inode
    trip.works("FileLock was taken on the same file")


_PROPER = """
const lockfile = require('proper-lockfile'), fs = require('fs');
lockfile.lock(process.argv[1], { realpath: false, onCompromised: () => {} }).then(
    () => { fs.writeFileSync(process.argv[2], ''); setInterval(() => {}, 1000); },
    (error) => { console.error(error.message); process.exit(1); });
"""


def test_proper_lockfile(sandbox: Sandbox, journey: Start) -> None:
    node = tool("node")
    if not os.path.exists("/usr/share/nodejs/proper-lockfile"):
        missing("node-proper-lockfile")
    thing = sandbox.own("locks") / "thing"
    lock = Path(f"{thing}.lock")
    trip = journey("proper-lockfile", "proper-lockfile", lock)

    def hold(mark: str, status: int | None = None) -> Program:
        here = sandbox.folder / mark
        program = sandbox.start(node, "-e", _PROPER, thing, here, env={"NODE_PATH": "/usr/share/nodejs"})
        until(lambda: here.exists() or not program.alive, "no answer from proper-lockfile")
        assert program.alive is (status is None), program.said
        return program

    first = hold("first")
    # A folder without a word in it: one look cannot tell a living owner from a dead one.
    seen = trip.running(Verdict.UNKNOWN)
    assert seen.removable is not Removable.YES
    first.kill()
    trip.killed(Verdict.UNKNOWN, Removable.OVERRIDE)
    assert "already being held" in hold("second", 1).said
    trip.undone()
    hold("third")
    trip.works("proper-lockfile was taken at once")


# A public key made for this test; its secret half was thrown away.
_KEY = base64.b64decode(
    "mDMEawD/NxYJKwYBBAHaRw8BAQdAy5Vu4V1IbDbl5mDtC6HtUW7FE3Hxbn8MxLvywO9VvXe0FFRlc3QgPHRAZXhhbXBsZS5v"
    "cmc+iJAEExYIADgWIQQQ4jCt9GwKiAxOCptJrcGHrHRcvwUCawD/NwIbAwULCQgHAgYVCgkICwIEFgIDAQIeAQIXgAAKCRBJ"
    "rcGHrHRcv8ByAQDyRVc0rTE+w1SVqPD+nHDfGG2WI0XUBmdXDfvB4ZGxuAEAxqGEVmqqTZHle9Pw/F8ZmMoeeTV66/FTlEJb"
    "jeksQgY="
)


def test_gnupg(sandbox: Sandbox, journey: Start) -> None:
    gpg = tool("gpg")
    home = sandbox.home / ".gnupg"
    home.mkdir(mode=0o700)
    arguments = (gpg, "--homedir", home, "--batch", "--no-autostart", "--lock-once")
    keys = sandbox.folder / "keys"
    os.mkfifo(keys)
    importing = sandbox.start(*arguments, "--import", keys)
    lock = home / "trustdb.gpg.lock"
    with keys.open("wb", buffering=0) as fifo:
        # The first key brings the lock of the trust database; gpg keeps it while it waits for more keys.
        os.set_blocking(fifo.fileno(), False)
        until(
            lambda: _names(lock, importing.pid) or not importing.alive or fifo.write(_KEY) == 0,
            "gpg took no lock",
        )
        assert importing.alive, importing.said
        trip = journey("gnupg-dotlock", "gpg --import", lock)
        trip.running(Verdict.LIVE, owner=importing.pid)
        importing.kill()
    links = [path for path in home.iterdir() if path.name.startswith(".#lk0x")]
    (twin,) = (path for path in links if path.samefile(lock))
    # The lock of the key ring was free just then; its first name is left alone in the folder.
    (orphan,) = (path for path in links if path != twin)
    trip.killed(Verdict.STALE, Removable.YES)
    trip.undone(twin)
    alone = journey("gnupg-dotlock-link", "gpg --import", orphan)
    alone.killed(Verdict.STALE, Removable.YES)
    alone.undone()
    keys.unlink()
    keys.write_bytes(_KEY)
    sandbox.run(*arguments, "--import", keys)
    assert not lock.exists()
    assert "t@example.org" in sandbox.run(*arguments, "--list-keys").stdout
    trip.works("gpg imported a key")
    alone.works("gpg imported a key")


def _names(lock: Path, pid: int) -> bool:
    try:
        return lock.read_text().split()[:1] == [str(pid)]
    except OSError:
        return False
