"""The shape of the tree: small files, reasons for exceptions, Qt and third parties where they belong."""

from __future__ import annotations

import ast
import re
import sys
import tokenize
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LARGEST = 24_000
OF_CODE = (".py", ".toml", ".sh", ".md", ".qss", ".svg", ".xml", ".desktop", ".1", "")
TOP_LEVEL = {"pyproject.toml", "racewatch", "resources", "tests", "packaging", "README.md", "LICENSE"}

#: Import name → distribution, where they differ.
DISTRIBUTIONS = {
    "PySide6": "pyside6-essentials",
    "shiboken6": "pyside6-essentials",
    "_pytest": "pytest",
    "pytestqt": "pytest-qt",
}
QT = {"PySide6", "shiboken6", "qasync"}

DIRECTIVE = re.compile(
    r"#\s*(type:\s*ignore|noqa|pragma:\s*no\s*(?:cover|branch))(\[[^\]]*\]|:[ ]?[A-Z0-9, ]+)?(.*)"
)


def sources(*folders: str) -> list[Path]:
    found = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    assert found
    return found


def imports(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield node.lineno, name.name
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.lineno, node.module or ""


def third_party(path: Path) -> set[str]:
    own = {"racewatch", "tests", "packaging", "mutants", "__future__"}
    tops = {name.partition(".")[0] for _, name in imports(path)}
    return {top for top in tops if top not in sys.stdlib_module_names and top not in own}


def declared(*extras: str) -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = list(project["dependencies"])
    for extra in extras:
        wanted += project["optional-dependencies"][extra]
    return {re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0].lower() for line in wanted}


def distribution(top: str) -> str:
    return DISTRIBUTIONS.get(top, top.lower())


def test_every_file_is_small() -> None:
    large = [
        f"{path.relative_to(ROOT)}: {path.stat().st_size} bytes"
        for folder in ("racewatch", "tests", "packaging", ".ci")
        for path in sorted((ROOT / folder).rglob("*"))
        if path.is_file()
        and path.suffix in OF_CODE
        and "__pycache__" not in path.parts
        and path.stat().st_size >= LARGEST
    ]
    assert large == []


def reasonless(text: str) -> Iterator[str]:
    """The directives of a source that do not say what they silence, or not why."""
    lines = iter(text.splitlines(keepends=True))
    for token in tokenize.generate_tokens(lambda: next(lines, "")):
        if token.type != tokenize.COMMENT:
            continue
        for directive, what, why in DIRECTIVE.findall(token.string):
            if "pragma" not in directive and not what:
                yield f"line {token.start[0]}: {directive} does not say what it silences"
            elif sum(letter.isalpha() for letter in why) < 6:
                yield f"line {token.start[0]}: {directive} gives no reason"


def test_every_exception_to_a_gate_has_its_reason() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {complaint}"
        for path in sources("racewatch", "tests", "packaging")
        for complaint in reasonless(path.read_text(encoding="utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize(
    ("line", "accepted"),
    [
        ("x = 1  # type: ignore", False),
        ("x = 1  # type: ignore[assignment]", False),
        ("x = 1  # type: ignore[assignment]  # qasync ships no types", True),
        ("x = 1  # noqa", False),
        ("x = 1  # noqa: S101", False),
        ("x = 1  # noqa: S101, B008 the signature is Qt's", True),
        ("x = 1  # pragma: no cover", False),
        ("x = 1  # pragma: no cover - only on kernels before 5.6", True),
        ("x = '# noqa'", True),
    ],
)
def test_reasons_are_recognised(line: str, accepted: bool) -> None:
    assert (not list(reasonless(line + "\n"))) is accepted


def test_only_the_window_imports_qt() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in sources("racewatch")
        if "ui" not in path.relative_to(ROOT / "racewatch").parts[:1]
        for line, name in imports(path)
        if name.partition(".")[0] in QT
    ]
    assert wrong == []


def test_core_imports_no_third_party_and_linux_only_psutil_and_jeepney() -> None:
    allowed: dict[str, set[str]] = {"core": set(), "linux": {"psutil", "jeepney"}}
    wrong = [
        f"{path.relative_to(ROOT)} imports {sorted(third_party(path) - may)}"
        for layer, may in allowed.items()
        for path in sources(f"racewatch/{layer}")
        if third_party(path) - may
    ]
    assert wrong == []


def test_dependencies_are_declared() -> None:
    used = {distribution(top) for path in sources("racewatch") for top in third_party(path)}
    assert used - declared() == set()
    used = {distribution(top) for path in sources("tests", "packaging") for top in third_party(path)}
    assert used - declared("test") == set()


def test_declared_dependencies_are_used() -> None:
    used = {distribution(top) for path in sources("racewatch") for top in third_party(path)}
    assert declared() - used == set()


def test_the_top_level_is_fixed() -> None:
    here = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")}
    assert here - {"build", "dist", "htmlcov", "report.xml"} == TOP_LEVEL


def test_scripts_are_executable_and_parse() -> None:
    for name in ("packaging/run", "packaging/test", "packaging/bench", ".ci/run"):
        path = ROOT / name
        if path.exists():
            assert path.stat().st_mode & 0o111 == 0o111, name
            assert path.read_text(encoding="utf-8").startswith("#!/usr/bin/env bash\n"), name
