"""How ready a gate is: five shares, the weakest of them, and a level in words. Never an average.

The shares, exactly (per mille, rounded down so that 1000 means all of it; 1000 where nothing is asked):
- answers: questions due by the gate that are answered in full or do not apply; a don't-know with an owner and
  a day still to come counts half, one whose day has passed not at all.
- checks: enforced blocks and warnings that pass or are accepted; C46 to C48 count elsewhere, notes nowhere. A tier
  below the proposed one that no approver chose is one more that does not pass.
- sign-offs: required ones valid now; C46 or C47 failing is one more that is not.
- conditions: those whose day has passed that were met; C48 failing is one more that was not.
- evidence: required documents that are there and current.

The level is the first of these that holds, weakest first:
1. blocked: an enforced block fails and nobody waived it; a required role rejected; a condition or
   a don't-know is overdue. What merely cannot be told for want of answers is work in progress.
2. not started: no question of this gate has any answer and no review was asked for. A gate that the project
   has not reached reads not started even when checks fail there already: many fail because nothing has been
   written yet.
3. in progress: answers, documents or check results are wanting, a warning has no reason, or changes are
   requested.
4. waiting: only sign-offs are missing.
5. conditional: a sign-off is stale; or the gate may go on while something is owed: an open condition,
   a waiver in force, a dated don't-know.
6. ready: nothing stands in the way and nothing is owed.
Passed, after a go, unless that go no longer carries: a sign-off of the gate was taken back, is stale or asked for
anew, a condition of the gate is overdue, or a waiver given there has ended while its check still blocks. Then the
gate reads blocked, in progress, waiting or conditional again; the project stays where it is. What merely changed
since without a sign-off resting on it leaves it passed. Operate recurs and is never passed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from lifecycle.guide import Guide
from lifecycle.rules.assessment import (
    AnswerStanding,
    Basis,
    GateAssessment,
    Obstacle,
    answer_standing,
    assess,
    basis,
)
from lifecycle.rules.checks.evaluation import AREAS_OF_CHECKS, CheckState
from lifecycle.rules.gates import GOES
from lifecycle.rules.project_facts import ProjectFacts
from lifecycle.rules.signoffs import SignOffState
from lifecycle.vocabulary import (
    Area,
    Blocker,
    CheckResult,
    Gate,
    Level,
    Severity,
    SignOffStatus,
    Stage,
)

ALL = 1000
_WEIGHTS = {
    Stage.DISCOVERY: Fraction(1),
    Stage.FEASIBILITY: Fraction(3, 4),
    Stage.DESIGN: Fraction(1, 2),
    Stage.MODEL: Fraction(1, 4),
    Stage.PRODUCTION: Fraction(0),
}


@dataclass(frozen=True)
class GateReadiness:
    """Readiness of one gate: `shares` in per mille; `readiness` is the smallest, `weakest` its area."""

    gate: Gate
    level: Level
    weakest: Area
    readiness: int
    shares: Mapping[Area, int]
    obstacles: tuple[Obstacle, ...]
    sign_offs: tuple[SignOffState, ...]
    checks: tuple[CheckState, ...]
    assessment: GateAssessment = field(compare=False, repr=False)

    @property
    def blockers(self) -> tuple[Blocker, ...]:
        """The obstacles in words."""
        return self.assessment.blockers

    @property
    def warnings(self) -> int:
        """Obstacles that a reason of the product manager would settle."""
        return sum(item.severity is Severity.WARNING for item in self.obstacles)


def readiness_of_all(facts: ProjectFacts, guide: Guide, on: Basis | None = None) -> dict[Gate, GateReadiness]:
    """The readiness of each gate, with every check judged once; a `basis` of these facts saves even that."""
    found = on or basis(facts, guide)
    return {gate: _readiness(assess(facts, guide, gate, found)) for gate in Gate}


def readiness(facts: ProjectFacts, guide: Guide, gate: Gate, on: Basis | None = None) -> GateReadiness:
    """Shares, weakest area (the first of equals in the order of areas), level and blockers of one gate."""
    return _readiness(assess(facts, guide, gate, on))


def _readiness(gathered: GateAssessment) -> GateReadiness:
    shares = {area: share(gathered) for area, share in _SHARES.items()}
    weakest = min(shares, key=lambda area: shares[area])
    return GateReadiness(
        gate=gathered.gate,
        level=_level(gathered),
        weakest=weakest,
        readiness=shares[weakest],
        shares=shares,
        obstacles=gathered.obstacles,
        sign_offs=gathered.sign_offs,
        checks=gathered.checks,
        assessment=gathered,
    )


# ---------------------------------------------------------------- shares


def _per_mille(good: int, asked: int) -> int:
    return ALL * good // asked if asked else ALL


def _answers(gathered: GateAssessment) -> int:
    halves = sum([item.halves for item in gathered.answers])
    return _per_mille(halves, 2 * len(gathered.answers))


def _unsettled(gathered: GateAssessment, area: Area) -> list[CheckState]:
    return [
        state for state in gathered.unsettled if state.severity is not Severity.NOTE and state.area is area
    ]


def _checks(gathered: GateAssessment) -> int:
    counted = sum(
        state.severity is not Severity.NOTE and state.check_id not in AREAS_OF_CHECKS
        for state in gathered.enforced
    )
    asked = counted + (gathered.tier_blocker is not None)
    return _per_mille(counted - len(_unsettled(gathered, Area.CHECKS)), asked)


def _failing(gathered: GateAssessment, area: Area) -> int:
    return sum(state.result is CheckResult.FAILS for state in _unsettled(gathered, area))


def _sign_offs(gathered: GateAssessment) -> int:
    valid = sum(item.is_valid for item in gathered.sign_offs)
    return _per_mille(valid, len(gathered.sign_offs) + _failing(gathered, Area.SIGN_OFFS))


def _conditions(gathered: GateAssessment) -> int:
    due = [item for item in gathered.conditions if item.due_on < gathered.facts.today]
    met = sum(item.state == "met" for item in due)
    return _per_mille(met, len(due) + _failing(gathered, Area.CONDITIONS))


def _evidence(gathered: GateAssessment) -> int:
    return _per_mille(sum(item.holds for item in gathered.evidence), len(gathered.evidence))


_SHARES: dict[Area, Callable[[GateAssessment], int]] = {
    Area.ANSWERS: _answers,
    Area.CHECKS: _checks,
    Area.SIGN_OFFS: _sign_offs,
    Area.CONDITIONS: _conditions,
    Area.EVIDENCE: _evidence,
}


# ---------------------------------------------------------------- level


def _level(gathered: GateAssessment) -> Level:
    if gathered.gate is not Gate.OPERATE and gathered.gate in gathered.facts.passed_gates:
        return _opened_again(gathered) or Level.PASSED
    if _is_untouched(gathered) and not _is_reached(gathered):
        return Level.NOT_STARTED
    return next(level for level, holds in _LADDER if holds(gathered))


def _opened_again(gathered: GateAssessment) -> Level | None:
    """The level of a passed gate whose go no longer carries; None while it does."""
    lacking = [item for item in gathered.sign_offs if not item.is_valid and _was_needed(gathered, item)]
    statuses = {item.status for item in lacking}
    if _is_owed_late(gathered) or _is_waived_no_more(gathered) or SignOffStatus.REJECTED in statuses:
        return Level.BLOCKED
    if SignOffStatus.CHANGES_REQUESTED in statuses:
        return Level.IN_PROGRESS
    if statuses & {SignOffStatus.WAITING, *_NEVER_ASKED}:
        return Level.WAITING
    return Level.CONDITIONAL if statuses else None


_NEVER_ASKED = frozenset({SignOffStatus.NOT_ASKED, SignOffStatus.ELSEWHERE})


def _was_needed(gathered: GateAssessment, item: SignOffState) -> bool:
    """Not one who attests again only later."""
    spec = gathered.guide.review(item.gate, item.role)
    return item.status not in _NEVER_ASKED or not (spec and spec.only_when_stale)


def _is_owed_late(gathered: GateAssessment) -> bool:
    return any(item.gate is gathered.gate for item in gathered.overdue_conditions)


def _is_waived_no_more(gathered: GateAssessment) -> bool:
    waived = {item.check_id for item in gathered.facts.waivers if item.gate is gathered.gate}
    return any(
        state.check_id in waived and state.blocks and state.severity is Severity.BLOCK
        for state in gathered.enforced
    )


def _is_reached(gathered: GateAssessment) -> bool:
    now = gathered.facts.gate
    return now is not None and gathered.gate.order <= now.order


def _is_untouched(gathered: GateAssessment) -> bool:
    """Nothing of this gate was answered, due on this track or not, and nobody was asked to review it."""
    facts, fields, gate = gathered.facts, gathered.guide.fields, gathered.gate
    answers = (facts.answers, *(source.answers for source in facts.sources))
    is_answered = any(fields[name].gate is gate for each in answers for name in each if name in fields)
    return not is_answered and all(review.gate is not gate for review in facts.reviews)


def _is_blocked(gathered: GateAssessment) -> bool:
    return (
        any(
            state.blocks and state.severity is Severity.BLOCK and state.result is CheckResult.FAILS
            for state in gathered.unsettled
        )
        or any(item.status is SignOffStatus.REJECTED for item in gathered.sign_offs)
        or bool(gathered.overdue_conditions)
        or any(item.standing is AnswerStanding.OVERDUE for item in gathered.answers)
    )


def _is_in_progress(gathered: GateAssessment) -> bool:
    return (
        any(item.area not in (Area.SIGN_OFFS, Area.CONDITIONS) for item in gathered.obstacles)
        or any(state.blocks and state.result is CheckResult.CANNOT_TELL for state in gathered.unsettled)
        or any(item.status is SignOffStatus.CHANGES_REQUESTED for item in gathered.sign_offs)
    )


def _is_waiting(gathered: GateAssessment) -> bool:
    return any(not item.is_valid and item.status is not SignOffStatus.STALE for item in gathered.sign_offs)


def _is_conditional(gathered: GateAssessment) -> bool:
    return (
        bool(gathered.obstacles)
        or any(item.state == "open" for item in gathered.conditions)
        or any(state.waived for state in gathered.enforced)
        or any(item.standing is AnswerStanding.PROMISED for item in gathered.answers)
    )


_LADDER: tuple[tuple[Level, Callable[[GateAssessment], bool]], ...] = (
    (Level.BLOCKED, _is_blocked),
    (Level.NOT_STARTED, _is_untouched),
    (Level.IN_PROGRESS, _is_in_progress),
    (Level.WAITING, _is_waiting),
    (Level.CONDITIONAL, _is_conditional),
    (Level.READY, lambda gathered: True),
)


# ---------------------------------------------------------------- the first thing to mend


def top_obstacle(ready: GateReadiness, guide: Guide) -> Obstacle | None:
    """The gravest obstacle of the earliest stage: what blocks outright, then what is wanting, then warnings.

    Among equals the first in the order of areas, so that a question without answer comes before a sign-off.
    """
    outright = {
        state.check_id
        for state in ready.assessment.unsettled
        if state.blocks and state.severity is Severity.BLOCK and state.result is CheckResult.FAILS
    }
    outright |= {f"sign_off:{item.role}" for item in ready.sign_offs if item.status is SignOffStatus.REJECTED}
    first_gates = _first_gates(ready)

    def rank(item: Obstacle) -> tuple[int, int, int]:
        is_outright = item.code in outright or item.area is Area.CONDITIONS
        asked = (guide.fields.get(key.partition("@")[0]) for key in item.fields)  # none for a document
        named = [field.gate.order for field in asked if field]
        stage = first_gates.get(item.code, min(named, default=ready.gate.order))
        return (-item.severity.weight, not is_outright, stage)

    return min(ready.obstacles, key=rank, default=None)


def _first_gates(ready: GateReadiness) -> dict[str, int]:
    """By check: the order of the gate where it is first enforced, of all its branches the earliest."""
    first: dict[str, int] = {}
    for state in ready.checks:
        order = state.first_gate.order
        first[state.check_id] = min(first.get(state.check_id, order), order)
    return first


# ---------------------------------------------------------------- production questions


def open_production_questions(facts: ProjectFacts, guide: Guide) -> tuple[str, ...]:
    """Those of the 24 without a full answer; a don't-know is open, dated or not."""
    return tuple(
        field.id
        for field in guide.production_questions
        if answer_standing(facts, facts.answer(field.id)) is not AnswerStanding.SETTLED
    )


def early_planning_index(facts: ProjectFacts, guide: Guide) -> Fraction | None:
    """1/24 · Σ w: 1 for a question first settled in Discovery down to 0 in Production; open ones give 0.

    None before the Discovery gate was passed, and for a project that was imported and not adopted.
    """
    has_left = any(made.gate is Gate.DISCOVERY and made.outcome in GOES for made in facts.decisions)
    if not has_left or not facts.is_adopted:
        return None
    questions = guide.production_questions
    still_open = set(open_production_questions(facts, guide))
    return sum(_weights(facts, {item.id for item in questions} - still_open), Fraction(0)) / len(questions)


def _weights(facts: ProjectFacts, settled: set[str]) -> Iterator[Fraction]:
    for field_id in settled:
        fact = facts.answer(field_id)
        if fact and fact.settled_stage:
            yield _WEIGHTS[fact.settled_stage]


def production_debt(facts: ProjectFacts, guide: Guide) -> int:
    """Open production questions times gates passed; nothing for a project that was not adopted."""
    return len(open_production_questions(facts, guide)) * len(facts.passed_gates) if facts.is_adopted else 0
