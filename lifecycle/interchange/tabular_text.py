"""Cells and raw rows, shared by the readers of every kind of file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from lifecycle.errors import Invalid
from lifecycle.language import say

LARGEST_CELL = 20_000
MOST_ROWS = 200_000
MOST_COLUMNS = 2_000

# Control characters, soft hyphens, zero-width spaces and marks that reorder text on screen. Joiners stay:
# scripts and emoji need them. Lone surrogates can arrive through JSON escapes and fit into no database.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]"
)
_SURROGATE = re.compile("[\ud800-\udfff]")
# What Windows-1252 has at the places of control characters: text that was read as Latin-1 on its way here.
_WINDOWS = {
    code: character
    for code in range(0x80, 0xA0)
    if code != 0x85 and (character := bytes([code]).decode("cp1252", "ignore"))
}
_BLANK_WORDS = frozenset(("[blank]", "(blank)"))  # as pivot tables and some agencies write it
_LINE_END = re.compile("\r\n?|\x85|\u2028|\u2029")
_JOINERS = "\u200c\u200d"


@dataclass(frozen=True, slots=True)
class GridRow:
    """One row as it stands in the file; `number` is what a spreadsheet shows beside it."""

    number: int
    values: tuple[str, ...]
    is_heading: bool = False  # one cell merged over the columns: it says what the rows below are, and is none


@dataclass(frozen=True, slots=True)
class Grid:
    """All rows that hold anything. `kind` and `source` say how the file was read, for people."""

    kind: str
    source: str
    rows: tuple[GridRow, ...]


def clean(text: str) -> str:
    """Text without characters nobody can see, line breaks as LF, outer white space gone."""
    if not text.isascii():
        text = _SURROGATE.sub("\ufffd", text)
    if not text.isprintable():
        text = _UNSEEN.sub("", _LINE_END.sub("\n", text.translate(_WINDOWS)))
    return text.strip()


@lru_cache(maxsize=20_000)
def one_line(text: str) -> str:
    """Text on one line: every run of white space, line breaks and no-break spaces becomes one space."""
    return " ".join(text.split())


def is_blank(text: str) -> bool:
    """True when nothing of the text can be seen, or nothing but the word for that."""
    seen = text.strip().strip(_JOINERS)
    return not seen or (seen[0] in "[(" and seen.casefold() in _BLANK_WORDS)


def column_letters(place: int) -> str:
    """The letters of a spreadsheet column: 0 is A, 26 is AA."""
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def checked_size(number: int, cells: int, name: str) -> None:
    """Raises Invalid when a file has more rows or columns than any register."""
    if number > MOST_ROWS:
        raise Invalid(
            say(
                "{name} has more than {most:,} rows; split it and import the parts.",
                name=name,
                most=MOST_ROWS,
            )
        )
    if cells > MOST_COLUMNS:
        raise Invalid(
            say(
                "{name}, row {row}: more than {most:,} columns; this is no register.",
                name=name,
                row=number,
                most=MOST_COLUMNS,
            )
        )
