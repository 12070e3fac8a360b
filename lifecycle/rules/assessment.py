"""Everything that counts at one gate, put together once: answers, checks, sign-offs, conditions, evidence.

What stands in the way is found first (`obstacles`) and put into words only for those who read it (`blockers`): the
standing of a project counts them for six gates with every answer saved, and shows one.

A day that is named (due, expiry) is the last good one: only the day after it does anything lapse.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType
from typing import NamedTuple

from lifecycle.guide import FieldSpec, Guide
from lifecycle.language import say
from lifecycle.rules.checks.evaluation import (
    CheckState,
    Judgement,
    judge_again,
    judge_all,
    said_again,
    states_at,
)
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

_TEXTS = frozenset({"text", "long_text"})
_SHOWN = 3  # findings or reasons in one sentence


# ---------------------------------------------------------------- the parts of a gate


class AnswerStanding(StrEnum):
    """How far the answer to a due question is."""

    SETTLED = "settled"  # answered in full, or not applicable
    PROMISED = "promised"  # don't know yet, with an owner and a day that has not passed
    OVERDUE = "overdue"  # don't know yet, and the day has passed
    OPEN = "open"  # no answer, part of one, or a don't-know without owner or day


class DueAnswer(NamedTuple):
    """The answer to one question, of one data source where it is about sources, and what it is worth."""

    key: str
    field: FieldSpec
    fact: AnswerFact | None
    standing: AnswerStanding
    halves: int  # 2 settled, 1 promised, 0 otherwise
    is_obstacle: bool


@dataclass(frozen=True, slots=True)
class RequiredEvidence:
    """A document that a gate asks for: named in the answer to its field, or attached to it."""

    field: FieldSpec
    is_there: bool
    is_expired: bool

    @property
    def holds(self) -> bool:
        return self.is_there and not self.is_expired


class Obstacle(NamedTuple):
    """One thing in the way at a gate, not yet in words; `subject` is what they will be about."""

    code: str
    area: Area
    subject: DueAnswer | CheckState | SignOffState | ConditionFact | RequiredEvidence | Blocker
    severity: Severity = Severity.BLOCK
    fields: tuple[str, ...] = ()
    role: Role | None = None


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
    def obstacles(self) -> tuple[Obstacle, ...]:
        """In the order of the areas; within one, the gravest first and then the order of the guide."""
        of_checks = self._of_checks()
        own = {
            Area.SIGN_OFFS: self._of_sign_offs(),
            Area.CONDITIONS: self._of_conditions(),
            Area.EVIDENCE: self._of_evidence(),
        }
        found = self._of_answers()
        for area in (Area.CHECKS, *own):
            of_area = [item for item in of_checks if item.area is area]
            found += sorted((*of_area, *own.get(area, ())), key=lambda item: -item.severity.weight)
        return tuple(found)

    @cached_property
    def blockers(self) -> tuple[Blocker, ...]:
        """The obstacles in words, in the same order: the one list for button and action."""
        return tuple(map(self.in_words, self.obstacles))

    def in_words(self, item: Obstacle) -> Blocker:
        text = _sentence(self.facts, self.guide, item.subject)
        is_unclear = isinstance(item.subject, CheckState) and item.subject.result is CheckResult.CANNOT_TELL
        return Blocker(
            item.code, text, item.area, item.severity, item.fields, item.role, self.gate, is_unclear
        )

    def in_words_again(self, item: Obstacle, guide: Guide) -> str:
        """What `in_words` says, in the language spoken now, which is that of `guide`.

        The assessment may have been made in any language: what it holds in words is found again.
        """
        subject = item.subject
        match subject:
            case CheckState():
                subject = said_again(subject, self.facts, guide)
            case RequiredEvidence():
                subject = replace(subject, field=guide.field(subject.field.id))
            case Blocker():
                subject = tier_not_consented(self.facts, guide, self.gate) or subject
        return _sentence(self.facts, guide, subject)

    @cached_property
    def enforced(self) -> tuple[CheckState, ...]:
        """The checks that are more than advice here."""
        return tuple([state for state in self.checks if state.severity is not None])

    @cached_property
    def unsettled(self) -> tuple[CheckState, ...]:
        """Those of them that neither pass nor are accepted as they are."""
        return tuple([state for state in self.enforced if not state.is_settled])

    @cached_property
    def tier_blocker(self) -> Blocker | None:
        """A tier below the proposed one that nobody with authority chose."""
        return tier_not_consented(self.facts, self.guide, self.gate)

    @cached_property
    def overdue_conditions(self) -> tuple[ConditionFact, ...]:
        today = self.facts.today
        return tuple(item for item in self.conditions if item.state == "open" and item.due_on < today)

    def _of_answers(self) -> list[Obstacle]:
        return [
            Obstacle(f"answer:{due.key}", Area.ANSWERS, due, Severity.BLOCK, (due.key,))
            for due in self.answers
            if due.is_obstacle
        ]

    def _of_checks(self) -> list[Obstacle]:
        found = [
            Obstacle(state.check_id, state.area, state, state.severity, state.missing or state.fields)
            for state in self.unsettled
            if state.blocks and state.severity and not self._is_said_elsewhere(state)
        ]
        if tier := self.tier_blocker:
            found.append(Obstacle(tier.code, Area.CHECKS, tier, tier.severity, tier.fields, tier.role))
        return found

    def _is_said_elsewhere(self, state: CheckState) -> bool:
        """C47 and C48 repeat what a required sign-off or an overdue condition of this gate says by itself."""
        if state.check_id == "C47":
            listed = {item.role for item in self.sign_offs if item.status is SignOffStatus.STALE}
            stale = stale_sign_offs(self.facts, self.guide)
            return bool(stale) and all(fact.gate is self.gate and fact.role in listed for fact in stale)
        if state.check_id == "C48":
            return 0 < len(state.messages) <= len(self.overdue_conditions)
        return False

    def _of_sign_offs(self) -> list[Obstacle]:
        return [
            Obstacle(f"sign_off:{item.role}", Area.SIGN_OFFS, item, role=item.role)
            for item in self.sign_offs
            if not item.is_valid
        ]

    def _of_conditions(self) -> list[Obstacle]:
        return [
            Obstacle(f"condition:{item.id}", Area.CONDITIONS, item, role=item.role)
            for item in self.overdue_conditions
        ]

    def _of_evidence(self) -> list[Obstacle]:
        return [
            Obstacle(f"evidence:{item.field.id}", Area.EVIDENCE, item, fields=(item.field.id,))
            for item in self.evidence
            if not item.holds
        ]


# ---------------------------------------------------------------- putting it together


@dataclass(frozen=True, slots=True)
class Basis:
    """What is the same at every gate, found out once: the verdicts, and the answers to all that is ever due."""

    judgements: tuple[Judgement, ...]
    answers: Mapping[str, tuple[DueAnswer, ...]]  # by field; one for each source of a data-source field


def basis(facts: ProjectFacts, guide: Guide) -> Basis:
    return Basis(judge_all(facts, guide), _all_answers(facts, guide))


def basis_after(earlier: Basis, was: ProjectFacts, facts: ProjectFacts, guide: Guide) -> Basis:
    """The basis of `facts`, given that of `was` by the same guide: what looks at no changed answer is kept.

    Exact, not an estimate: every verdict knows what it looked at (`Judgement.looked_at`).
    """
    fields = changed_fields(was, facts)
    if fields is None:
        return basis(facts, guide)
    again = {field_id: _answers_to(facts, guide.field(field_id)) for field_id in fields}
    return Basis(judge_again(earlier.judgements, fields, facts, guide), {**earlier.answers, **again})


def changed_fields(was: ProjectFacts, now: ProjectFacts) -> frozenset[str] | None:
    """The fields whose answers differ; None when more than answers does."""
    if replace(now, answers=was.answers, sources=was.sources) != was or len(now.sources) != len(was.sources):
        return None
    fields = _differing(was.answers, now.answers)
    for before, after in zip(was.sources, now.sources, strict=True):
        if (before.id, before.name) != (after.id, after.name):
            return None
        fields |= _differing(before.answers, after.answers)
    return frozenset(fields)


def are_only_words(earlier: Basis, later: Basis, was: ProjectFacts, now: ProjectFacts, guide: Guide) -> bool:
    """Whether some texts merely say something else: then the standing of every gate is what it was.

    Only where nothing rests on the content of answers yet (no review, sign-off, waiver or reason), so that what was
    answered counts and not what it says; and only where each verdict is as before, in result and in words.
    """
    if now.reviews or now.sign_offs or now.waivers or now.reasons or now.elsewhere:
        return False
    fields = changed_fields(was, now)
    if fields is None or not all(_is_text(guide.field(field_id)) for field_id in fields):
        return False
    before = {due.key: due.fact for field_id in fields for due in earlier.answers[field_id]}
    after = {due.key: due.fact for field_id in fields for due in later.answers[field_id]}
    return all(_counts_alike(before[key], after[key]) for key in after) and all(
        old is new or (old.verdict == new.verdict and old.messages == new.messages)
        for old, new in zip(earlier.judgements, later.judgements, strict=True)
    )


def _is_text(field: FieldSpec) -> bool:
    return all(part.type in _TEXTS for part in field.columns)


def _counts_alike(was: AnswerFact | None, now: AnswerFact | None) -> bool:
    if was is None or now is None:
        return False
    return _what_counts(was) == _what_counts(now)


def _what_counts(fact: AnswerFact) -> tuple[object, ...]:
    return fact.state, fact.complete, fact.owner, fact.due_on, fact.settled_stage


def _differing(was: Mapping[str, AnswerFact], now: Mapping[str, AnswerFact]) -> set[str]:
    if was is now:
        return set()
    pairs = ((field_id, was.get(field_id), now.get(field_id)) for field_id in was.keys() | now.keys())
    return {field_id for field_id, before, after in pairs if before is not after and before != after}


def assess(facts: ProjectFacts, guide: Guide, gate: Gate, on: Basis | None = None) -> GateAssessment:
    """Put together all that counts at `gate`; a `basis` of these facts saves finding it again."""
    found = on or basis(facts, guide)
    due = guide.due_by(gate, light=facts.tier == 1)
    return GateAssessment(
        facts=facts,
        guide=guide,
        gate=gate,
        answers=tuple([answer for field in due for answer in found.answers[field.id]]),
        checks=states_at(found.judgements, facts, gate),
        sign_offs=tuple(
            sign_off_status(facts, guide, gate, spec.role) for spec in required_reviews(facts, guide, gate)
        ),
        conditions=tuple(
            item for item in facts.conditions if item.state != "withdrawn" and item.gate.order <= gate.order
        ),
        evidence=tuple(_required_evidence(facts, guide, gate)),
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


_HALVES: Mapping[AnswerStanding, int] = MappingProxyType(
    {
        AnswerStanding.SETTLED: 2,
        AnswerStanding.PROMISED: 1,
        AnswerStanding.OVERDUE: 0,
        AnswerStanding.OPEN: 0,
    }
)


def _all_answers(facts: ProjectFacts, guide: Guide) -> dict[str, tuple[DueAnswer, ...]]:
    return {field.id: _answers_to(facts, field) for field in guide.fields.values()}


def _answers_to(facts: ProjectFacts, field: FieldSpec) -> tuple[DueAnswer, ...]:
    found = []
    for key, fact in facts.content_keys((field.id,)):
        standing = answer_standing(facts, fact)
        halves = _HALVES[standing]
        found.append(DueAnswer(key, field, fact, standing, halves, is_obstacle=not halves))
    return tuple(found)


def _required_evidence(facts: ProjectFacts, guide: Guide, gate: Gate) -> Iterator[RequiredEvidence]:
    """Evidence asked for up to this gate, where its question is due and applies."""
    for field in guide.evidence_by(gate, light=facts.tier == 1):
        fact = facts.answer(field.id)
        if not (fact and fact.state is AnswerState.NOT_APPLICABLE):
            attached = [item for item in facts.evidence if item.field_id == field.id]
            yield RequiredEvidence(field, *_is_held(facts, fact, attached))


def _is_held(facts: ProjectFacts, fact: AnswerFact | None, attached: list[EvidenceFact]) -> tuple[bool, bool]:
    """Whether the document is there, and whether all that is attached has expired."""
    answered = fact is not None and fact.state is AnswerState.ANSWERED and fact.complete
    expired = bool(attached) and all(
        item.expires_on is not None and item.expires_on < facts.today for item in attached
    )
    return answered or bool(attached), expired


# ---------------------------------------------------------------- sentences


def _sentence(
    facts: ProjectFacts,
    guide: Guide,
    subject: DueAnswer | CheckState | SignOffState | ConditionFact | RequiredEvidence | Blocker,
) -> str:
    match subject:
        case DueAnswer():
            return _answer_sentence(facts, guide, subject)
        case CheckState():
            return check_sentence(facts, guide, subject)
        case SignOffState():
            return _sign_off_sentence(facts, guide, subject)
        case ConditionFact():
            day = subject.due_on.isoformat()
            return say(
                "The condition “{condition}” was due on {day}. Meet it, or agree on a new day.",
                condition=subject.text,
                day=day,
            )
        case RequiredEvidence():
            return _evidence_sentence(subject)
        case Blocker():
            return subject.text


def check_sentence(facts: ProjectFacts, guide: Guide, state: CheckState) -> str:
    """What a check says: its findings, or what it cannot tell for want of."""
    if state.result is CheckResult.CANNOT_TELL:
        wanted = [key_title(facts, guide, key) for key in state.missing] or [say("what it reads")]
        return say(
            "{check}: cannot tell until {wanted} is known.",
            check=state.title,
            wanted=_shortened(wanted, ", "),
        )
    text = _shortened(list(state.messages), " ") or say("{check}: fails.", check=state.title)
    if state.severity is Severity.WARNING:
        text += say(" Change it, or say why you go on.")
    return text


def _answer_sentence(facts: ProjectFacts, guide: Guide, due: DueAnswer) -> str:
    title = key_title(facts, guide, due.key)
    fact = due.fact
    if fact is None:
        return say("{title} has no answer.", title=title)
    if fact.state is AnswerState.ANSWERED:
        return say("{title} is answered only in part.", title=title)
    if due.standing is AnswerStanding.OVERDUE and fact.due_on:
        return say(
            "{title}: {owner} was to find out by {due_on}.",
            title=title,
            owner=fact.owner,
            due_on=fact.due_on.isoformat(),
        )
    return say("{title} is not known yet; say who finds out, and by when.", title=title)


def _sign_off_sentence(facts: ProjectFacts, guide: Guide, item: SignOffState) -> str:
    said = _sign_off_of_one(facts, guide, item)
    if item.needed == 1:
        return said
    return say(
        "{said} {given} of {needed} people have approved, which tier {tier} needs.",
        said=said,
        given=item.given,
        needed=item.needed,
        tier=facts.tier,
    )


def _sign_off_of_one(facts: ProjectFacts, guide: Guide, item: SignOffState) -> str:
    role = item.role.title
    if item.status is SignOffStatus.NOT_ASKED and item.given:
        return say("{role}: nobody else has been asked.", role=role)
    match item.status:
        case SignOffStatus.NOT_ASKED:
            return say("{role} has not been asked.", role=role)
        case SignOffStatus.ELSEWHERE:
            return say("{role} decided elsewhere, which does not count here. Ask to affirm it.", role=role)
        case SignOffStatus.WAITING:
            if due := item.review.due_on if item.review else None:
                return say("{role} has not decided yet (due {due}).", role=role, due=due.isoformat())
            return say("{role} has not decided yet.", role=role)
        case SignOffStatus.CHANGES_REQUESTED:
            return say("{role} requested changes. Make them and ask again.", role=role)
        case SignOffStatus.REJECTED:
            return say("{role} rejected it.", role=role)
        case SignOffStatus.STALE if item.sign_off:
            reasons = list(staleness(facts, guide, item.sign_off))
            return say(
                "{role} signed before this: {reasons} Ask to affirm it again.",
                role=role,
                reasons=_shortened(reasons, " "),
            )
        case _:
            return say("{role} has not signed here.", role=role)


def _evidence_sentence(item: RequiredEvidence) -> str:
    question = f"{item.field.title} ({item.field.id})"
    if item.is_expired:
        return say("The document for {question} has expired. Attach the current one.", question=question)
    return say("The document for {question} is missing. Attach it or link to it.", question=question)


def _shortened(sentences: list[str], between: str) -> str:
    shown = between.join(sentences[:_SHOWN])
    more = len(sentences) - _SHOWN
    return say("{shown} (and {more} more)", shown=shown, more=more) if more > 0 else shown
