"""The moments that the keys of a series name, so that its points can be put in the order of time."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

_ISO_INTERVAL = re.compile(r"(\d{4}-\d{2}-\d{2}[^/]*)/(.+)")
_MONTH = re.compile(r"(\d{4})[-/](\d{1,2})")
_QUARTER = re.compile(r"(\d{4})[- ]?[Qq]([1-4])")
_WEEK = re.compile(r"(\d{4})-?W(\d{2})(?:-?([1-7]))?")
_SECONDS, _MILLISECONDS = re.compile(r"\d{10}(?:\.\d+)?"), re.compile(r"\d{13}")
_LOOSE_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(.*)")
_NUMBERS = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})(.*)")
_CLOCKS = ("%H:%M", "%H:%M:%S", "%H:%M:%S.%f", "%I:%M %p", "%I:%M:%S %p", "%I %p")
_WORDS = tuple(
    day + clock
    for day in ("%d %b %Y", "%d %B %Y", "%d-%b-%Y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%b %Y", "%B %Y")
    for clock in ("", *(f" {clock}" for clock in _CLOCKS))
)

Reading = Callable[[str], datetime | None]


def moments_of(keys: Sequence[str]) -> list[datetime] | None:
    """One moment for each key where all of them are dates or times of one kind; None where they are not.

    3/4/2024 is read the one way that fits every key; where both fit, the way in which the file already runs
    forward or backward in time, else month first. A time without zone counts as UTC; an interval by its start.
    """
    for reading in (_iso, _period, _epoch, _words):
        if (found := _all(keys, reading)) is not None:
            return found
    return _slashed(keys)


def _all(keys: Sequence[str], reading: Reading) -> list[datetime] | None:
    moments: list[datetime] = []
    for key in keys:
        moment = reading(key.strip())
        if moment is None:
            return None
        moments.append(moment)
    return moments or None


def _iso(text: str) -> datetime | None:
    if "/" in text and (interval := _ISO_INTERVAL.fullmatch(text)):
        text = interval[1].strip()
    if text.isdecimal() and len(text) != 8:
        return None
    if "W" in text and _WEEK.fullmatch(text):
        return None
    try:
        return _aware(datetime.fromisoformat(text))
    except ValueError:
        pass
    loose = _LOOSE_ISO.fullmatch(text)
    return _on(int(loose[1]), int(loose[2]), int(loose[3]), loose[4]) if loose else None


def _period(text: str) -> datetime | None:
    """A month, quarter or week, by its first day."""
    if month := _MONTH.fullmatch(text):
        return _on(int(month[1]), int(month[2]), 1)
    if quarter := _QUARTER.fullmatch(text):
        return _on(int(quarter[1]), 3 * int(quarter[2]) - 2, 1)
    if week := _WEEK.fullmatch(text):
        try:
            day = datetime.fromisocalendar(int(week[1]), int(week[2]), int(week[3] or 1))
        except ValueError:
            return None
        return _aware(day)
    return None


def _epoch(text: str) -> datetime | None:
    """Seconds or milliseconds since 1970, of the years 2001 to 2286: ten or thirteen digits."""
    if _SECONDS.fullmatch(text):
        return datetime.fromtimestamp(0, UTC) + timedelta(seconds=float(text))
    if _MILLISECONDS.fullmatch(text):
        return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=int(text))
    return None


def _words(text: str) -> datetime | None:
    for pattern in _WORDS:
        try:
            return datetime.strptime(text, pattern).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None


def _slashed(keys: Sequence[str]) -> list[datetime] | None:
    month_first, day_first = _all(keys, _month_first), _all(keys, _day_first)
    if month_first is None or day_first is None:
        return month_first or day_first
    return day_first if _runs(day_first) and not _runs(month_first) else month_first


def _runs(moments: Sequence[datetime]) -> bool:
    ordered = sorted(moments)
    return ordered in (list(moments), list(reversed(moments)))


def _month_first(text: str) -> datetime | None:
    match = _NUMBERS.fullmatch(text)
    return _on(int(match[4]), int(match[1]), int(match[3]), match[5]) if match else None


def _day_first(text: str) -> datetime | None:
    match = _NUMBERS.fullmatch(text)
    return _on(int(match[4]), int(match[3]), int(match[1]), match[5]) if match else None


def _on(year: int, month: int, day: int, clock: str = "") -> datetime | None:
    try:
        start = datetime(year, month, day, tzinfo=UTC)
    except ValueError:
        return None
    clock = clock.strip().lstrip("T")
    if not clock:
        return start
    try:
        return _aware(datetime.fromisoformat(f"{start:%Y-%m-%d}T{clock.zfill(5) if ':' in clock else clock}"))
    except ValueError:
        pass
    for pattern in _CLOCKS:
        try:
            read = datetime.strptime(clock.upper(), pattern).replace(tzinfo=UTC)
        except ValueError:
            continue
        return start.replace(hour=read.hour, minute=read.minute, second=read.second)
    return None


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
