"""`make bench`: measure, print a table, write bench/results.json."""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.stock import stock_rerun
from scripts.serving import ROOT, serving

RESULTS = Path(__file__).parent / "results.json"
COLD_STARTS = 3


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


def stock() -> list[Result]:
    return [Result("empty page, plain streamlit run: rerun", stock_rerun() * 1000, "ms")]


def cold_start() -> list[Result]:
    """Process start to first answer, on an empty database; nothing before there is an app.py."""
    if not (ROOT / "app.py").is_file():
        return []
    return [Result("app.py: start to first answer", statistics.median(_starts()), "s")]


def _starts() -> list[float]:
    taken = []
    for _ in range(COLD_STARTS):
        with tempfile.TemporaryDirectory() as folder:
            started = time.perf_counter()
            with serving(Path(folder)):
                taken.append(time.perf_counter() - started)
    return taken


MEASUREMENTS: tuple[Callable[[], list[Result]], ...] = (stock, cold_start)


def table(results: list[Result]) -> str:
    """Columns by hand: the width of the names is all the layout there is."""
    width = max(len(result.name) for result in results)
    return "\n".join(
        f"{result.name:<{width}}  {result.value:>10.1f} {result.unit:<3} {_verdict(result)}".rstrip()
        for result in results
    )


def _verdict(result: Result) -> str:
    if result.goal is None:
        return ""
    return f"{'holds' if result.holds else 'MISSED'} (goal {result.goal:.1f})"


def main() -> int:
    results = [result for measure in MEASUREMENTS for result in measure()]
    RESULTS.write_text(json.dumps([asdict(result) for result in results], indent=2) + "\n", "utf-8")
    print(table(results))
    return 1 if any(result.holds is False for result in results) else 0


if __name__ == "__main__":
    raise SystemExit(main())
