"""One gate of a project: readiness, blockers, reviews, records, and what this person may do about them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Protocol, TypeVar

from sqlalchemy import select
from sqlmodel import Session, col

from lifecycle.facts.editions import by_its_guide
from lifecycle.facts.known import known_project
from lifecycle.facts.projects import organisation_today
from lifecycle.facts.reviews import candidates
from lifecycle.guide import Guide, ReviewSpec
from lifecycle.language import say
from lifecycle.queries import projects, records
from lifecycle.queries.change_requests import RequestedChange, requested_changes
from lifecycle.queries.findings import FindingView, findings
from lifecycle.queries.projects import ProjectHead
from lifecycle.queries.records import (
    ConditionView,
    EvidenceView,
    OutcomeView,
    ReasonView,
    SignatureView,
    TierChoiceView,
    WaiverView,
)
from lifecycle.queries.wording import Place, Wording, all_names, message_of
from lifecycle.rules.gates import may_decide_gate
from lifecycle.rules.permissions import PERMISSIONS, may, refusal
from lifecycle.rules.project_facts import ProjectFacts
from lifecycle.rules.readiness import GateReadiness, readiness
from lifecycle.rules.reviews import Candidate, may_be_asked
from lifecycle.rules.signoffs import (
    current_sign_offs,
    is_stale,
    reapproval_due,
    required_reviews,
    sign_off_status,
    stale_keys,
    staleness,
)
from lifecycle.rules.tiers import TierProposal, propose
from lifecycle.store.tables import Review, TargetDate
from lifecycle.vocabulary import (
    Act,
    Actor,
    Area,
    Blocker,
    CheckResult,
    Gate,
    Level,
    Outcome,
    Role,
    SignOffStatus,
    Stage,
)

_PERMISSION = {
    Outcome.GO: "gates.go",
    Outcome.GO_WITH_CONDITIONS: "gates.go",
    Outcome.RECYCLE: "gates.recycle",
    Outcome.STOP: "gates.stop",
}
# A recycle and a stop need words and a place; the form asks for them, so their absence bars no button.
_ASKED_IN_THE_FORM = frozenset({"no_reason", "no_stage"})


class _OfGate(Protocol):
    @property
    def gate(self) -> Gate | None: ...


_Record = TypeVar("_Record", bound=_OfGate)


@dataclass(frozen=True, slots=True)
class RequestView:
    """A request to one person, open or closed."""

    id: int
    person_key: str
    person: str
    requested_by: str
    requested_at: datetime
    due_on: date | None
    is_overdue: bool
    days_waiting: int
    state: str
    message: str


@dataclass(frozen=True, slots=True)
class Choice:
    """Somebody on the list for a role, and why they cannot be asked now; empty: they can."""

    person_key: str
    name: str
    against: tuple[Blocker, ...]


@dataclass(frozen=True, slots=True)
class RoleView:
    """One role at the gate: what it is asked, where its sign-off stands, and who may be asked."""

    role: Role
    act: Act
    meaning: str
    is_required: bool
    status: SignOffStatus
    since: datetime | None
    who: str  # who signed, or who is asked
    due_on: date | None
    stale_reasons: tuple[str, ...]
    stale_places: tuple[Place, ...]
    review_id: int | None  # the page to open: the open request, else that of the standing decision
    requests: tuple[RequestView, ...]  # newest first
    given: int  # how many different people have approved, valid now
    needed: int
    due_again: date | None  # the day until which an approval is good, where that is near
    choices: tuple[Choice, ...]  # those who can be asked first
    changes: tuple[RequestedChange, ...] = ()  # what this role wants changed, while it is


@dataclass(frozen=True, slots=True)
class OutcomeChoice:
    """An outcome and why this person may not record it; empty: they may. Reason and stage are asked by the form."""

    outcome: Outcome
    against: tuple[Blocker, ...]


@dataclass(frozen=True, slots=True)
class GateView:
    """All that the gate's page shows. `may` holds the actions that this person's roles allow."""

    project: ProjectHead
    gate: Gate
    is_current: bool
    is_passed: bool  # it had a go and was not sent back since; its level says whether that still carries
    today: date
    level: Level
    weakest: Area
    readiness: int
    shares: Mapping[Area, int]
    blockers: tuple[Blocker, ...]
    findings: tuple[FindingView, ...]
    roles: tuple[RoleView, ...]
    signatures: tuple[SignatureView, ...]  # at this gate, newest first
    conditions: tuple[ConditionView, ...]  # of this gate and open ones of earlier gates
    waivers: tuple[WaiverView, ...]
    reasons: tuple[ReasonView, ...]
    evidence: tuple[EvidenceView, ...]
    outcomes: tuple[OutcomeView, ...]  # recorded at this gate, newest first
    choices: tuple[OutcomeChoice, ...]
    stages_back: tuple[Stage, ...]  # where a recycle may go
    target_on: date | None
    tier: int | None
    proposal: TierProposal | None
    tier_choice: TierChoiceView | None
    may: frozenset[str]

    @property
    def fails(self) -> tuple[FindingView, ...]:
        return tuple(item for item in self.findings if item.result is CheckResult.FAILS)

    @property
    def cannot_tell(self) -> tuple[FindingView, ...]:
        return tuple(item for item in self.findings if item.result is CheckResult.CANNOT_TELL)

    @property
    def passes(self) -> tuple[FindingView, ...]:
        return tuple(item for item in self.findings if item.result is CheckResult.PASSES)


@by_its_guide
def view(
    session: Session, *, by: Actor, at: datetime, guide: Guide, key: str, gate: Gate | None = None
) -> GateView:
    """The gate of a project, by default the one it works towards. Raises NotFound."""
    head = projects.head(session, key=key, by=by, at=at)
    known = known_project(session, head.id, guide=guide, today=organisation_today(session, at))
    facts = known.facts
    chosen = gate or facts.gate or Gate.DISCOVERY
    wording = Wording(facts, guide, all_names(session))
    ready = readiness(facts, guide, chosen, known.basis)
    signed = records.signatures(session, head.id, wording)
    recorded = records.outcomes(session, head.id, wording)
    return GateView(
        project=head,
        gate=chosen,
        is_current=facts.gate is chosen,
        is_passed=chosen in facts.passed_gates,
        today=facts.today,
        level=ready.level,
        weakest=ready.weakest,
        readiness=ready.readiness,
        shares=ready.shares,
        blockers=ready.blockers,
        findings=findings(ready.checks, wording, by),
        roles=roles_of_gate(session, head.id, wording, chosen, by),
        signatures=tuple(reversed(_of(signed, chosen))),
        conditions=_conditions(records.conditions(session, head.id, wording), chosen),
        waivers=records.waivers(session, head.id, wording),
        reasons=records.reasons(session, head.id, wording, ready.checks),
        evidence=_evidence(session, head.id, wording, ready),
        outcomes=tuple(reversed(_of(recorded, chosen))),
        choices=_choices(facts, guide, chosen, head, by),
        stages_back=tuple(stage for stage in Stage if facts.stage and stage.order <= facts.stage.order),
        target_on=_target(session, head.id, chosen),
        tier=facts.tier,
        proposal=propose(facts, guide),
        tier_choice=records.tier_choice(session, head.id, wording),
        may=allowed_actions(by, head),
    )


def decided(
    session: Session, *, by: Actor, at: datetime, guide: Guide, key: str, gate: Gate
) -> tuple[OutcomeView, ...]:
    """What was recorded at a gate, newest first. Raises NotFound."""
    head = projects.head(session, key=key, by=by, at=at)
    today = organisation_today(session, at)
    wording = Wording(ProjectFacts(today=today), guide, all_names(session))
    return tuple(reversed(_of(records.outcomes(session, head.id, wording), gate)))


def allowed_actions(by: Actor, head: ProjectHead) -> frozenset[str]:
    """The actions on this project that the table of permissions lets this person try, while it is open."""
    if not head.is_open:
        return frozenset()
    return frozenset(action for action in PERMISSIONS if may(action, by, head.roles))


def _of(items: Iterable[_Record], gate: Gate) -> tuple[_Record, ...]:
    return tuple(item for item in items if item.gate is gate)


def _conditions(found: Iterable[ConditionView], gate: Gate) -> tuple[ConditionView, ...]:
    return tuple(
        item for item in found if item.gate is gate or (item.state == "open" and item.gate.order < gate.order)
    )


def _evidence(
    session: Session, project_id: int, wording: Wording, ready: GateReadiness
) -> tuple[EvidenceView, ...]:
    """Documents of this gate, and those attached to fields that are due by it."""
    return records.evidence_by(records.evidence(session, project_id, wording), wording.guide, ready.gate)


def _target(session: Session, project_id: int, gate: Gate) -> date | None:
    planned = session.get(TargetDate, (project_id, gate.value))
    return planned.on_date if planned else None


def _choices(
    facts: ProjectFacts, guide: Guide, gate: Gate, head: ProjectHead, by: Actor
) -> tuple[OutcomeChoice, ...]:
    return tuple(
        OutcomeChoice(outcome, _against(facts, guide, gate, outcome, head, by)) for outcome in Outcome
    )


def _against(
    facts: ProjectFacts, guide: Guide, gate: Gate, outcome: Outcome, head: ProjectHead, by: Actor
) -> tuple[Blocker, ...]:
    if sentence := refusal(_PERMISSION[outcome], by, head.roles):
        return (Blocker("not_permitted", sentence, gate=gate),)
    if head.archived_at is not None:
        return (Blocker("project:archived", say("This project is archived. Restore it before changing it.")),)
    return tuple(
        blocker
        for blocker in may_decide_gate(facts, guide, gate, outcome, by)
        if blocker.code not in _ASKED_IN_THE_FORM
    )


# ---------------------------------------------------------------- roles


def roles_of_gate(
    session: Session, project_id: int, wording: Wording, gate: Gate, by: Actor
) -> tuple[RoleView, ...]:
    """Every role that the tier's track asks at the gate, in the order of the guide."""
    facts, guide = wording.facts, wording.guide
    rows = session.execute(
        select(Review)
        .where(col(Review.project_id) == project_id, col(Review.gate) == gate.value)
        .order_by(col(Review.id).desc())
    ).scalars()
    requests: dict[Role, list[Review]] = {}
    for row in rows:
        requests.setdefault(Role(row.role), []).append(row)
    listed = candidates(session)
    required = {spec.role for spec in required_reviews(facts, guide, gate)}
    changes = [
        item for item in requested_changes(session, project_id, wording) if item.gate is gate and item.is_open
    ]
    roles = [
        _role(wording, gate, spec, spec.role in required, requests.get(spec.role, []), listed, by)
        for spec in guide.reviews(gate, tier=facts.tier)
    ]
    return tuple(
        replace(role, changes=tuple(item for item in changes if item.role is role.role)) for role in roles
    )


def _role(
    wording: Wording,
    gate: Gate,
    spec: ReviewSpec,
    is_required: bool,
    rows: list[Review],
    listed: tuple[Candidate, ...],
    by: Actor,
) -> RoleView:
    facts, guide = wording.facts, wording.guide
    state = sign_off_status(facts, guide, gate, spec.role)
    unsigned = (SignOffStatus.WAITING, SignOffStatus.NOT_ASKED, SignOffStatus.ELSEWHERE)
    signed = None if state.status in unsigned else state.sign_off
    stale = state.sign_off if state.is_stale else None
    asked = next((row for row in rows if row.state == "open"), None)
    return RoleView(
        role=spec.role,
        act=spec.act,
        meaning=spec.meaning,
        is_required=is_required,
        status=state.status,
        since=state.since,
        who=wording.person(signed.person_key if signed else asked.person_key if asked else ""),
        due_on=asked.due_on if asked else None,
        stale_reasons=staleness(facts, guide, stale) if stale else (),
        stale_places=_changed_places(wording, stale_keys(facts, guide, stale)) if stale else (),
        review_id=asked.id if asked else state.sign_off.review_id if state.sign_off else None,
        requests=tuple(_request(row, wording) for row in rows),
        given=state.given,
        needed=state.needed,
        due_again=_due_again(facts, guide, gate, spec.role),
        choices=_people(facts, guide, gate, spec.role, listed, by),
    )


def _due_again(facts: ProjectFacts, guide: Guide, gate: Gate, role: Role) -> date | None:
    """The first day on which an approval of the role at the gate ends, within the time of notice."""
    made = [item for item in current_sign_offs(facts, guide, gate, role) if not is_stale(facts, guide, item)]
    return min((day for item in made if (day := reapproval_due(facts, guide, item))), default=None)


def _changed_places(wording: Wording, keys: tuple[str, ...]) -> tuple[Place, ...]:
    return wording.places(tuple(key for key in keys if key.partition("@")[0] in wording.guide.fields))


def _request(row: Review, wording: Wording) -> RequestView:
    today = wording.facts.today
    return RequestView(
        id=row.id or 0,
        person_key=row.person_key,
        person=wording.person(row.person_key),
        requested_by=wording.person(row.requested_by),
        requested_at=row.requested_at,
        due_on=row.due_on,
        is_overdue=row.state == "open" and row.due_on is not None and row.due_on < today,
        days_waiting=(today - row.requested_at.date()).days,
        state=row.state,
        message=message_of(row),
    )


def _people(
    facts: ProjectFacts, guide: Guide, gate: Gate, role: Role, listed: tuple[Candidate, ...], by: Actor
) -> tuple[Choice, ...]:
    """Active people on the list for this role; for the approver those with any level."""
    found = [
        Choice(person.key, person.name, may_be_asked(facts, guide, gate, role, person, asked_by=by.key))
        for person in listed
        if person.active and (person.approval_level if role is Role.APPROVER else role in person.reviews_as)
    ]
    return tuple(sorted(found, key=lambda item: (bool(item.against), item.name.casefold())))
