"""Locks: a registry of formats, evidence about one lock, and the verdict on it."""

from __future__ import annotations
