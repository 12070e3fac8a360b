"""A series of values out of a file: which rows, which column, which limit, in the order of time."""

from __future__ import annotations

import difflib
import operator
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lifecycle.errors import Invalid
from lifecycle.interchange.tabular import Row, RowProblem, Table, read_table
from lifecycle.interchange.tabular_text import is_blank, one_line
from lifecycle.interchange.told import NO_KEY, NO_NUMBER, Told
from lifecycle.language import say
from lifecycle.rules.moments import moments_of
from lifecycle.rules.readings import NewReading
from lifecycle.rules.triggers import Point

MISSING_WORDS = frozenset(
    [
        "",
        "na",
        "n/a",
        "n.a.",
        "nan",
        "null",
        "none",
        "nil",
        "-",
        "--",
        "\u2013",
        "\u2014",
        ".",
        "?",
        "#n/a",
        "<na>",
    ]
    + ["(null)", "\\n", "missing", "[blank]", "(blank)"]
)
_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
_OPERATOR = re.compile(r"!=|>=|<=|==|=|>|<")
# No number begins with a group of 0: 0,912 has a decimal comma.
_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?")
_GROUPED_BY_POINTS = re.compile(r"[+-]?[1-9]\d{0,2}(?:\.\d{3})+")
_DECIMAL_COMMA = re.compile(r"[+-]?(?:\d*|\d{1,3}(?:\.\d{3})+),\d+(?:[eE][+-]?\d+)?")
_GROUPED_BY_SPACES = re.compile(r"(?<=\d)[ '\u2019\u00a0\u202f\u2009](?=\d{3}(?!\d))")
_PERCENT = re.compile(r"\s*%$")
_LISTED = 12
_LOOKED_AT = 1_000
_KEY_WORDS = (
    *("key", "chunk_key", "chunk key", "timestamp", "time", "datetime", "date", "at", "day", "week", "month"),
    *(
        "period",
        "wall time",
        "date time",
        "ts",
        "time stamp",
        "start_date",
        "start date",
        "end_date",
        "end date",
    ),
)
_VALUE_WORDS = ("value", "reading", "metric")


@dataclass(frozen=True, slots=True)
class Series:
    """Points in order, and what was odd: cells that are no number count as missing and are named here."""

    points: tuple[Point, ...]
    in_time_order: bool
    problems: tuple[RowProblem, ...] = ()


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition on a row: equal as text or as number, or compared as numbers."""

    column: str
    comparison: str
    wanted: str

    def keeps(self, cell: str) -> bool:
        if self.comparison in ("=", "!="):
            return self._is_equal(cell) == (self.comparison == "=")
        left, right = _plain_number(cell), _plain_number(self.wanted)
        return left is not None and right is not None and _COMPARISONS[self.comparison](left, right)

    def _is_equal(self, cell: str) -> bool:
        if one_line(cell) == one_line(self.wanted):
            return True
        left, right = _plain_number(cell), _plain_number(self.wanted)
        return left is not None and left == right


def read_series(
    source: Path | bytes,
    *,
    key: str,
    column: str,
    limit: str,
    where: Sequence[str] = (),
    filename: str = "",
) -> Series:
    """The points of `column` in the rows that satisfy every condition of `where`.

    `limit` is a number, or else the column that holds each row's own limit. Points come in the order of time
    where every key is a date or time, rows of one time in the order of the file; otherwise in that order.
    Raises Invalid for a file that cannot be read, a column that is not there and a condition that is none.
    """
    table = read_table(source, filename)
    filters = [filter_of(text, table.headers) for text in where]
    name = filename or (source.name if isinstance(source, Path) else say("the file"))
    key_at, column_at = (_place(table.headers, each, name) for each in (key, column))
    fixed = _plain_number(_PERCENT.sub("", limit))
    limit_at = _place(table.headers, limit, name) if fixed is None else None
    kept, nameless = _keyed(list(_kept(table, filters, name)), table.headers, key_at, column_at)
    values = _numbers(kept, table, column_at)
    limits = _numbers(kept, table, limit_at) if limit_at is not None else None
    points = [
        Point(row.values[key_at], value, limits.read[index] if limits else fixed)
        for index, (row, value) in enumerate(zip(kept, values.read, strict=True))
    ]
    ordered, by_time = _in_time_order(points)
    return Series(tuple(ordered), by_time, _by_row(nameless, values, limits))


@dataclass(frozen=True, slots=True)
class ReadingsFile:
    """Readings of a file in its order, and the rows that hold none: these are named and left out."""

    readings: tuple[NewReading, ...]
    problems: tuple[RowProblem, ...]
    key: str
    column: str


def read_readings(
    source: Path | bytes,
    *,
    name: str,
    key: str = "",
    column: str = "",
    limit: str = "",
    where: Sequence[str] = (),
    filename: str = "",
) -> ReadingsFile:
    """The readings of a monitor called `name`, to be stored.

    Without `key` it is the first column that is called as times are, else that holds times, else the first of all;
    without `column` that
    of the monitor's name, else `value`, else the only other one. `limit` names the column of each row's own limit.
    Raises Invalid as `read_series` does.
    """
    table = read_table(source, filename)
    file = filename or (source.name if isinstance(source, Path) else say("the file"))
    filters = [filter_of(text, table.headers) for text in where]
    key_at = _place(table.headers, key, file) if key else _likely_key(table)
    column_at = (
        _place(table.headers, column, file) if column else _likely_column(table.headers, name, key_at, file)
    )
    kept, nameless = _keyed(list(_kept(table, filters, file)), table.headers, key_at, column_at)
    values = _numbers(kept, table, column_at)
    limits = _numbers(kept, table, _place(table.headers, limit, file)) if limit else None
    problems = _by_row(nameless, values, limits)
    lost = {problem.row for problem in problems}
    readings = [
        NewReading(row.values[key_at], value, limits.read[index] if limits else None)
        for index, (row, value) in enumerate(zip(kept, values.read, strict=True))
        if row.number not in lost
    ]
    return ReadingsFile(tuple(readings), problems, table.headers[key_at], table.headers[column_at])


def _likely_key(table: Table) -> int:
    plain = [one_line(header).casefold() for header in table.headers]
    named = (plain.index(word) for word in _KEY_WORDS if word in plain)
    cells = ([row.values[place] for row in table.rows[:_LISTED]] for place in range(len(plain)))
    timely = (place for place, keys in enumerate(cells) if moments_of(keys) is not None)
    return next(named, next(timely, 0))


def _likely_column(headers: Sequence[str], name: str, key_at: int, file: str) -> int:
    plain = [one_line(header).casefold() for header in headers]
    for word in (one_line(name).casefold(), *_VALUE_WORDS):
        if word in plain and plain.index(word) != key_at:
            return plain.index(word)
    others = [index for index in range(len(headers)) if index != key_at]
    if len(others) == 1:
        return others[0]
    shown = ", ".join(headers[:_LISTED]) + ("…" if len(headers) > _LISTED else "")
    raise Invalid(
        {
            "column": say(
                "Say which column of {file} holds the values. It has: {shown}.", file=file, shown=shown
            )
        }
    )


def filter_of(text: str, headers: Sequence[str]) -> Filter:
    """The condition that a text such as `chunk_period=analysis` or `n>=5` states.

    A column may itself hold an operator: the longest known header before an operator wins.
    """
    places = list(_OPERATOR.finditer(text))
    known = {one_line(header).casefold() for header in headers}
    for found in reversed(places):
        if one_line(text[: found.start()]).casefold() in known:
            return _filter(text, found)
    if not places or not text[: places[0].start()].strip():
        raise Invalid(
            {"where": say("“{text}” is no condition; write COLUMN=VALUE or COLUMN>=NUMBER.", text=text)}
        )
    return _filter(text, places[0])


def _filter(text: str, found: re.Match[str]) -> Filter:
    comparison = "=" if found[0] == "==" else found[0]
    wanted = text[found.end() :].strip()
    if comparison in _COMPARISONS and _plain_number(wanted) is None:
        raise Invalid(
            {
                "where": say(
                    "“{text}” compares with “{wanted}”, which is not a number.", text=text, wanted=wanted
                )
            }
        )
    return Filter(text[: found.start()].strip(), comparison, wanted)


# ---------------------------------------------------------------- columns and rows


def _place(headers: Sequence[str], wanted: str, name: str) -> int:
    """Where a column is: by its exact name, else whatever its case and spaces."""
    if wanted in headers:
        return headers.index(wanted)
    plain = [one_line(header).casefold().lstrip("# ") for header in headers]
    target = one_line(wanted).casefold().lstrip("# ")
    if plain.count(target) == 1:
        return plain.index(target)
    near = difflib.get_close_matches(target, plain, n=1)
    hint = say(" Did you mean “{header}”?", header=headers[plain.index(near[0])]) if near else ""
    shown = ", ".join(headers[:_LISTED]) + ("…" if len(headers) > _LISTED else "")
    raise Invalid(
        {
            "column": say(
                "{name} has no column “{wanted}”.{hint} It has: {shown}.",
                name=name,
                wanted=wanted,
                hint=hint,
                shown=shown,
            )
        }
    )


def _kept(table: Table, filters: Sequence[Filter], name: str) -> Iterator[Row]:
    placed = [(_place(table.headers, each.column, name), each) for each in filters]
    for row in table.rows:
        if all(each.keeps(row.values[place]) for place, each in placed):
            yield row


def _keyed(
    rows: list[Row], headers: Sequence[str], key_at: int, column_at: int
) -> tuple[list[Row], list[RowProblem]]:
    """The rows that say when; those that do not and yet hold a value are named."""
    told = Told(NO_KEY)
    nameless = [row for row in rows if is_blank(row.values[key_at])]
    problems = [
        RowProblem(row.number, headers[key_at], told)
        for row in nameless
        if not _is_missing(row.values[column_at])
    ]
    return [row for row in rows if not is_blank(row.values[key_at])], problems


def _in_time_order(points: list[Point]) -> tuple[list[Point], bool]:
    moments = moments_of([point.key for point in points])
    if moments is None:
        return points, False
    order = sorted(range(len(points)), key=lambda index: moments[index])
    return [points[index] for index in order], True


# ---------------------------------------------------------------- numbers


@dataclass(frozen=True, slots=True)
class _Numbers:
    read: tuple[float | None, ...]
    problems: tuple[RowProblem, ...]


def _numbers(rows: Sequence[Row], table: Table, place: int) -> _Numbers:
    """A column's numbers. What a comma and a percent sign mean is decided once for the whole column.

    93.2% is 93.2 where every number of the column has the sign; among plain numbers nobody knows which it is.
    """
    cells = [row.values[place] for row in rows]
    comma_is_decimal = _comma_is_decimal(cells, table)
    filled = [cell for cell in cells if not _is_missing(cell)]
    in_percent = sum(bool(_PERCENT.search(cell.strip())) for cell in filled)
    are_percent = in_percent == sum(any(map(str.isdigit, cell)) for cell in filled)
    problems: list[RowProblem] = []
    read: list[float | None] = []
    for row, cell in zip(rows, cells, strict=True):
        value = _number(_PERCENT.sub("", cell.strip()) if are_percent else cell, comma_is_decimal)
        read.append(value)
        if value is None and not _is_missing(cell):
            told = Told(NO_NUMBER, cell=cell[:40])
            problems.append(RowProblem(row.number, table.headers[place], told))
    return _Numbers(tuple(read), tuple(problems))


def _by_row(
    nameless: Sequence[RowProblem], values: _Numbers, limits: _Numbers | None
) -> tuple[RowProblem, ...]:
    found = [*nameless, *values.problems, *(limits.problems if limits else ())]
    return tuple(sorted(found, key=lambda problem: problem.row))


def _is_missing(cell: str) -> bool:
    return cell.strip().casefold() in MISSING_WORDS


def _comma_is_decimal(cells: Sequence[str], table: Table) -> bool:
    """Where every comma of the column could group thousands, the other columns of the file say what commas do."""
    with_comma = [text for cell in cells if "," in (text := _PERCENT.sub("", cell.strip()))]
    if not with_comma or not all(_GROUPED.fullmatch(cell) for cell in with_comma):
        return bool(with_comma)
    if any("." in cell or cell.count(",") > 1 for cell in with_comma):
        return False
    others = {cell.strip() for row in table.rows[:_LOOKED_AT] for cell in row.values if "," in cell}
    return any(_DECIMAL_COMMA.fullmatch(cell) and not _GROUPED.fullmatch(cell) for cell in others)


def _number(cell: str, comma_is_decimal: bool) -> float | None:
    text = _GROUPED_BY_SPACES.sub("", cell.strip().replace("\u2212", "-"))
    if comma_is_decimal and (_DECIMAL_COMMA.fullmatch(text) or _GROUPED_BY_POINTS.fullmatch(text)):
        text = text.replace(".", "").replace(",", ".")
    elif _GROUPED.fullmatch(text):
        text = text.replace(",", "")
    return _plain_number(text)


def _plain_number(text: str) -> float | None:
    """A number as machines write it; None for anything else, NaN and Python's 1_000 included."""
    if "_" in text:
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return None if value != value else value
