"""Where one project stands: its track, what stands in the way, roles, tier, debt and dates."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlmodel import Session, col

from lifecycle.facts.editions import by_its_guide
from lifecycle.facts.known import known_project
from lifecycle.facts.projects import organisation_today
from lifecycle.facts.standing import compute_standing
from lifecycle.guide import Guide
from lifecycle.language import say
from lifecycle.queries import projects, records
from lifecycle.queries.findings import FindingView, findings
from lifecycle.queries.gates import allowed_actions
from lifecycle.queries.projects import ProjectHead, ProjectName
from lifecycle.queries.records import OutcomeView, TierChoiceView
from lifecycle.queries.wording import Place, Wording, all_names
from lifecycle.rules.gates import GOES
from lifecycle.rules.permissions import may
from lifecycle.rules.project_facts import AnswerFact, ProjectFacts
from lifecycle.rules.readiness import (
    early_planning_index,
    open_production_questions,
    production_debt,
    readiness,
)
from lifecycle.rules.signoffs import approvals_due, sign_off_status, valid_through
from lifecycle.rules.tiers import TierProposal, propose
from lifecycle.store.tables import (
    CurrentAnswer,
    Project,
    ProjectStanding,
    RegisterEntry,
    Standing,
    TargetDate,
)
from lifecycle.vocabulary import (
    Actor,
    AnswerState,
    Area,
    Blocker,
    CheckResult,
    Gate,
    Level,
    Role,
    SignOffStatus,
    Stage,
    reviewers,
)


@dataclass(frozen=True, slots=True)
class TrackStep:
    """One gate on the way. `level` None: the project is not assessed here."""

    gate: Gate
    stage: Stage
    level: Level | None
    since: datetime | None
    is_current: bool
    is_passed: bool
    target_on: date | None
    outcome: OutcomeView | None  # the newest recorded there


@dataclass(frozen=True, slots=True)
class RoleStep:
    """One of the six roles at the current gate. `status` None: it is not asked there."""

    role: Role
    status: SignOffStatus | None
    since: datetime | None
    who: str
    due_on: date | None
    review_id: int | None


@dataclass(frozen=True, slots=True)
class NextDate:
    on: date
    what: str
    is_overdue: bool
    place: Place | None = None
    gate: Gate | None = None


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """A don't-know, with who finds out."""

    place: Place
    owner: str
    due_on: date | None
    is_overdue: bool


@dataclass(frozen=True, slots=True)
class TierAnswer:
    """The answer that says which tier the project goes by."""

    place: Place
    person: str
    at: datetime
    why: str  # empty: the question asks for no reason, or none was given


@dataclass(frozen=True, slots=True)
class RegisterFacts:
    """What the register says of an imported project: facts, neither answers nor signatures."""

    register_name: str
    row_number: int
    external_id: str
    stage_word: str
    risk: str
    facts: tuple[tuple[str, str], ...]
    gone_at: datetime | None
    others: tuple[tuple[str, str], ...]  # columns that the mapping has no notion of


@dataclass(frozen=True, slots=True)
class ProjectOverview:
    """All that the project's first page shows. Level and areas are those of the current gate."""

    project: ProjectHead
    today: date
    stage_since: datetime
    level: Level | None  # None: from a register and not assessed here
    weakest: Area | None
    readiness: int  # per mille
    shares: Mapping[Area, int]
    since: datetime | None  # of the level
    track: tuple[TrackStep, ...]
    blockers: tuple[Blocker, ...]
    findings: tuple[FindingView, ...]  # those that fail, at the current gate or as advice; gravest first
    roles: tuple[RoleStep, ...]
    tier: int | None
    tier_answer: TierAnswer | None
    proposal: TierProposal | None
    tier_choice: TierChoiceView | None
    early_index: int | None  # per mille; None before the Discovery gate
    debt: int
    open_production_questions: tuple[Place, ...]
    open_questions: tuple[OpenQuestion, ...]
    dates: tuple[NextDate, ...]
    register: RegisterFacts | None
    merged_into: ProjectName | None  # for an imported one: which of ours it is
    may: frozenset[str]


@by_its_guide
def overview(session: Session, *, by: Actor, at: datetime, guide: Guide, key: str) -> ProjectOverview:
    """Raises NotFound for a project that does not exist or that this person may not read."""
    head = projects.head(session, key=key, by=by, at=at)
    known = known_project(session, head.id, guide=guide, today=organisation_today(session, at))
    facts = known.facts
    wording = Wording(facts, guide, all_names(session))
    ready = readiness(facts, guide, facts.gate or Gate.DISCOVERY, known.basis)
    index = early_planning_index(facts, guide)
    targets = _targets(session, head.id)
    levels, since = _levels(session, head.id, facts, guide, at)
    shown = findings(ready.checks, wording, by)
    return ProjectOverview(
        project=head,
        today=facts.today,
        stage_since=session.get_one(Project, head.id).stage_since,
        level=ready.level if head.is_adopted else None,
        weakest=ready.weakest if head.is_adopted else None,
        readiness=ready.readiness if head.is_adopted else 0,
        shares=ready.shares if head.is_adopted else {},
        since=since,
        track=_track(facts, levels, targets, records.outcomes(session, head.id, wording)),
        blockers=ready.blockers if head.is_adopted else (),
        findings=tuple(item for item in shown if item.result is CheckResult.FAILS) if head.is_adopted else (),
        roles=tuple(_role(wording, role) for role in reviewers()),
        tier=facts.tier,
        tier_answer=_tier_answer(session, head.id, wording),
        proposal=propose(facts, guide),
        tier_choice=records.tier_choice(session, head.id, wording),
        early_index=round(index * 1000) if index is not None else None,
        debt=production_debt(facts, guide),
        open_production_questions=wording.places(open_production_questions(facts, guide)),
        open_questions=tuple(_open_questions(wording)),
        dates=_dates(session, head.id, wording, targets),
        register=_register(session, head.id),
        merged_into=_merged_into(session, head.id, by),
        may=allowed_actions(by, head) | _register_actions(by, head),
    )


def _register_actions(by: Actor, head: ProjectHead) -> frozenset[str]:
    """What may be tried on a project that is not open: to adopt or place it, or to restore it."""
    wanted = ("projects.adopt", "projects.map_stage", "projects.archive", "projects.restore")
    return frozenset(action for action in wanted if may(action, by, head.roles))


def _targets(session: Session, project_id: int) -> dict[Gate, date]:
    rows = session.execute(select(TargetDate).where(col(TargetDate.project_id) == project_id)).scalars()
    return {Gate(row.gate): row.on_date for row in rows}


def _levels(
    session: Session, project_id: int, facts: ProjectFacts, guide: Guide, at: datetime
) -> tuple[dict[Gate, tuple[Level, datetime]], datetime | None]:
    """Level and since when of every gate, and since when the project is at its level; computed when outlived."""
    project = session.get(ProjectStanding, project_id)
    if project is None:
        return {}, None
    if project.valid_until and project.valid_until < facts.today:
        now = compute_standing(session, project_id, facts, guide, at)
        gates = {Gate(name): (Level(row["level"]), row["since"]) for name, row in now.gates.items()}
        return gates, now.project["since"]
    rows = session.execute(select(Standing).where(col(Standing.project_id) == project_id)).scalars()
    return {Gate(row.gate): (Level(row.level), row.since) for row in rows}, project.since


def _track(
    facts: ProjectFacts,
    levels: Mapping[Gate, tuple[Level, datetime]],
    targets: Mapping[Gate, date],
    recorded: Iterable[OutcomeView],
) -> tuple[TrackStep, ...]:
    newest = {made.gate: made for made in recorded}
    passed = facts.passed_gates
    return tuple(
        TrackStep(
            gate=gate,
            stage=gate.stage,
            level=levels[gate][0] if gate in levels else None,
            since=levels[gate][1] if gate in levels else None,
            is_current=gate is facts.gate,
            is_passed=gate in passed,
            target_on=targets.get(gate),
            outcome=newest.get(gate),
        )
        for gate in Gate
    )


def _role(wording: Wording, role: Role) -> RoleStep:
    facts, guide = wording.facts, wording.guide
    gate = facts.gate
    asked = {spec.role for spec in guide.reviews(gate, tier=facts.tier)} if gate else set()
    if gate is None or role not in asked:
        return RoleStep(role, None, None, "", None, None)
    state = sign_off_status(facts, guide, gate, role)
    waits = state.status is SignOffStatus.WAITING
    who = state.review if waits else state.sign_off
    return RoleStep(
        role=role,
        status=state.status,
        since=state.since,
        who=wording.person(who.person_key) if who else "",
        due_on=state.review.due_on if state.review else None,
        review_id=state.review.id if state.review else state.sign_off.review_id if state.sign_off else None,
    )


def _tier_answer(session: Session, project_id: int, wording: Wording) -> TierAnswer | None:
    field_id = wording.facts.tier_field
    row = session.get(CurrentAnswer, (project_id, 0, field_id)) if field_id else None
    if field_id is None or row is None:
        return None
    value = wording.facts.answers[field_id].value
    why = value.get("why") if isinstance(value, Mapping) else None
    return TierAnswer(wording.place(field_id), wording.person(row.by_key), row.at, str(why or ""))


# ---------------------------------------------------------------- questions and dates


def _answers(facts: ProjectFacts) -> Iterator[tuple[str, AnswerFact]]:
    yield from facts.answers.items()
    for source in facts.sources:
        for field_id, fact in source.answers.items():
            yield f"{field_id}@{source.id}", fact


def _open_questions(wording: Wording) -> list[OpenQuestion]:
    found = [
        OpenQuestion(
            place=wording.place(key),
            owner=wording.person(fact.owner or ""),
            due_on=fact.due_on,
            is_overdue=fact.due_on is not None and fact.due_on < wording.facts.today,
        )
        for key, fact in _answers(wording.facts)
        if fact.state is AnswerState.DONT_KNOW
    ]
    return sorted(found, key=lambda item: (item.due_on or date.max, item.place.key))


def _dates(
    session: Session, project_id: int, wording: Wording, targets: Mapping[Gate, date]
) -> tuple[NextDate, ...]:
    """What is due, by day: gates ahead, reviews, conditions, don't-knows, go-live, and what will lapse."""
    facts = wording.facts
    found = [
        *(
            (day, say("{gate} gate", gate=gate.title), None, gate)
            for gate, day in targets.items()
            if gate not in facts.passed_gates or gate is Gate.OPERATE
        ),
        *(
            (item.due_on, say("Review by {role}", role=item.role.title), None, item.gate)
            for item in facts.reviews
            if item.state == "open" and item.due_on
        ),
        *(
            (item.due_on, say("Condition: {condition}", condition=item.text), None, item.gate)
            for item in facts.conditions
            if item.state == "open"
        ),
        *(
            (item.due_on, say("To find out: {question}", question=item.place.title), item.place, None)
            for item in _open_questions(wording)
            if item.due_on
        ),
        *(
            (item.expires_on, say("Waiver of {check_id} ends", check_id=item.check_id), None, item.gate)
            for item in facts.waivers
            if item.is_in_force(facts.today)
        ),
        *(
            (day, say("Re-approval by {role}", role=made.role.title), None, made.gate)
            for made in approvals_due(facts, wording.guide)
            if (day := valid_through(facts, wording.guide, made))
        ),
        *(
            (item.expires_on, say("“{document}” expires", document=item.title), None, None)
            for item in facts.evidence
            if item.expires_on
        ),
        *_go_live(wording),
    ]
    dates = [NextDate(day, what, day < facts.today, place, gate) for day, what, place, gate in found]
    return tuple(sorted(dates, key=lambda item: (item.on, item.what)))


def _go_live(wording: Wording) -> Iterator[tuple[date, str, Place | None, Gate | None]]:
    fact = wording.facts.answer("D37")
    passed = any(made.gate is Gate.LAUNCH and made.outcome in GOES for made in wording.facts.decisions)
    if fact and isinstance(fact.value, date) and not passed:
        yield fact.value, say("First go-live"), wording.place("D37"), None


def _register(session: Session, project_id: int) -> RegisterFacts | None:
    row = session.get(RegisterEntry, project_id)
    return _register_facts(row) if row else None


def merged_facts(session: Session, *, project_id: int) -> tuple[RegisterFacts, ...]:
    """What registers say of the imported projects that were merged into this one; for who reads it.

    Depends on the events of those projects as well as on its own.
    """
    found = session.execute(
        select(RegisterEntry)
        .join(Project, col(Project.id) == col(RegisterEntry.project_id))
        .where(col(Project.merged_into) == project_id)
        .order_by(col(RegisterEntry.project_id))
    ).scalars()
    return tuple(_register_facts(row) for row in found)


def _merged_into(session: Session, project_id: int, by: Actor) -> ProjectName | None:
    """None also where the person may not read it."""
    into = session.get_one(Project, project_id).merged_into
    if into is None:
        return None
    ours = session.execute(
        select(Project).where(col(Project.id) == into, col(Project.id).in_(projects.readable_ids(by)))
    ).scalar_one_or_none()
    return ProjectName(ours.key, ours.name, ours.organisation) if ours else None


def _register_facts(row: RegisterEntry) -> RegisterFacts:
    return RegisterFacts(
        register_name=row.register_name,
        row_number=row.row_number,
        external_id=row.external_id or "",
        stage_word=row.stage_word,
        risk=row.risk,
        facts=tuple((str(label), str(value)) for label, value in json.loads(row.facts)),
        gone_at=row.gone_at,
        others=tuple((str(label), str(value)) for label, value in json.loads(row.others or "[]")),
    )
