"""Answers between three shapes: what a person or file gives (raw), what is stored (plain JSON), what rules take.

`parse` raw → stored, refusing with a sentence per place; `decode` stored → typed value; `encode` the way back;
`describe` typed value → words. Stored numbers are text, so that a digest never depends on a float.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any

from lifecycle.errors import Invalid
from lifecycle.guide import FieldSpec, PartSpec
from lifecycle.vocabulary import DURATION_UNITS, Duration, Money, Person, Quantity, plain_number

LONGEST = MappingProxyType({"text": 500, "long_text": 20_000, "link": 2_000, "person": 200, "unit": 60, "tag": 120})
MOST_ROWS = 500
MOST_TAGS = 100
LARGEST = Decimal(10) ** 15
EARLIEST, LATEST = date(1900, 1, 1), date(2200, 12, 31)
NAMES_OF_PEOPLE_START = "@"

_INVISIBLE = {"Cf", "Cc", "Zs", "Zl", "Zp"}
_GROUPED = re.compile(r"^[+-]?\d{1,3}([,  _]\d{3})+(\.\d+)?$")
_PLAIN = re.compile(r"^[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d{1,2})?$")
_SCHEME = re.compile(r"^\s*([a-zA-Z][a-zA-Z0-9+.-]*):")
_AMOUNT_AND_WORD = re.compile(r"^\s*([+-]?[\d.,  _]+)\s*([^\d\s].*?)\s*$")

Stored = Any
Value = Any


class _Problem(Exception):
    """A sentence about one place; collected into Invalid by `parse`."""


# ---------------------------------------------------------------- raw -> stored


def parse(field: FieldSpec, raw: object) -> Stored | None:
    """The canonical stored form of `raw`, or None when nothing is there. A partial answer is kept as far as it goes.

    Raises Invalid mapping each place ("", a part, "row 2 · owner") to one sentence; then nothing may be stored.
    """
    if field.kind == "rows":
        return _parse_rows(field, raw)
    if field.kind == "parts":
        return _parse_record(field.parts, raw, place="") or None
    return _one(field.columns[0], raw, "")


def _one(part: PartSpec, raw: object, place: str) -> Stored | None:
    try:
        return _parse_part(part, raw)
    except _Problem as problem:
        raise Invalid({place: str(problem)}) from problem


def _parse_record(parts: Sequence[PartSpec], raw: object, *, place: str) -> dict[str, Stored]:
    if raw is None or raw == "":
        return {}
    if not isinstance(raw, Mapping):
        raise Invalid({place: f"needs its parts by name ({', '.join(part.id for part in parts)})."})
    problems: dict[str, str] = {}
    known = {part.id for part in parts}
    for name in raw:
        if name not in known and name != "id":
            problems[_at(place, str(name))] = "is not a part of this question."
    stored: dict[str, Stored] = {}
    for part in parts:
        try:
            value = _parse_part(part, raw.get(part.id))
        except _Problem as problem:
            problems[_at(place, part.label or part.id)] = str(problem)
            continue
        if value is not None:
            stored[part.id] = value
    if problems:
        raise Invalid(problems)
    return stored


def _parse_rows(field: FieldSpec, raw: object) -> list[dict[str, Stored]] | None:
    """Rows keep their ids; a row without one gets the next free number. An empty list means "there are none"."""
    if raw is None or raw == "":
        return None
    if not isinstance(raw, Sequence) or isinstance(raw, str | bytes):
        raise Invalid({"": "needs a list of rows."})
    if len(raw) > MOST_ROWS:
        raise Invalid({"": f"has {len(raw):,} rows; at most {MOST_ROWS} can be kept."})
    problems: dict[str, str] = {}
    rows: list[dict[str, Stored]] = []
    for number, row in enumerate(raw, start=1):
        try:
            content = _parse_record(field.rows, row, place=f"row {number}")
        except Invalid as error:
            problems |= error.problems
            continue
        if content:
            rows.append({"id": _row_id(row), **content})
    if problems:
        raise Invalid(problems)
    if raw and not rows:
        return None
    return _with_ids(rows)


def _row_id(row: object) -> str:
    identity = row.get("id") if isinstance(row, Mapping) else None
    return str(identity).strip()[:40] if identity else ""


def _with_ids(rows: list[dict[str, Stored]]) -> list[dict[str, Stored]]:
    taken = {row["id"] for row in rows if row["id"]}
    if len(taken) < sum(1 for row in rows if row["id"]):
        raise Invalid({"": "has two rows with the same id."})
    number = 0
    for row in rows:
        while not row["id"]:
            number += 1
            if f"r{number}" not in taken:
                row["id"] = f"r{number}"
                taken.add(row["id"])
    return rows


def _at(place: str, name: str) -> str:
    return f"{place} · {name}" if place else name


def _parse_part(part: PartSpec, raw: object) -> Stored | None:
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        return None
    return _PARSERS[part.type](part, raw)


def clean_text(raw: str) -> str:
    """NFC, no control characters but line breaks and tabs, trimmed; text of invisible characters only is empty."""
    text = unicodedata.normalize("NFC", raw.replace("\r\n", "\n").replace("\r", "\n"))
    text = "".join(letter for letter in text if letter in "\n\t" or unicodedata.category(letter) not in ("Cc", "Cs"))
    text = text.strip()
    return "" if all(unicodedata.category(letter) in _INVISIBLE for letter in text) else text


def _text(raw: object, longest: int) -> str | None:
    if isinstance(raw, bool) or not isinstance(raw, str | int | float | Decimal):
        raise _Problem("needs text.")
    text = clean_text(str(raw))
    if len(text) > longest:
        raise _Problem(f"is {len(text):,} characters long; at most {longest:,} can be kept. Shorten it or link to a document.")
    return text or None


def _parse_text(part: PartSpec, raw: object) -> str | None:
    text = _text(raw, LONGEST["text"])
    return " ".join(text.split()) if text else None


def _parse_long_text(part: PartSpec, raw: object) -> str | None:
    return _text(raw, LONGEST["long_text"])


def _parse_link(part: PartSpec, raw: object) -> str | None:
    text = _text(raw, LONGEST["link"])
    scheme = _SCHEME.match(text) if text else None
    if scheme and scheme[1].lower() not in ("http", "https") and not re.match(r"^[A-Za-z][\w.-]*:\d", text or ""):
        raise _Problem(f"may be a web address (https://…) or the name of a document, not a “{scheme[1]}:” link.")
    return text


def parse_number(raw: object) -> Decimal:
    """A number as people write it: 1200, "1,200.5", "1 200", "0,5". Raises Invalid with a sentence."""
    try:
        return _number(raw)
    except _Problem as problem:
        raise Invalid({"": str(problem)}) from problem


def _number(raw: object) -> Decimal:
    if isinstance(raw, bool):
        raise _Problem("needs a number.")
    if isinstance(raw, int | float | Decimal):
        text = str(raw)
    elif isinstance(raw, str):
        text = raw.strip().rstrip("%").strip()
        if _GROUPED.match(text):
            text = re.sub(r"[,  _]", "", text)
        elif _PLAIN.match(text):
            text = text.replace(",", ".")
        else:
            raise _Problem(f"needs a number, not “{_short(raw)}”.")
    else:
        raise _Problem("needs a number.")
    try:
        number = Decimal(text)
    except InvalidOperation as error:
        raise _Problem(f"needs a number, not “{_short(str(raw))}”.") from error
    if not number.is_finite():
        raise _Problem("needs a finite number.")
    if abs(number) >= LARGEST:
        raise _Problem("is larger than can be kept (15 digits before the point).")
    return round(number, 12)


def _number_text(number: Decimal) -> str:
    text = f"{number:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text


def _bounded(part: PartSpec, number: Decimal) -> Decimal:
    unit = f" {part.unit}" if part.unit else ""
    if part.whole and number != number.to_integral_value():
        raise _Problem(f"needs a whole number, not {plain_number(number)}.")
    if part.min is not None and number < part.min:
        raise _Problem(f"is {plain_number(number)}{unit}; the least possible is {plain_number(part.min)}{unit}.")
    if part.max is not None and number > part.max:
        raise _Problem(f"is {plain_number(number)}{unit}; the most possible is {plain_number(part.max)}{unit}.")
    return number


def _parse_number(part: PartSpec, raw: object) -> str:
    return _number_text(_bounded(part, _number(raw)))


def _amount_and(part: PartSpec, raw: object, word: str) -> tuple[Decimal, str] | None:
    """Amount and its word from a mapping or from text such as "3 months"; None when neither is there."""
    if isinstance(raw, Duration):
        return raw.amount, raw.unit
    if isinstance(raw, Money):
        return raw.amount, raw.currency
    if isinstance(raw, Quantity):
        return raw.amount, raw.unit
    if isinstance(raw, Mapping):
        amount, name = raw.get("amount"), raw.get(word)
        if amount is None or amount == "":
            return None
        return _number(amount), str(name or "").strip()
    if isinstance(raw, str) and (match := _AMOUNT_AND_WORD.match(raw)):
        return _number(match[1].strip()), match[2]
    if isinstance(raw, str | int | float | Decimal):
        return _number(raw), ""
    raise _Problem(f"needs an amount and its {word}.")


def _parse_duration(part: PartSpec, raw: object) -> dict[str, str] | None:
    pair = _amount_and(part, raw, "unit")
    if pair is None:
        return None
    amount, word = pair
    unit = next((unit for unit in DURATION_UNITS if word.lower() in (unit, unit[:-1])), None)
    if unit is None:
        raise _Problem(f"needs a unit of time ({', '.join(DURATION_UNITS)}), not “{_short(word)}”." if word else "needs a unit of time, for example days.")
    if amount < 0:
        raise _Problem("cannot be a negative length of time.")
    if Duration(amount, unit).days > 36_525:
        raise _Problem("is longer than a hundred years.")
    return {"amount": _number_text(amount), "unit": unit}


def _parse_money(part: PartSpec, raw: object) -> dict[str, str] | None:
    pair = _amount_and(part, raw, "currency")
    if pair is None:
        return None
    amount, currency = pair[0], pair[1].upper()
    if not re.fullmatch(r"[A-Z]{3}", currency):
        raise _Problem("needs a currency as three letters, for example EUR.")
    if amount < 0:
        raise _Problem("cannot be a negative amount.")
    return {"amount": _number_text(_bounded(part, amount)), "currency": currency}


def _parse_quantity(part: PartSpec, raw: object) -> dict[str, str] | None:
    pair = _amount_and(part, raw, "unit")
    if pair is None:
        return None
    unit = _text(pair[1], LONGEST["unit"]) or ""
    return {"amount": _number_text(_bounded(part, pair[0])), "unit": " ".join(unit.split())}


def _parse_choice(part: PartSpec, raw: object) -> str:
    chosen = _chosen(part, str(raw)) if isinstance(raw, str | int) and not isinstance(raw, bool) else None
    if chosen is None:
        raise _Problem(f"is not one of: {', '.join(part.choices.values())}.")
    return chosen


def _chosen(part: PartSpec, word: str) -> str | None:
    folded = word.strip().casefold()
    return next((key for key, label in part.choices.items() if folded in (key.casefold(), label.casefold())), None)


def _words(raw: object) -> list[str]:
    given = [raw] if isinstance(raw, str) else raw
    if not isinstance(given, Sequence | set | frozenset) or not all(isinstance(word, str) for word in given):
        raise _Problem("needs a list of words.")
    if len(given) > MOST_TAGS:
        raise _Problem(f"has {len(given)} entries; at most {MOST_TAGS} can be kept.")
    cleaned = (_text(word, LONGEST["tag"]) for word in given)
    return [" ".join(word.split()) for word in cleaned if word]


def _parse_choices(part: PartSpec, raw: object) -> list[str] | None:
    chosen: list[str] = []
    for word in _words(raw):
        key = _chosen(part, word)
        if key is None and not part.open:
            raise _Problem(f"“{_short(word)}” is not one of: {', '.join(part.choices.values())}.")
        chosen.append(key or word)
    return sorted(set(chosen)) or None


def _parse_tags(part: PartSpec, raw: object) -> list[str]:
    """Tags keep their order; an empty list says that there are none."""
    return list(dict.fromkeys(_words(raw)))


def _parse_date(part: PartSpec, raw: object) -> str:
    if isinstance(raw, datetime):
        day = raw.date()
    elif isinstance(raw, date):
        day = raw
    else:
        try:
            day = date.fromisoformat(str(raw).strip())
        except ValueError as error:
            raise _Problem(f"needs a date as year-month-day (2026-11-23), not “{_short(str(raw))}”.") from error
    if not EARLIEST <= day <= LATEST:
        raise _Problem(f"is {day.isoformat()}; dates from 1900 to 2200 can be kept.")
    return day.isoformat()


def _parse_yes_no(part: PartSpec, raw: object) -> bool:
    if isinstance(raw, bool):
        return raw
    word = str(raw).strip().casefold()
    if word in ("yes", "true"):
        return True
    if word in ("no", "false"):
        return False
    raise _Problem(f"needs yes or no, not “{_short(str(raw))}”.")


def _parse_person(part: PartSpec, raw: object) -> str | None:
    if isinstance(raw, Person):
        return f"{NAMES_OF_PEOPLE_START}{raw.key}" if raw.key else _parse_person(part, raw.name)
    text = _text(raw, LONGEST["person"])
    return " ".join(text.split()) if text else None


def _reference(part: PartSpec, raw: object) -> str:
    text = str(raw).strip()
    field_id, _, row = text.partition("/")
    if field_id not in part.to or not row or len(text) > 80:
        raise _Problem(f"must point at a row of {' or '.join(part.to)}.")
    return text


def _parse_reference(part: PartSpec, raw: object) -> str:
    return _reference(part, raw)


def _parse_references(part: PartSpec, raw: object) -> list[str] | None:
    return sorted({_reference(part, word) for word in _words(raw)}) or None


_PARSERS: Mapping[str, Callable[[PartSpec, Any], Stored | None]] = MappingProxyType(
    {
        "text": _parse_text,
        "long_text": _parse_long_text,
        "link": _parse_link,
        "number": _parse_number,
        "quantity": _parse_quantity,
        "duration": _parse_duration,
        "money": _parse_money,
        "choice": _parse_choice,
        "choices": _parse_choices,
        "tags": _parse_tags,
        "date": _parse_date,
        "yes_no": _parse_yes_no,
        "person": _parse_person,
        "reference": _parse_reference,
        "references": _parse_references,
    }
)


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 40 else text[:39] + "…"


# ---------------------------------------------------------------- stored -> typed, and back


def decode(field: FieldSpec, stored: Stored, names: Mapping[str, str] = MappingProxyType({})) -> Value:
    """The typed value of a stored answer. `names` gives people's names by key, for messages and comparisons."""
    if stored is None:
        return None
    if field.kind == "rows":
        return tuple({"id": row["id"], **_decode_record(field.rows, row, names)} for row in stored)
    if field.kind == "parts":
        return _decode_record(field.parts, stored, names)
    return _decode_part(field.columns[0], stored, names)


def _decode_record(parts: Sequence[PartSpec], stored: Mapping[str, Stored], names: Mapping[str, str]) -> dict[str, Value]:
    return {part.id: _decode_part(part, stored[part.id], names) for part in parts if stored.get(part.id) is not None}


def _decode_part(part: PartSpec, stored: Stored, names: Mapping[str, str]) -> Value:
    match part.type:
        case "number":
            return Decimal(stored)
        case "quantity":
            return Quantity(Decimal(stored["amount"]), stored["unit"])
        case "duration":
            return Duration(Decimal(stored["amount"]), stored["unit"])
        case "money":
            return Money(Decimal(stored["amount"]), stored["currency"])
        case "date":
            return date.fromisoformat(stored)
        case "person":
            return _decode_person(stored, names)
        case "choices" | "tags" | "references":
            return tuple(stored)
        case _:
            return stored


def _decode_person(stored: str, names: Mapping[str, str]) -> Person:
    if stored.startswith(NAMES_OF_PEOPLE_START):
        key = stored[1:]
        return Person(key, names.get(key, "somebody erased"))
    return Person(None, stored)


def encode(field: FieldSpec, value: Value) -> Stored | None:
    """The stored form of a typed value: the inverse of `decode`."""
    return parse(field, value)


def is_complete(field: FieldSpec, value: Value) -> bool:
    """Whether every required part is there (any one part where the guide says so). Takes stored or typed values."""
    if value is None:
        return False
    if field.kind == "single":
        return value not in (None, "")
    if field.kind == "rows":
        return all(_record_is_complete(field.rows, row) for row in value)
    if field.answered_when == "any":
        return any(value.get(part.id) is not None for part in field.parts)
    return _record_is_complete(field.parts, value)


def _record_is_complete(parts: Sequence[PartSpec], record: Mapping[str, Any]) -> bool:
    return all(record.get(part.id) is not None for part in parts if part.required)


# ---------------------------------------------------------------- typed -> words


def describe(field: FieldSpec, value: Value, references: Mapping[str, str] = MappingProxyType({})) -> str:
    """A typed value in words for a person; `references` gives the name of each row pointed at (`D16/r1`)."""
    if value is None:
        return "—"
    if field.kind == "rows":
        return "\n".join(_describe_record(field.rows, row, references) for row in value) or field.none_label
    if field.kind == "parts":
        return _describe_record(field.parts, value, references) or "—"
    return _describe_part(field.columns[0], value, references)


def _describe_record(parts: Sequence[PartSpec], record: Mapping[str, Value], references: Mapping[str, str]) -> str:
    return " · ".join(
        f"{part.label}: {_describe_part(part, record[part.id], references)}"
        for part in parts
        if record.get(part.id) is not None
    )


def _describe_part(part: PartSpec, value: Value, references: Mapping[str, str]) -> str:
    match part.type:
        case "choice":
            return part.choices.get(value, value)
        case "choices":
            return ", ".join(part.choices.get(word, word) for word in value)
        case "tags":
            return ", ".join(value) or "none"
        case "yes_no":
            return "Yes" if value else "No"
        case "number":
            return f"{plain_number(value)} {part.unit}".strip()
        case "money":
            return f"{value} {part.unit}".strip()
        case "reference":
            return references.get(value, "a row that is gone")
        case "references":
            return ", ".join(references.get(word, "a row that is gone") for word in value)
        case _:
            return str(value)


