#!/usr/bin/env python3
"""Brings the translations up to date with the source, and compiles them.

    ./packaging/translate.py [LANGUAGE…]

Reads every text of ``racewatch/ui`` into ``resources/translations/racewatch_LANGUAGE.ts`` (those that are there, and
those that are named here: that is how a language is added), says what has no translation yet, and makes the ``.qm``
files that the window reads.  Needs PySide6 in the Python that runs it; edit the ``.ts`` files with Qt Linguist
(``pyside6-linguist``) or by hand, and run this again.
"""

from __future__ import annotations

import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Final

import PySide6

_TREE: Final = Path(__file__).resolve().parent.parent
FOLDER: Final = _TREE / "resources" / "translations"
_TOOLS: Final = Path(PySide6.__file__).parent


def update(ts: Path) -> None:
    """Put what the source says into the file; what it has translated already stays.

    English is the source: its file holds only the texts with a number in them.
    """
    sources = sorted(str(path.relative_to(_TREE)) for path in (_TREE / "racewatch" / "ui").glob("*.py"))
    language = ts.stem.partition("_")[2]
    only = ["-pluralonly"] if language == "en" else []
    _run(
        "lupdate",
        *("-silent", "-no-obsolete", "-sort-messages", "-locations", "none", *only),
        *("-disable-heuristic", "similartext", "-tr-function-alias", "QT_TR_NOOP+=marked"),
        *("-source-language", "en", "-target-language", language, *sources, "-ts", str(ts)),
    )
    # The comments of our code look to the tool like notes for translators.
    text = ts.read_text(encoding="utf-8")
    ts.write_text(
        re.sub(r" *<extracomment>.*?</extracomment>\n", "", text, flags=re.DOTALL), encoding="utf-8"
    )


def compile_(ts: Path, qm: Path) -> None:
    """Make what the window reads."""
    _run("lrelease", "-silent", str(ts), "-qm", str(qm))


def unfinished(ts: Path) -> list[str]:
    """The texts that have no translation yet."""
    return [
        message.findtext("source", "")
        for message in ET.parse(ts).iter("message")
        if message.find("translation[@type='unfinished']") is not None
    ]


def _run(tool: str, *arguments: str) -> None:
    subprocess.run([str(_TOOLS / tool), *arguments], cwd=_TREE, check=True)


def main(named: list[str]) -> int:
    """All languages; the exit code is 1 while something is untranslated."""
    FOLDER.mkdir(exist_ok=True)
    files = {*FOLDER.glob("*.ts"), *(FOLDER / f"racewatch_{language}.ts" for language in named)}
    missing = 0
    for ts in sorted(files):
        update(ts)
        compile_(ts, ts.with_suffix(".qm"))
        for text in unfinished(ts):
            missing += 1
            print(f"{ts.name}: not translated: {text!r}")
    return int(missing > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
