"""Only the core takes names away and signals a process, no dialog runs its own loop.

ruff's banned-api sees ``os.unlink``; this walk of the syntax trees also sees ``Path(...).unlink()``,
aliases, callbacks, ``getattr`` with a literal name, libc's own functions and ``rm`` as a command.

What it cannot see: names built at run time (``getattr(os, name)``), ``exec`` of text, and
what a third-party library does by itself.  ``open(..., "w")`` and ``O_TRUNC`` are no removal of a
name and are not looked for.  ``.remove(...)`` of an unknown receiver is allowed (lists and sets
have it, and it is the product's own verb); no class of the standard library removes a *file* by
that method, and Qt's file classes are banned by name.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "racewatch"

# Any reference counts, called or not: a callback removes as well as a call does.
BANNED_NAMES = {
    "os.unlink", "os.remove", "os.rename", "os.renames", "os.replace", "os.rmdir", "os.removedirs",
    "os.kill", "os.killpg", "signal.pidfd_send_signal", "signal.pthread_kill",
    "shutil.rmtree", "shutil.move", "tempfile.TemporaryDirectory",
    "posix.unlink", "posix.remove", "posix.rename", "posix.replace", "posix.rmdir", "posix.kill",
}  # fmt: skip
BANNED_ATTRIBUTES = {
    "unlink", "unlinkat", "rename", "renameat", "renameat2", "renames", "rmdir", "removedirs", "rmtree",
    "kill", "killpg", "terminate", "send_signal", "pidfd_send_signal", "removeServer", "exec", "exec_",
}  # fmt: skip
BANNED_QT = {"QDir", "QFile", "QSaveFile", "QTemporaryFile", "QTemporaryDir", "QLockFile"}
BANNED_COMMANDS = {"rm", "mv", "rmdir", "unlink", "shred", "kill", "pkill", "killall", "fuser"}
# The modules that do it, which only the core may import.
THE_CORES_OWN = ("racewatch.linux.removal", "racewatch.linux.signals")


@dataclass(frozen=True)
class Allowed:
    """One place that may use one of the names above, and why."""

    file: str
    function: str
    what: str
    why: str


# Keep it tiny.  The core itself calls only racewatch.linux.removal and racewatch.linux.signals; these are
# the one place where names are really taken away, and the one where processes are signalled.
ALLOWED = (
    Allowed("racewatch/linux/removal.py", "", "renameat2", "libc's function, looked up once"),
    Allowed("racewatch/linux/removal.py", "unlink", "os.unlink", "the one removal of the project"),
    Allowed(
        "racewatch/linux/removal.py", "remove_empty_directory", "os.rmdir", "a breaker lock of our own making"
    ),
    Allowed(
        "racewatch/core/by_name.py", "NamedThing.commit", "unlink", "Part.unlink: the COMMIT step of an act"
    ),
    *(
        Allowed("racewatch/linux/signals.py", function, "signal.pidfd_send_signal", why)
        for function, why in (
            ("hold", "a process that waits and goes with its container must not be started under our hands"),
            ("let_go", "the same, when it does not go after all"),
            ("end", "the same, when a person said so and it still waits"),
        )
    ),
    Allowed(
        "racewatch/throwaway.py",
        "discard",
        "shutil.rmtree",
        "what demo and drill made themselves, never a target",
    ),
    Allowed(
        "racewatch/throwaway.py",
        "discard",
        "os.unlink",
        "what demo and drill made themselves, never a target",
    ),
    Allowed(
        "racewatch/ui/export.py",
        "",
        "PySide6.QtCore.QSaveFile",
        "an export, where a person named a file for it: whole, or the old one stays",
    ),
    Allowed(
        "racewatch/throwaway.py",
        "move_over",
        "os.replace",
        "what the drill, or the settings, made themselves, never a target",
    ),
)


@dataclass(frozen=True)
class Offence:
    """One use of a banned name."""

    file: str
    function: str
    what: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line} ({self.function or 'module level'}) uses {self.what}"


class _Walk(ast.NodeVisitor):
    """Collects the offences of one module; resolves names through its imports."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.in_core = file.startswith("racewatch/core/")
        self.scope: list[str] = []
        self.meaning: dict[str, str] = {}
        self.found: list[Offence] = []

    def _report(self, node: ast.AST, what: str) -> None:
        self.found.append(Offence(self.file, ".".join(self.scope), what, getattr(node, "lineno", 0)))

    def _scoped(self, node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self.scope.append(node.name)
        self.generic_visit(node)
        self.scope.pop()

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._scoped(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._scoped(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._scoped(node)

    def visit_Import(self, node: ast.Import) -> None:
        for name in node.names:
            self.meaning[name.asname or name.name.partition(".")[0]] = (
                name.name if name.asname else name.name.partition(".")[0]
            )
            if name.name in THE_CORES_OWN and not self.in_core:
                self._report(node, name.name)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for name in node.names:
            dotted = f"{node.module}.{name.name}"
            self.meaning[name.asname or name.name] = dotted
            if dotted in BANNED_NAMES:
                self._report(node, dotted)
            for own in THE_CORES_OWN:
                if own in (dotted, node.module) and not self.in_core:
                    self._report(node, own)
            if (node.module or "").startswith("PySide6") and name.name in BANNED_QT:
                self._report(node, dotted)

    def _dotted(self, node: ast.expr) -> str | None:
        if isinstance(node, ast.Name):
            return self.meaning.get(node.id)
        if isinstance(node, ast.Attribute):
            base = self._dotted(node.value)
            return f"{base}.{node.attr}" if base else None
        return None

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load) and self.meaning.get(node.id) in BANNED_NAMES:
            self._report(node, self.meaning[node.id])

    def visit_Attribute(self, node: ast.Attribute) -> None:
        dotted = self._dotted(node)
        if dotted in BANNED_NAMES:
            self._report(node, dotted)
        elif dotted is not None and dotted.startswith(tuple(own + "." for own in THE_CORES_OWN)):
            pass  # importing it was judged already
        elif node.attr in BANNED_ATTRIBUTES:
            self._report(node, node.attr)
        elif dotted is not None and dotted.startswith("PySide6.") and node.attr in BANNED_QT:
            self._report(node, dotted)
        elif node.attr == "replace" and dotted != "dataclasses.replace":
            # Reached only where it is not the function of a call that visit_Call judged: passed along.
            self._report(node, "replace (not called here)")
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        function = node.func
        if isinstance(function, ast.Attribute) and function.attr == "replace":
            # str.replace and bytes.replace need two positional arguments, datetime.replace takes
            # keywords, dataclasses.replace one argument and keywords.  Path.replace takes exactly one.
            if self._dotted(function) in BANNED_NAMES:
                self._report(node, str(self._dotted(function)))
            else:
                keywords = {keyword.arg for keyword in node.keywords}
                starred = any(isinstance(argument, ast.Starred) for argument in node.args)
                if starred or "target" in keywords or (len(node.args) == 1 and not keywords):
                    self._report(node, "replace with one argument")
            self.visit(function.value)
        else:
            self.visit(function)
        if (
            isinstance(function, ast.Name)
            and function.id in ("getattr", "methodcaller", "attrgetter")
            and node.args
        ):
            literal = node.args[-1 if function.id != "getattr" else min(1, len(node.args) - 1)]
            if isinstance(literal, ast.Constant) and literal.value in BANNED_ATTRIBUTES | {
                "replace",
                "remove",
            }:
                self._report(node, f"{function.id}({literal.value!r})")
        for child in (*node.args, *node.keywords):
            self.visit(child)

    def _command(self, node: ast.List | ast.Tuple) -> None:
        first = node.elts[0] if node.elts else None
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            program = first.value.rpartition("/")[2]
            if program in BANNED_COMMANDS and len(node.elts) > 1:
                self._report(node, f"command {program}")
        self.generic_visit(node)

    def visit_List(self, node: ast.List) -> None:
        self._command(node)

    def visit_Tuple(self, node: ast.Tuple) -> None:
        self._command(node)


def offences(source: str, file: str) -> list[Offence]:
    walk = _Walk(file)
    walk.visit(ast.parse(source, file))
    return walk.found


def all_offences() -> list[Offence]:
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        found += offences(path.read_text(encoding="utf-8"), path.relative_to(ROOT).as_posix())
    return found


def is_allowed(offence: Offence) -> bool:
    return any(
        (offence.file, offence.function, offence.what) == (entry.file, entry.function, entry.what)
        for entry in ALLOWED
    )


def test_nothing_outside_the_allow_list_removes_renames_or_kills() -> None:
    assert [str(offence) for offence in all_offences() if not is_allowed(offence)] == []


def test_every_allowance_is_used() -> None:
    used = {(offence.file, offence.function, offence.what) for offence in all_offences()}
    assert [entry for entry in ALLOWED if (entry.file, entry.function, entry.what) not in used] == []


@pytest.mark.parametrize(
    "source",
    [
        "import os\nos.unlink('x')",
        "import os as system\nsystem.remove('x')",
        "from os import rename",
        "from os import replace as swap\nswap('a', 'b')",
        "import os\nfor_each(os.rmdir, names)",
        "import os\nos.kill(1, 9)",
        "import shutil\nshutil.rmtree('x')",
        "from pathlib import Path\nPath('x').unlink()",
        "from pathlib import Path\nPath('x').rename('y')",
        "from pathlib import Path\nPath('x').replace('y')",
        "from pathlib import Path\nPath('x').replace(target='y')",
        "from pathlib import Path\nPath('x').replace(*two)",
        "from pathlib import Path\nmove = Path('x').replace",
        "def f(path):\n    path.rmdir()",
        "import os\ngetattr(os, 'unlink')('x')",
        "import os\ngetattr(os, 'remove')('x')",
        "from operator import methodcaller\nmethodcaller('replace')",
        "process.terminate()",
        "process.kill()",
        "import signal\nsignal.pidfd_send_signal(3, 9)",
        "libc.unlinkat(1, b'x', 0)",
        "import subprocess\nsubprocess.run(['rm', '-rf', 'x'])",
        "import subprocess\nsubprocess.run(('/bin/mv', 'x', 'y'))",
        "from racewatch.linux import removal\nremoval.unlink(3, b'x')",
        "from racewatch.linux.removal import unlink",
        "import racewatch.linux.removal",
        "from racewatch.linux import signals\nsignals.end(3)",
        "dialog.exec()",
        "QLocalServer.removeServer('x')",
        "from PySide6.QtCore import QFile",
        "from PySide6 import QtCore\nQtCore.QDir().remove('x')",
        "import tempfile\ntempfile.TemporaryDirectory()",
    ],
)
def test_the_walk_sees(source: str) -> None:
    assert offences(source, "racewatch/ui/example.py") != []


@pytest.mark.parametrize(
    "source",
    [
        "'a'.replace('a', 'b')",
        "text.replace('a', 'b', 1)",
        "moment.replace(tzinfo=None)",
        "import dataclasses\ndataclasses.replace(value, name='x')",
        "from dataclasses import replace\nreplace(value, name='x')",
        "names.remove('x')",
        "app.remove(request)",
        "words = ['rm']",
    ],
)
def test_the_walk_leaves_alone(source: str) -> None:
    assert offences(source, "racewatch/ui/example.py") == []


@pytest.mark.parametrize(
    "source",
    [
        "from racewatch.linux import removal\nremoval.unlink(3, b'x')",
        "from racewatch.linux import signals\nsignals.end(3)",
    ],
)
def test_only_the_core_may_call_what_removes_and_what_signals(source: str) -> None:
    assert offences(source, "racewatch/core/example.py") == []
    assert offences(source, "racewatch/kinds/example.py") != []
