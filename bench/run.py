"""`make bench`: measure, print a table, write bench/results.json and docs/performance.md.

Names of measurements choose some of them; in both files the others stay as they were measured before.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from bench import audit, crowd, http, layout, pages, readings, registers, saving, scale, start, writers
from bench.installation import Installation, installation
from bench.results import PAGE, RESULTS, Result, page, table, write

# In this order on one installation: the pages are measured with the imported register in the portfolio.
MEASUREMENTS: Mapping[str, Callable[[Installation], Iterator[Result]]] = MappingProxyType(
    {
        "saving": saving.measure,
        "writers": writers.measure,
        "http": http.measure,
        "register": registers.measure,
        "audit": audit.measure,
        "readings": readings.measure,
        "pages": pages.measure,
        "throughput": pages.measure_throughput,
        "crowd": crowd.measure,
        "memory": crowd.measure_memory,
        "start": start.measure,
        "layout": layout.measure,
        "scale": scale.measure,
    }
)


def measured(names: Sequence[str]) -> dict[str, list[Result]]:
    with tempfile.TemporaryDirectory() as folder, installation(Path(folder)) as installed:
        return {name: list(MEASUREMENTS[name](installed)) for name in names or MEASUREMENTS}


def main(names: Sequence[str]) -> int:
    """0 when every goal holds, 1 when one was missed, 2 for a name that is no measurement."""
    if unknown := set(names) - set(MEASUREMENTS):
        sys.stderr.write(
            f"No such measurement: {', '.join(sorted(unknown))}. There are: {', '.join(MEASUREMENTS)}.\n"
        )
        return 2
    found = measured(names)
    results = [result for name in found for result in found[name]]
    write(found)
    PAGE.write_text(page(json.loads(RESULTS.read_text("utf-8"))), "utf-8")
    sys.stdout.write(f"{table(results)}\n")
    return 1 if any(result.holds is False for result in results) else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
