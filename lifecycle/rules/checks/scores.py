"""Scores of the study and of the model, compared with the plainest method."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from lifecycle.rules.checks.reading import Reading


def unscored(reading: Reading) -> tuple[str, ...]:
    """Of baseline (F03) and best so far (F05), those without a score, for whatever reason."""
    parts = (("F03", "score"), ("F05", "value"))
    return tuple(field_id for field_id, part in parts if reading.value(field_id, part) is None)


def is_better(reading: Reading, best: Decimal, baseline: Decimal) -> bool | None:
    """Whether F05 beats F03. None without a direction (F04), or where the metrics differ."""
    named = [reading.value("F03", "metric"), reading.value("F05", "metric")]
    if all(named) and named[0].casefold().strip() != named[1].casefold().strip():
        return None
    if best == baseline:
        return False
    direction = reading.value("F04", "direction")
    return None if direction is None else (best > baseline) == (direction == "higher")


def baseline_is_within(row: Mapping[str, Any]) -> bool:
    """Whether the baseline of a result (M03) lies within the result's own interval."""
    low, value, high, baseline = (row.get(part) for part in ("low", "value", "high", "baseline"))
    if low is None or value is None or high is None or baseline is None:
        return False
    return bool(min(low, high) <= baseline <= max(low, high))
