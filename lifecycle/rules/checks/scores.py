"""Metrics and scores: when two names mean the same, which value is worse, which one is best."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from lifecycle.rules.checks.reading import Reading

Row = Mapping[str, Any]


def is_same_metric(one: str | None, other: str | None) -> bool:
    """Names agree but for case, spaces and punctuation: "F1-score" is "f1 score"."""
    return bool(one and other) and _bare(str(one)) == _bare(str(other))


def _bare(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.casefold())


def is_worse(value: Decimal, than: Decimal, direction: str) -> bool:
    """`direction` is F04's: higher or lower is better."""
    return value < than if direction == "higher" else value > than


def best(values: Iterable[Decimal], direction: str) -> Decimal:
    return max(values) if direction == "higher" else min(values)


def on_agreed_metric(reading: Reading, rows: Iterable[Row]) -> tuple[Row, ...]:
    """The rows whose metric is the one agreed in F04."""
    agreed = reading.value("F04", "metric")
    return tuple(row for row in rows if is_same_metric(row.get("metric"), agreed))
