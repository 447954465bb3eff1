"""The commands of the public contract."""

from __future__ import annotations

from racewatch.cli.app import main

__all__ = ["main"]
