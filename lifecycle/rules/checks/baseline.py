"""The study's best score and the model's results against the plainest method."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from lifecycle.rules.checks.reading import Reading
from lifecycle.rules.checks.scores import is_same_metric, is_worse


def unscored(reading: Reading) -> tuple[str, ...]:
    """Of baseline (F03) and best so far (F05), those without a score, for whatever reason."""
    parts = (("F03", "score"), ("F05", "value"))
    return tuple(field_id for field_id, part in parts if reading.value(field_id, part) is None)


def is_better(reading: Reading, best: Decimal, baseline: Decimal) -> bool | None:
    """Whether F05 beats F03. None without a direction (F04), or where the metrics differ."""
    one, other = reading.value("F03", "metric"), reading.value("F05", "metric")
    if one and other and not is_same_metric(one, other):
        return None
    if best == baseline:
        return False
    direction = reading.value("F04", "direction")
    return None if direction is None else is_worse(baseline, best, direction)


def baseline_is_within(row: Mapping[str, Any]) -> bool:
    """Whether the baseline of a result (M03) lies within the result's own interval."""
    low, value, high, baseline = (row.get(part) for part in ("low", "value", "high", "baseline"))
    if low is None or value is None or high is None or baseline is None:
        return False
    return bool(min(low, high) <= baseline <= max(low, high))
