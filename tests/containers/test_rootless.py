"""Containers of an ordinary user, in user namespaces, in the state roots of that user's session.

The user sees, judges and deletes them; another user is told what cannot be seen, and deletes nothing.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import pickle
import shutil
import signal
import subprocess
import traceback
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from racewatch.core.act import act
from racewatch.core.journal import Journal
from racewatch.core.model import (
    ActRequest,
    Observation,
    Outcome,
    OutcomeWord,
    Removable,
    Target,
    Verdict,
)
from racewatch.kinds.containers import ContainersKind
from racewatch.kinds.containers.roots import StateRoot, target_of
from racewatch.kinds.containers.state import Runtime
from tests.containers.support import FIRST_VERSION_ONLY, ROOTLESS, make_bundle, runs, until, why_not

USER, OTHER = ROOTLESS, 54321
_PR_SET_DUMPABLE = 4


def as_user(user: int, work: Callable[[], Any]) -> Any:
    """What ``work`` returns when that user does it, in a process of its own that sees what this one imported."""
    for _ in ContainersKind(default_roots=False).scan([]):
        pass  # whatever is loaded late is loaded now: that user may not read the interpreter's files
    answer_in, answer_out = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setgroups([])
            os.setresgid(user, user, user)
            os.setresuid(user, user, user)
            # As after an exec: else /proc/self would stay root's.
            ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, ctypes.c_ulong(1), 0, 0, 0)
            try:
                said: object = work()
            except BaseException:  # noqa: BLE001 - carried to the test, which fails with it
                said = traceback.format_exc()
            with os.fdopen(answer_out, "wb") as out:
                pickle.dump(said, out)
        finally:
            os._exit(0)
    os.close(answer_out)
    with os.fdopen(answer_in, "rb") as answer:
        said = pickle.load(answer)
    os.waitpid(pid, 0)
    assert not isinstance(said, str), said
    return said


class Session:
    """The session of an ordinary user who makes containers with one runtime."""

    def __init__(self, runtime: Runtime, folder: Path) -> None:
        self.runtime = runtime
        self.folder = folder
        self.place = folder / "session"
        self.place.mkdir(mode=0o700)
        self.bundle = make_bundle(folder / "bundle", rootless=True)
        self.environment = {**os.environ, "XDG_RUNTIME_DIR": str(self.place), "HOME": str(self.place)}
        for path in (self.place, folder / "bundle"):
            subprocess.run(["chown", "-R", f"{USER}:{USER}", path], check=True)
        self.state = self.place / "journal"
        self._made: list[str] = []

    @property
    def root(self) -> Path:
        return self.place / self.runtime.value

    def run(self, *words: str, check: bool = True) -> None:
        command = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", self.runtime, *words]
        if self.runtime is Runtime.CRUN:
            command = ["unshare", "-m", "sh", "-c", FIRST_VERSION_ONLY, "sh", *command]
        subprocess.run(
            command,
            cwd="/",
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=check,
        )

    def make(self, state: str, bundle: Path | None = None) -> str:
        name = f"rw{uuid.uuid4().hex[:12]}"
        self._made.append(name)
        self.run("create", "--bundle", str(bundle or self.bundle), name)
        if state != "created":
            self.run("start", name)
        if state == "stopped":
            pid = self.pid(name)
            self.run("kill", name, "KILL")
            until(lambda: not runs(pid), "the end of the first process")
        return name

    def pid(self, name: str) -> int:
        word = "init_process_pid" if self.runtime is Runtime.RUNC else "pid"
        text = (self.root / name / self.runtime.state_file.decode()).read_text()
        return int(json.loads(text)[word])

    def target(self, name: str) -> Target:
        return target_of(StateRoot(self.runtime, bytes(self.root)), os.fsencode(name))

    def look(self, name: str, user: int = USER) -> Observation:
        seen = as_user(user, lambda: ContainersKind().look(self.target(name)))
        assert isinstance(seen, Observation)
        return seen

    def found(self) -> dict[bytes, Observation]:
        """What a scan of that user tells, who names no state root."""

        def scan() -> list[Observation]:
            os.environ["XDG_RUNTIME_DIR"] = str(self.place)
            return [one for one in ContainersKind().scan([]) if isinstance(one, Observation)]

        return {one.target.locator: one for one in as_user(USER, scan)}

    def remove(self, name: str, user: int = USER, *, override: bool = False) -> Outcome:
        def perform() -> Outcome:
            kind = ContainersKind()
            seen = kind.look(self.target(name))
            assert seen is not None
            request = ActRequest(self.target(name), seen.fingerprint, override=override)
            journal = self.state if user == USER else self.folder / "others"
            return act(request, kind.procedure(self.target(name)), Journal(bytes(journal)))

        outcome = as_user(user, perform)
        assert isinstance(outcome, Outcome)
        return outcome

    def close(self) -> None:
        for name in self._made:
            with contextlib.suppress(OSError, KeyError, ValueError):
                os.kill(self.pid(name), signal.SIGKILL)
            self.run("delete", "--force", name, check=False)
        for pid in self.strays():
            os.kill(pid, signal.SIGKILL)

    def strays(self) -> list[int]:
        """Processes of that user."""
        found = []
        for entry in os.listdir("/proc"):
            with contextlib.suppress(OSError):
                if entry.isdigit() and os.stat(f"/proc/{entry}").st_uid == USER and runs(int(entry)):
                    found.append(int(entry))
        return found


@pytest.fixture(params=[Runtime.RUNC, Runtime.CRUN], ids=str)
def session(request: pytest.FixtureRequest, folder: Path) -> Iterator[Session]:
    reason = why_not(request.param) or (None if shutil.which("setpriv") else "setpriv is not installed")
    if reason is not None:
        pytest.skip(reason)
    made = Session(request.param, folder)
    try:
        made.make("stopped")
    except (subprocess.CalledProcessError, OSError) as error:
        made.close()
        pytest.skip(f"an ordinary user cannot make a container with {request.param} here: {error}")
    yield made
    made.close()


def test_its_user_sees_judges_and_deletes_it(session: Session) -> None:
    running, stopped, created = session.make("running"), session.make("stopped"), session.make("created")
    seen = session.found()
    assert seen[session.target(running).locator].verdict is Verdict.LIVE
    assert seen[session.target(created).locator].label == "created"
    one = seen[session.target(stopped).locator]
    assert (one.verdict, one.label, one.removable) == (Verdict.STALE, "stopped", Removable.YES), one.summary
    assert session.remove(running).word is OutcomeWord.REFUSED_LIVE
    assert session.remove(created).word.is_refusal
    outcome = session.remove(stopped)
    assert outcome.word is OutcomeWord.DONE, outcome.summary
    assert not (session.root / stopped).exists()
    assert runs(session.pid(running))
    assert runs(session.pid(created))
    assert not [name for name in os.listdir(session.place) if name.startswith(".racewatch")]


def test_another_user_is_told_what_cannot_be_seen(session: Session) -> None:
    running, stopped = session.make("running"), session.make("stopped")
    (session.folder / "others").mkdir()
    os.chown(session.folder / "others", OTHER, OTHER)
    for name in (running, stopped):
        seen = session.look(name, OTHER)
        assert (seen.verdict, seen.removable, seen.label) == (
            Verdict.UNKNOWN,
            Removable.NEVER,
            "cannot see",
        )
        assert "Permission denied" in seen.summary
        for override in (False, True):
            assert session.remove(name, OTHER, override=override).word.is_refusal
    # Even where the folders may be looked into the state file is its user's.
    for path in (session.place, session.root, session.root / stopped):
        path.chmod(0o755)
    (session.root / stopped / session.runtime.state_file.decode()).chmod(0o600)
    seen = session.look(stopped, OTHER)
    assert (seen.verdict, seen.removable) == (Verdict.UNKNOWN, Removable.NEVER), seen.summary
    assert "could not be read (Permission denied)" in seen.summary
    assert seen.label == "cannot tell"
    for override in (False, True):
        assert session.remove(stopped, OTHER, override=override).word.is_refusal
    assert runs(session.pid(running))
    assert session.look(stopped).verdict is Verdict.STALE


def test_a_child_without_a_control_group_is_seen_by_its_root(session: Session) -> None:
    """A user's container often has no group of its own; without a PID namespace its children outlive it."""
    bundle = make_bundle(
        session.folder / "shared",
        args=("sh", "-c", "sleep 601 & exec sleep 600"),
        shared_pids=True,
        rootless=True,
    )
    subprocess.run(["chown", "-R", f"{USER}:{USER}", bundle], check=True)
    before = set(session.strays())
    name = session.make("running", bundle)
    first = session.pid(name)
    until(lambda: len(set(session.strays()) - before - {first}) == 1, "the child")
    (child,) = set(session.strays()) - before - {first}
    os.kill(first, signal.SIGKILL)
    until(lambda: not runs(first), "the end of the first process")
    seen = session.look(name)
    assert (seen.verdict, seen.removable) != (Verdict.STALE, Removable.YES), seen.summary
    assert f"pid {child}" in seen.summary
    assert session.remove(name).word.is_refusal
    os.kill(child, signal.SIGKILL)
    until(lambda: not runs(child), "the end of the child")
    assert session.look(name).verdict is Verdict.STALE
    assert session.remove(name).word is OutcomeWord.DONE
