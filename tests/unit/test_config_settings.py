"""Settings that the window writes: understood as they were meant, comments and all else as they were."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from racewatch.config import Config, parse
from racewatch.config_edit import EditError, with_protected, with_settings

SAMPLE = (Path(__file__).resolve().parents[2] / "resources" / "config.sample.toml").read_text(
    encoding="utf-8"
)
TEXTS = (
    "",
    "# mine\nkeep_days = 3 # three\n\n[sockets] # s\nmin_age = 1.5 # young\n\n[[protected]] # p\nglob = '/a' # g\n",
    "[containers]\nengines = ['/run/x.sock'] # e\n",
    SAMPLE,
)
CHANGES: Mapping[str, object] = {
    "exclude": ["*/.cache/*", 'a "b" \\ ü'],
    "keep_days": 9,
    "observe": True,
    "tray": True,
    "notify.free": True,
    "sockets.min_age": 2.5,
    "sockets.dead_looks": 3,
    "containers.engines": ["/run/e.sock"],
    "terminal": ["xterm", "-e", "{folder}"],
}


def read(text: str) -> Config:
    config, problems = parse(text.encode(), b"/config.toml")
    assert problems == ()
    return config


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_what_is_written_is_what_is_read_and_comments_stay(text: str) -> None:
    after = with_settings(text, CHANGES)
    config = read(after)
    assert config.exclude == (b"*/.cache/*", 'a "b" \\ ü'.encode())
    assert (config.keep_days, config.observe) == (9, True)
    assert (config.sockets.min_age, config.sockets.dead_looks) == (2.5, 3)
    assert config.engines == (b"/run/e.sock",)
    assert config.terminal == ("xterm", "-e", "{folder}")
    assert config.protected == read(text).protected
    for line in text.splitlines():
        _, hash_sign, comment = line.partition("#")
        assert hash_sign + comment in after
    back = with_settings(after, dict.fromkeys(CHANGES))
    assert read(back).keep_days == Config().keep_days
    assert read(back).sockets == Config().sockets
    assert with_settings(text, {}) == text
    assert with_settings(text, {"sockets.looks_apart": None, "nothing": None}) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# c\n[[protected]]\nglob = '/a' # why\nreason = 'x'\n# after\n[[protected]]\nglob = '/b'\n[sockets]\nmin_age = 1\n",
        "protected = [{glob = '/a', reason = 'x'}, {glob = '/b'}] # list\n",
    ],
    ids=["none", "tables", "inline"],
)
def test_the_protected_list_is_exactly_what_was_asked_for(text: str) -> None:
    for rules in ([], [("/a", "x")], [("/b", ""), ("/new", "n\"'")], [("/a", "x"), ("/b", "")]):
        after = with_protected(text, rules)
        wanted = {(pattern.encode(), reason or "on the protected list") for pattern, reason in rules}
        found = {
            (rule.pattern, rule.reason or "on the protected list") for rule in read(after).protected.rules
        }
        assert {(one, why.replace("\\", "")) for one, why in found} == wanted
        assert read(after).sockets == read(text).sockets
    if "# why" in text:
        assert "glob = '/a' # why" in with_protected(text, [("/a", "x")])


def test_what_stays_in_a_list_keeps_its_comment() -> None:
    text = 'exclude = [\n  "/a", # one\n  "/b", # two\n]\n'
    after = with_settings(text, {"exclude": ["/b", "/c"]})
    assert read(after).exclude == (b"/b", b"/c")
    assert '"/b", # two' in after
    turned = with_settings(text, {"exclude": ["/b", "/a"]})
    assert read(turned).exclude == (b"/b", b"/a")
    assert read(with_settings(text, {"exclude": []})).exclude == ()


@pytest.mark.parametrize("text", ["keep_days = ", "sockets = 3", "protected = 'x'"])
def test_what_cannot_be_changed_is_said(text: str) -> None:
    with pytest.raises(EditError, match="put it right first"):
        with_protected(with_settings(text, {"sockets.min_age": 1}), [("/a", "x")])
