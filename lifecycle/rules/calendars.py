"""Working days: every day but weekends and holidays. Holidays come in as plain dates."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

_DAY = timedelta(days=1)
SATURDAY, SUNDAY = 5, 6


@dataclass(frozen=True)
class WorkCalendar:
    """Which days are worked. `weekend` holds weekdays, Monday being 0; at least one weekday is worked."""

    holidays: frozenset[date] = field(default_factory=frozenset)
    weekend: frozenset[int] = frozenset({SATURDAY, SUNDAY})

    def __post_init__(self) -> None:
        if self.weekend >= set(range(7)):
            raise ValueError("A calendar needs a weekday on which people work.")

    def is_working(self, day: date) -> bool:
        return day.weekday() not in self.weekend and day not in self.holidays

    def on_or_before(self, day: date) -> date:
        while not self.is_working(day):
            day -= _DAY
        return day

    def on_or_after(self, day: date) -> date:
        while not self.is_working(day):
            day += _DAY
        return day

    def ahead(self, start: date, days: int) -> date:
        """The day by which something begun on `start` that takes `days` working days is done.

        Asked on a Friday and taking one day, it is done on Monday. Nothing at all is done on the next working day.
        """
        if days <= 0:
            return self.on_or_after(start)
        day = start
        for _ in range(days):
            day = self.on_or_after(day + _DAY)
        return day

    def back(self, end: date, days: int) -> date:
        """The latest working day on which to begin what takes `days` working days and is to be done by `end`."""
        day = self.on_or_before(end)
        for _ in range(max(days, 0)):
            day = self.on_or_before(day - _DAY)
        return day

    def between(self, start: date, end: date) -> int:
        """Working days after `start` up to and with `end`; below zero when `end` lies before."""
        if end < start:
            return -self.between(end, start)
        weeks, rest = divmod((end - start).days, 7)
        worked = 7 - len(self.weekend)
        count = weeks * worked
        count += sum(
            (start + _DAY * number).weekday() not in self.weekend
            for number in range(weeks * 7 + 1, weeks * 7 + rest + 1)
        )
        return count - sum(
            start < holiday <= end and holiday.weekday() not in self.weekend for holiday in self.holidays
        )
