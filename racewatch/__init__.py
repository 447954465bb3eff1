"""racewatch: sees what is left over, and removes it without ever racing the live system."""

from __future__ import annotations

__version__ = "0.1.0"
