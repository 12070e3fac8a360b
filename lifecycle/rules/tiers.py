"""The risk tier that the answers propose: points for impact, relief for mitigation, and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from lifecycle.guide import ONLY, Guide, TierPoint
from lifecycle.rules.project_facts import ProjectFacts, Value
from lifecycle.vocabulary import AnswerState

HIGHEST = 4


@dataclass(frozen=True, slots=True)
class Because:
    """One answer that counts: the field, its points and the reason in words."""

    field_id: str
    points: int
    text: str


@dataclass(frozen=True, slots=True)
class TierProposal:
    """The tier by points. `missing` are impact fields without an answer: they count nothing yet."""

    tier: int
    impact: int
    most_impact: int
    because: tuple[Because, ...]
    relieved_by: tuple[Because, ...]
    is_relieved: bool
    missing: tuple[str, ...]

    @property
    def is_complete(self) -> bool:
        return not self.missing


def propose(facts: ProjectFacts, guide: Guide) -> TierProposal:
    """Impact points as a share of their maximum, less the relief for strong mitigation; quarters are the tiers.

    The maximum counts the gravest choice of each part once. Open questions count nothing, and are named.
    """
    policy = guide.tiers
    impact = tuple(_because(facts, policy.impact))
    mitigation = tuple(_because(facts, policy.mitigation))
    most_impact, most_mitigation = _most(policy.impact), _most(policy.mitigation)
    points = sum(item.points for item in impact)
    relieved = most_mitigation > 0 and _share(mitigation, most_mitigation) >= policy.relief_from
    share = _share(impact, most_impact) - (policy.relief if relieved else Decimal(0))
    return TierProposal(
        tier=min(HIGHEST, max(1, int(share * HIGHEST) + 1)),
        impact=points,
        most_impact=most_impact,
        because=impact,
        relieved_by=mitigation,
        is_relieved=relieved,
        missing=tuple(_missing(facts, policy.impact)),
    )


def _share(found: tuple[Because, ...], most: int) -> Decimal:
    return Decimal(sum(item.points for item in found)) / Decimal(most) if most else Decimal(0)


def _most(points: tuple[TierPoint, ...]) -> int:
    gravest: dict[tuple[str, str], int] = {}
    for point in points:
        place = (point.field, point.part)
        gravest[place] = max(point.points, gravest.get(place, 0))
    return sum(gravest.values())


def _because(facts: ProjectFacts, points: tuple[TierPoint, ...]) -> Iterator[Because]:
    for point in points:
        if _word(_value(facts, point)) in point.when:
            yield Because(point.field, point.points, point.because)


def _missing(facts: ProjectFacts, points: tuple[TierPoint, ...]) -> Iterator[str]:
    for field_id in dict.fromkeys(point.field for point in points):
        fact = facts.answer(field_id)
        if fact is None or fact.state is AnswerState.DONT_KNOW:
            yield field_id


def _value(facts: ProjectFacts, point: TierPoint) -> Value:
    fact = facts.answer(point.field)
    if fact is None or fact.state is not AnswerState.ANSWERED or fact.value is None:
        return None
    return fact.value if point.part == ONLY else fact.value.get(point.part)


def _word(value: Value) -> str | None:
    """A choice as itself, yes and no as the guide spells them; anything else earns no points."""
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else None
