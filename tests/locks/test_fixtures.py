"""Every captured lock of a real program is recognised, and its owner read as the manifest has it."""

from __future__ import annotations

import pytest

from racewatch.kinds.locks.claim import Claim, ParseFailure
from racewatch.kinds.locks.format import Policy, Role
from racewatch.kinds.locks.parsers import PARSERS
from racewatch.kinds.locks.registry import Identified, built_in
from tests.locks.support import FIXTURES, Captured, captured

#: fixture → name → format.  None: no lock by itself.
EXPECTED: dict[str, dict[str, str | None]] = {
    "borg-lock": {
        "lock.exclusive": "borg-exclusive borg-cache-exclusive",
        "lock.roster": "borg-roster borg-cache-roster",
        "vm@3281355014145.19938-0": "borg-entry",
    },
    "cargo-lock": {
        ".cargo-lock": "cargo-lock",
        ".package-cache": "cargo-lock",
        ".package-cache-mutate": "cargo-lock",
    },
    "chromium-singleton": {
        "SingletonLock": "chromium-singleton",
        "SingletonSocket": "chromium-singleton-part",
        "SingletonCookie": "chromium-singleton-part",
    },
    "dotlock-liblockfile": {"mbox.lock": "dotlock", "mbox2.lock": "generic-lock-file"},
    "dotlock-procmail": {"pm.lock": "dotlock"},
    "dpkg-lock": {"lock": "fcntl-file", "lock-frontend": "dpkg-lock"},  # in a test's own --admindir
    "emacs-lock": {".#doc.txt": "emacs-lock", ".#boot.txt": "emacs-lock"},
    "git-config-lock": {"config.lock": "git-lock"},
    "git-gc-pid": {"gc.pid": "git-gc-pid"},
    "git-index-lock": {"index.lock": "git-lock"},
    "git-ref-lock": {"x.lock": "git-lock"},
    "gradle-lock": {"taskHistory.lock": "gradle-lock", "fileHashes.lock": "gradle-lock"},
    "gunicorn-pid": {"g.pid": "generic-pidfile"},  # under a name of the test's own
    "hsperfdata": {"21324": "java-hsperfdata"},
    "java-filelock": {"j.lock": "fcntl-file"},
    "joe-lock": {".#j.txt": "joe-lock"},
    "jupyter-runtime": {"jpserver-20869.json": "jupyter-server"},
    "leveldb-lock": {"LOCK": "leveldb-lock"},
    "libreoffice-lock": {".~lock.a.odt#": "libreoffice-document", ".lock": "libreoffice-profile"},
    "lxc-lock": {".c1": "lxc-lock"},
    "mariadb-pid": {"m.pid": "generic-pidfile", "ibdata1": None, "aria_log_control": None},
    "mercurial-lock": {"wlock": "hg-wlock", "lock": "hg-store-lock"},
    "nano-lock": {".n.txt.swp": "nano-lock"},
    "nginx-pid": {"n.pid": "generic-pidfile"},
    "nix-lock": {
        "vskb6dq1v745nyfcj04l17agmqgaj5xw-slow.lock": "nix-store-lock",
        "big-lock": "nix-state-lock",
        "gc.lock": "nix-state-lock",
        "23805": "nix-temproots",
    },
    "node-lockfile": {"old.lock": "generic-lock-file"},  # the capture did not see it open
    "node-proper-lockfile": {"res.txt.lock": "proper-lockfile"},
    "pacman-db-lck": {"db.lck": "pacman-lock"},
    "pipewire-lock": {"pipewire-0.lock": "pipewire-lock"},
    "postgres-pid": {"postmaster.pid": "postgres-postmaster", ".s.PGSQL.54329.lock": "postgres-socket-lock"},
    "pulseaudio": {"pid": "pulseaudio-pid"},
    "python-fasteners": {"fa.lock": "fcntl-file"},
    "python-filelock": {"fl.lock": "flock-file"},
    "python-lockfile": {
        "lf.lock": "lockfile-link",
        "mk.lock": "lockfile-directory",
        "sy.lock": "lockfile-symlink",
        "plf.pid": "generic-pidfile",
        # Parts of the two above, by the second name and inside the folder.
        "vm.-cd5beb8020153": None,
        "vm-e1471b80.20152-2396688867906592103": None,
    },
    "python-pid": {"pidlib.pid": "flock-pidfile"},
    "python-portalocker": {"pl.lock": "flock-file"},
    "python-softfilelock": {"soft.lock": "soft-file-lock"},
    "python-zc-lockfile": {"zc.lock": "zc-lockfile"},
    "qemu-ofd": {"d.qcow2": "qemu-image"},
    "redis-pidfile": {"redis.pid": "redis-pidfile"},
    "restic-lock": {"03e38e3823ed2e2a44950d2dbd32d658f3773e109fbf76b5074ca17bd8cfdd01": "restic-lock"},
    "shadow-passwd-lock": {
        "group.lock": "shadow-lock",
        "gshadow.lock": "shadow-lock",
        "passwd.lock": "shadow-lock",
        "gshadow.21971": "shadow-link",
    },
    "sqlite": {
        "d.db": None,
        "w.db": None,
        "d.db-journal": "sqlite-journal",
        "w.db-wal": "sqlite-wal",
        "w.db-shm": "sqlite-shm",
    },
    "systemd-nspawn-lck": {".#nroot.lck": "nspawn-lock", "inode-65024:2483123": "nspawn-inode-lock"},
    "terraform-lock": {
        ".terraform.tfstate.lock.info": "terraform-lock-info",
        "terraform.tfstate": "terraform-state",
    },
    "vim-swp": {".note.txt.swp": "vim-swap", ".clean.txt.swp": "vim-swap"},
    "wayland-lock": {"wayland-1.lock": "wayland-lock"},
    "x11-lock": {".X77-lock": "x11-lock"},
}

#: Formats whose content or name says the owner's pid, which must be the manifest's.
NAMES_ITS_OWNER = {
    "borg-exclusive", "borg-cache-exclusive", "borg-roster", "borg-cache-roster", "borg-entry",
    "chromium-singleton", "emacs-lock", "git-gc-pid", "gradle-lock", "generic-pidfile", "java-hsperfdata",
    "joe-lock", "jupyter-server", "hg-wlock", "hg-store-lock", "nano-lock", "nix-temproots",
    "postgres-postmaster", "postgres-socket-lock", "pulseaudio-pid", "flock-pidfile", "soft-file-lock",
    "zc-lockfile", "redis-pidfile", "shadow-lock", "shadow-link", "vim-swap", "x11-lock",
}  # fmt: skip
#: Formats whose content says the host, which must be the manifest's.
NAMES_ITS_HOST = {
    "chromium-singleton", "emacs-lock", "git-gc-pid", "hg-wlock", "hg-store-lock", "nano-lock", "vim-swap",
    "soft-file-lock", "zc-lockfile", "libreoffice-document", "libreoffice-profile", "terraform-lock-info",
    "lockfile-directory", "lockfile-symlink",
}  # fmt: skip


def identify(one: Captured) -> Identified:
    found = built_in().identify(one.sighting)
    assert found is not None, one.sighting.path
    return found


def claim_of(fixture: str, name: str) -> Claim:
    one = next(one for one in captured() if one.fixture == fixture and one.name == name)
    found = identify(one)
    assert isinstance(found.claim, Claim), found.claim
    return found.claim


def test_the_table_is_about_all_fixtures() -> None:
    assert set(EXPECTED) == {manifest.parent.name for manifest in FIXTURES.glob("*/manifest.json")}
    assert {(one.fixture, one.name) for one in captured()} == {
        (fixture, name) for fixture, names in EXPECTED.items() for name in names
    }


@pytest.mark.parametrize("one", captured(), ids=lambda one: f"{one.fixture}-{one.name}")
def test_recognised_and_parsed_to_its_owner(one: Captured) -> None:
    expected = EXPECTED[one.fixture][one.name]
    found = built_in().identify(one.sighting)
    if expected is None:
        assert found is None
        return
    assert found is not None
    assert found.format.name in expected.split()
    if one.sighting.content is None and found.format.read_limit:
        return  # a capture after the owner's death, without bytes
    assert not isinstance(found.claim, ParseFailure)
    if found.format.name in NAMES_ITS_OWNER:
        assert found.said is not None
        assert found.said.pid in one.pids
    if found.format.name in NAMES_ITS_HOST:
        assert found.said is not None
        assert found.said.host == one.host["hostname"]


def test_the_owner_checks_are_about_formats_that_were_captured() -> None:
    seen = {
        name for names in EXPECTED.values() for words in names.values() if words for name in words.split()
    }
    assert seen >= NAMES_ITS_OWNER | NAMES_ITS_HOST


def test_soft_file_lock_names_the_exact_process() -> None:
    one = next(one for one in captured() if one.name == "soft.lock")
    claim = claim_of("python-softfilelock", "soft.lock")
    owner = next(owner for owner in one.owners if owner["pid"] == claim.pid)
    assert claim.start_ticks == owner["start_ticks"]
    assert claim.boot_id == one.host["boot_id"]


def test_vim_tells_a_dirty_buffer_from_a_clean_one() -> None:
    policies = {one.name: identify(one).policy for one in captured() if one.fixture == "vim-swp"}
    assert policies == {".note.txt.swp": Policy.NEVER, ".clean.txt.swp": Policy.BREAK}
    assert claim_of("vim-swp", ".note.txt.swp").dirty is True
    assert claim_of("vim-swp", ".clean.txt.swp").dirty is False


def test_further_claims_are_read_exactly() -> None:
    assert claim_of("emacs-lock", ".#boot.txt").boot_time == 1795203306
    assert claim_of("emacs-lock", ".#boot.txt").user == "root"
    assert claim_of("mercurial-lock", "wlock").pid_namespace == 4026531836
    assert claim_of("gradle-lock", "fileHashes.lock").port == 0xAAB2
    postmaster = claim_of("postgres-pid", "postmaster.pid")
    assert (postmaster.port, postmaster.time) == (54329, 1795207455.0)
    assert ("status", "ready") in postmaster.facts
    assert claim_of("borg-lock", "lock.roster").host == "vm@3281355014145"
    assert claim_of("terraform-lock", ".terraform.tfstate.lock.info").user == "root"
    document = claim_of("libreoffice-lock", ".~lock.a.odt#")
    assert (document.pid, document.user) == (None, "root")
    assert ("locked at", "20.11.2026 20:46") in document.facts
    assert claim_of("dotlock-liblockfile", "mbox.lock").pid is None


def test_lockfile_names_are_no_pids_unless_the_hash_is_negative() -> None:
    parse = PARSERS["lockfile_name"]
    certain = parse(b"", b"vm-e1471b80.20152-2396688867906592103")
    assert isinstance(certain, Claim)
    assert (certain.pid, certain.thread) == (20152, 0xE1471B80)
    assert claim_of("python-lockfile", "sy.lock").pid is None
    assert claim_of("python-lockfile", "mk.lock").pid is None


def test_secrets_are_never_read() -> None:
    one = next(one for one in captured() if one.fixture == "jupyter-runtime")
    assert b"token" in (one.sighting.content or b"")
    assert built_in().read_limit(one.sighting.path, one.sighting.type) == 0
    assert "REDACTED" not in repr(identify(one))


def test_companions_of_captured_locks() -> None:
    def of(fixture: str, name: str) -> set[tuple[Role, bytes]]:
        one = next(one for one in captured() if (one.fixture, one.name) == (fixture, name))
        return {(found.companion.role, found.path) for found in identify(one).companions()}

    assert of("x11-lock", ".X77-lock") == {
        (Role.TOGETHER, b"/tmp/.X11-unix/X77"),
        (Role.SOCKET, b"/tmp/.X11-unix/X77"),
        (Role.ABSTRACT, b"/tmp/.X11-unix/X77"),
        (Role.TWIN, b"/tmp/.tX77-lock"),
    }
    assert of("postgres-pid", ".s.PGSQL.54329.lock") == {
        (Role.TOGETHER, b"/srv/pg/.s.PGSQL.54329"),
        (Role.SOCKET, b"/srv/pg/.s.PGSQL.54329"),
        (Role.PIDFILE, b"/tmp/lkr/w2/pg/d/postmaster.pid"),
    }
    assert of("terraform-lock", ".terraform.tfstate.lock.info") == {
        (Role.TESTED, b"/srv/tf/terraform.tfstate")
    }
    assert of("shadow-passwd-lock", "passwd.lock") == {(Role.TWIN, b"/srv/sh/etc/passwd.21971")}
    assert of("git-index-lock", "index.lock") == {
        (Role.OWNER, b"/srv/git/r/.git/index~pid.lock"),
        (Role.TOGETHER, b"/srv/git/r/.git/index~pid.lock"),
    }


def test_commands_of_captured_locks_can_be_pasted() -> None:
    def of(fixture: str, name: str) -> tuple[str, ...]:
        return identify(
            next(one for one in captured() if (one.fixture, one.name) == (fixture, name))
        ).commands()

    assert of("mercurial-lock", "lock") == (
        "hg -R /srv/hg/r debuglocks --force-free-lock",
        "hg -R /srv/hg/r recover",
    )
    assert of("terraform-lock", ".terraform.tfstate.lock.info") == (
        "terraform -chdir=/srv/tf force-unlock bc952da1-a7ba-81a5-95fd-93ee910bf7a2",
    )
    assert of("postgres-pid", "postmaster.pid") == ("pg_ctl start -D /srv/pg/d",)
