"""Dates as registers write them. What could mean two days, or was mangled by a spreadsheet, stays text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Literal

from lifecycle.interchange.tabular_text import one_line

_LATEST_YEAR = 2100
_CLOCK = r"(?:[ T]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?\s*(?:[AaPp]\.?[Mm]\.?)?(?:Z|[+-]\d{2}:?\d{2})?)?"
_ISO = re.compile(rf"(\d{{4}})[-/.](\d{{1,2}})[-/.](\d{{1,2}}){_CLOCK}")
_NUMBERS = re.compile(rf"(\d{{1,2}})[-/.](\d{{1,2}})[-/.](\d{{4}}){_CLOCK}")
_WORDS = (
    re.compile(r"(?P<day>\d{1,2})(?:st|nd|rd|th)?[ -](?P<month>[A-Za-z]{3,9})\.?,?[ -](?P<year>\d{4})"),
    re.compile(r"(?P<month>[A-Za-z]{3,9})\.? (?P<day>\d{1,2})(?:st|nd|rd|th)?,? (?P<year>\d{4})"),
)
_MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)

DateOrder = Literal["month_first", "day_first", "unknown"]


@dataclass(frozen=True, slots=True)
class RegisterDate:
    """A date cell: its label, its text as in the file, and the day it names if there is exactly one."""

    label: str
    text: str
    day: date | None

    @property
    def is_uncertain(self) -> bool:
        """True when the cell says something that is no certain day ("24-Jun", "7/14/1905", "Q4FY25")."""
        return self.day is None


def read_date(text: str, *, order: DateOrder, earliest_year: int) -> date | None:
    """The day a text names, or None. A year outside the plausible is a spreadsheet's accident, not a day."""
    plain = one_line(text)
    day = _from_iso(plain) or _from_numbers(plain, order) or _from_words(plain)
    return day if day and earliest_year <= day.year <= _LATEST_YEAR else None


def _from_iso(text: str) -> date | None:
    match = _ISO.fullmatch(text)
    return _day(int(match[1]), int(match[2]), int(match[3])) if match else None


def _from_numbers(text: str, order: DateOrder) -> date | None:
    """Without a known order only a text that can be read one way (31/12/2024, 5/5/2025) is a date."""
    match = _NUMBERS.fullmatch(text)
    if not match:
        return None
    first, second, year = int(match[1]), int(match[2]), int(match[3])
    month_first, day_first = _day(year, first, second), _day(year, second, first)
    if order == "unknown":
        readings = {reading for reading in (month_first, day_first) if reading}
        return readings.pop() if len(readings) == 1 else None
    return month_first if order == "month_first" else day_first


def _from_words(text: str) -> date | None:
    for pattern in _WORDS:
        match = pattern.fullmatch(text)
        if match:
            name = match["month"].casefold()
            for number, month in enumerate(_MONTHS, 1):
                if month.startswith(name):
                    return _day(int(match["year"]), number, int(match["day"]))
    return None


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
