"""The moments that the keys of a series name, so that its points can be put in the order of time."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from lifecycle.rules.months import month_named

_INTERVAL = re.compile(r"(\d{4}-\d{2}-\d{2}[^/]*?)\s*(?:/|\s[-\u2013]\s|\.\.+|\sto\s)\s*(\d.*)")
_YEAR = re.compile(r"19\d\d|20\d\d")
_MONTH = re.compile(r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})")
_MONTH_BEFORE_YEAR = re.compile(r"(?P<month>\d{1,2})[-/.](?P<year>\d{4})")
_QUARTER = re.compile(r"(?P<year>\d{4})[- ]?Q(?P<quarter>[1-4])", re.IGNORECASE)
_QUARTER_BEFORE_YEAR = re.compile(r"Q(?P<quarter>[1-4])[-/ ]?(?P<year>\d{4})", re.IGNORECASE)
_WEEK = re.compile(r"(?P<year>\d{4})[- /]?W(?P<week>\d{1,2})(?:-?(?P<day>[1-7]))?", re.IGNORECASE)
_WEEK_BEFORE_YEAR = re.compile(r"(?:W|KW|CW|week)[ -]?(?P<week>\d{1,2})[-/, ]+(?P<year>\d{4})", re.IGNORECASE)
# Since 1970, of the years 2001 to 2286: seconds in ten digits, then milli-, micro- and nanoseconds.
_EPOCH = re.compile(r"(\d{10})(\d{3}|\d{6}|\d{9})?(?:\.(\d+))?")
_LOOSE_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(.*)")
# A year of two digits only behind others of two, or between slashes: 1.2.10 is a version.
_NUMBERS = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})(.*)")
_SHORT_NUMBERS = re.compile(
    r"(\d{2})([-.])(\d{2})\2(\d{2})((?:\D.*)?)|(\d{1,2})/(\d{1,2})/(\d{2})((?:\D.*)?)"
)
_BETWEEN_POINTS = re.compile(r"\d{1,2}\.\d")
_CLOCKS = ("%H:%M", "%H:%M:%S", "%H:%M:%S.%f", "%I:%M %p", "%I:%M:%S %p", "%I %p")
_NAME = r"(?P<month>[^\W\d_]{3,12})\.?"
_WORDS = (
    re.compile(
        rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th|er|\.|º)?[ -](?:de )?{_NAME},?[ -](?:de )?(?P<year>\d{{4}})(?P<clock>.*)"
    ),
    re.compile(rf"{_NAME} (?P<day>\d{{1,2}})(?:st|nd|rd|th)?,? (?P<year>\d{{4}})(?P<clock>.*)"),
    re.compile(rf"{_NAME} (?P<day>\d{{1,2}}) (?P<clock>\d{{1,2}}:\d{{2}}(?::\d{{2}})?) (?P<year>\d{{4}})"),
    re.compile(rf"(?P<day>\d{{1,2}})-{_NAME}-(?P<short>\d{{2}})(?P<clock>.*)"),
    re.compile(rf"{_NAME}[ -](?P<year>\d{{4}})(?P<clock>.*)"),
    re.compile(rf"{_NAME}[-'](?P<short>\d{{2}})"),
)
_WEEKDAY = re.compile(r"(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6}\.?,? ", re.IGNORECASE)
_UNIVERSAL = re.compile(r"\s*(?:UTC|GMT|Z|\(UTC\))$", re.IGNORECASE)
_OFFSET = re.compile(r"(?<=\d)\s+(?=[+-]\d{2}:?\d{2}$)")

Reading = Callable[[str], datetime | None]


def moments_of(keys: Sequence[str]) -> list[datetime] | None:
    """One moment for each key where all of them are dates or times of one kind; None where they are not.

    3/4/2024 is read the one way that fits every key; where both fit, the way in which the file already runs
    forward or backward in time, else month first; between points the day comes first. A time without zone
    counts as UTC; an interval by its start.
    """
    plain = [_plain(key) for key in keys]
    for reading in (_iso, _period, _epoch, _words):
        if (found := _all(plain, reading)) is not None:
            return found
    return _slashed(plain)


def _plain(key: str) -> str:
    """One kind of space, and a zone as an offset right behind the time."""
    text = " ".join(key.split())
    if ":" in text:
        text = _OFFSET.sub("", _UNIVERSAL.sub("+00:00", text))
    return text


def _all(keys: Sequence[str], reading: Reading) -> list[datetime] | None:
    moments: list[datetime] = []
    for key in keys:
        moment = reading(key)
        if moment is None:
            return None
        moments.append(moment)
    return moments or None


def _iso(text: str) -> datetime | None:
    if interval := _INTERVAL.fullmatch(text):
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
    """A year, quarter, month or week, by its first day."""
    if _YEAR.fullmatch(text):
        return _on(int(text), 1, 1)
    if month := _MONTH.fullmatch(text) or _MONTH_BEFORE_YEAR.fullmatch(text):
        return _on(int(month["year"]), int(month["month"]), 1)
    if quarter := _QUARTER.fullmatch(text) or _QUARTER_BEFORE_YEAR.fullmatch(text):
        return _on(int(quarter["year"]), 3 * int(quarter["quarter"]) - 2, 1)
    if week := _WEEK.fullmatch(text) or _WEEK_BEFORE_YEAR.fullmatch(text):
        day = int(week.groupdict().get("day") or 1)
        try:
            return _aware(datetime.fromisocalendar(int(week["year"]), int(week["week"]), day))
        except ValueError:
            return None
    return None


def _epoch(text: str) -> datetime | None:
    match = _EPOCH.fullmatch(text)
    if not match:
        return None
    fraction = float(f"0.{match[2] or ''}{match[3] or ''}0")
    return datetime.fromtimestamp(0, UTC) + timedelta(seconds=int(match[1]) + fraction)


def _words(text: str) -> datetime | None:
    text = _WEEKDAY.sub("", text, count=1) if _WEEKDAY.match(text) else text
    for pattern in _WORDS:
        match = pattern.fullmatch(text)
        month = month_named(match["month"]) if match else None
        if match and month:
            told = match.groupdict()
            year = int(told.get("year") or f"20{told['short']}")
            return _on(year, month, int(told.get("day") or 1), told.get("clock") or "")
    return None


def _slashed(keys: Sequence[str]) -> list[datetime] | None:
    month_first, day_first = _all(keys, _month_first), _all(keys, _day_first)
    if month_first is None or day_first is None:
        return month_first or day_first
    if all(_BETWEEN_POINTS.match(key) for key in keys):
        return day_first
    return day_first if _runs(day_first) and not _runs(month_first) else month_first


def _runs(moments: Sequence[datetime]) -> bool:
    ordered = sorted(moments)
    return ordered in (list(moments), list(reversed(moments)))


def _month_first(text: str) -> datetime | None:
    numbers = _numbers(text)
    return _on(numbers[2], numbers[0], numbers[1], numbers[3]) if numbers else None


def _day_first(text: str) -> datetime | None:
    numbers = _numbers(text)
    return _on(numbers[2], numbers[1], numbers[0], numbers[3]) if numbers else None


def _numbers(text: str) -> tuple[int, int, int, str] | None:
    """The first and the second number, the year, and what stands behind."""
    if match := _NUMBERS.fullmatch(text):
        return int(match[1]), int(match[3]), int(match[4]), match[5]
    if match := _SHORT_NUMBERS.fullmatch(text):
        dotted = match[1] is not None
        first, second, year, rest = match.group(1, 3, 4, 5) if dotted else match.group(6, 7, 8, 9)
        return int(first), int(second), 2000 + int(year), rest
    return None


def _on(year: int, month: int, day: int, clock: str = "") -> datetime | None:
    try:
        start = datetime(year, month, day, tzinfo=UTC)
    except ValueError:
        return None
    clock = clock.strip(" ,").lstrip("T")
    if not clock:
        return start
    try:
        return _aware(datetime.fromisoformat(f"{start:%Y-%m-%d}T{clock.zfill(5) if ':' in clock else clock}"))
    except ValueError:
        pass
    for pattern in _CLOCKS:
        try:
            read = datetime.strptime(clock.upper().replace(".M.", "M"), pattern).replace(tzinfo=UTC)
        except ValueError:
            continue
        return start.replace(hour=read.hour, minute=read.minute, second=read.second)
    return None


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
