"""One part of an answer as cells of a spreadsheet, and back. Text that looks like a formula is disarmed on the way
out and comes back as it was; what a cell cannot hold exactly, such as a long number, is written as text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

from lifecycle.guide import PartSpec
from lifecycle.interchange.tabular import spreadsheet_safe
from lifecycle.language import mark, say, speaking
from lifecycle.rules.answers import clean_text
from lifecycle.rules.parts import NAMES_OF_PEOPLE_START, Problem
from lifecycle.vocabulary import AnswerState, duration_unit, unit_named

NONE = mark("(there are none)")  # for tags, which have no place of their own to say so
STATES = {
    AnswerState.ANSWERED: mark("Answered"),
    AnswerState.DONT_KNOW: mark("Don't know yet"),
    AnswerState.NOT_APPLICABLE: mark("Not applicable"),
}
YES, NO = mark("Yes"), mark("No")
AMOUNTS = ("quantity", "duration", "money")
MANY = ("choices", "tags", "references")  # one in a line

_EARLIEST_DATE = date(1900, 3, 1)  # before it spreadsheets disagree on the calendar
_MOST_DIGITS = 15
_ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")  # what a workbook would read as a character's code
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_KEY = re.compile(r"\(@([^()]+)\)\s*$")
_TARGET = " · "  # between the place of a row and its name
_PERCENT = "%"


@dataclass(frozen=True, slots=True)
class Around:
    """What answers may name: people by key, and rows by reference (`D16/r1` to its name), by their field."""

    people: Mapping[str, str] = field(default_factory=dict)
    rows: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def name_of(self, reference: str) -> str:
        return self.rows.get(reference.partition("/")[0], {}).get(reference, "")


@dataclass(frozen=True, slots=True)
class Cells:
    """What one part needs: its cell, and the one beside it for a unit or currency. `is_percent`: shown as such."""

    value: Any = None
    unit: Any = None
    is_percent: bool = False


EMPTY = Cells()


class Formula:
    """Stands for a cell in which a formula was written: its result is nobody's answer."""


# ------------------------------------------------------------------ stored -> cells


def cells_of(part: PartSpec, stored: Any, around: Around) -> Cells:
    """Raises what reading an answer of an older shape raises."""
    if stored is None:
        return EMPTY
    match part.type:
        case "quantity" | "duration" | "money":
            word = "currency" if part.type == "money" else "unit"
            unit = duration_unit(stored[word]) if part.type == "duration" else stored[word]
            return Cells(_number(stored["amount"]), written(unit) or None)
        case "number":
            return Cells(_number(stored))
        case "date":
            day = date.fromisoformat(stored)
            return Cells(day if day >= _EARLIEST_DATE else stored)
        case "yes_no":
            return Cells(say(YES if stored else NO))
        case "choice":
            return Cells(written(label_of(part, stored)))
        case "choices":
            return Cells(written("\n".join(label_of(part, word) for word in stored)))
        case "tags":
            return Cells(written("\n".join(stored) or say(NONE)))
        case "person":
            return Cells(person_text(stored, around.people))
        case "reference":
            return Cells(reference_text(stored, around))
        case "references":
            return Cells(written("\n".join(reference_text(word, around) for word in stored)))
        case _:
            return Cells(written(str(stored)))


def label_of(part: PartSpec, key: str) -> str:
    """A choice's label where that leads back to the same choice, else its key."""
    label = part.choices.get(key, key)
    return label if key_named(part, label) == key else key


def key_named(part: PartSpec, word: str) -> str | None:
    """The choice of this key or label, as `parse_part` knows it; blanks and apostrophes may be typed plainly."""
    if word.strip() in part.choices:
        return word.strip()
    wanted = folded(word)
    return next(
        (key for key, label in part.choices.items() if wanted in (folded(key), folded(label))),
        None,
    )


def folded(text: str) -> str:
    """For telling words apart: people type neither typographic apostrophes nor blanks that do not break."""
    return " ".join(text.replace("\u2019", "'").split()).casefold()


def person_text(stored: str, people: Mapping[str, str]) -> str:
    """The name with the key that stands for it; a name without an account as it is."""
    if not stored.startswith(NAMES_OF_PEOPLE_START):
        return written(stored)
    key = stored[1:]
    return written(f"{people.get(key) or say('somebody erased')} (@{key})")


def reference_text(reference: str, around: Around) -> str:
    name = " ".join(around.name_of(reference).split())
    return written(f"{reference}{_TARGET}{name}" if name else reference)


def written(text: str) -> str:
    """Text for a cell: disarmed, and without characters that no workbook can hold."""
    bare = text.lstrip("'")
    armed = spreadsheet_safe(bare) != bare
    text = _UNWRITABLE.sub("\ufffd", text)
    return _ESCAPE.sub("_x005F_", f"'{text}" if armed else text)


def unwritten(text: str) -> str:
    """The text that was meant: without the apostrophe that disarmed it."""
    bare = text.lstrip("'")
    return text[1:] if text != bare and spreadsheet_safe(bare) != bare else text


def _number(text: str) -> int | float | str:
    """As a number where a spreadsheet keeps every digit of it."""
    number = Decimal(text)
    if len(number.as_tuple().digits) > _MOST_DIGITS:
        return text
    if number == number.to_integral_value() and abs(number) < 10**_MOST_DIGITS:
        return int(number)
    return float(number) if Decimal(repr(float(number))) == number else text


# ------------------------------------------------------------------ cells -> raw


def raw_of(part: PartSpec, cells: Cells) -> Any:
    """What the cells say, as `rules.answers.parse` takes it. Raises Problem for a formula."""
    if isinstance(cells.value, Formula) or isinstance(cells.unit, Formula):
        raise Problem(say("holds a formula. Type in what it comes to."))
    value = _meant(cells.value)
    if value is None:
        return None
    if part.type in AMOUNTS:
        unit = _meant(cells.unit)
        if part.type == "duration" and unit is not None:
            unit = unit_named(str(unit)) or unit
        word = "currency" if part.type == "money" else "unit"
        return value if unit is None else {"amount": value, word: str(unit)}
    if part.type in MANY:
        return _list(part, value)
    if part.type == "person":
        found = _KEY.search(str(value))
        return f"{NAMES_OF_PEOPLE_START}{found[1]}" if found else str(value)
    if part.type == "reference":
        return str(value).split(_TARGET)[0]
    if (
        part.type == "number"
        and cells.is_percent
        and part.unit == _PERCENT
        and isinstance(value, int | float)
    ):
        return Decimal(str(value)) * 100
    if part.type == "yes_no" and isinstance(value, str) and (said := _meaning(value, (YES, NO))):
        return said == YES
    if part.type == "choice":
        return key_named(part, _as_text(value)) or _as_text(value)
    return value if part.type in ("number", "date", "yes_no") else _as_text(value)


def _meaning(text: str, words: Iterable[str]) -> str | None:
    """Which of the words it is, in the language spoken now."""
    return next((word for word in words if folded(say(word)) == folded(text)), None)


def _meant(value: Any) -> Any:
    if isinstance(value, str):
        return unwritten(value) if value.strip() else None
    return value


def _list(part: PartSpec, value: Any) -> list[str] | None:
    lines = [line for line in _as_text(value).splitlines() if line.strip()]
    if part.type == "references":
        return [line.split(_TARGET)[0].strip() for line in lines]
    if part.type == "tags" and len(lines) == 1 and _meaning(lines[0], (NONE,)):
        return []
    if part.type == "choices":
        return [key_named(part, line) or line for line in lines]
    return lines


def _as_text(value: Any) -> str:
    """What stands in the cell, as a person reads it: spreadsheets turn "3/4" into a date and "7" into 7.0."""
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "minutes")
    if isinstance(value, float) and value.is_integer() and abs(value) < 10**_MOST_DIGITS:
        return str(int(value))
    if isinstance(value, bool):
        return say(YES if value else NO)
    return str(value)


# ------------------------------------------------------------------ between languages


def reworded(cells: Cells, was: PartSpec, now: PartSpec, language: str) -> Cells:
    """Cells that were written in another language, with the product's own words in the one spoken now."""
    value, unit = cells.value, cells.unit
    if isinstance(value, str):
        match was.type:
            case "yes_no":
                value = said_again(value, (YES, NO), language)
            case "tags":
                value = said_again(value, (NONE,), language)
            case "choice" | "choices":
                keys = ((key_named(was, unwritten(line)), line) for line in value.splitlines())
                value = "\n".join(written(label_of(now, key)) if key else line for key, line in keys)
            case _:
                pass
    if was.type == "duration" and isinstance(unit, str):
        with speaking(language):
            key = unit_named(unit)
        unit = duration_unit(key) if key else unit
    return replace(cells, value=value, unit=unit)


def said_again(text: Any, words: Iterable[str], language: str) -> Any:
    """One of these words of that language in the one spoken now; anything else as it is."""
    if not isinstance(text, str):
        return text
    with speaking(language):
        word = _meaning(text, words)
    return say(word) if word else text


# ------------------------------------------------------------------ comparing


def plain(value: Any) -> str:
    """A cell's content as it is read again after any spreadsheet has kept it: for telling whether it was touched."""
    if value is None:
        return ""
    if isinstance(value, Formula):
        return "\x00formula"
    if isinstance(value, datetime | date):
        return _as_text(datetime.combine(value, time()) if type(value) is date else value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return plain_decimal(value)
    text = _as_text(value).replace("\r\n", "\n").replace("\r", "\n")
    return clean_text(text.replace("x005F_", "")).strip()


def plain_decimal(value: float) -> str:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return str(value)
    return f"{number.normalize():f}" if number.is_finite() else str(value)
