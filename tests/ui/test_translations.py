"""The files of translations are those of the source, German is whole, and no text of the window goes around them."""

from __future__ import annotations

import ast
import importlib.util
import re
import shutil
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from PySide6.QtCore import QLocale, QTranslator
from PySide6.QtWidgets import QApplication

from racewatch.cli import demo
from racewatch.config import Language
from racewatch.core.model import KindName
from racewatch.drill.contest import ContestName
from racewatch.monitor import coverage, exits, locktable
from racewatch.ui import at_start, language, tr
from racewatch.ui.actions import CONTEXT, TABLE
from racewatch.ui.drill_chart import RACES
from racewatch.ui.sources_said import DETAILS, FOLLOWED, WATCHED, source_detail, source_name
from racewatch.ui.sources_said import SOURCES as NAMED_SOURCES

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "resources" / "translations"
SOURCES = sorted((ROOT / "racewatch" / "ui").glob("*.py"))

#: What these are given is read by people, whatever it looks like.
READ = {
    "setText",
    "setToolTip",
    "setStatusTip",
    "setWhatsThis",
    "setWindowTitle",
    "setTitle",
    "setAccessibleName",
    "setAccessibleDescription",
    "setPlaceholderText",
    "setHorizontalHeaderLabels",
    "setFormat",
    "addMenu",
    "addItem",
    "addItems",
    "showText",
    "PlainLabel",
    "WrapLabel",
    "ElidedLabel",
    "heading",
    "QPushButton",
    "SteadyButton",
    "QCheckBox",
    "QRadioButton",
    "QToolBar",
    "QMenu",
    "QAction",
    "QListWidgetItem",
    "QFileDialog",
}
#: These are given names of icons and levels too, which have neither a capital nor a blank.
MIXED = {"addAction", "say", "show_message", "Mark", "Reason", "RemoveState", "drawText", "disarm", "_tell"}
#: Names are the same in every language.
NAMES = {"racewatch"}


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("translate", ROOT / "packaging" / "translate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["translate"] = module
    spec.loader.exec_module(module)
    return module


translate = _load()


def files() -> list[Path]:
    return sorted(FOLDER.glob("*.ts"))


def messages(ts: Path) -> dict[tuple[str, str], tuple[str, ...]]:
    """Source and comment of each message, and its translation, in all numbers that there are."""
    found = {}
    for message in ET.parse(ts).iter("message"):
        translation = message.find("translation")
        assert translation is not None
        forms = [form.text or "" for form in translation.iter("numerusform")] or [translation.text or ""]
        found[message.findtext("source", ""), message.findtext("comment", "")] = tuple(forms)
    return found


def test_there_is_a_file_for_each_language_and_no_other() -> None:
    known = {f"racewatch_{one.value}" for one in Language if one is not Language.SYSTEM}
    assert {path.stem for path in files()} == known
    assert {path.stem for path in FOLDER.glob("*.qm")} == known


@pytest.mark.parametrize("ts", files(), ids=lambda path: path.stem)
def test_the_files_hold_what_the_source_says(ts: Path, tmp_path: Path) -> None:
    """Run ./packaging/translate.py when this fails."""
    copy = tmp_path / ts.name
    shutil.copy(ts, copy)
    translate.update(copy)
    assert messages(copy).keys() == messages(ts).keys()


@pytest.mark.parametrize("ts", files(), ids=lambda path: path.stem)
def test_every_text_is_translated_with_its_values_and_numbers(ts: Path) -> None:
    assert translate.unfinished(ts) == []
    wrong = []
    for (source, _), forms in messages(ts).items():
        for form in forms:
            same = (
                sorted(set(re.findall(r"\{\w+\}", source))) == sorted(set(re.findall(r"\{\w+\}", form)))
                and re.findall(r"%\w", source) == re.findall(r"%\w", form)
                and len(re.findall(r"&\w", source)) == len(re.findall(r"&\w", form))
                and source.endswith("…") == form.endswith("…")
                and source.count("\n") == form.count("\n")
                and form.strip() == form != ""
            )
            if not same:
                wrong.append((source, form))
    assert wrong == []


@pytest.mark.parametrize("ts", files(), ids=lambda path: path.stem)
def test_what_the_window_reads_is_made_of_the_file(ts: Path, tmp_path: Path) -> None:
    """Run ./packaging/translate.py when this fails.  (Versions of lrelease write the same in other bytes.)"""
    translate.compile_(ts, tmp_path / "anew.qm")
    shipped, anew = QTranslator(), QTranslator()
    assert shipped.load(str(ts.with_suffix(".qm")))
    assert anew.load(str(tmp_path / "anew.qm"))
    for (source, comment), forms in messages(ts).items():
        for number in (-1,) if len(forms) == 1 else (1, 2, 5):
            said = {one.translate("", source, comment, number) for one in (shipped, anew)}
            assert len(said) == 1
            assert said <= set(forms)


def literals(node: ast.expr) -> Iterator[str]:
    """What is written out in an expression, but for what is handed to another function first."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr(values=values):
            for value in values:
                yield from literals(value)
        case ast.FormattedValue(value=value):
            yield from literals(value)
        case ast.IfExp(body=body, orelse=other):
            yield from (*literals(body), *literals(other))
        case ast.BinOp(left=left, right=right):
            yield from (*literals(left), *literals(right))
        case ast.List(elts=items) | ast.Tuple(elts=items) | ast.BoolOp(values=items):
            for item in items:
                yield from literals(item)


def called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_no_text_goes_around_the_translation(path: Path) -> None:
    wrong = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.JoinedStr):
            # Where they are written so, the tool that collects them does not see them.
            inside = [one for one in ast.walk(node) if isinstance(one, ast.Call) and called(one) == "tr"]
            wrong += [ast.unparse(one) for one in inside if isinstance(one.args[0], ast.Constant)]
        if not isinstance(node, ast.Call):
            continue
        if called(node) in {"tr", "marked"} and isinstance(node.args[0], ast.JoinedStr | ast.BinOp):
            wrong.append(ast.unparse(node))
        wanted = called(node)
        for text in (text for argument in node.args for text in literals(argument)):
            bare = text.strip()
            read = wanted in READ or (wanted in MIXED and (" " in bare or bare != bare.lower()))
            if read and re.search(r"[A-Za-z]{2}", bare) and bare not in NAMES:
                wrong.append(f"line {node.lineno}: {wanted}({text!r})")
    assert wrong == []


@pytest.mark.parametrize("spoken", ["en", "de"])
def test_every_line_of_the_menus_is_translated_and_has_a_letter_of_its_own(spoken: str) -> None:
    known = {source for source, _ in messages(FOLDER / "racewatch_de.ts")}
    assert {text for entry in TABLE for text in (entry.text, entry.help, entry.menu) if text} <= known
    menus = {menu: [one.text for one in TABLE if one.menu == menu] for menu in {one.menu for one in TABLE}}
    menus["context"] = [entry.text for entry in TABLE if entry.act in CONTEXT]
    menus["bar"] = [menu for menu in menus if menu.startswith("&")]
    try:
        tr.speak(spoken)
        for menu, lines in menus.items():
            letters = [text[text.index("&") + 1].lower() for text in map(tr.tr, lines)]
            assert sorted(letters) == sorted(set(letters)), menu
    finally:
        tr.speak("en")


@pytest.mark.parametrize(
    ("wanted", "system", "spoken"),
    [
        (Language.SYSTEM, ["de-AT", "de", "en"], "de"),
        (Language.SYSTEM, ["de_DE"], "de"),
        (Language.SYSTEM, ["tlh", "fr-FR", "de-CH", "en-US"], "de"),
        (Language.SYSTEM, ["en-GB", "de"], "en"),
        (Language.SYSTEM, ["C"], "en"),
        (Language.SYSTEM, [], "en"),
        (Language.GERMAN, ["en-US"], "de"),
        (Language.ENGLISH, ["de-DE"], "en"),
    ],
)
def test_the_language_is_the_systems_or_the_one_that_is_set(
    wanted: Language, system: list[str], spoken: str
) -> None:
    assert language.chosen(wanted, system) == spoken


def test_numbers_and_what_is_recorded() -> None:
    try:
        tr.speak("de")
        assert tr.tr("%n socket(s)", "", 1) == "1 Socket"
        assert tr.tr("%n socket(s)", "", 12345) == "12.345 Sockets"
        assert tr.tr("socket") == "Socket"
        assert tr.tr("what nobody has translated {x}") == "what nobody has translated {x}"
        with tr.recorded():
            assert tr.tr("%n socket(s)", "", 12345) == "12,345 sockets"
            assert tr.tr("stale") == "stale"
        assert tr.tr("stale") == "veraltet"
        with pytest.raises(FileNotFoundError, match="not completely installed"):
            tr.speak("tlh")
        assert tr.language() == "de"
    finally:
        tr.speak("en")
    assert tr.tr("%n socket(s)", "", 0) == "0 sockets"


def test_qts_own_texts_are_in_the_language_too(qapp: QApplication) -> None:
    before = qapp.findChildren(QTranslator)
    try:
        language.begin(qapp, Language.GERMAN)
        assert tr.language() == "de"
        assert qapp.translate("QPlatformTheme", "Cancel") == "Abbrechen"
        assert qapp.isRightToLeft() is False
        language.begin(qapp, Language.ENGLISH, reverse=True)
        assert qapp.isRightToLeft() is True
    finally:
        for made in set(qapp.findChildren(QTranslator)) - set(before):
            qapp.removeTranslator(made)
            made.deleteLater()
        tr.speak("en")
        qapp.setLayoutDirection(QLocale(QLocale.Language.English).textDirection())


def test_what_the_demo_remarks_is_translated() -> None:
    assert demo.NOTE == at_start.DEMO  # the command line, which says it, knows nothing of translations


def test_the_races_of_the_drill_are_translated() -> None:
    assert {name: name.race for name in ContestName} == RACES


def test_the_sources_of_the_monitor_have_their_names() -> None:
    kinds = {f"sweep of {kind.value}s" for kind in KindName}
    assert {coverage.EVENTS, coverage.BESIDE, exits.SOURCE, locktable.SOURCE, *kinds} == NAMED_SOURCES.keys()
    try:
        tr.speak("de")
        assert source_name(coverage.EVENTS) == "Dateiereignisse"
        assert source_name("root '/run/a b'") == "Ordner '/run/a b'"
        assert source_name("podman") == "Podman"
    finally:
        tr.speak("en")


def test_what_the_sources_say_while_all_is_well_is_translated() -> None:
    said = "".join(path.read_text() for path in (ROOT / "racewatch" / "monitor").glob("*.py"))
    assert [one for one in DETAILS if f'"{one}"' not in said] == []
    # The counted ones as their sources put them together.
    assert exits.ExitWatch(limit=1).health().detail == "0 owners are followed."
    assert FOLLOWED.fullmatch("1 owner is followed.")
    for count in (1, 2):
        whole = coverage.Coverage(b"/r", coverage.RootState.PRESENT, watched=count, events=True)
        assert WATCHED.fullmatch(whole.health().detail)
    try:
        tr.speak("de")
        assert source_detail("1 directory is watched.") == "1 Ordner wird beobachtet."
        assert source_detail("1200 directories are watched.") == "1.200 Ordner werden beobachtet."
        assert source_detail("0 owners are followed.") == "0 Besitzer werden verfolgt."
        assert source_detail("It failed (EIO); what is shown may be old.").startswith("It failed")
    finally:
        tr.speak("en")
    assert source_detail("1 directory is watched.") == "1 directory is watched."
    assert source_detail("2 owners are followed.") == "2 owners are followed."
