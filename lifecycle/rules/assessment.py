"""Everything that counts at one gate, put together once: answers, checks, sign-offs, conditions, evidence.

A day that is named (due, expiry) is the last good one: only the day after it does anything lapse.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from lifecycle.guide import FieldSpec, Guide
from lifecycle.rules.checks.evaluation import CheckState, Judgement, judge_all, states_at
from lifecycle.rules.project_facts import AnswerFact, ConditionFact, EvidenceFact, ProjectFacts
from lifecycle.rules.signoffs import (
    SignOffState,
    key_title,
    required_reviews,
    sign_off_status,
    stale_sign_offs,
    staleness,
)
from lifecycle.rules.tier_choices import tier_not_consented
from lifecycle.vocabulary import (
    AnswerState,
    Area,
    Blocker,
    CheckResult,
    Gate,
    Role,
    Severity,
    SignOffStatus,
)

_SHOWN = 3  # findings or reasons in one sentence


# ---------------------------------------------------------------- the parts of a gate


class AnswerStanding(StrEnum):
    """How far the answer to a due question is."""

    SETTLED = "settled"  # answered in full, or not applicable
    PROMISED = "promised"  # don't know yet, with an owner and a day that has not passed
    OVERDUE = "overdue"  # don't know yet, and the day has passed
    OPEN = "open"  # no answer, part of one, or a don't-know without owner or day


@dataclass(frozen=True, slots=True)
class DueAnswer:
    key: str
    field: FieldSpec
    fact: AnswerFact | None
    standing: AnswerStanding


@dataclass(frozen=True, slots=True)
class RequiredEvidence:
    """A document that a gate asks for: named in the answer to its field, or attached to it."""

    field: FieldSpec
    is_there: bool
    is_expired: bool

    @property
    def holds(self) -> bool:
        return self.is_there and not self.is_expired


@dataclass(frozen=True)
class GateAssessment:
    """Everything that counts at one gate. Made once, read by blockers and readiness."""

    facts: ProjectFacts
    guide: Guide
    gate: Gate
    answers: tuple[DueAnswer, ...]
    checks: tuple[CheckState, ...]
    sign_offs: tuple[SignOffState, ...]  # of the required roles
    conditions: tuple[ConditionFact, ...]  # of this gate and those before, but the withdrawn
    evidence: tuple[RequiredEvidence, ...]

    @cached_property
    def blockers(self) -> tuple[Blocker, ...]:
        """In the order of the areas; within one, the gravest first and then the order of the guide."""
        found = (
            *self._of_answers(),
            *self._of_checks(),
            *self._of_sign_offs(),
            *self._of_conditions(),
            *self._of_evidence(),
        )
        areas = list(Area)
        return tuple(
            sorted(found, key=lambda item: (areas.index(item.area or areas[-1]), -item.severity.weight))
        )

    @cached_property
    def enforced(self) -> tuple[CheckState, ...]:
        """The checks that are more than advice here."""
        return tuple(state for state in self.checks if state.severity is not None)

    @cached_property
    def tier_blocker(self) -> Blocker | None:
        """A tier below the proposed one that nobody with authority chose."""
        return tier_not_consented(self.facts, self.guide, self.gate)

    @property
    def overdue_conditions(self) -> tuple[ConditionFact, ...]:
        today = self.facts.today
        return tuple(item for item in self.conditions if item.state == "open" and item.due_on < today)

    def _of_answers(self) -> Iterator[Blocker]:
        for due in self.answers:
            if due.standing in (AnswerStanding.OPEN, AnswerStanding.OVERDUE):
                text = _answer_sentence(self.facts, self.guide, due)
                yield self._blocker(f"answer:{due.key}", text, Area.ANSWERS, fields=(due.key,))

    def _of_checks(self) -> Iterator[Blocker]:
        for state in self.enforced:
            if state.blocks and state.severity and not self._is_said_elsewhere(state):
                text = check_sentence(self.facts, self.guide, state)
                fields = state.missing or state.fields
                yield self._blocker(state.check_id, text, state.area, fields=fields, severity=state.severity)
        if self.tier_blocker is not None:
            yield self.tier_blocker

    def _is_said_elsewhere(self, state: CheckState) -> bool:
        """C47 and C48 repeat what a required sign-off or an overdue condition of this gate says by itself."""
        if state.check_id == "C47":
            listed = {item.role for item in self.sign_offs if item.status is SignOffStatus.STALE}
            stale = stale_sign_offs(self.facts, self.guide)
            return bool(stale) and all(fact.gate is self.gate and fact.role in listed for fact in stale)
        if state.check_id == "C48":
            return 0 < len(state.messages) <= len(self.overdue_conditions)
        return False

    def _of_sign_offs(self) -> Iterator[Blocker]:
        for item in self.sign_offs:
            if not item.is_valid:
                text = _sign_off_sentence(self.facts, self.guide, item)
                yield self._blocker(f"sign_off:{item.role}", text, Area.SIGN_OFFS, role=item.role)

    def _of_conditions(self) -> Iterator[Blocker]:
        for item in self.overdue_conditions:
            day = item.due_on.isoformat()
            text = f"The condition “{item.text}” was due on {day}. Meet it, or agree on a new day."
            yield self._blocker(f"condition:{item.id}", text, Area.CONDITIONS, role=item.role)

    def _of_evidence(self) -> Iterator[Blocker]:
        for item in self.evidence:
            if not item.holds:
                what = (
                    "has expired. Attach the current one"
                    if item.is_expired
                    else "is missing. Attach it or link to it"
                )
                text = f"The document for {item.field.title} ({item.field.id}) {what}."
                yield self._blocker(f"evidence:{item.field.id}", text, Area.EVIDENCE, fields=(item.field.id,))

    def _blocker(
        self,
        code: str,
        text: str,
        area: Area,
        *,
        fields: tuple[str, ...] = (),
        role: Role | None = None,
        severity: Severity = Severity.BLOCK,
    ) -> Blocker:
        return Blocker(code, text, area, severity, fields, role, self.gate)


@dataclass(frozen=True, slots=True)
class Basis:
    """What is the same at every gate, found out once: the verdicts, and all answers that are ever due."""

    judgements: tuple[Judgement, ...]
    answers: tuple[DueAnswer, ...]


def basis(facts: ProjectFacts, guide: Guide, last: Gate = Gate.OPERATE) -> Basis:
    """For all gates up to `last`."""
    due = guide.due_by(last, light=facts.tier == 1)
    return Basis(judge_all(facts, guide), tuple(_due_answers(facts, due)))


def assess(facts: ProjectFacts, guide: Guide, gate: Gate, on: Basis | None = None) -> GateAssessment:
    """Put together all that counts at `gate`; a `basis` of these facts saves finding it again."""
    found = on or basis(facts, guide, gate)
    answers = tuple(item for item in found.answers if item.field.gate.order <= gate.order)
    due = {item.field.id for item in answers}
    return GateAssessment(
        facts=facts,
        guide=guide,
        gate=gate,
        answers=answers,
        checks=states_at(found.judgements, facts, gate),
        sign_offs=tuple(
            sign_off_status(facts, guide, gate, spec.role) for spec in required_reviews(facts, guide, gate)
        ),
        conditions=tuple(
            item for item in facts.conditions if item.state != "withdrawn" and item.gate.order <= gate.order
        ),
        evidence=tuple(_required_evidence(facts, guide, gate, due)),
    )


def answer_standing(facts: ProjectFacts, fact: AnswerFact | None) -> AnswerStanding:
    if fact is None:
        return AnswerStanding.OPEN
    if fact.state is AnswerState.NOT_APPLICABLE:
        return AnswerStanding.SETTLED
    if fact.state is AnswerState.ANSWERED:
        return AnswerStanding.SETTLED if fact.complete else AnswerStanding.OPEN
    if not fact.owner or fact.due_on is None:
        return AnswerStanding.OPEN
    return AnswerStanding.PROMISED if fact.due_on >= facts.today else AnswerStanding.OVERDUE


def _due_answers(facts: ProjectFacts, due: Iterable[FieldSpec]) -> Iterator[DueAnswer]:
    for field in due:
        for key, fact in facts.content_keys((field.id,)):
            yield DueAnswer(key, field, fact, answer_standing(facts, fact))


def _required_evidence(
    facts: ProjectFacts, guide: Guide, gate: Gate, due: set[str]
) -> Iterator[RequiredEvidence]:
    """Evidence asked for up to this gate, where its question is due and applies."""
    for asked_at in Gate:
        if asked_at.order > gate.order:
            return
        for field_id in guide.policy.required_evidence.get(asked_at, ()):
            fact = facts.answer(field_id)
            if field_id in due and not (fact and fact.state is AnswerState.NOT_APPLICABLE):
                attached = [item for item in facts.evidence if item.field_id == field_id]
                yield RequiredEvidence(guide.field(field_id), *_is_held(facts, fact, attached))


def _is_held(facts: ProjectFacts, fact: AnswerFact | None, attached: list[EvidenceFact]) -> tuple[bool, bool]:
    """Whether the document is there, and whether all that is attached has expired."""
    answered = fact is not None and fact.state is AnswerState.ANSWERED and fact.complete
    expired = bool(attached) and all(
        item.expires_on is not None and item.expires_on < facts.today for item in attached
    )
    return answered or bool(attached), expired


# ---------------------------------------------------------------- sentences


def check_sentence(facts: ProjectFacts, guide: Guide, state: CheckState) -> str:
    """What a check says: its findings, or what it cannot tell for want of."""
    if state.result is CheckResult.CANNOT_TELL:
        wanted = [key_title(facts, guide, key) for key in state.missing] or ["what it reads"]
        return f"{state.title}: cannot tell until {_shortened(wanted, ', ')} is known."
    text = _shortened(list(state.messages), " ") or f"{state.title}: fails."
    if state.severity is Severity.WARNING:
        text += " Change it, or say why you go on."
    return text


def _answer_sentence(facts: ProjectFacts, guide: Guide, due: DueAnswer) -> str:
    title = key_title(facts, guide, due.key)
    fact = due.fact
    if fact is None:
        return f"{title} has no answer."
    if fact.state is AnswerState.ANSWERED:
        return f"{title} is answered only in part."
    if due.standing is AnswerStanding.OVERDUE and fact.due_on:
        return f"{title}: {fact.owner} was to find out by {fact.due_on.isoformat()}."
    return f"{title} is not known yet; say who finds out, and by when."


def _sign_off_sentence(facts: ProjectFacts, guide: Guide, item: SignOffState) -> str:
    said = _sign_off_of_one(facts, guide, item)
    if item.needed == 1:
        return said
    return f"{said} {item.given} of {item.needed} people have approved, which tier {facts.tier} needs."


def _sign_off_of_one(facts: ProjectFacts, guide: Guide, item: SignOffState) -> str:
    role = item.role.title
    if item.status is SignOffStatus.NOT_ASKED and item.given:
        return f"{role}: nobody else has been asked."
    match item.status:
        case SignOffStatus.NOT_ASKED:
            return f"{role} has not been asked."
        case SignOffStatus.WAITING:
            due = item.review.due_on if item.review else None
            return f"{role} has not decided yet" + (f" (asked to by {due.isoformat()})." if due else ".")
        case SignOffStatus.CHANGES_REQUESTED:
            return f"{role} requested changes. Make them and ask again."
        case SignOffStatus.REJECTED:
            return f"{role} rejected it."
        case SignOffStatus.STALE if item.sign_off:
            reasons = list(staleness(facts, guide, item.sign_off))
            return f"{role} signed before this: {_shortened(reasons, ' ')} Ask to affirm it again."
        case _:
            return f"{role} has not signed here."


def _shortened(sentences: list[str], between: str) -> str:
    shown = between.join(sentences[:_SHOWN])
    more = len(sentences) - _SHOWN
    return f"{shown} (and {more} more)" if more > 0 else shown
