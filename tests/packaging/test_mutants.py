"""The mutation runner tells a guarded tree from an unguarded one, and the real list is sound."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIST = ROOT / "tests" / "mutants"

pytestmark = pytest.mark.timeout(300)


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("mutants", ROOT / "packaging" / "mutants.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["mutants"] = module
    spec.loader.exec_module(module)
    return module


mutants = _load()
GUARDS = mutants.read_list(LIST)

ENTRY = """
[[guard]]
name = "{name}"
file = "racewatch/door.py"
find = "{find}"
replace = "{replace}"
tests = ["tests/test_door.py::{test}"]
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "racewatch").mkdir()
    (tmp_path / "racewatch" / "__init__.py").write_text("")
    (tmp_path / "racewatch" / "door.py").write_text(
        "def enter(live):\n    if live:\n        raise PermissionError\n    return 'in'\n"
    )
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_door.py").write_text(
        "import pytest\nfrom racewatch.door import enter\n\n\n"
        "def test_the_live_are_refused():\n    with pytest.raises(PermissionError):\n        enter(True)\n\n\n"
        "def test_the_dead_get_in():\n    assert enter(False) == 'in'\n\n\n"
        "def test_that_is_skipped():\n    pytest.skip('no such thing here')\n\n\n"
        "def test_that_fails():\n    assert False\n"
    )
    (tmp_path / "pyproject.toml").write_text("[tool.pytest.ini_options]\npythonpath = ['.']\n")
    return tmp_path


def judge(tree: Path, *entries: dict[str, str]) -> subprocess.CompletedProcess[str]:
    (tree / "tests" / "mutants").mkdir()
    for number, entry in enumerate(entries):
        (tree / "tests" / "mutants" / f"{number}.toml").write_text(ENTRY.format(**entry))
    return subprocess.run(
        [sys.executable, str(ROOT / "packaging" / "mutants.py"), "--tree", str(tree)],
        capture_output=True,
        text=True,
        check=False,
    )


def guard(**changes: str) -> dict[str, str]:
    plain = {
        "name": "refusal",
        "find": "if live:",
        "replace": "if False:",
        "test": "test_the_live_are_refused",
    }
    return {**plain, **changes}


def test_a_guard_with_a_test_is_proved_and_the_tree_stays_whole(tree: Path) -> None:
    before = (tree / "racewatch" / "door.py").read_text()
    done = judge(tree, guard())
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 of 1 guards are proved" in done.stdout
    assert "test_the_live_are_refused" in done.stdout
    assert (tree / "racewatch" / "door.py").read_text() == before


def test_a_guard_that_no_test_misses_survives(tree: Path) -> None:
    done = judge(tree, guard(), guard(name="unseen", test="test_the_dead_get_in"))
    assert done.returncode == 1
    assert "1 of 2 guards are proved" in done.stdout
    assert "SURVIVED" in done.stdout


def test_a_skipped_test_proves_nothing(tree: Path) -> None:
    done = judge(tree, guard(test="test_that_is_skipped"))
    assert done.returncode == 1
    assert "1 of its tests were skipped here" in done.stdout


def test_a_broken_import_is_no_proof(tree: Path) -> None:
    done = judge(tree, guard(replace="if if:"))
    assert done.returncode == 1
    assert "not judged" in done.stdout


def test_a_test_that_fails_anyway_is_no_proof(tree: Path) -> None:
    done = judge(tree, guard(test="test_that_fails"))
    assert done.returncode == 2
    assert "do not pass on the unbroken tree" in done.stderr


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        (guard(find="if dead:"), "is 0 times in"),
        (guard(find="e"), "times in"),
        (guard(replace="if live:"), "a find that differs from replace"),
        (guard(test="no_such_test"), "do not pass on the unbroken tree"),
    ],
)
def test_a_wrong_entry_is_told(tree: Path, entry: dict[str, str], complaint: str) -> None:
    done = judge(tree, entry)
    assert done.returncode == 2
    assert complaint in done.stderr


def test_an_empty_list_proves_nothing(tree: Path) -> None:
    done = judge(tree)
    assert done.returncode == 2
    assert "nothing would be proved" in done.stderr


def test_every_guard_of_the_list_is_found_exactly_once() -> None:
    assert GUARDS != []
    for mutant in GUARDS:
        mutants.broken_text(ROOT, mutant)


def test_every_test_of_the_list_exists() -> None:
    wanted = sorted({test for mutant in GUARDS for test in mutant.tests})
    assert wanted != []
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *wanted],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
