"""The wheel: builds, carries its resources, and works from a bare environment far from the checkout."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import racewatch

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def wheel(tmp_path: Path, pip_environment: dict[str, str]) -> Path:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "--quiet",
            "--no-deps",
            "--wheel-dir",
            str(tmp_path),
            str(ROOT),
        ],
        env=pip_environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (built,) = tmp_path.glob("*.whl")
    return built


def test_the_wheel_carries_resources_and_desktop_files_and_no_tests(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    shipped = {
        f"racewatch/_resources/{path.relative_to(ROOT / 'resources').as_posix()}"
        for path in (ROOT / "resources").rglob("*")
        if path.is_file()
    }
    assert shipped
    assert shipped - names == set()
    sources = {path.relative_to(ROOT).as_posix() for path in (ROOT / "racewatch").rglob("*.py")}
    assert sources - names == set()
    data = f"racewatch-{racewatch.__version__}.data/data/share"
    for path in (ROOT / "packaging" / "share").rglob("*"):
        if path.is_file():
            assert f"{data}/{path.relative_to(ROOT / 'packaging' / 'share').as_posix()}" in names
    assert [name for name in names if name.startswith(("tests/", "packaging/"))] == []


def test_the_wheel_works_in_a_bare_environment(
    wheel: Path, tmp_path: Path, pip_environment: dict[str, str]
) -> None:
    bare = tmp_path / "bare"
    subprocess.run([sys.executable, "-m", "venv", str(bare)], check=True, env=pip_environment)
    done = subprocess.run(
        [str(bare / "bin" / "python"), "-m", "pip", "install", "--quiet", str(wheel)],
        env=pip_environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    environment = {
        **pip_environment,
        "RACEWATCH_STATE_DIR": str(tmp_path / "state"),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
    }

    def start(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(bare / "bin" / "racewatch"), *arguments],
            cwd="/",
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    version = start("--version")
    assert (version.returncode, version.stderr) == (0, "")
    assert racewatch.__version__ in version.stdout

    root = tmp_path / "s"
    root.mkdir()
    path = root / "dead.sock"
    with socket.socket(socket.AF_UNIX) as server:
        here = os.open(root, os.O_PATH)
        server.bind(f"/proc/self/fd/{here}/dead.sock")  # no limit of 108 bytes this way
        os.close(here)
    scan = start("scan", "--json", str(root))
    assert (scan.returncode, scan.stderr) == (0, "")
    (seen,) = json.loads(scan.stdout)["observations"]
    assert (seen["path"], seen["verdict"], seen["removable"]) == (str(path), "stale", "yes")

    # Not from the checkout, and what a command line needs is not what a window needs.
    probe = (
        "import sys, racewatch; print(racewatch.__file__)\n"
        "from racewatch.__main__ import main\n"
        "sys.argv = ['racewatch', 'scan', '--json', sys.argv[1]]\nassert main() == 0\n"
        "print([name for name in sys.modules if name.startswith(('PySide6', 'shiboken6', 'qasync'))])"
    )
    told = subprocess.run(
        [str(bare / "bin" / "python"), "-c", probe, str(root)],
        cwd="/",
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    assert Path(told[0]).is_relative_to(bare)
    assert told[-1] == "[]"
