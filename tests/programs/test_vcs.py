"""Version control: git writes no owner into its locks, Mercurial breaks its own."""

from __future__ import annotations

import os
from pathlib import Path

from racewatch.core.model import Removable, Verdict
from tests.programs.conftest import Start
from tests.programs.support import Sandbox, tool, until


def _git(sandbox: Sandbox) -> Path:
    repository = sandbox.own("work")
    for key, value in {"user.name": "A", "user.email": "a@example.org", "gc.auto": "0"}.items():
        sandbox.run(tool("git"), "config", "--global", key, value)
    sandbox.run(tool("git"), "init", "-q", "-b", "main", repository)
    (repository / "file").write_text("content\n")
    sandbox.run(tool("git"), "add", "file", cwd=repository)
    return repository


def test_git_commit_with_an_editor_open(sandbox: Sandbox, journey: Start) -> None:
    repository = _git(sandbox)
    lock = repository / ".git" / "index.lock"
    trip = journey("git-lock", "git commit, editor open", lock)
    editor = sandbox.blocker("editor")
    git = sandbox.start(tool("git"), "commit", "-a", cwd=repository, env={"GIT_EDITOR": str(editor.script)})
    editor.wait()
    # Nobody has it open and nothing in it names anybody; but a git works in that repository.
    trip.running(Verdict.LIVE, owner=git.pid)
    git.kill()
    # The editor still runs, in that folder.
    assert trip.look().verdict is Verdict.UNKNOWN
    git.kill_session()
    sandbox.end_everything()
    trip.killed(Verdict.UNKNOWN, Removable.OVERRIDE)
    refused = sandbox.run(tool("git"), "commit", "-q", "-a", "-m", "one", cwd=repository, ok=False)
    assert "File exists" in refused.stderr
    trip.undone()
    sandbox.run(tool("git"), "commit", "-q", "-a", "-m", "one", cwd=repository)
    assert not lock.exists()
    trip.works("git commit succeeded")


def test_git_gc(sandbox: Sandbox, journey: Start) -> None:
    repository = _git(sandbox)
    sandbox.run(tool("git"), "commit", "-q", "-m", "one", cwd=repository)
    lock = repository / ".git" / "gc.pid"
    trip = journey("git-gc-pid", "git gc", lock)
    # gc runs its parts as programs of their own: the first one waits for us.
    inner = sandbox.blocker("git")
    gc = sandbox.start(
        tool("git"), "gc", "--quiet", cwd=repository, env={"GIT_EXEC_PATH": str(inner.script.parent)}
    )
    inner.wait()
    assert lock.read_text().split(" ") == [str(gc.pid), os.uname().nodename]
    trip.running(Verdict.LIVE, owner=gc.pid)
    gc.kill_session()
    sandbox.end_everything()
    trip.killed(Verdict.STALE, Removable.YES)
    trip.undone()
    assert not (repository / ".git" / "gc.pid.lock").exists()
    sandbox.run(tool("git"), "gc", "--quiet", cwd=repository)
    assert not lock.exists()
    trip.works("git gc ran")


def test_mercurial_commit_with_an_editor_open(sandbox: Sandbox, journey: Start) -> None:
    hg = tool("hg")
    repository = sandbox.own("work")
    (sandbox.home / ".hgrc").write_text("[ui]\nusername = A <a@example.org>\n")
    sandbox.run(hg, "init", repository)
    (repository / "file").write_text("content\n")
    sandbox.run(hg, "add", "file", cwd=repository)
    wlock, lock = repository / ".hg" / "wlock", repository / ".hg" / "store" / "lock"
    trip = journey("hg-wlock", "hg commit, editor open", wlock)
    editor = sandbox.blocker("editor")
    commit = sandbox.start(hg, "commit", cwd=repository, env={"HGEDITOR": str(editor.script)})
    editor.wait()
    assert wlock.readlink().name.endswith(f":{commit.pid}")
    trip.running(Verdict.LIVE, owner=commit.pid)
    store = journey("hg-store-lock", "hg commit, editor open", lock) if lock.is_symlink() else None
    if store is not None:
        store.running(Verdict.LIVE, owner=commit.pid)
    commit.kill_session()
    sandbox.end_everything()
    # Proved dead, and still not ours: the transaction that it interrupted is Mercurial's to undo.
    for one in (trip, *([store] if store is not None else [])):
        seen = one.killed(Verdict.STALE, Removable.NEVER)
        assert any("debuglocks" in value for name, value in seen.facts if name == "command")
        assert one.remove() is None
    recover = sandbox.run(hg, "recover", cwd=repository, ok=False)
    assert "transaction" in recover.stdout + recover.stderr
    sandbox.run(hg, "commit", "-m", "one", cwd=repository)
    assert not os.path.lexists(wlock)
    assert not os.path.lexists(lock)
    for one in (trip, *([store] if store is not None else [])):
        one.works("hg recover, then hg commit succeeded")


def test_a_lock_of_mercurial_by_its_own_command(sandbox: Sandbox, journey: Start) -> None:
    """The command that is shown is the one that helps, as it is shown."""
    hg = tool("hg")
    repository = sandbox.own("work")
    sandbox.run(hg, "init", repository)
    wlock = repository / ".hg" / "wlock"
    holder = sandbox.start(hg, "debuglocks", "--set-wlock", cwd=repository, terminal=True)
    until(wlock.is_symlink, "hg took no lock")
    trip = journey("hg-wlock", "hg debuglocks --set-wlock", wlock)
    trip.running(Verdict.LIVE, owner=holder.pid)
    holder.kill_session()
    seen = trip.killed(Verdict.STALE, Removable.NEVER)
    command = next(value for name, value in seen.facts if name == "command")
    sandbox.run("/bin/sh", "-c", command)
    assert not os.path.lexists(wlock)
    sandbox.run(hg, "status", cwd=repository)
    trip.works("its own command freed it")
