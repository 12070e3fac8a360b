"""Labels that stand in for the outcome: where they come from, and what is written about the difference."""

from __future__ import annotations

from lifecycle.guide import ONLY
from lifecycle.rules.checks.conditions import is_among
from lifecycle.rules.checks.reading import Reading


def label_stands_in(reading: Reading) -> bool | None:
    """The labels are anything but the recorded outcome (F08)."""
    return is_among(reading, "F08", ONLY, ("human", "proxy", "none"))


def difference_is_written(reading: Reading) -> bool:
    """Some source says how its label differs from what is decided (X19)."""
    return any(written for _, written in reading.each_source("X19", "difference"))


def difference_is_tested(reading: Reading) -> bool:
    return any(
        reading.of(source, "X19", "difference") and reading.of(source, "X19", "tested")
        for source in reading.sources
    )


def labels_unsaid(reading: Reading) -> list[str]:
    """Sources whose X19 is open; without a single source record there is none that could have said it."""
    if not reading.sources:
        return ["X19"]
    return [f"X19@{source.id}" for source in reading.sources if not reading.source_knows(source, "X19")]
