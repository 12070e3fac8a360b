"""One project as plain values: what every rule takes. Built by the facts ring, or by hand in a test."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from lifecycle.vocabulary import (
    Act,
    AnswerState,
    Decision,
    Gate,
    Outcome,
    ProjectStatus,
    Role,
    Stage,
)

# A decoded answer value: a scalar for a single field, a mapping of parts, or a tuple of rows.
# Rows are mappings of column id to decoded value with the stable row id under "id".
Value = Any


@dataclass(frozen=True, slots=True)
class AnswerFact:
    """The current answer to one field. `value` is decoded (rules.answers.decode), None unless answered."""

    state: AnswerState
    value: Value = None
    complete: bool = True  # every required part is there
    owner: str | None = None
    due_on: date | None = None
    reason: str | None = None
    answer_id: int = 0
    revision: int = 0
    content: str = ""  # digest of state and value: what a sign-off is bound to
    settled_stage: Stage | None = None  # furthest stage reached when first answered or not applicable
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SourceFact:
    """One data source with its X answers."""

    id: int
    name: str
    answers: Mapping[str, AnswerFact] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SignOffFact:
    """One decision as recorded. `covered` maps keys (`D14`, `X07@3`, `evidence@12`) to the content it was bound to."""

    id: int
    review_id: int
    gate: Gate
    role: Role
    act: Act
    person_key: str
    printed_name: str
    decision: Decision
    at: datetime
    covered: Mapping[str, str]
    approval_level: int = 0  # of the person, now
    invalidations: tuple[str, ...] = ()  # open causes
    fields: tuple[str, ...] = ()  # changes requested on these
    comment: str = ""
    signed_on: date | None = None  # the day in the organisation's time zone; None: that of `at`


@dataclass(frozen=True, slots=True)
class ReviewFact:
    id: int
    gate: Gate
    role: Role
    act: Act
    person_key: str
    requested_by: str
    requested_at: datetime
    due_on: date | None
    state: str  # open, decided, withdrawn
    handed_over_by: str | None = None  # who passed this one request on


@dataclass(frozen=True, slots=True)
class DelegationFact:
    """`to` stands in for `from` in one role: first and last day count. `project_id` None: on all projects."""

    id: int
    from_key: str
    from_name: str
    to_key: str
    to_name: str
    role: Role
    project_id: int | None
    starts_on: date
    ends_on: date

    def is_in_force(self, day: date) -> bool:
        return self.starts_on <= day <= self.ends_on

    def covers(self, project_id: int) -> bool:
        return self.project_id is None or self.project_id == project_id

    def meets(self, other: DelegationFact) -> bool:
        """Whether both hold for the same role on the same day of the same project."""
        same_place = None in (self.project_id, other.project_id) or self.project_id == other.project_id
        same_days = self.starts_on <= other.ends_on and other.starts_on <= self.ends_on
        return self.role is other.role and same_place and same_days


@dataclass(frozen=True, slots=True)
class ConditionFact:
    id: int
    gate: Gate
    role: Role | None
    text: str
    owner: str
    due_on: date
    state: str  # open, met, withdrawn


@dataclass(frozen=True, slots=True)
class WaiverFact:
    id: int
    check_id: str
    gate: Gate
    approver: str
    mitigation: str
    expires_on: date
    is_revoked: bool = False

    def is_in_force(self, day: date) -> bool:
        return not self.is_revoked and self.expires_on >= day


@dataclass(frozen=True, slots=True)
class ReasonFact:
    """A product manager's reason for a warning; counts while the inputs' digest is the same."""

    check_id: str
    reason: str
    inputs_digest: str


@dataclass(frozen=True, slots=True)
class GateDecisionFact:
    gate: Gate
    outcome: Outcome
    at: datetime
    by_key: str
    reason: str = ""
    to_stage: Stage | None = None


@dataclass(frozen=True, slots=True)
class EvidenceFact:
    """A document as it is now. `content` is the digest of its current revision."""

    field_id: str | None
    gate: Gate | None
    expires_on: date | None
    id: int = 0
    title: str = ""
    source_id: int = 0
    content: str = ""
    revision: int = 1
    revision_id: int = 0
    at: datetime | None = None  # of the current revision
    removed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class MemberFact:
    person_key: str
    role: Role
    approval_level: int
    name: str = ""


@dataclass(frozen=True, slots=True)
class PastAnswer:
    """An earlier answer to a field, for rules about history (C28, C71)."""

    value: Value
    state: AnswerState | None
    at: datetime


@dataclass(frozen=True)
class ProjectFacts:
    """Everything the rules may look at. `today` is the date in the organisation's time zone, passed in."""

    today: date
    stage: Stage | None = Stage.DISCOVERY
    gate: Gate | None = Gate.DISCOVERY  # the gate the project works towards
    furthest_stage: Stage | None = Stage.DISCOVERY
    status: ProjectStatus = ProjectStatus.ACTIVE
    is_adopted: bool = True  # False: imported and not assessed here
    answers: Mapping[str, AnswerFact] = field(default_factory=dict)
    sources: tuple[SourceFact, ...] = ()
    reviews: tuple[ReviewFact, ...] = ()
    sign_offs: tuple[SignOffFact, ...] = ()  # oldest first, withdrawn ones left out
    conditions: tuple[ConditionFact, ...] = ()
    waivers: tuple[WaiverFact, ...] = ()  # those that ended too
    reasons: tuple[ReasonFact, ...] = ()
    decisions: tuple[GateDecisionFact, ...] = ()  # oldest first
    evidence: tuple[EvidenceFact, ...] = ()
    removed_evidence: tuple[EvidenceFact, ...] = ()  # for the sentences that name what is gone
    members: tuple[MemberFact, ...] = ()
    tier_choice: int | None = None
    history: Mapping[str, tuple[PastAnswer, ...]] = field(default_factory=dict)  # D27, D37, oldest first
    live_since: date | None = None
    # Favourable decisions that an imported document tells of: they satisfy nothing here.
    elsewhere: Mapping[tuple[Gate, Role], datetime] = field(default_factory=dict)

    def answer(self, field_id: str) -> AnswerFact | None:
        return self.answers.get(field_id)

    def content_keys(self, field_ids: tuple[str, ...]) -> Iterator[tuple[str, AnswerFact | None]]:
        """Key and answer of every field, data-source fields once per source as `X07@3`."""
        for field_id in field_ids:
            if field_id.startswith("X"):
                for source in self.sources:
                    yield f"{field_id}@{source.id}", source.answers.get(field_id)
            else:
                yield field_id, self.answers.get(field_id)

    @property
    def tier(self) -> int | None:
        """The tier that rules go by: confirmed (R21), else provisional (D33), else unknown."""
        return self._tier_said[1] if self._tier_said else None

    @property
    def tier_field(self) -> str | None:
        """The question whose answer says the tier."""
        return self._tier_said[0] if self._tier_said else None

    @property
    def _tier_said(self) -> tuple[str, int] | None:
        for field_id, part in (("R21", "tier"), ("D33", None)):
            fact = self.answers.get(field_id)
            if fact and fact.state is AnswerState.ANSWERED and fact.value is not None:
                value = fact.value.get(part) if part else fact.value
                if value is not None:
                    return field_id, int(value)
        return None

    @property
    def passed_gates(self) -> tuple[Gate, ...]:
        """Gates with a go whose stage has not been re-opened since by a recycle."""
        passed: list[Gate] = []
        for decision in self.decisions:
            if decision.outcome in (Outcome.GO, Outcome.GO_WITH_CONDITIONS):
                if decision.gate not in passed:
                    passed.append(decision.gate)
            elif decision.outcome is Outcome.RECYCLE and decision.to_stage is not None:
                passed = [gate for gate in passed if gate.stage.order < decision.to_stage.order]
        return tuple(passed)
