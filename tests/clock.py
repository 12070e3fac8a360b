"""Time in tests: it stands still until told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)  # a Monday morning


@dataclass
class Clock:
    """Call it for the time; `pass_by(days=3)` moves it and returns the new time."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **length: float) -> datetime:
        self.now += timedelta(**length)
        return self.now
