"""From nothing running to the first page on the screen."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator

from bench.drive import Session
from bench.installation import Installation
from bench.results import Result, at_most
from scripts.serving import serving

STARTS = 3


def measure(installed: Installation) -> Iterator[Result]:
    """Process start, upgrade check, guide, sign-in check and the first run of the first page."""
    cookie = installed.cookie()
    taken = []
    for _ in range(STARTS):
        started = time.perf_counter()
        with serving(installed.folder) as server, Session(server.url, cookie):
            taken.append(time.perf_counter() - started)
    yield at_most("cold start to the first page", statistics.median(taken), "s", 3)
