"""The checks of ``tests/conftest.py`` catch what they are there for."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

LEAKS = {
    "descriptor": "import os\nkept = []\ndef test_it():\n    kept.append(os.open('/dev/null', os.O_RDONLY))\n",
    "thread": (
        "import threading\nend = threading.Event()\n"
        "def test_it():\n    threading.Thread(target=end.wait, daemon=True).start()\n"
    ),
    "child": (
        "import subprocess\nkept = []\n"
        "def test_it():\n    kept.append(subprocess.Popen(['sleep', '60'], stdin=subprocess.DEVNULL))\n"
        "def teardown_module():\n    kept[0].kill()\n    kept[0].wait()\n"
    ),
    "zombie": (
        "import os\nkept = []\n"
        "def test_it():\n"
        "    pid = os.posix_spawn('/bin/true', ['true'], {})\n"
        "    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)\n"
        "    kept.append(pid)\n"
        "def teardown_module():\n    os.waitpid(kept[0], 0)\n"
    ),
}

CLEAN = (
    "import os, subprocess, threading\n"
    "def test_it():\n"
    "    os.close(os.open('/dev/null', os.O_RDONLY))\n"
    "    subprocess.run(['true'], check=True)\n"
    "    thread = threading.Thread(target=int)\n    thread.start()\n    thread.join()\n"
    "def test_folders(tmp_path):\n"
    "    for name in ('RACEWATCH_STATE_DIR', 'XDG_CONFIG_HOME', 'XDG_STATE_HOME', 'XDG_RUNTIME_DIR'):\n"
    "        assert os.environ[name].startswith(str(tmp_path.parent))\n"
)


def run(tmp_path: Path, source: str) -> subprocess.CompletedProcess[str]:
    shutil.copy2(ROOT / "tests" / "conftest.py", tmp_path / "conftest.py")
    text = (tmp_path / "conftest.py").read_text()
    (tmp_path / "conftest.py").write_text(text.replace("LEAK_DEADLINE_S = 5.0", "LEAK_DEADLINE_S = 0.3"))
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\nmarkers =\n    long: long\n    leaks(reason): leaks\ntimeout = 60\n"
    )
    (tmp_path / "test_it.py").write_text(source)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--basetemp={tmp_path / 'base'}", "test_it.py"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("what", sorted(LEAKS))
def test_a_leak_fails_its_test(tmp_path: Path, what: str) -> None:
    done = run(tmp_path, LEAKS[what])
    assert done.returncode == 1, done.stdout
    assert "left behind: " + ("child" if what == "zombie" else what) in done.stdout


def test_a_leak_with_a_reason_is_let_through(tmp_path: Path) -> None:
    marked = "import pytest\npytestmark = pytest.mark.leaks('shows the mark')\n" + LEAKS["descriptor"]
    assert run(tmp_path, marked).returncode == 0


def test_a_clean_test_passes_in_folders_of_its_own(tmp_path: Path) -> None:
    done = run(tmp_path, CLEAN)
    assert done.returncode == 0, done.stdout
