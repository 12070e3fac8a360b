"""Delimited text: its encoding, its delimiter, its rows."""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from lifecycle.errors import Invalid
from lifecycle.interchange.eight_bit import likeliest_eight_bit
from lifecycle.interchange.tabular_text import Grid, GridRow, checked_size, clean, is_blank
from lifecycle.interchange.told import Told
from lifecycle.language import mark, say

_DELIMITERS = {",": mark("comma"), ";": mark("semicolon"), "\t": mark("tab"), "|": mark("vertical bar")}
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8"),
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
# The csv module's own limit is global and, at 128 KiB, lower than cells that are only to be noted.
_HARD_CELL_LIMIT = 60_000_000
_SAMPLE_CHARACTERS = 200_000
_FEWEST_NUMBERED = 3


def decoded(content: bytes, name: str, encoding: str | None = None) -> tuple[str, str]:
    """The whole file's text and its encoding's name, decided once: mark, UTF-16, UTF-8, then Windows-1252.

    A UTF-8 file with a few broken bytes stays UTF-8 (they become U+FFFD), so that one bad byte does not
    garble every accent. Raises Invalid for a binary file.
    """
    if encoding:
        return _strictly(content, encoding, encoding, name)
    for start, codec, title in _BYTE_ORDER_MARKS:
        if content.startswith(start):
            return _strictly(content, codec, title, name)
    wide = _unmarked_utf16(content)
    if wide:
        return _strictly(content, wide, "UTF-16", name)
    _refuse_control_bytes(content, name)
    try:
        return content.decode("utf-8"), "UTF-8"
    except UnicodeDecodeError:
        return _eight_bit(content)


def read_csv_rows(text: str, name: str, encoding: str) -> Grid:
    """The rows of delimited text, numbered as in a spreadsheet: a quoted line break starts no row."""
    lines = list(io.StringIO(text, newline=""))
    first, delimiter = _declared_delimiter(lines[0])
    delimiter = delimiter or _delimiter("".join(lines[first:])[:_SAMPLE_CHARACTERS])
    rows = []
    for number, cells in _records(lines[first:], delimiter, name):
        checked_size(number, len(cells), name)
        values = tuple(map(clean, cells))
        if not all(map(is_blank, values)):
            rows.append(GridRow(number + first, values))
    if not rows:
        raise Invalid(say("{name} is empty.", name=name))
    if _leaves_out_row_numbers(rows):
        rows[0] = replace(rows[0], values=("", *rows[0].values))
    return Grid(
        "CSV",
        Told(
            mark("CSV, {encoding}, {delimiter} between columns"),
            encoding=encoding,
            delimiter=_DELIMITERS[delimiter],
        ),
        tuple(rows),
    )


def _leaves_out_row_numbers(rows: list[GridRow]) -> bool:
    """Whether the headers are one fewer than the cells below, which all begin with the number of their row."""
    headers, *below = (row.values for row in rows)
    width = sum(not is_blank(cell) for cell in headers)
    if len(below) < _FEWEST_NUMBERED or not width > 1 or any(map(is_blank, headers[:width])):
        return False
    numbers = [int(row[0]) for row in below if row[0].isascii() and row[0].isdecimal()]
    reaching = sum(len(row) > width and not is_blank(row[width]) for row in below)
    further = any(not is_blank(cell) for row in below for cell in row[width + 1 :])
    ascending = len(numbers) == len(below) and all(first < second for first, second in pairwise(numbers))
    return ascending and not further and reaching > 0.8 * len(below)


def _strictly(content: bytes, codec: str, title: str, name: str) -> tuple[str, str]:
    try:
        return content.decode(codec), title
    except (UnicodeDecodeError, LookupError) as error:
        raise Invalid(
            say("{name} cannot be read as {encoding}: {reason}.", name=name, encoding=title, reason=error)
        ) from error


def _unmarked_utf16(content: bytes) -> str | None:
    """UTF-16 without a mark shows zero bytes at every other place, and nowhere else."""
    sample = content[:4_096]
    half = max(1, len(sample) // 2)
    even, odd = sample[0::2].count(0) / half, sample[1::2].count(0) / half
    if odd > 0.3 and even < 0.02:
        return "utf-16-le"
    if even > 0.3 and odd < 0.02:
        return "utf-16-be"
    return None


def _refuse_control_bytes(content: bytes, name: str) -> None:
    sample = content[:65_536]
    controls = sum(sample.count(byte) for byte in range(32) if byte not in (9, 10, 11, 12, 13, 26))
    if b"\x00" in content or controls > len(sample) * 0.005:
        raise Invalid(say("{name} is a binary file; a register is a CSV, XLSX or JSON file.", name=name))


def _eight_bit(content: bytes) -> tuple[str, str]:
    """Mostly UTF-8 with a few bad bytes, else the likeliest eight-bit encoding, else Latin-1, which never fails."""
    lenient = content.decode("utf-8", errors="replace")
    broken = lenient.count("\ufffd")
    sound = sum(character > "\x7f" for character in lenient) - broken
    if sound >= 10 * broken:
        return lenient, Told(mark("UTF-8 with {number} broken characters"), number=broken)
    codec, title = likeliest_eight_bit(content)
    return content.decode(codec), title


def _declared_delimiter(line: str) -> tuple[int, str | None]:
    """Excel's own hint, a first line such as `sep=;`: how many lines to skip, and the delimiter."""
    hint = line.strip().strip('"')
    if len(hint) == 5 and hint.lower().startswith("sep=") and hint[4] in _DELIMITERS:
        return 1, hint[4]
    if line.lower().startswith("sep=\t"):
        return 1, "\t"
    return 0, None


def _delimiter(sample: str) -> str:
    """The delimiter that cuts the sample into the most columns most evenly; a comma when none does."""
    return max(_DELIMITERS, key=lambda delimiter: _evenness(sample, delimiter))


def _evenness(sample: str, delimiter: str) -> float:
    reader = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter, skipinitialspace=True)
    csv.field_size_limit(_HARD_CELL_LIMIT)
    widths = Counter(len(record) for record in reader if record)
    wide = {width: count for width, count in widths.items() if width > 1}
    if not wide:
        return 0.0
    width, count = max(wide.items(), key=lambda item: (item[1], item[0]))
    return count / widths.total() * min(width, 20)


def _records(lines: list[str], delimiter: str, name: str) -> Iterator[tuple[int, list[str]]]:
    """Numbered records; raises Invalid when a quotation mark is never closed: it would swallow the rest."""
    csv.field_size_limit(_HARD_CELL_LIMIT)
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
    number = start = 0
    try:
        for number, record in enumerate(reader, 1):
            if reader.line_num == len(lines):
                _refuse_open_quote(lines[start:], delimiter, number, name)
            start = reader.line_num
            yield number, record
    except csv.Error as error:
        raise Invalid(
            say(
                "{name}, row {row}: cannot be read as CSV ({reason}).",
                name=name,
                row=number + 1,
                reason=error,
            )
        ) from error


def _refuse_open_quote(tail: list[str], delimiter: str, number: int, name: str) -> None:
    try:
        list(csv.reader(tail, delimiter=delimiter, skipinitialspace=True, strict=True))
    except csv.Error as error:
        if "unexpected end" in str(error):
            raise Invalid(
                say(
                    "{name}, row {row}: a quotation mark opens a cell and is never closed, "
                    "so the rest of the file is one cell.",
                    name=name,
                    row=number,
                )
            ) from error
