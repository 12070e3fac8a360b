"""Nothing jumps: while a page arrives, and while an answer's mark and checks follow it."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser

from bench.installation import installation
from bench.layout import GOAL, shifts


def test_pages_do_not_jump(chromium: Browser, tmp_path: Path) -> None:
    with installation(tmp_path) as installed:
        found = {result.name: result.value for result in shifts(chromium, installed)}
    assert len(found) == 3
    assert {name: shift for name, shift in found.items() if shift >= GOAL} == {}
