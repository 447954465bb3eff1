"""The formats that come with racewatch: complete, honest, and as strict as the knowledge behind them."""

from __future__ import annotations

import pytest

from racewatch.kinds.locks.format import ADVISORY, Format, Mechanism, Need, Policy, Role, Rule
from racewatch.kinds.locks.registry import built_in
from racewatch.kinds.locks.rows import table

B, A, T, N = Policy.BREAK, Policy.ASK, Policy.TOOL, Policy.NEVER

#: The index of what is known, row by row: the formats of a row, and what may be offered.
INDEX: dict[str, tuple[tuple[str, Policy], ...]] = {
    "1.1 vim": (("vim-swap", B),),
    "1.2 nano": (("nano-lock", B),),
    "1.3 Emacs": (("emacs-lock", B), ("emacs-autosave", N)),
    "1.4 JOE": (("joe-lock", A),),
    "1.5 LibreOffice document": (("libreoffice-document", A),),
    "1.6 LibreOffice profile": (("libreoffice-profile", A),),
    "2.1 git": (("git-lock", A),),
    "2.2 git owner": (("git-lock-pid", A),),
    "2.3 git gc": (("git-gc-pid", B),),
    "2.4 Mercurial": (("hg-wlock", T), ("hg-store-lock", T), ("hg-breaker", A)),
    "2.5 Subversion": (("svn-repository-lock", N), ("svn-decoy", N), ("svn-working-copy", N)),
    "3.1 restic": (("restic-lock", T),),
    "3.2 Borg 1": (
        ("borg-exclusive", T),
        ("borg-cache-exclusive", T),
        ("borg-entry", T),
        ("borg-roster", T),
        ("borg-cache-roster", T),
    ),
    "3.3 Borg 2": (("borg2-lock", T),),
    "4.1 postmaster.pid": (("postgres-postmaster", T),),
    "4.2 PostgreSQL socket": (("postgres-socket-lock", B),),
    "4.3 Redis": (("redis-pidfile", B), ("redis-cluster-nodes", N)),
    "4.4 MariaDB, MySQL": (("mysql-pidfile", B), ("mysql-socket-lock", A)),
    "4.5 MongoDB": (("mongod-lock", N),),
    "4.6 SQLite": (("sqlite-journal", N), ("sqlite-wal", N), ("sqlite-shm", N)),
    "4.7 LevelDB": (("leveldb-lock", N),),
    "5.1 dpkg": (("dpkg-lock", N),),
    "5.2 pacman": (("pacman-lock", A),),
    "5.3 dnf, yum, rpm": (("dnf-pid", B), ("yum-pid", A), ("rpm-lock", N)),
    "5.4 snapd": (("snapd-lock", N), ("snapd-inhibit", N)),
    "5.5 Nix": (("nix-store-lock", N), ("nix-state-lock", N), ("nix-temproots", N)),
    "5.6 Homebrew": (("homebrew-lock", N),),
    "5.7 conda": (("conda-lock", N),),
    "5.9 Cargo": (("cargo-lock", N),),
    "5.10 proper-lockfile": (("proper-lockfile", A),),
    "5.11 Gradle": (("gradle-lock", N),),
    "5.12 Maven": (("maven-resolver-lock", N), ("maven-part-lock", N)),
    "5.13 Bazel": (("bazel-lock", N), ("bazel-server-pid", N)),
    "5.14 shadow": (("shadow-lock", B), ("shadow-link", B)),
    "5.15 system": (("pwd-lock", N), ("xtables-lock", N)),
    "5.16 Terraform": (("terraform-lock-info", B), ("terraform-state", N)),
    "6.1 filelock, 6.4, 6.6": (("flock-file", N), ("fcntl-file", N), ("ofd-file", N)),
    "6.2 SoftFileLock": (("soft-file-lock", B),),
    "6.3 lockfile": (("lockfile-link", A), ("lockfile-directory", A), ("lockfile-symlink", A)),
    "6.4 zc.lockfile, pid": (("zc-lockfile", N), ("flock-pidfile", N), ("fcntl-pidfile", N)),
    "6.5 Node lockfile": (("node-lockfile", A),),
    "6.6 Java": (("java-hsperfdata", N),),
    "6.7 dotlocks": (("dotlock", A), ("mail-dotlock", A)),
    "6.8 GnuPG": (("gnupg-dotlock", B), ("gnupg-dotlock-link", B)),
    "6.9 UUCP": (("uucp-lock", B),),
    "6.10 ctx": (("ctx-sync-lock", A), ("ctx-dream-lock", N)),
    "7.1 nginx": (("nginx-pid", B),),
    "7.2 web servers": (("gunicorn-pid", B), ("celery-pid", B), ("rails-pid", B)),
    "7.3 Jupyter": (("jupyter-server", T), ("jupyter-kernel", N)),
    "7.4 docker": (("docker-pid", B),),
    "8.1 X11": (("x11-lock", B),),
    "8.2 Xauthority": (("xauthority-lock", T),),
    "8.3 Wayland": (("wayland-lock", N),),
    "8.4 PipeWire": (("pipewire-lock", N),),
    "8.5 PulseAudio": (("pulseaudio-pid", B),),
    "8.6 Chromium": (("chromium-singleton", B), ("chromium-singleton-part", N)),
    "8.7 Firefox": (("firefox-lock", B), ("firefox-parentlock", N)),
    "8.8 JetBrains": (("jetbrains-lock", A),),
    "9 tmux": (("tmux-start-lock", N),),
    "10 containers": (
        ("containers-storage", N),
        ("libpod-shm", N),
        ("libpod-alive-lock", N),
        ("libpod-alive", N),
        ("lxc-lock", N),
        ("lxc-partial", N),
        ("nspawn-lock", B),
        ("nspawn-inode-lock", B),
        ("qemu-image", N),
    ),
    "not locks": (("dependency-lockfile", N),),
    "generic": (
        ("generic-lock-file", A),
        ("generic-lock-directory", A),
        ("generic-lock-link", A),
        ("generic-pidfile", A),
        ("generic-run-lock", A),
        ("generic-large-file", N),
    ),
}
ALL = built_in().formats


def named(name: str) -> Format:
    found = built_in().get(name)
    assert found is not None, name
    return found


def test_the_built_in_files_have_no_mistake() -> None:
    assert [str(problem) for problem in built_in().problems] == []


def test_every_row_of_the_index_is_there_with_its_policy() -> None:
    wanted = {name: policy for row in INDEX.values() for name, policy in row}
    assert {one.name: one.policy for one in ALL} == wanted


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.name)
def test_every_format_says_what_people_need(one: Format) -> None:
    for text in (one.title, one.program, one.consequence, one.remedy, one.source):
        assert text.strip() == text
        assert text
    assert one.where
    assert one.mechanisms
    assert len(one.consequence) > 20
    assert len(one.remedy) > 20
    # A source is a program that was run, a file of a repository, a manual, or the admission of hearsay.
    hearsay = any(word in one.source for word in ("not checked", "common knowledge"))
    assert hearsay == (not one.checked)


@pytest.mark.parametrize("one", [one for one in ALL if one.policy is B], ids=lambda one: one.name)
def test_break_rests_on_a_real_proof(one: Format) -> None:
    assert one.rules
    assert all(rule.is_proof and rule.needs for rule in one.rules)
    assert one.checked
    if one.is_advisory:
        assert set(one.rules) <= {Rule.LOCK_FREE, Rule.PID_AND_UNLOCKED}
    assert not one.permanent
    assert not one.generic


def test_an_age_alone_is_never_proof() -> None:
    for rule in Rule:
        if rule.is_proof:
            assert rule.needs & {Need.PID_GONE, Need.UNLOCKED, Need.BEFORE_BOOT, Need.STILL}
    assert Rule.BOOT.needs >= {Need.LOCAL, Need.THIS_HOST, Need.NOT_OPEN}
    assert [rule for rule in Rule if rule.irrevocable] == [Rule.PID_IDENTITY, Rule.BOOT]
    assert all(rule.says for rule in Rule)


def test_what_was_not_checked_and_what_is_generic_is_at_most_asked() -> None:
    for one in ALL:
        if not one.checked:
            assert one.policy in (A, N)
        if one.generic:
            assert one.policy.strictness >= A.strictness


def test_data_and_advisory_files_that_stay_are_never_removed() -> None:
    for one in ALL:
        if one.is_data or Mechanism.DECOY in one.mechanisms:
            assert one.policy is N or one.dirty_policy is N, one.name
        if one.permanent:
            assert one.policy is N, one.name
            assert ADVISORY & set(one.mechanisms) or Mechanism.DECOY in one.mechanisms


def test_tool_formats_have_a_command() -> None:
    assert all(one.tools for one in ALL if one.policy is T)


def test_existence_locks_without_a_pid_are_never_broken_on_our_word() -> None:
    for one in ALL:
        existence = {Mechanism.EXCLUSIVE_FILE, Mechanism.SYMLINK, Mechanism.DIRECTORY, Mechanism.HARD_LINK}
        if one.policy is B and existence & set(one.mechanisms):
            proofs = {Rule.PID_IDENTITY, Rule.PID_AND_UNLOCKED, Rule.LOCK_FREE}
            assert proofs & set(one.rules), one.name


def test_families_with_a_breaker_lock_name_it() -> None:
    breakers = {one.name: one.breaker.where for one in ALL if one.breaker is not None}
    assert breakers == {
        "git-gc-pid": "gc.pid.lock",
        "hg-wlock": "{name}.break",
        "hg-store-lock": "{name}.break",
    }


def test_what_goes_together() -> None:
    def removed(name: str) -> set[str]:
        return {one.where for one in named(name).companions if one.role is Role.TOGETHER}

    assert removed("x11-lock") == {".X11-unix/X{n}"}
    assert removed("chromium-singleton") == {"SingletonSocket", "SingletonCookie"}
    assert removed("postgres-socket-lock") == {".s.PGSQL.{port}"}
    assert removed("firefox-lock") == set()


def test_secrets_are_never_opened() -> None:
    assert {one.name for one in ALL if one.never_open} == {"jupyter-server", "jupyter-kernel"}


def test_the_table_for_people_has_every_format_once() -> None:
    rows = table(built_in())
    assert [row.name for row in rows][-1].startswith("generic-")
    assert sorted(row.name for row in rows) == sorted(one.name for one in ALL)
    vim = next(row for row in rows if row.name == "vim-swap")
    assert vim.policy == "break when proved; with unsaved work inside: never"
    assert "the process it names is gone" in vim.proof
    assert all("\n" not in text for row in rows for text in (row.title, row.where, row.remedy, row.source))
