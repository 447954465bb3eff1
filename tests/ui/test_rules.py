"""What the window's code may not do, read from its source."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

UI = Path(__file__).resolve().parents[2] / "racewatch" / "ui"
FILES = sorted(UI.glob("*.py"))

#: Names that must not be used at all, and why.
BANNED = {
    "exec": "a modal loop leaves other tasks dead for good",
    "exec_": "a modal loop leaves other tasks dead for good",
    "asyncSlot": "keeps no reference to its tasks",
    "asyncClose": "runs events while closing",
    "QSortFilterProxyModel": "slow, and sorts large numbers wrongly",
    "QMessageBox": "guesses at markup",
    "removeServer": "deletes a live server's socket",
    "setHtml": "names are plain text",
    "fromTheme": "many desktops have no icon theme",
    "processEvents": "runs events inside events",
    "sleep": "the GUI thread never sleeps (asyncio.sleep is meant and allowed)",
}


def names(tree: ast.AST) -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            whole = ast.unparse(node)
            if whole != "asyncio.sleep":
                found.append((node.attr, node.lineno))
        elif isinstance(node, ast.Name):
            found.append((node.id, node.lineno))
        elif isinstance(node, ast.ImportFrom | ast.Import):
            found += [(alias.name.rpartition(".")[2], node.lineno) for alias in node.names]
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_nothing_banned_is_used(file: Path) -> None:
    used = [
        f"{name}, line {line}: {BANNED[name]}"
        for name, line in names(ast.parse(file.read_text()))
        if name in BANNED
    ]
    assert used == []


def test_the_search_for_banned_names_finds_them() -> None:
    tree = ast.parse(
        "from PySide6.QtWidgets import QMessageBox\nQMessageBox().exec()\ntime.sleep(1)\nasyncio.sleep(1)"
    )
    assert {name for name, _ in names(tree)} & set(BANNED) == {"QMessageBox", "exec", "sleep"}


def test_one_module_alone_knows_qasync() -> None:
    knowing = [file.name for file in FILES if "qasync import" in file.read_text()]
    assert knowing == ["bridge.py"]


def test_bare_labels_are_made_in_one_place() -> None:
    making = [
        file.name
        for file in FILES
        if any(
            isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "QLabel"
            for node in ast.walk(ast.parse(file.read_text()))
        )
    ]
    assert making == []


def test_signals_carry_objects() -> None:
    # Signal(int) is a C int and Signal(dict) loses integer keys.
    for file in FILES:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Signal":
                for argument in node.args:
                    assert ast.unparse(argument) in {"object", "bool", "str"}, (file.name, node.lineno)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_files_are_small(file: Path) -> None:
    assert file.stat().st_size < 24_000
