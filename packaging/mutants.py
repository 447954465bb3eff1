"""Breaks each guard in turn and demands that a named test notices (``./packaging/test --mutants``).

``tests/mutants/*.toml`` are the one list of guards and their tests.  Per entry: a private copy of the
tree, ``find`` replaced by ``replace``, the named tests run there.  A guard counts as proved only
when at least one of its tests *fails*; a collection error, a crash of the runner or a skipped test
proves nothing.  Before that, all named tests must pass on an unbroken copy: a test that fails
anyway proves nothing either.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

#: What a copy of the tree holds: the program, its tests and their settings.
COPIED: Final = ("racewatch", "resources", "tests", "packaging", "pyproject.toml", "README.md", "LICENSE")
FIELDS: Final = ("name", "file", "find", "replace", "tests")
DEADLINE_S: Final = 420.0
PYTEST_FAILED: Final = 1


class ListError(Exception):
    """The list of guards itself is wrong; the message says where."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One guard: how to break it, and which tests must notice."""

    name: str
    file: str
    find: str
    replace: str
    tests: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one mutant; ``killed_by`` is empty unless a test failed."""

    mutant: Mutant
    killed_by: tuple[str, ...]
    trouble: str


@dataclass(frozen=True, slots=True)
class Run:
    """One run of pytest: how it ended and which tests failed or were skipped."""

    status: int | None
    failed: tuple[str, ...]
    skipped: int
    output: str


def read_list(folder: Path) -> list[Mutant]:
    """The guards of all files of a folder; :class:`ListError` for anything missing, unknown or doubled."""
    mutants = [mutant for path in sorted(folder.glob("*.toml")) for mutant in read_file(path)]
    names = [mutant.name for mutant in mutants]
    for name in names:
        if names.count(name) > 1:
            raise ListError(f"{folder}: two guards are called {name!r}")
    return mutants


def read_file(path: Path) -> list[Mutant]:
    """The guards of one file."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ListError(f"{path}: {error}") from error
    unknown = set(data) - {"guard"}
    if unknown:
        raise ListError(f"{path}: unknown key {min(unknown)!r}; entries are [[guard]]")
    mutants = []
    for number, entry in enumerate(data.get("guard", ()), start=1):
        label = f"{path}: guard {number} ({entry.get('name', 'unnamed')})"
        if set(entry) != set(FIELDS):
            raise ListError(f"{label}: needs exactly the keys {', '.join(FIELDS)}")
        if not entry["tests"] or entry["find"] == entry["replace"] or not entry["find"]:
            raise ListError(f"{label}: needs a test, and a find that differs from replace")
        mutants.append(
            Mutant(entry["name"], entry["file"], entry["find"], entry["replace"], tuple(entry["tests"]))
        )
    return mutants


def broken_text(tree: Path, mutant: Mutant) -> str:
    """The file's text with the guard broken; :class:`ListError` unless ``find`` is there exactly once."""
    try:
        text = (tree / mutant.file).read_text(encoding="utf-8")
    except OSError as error:
        raise ListError(f"{mutant.name}: {error}") from error
    times = text.count(mutant.find)
    if times != 1:
        raise ListError(f"{mutant.name}: the text to find is {times} times in {mutant.file}, not once")
    return text.replace(mutant.find, mutant.replace)


def copy_tree(tree: Path, destination: Path) -> None:
    """The parts of the tree that tests need, without caches."""
    for name in COPIED:
        source = tree / name
        if source.is_dir():
            shutil.copytree(
                source,
                destination / name,
                ignore=shutil.ignore_patterns("__pycache__", "*.pyc", "screenshots"),
                symlinks=True,
            )
        elif source.exists():
            shutil.copy2(source, destination / name)


def run_tests(tree: Path, tests: tuple[str, ...], *, first_failure: bool) -> Run:
    """Run tests in a copy of the tree, against the racewatch of that copy and no other."""
    report = tree / "report.xml"
    environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    where = subprocess.run(
        [sys.executable, "-c", "import racewatch; print(racewatch.__file__)"],
        cwd=tree, env=environment, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    if where.returncode == 0 and not Path(where.stdout.strip()).resolve().is_relative_to(tree.resolve()):
        raise ListError(f"the tests would not run against the copy but against {where.stdout.strip()}")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}"]
    if first_failure:
        command.append("-x")
    try:
        done = subprocess.run(
            [*command, *tests],
            cwd=tree, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, errors="replace", check=False, timeout=DEADLINE_S,
        )  # fmt: skip
    except subprocess.TimeoutExpired as late:
        output = late.stdout.decode(errors="replace") if isinstance(late.stdout, bytes) else ""
        return Run(None, (), 0, output)
    failed: list[str] = []
    skipped = 0
    if report.exists():
        for case in ET.parse(report).iter("testcase"):
            if case.find("failure") is not None:
                failed.append(f"{case.get('classname', '').rpartition('.')[2]}::{case.get('name')}")
            skipped += case.find("skipped") is not None
    return Run(done.returncode, tuple(failed), skipped, done.stdout)


def try_mutant(tree: Path, mutant: Mutant) -> Verdict:
    """Break one guard in a copy and see which of its tests fails."""
    with tempfile.TemporaryDirectory(prefix="racewatch-mutant-") as folder:
        copy = Path(folder)
        copy_tree(tree, copy)
        try:
            (copy / mutant.file).write_text(broken_text(copy, mutant), encoding="utf-8")
        except ListError as error:
            return Verdict(mutant, (), str(error))
        run = run_tests(copy, mutant.tests, first_failure=True)
    if run.status is None:
        return Verdict(mutant, (), f"not judged: its tests did not end within {DEADLINE_S:.0f} s")
    if run.status == PYTEST_FAILED and run.failed:
        return Verdict(mutant, run.failed, "")
    if run.status == 0:
        skips = f" ({run.skipped} of its tests were skipped here)" if run.skipped else ""
        return Verdict(mutant, (), f"SURVIVED: its tests pass without it{skips}")
    last = run.output.strip().splitlines()[-1:] or ["no output"]
    return Verdict(mutant, (), f"not judged: pytest ended with {run.status}: {last[0]}")


def baseline_trouble(tree: Path, mutants: list[Mutant]) -> str:
    """Why the named tests do not pass on an unbroken copy; empty when they do."""
    tests = tuple(dict.fromkeys(test for mutant in mutants for test in mutant.tests))
    with tempfile.TemporaryDirectory(prefix="racewatch-baseline-") as folder:
        copy = Path(folder)
        copy_tree(tree, copy)
        run = run_tests(copy, tests, first_failure=False)
    if run.status == 0:
        return ""
    return f"the named tests do not pass on the unbroken tree, so they prove nothing:\n{run.output[-4000:]}"


def judge(tree: Path, mutants: list[Mutant], jobs: int) -> list[Verdict]:
    """All mutants, ``jobs`` at a time, in the order of the list; each is told of as it ends."""

    def one(mutant: Mutant) -> Verdict:
        verdict = try_mutant(tree, mutant)
        print(f"  {mutant.name}: {', '.join(verdict.killed_by) or verdict.trouble}", flush=True)
        return verdict

    with ThreadPoolExecutor(max_workers=jobs) as pool:
        return list(pool.map(one, mutants))


def table(verdicts: list[Verdict]) -> str:
    """Guard by guard: killed by which test, or what is wrong."""
    width = max(len(verdict.mutant.name) for verdict in verdicts)
    lines = [f"{'guard':<{width}}  killed by"]
    for verdict in verdicts:
        lines.append(f"{verdict.mutant.name:<{width}}  {', '.join(verdict.killed_by) or verdict.trouble}")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Exit status 0 when every guard is proved, 1 when one is not, 2 when the list is wrong."""
    here = Path(__file__).resolve().parent.parent
    parser = argparse.ArgumentParser(description="Break each guard; a named test must fail.")
    parser.add_argument("names", nargs="*", help="only these guards")
    parser.add_argument("--tree", type=Path, default=here, help="the tree to work on a copy of")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args(arguments)
    try:
        mutants = read_list(options.tree / "tests" / "mutants")
        unknown = set(options.names) - {mutant.name for mutant in mutants}
        if unknown:
            raise ListError(f"no guard is called {min(unknown)!r}")
        if options.names:
            mutants = [mutant for mutant in mutants if mutant.name in options.names]
        if not mutants:
            raise ListError("the list holds no guard; nothing would be proved")
        for mutant in mutants:
            broken_text(options.tree, mutant)
        print(f"{len(mutants)} guards; first their tests on the unbroken tree", flush=True)
        trouble = baseline_trouble(options.tree, mutants)
        if trouble:
            raise ListError(trouble)
        verdicts = judge(options.tree, mutants, options.jobs)
    except ListError as error:
        print(f"mutants: {error}", file=sys.stderr)
        return 2
    proved = sum(bool(verdict.killed_by) for verdict in verdicts)
    print(
        f"\n{table(verdicts)}\n\n{proved} of {len(verdicts)} guards are proved by a test that fails without them"
    )
    return 0 if proved == len(verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
