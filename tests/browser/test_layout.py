"""Nothing jumps: while a page arrives, and while an answer's mark and checks follow it."""

from __future__ import annotations

from pathlib import Path

from bench.installation import installation
from bench.layout import GOAL, measure


def test_pages_do_not_jump(chromium_path: str, tmp_path: Path) -> None:
    assert chromium_path
    with installation(tmp_path) as installed:
        shifts = {result.name: result.value for result in measure(installed)}
    assert len(shifts) == 3
    assert {name: shift for name, shift in shifts.items() if shift >= GOAL} == {}
