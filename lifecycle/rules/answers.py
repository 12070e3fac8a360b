"""Answers in three shapes: what a person or file gives (raw), what is stored (plain JSON), what rules take.

`parse` raw → stored, refusing with a sentence per place; `decode` stored → typed value; `encode` the way
back; `describe` typed value → words. Stored numbers are text, so that a digest never depends on a float.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from lifecycle.errors import Invalid
from lifecycle.guide import FieldSpec, PartSpec
from lifecycle.language import say
from lifecycle.rules.parts import (
    NAMES_OF_PEOPLE_START,
    Problem,
    Stored,
    is_row_id,
    parse_part,
    shortened,
)
from lifecycle.rules.parts import clean_text as clean_text  # part of this module's face
from lifecycle.rules.parts import parse_number as parse_number
from lifecycle.vocabulary import Duration, Money, Person, Quantity, plain_number

MOST_ROWS = 500

Value = Any


# ---------------------------------------------------------------- raw -> stored


def parse(field: FieldSpec, raw: object) -> Stored | None:
    """The canonical stored form of `raw`, or None when nothing is there; a partial answer as far as it goes.

    Raises Invalid mapping each place ("", a part, "row 2 · owner") to one sentence; then nothing is stored.
    """
    if field.kind == "rows":
        return _parse_rows(field, raw)
    if field.kind == "parts":
        return _parse_record(field.parts, raw, place="") or None
    return _one(field.columns[0], raw, "")


def _one(part: PartSpec, raw: object, place: str) -> Stored | None:
    try:
        return parse_part(part, raw)
    except Problem as problem:
        raise Invalid({place: str(problem)}) from problem


def _parse_record(parts: Sequence[PartSpec], raw: object, *, place: str) -> dict[str, Stored]:
    if raw is None or raw == "":
        return {}
    if not isinstance(raw, Mapping):
        raise Invalid(
            {place: say("needs its parts by name ({names}).", names=", ".join(part.id for part in parts))}
        )
    problems: dict[str, str] = {}
    known = {part.id for part in parts}
    for name in raw:
        if name not in known and name != "id":
            problems[_at(place, shortened(str(name)))] = say("is not a part of this question.")
    stored: dict[str, Stored] = {}
    for part in parts:
        try:
            value = parse_part(part, raw.get(part.id))
        except Problem as problem:
            problems[_at(place, part.label or part.id)] = str(problem)
            continue
        if value is not None:
            stored[part.id] = value
    if problems:
        raise Invalid(problems)
    return stored


def _parse_rows(field: FieldSpec, raw: object) -> list[dict[str, Stored]] | None:
    """Rows keep their ids; a row without one gets the next free number. An empty list: "there are none"."""
    if raw is None or raw == "":
        return None
    if not isinstance(raw, Sequence) or isinstance(raw, str | bytes):
        raise Invalid({"": say("needs a list of rows.")})
    if len(raw) > MOST_ROWS:
        raise Invalid(
            {
                "": say(
                    "has {count:,} rows; at most {most} can be kept.",
                    count=len(raw),
                    most=MOST_ROWS,
                )
            }
        )
    problems: dict[str, str] = {}
    rows: list[dict[str, Stored]] = []
    for number, row in enumerate(raw, start=1):
        place = say("row {number}", number=number)
        try:
            content = _parse_record(field.rows, row, place=place)
            identity = _row_id(row, place=place)
        except Invalid as error:
            problems |= error.problems
            continue
        if content:
            rows.append({"id": identity, **content})
    if problems:
        raise Invalid(problems)
    if raw and not rows:
        return None
    return _with_ids(rows)


def _row_id(row: object, *, place: str) -> str:
    identity = row.get("id") if isinstance(row, Mapping) else None
    if identity is None or identity == "":
        return ""
    if isinstance(identity, int) and 0 <= identity < 10**9:
        identity = str(identity)
    if not isinstance(identity, str) or not is_row_id(identity):
        raise Invalid(
            {place: say("has an id that is not made of at most 60 letters, digits, dots and dashes.")}
        )
    return identity


def _with_ids(rows: list[dict[str, Stored]]) -> list[dict[str, Stored]]:
    taken = {row["id"] for row in rows if row["id"]}
    if len(taken) < sum(1 for row in rows if row["id"]):
        raise Invalid({"": say("has two rows with the same id.")})
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


# ---------------------------------------------------------------- stored -> typed, and back


def decode(field: FieldSpec, stored: Stored, names: Mapping[str, str] = MappingProxyType({})) -> Value:
    """The typed value of a stored answer. `names`: people's names by key, for messages and comparisons."""
    if stored is None:
        return None
    if field.kind == "rows":
        return tuple({"id": row["id"], **_decode_record(field.rows, row, names)} for row in stored)
    if field.kind == "parts":
        return _decode_record(field.parts, stored, names)
    return _decode_part(field.columns[0], stored, names)


def _decode_record(
    parts: Sequence[PartSpec], stored: Mapping[str, Stored], names: Mapping[str, str]
) -> dict[str, Value]:
    given = (part for part in parts if stored.get(part.id) is not None)
    return {part.id: _decode_part(part, stored[part.id], names) for part in given}


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
        return Person(key, names.get(key, say("somebody erased")))
    return Person(None, stored)


def encode(field: FieldSpec, value: Value) -> Stored | None:
    """The stored form of a typed value: the inverse of `decode`."""
    return parse(field, value)


def is_complete(field: FieldSpec, value: Value) -> bool:
    """Whether every required part is there (any one where the guide says so). Stored or typed values."""
    if value is None:
        return False
    if field.kind == "single":
        return value not in (None, "")
    if field.kind == "rows":
        return all(_record_is_complete(field.rows, row) for row in value)
    if field.answered_when == "any":
        return any(value.get(part.id) is not None for part in field.parts)
    return _record_is_complete(field.parts, value)


def missing_parts(field: FieldSpec, value: Value) -> tuple[str, ...]:
    """The labels of the required parts that a begun answer still lacks, each once; () when it is complete."""
    if value is None or field.kind == "single" or is_complete(field, value):
        return ()
    if field.kind == "parts":
        wanted = (
            field.parts if field.answered_when == "any" else [part for part in field.parts if part.required]
        )
        return tuple(part.label for part in wanted if value.get(part.id) is None)
    labels = (
        part.label for row in value for part in field.rows if part.required and row.get(part.id) is None
    )
    return tuple(dict.fromkeys(labels))


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
    return describe_part(field.columns[0], value, references)


def _describe_record(
    parts: Sequence[PartSpec], record: Mapping[str, Value], references: Mapping[str, str]
) -> str:
    return " · ".join(
        say("{label}: {value}", label=part.label, value=describe_part(part, record[part.id], references))
        for part in parts
        if record.get(part.id) is not None
    )


def describe_part(part: PartSpec, value: Value, references: Mapping[str, str] = MappingProxyType({})) -> str:
    """One part of a typed value in words, without its label."""
    match part.type:
        case "choice":
            return part.choices.get(str(value), str(value))
        case "choices":
            return ", ".join(part.choices.get(word, word) for word in value)
        case "tags":
            return ", ".join(value) or say("none")
        case "yes_no":
            return say("Yes") if value else say("No")
        case "number":
            return f"{plain_number(value)} {part.unit}".strip()
        case "money":
            return f"{value} {part.unit}".strip()
        case "reference":
            return references.get(value, say("a row that is gone"))
        case "references":
            return ", ".join(references.get(word, say("a row that is gone")) for word in value)
        case _:
            return str(value)
