"""``packaging/run``: sets up once, heals what was interrupted, keeps standard output for the program."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from racewatch.cli.arguments import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
Run = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def run(small_checkout: Path, pip_environment: dict[str, str]) -> Run:
    def start(*arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(small_checkout / "packaging" / "run"), *arguments],
            cwd="/",
            env={**pip_environment, **extra},
            capture_output=True,
            text=True,
            check=False,
        )

    return start


def test_first_run_sets_up_and_the_second_says_nothing(run: Run, small_checkout: Path) -> None:
    first = run("scan", "--json", "/a path")
    assert (first.returncode, first.stdout) == (7, "program|scan|--json|/a path\n"), first.stderr
    assert "making the virtual environment" in first.stderr
    second = run("scan")
    assert (second.returncode, second.stdout, second.stderr) == (7, "program|scan\n", "")
    # A changed pyproject.toml is noticed; the environment is kept.
    witness = small_checkout / ".venv" / "witness"
    witness.touch()
    pyproject = small_checkout / "pyproject.toml"
    pyproject.write_text(pyproject.read_text().replace("version = '0'", "version = '1'"))
    third = run("scan")
    assert third.returncode == 7
    assert "installing racewatch" in third.stderr
    assert witness.exists()


@pytest.mark.long
def test_a_set_up_killed_half_way_is_done_again(
    run: Run, small_checkout: Path, pip_environment: dict[str, str]
) -> None:
    state = small_checkout / ".venv" / ".racewatch-setup"
    process = subprocess.Popen(
        [str(small_checkout / "packaging" / "run"), "scan"],
        env=pip_environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while not (state.exists() and (small_checkout / ".venv" / "bin").exists()):
        assert process.poll() is None
        assert time.monotonic() < deadline
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert state.read_text().splitlines()[0] == "building"
    (small_checkout / ".venv" / "half-written").touch()
    healed = run("scan")
    assert healed.stdout == "program|scan\n", healed.stderr
    assert "interrupted; starting over" in healed.stderr
    assert not (small_checkout / ".venv" / "half-written").exists()


@pytest.mark.long
def test_a_failed_installation_is_told_and_heals(run: Run, small_checkout: Path) -> None:
    pyproject = small_checkout / "pyproject.toml"
    good = pyproject.read_text()
    pyproject.write_text(good.replace("hatchling.build", "no.such.backend"))
    failed = run("scan")
    assert (failed.returncode, failed.stdout) == (2, "")
    assert "pip could not install racewatch" in failed.stderr
    pyproject.write_text(good)
    assert run("scan").stdout == "program|scan\n"


@pytest.mark.long
def test_a_moved_checkout_heals(run: Run, small_checkout: Path, pip_environment: dict[str, str]) -> None:
    assert run("scan").returncode == 7
    moved = small_checkout.with_name("moved elsewhere")
    small_checkout.rename(moved)
    (moved / "racewatch" / "__main__.py").write_text("def main():\n    print('moved')\n")
    done = subprocess.run(
        [str(moved / "packaging" / "run"), "scan"],
        env=pip_environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "moved\n"), done.stderr


@pytest.mark.long
def test_two_at_once_set_up_once(small_checkout: Path, pip_environment: dict[str, str]) -> None:
    processes = [
        subprocess.Popen(
            [str(small_checkout / "packaging" / "run"), "scan"],
            env=pip_environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for _ in range(3)
    ]  # fmt: skip
    answers = [process.communicate() for process in processes]
    assert [out for out, _ in answers] == ["program|scan\n"] * 3
    assert sum("making the virtual environment" in err for _, err in answers) == 1


def test_a_folder_somebody_else_made_is_left_alone(run: Run, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "precious").write_text("data")
    refused = run("scan", RACEWATCH_VENV=str(theirs))
    assert refused.returncode == 2
    assert "was not made by this script" in refused.stderr
    assert [path.name for path in theirs.iterdir()] == ["precious"]


@pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("setpriv"), reason="needs root to become another user"
)
def test_a_folder_this_user_may_not_write_is_told(
    small_checkout: Path, pip_environment: dict[str, str]
) -> None:
    # pytest's own folders are closed to other users.
    with tempfile.TemporaryDirectory(prefix="racewatch-test-") as folder:
        Path(folder).chmod(0o755)
        checkout = shutil.copytree(small_checkout, Path(folder) / "checkout")
        done = subprocess.run(
            [
                "setpriv",
                "--reuid=65534",
                "--regid=65534",
                "--clear-groups",
                checkout / "packaging" / "run",
                "scan",
            ],
            env={**pip_environment, "HOME": "/nonexistent"},
            capture_output=True,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stdout) == (2, "")
    assert "cannot be written by" in done.stderr
    assert "RACEWATCH_VENV=" in done.stderr


@pytest.mark.parametrize("arguments", [(), ("gui", "/run"), ("demo",), ("/run",), ("run",)])
def test_no_display_is_told_with_what_to_do_instead(run: Run, arguments: tuple[str, ...]) -> None:
    told = run(*arguments)
    assert (told.returncode, told.stdout) == (2, "")
    assert "there is no display here" in told.stderr
    for way in ("scan", "watch", "doctor", "ssh -X"):
        assert way in told.stderr
    assert "set-up" not in told.stderr


def test_an_old_python_is_told(run: Run, tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in (
        "bash",
        "dirname",
        "readlink",
        "sha256sum",
        "cut",
        "cat",
        "mkdir",
        "ls",
        "id",
        "flock",
        "mv",
        "uname",
    ):
        found = shutil.which(name)
        assert found is not None
        (tools / name).symlink_to(found)
    old = tools / "python3"
    old.write_text("#!/bin/bash\n[ \"$1\" = --version ] && echo 'Python 3.9.2' && exit 0\nexit 1\n")
    old.chmod(0o755)
    told = run("scan", PATH=str(tools))
    assert (told.returncode, told.stdout) == (2, "")
    assert "Python 3.11 or newer is needed" in told.stderr
    assert "Python 3.9.2" in told.stderr
    assert "RACEWATCH_PYTHON=" in told.stderr


def test_missing_packages_are_named_with_the_exact_command(tmp_path: Path) -> None:
    """No root and no sudo: nothing is tried, the command is printed."""
    script = (
        f". '{ROOT}/packaging/setup.sh'; apt_command() {{ return 1; }}; "
        "install_packages 'the window' libegl1 libxcb-cursor0 || echo refused"
    )
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "refused\n"
    assert "sudo apt-get install libegl1 libxcb-cursor0" in done.stderr


def test_libraries_the_loader_lacks_are_found_out() -> None:
    script = f". '{ROOT}/packaging/setup.sh'; QT_LIBRARIES='libc.so.6:libc6 libnothing.so.9:nothing9'; missing_qt_packages"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert [line for line in done.stdout.split() if not line.startswith("fonts-")] == ["nothing9"]


def test_run_knows_every_command() -> None:
    """Commands without a window must not ask for a display: the script's list is racewatch's own."""
    script = (ROOT / "packaging" / "run").read_text()
    match = re.search(r'^COMMANDS="(.*)"$', script, re.MULTILINE)
    assert match is not None
    assert set(match[1].split()) == set(COMMANDS) - {"gui", "demo"}
