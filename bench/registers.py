"""Importing a register of 3,600 rows in the shape of a public inventory: how long, and with how much memory."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.answers import SENTENCE
from bench.installation import Installation, now
from bench.results import Result, at_least, at_most
from lifecycle.interchange.register_import import apply_import
from lifecycle.interchange.registers import read_register
from scripts.serving import ROOT

ROWS = 3_600
ORGANISATIONS = 41
STAGES = (
    "Planned",
    "Initiated",
    "Acquisition and/or Development",
    "Pilot",
    "Operation and Maintenance",
    "Retired",
)
HEADERS = (
    "Use Case Name",
    "Agency",
    "Bureau",
    "Use Case Topic Area",
    "What is the intended purpose and expected benefits of the AI?",
    "Describe the AI system's outputs.",
    "Stage of Development",
    "Is the AI use case rights-impacting, safety-impacting, both, or neither?",
    "Date Initiated",
    "Date Implemented",
    "Date Retired",
    "What are the key risks from using the AI?",
)


def measure(installed: Installation) -> Iterator[Result]:
    """From the bytes of the file to the commit, here and by the command line in a process of its own."""
    content, steps = register(), 0

    def count(_done: int, _all: int) -> None:
        nonlocal steps
        steps += 1

    started = time.perf_counter()
    reading = read_register(content, "inventory.csv")
    with installed.database.write() as session:
        imported = apply_import(session, reading, by=installed.by, at=now(), progress=count)
    seconds = time.perf_counter() - started
    if imported.added != ROWS:
        raise AssertionError(f"{imported.added} of {ROWS} rows were imported")
    yield at_most(f"register of {ROWS:,} rows imported", seconds, "s", 30)
    yield at_least("… steps of progress shown", steps, "steps", 5)
    seconds, megabytes = by_command_line(content)
    yield at_most("… by the command line, from its start to its end", seconds, "s", 30)
    yield at_most("… its memory at most", megabytes, "MB", 500)


def by_command_line(content: bytes) -> tuple[float, float]:
    """Seconds and megabytes (the most it ever held) of `import register` into an empty database."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "inventory.csv"
        file.write_bytes(content)
        environment = {**os.environ, "LIFECYCLE_DATABASE_URL": f"sqlite:///{folder}/lifecycle.db"}
        started = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "lifecycle", "import", "register", str(file)],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - started
    if process.returncode != 0:
        raise AssertionError(f"the command line ended with {process.returncode}")
    kilobytes = usage.ru_maxrss / (1024 if sys.platform == "darwin" else 1)
    return seconds, kilobytes / 1024


def register() -> bytes:
    """CSV with long cells, some of several lines, some blank, dates month first."""
    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow(HEADERS)
    lines.writerows(_row(number) for number in range(ROWS))
    return text.getvalue().encode()


def _row(number: int) -> tuple[str, ...]:
    month, day, year = number % 12 + 1, number % 28 + 1, 2015 + number % 9
    return (
        f"Example use case {number // 2:04d}",
        f"Example Department {number % ORGANISATIONS:02d}",
        f"Bureau {number % 190}",
        ("Health", "Transport", "Mission support", "")[number % 4],
        "\n".join([SENTENCE] * (1 + number % 6)),
        SENTENCE if number % 3 else "",
        STAGES[number % len(STAGES)],
        ("Both", "Rights-Impacting", "Neither", "")[number % 4],
        f"{month:02d}/{year}",
        f"{month}/{day}/{year + 1}" if number % 2 else "",
        f"{month}/{day}/{year + 2}" if number % 6 == 5 else "",
        SENTENCE if number % 5 else "N/A",
    )
