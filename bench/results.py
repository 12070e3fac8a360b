"""What a measurement ends in: figures with their goals, as a table, as JSON and as a page of the documentation."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results.json"
PAGE = Path(__file__).parent.parent / "docs" / "performance.md"
_PAGE = """# How fast it is

`make bench` measures this and writes this page and `bench/results.json`. {measured}

Every page is opened over its websocket in turn with an empty page under plain `streamlit run` on the same machine; a
figure is the median of many, and "÷ empty page" compares the line above it. {verdict}

| What | Measured | Goal | Holds |
| --- | ---: | ---: | --- |
{rows}
"""


@dataclass(frozen=True)
class Result:
    """One figure. Without a goal it is there to compare with, and `holds` is None."""

    name: str
    value: float
    unit: str
    goal: float | None = None
    holds: bool | None = None


def at_most(name: str, value: float, unit: str, goal: float) -> Result:
    return Result(name, value, unit, goal, value <= goal)


def at_least(name: str, value: float, unit: str, goal: float) -> Result:
    return Result(name, value, unit, goal, value >= goal)


def table(results: Sequence[Result]) -> str:
    """Columns by hand: the width of the names is all the layout there is."""
    width = max(len(result.name) for result in results)
    return "\n".join(
        f"{result.name:<{width}}  {result.value:>9.2f} {result.unit:<9} {_verdict(result)}".rstrip()
        for result in results
    )


def write(results: Sequence[Result], to: Path = RESULTS) -> None:
    machine = (
        f"{os.cpu_count()} processors, Python {platform.python_version()}, {platform.system()}, "
        f"load {os.getloadavg()[0]:.1f} at the end"
    )
    content = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine,
        "results": [asdict(result) for result in results],
    }
    to.write_text(json.dumps(content, indent=2) + "\n", "utf-8")


def page(content: dict[str, Any]) -> str:
    """What `write` wrote, to read."""
    results = [Result(**line) for line in content["results"]]
    missed = sum(result.holds is False for result in results)
    return _PAGE.format(
        measured=f"Last on {content['measured_at'][:10]}: {content['machine']}.",
        verdict=f"{missed} of {sum(result.goal is not None for result in results)} goals were missed.",
        rows="\n".join(_row(result) for result in results),
    )


def _row(result: Result) -> str:
    measured = f"{result.value:,.2f} {result.unit}".rstrip()
    if result.goal is None:
        return f"| {result.name} | {measured} | | |"
    side = "at most" if result.holds is (result.value <= result.goal) else "at least"
    return f"| {result.name} | {measured} | {side} {result.goal:g} | {'yes' if result.holds else '**no**'} |"


def _verdict(result: Result) -> str:
    if result.goal is None:
        return ""
    return f"{'holds' if result.holds else 'MISSED'} (goal {result.goal:g})"
