"""Package managers: kernel locks on files that are always there.  Roots of their own, never the machine's."""

from __future__ import annotations

from pathlib import Path

from racewatch.core.model import Removable, Verdict
from tests.programs.conftest import Start
from tests.programs.support import Sandbox, tool, until

_CONTROL = """Package: harmless
Version: 1
Architecture: all
Maintainer: A <a@example.org>
Description: nothing
"""


def _package(sandbox: Sandbox, preinst: Path) -> Path:
    """A package with nothing in it but a script that runs before it is unpacked."""
    control = sandbox.folder / "harmless" / "DEBIAN"
    control.mkdir(parents=True)
    control.parent.chmod(0o755)
    control.chmod(0o755)
    (control / "control").write_text(_CONTROL)
    (control / "preinst").write_text(f"#!/bin/sh\nexec '{preinst}'\n")
    (control / "preinst").chmod(0o755)
    made = sandbox.folder / "harmless.deb"
    sandbox.run(tool("dpkg-deb"), "-b", "--root-owner-group", control.parent, made)
    return made


def test_dpkg(sandbox: Sandbox, journey: Start) -> None:
    hook = sandbox.blocker("hook")
    package = _package(sandbox, hook.script)
    root = sandbox.own("root")
    database = root / "var" / "lib" / "dpkg"
    for name in ("info", "updates"):
        (database / name).mkdir(parents=True)
    for name in ("status", "available"):
        (database / name).touch()
    dpkg = [
        *(tool("dpkg"), f"--root={root}", f"--log={sandbox.folder}/dpkg.log", "--force-not-root"),
        *("--force-script-chrootless", "--force-bad-path"),
    ]
    process = sandbox.start(*dpkg, "-i", package)
    hook.wait()
    trips = [journey("dpkg-lock", "dpkg -i", database / name) for name in ("lock", "lock-frontend")]
    for trip in trips:
        trip.running(Verdict.LIVE, owner=process.pid)
    process.kill()
    sandbox.end_everything()
    for trip in trips:
        seen = trip.killed(Verdict.IDLE, Removable.NEVER)
        assert any(value == "dpkg --configure -a" for name, value in seen.facts if name == "command")
        assert trip.remove() is None
    again = sandbox.start(*dpkg, "-i", package)
    hook.let_go()
    assert again.ends() == 0, again.said
    assert "harmless" in (database / "status").read_text()
    for trip in trips:
        trip.works("dpkg -i succeeded")


def test_apt_update(sandbox: Sandbox, journey: Start) -> None:
    hook = sandbox.blocker("hook")
    root = sandbox.own("root")
    for name in ("var/lib/apt/lists/partial", "var/cache/apt/archives/partial", "var/lib/dpkg", "etc/apt"):
        (root / name).mkdir(parents=True)
    (root / "var/lib/dpkg/status").touch()
    configuration = sandbox.folder / "apt.conf"
    configuration.write_text(f'Dir "{root}";\nDir::State::status "{root}/var/lib/dpkg/status";\n')
    apt = [tool("apt-get"), "-o", "APT::Sandbox::User=", "-o", "Dir::Etc::parts=/dev/null"]
    env = {"APT_CONFIG": str(configuration)}
    process = sandbox.start(*apt, "-o", f"APT::Update::Pre-Invoke::={hook.script}", "update", env=env)
    hook.wait()
    lock = root / "var/lib/apt/lists/lock"
    until(lock.exists, f"apt-get made no lock: {process.said}")
    trip = journey("dpkg-lock", "apt-get update", lock)
    trip.running(Verdict.LIVE, owner=process.pid)
    process.kill()
    sandbox.end_everything()
    trip.killed(Verdict.IDLE, Removable.NEVER)
    assert trip.remove() is None
    sandbox.run(*apt, "update", env=env)
    trip.works("apt-get update succeeded")
