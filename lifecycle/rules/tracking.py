"""Metrics of a tracking server as readings: the key of each entry, and when to ask again.

An entry is known by its run, step and time. A server may hold several values there: the one that was stored first
keeps the plain key, each other carries its value in its key, so that asking again never finds another value under
a known key.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from lifecycle.rules.readings import NewReading

FETCH_EVERY = timedelta(minutes=5)
LONGEST_WAIT = timedelta(hours=6)
_LATEST = int(datetime(9999, 1, 1, tzinfo=UTC).timestamp() * 1_000)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a metric's history; `timestamp` in milliseconds. No value: it is not a finite number."""

    step: int
    timestamp: int
    value: float | None

    @property
    def at(self) -> datetime:
        return datetime.fromtimestamp(min(max(self.timestamp, 0), _LATEST) / 1_000, UTC)

    def key(self, run_id: str) -> str:
        return f"{run_id}:{self.step}:{self.timestamp}"

    def own_key(self, run_id: str) -> str:
        """The key of a further value at the same place."""
        return f"{self.key(run_id)}:{self.value!r}"


def finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def is_known(run_id: str, newest: Entry, stored: Mapping[str, float | None]) -> bool:
    """Whether the newest entry of a run is stored: then nothing of its history need be asked for."""
    key = newest.key(run_id)
    return (key in stored and stored[key] == newest.value) or newest.own_key(run_id) in stored


def readings_of(
    run_id: str, entries: Iterable[Entry], stored: Mapping[str, float | None]
) -> list[NewReading]:
    """The entries of a run as readings, in the order of time. `stored`: what their keys hold already."""
    taken = {key: value for key, value in stored.items() if key.startswith(f"{run_id}:")}
    found: dict[str, NewReading] = {}
    for entry in sorted(set(entries), key=lambda each: (each.timestamp, each.step, str(each.value))):
        key = entry.key(run_id)
        if taken.setdefault(key, entry.value) != entry.value:
            key = entry.own_key(run_id)
        found.setdefault(key, NewReading(key, entry.value, at=entry.at))
    return list(found.values())


def next_try(at: datetime, failures: int) -> datetime:
    """When to ask again after so many failures in a row: later each time."""
    return at + min(FETCH_EVERY * (1 << min(failures, 10)), LONGEST_WAIT)
