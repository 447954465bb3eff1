"""What a desktop needs to find the window: entry, metainfo, icons, manual page; one id everywhere."""

from __future__ import annotations

import shutil
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHARE = ROOT / "packaging" / "share"
APP_ID = "io.github.racewatch.racewatch"
ENTRY = SHARE / "applications" / f"{APP_ID}.desktop"
METAINFO = SHARE / "metainfo" / f"{APP_ID}.metainfo.xml"
SCALABLE = SHARE / "icons" / "hicolor" / "scalable" / "apps" / f"{APP_ID}.svg"
SYMBOLIC = SHARE / "icons" / "hicolor" / "symbolic" / "apps" / f"{APP_ID}-symbolic.svg"
MANUAL = SHARE / "man" / "man1" / "racewatch.1"


def check(*command: str) -> str:
    """Run a checker; its complaints, empty when it is content."""
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed here; packaging/test installs it where it may")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def check_appstream(what: str, path: Path) -> str:
    """AppStream 1.0 and later warn about a missing home page; there is none yet, so none is invented."""
    complaints = check("appstreamcli", what, "--no-net", str(path))
    if "url-homepage-missing" in complaints:  # older versions do not know the tag, not even to override it
        complaints = check(
            "appstreamcli", what, "--no-net", "--override=url-homepage-missing=info", str(path)
        )
    return complaints


def test_desktop_entry_is_valid() -> None:
    assert check("desktop-file-validate", str(ENTRY)) == ""


def test_metainfo_is_valid() -> None:
    assert check_appstream("validate", METAINFO) == ""


def test_entry_and_metainfo_agree_when_installed(tmp_path: Path) -> None:
    shutil.copytree(SHARE, tmp_path / "usr" / "share")
    assert check_appstream("validate-tree", tmp_path) == ""


def test_icons_are_well_formed_and_scale() -> None:
    for icon in (SCALABLE, SYMBOLIC):
        root = ET.parse(icon).getroot()
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert root.get("viewBox"), icon
        assert "<image" not in icon.read_text(), "a bitmap in an SVG does not scale"


def test_icons_render(qapp: object) -> None:
    from PySide6.QtGui import QColor, QImage, QPainter
    from PySide6.QtSvg import QSvgRenderer

    assert qapp is not None
    for icon in (SCALABLE, SYMBOLIC):
        image = QImage(64, 64, QImage.Format.Format_ARGB32)
        image.fill(QColor(0, 0, 0, 0))
        painter = QPainter(image)
        renderer = QSvgRenderer(str(icon))
        assert renderer.isValid(), icon
        renderer.render(painter)
        painter.end()
        inked = sum(image.pixelColor(x, y).alpha() > 0 for x in range(64) for y in range(64))
        assert inked > 300, icon


def test_one_id_and_one_version_everywhere() -> None:
    import racewatch

    assert APP_ID.lower() == APP_ID
    assert f"Icon={APP_ID}\n" in ENTRY.read_text()
    root = ET.parse(METAINFO).getroot()
    assert root.findtext("id") == APP_ID
    assert root.findtext("launchable") == f"{APP_ID}.desktop"
    newest = root.find("releases/release")
    assert newest is not None
    assert newest.get("version") == racewatch.__version__


def test_the_window_calls_itself_by_that_id() -> None:
    source = "".join(path.read_text() for path in (ROOT / "racewatch" / "ui").rglob("*.py"))
    assert "setDesktopFileName(" in source, "Wayland finds icon and name of a window through this id"
    assert f'"{APP_ID}"' in source


def test_manual_page_is_clean() -> None:
    complaints = check("man", "--warnings", "--encoding=UTF-8", "--local-file", "--pager=cat", str(MANUAL))
    assert complaints == ""
