"""What a measurement ends in: figures with their goals, as a table and as JSON."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

RESULTS = Path(__file__).parent / "results.json"


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
    machine = f"{os.cpu_count()} processors, Python {platform.python_version()}, {platform.system()}"
    content = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine,
        "results": [asdict(result) for result in results],
    }
    to.write_text(json.dumps(content, indent=2) + "\n", "utf-8")


def _verdict(result: Result) -> str:
    if result.goal is None:
        return ""
    return f"{'holds' if result.holds else 'MISSED'} (goal {result.goal:g})"
