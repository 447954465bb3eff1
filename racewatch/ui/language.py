"""Which language the window speaks, and the direction that its script is written in."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QLibraryInfo, QLocale, Qt, QTranslator
from PySide6.QtWidgets import QApplication

from racewatch.config import Language
from racewatch.ui import tr


def chosen(wanted: Language, system: Sequence[str]) -> str:
    """The language to speak: the one that is wanted, or else the first of the system's that there is.

    ``system`` is what :meth:`QLocale.uiLanguages` says, the best one first: ``de-AT``, ``de``, ``en``.
    """
    if wanted is not Language.SYSTEM:
        return wanted.value
    known = {language.value for language in Language if language is not Language.SYSTEM}
    bases = (name.replace("_", "-").partition("-")[0] for name in system)
    return next((base for base in bases if base in known), tr.ENGLISH)


def begin(app: QApplication, wanted: Language, *, reverse: bool = False) -> None:
    """Speak it from now on, Qt's own texts too.  ``reverse``: from right to left, whatever the language."""
    language = chosen(wanted, QLocale.system().uiLanguages())
    tr.speak(language)
    qt = QTranslator(app)
    # What Qt has no words for in this language stays English.
    if qt.load(f"qtbase_{language}", QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)):
        app.installTranslator(qt)
    app.setLayoutDirection(Qt.LayoutDirection.RightToLeft if reverse else tr.locale().textDirection())
