"""The risk tier that the answers propose, with points. Rules go by the confirmed tier, never by this one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from lifecycle.guide import ONLY, Guide, TierPoint
from lifecycle.rules.project_facts import ProjectFacts
from lifecycle.vocabulary import AnswerState

_QUARTERS = (Fraction(1, 4), Fraction(1, 2), Fraction(3, 4))


@dataclass(frozen=True, slots=True)
class Because:
    """One answer that counted: "because you answered…"."""

    text: str
    points: int
    field: str


@dataclass(frozen=True, slots=True)
class TierProposal:
    """A tier from 1 to 4. `share` is points of maximum, after the relief that mitigation earned."""

    points: int
    maximum: int
    mitigation_share: Fraction
    share: Fraction
    tier: int
    because: tuple[Because, ...]
    relieved_by: tuple[Because, ...]  # the mitigation that counted

    @property
    def is_relieved(self) -> bool:
        return self.share < Fraction(self.points, self.maximum)


def propose(facts: ProjectFacts, guide: Guide) -> TierProposal | None:
    """The tier that the points give; None until the needed questions are answered in full.

    The shape is that of the Canadian assessment tool: quarters of the maximum, and 15 % off for mitigation of
    80 % or more. Questions of impact that are still open count neither for nor against; mitigation has to be
    claimed, so its maximum is always whole.
    """
    policy = guide.tiers
    if not all(_is_complete(facts, field_id) for field_id in policy.needed):
        return None
    because, maximum = _count(facts, [point for point in policy.impact if _given(facts, point)])
    relieved_by, most = _count(facts, policy.mitigation)
    mitigation = Fraction(sum(item.points for item in relieved_by), most) if most else Fraction(0)
    points = sum(item.points for item in because)
    share = Fraction(points, maximum) if maximum else Fraction(0)
    if mitigation >= _exact(policy.relief_from):
        share *= 1 - _exact(policy.relief)
    tier = 1 + sum(share > quarter for quarter in _QUARTERS)
    return TierProposal(points, maximum, mitigation, share, tier, because, relieved_by)


def _exact(value: Decimal) -> Fraction:
    return Fraction(value)


def _is_complete(facts: ProjectFacts, field_id: str) -> bool:
    fact = facts.answer(field_id)
    return fact is not None and fact.state is AnswerState.ANSWERED and fact.complete


def _count(facts: ProjectFacts, points: Iterable[TierPoint]) -> tuple[tuple[Because, ...], int]:
    """What the answers earn, and the most that they could have."""
    earned: list[Because] = []
    most: dict[tuple[str, str], int] = {}
    for point in points:
        place = (point.field, point.part)
        most[place] = max(most.get(place, 0), point.points)
        if _given(facts, point) in point.when:
            earned.append(Because(point.because, point.points, point.field))
    return tuple(earned), sum(most.values())


def _given(facts: ProjectFacts, point: TierPoint) -> str | None:
    """What was answered where the point looks, as the policy spells it; None while that is open."""
    fact = facts.answer(point.field)
    if fact is None or fact.state is not AnswerState.ANSWERED or fact.value is None:
        return None
    value = fact.value if point.part == ONLY else fact.value.get(point.part)
    if value is None:
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)
