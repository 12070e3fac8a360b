"""What rows and values are called in the sentences of the checks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lifecycle.language import say
from lifecycle.rules.checks.reading import Reading


def row_name(reading: Reading, field_id: str, row: Mapping[str, Any]) -> str:
    """The row's first column, which names it in every question of the guide."""
    return str(row.get(reading.guide.field(field_id).columns[0].id) or say("a row without a name"))


def name_of(reading: Reading, reference: str | None) -> str:
    """The name of the row that a reference such as `D16/r1` points at."""
    row = reading.row(reference)
    if reference is None or row is None:
        return say("a row that is no longer there")
    return row_name(reading, reference.split("/", 1)[0], row)


def reference_to(field_id: str, row: Mapping[str, Any]) -> str:
    """How other answers point at this row."""
    return f"{field_id}/{row['id']}"


def listed(names: Iterable[str]) -> str:
    """`a, b and c`."""
    *first, last = [*names] or [""]
    return say("{first} and {last}", first=", ".join(first), last=last) if first else last
