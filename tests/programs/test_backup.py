"""Backup programs lock whole repositories; Borg takes a dead lock of its own host over by itself."""

from __future__ import annotations

from racewatch.core.model import Removable, Verdict
from tests.programs.conftest import Start
from tests.programs.support import Sandbox, tool


def test_borg(sandbox: Sandbox, journey: Start) -> None:
    borg = tool("borg")
    env = {"BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "yes"}
    repository = sandbox.own("borg") / "repository"
    sandbox.run(borg, "init", "-e", "none", repository, env=env)
    lock, roster = repository / "lock.exclusive", repository / "lock.roster"
    work = sandbox.blocker("work")
    holder = sandbox.start(borg, "with-lock", repository, work.script, env=env)
    work.wait()
    ways = (("borg-exclusive", lock), ("borg-roster", roster))
    trips = [journey(name, "borg with-lock", path) for name, path in ways]
    for trip in trips:
        trip.running(Verdict.LIVE, owner=holder.pid)
    holder.kill_session()
    sandbox.end_everything()
    for trip in trips:
        seen = trip.killed(Verdict.STALE, Removable.NEVER)
        assert f"borg break-lock {repository}" in [value for name, value in seen.facts if name == "command"]
        assert trip.remove() is None
    sandbox.run(borg, "break-lock", repository, env=env)
    assert not lock.exists()
    sandbox.run(borg, "list", repository, env=env)
    for trip in trips:
        trip.works("its own command freed it, borg list succeeded")
