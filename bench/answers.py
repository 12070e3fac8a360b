"""An answer of the usual size to any question, whatever its shape: the raw form that `actions.answers` takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from lifecycle.guide import FieldSpec, PartSpec

ROWS = 3
SENTENCE = "Planners phone round for two hours every morning, because one shift in nine is short of people."
NAMES = ("Regional planner", "Night supervisor", "Depot clerk")


def answer_to(field: FieldSpec) -> object:
    """Every part filled in; three rows, so that one question can point at the rows of another."""
    if field.kind == "rows":
        return [{"id": f"r{number}", **_record(field.rows, number)} for number in range(1, ROWS + 1)]
    if field.kind == "parts":
        return _record(field.parts, 1)
    return _content(field.columns[0], 1)


def _record(parts: tuple[PartSpec, ...], number: int) -> dict[str, Any]:
    return {part.id: _content(part, number) for part in parts}


def _content(part: PartSpec, number: int) -> Any:
    return _CONTENTS[part.type](part, number)


def _number(part: PartSpec, number: int) -> str:
    return str(part.min + number if part.min is not None else number)


def _choice(part: PartSpec, number: int) -> str:
    words = list(part.choices)
    return words[number % len(words)]


def _choices(part: PartSpec, number: int) -> list[str]:
    return list(part.choices)[:2]


def _reference(part: PartSpec, number: int) -> str:
    return f"{part.to[0]}/r{number}"


_CONTENTS: Mapping[str, Callable[[PartSpec, int], Any]] = MappingProxyType(
    {
        "text": lambda part, number: NAMES[number - 1],
        "long_text": lambda part, number: SENTENCE,
        "link": lambda part, number: f"https://docs.example.org/decision/{number}",
        "number": _number,
        "quantity": lambda part, number: {"amount": _number(part, number), "unit": "%"},
        "duration": lambda part, number: {"amount": str(number), "unit": "weeks"},
        "money": lambda part, number: {"amount": _number(part, number), "currency": "EUR"},
        "choice": _choice,
        "choices": _choices,
        "tags": lambda part, number: ["forecast", "shift"],
        "date": lambda part, number: f"2027-0{number}-15",
        "yes_no": lambda part, number: True,
        "person": lambda part, number: NAMES[number - 1],
        "reference": _reference,
        "references": lambda part, number: [_reference(part, number)],
    }
)
