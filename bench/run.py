"""`make bench`: measure, print a table, write bench/results.json and docs/performance.md.

Names of measurements choose some of them; then both files hold these alone.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from bench import audit, layout, pages, readings, registers, saving, start
from bench.installation import Installation, installation
from bench.results import PAGE, RESULTS, Result, page, table, write

# In this order on one installation: the pages are measured with the imported register in the portfolio.
MEASUREMENTS: Mapping[str, Callable[[Installation], Iterator[Result]]] = MappingProxyType(
    {
        "saving": saving.measure,
        "register": registers.measure,
        "audit": audit.measure,
        "readings": readings.measure,
        "pages": pages.measure,
        "throughput": pages.measure_throughput,
        "start": start.measure,
        "layout": layout.measure,
    }
)


def measured(names: Sequence[str]) -> Iterator[Result]:
    with tempfile.TemporaryDirectory() as folder, installation(Path(folder)) as installed:
        for name in names or MEASUREMENTS:
            yield from MEASUREMENTS[name](installed)


def main(names: Sequence[str]) -> int:
    """0 when every goal holds, 1 when one was missed, 2 for a name that is no measurement."""
    if unknown := set(names) - set(MEASUREMENTS):
        sys.stderr.write(
            f"No such measurement: {', '.join(sorted(unknown))}. There are: {', '.join(MEASUREMENTS)}.\n"
        )
        return 2
    results = list(measured(names))
    write(results)
    PAGE.write_text(page(json.loads(RESULTS.read_text("utf-8"))), "utf-8")
    sys.stdout.write(f"{table(results)}\n")
    return 1 if any(result.holds is False for result in results) else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
