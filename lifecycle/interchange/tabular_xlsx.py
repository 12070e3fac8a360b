"""Excel workbooks: every visible sheet as rows of text, within limits a hostile archive cannot pass."""

from __future__ import annotations

import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any
from xml.etree.ElementTree import ParseError

import openpyxl
from openpyxl.utils.cell import column_index_from_string
from openpyxl.utils.exceptions import InvalidFileException

from lifecycle.errors import Invalid
from lifecycle.interchange.tabular_text import Grid, GridRow, checked_size, clean, is_blank
from lifecycle.interchange.told import Told
from lifecycle.language import mark, say

_LARGEST_UNPACKED = 400_000_000
_MOST_MEMBERS = 5_000
_MOST_CHARACTERS = 200_000_000
# What openpyxl and zipfile raise on damaged, truncated or encrypted workbooks.
DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    InvalidFileException,
    ParseError,
    KeyError,
    IndexError,
    ValueError,
    TypeError,
    AttributeError,
    OverflowError,
    EOFError,
    OSError,
    RuntimeError,
)
_HEADING_COLUMNS = 3
_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\b[^>]*?\bref="([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})"')


def is_workbook(content: bytes) -> bool:
    """True for a ZIP archive that holds a workbook, whatever the file is called."""
    if not content.startswith(b"PK\x03\x04"):
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return any(member.lower().endswith("workbook.xml") for member in archive.namelist())
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        return False


def read_workbook_grids(content: bytes, name: str) -> tuple[Grid, ...]:
    """One grid for each visible sheet with content. Formulas give their saved value, dates ISO text."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _refuse_bomb(archive, name)
            grids = tuple(_grids(content, archive, name))
    except DAMAGE as error:
        raise Invalid(
            say("{name} is a damaged or protected workbook and cannot be read.", name=name)
        ) from error
    if not grids:
        raise Invalid(say("{name} has no visible sheet with anything in it.", name=name))
    return grids


def _refuse_bomb(archive: zipfile.ZipFile, name: str) -> None:
    """zipfile never unpacks more than the size a member declares, so the declared sizes bound the memory."""
    members = archive.infolist()
    if len(members) > _MOST_MEMBERS or sum(member.file_size for member in members) > _LARGEST_UNPACKED:
        raise Invalid(
            say(
                "{name} unpacks to more than {most} MB; this is no register.",
                name=name,
                most=_LARGEST_UNPACKED // 1_000_000,
            )
        )


def _grids(content: bytes, archive: zipfile.ZipFile, name: str) -> Iterator[Grid]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl warns about extensions that do not concern cell values
        workbook = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        for sheet in workbook.worksheets:
            if sheet.sheet_state != "visible":
                continue
            sheet.reset_dimensions()
            down, across = _merged(archive, sheet)
            rows = _filled_down(_headings(_rows(sheet, name), across), down)
            if rows:
                yield Grid("XLSX", Told(mark("XLSX, sheet “{sheet}”"), sheet=sheet.title), tuple(rows))


def _rows(sheet: Any, name: str) -> list[GridRow]:  # noqa: ANN401 - openpyxl is untyped
    rows: list[GridRow] = []
    characters = 0
    for number, cells in enumerate(sheet.iter_rows(values_only=True), 1):
        values = _without_blank_tail(tuple(map(_text, cells)))
        if not values:
            continue
        checked_size(len(rows), len(values), name)
        rows.append(GridRow(number, values))
        characters += sum(map(len, values))
        if characters > _MOST_CHARACTERS:
            raise Invalid(say("{name}, row {row}: more text than any register holds.", name=name, row=number))
    return rows


def _without_blank_tail(values: tuple[str, ...]) -> tuple[str, ...]:
    last = max((place for place, cell in enumerate(values, 1) if not is_blank(cell)), default=0)
    return values[:last]


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "seconds")
    if isinstance(value, date | time | timedelta):
        return str(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return clean(str(value))


def _merged(archive: zipfile.ZipFile, sheet: Any) -> tuple[list[tuple[int, int, int]], set[int]]:  # noqa: ANN401
    """Cells merged over several rows of one column, as (place, first row, last row), and rows merged across.

    Read from the sheet's part itself, because openpyxl's streaming reader skips merges.
    """
    part = str(getattr(sheet, "_worksheet_path", "")).lstrip("/")
    if part not in archive.namelist():
        return [], set()
    down, across = [], set()
    for left, top, right, bottom in _MERGED.findall(archive.read(part)):
        first, last = column_index_from_string(left.decode()), column_index_from_string(right.decode())
        if first == last and int(bottom) > int(top):
            down.append((first - 1, int(top), int(bottom)))
        elif top == bottom and last - first + 1 >= _HEADING_COLUMNS:
            across.add(int(top))
    return down, across


def _headings(rows: list[GridRow], across: set[int]) -> list[GridRow]:
    """Rows of which nothing but one cell merged over several columns is filled are headings of those below."""
    return [
        replace(row, is_heading=True)
        if row.number in across and sum(not is_blank(cell) for cell in row.values) == 1
        else row
        for row in rows
    ]


def _filled_down(rows: list[GridRow], merged: list[tuple[int, int, int]]) -> list[GridRow]:
    """Rows in which a cell merged downwards says the same in each row that it covers."""
    if not merged:
        return rows
    table = {row.number: list(row.values) for row in rows}
    headings = {row.number for row in rows if row.is_heading}
    for place, top, bottom in merged:
        value = table[top][place] if top in table and place < len(table[top]) else ""
        for number in range(top + 1, min(bottom, rows[-1].number) + 1 if value else 0):
            if number in table:
                table[number].extend([""] * (place + 1 - len(table[number])))
                table[number][place] = table[number][place] or value
    return [GridRow(number, tuple(values), number in headings) for number, values in table.items()]
