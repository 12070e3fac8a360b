"""How coarse a data source is against the decision: by unit (person, region) and by period (day, year)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from lifecycle.language import say
from lifecycle.rules.checks.known import source_applies
from lifecycle.rules.checks.reading import Reading
from lifecycle.rules.project_facts import SourceFact

# A person and an account share a rank: either may hold several of the other, so neither is coarser.
_RANKS = MappingProxyType(
    {
        "unit": MappingProxyType(
            {"event": 0, "person": 1, "account": 1, "household": 2, "site": 3, "organisation": 4, "region": 5}
        ),
        "period": MappingProxyType(
            {"moment": 0, "hour": 1, "day": 2, "week": 3, "month": 4, "quarter": 5, "year": 6}
        ),
    }
)


def is_coarser(reading: Reading, source: SourceFact) -> bool | None:
    """Coarser than the decision (D39) in unit or period (X22), and no approved way of spreading it kept."""
    if not source_applies(source, "X22") or _is_spread(reading, source):
        return False
    comparisons = [_is_coarser_in(reading, source, part) for part in _RANKS]
    return True if True in comparisons else None if None in comparisons else False


def _is_coarser_in(reading: Reading, source: SourceFact, part: str) -> bool | None:
    held, decided = reading.of(source, "X22", part), reading.value("D39", part)
    return None if held is None or decided is None else _RANKS[part][held] > _RANKS[part][decided]


def _is_spread(reading: Reading, source: SourceFact) -> bool:
    return bool(reading.of(source, "X22", "allocation") and reading.of(source, "X22", "allocation_approved"))


def in_words(reading: Reading, source: SourceFact) -> Mapping[str, object]:
    """Both grains for a message, such as "person and year"; what is not said is left out."""
    held = [(part, reading.of(source, "X22", part)) for part in _RANKS]
    decided = [(part, reading.value("D39", part)) for part in _RANKS]
    return {
        "source": source.name,
        "held": say(" and ").join(reading.label("X22", part, value).lower() for part, value in held if value),
        "decided": say(" and ").join(
            reading.label("D39", part, value).lower() for part, value in decided if value
        ),
    }


def grain_unsaid(reading: Reading, source: SourceFact) -> list[str]:
    """Which of decision and source leave a unit or period open."""
    in_decision = any(reading.value("D39", part) is None for part in _RANKS)
    in_source = any(reading.of(source, "X22", part) is None for part in _RANKS)
    return [*(["D39"] if in_decision else []), *([f"X22@{source.id}"] if in_source else [])]
