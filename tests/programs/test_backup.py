"""Backup programs lock whole repositories; Borg takes a dead lock of its own host over by itself."""

from __future__ import annotations

from racewatch.core.model import Removable, Verdict
from tests.programs.conftest import Start
from tests.programs.support import Sandbox, everybody_is_seen, tool


def test_borg(sandbox: Sandbox, journey: Start) -> None:
    borg = tool("borg")
    env = {"BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "yes"}
    repository = sandbox.own("borg") / "repository"
    sandbox.run(borg, "init", "-e", "none", repository, env=env)
    lock, roster = repository / "lock.exclusive", repository / "lock.roster"
    work = sandbox.blocker("work")
    holder = sandbox.start(borg, "with-lock", repository, work.script, env=env)
    work.wait()
    # A file's owner can ask the kernel who has it open (a lease); of a folder only its processes can tell.
    folder_verdict = Verdict.STALE if everybody_is_seen() else Verdict.UNKNOWN
    ways = (("borg-exclusive", lock, folder_verdict), ("borg-roster", roster, Verdict.STALE))
    trips = {journey(name, "borg with-lock", path): dead for name, path, dead in ways}
    for trip in trips:
        trip.running(Verdict.LIVE, owner=holder.pid)
    holder.kill_session()
    sandbox.end_everything()
    for trip, dead in trips.items():
        seen = trip.killed(dead, Removable.NEVER)
        assert f"borg break-lock {repository}" in [value for name, value in seen.facts if name == "command"]
        assert trip.remove() is None
    sandbox.run(borg, "break-lock", repository, env=env)
    assert not lock.exists()
    sandbox.run(borg, "list", repository, env=env)
    for trip in trips:
        trip.works("its own command freed it, borg list succeeded")
