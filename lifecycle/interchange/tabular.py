"""A table out of a file of unknown make: CSV, XLSX or JSON, in whatever encoding and shape people send.

The kind of a file is decided by its content, its name only breaks ties. Nothing here knows of registers.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lifecycle.errors import Invalid
from lifecycle.interchange.tabular_csv import decoded, read_csv_rows
from lifecycle.interchange.tabular_json import looks_like_json, read_json_grids
from lifecycle.interchange.tabular_text import (
    LARGEST_CELL,
    Grid,
    GridRow,
    column_letters,
    is_blank,
    one_line,
)
from lifecycle.interchange.tabular_xlsx import is_workbook, read_workbook_grids
from lifecycle.interchange.told import FEWER_CELLS, LONG_CELL, MORE_CELLS, ROW, ROW_AND_COLUMN, Told
from lifecycle.language import mark, say

LARGEST_FILE_MEGABYTES = 50
_FORMULA_START = re.compile(r"^[\s\u200b-\u200f\u2060\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20]|^[\t\r\n]")
_PLAIN_NUMBER = re.compile(r"^\s*[+-]?\d[\d.,\s]*%?\s*$")
_KNOWN_BINARIES = (
    (b"\x89PNG", mark("a PNG image")),
    (b"\xff\xd8\xff", mark("a JPEG image")),
    (b"GIF8", mark("a GIF image")),
    (b"%PDF", mark("a PDF document")),
    (b"\x1f\x8b", mark("a gzip archive")),
    (b"PAR1", mark("a Parquet file")),
    (b"SQLite format 3\x00", mark("a SQLite database")),
    (b"\x7fELF", mark("a program")),
    (b"MZ\x90", mark("a program")),
    (
        b"\xd0\xcf\x11\xe0",
        mark("an old or password-protected Office file; save it as .xlsx without a password"),
    ),
    (b"PK\x03\x04", mark("a ZIP archive but not an .xlsx workbook")),
    (b"PK\x05\x06", mark("an empty ZIP archive")),
)
_MARKUP = re.compile(rb"^\s*(?:\xef\xbb\xbf)?\s*<(?:!doctype|html|\?xml|svg)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RowProblem:
    """What a person should look at in one row. `kept` says whether the row is taken all the same."""

    row: int
    column: str
    told: Told
    kept: bool = True

    @property
    def text(self) -> str:
        return self.told.said

    @property
    def place(self) -> str:
        if self.column:
            return say(ROW_AND_COLUMN, row=self.row, column=self.column)
        return say(ROW, row=self.row)

    @property
    def sentence(self) -> str:
        return say("{place}: {text}", place=self.place, text=self.text)


@dataclass(frozen=True, slots=True)
class Row:
    """One record, as long as the headers. `number` is the row a spreadsheet shows (the item, in JSON)."""

    number: int
    values: tuple[str, ...]
    extra: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """Headers made distinct, rows without blank ones, and what was odd about single rows."""

    headers: tuple[str, ...]
    rows: tuple[Row, ...]
    problems: tuple[RowProblem, ...] = ()
    headings: tuple[int, ...] = ()  # numbers of rows that only say what those below them are
    header_index: int = 0  # the row of the grid that the headers were taken from


def read_grids(
    source: bytes | Path,
    filename: str = "",
    *,
    largest_megabytes: int = LARGEST_FILE_MEGABYTES,
    encoding: str | None = None,
) -> tuple[Grid, ...]:
    """The raw rows of a file: one grid, or one for each visible sheet of a workbook.

    Raises Invalid with one sentence when the file is empty, too large, binary, damaged or of the wrong shape.
    """
    name = filename or (source.name if isinstance(source, Path) else say("the file"))
    content = _content(source, name, largest_megabytes)
    if is_workbook(content):
        return read_workbook_grids(content, name)
    _refuse_binary(content, name)
    text, found = decoded(content, name, encoding)
    _refuse_yaml(text, name)
    if looks_like_json(text, name):
        return read_json_grids(text, name)
    return (read_csv_rows(text, name, found),)


def read_table(source: bytes | Path, filename: str = "") -> Table:
    """The table of a file whose headers are not known beforehand: the widest early row is taken as header."""
    grids = read_grids(source, filename)
    if len(grids) > 1 and grids[0].kind == "JSON":
        places = ", ".join(grid.source.partition(" at ")[2] for grid in grids[:8])
        raise Invalid(
            say(
                "{file} holds {number} lists of objects ({places}); one is needed.",
                file=filename or say("The file"),
                number=len(grids),
                places=places,
            )
        )
    grid = max(grids, key=lambda each: len(each.rows))
    index = likely_header(grid)
    for upper in (index, index - 1):
        if upper >= 0 and (joined := _with_groups(grid, upper)) is not None:
            return table_at(joined, 0)
    return table_at(grid, index)


def _with_groups(grid: Grid, upper: int) -> Grid | None:
    """The rows from the headers on, where these stand in two rows: groups such as metrics, and what of each.

    A blank group is that to its left. The headers become group_part, as data frames are flattened.
    """
    rows = grid.rows[upper : upper + 3]
    numbers = [_holds_numbers(row) for row in rows]
    if grid.kind == "JSON" or numbers != [False, False, True]:
        return None
    groups, parts = ([one_line(cell) for cell in row.values] for row in rows[:2])
    spread, last = [], ""
    for place, part in enumerate(parts):
        last = (groups[place] if place < len(groups) else "") or last
        spread.append(last if part else "")
    labels = [group for group in spread if group]
    named = [part for part in parts if part]
    if not 1 < len(set(labels)) < len(labels):
        return None
    if len(set(named)) == len(named) and "" in groups[1:]:
        return None  # titles over headers that need none
    joined = tuple(
        f"{group}_{part}" if group and part and group != part else part
        for group, part in zip(spread, parts, strict=True)
    )
    return replace(grid, rows=(replace(rows[1], values=joined), *grid.rows[upper + 2 :]))


def _holds_numbers(row: GridRow) -> bool:
    return any(_PLAIN_NUMBER.match(cell) for cell in row.values if not is_blank(cell))


def likely_header(grid: Grid) -> int:
    """Index of the row that looks most like headers: the first nearly as full as the fullest of 30 rows."""
    filled = [sum(not is_blank(cell) for cell in row.values) for row in grid.rows[:30]]
    full = [index for index, count in enumerate(filled) if count >= 0.6 * max(filled)]
    return next((index for index in full if not _is_comment(grid, index)), full[0])


def _is_comment(grid: Grid, index: int) -> bool:
    """A line behind a # above the headers, not headers that begin with one: numbers would follow those."""
    below = grid.rows[index + 1 : index + 2]
    return grid.rows[index].values[0].startswith("#") and bool(below) and not _holds_numbers(below[0])


def header_texts(grid: Grid, index: int) -> list[str]:
    """The cells of a row as headers on one line; a blank one takes what stands above it, as under a merged title."""
    own = [one_line(cell) for cell in grid.rows[index].values]
    above = grid.rows[index - 1].values if index and grid.rows[index - 1].number else ()
    own += [""] * (len(above) - len(own))
    return [text or (one_line(above[place]) if place < len(above) else "") for place, text in enumerate(own)]


def table_at(grid: Grid, index: int, leave_out: Collection[int] = ()) -> Table:
    """The table whose headers stand in row `index` of the grid; rows above are titles and are left out.

    `leave_out` names rows by their numbers.
    """
    headers = _headers(grid, index)
    rows: list[Row] = []
    problems: list[RowProblem] = []
    headings: list[int] = []
    for row in grid.rows[index + 1 :]:
        if row.is_heading:
            headings.append(row.number)
            continue
        if (
            row.number in leave_out
            or all(is_blank(cell) for cell in row.values)
            or _repeats_headers(row, grid.rows[index])
        ):
            continue
        values, noted = _fitted(row, headers, ragged=grid.kind == "CSV")
        rows.append(values)
        problems.extend(noted)
    return Table(headers, tuple(rows), tuple(problems), tuple(headings), index)


def spreadsheet_safe(text: str) -> str:
    """Text that no spreadsheet runs as a formula: an apostrophe goes before one. Plain numbers stay."""
    if _FORMULA_START.match(text) and not _PLAIN_NUMBER.match(text):
        return "'" + text
    return text


def _content(source: bytes | Path, name: str, largest_megabytes: int) -> bytes:
    limit = largest_megabytes * 1_000_000
    if isinstance(source, Path):
        try:
            too_large = source.stat().st_size > limit
            content = b"" if too_large else source.read_bytes()
        except OSError as error:
            raise Invalid(
                say("{name} cannot be read: {reason}.", name=name, reason=error.strerror or error)
            ) from error
    else:
        content, too_large = source, len(source) > limit
    if too_large:
        raise Invalid(
            say(
                "{name} is larger than {most} MB; split it and import the parts.",
                name=name,
                most=largest_megabytes,
            )
        )
    if not content.strip(b"\x00\xef\xbb\xbf\xff\xfe \t\r\n"):
        raise Invalid(say("{name} is empty.", name=name))
    return content


def _refuse_binary(content: bytes, name: str) -> None:
    for start, what in _KNOWN_BINARIES:
        if content.startswith(start):
            raise Invalid(
                say("{name} is {what}; a register is a CSV, XLSX or JSON file.", name=name, what=what)
            )
    if _MARKUP.match(content[:200]):
        raise Invalid(
            say("{name} is a web page or XML document; a register is a CSV, XLSX or JSON file.", name=name)
        )


def _refuse_yaml(text: str, name: str) -> None:
    if not name.lower().endswith((".yaml", ".yml")):
        return
    lines = enumerate(text.splitlines(), 1)
    number, first = next(
        ((at, line) for at, line in lines if line.strip() and line.strip() != "---"), (1, "")
    )
    raise Invalid(
        say(
            "{name} is a YAML document (line {number}: “{first}”); a register is a CSV, XLSX or JSON file.",
            name=name,
            number=number,
            first=one_line(first)[:60],
        )
    )


def _headers(grid: Grid, index: int) -> tuple[str, ...]:
    """Header texts; a blank one below a merged title takes the text above it, one over data its letter."""
    own = grid.rows[index].values
    above = grid.rows[index - 1].values if index and grid.rows[index - 1].number else ()
    below = grid.rows[index + 1 :]
    reach = [place for place, cell in enumerate(own, 1) if not is_blank(cell)]
    reach += [place for place, cell in enumerate(above, 1) if not is_blank(cell) and _used(below, place - 1)]
    width = max(reach, default=0)
    own += ("",) * (width - len(own))
    seen: dict[str, int] = {}
    headers = []
    for place in range(width):
        text = one_line(own[place])
        if not text and place < len(above) and _used(below, place):
            text = one_line(above[place])
        text = text or f"Column {column_letters(place)}"
        seen[text.casefold()] = seen.get(text.casefold(), 0) + 1
        headers.append(text if seen[text.casefold()] == 1 else f"{text} ({seen[text.casefold()]})")
    return tuple(headers)


def _used(rows: Sequence[GridRow], place: int) -> bool:
    return any(place < len(row.values) and not is_blank(row.values[place]) for row in rows)


def _repeats_headers(row: GridRow, header: GridRow) -> bool:
    """True for the header printed again further down, as page-wise exports do."""
    return [one_line(cell).casefold() for cell in row.values if not is_blank(cell)] == [
        one_line(cell).casefold() for cell in header.values if not is_blank(cell)
    ]


def _fitted(row: GridRow, headers: tuple[str, ...], *, ragged: bool) -> tuple[Row, list[RowProblem]]:
    """The row at the headers' width, with a note on cells too many, too few or too long."""
    width, problems = len(headers), []
    values = row.values[:width] + ("",) * (width - len(row.values))
    extra = tuple(cell for cell in row.values[width:] if not is_blank(cell))
    if extra:
        told = Told(
            MORE_CELLS,
            number=len(extra),
        )
        problems.append(RowProblem(row.number, "", told))
    elif ragged and len(row.values) < width:
        told = Told(
            FEWER_CELLS,
            number=len(row.values),
            all=width,
        )
        problems.append(RowProblem(row.number, headers[len(row.values)], told))
    if max(map(len, values), default=0) > LARGEST_CELL:
        for place, cell in enumerate(values):
            if len(cell) > LARGEST_CELL:
                told = Told(
                    LONG_CELL,
                    number=len(cell),
                    most=LARGEST_CELL,
                )
                problems.append(RowProblem(row.number, headers[place], told))
        values = tuple(cell[:LARGEST_CELL] for cell in values)
    return Row(row.number, values, extra), problems
