"""The protected list: places that may never be acted on, each with the operator's reason."""

from __future__ import annotations

import fnmatch
import os
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Protection:
    """One rule.  ``pattern`` is a shell pattern over the whole path; ``*`` also matches slashes."""

    pattern: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class Protected:
    """All rules; the first that matches speaks."""

    rules: tuple[Protection, ...] = ()

    def reason(self, path: bytes | None) -> str | None:
        """Why this path may not be acted on, or None.  A rule for a directory covers what is below.

        A path is compared in its plain form: ``//run/./x`` is protected by a rule for ``/run/x``.
        """
        if path is None:
            return None
        path = b"/" + os.path.normpath(path).lstrip(b"/")
        for rule in self.rules:
            if fnmatch.fnmatchcase(path, rule.pattern) or fnmatch.fnmatchcase(
                path, rule.pattern.rstrip(b"/") + b"/*"
            ):
                return rule.reason
        return None
