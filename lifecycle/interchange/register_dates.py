"""Dates as registers write them. What could mean two days, or was mangled by a spreadsheet, stays text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal

from lifecycle.interchange.tabular_text import one_line
from lifecycle.rules.months import month_named

_LATEST_YEAR = 2100
_CLOCK = r"(?:[ T]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?\s*(?:[AaPp]\.?[Mm]\.?)?(?:Z|[+-]\d{2}:?\d{2})?)?"
_ISO = re.compile(rf"(\d{{4}})[-/.](\d{{1,2}})[-/.](\d{{1,2}}){_CLOCK}")
_COMPACT = re.compile(r"(19\d\d|20\d\d)(0[1-9]|1[0-2])([0-2]\d|3[01])")
_NUMBERS = re.compile(rf"(\d{{1,2}})[-/.](\d{{1,2}})[-/.](\d{{4}}){_CLOCK}")
_WORDS = (
    re.compile(
        r"(?P<day>\d{1,2})(?:st|nd|rd|th|er|\.|º)?(?: de)?[ -](?P<month>[^\W\d_]{3,10})\.?,?(?: de)?[ -](?P<year>\d{4})"
    ),
    re.compile(r"(?P<month>[^\W\d_]{3,10})\.? (?P<day>\d{1,2})(?:st|nd|rd|th)?,? (?P<year>\d{4})"),
)
_MANGLED = re.compile(
    r"\d{1,2}-[A-Za-z]{3}|[A-Za-z]{3}-\d{2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2}|Q[1-4][ -]?(?:FY)?\d{2,4}"
)
_MONTH_ALONE = re.compile(r"\d{4}[-/]\d{1,2}|\d{1,2}[-/]\d{4}")

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


def looks_like_date(text: str) -> bool:
    """Whether a cell was meant as a date, certain or not: 3/4/2024, 24-Jun, 2024-03."""
    plain = one_line(text)
    if not plain or len(plain) > 40 or not any(map(str.isdigit, plain)):
        return False
    patterns = (_ISO, _NUMBERS, _COMPACT, _MANGLED, _MONTH_ALONE)
    return any(pattern.fullmatch(plain) for pattern in patterns) or _from_words(plain) is not None


def order_of(texts: Iterable[str]) -> DateOrder:
    """Whether day or month comes first, when a number above 12 says so and none says the other; else unknown."""
    day_first = month_first = False
    for text in texts:
        match = _NUMBERS.fullmatch(one_line(text)) if text else None
        if match:
            day_first = day_first or int(match[1]) > 12 >= int(match[2])
            month_first = month_first or int(match[2]) > 12 >= int(match[1])
    if day_first == month_first:
        return "unknown"
    return "day_first" if day_first else "month_first"


def _from_iso(text: str) -> date | None:
    match = _ISO.fullmatch(text) or _COMPACT.fullmatch(text)
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
            month = month_named(match["month"])
            return _day(int(match["year"]), month, int(match["day"])) if month else None
    return None


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
