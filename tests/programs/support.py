"""Real programs in a throw-away place: their own home, data and terminal, and nothing left of them afterwards."""

from __future__ import annotations

import contextlib
import ctypes
import os
import pty
import pwd
import select
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

DEADLINE_S = 20.0
NOBODY = 65534
_SEARCHED = os.environ.get("PATH", "") + ":/usr/sbin:/sbin:/usr/games"
_PR_SET_CHILD_SUBREAPER = 36
_libc = ctypes.CDLL(None, use_errno=True)


def missing(what: str) -> None:
    """Ends the test: packaging/test installs every program (then its absence is a failure) unless it may not."""
    if os.environ.get("RACEWATCH_PROGRAMS") == "required":
        pytest.fail(f"{what} is missing, though packaging/test should have installed it", pytrace=False)
    pytest.skip(f"{what} is not installed here; packaging/test installs it where it may")


def tool(name: str, *, also_in: str = "") -> str:
    """The full name of a program."""
    found = shutil.which(name, path=f"{_SEARCHED}:{also_in}")
    if found is None:
        missing(name)
    assert found is not None
    return found


def until(condition: Callable[[], object], what: str) -> None:
    """Wait for what another process does; fails at the deadline."""
    end = time.monotonic() + DEADLINE_S
    while not condition():
        if time.monotonic() > end:
            pytest.fail(f"in vain: {what}")
        select.select([], [], [], 0.005)


def children() -> set[int]:
    """Our own children, whichever thread started them, adopted ones and zombies too."""
    found: set[int] = set()
    for task in os.listdir("/proc/self/task"):
        with contextlib.suppress(OSError):  # the thread ended meanwhile
            found |= {int(pid) for pid in Path(f"/proc/self/task/{task}/children").read_text().split()}
    return found


def running(name: str) -> list[int]:
    """The living processes of this name, anywhere on the machine."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            text = Path(f"/proc/{pid}/stat").read_text()
            comm, state = text[text.index("(") + 1 : text.rindex(")")], text[text.rindex(")") + 2]
            if comm == name and state not in "ZX":
                found.append(int(pid))
    return found


def is_held(path: Path) -> bool:
    """Whether /proc/locks has a kernel lock on that file (by inode number; a chance hit is of no harm here)."""
    wanted = f":{path.stat().st_ino} "
    return any(wanted in line and "->" not in line for line in Path("/proc/locks").read_text().splitlines())


class Program:
    """One started program, in a session of its own; with a terminal when it needs one."""

    def __init__(self, process: subprocess.Popen[bytes], terminal: int, log: Path) -> None:
        self._process = process
        self._terminal = terminal
        self._log = log
        self._drain = threading.Thread(target=self._read, name=f"terminal of {process.pid}")
        if terminal >= 0:
            self._drain.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    @property
    def said(self) -> str:
        return self._log.read_text(errors="replace")

    def _read(self) -> None:
        with self._log.open("ab", buffering=0) as log, contextlib.suppress(OSError):  # EIO: nobody is left
            while data := os.read(self._terminal, 65536):
                log.write(data)

    def type(self, keys: bytes) -> None:
        """Keys on its terminal."""
        os.write(self._terminal, keys)

    def kill(self) -> None:
        """SIGKILL to this process alone; it is gone, and waited for, when this returns."""
        self._process.kill()
        self._process.wait(DEADLINE_S)

    def kill_session(self) -> None:
        """SIGKILL to it and to everything it started that did not leave its process group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.kill()

    def ends(self) -> int:
        """Its exit status, once it ended by itself."""
        try:
            return self._process.wait(DEADLINE_S)
        except subprocess.TimeoutExpired:
            pytest.fail(f"{self._process.args!r} does not end; it said: {self.said[-2000:]}")

    def close(self) -> None:
        """Once no process has its terminal any more."""
        if self._terminal >= 0:
            self._drain.join(DEADLINE_S)
            os.close(self._terminal)
            self._terminal = -1


@dataclass
class Sandbox:
    """``folder`` is a short path that any user can get to; ``env`` is all of the environment a program sees.

    ``leftovers``: names outside of it that a program of this test made, removed at the end.
    """

    folder: Path
    stack: ExitStack
    env: dict[str, str] = field(default_factory=dict)
    leftovers: list[Path] = field(default_factory=list)
    _before: frozenset[int] = frozenset()
    _programs: list[Program] = field(default_factory=list)

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def own(self, name: str, uid: int | None = None) -> Path:
        """A folder in the sandbox that belongs to the user who is to run a server."""
        made = self.folder / name
        made.mkdir(mode=0o700)
        if uid is not None and uid != os.geteuid():
            os.chown(made, uid, uid)
        return made

    def unprivileged(self) -> tuple[int, list[str]]:
        """A user who is not root, and what to put before a command so that this user runs it."""
        if os.geteuid() != 0:
            return os.geteuid(), []
        return NOBODY, [tool("setpriv"), f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--"]

    def start(
        self,
        *argv: str | Path,
        terminal: bool = False,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        pass_fds: Sequence[int] = (),
    ) -> Program:
        """Start it in the background; it is killed at the end of the test if it still lives."""
        log = self.folder / f"{len(self._programs)}-{Path(argv[0]).name}.out"
        master, slave = pty.openpty() if terminal else (-1, -1)
        # Some editors write to /dev/tty; setsid gives them one, and becomes the program.
        before = [tool("setsid"), "--ctty"] if terminal else []
        with log.open("wb") as out:
            try:
                process = subprocess.Popen(
                    [*before, *(str(part) for part in argv)],
                    cwd=cwd or self.folder,
                    env={**self.env, **(env or {})},
                    stdin=slave if terminal else subprocess.DEVNULL,
                    stdout=slave if terminal else out,
                    stderr=slave if terminal else out,
                    start_new_session=not terminal,
                    pass_fds=pass_fds,
                )
            finally:
                if terminal:
                    os.close(slave)
        program = Program(process, master, log)
        self._programs.append(program)
        return program

    def run(
        self,
        *argv: str | Path,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        ok: bool = True,
    ) -> subprocess.CompletedProcess[str]:
        """Run it to its end; fails the test when it fails (unless it may)."""
        done = subprocess.run(
            [str(part) for part in argv],
            cwd=cwd or self.folder,
            env={**self.env, **(env or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=DEADLINE_S * 2,
            check=False,
        )
        if ok and done.returncode != 0:
            pytest.fail(
                f"{argv!r} failed with {done.returncode}:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
            )
        return done

    def blocker(self, name: str) -> Blocker:
        """A program of ours that a real one can be told to run, and that then stays until it is let go."""
        return Blocker(self, name)

    def reap(self) -> None:
        """Wait for what ended and was left to us (PID 1 of a container often does not)."""
        for pid in children() - self._before - {one.pid for one in self._programs}:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)

    def orphans(self) -> set[int]:
        """What still lives of the processes whose parent ended."""
        self.reap()
        return children() - self._before - {one.pid for one in self._programs}

    def end_everything(self) -> None:
        """Kill and wait for all descendants that are left, however deep they were."""
        for program in self._programs:
            program.kill_session()
        end = time.monotonic() + DEADLINE_S
        while left := self.orphans():
            if time.monotonic() > end:
                pytest.fail(f"still alive after SIGKILL: {sorted(left)}")
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            select.select([], [], [], 0.002)

    def close(self) -> None:
        """End all, and read what they still had to say (a terminal ends when the last of its users does)."""
        self.end_everything()
        for program in self._programs:
            program.close()
        for path in self.leftovers:
            path.unlink(missing_ok=True)


class Blocker:
    """A script used as an editor or a hook: it says that it runs, then waits for a word in a FIFO."""

    def __init__(self, sandbox: Sandbox, name: str) -> None:
        self.script = sandbox.folder / name
        self._here = sandbox.folder / f"{name}.here"
        self._go = sandbox.folder / f"{name}.go"
        os.mkfifo(self._go)
        self.script.write_text(f"#!/bin/sh\n: >'{self._here}'\nread word <'{self._go}'\n[ \"$word\" = go ]\n")
        self.script.chmod(0o755)

    def wait(self) -> None:
        """Until it runs."""
        until(self._here.exists, f"{self.script.name} was never started")

    def let_go(self) -> None:
        with self._go.open("w") as fifo:
            fifo.write("go\n")


@contextmanager
def a_sandbox() -> Iterator[Sandbox]:
    """A fresh place; every process that came out of it is ended, and all of its files are removed."""
    before = frozenset(children())
    with ExitStack() as stack:
        # Short (a socket's name has 107 bytes), and outside pytest's folders (which only their owner may enter).
        folder = Path(os.path.realpath(stack.enter_context(tempfile.TemporaryDirectory(prefix="rw-p-"))))
        folder.chmod(0o755)
        (folder / "home").mkdir()
        (folder / "tmp").mkdir()
        (folder / "tmp").chmod(0o1777)
        user = pwd.getpwuid(os.geteuid()).pw_name
        env = {
            "PATH": _SEARCHED,
            "HOME": str(folder / "home"),
            "TMPDIR": str(folder / "tmp"),
            "LC_ALL": "C.UTF-8",
            "TERM": "vt100",
            "SHELL": "/bin/sh",
            "USER": user,
            "LOGNAME": user,
        }
        sandbox = Sandbox(folder, stack, env, _before=before)
        # Orphans come to us instead of to PID 1: a zombie that nobody waits for is not dead for every program.
        if _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "PR_SET_CHILD_SUBREAPER")
        stack.callback(_libc.prctl, _PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
        stack.callback(sandbox.close)
        yield sandbox
