"""Many people at one server: how long they wait, what it holds in memory, and whether that stays."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from bench.drive import RerunFailed, Session
from bench.installation import PROJECT, Installation
from bench.pages import ONE_SECTION
from bench.results import Result, at_most
from scripts.serving import Server, serving

PEOPLE = 100
PAUSE = 10.0  # seconds between two things that one person does, on average
SECONDS = 40.0
AT_HOME = 20  # people whose memory is asked after
INTERACTIONS, SETTLED = 10_000, 2_000
PAGES = (
    ("worksheet", ONE_SECTION),
    ("gate", f"project={PROJECT}&gate=discovery"),
    ("project", f"project={PROJECT}"),
    ("", ""),
)


def measure(installed: Installation) -> Iterator[Result]:
    """People with a pause between two things they do, as people have; the driver takes its share of the machine."""
    with ExitStack() as opened:
        server = opened.enter_context(serving(installed.folder))
        people = [_opened(opened, server, installed, number) for number in range(AT_HOME)]
        for person in people:
            person.rerun()
        yield at_most(f"memory with {AT_HOME} people", _megabytes(server), "MB", 400)
        people += [_opened(opened, server, installed, number) for number in range(AT_HOME, PEOPLE)]
        with ThreadPoolExecutor(PEOPLE) as pool:
            days = list(pool.map(_day, people, range(PEOPLE)))
    waits = [wait for day, _ in days for wait in day]
    yield Result(f"{PEOPLE} people, each every {PAUSE:.0f} s: median wait", statistics.median(waits), "s")
    yield at_most("… wait at the 95th percentile", statistics.quantiles(waits, n=20)[-1], "s", 2)
    yield at_most("… errors", sum(errors for _, errors in days), "errors", 0)


def measure_memory(installed: Installation) -> Iterator[Result]:
    """Whether the collections that are left out after each run make a leak of it."""
    with serving(installed.folder) as server, ExitStack() as opened:
        tabs = [_opened(opened, server, installed, number) for number in range(len(PAGES))]
        settled = 0.0
        for number in range(INTERACTIONS):
            tabs[number % len(tabs)].rerun()
            if number == SETTLED:
                settled = _megabytes(server)
        grown = _megabytes(server)
    yield Result(f"memory after {SETTLED:,} interactions", settled, "MB")
    yield at_most(f"… after {INTERACTIONS:,} ÷ after {SETTLED:,}", grown / settled, "times", 1.1)


def _opened(opened: ExitStack, server: Server, installed: Installation, number: int) -> Session:
    page, query = PAGES[number % len(PAGES)]
    return opened.enter_context(Session(server.url, installed.cookie(), page=page, query=query))


def _day(person: Session, number: int) -> tuple[list[float], int]:
    """Seconds that one person waited each time, and how often something failed."""
    chance = random.Random(number)
    waits: list[float] = []
    errors = 0
    ends = time.perf_counter() + SECONDS
    time.sleep(chance.uniform(0, PAUSE))
    while time.perf_counter() < ends:
        try:
            waits.append(person.rerun())
        except RerunFailed:
            errors += 1
        time.sleep(chance.uniform(0, 2 * PAUSE))
    return waits, errors


def _megabytes(server: Server) -> float:
    """What the process holds in memory now."""
    status = Path(f"/proc/{server.process.pid}/status").read_text("utf-8")
    kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(kilobytes) / 1024
