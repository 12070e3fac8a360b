"""What a measurement ends in: figures with their goals, as a table, as JSON and as a page of the documentation."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results.json"
PAGE = Path(__file__).parent.parent / "docs" / "performance.md"
_PAGE = """# How fast it is

`make bench` measures this and writes this page and `bench/results.json`; names of measurements (`make bench
ONLY="pages scale"`) measure some of it and leave the rest as it was. {measured}

Every page is opened over its websocket in turn with an empty page under plain `streamlit run` on the same machine; a
figure is the median of many, and "÷ empty page" compares the line above it. {verdict}

| What | Measured | Goal | Holds | On |
| --- | ---: | ---: | --- | --- |
{rows}

## Where the time of a page goes
Profiled by sampling the server (py-spy, 500 times a second) while one tab asks for the same page again and again:

- A rerun of the gate's page sends 136 messages, one section of a worksheet 290, a project's overview 180, My work 50.
  The sidebar is 27 to 40 of them. Streamlit makes, queues, hashes and sends each one by itself.
- 57 % of the samples are in the thread that runs the page and 43 % in the loop that sends what it drew. Of all samples
  5 to 7 % are our reads of the database, and under 2 % are rules: readings and figures are kept while nothing happens.
- Streamlit's own start of a run (theme, session message) is 6 %.
- So a page costs about a fifth of a millisecond for everything that stands on it. An answer is quicker than its page
  because only the question, its checks and its marks are drawn again (fragments).
- One process has one interpreter: 20 people share it. Two servers behind one address (docs/deploy.md) share the load.
- A saved text is cheap while nothing rests on what it says (no review, sign-off, waiver or reason): the standing of
  the gates cannot change then and is not computed. Otherwise computing it is half of a save.

## What was not reached, and why
- **Reruns of whole pages** at half of an empty page (worksheet, overview, gate) or at one (a section, the portfolio):
  at a fifth of a millisecond for each thing drawn, 136 to 290 of them cost what they cost. All that is ours in it
  (reads, rules, figures) is 7 to 9 % of the samples: were it nothing, no page would be a tenth quicker.
- **Four times the throughput** of an empty page with 20 people: the same cost per thing drawn, in one interpreter.
  More servers share it (docs/deploy.md), where there are processors for them.
- **Known weaknesses of what is installed**: `make audit` asks a service that cannot be reached from the machine on
  which this was measured, so that half has no result; the other half, the linter's security rules, is clean.
- **The container image** was not built: there is no container engine there. Its files are compared with
  docs/deploy.md, and what it starts was started on a read-only file system (`tests/deploy`).
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


def write(measured: Mapping[str, Sequence[Result]], to: Path = RESULTS) -> None:
    """A list of figures. Those of measurements that were not made again stay as they are, in their place."""
    machine = (
        f"{os.cpu_count()} processors, Python {platform.python_version()}, {platform.system()}, "
        f"load {os.getloadavg()[0]:.1f} at the end"
    )
    on = datetime.now(UTC).date().isoformat()
    kept: dict[str, list[dict[str, Any]]] = {}
    for line in json.loads(to.read_text("utf-8")) if to.exists() else []:
        kept.setdefault(line["measurement"], []).append(line)
    for name, results in measured.items():
        about = {"measurement": name, "measured_on": on, "machine": machine}
        kept[name] = [{**asdict(result), **about} for result in results]
    lines = [line for name in kept for line in kept[name]]
    to.write_text(json.dumps(lines, indent=2) + "\n", "utf-8")


def page(lines: Sequence[Mapping[str, Any]]) -> str:
    """What `write` wrote, to read."""
    newest = max(lines, key=lambda line: str(line["measured_on"]))
    with_goal = [line for line in lines if line["goal"] is not None]
    missed = sum(line["holds"] is False for line in with_goal)
    return _PAGE.format(
        measured=f"Last on {newest['measured_on']}: {newest['machine']}.",
        verdict=f"{missed} of {len(with_goal)} goals were missed.",
        rows="\n".join(map(_row, lines)),
    )


def _row(line: Mapping[str, Any]) -> str:
    value, goal, holds, on = line["value"], line["goal"], line["holds"], line["measured_on"]
    measured = f"{value:,.2f} {line['unit']}".rstrip()
    if goal is None:
        return f"| {line['name']} | {measured} | | | {on} |"
    side = "at most" if holds is (value <= goal) else "at least"
    return f"| {line['name']} | {measured} | {side} {goal:g} | {'yes' if holds else '**no**'} | {on} |"


def _verdict(result: Result) -> str:
    if result.goal is None:
        return ""
    return f"{'holds' if result.holds else 'MISSED'} (goal {result.goal:g})"
