"""Everything that waits for one person, and the projects they work on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlmodel import Session, col

from lifecycle.facts.projects import load_many, organisation_today
from lifecycle.facts.standing import compute_standing
from lifecycle.guide import Guide
from lifecycle.queries.threads import WaitingThread, waiting
from lifecycle.queries.wording import Place, Wording, all_names
from lifecycle.rules.project_facts import ProjectFacts, SignOffFact
from lifecycle.rules.signoffs import current_sign_off, is_stale, staleness
from lifecycle.store.tables import (
    Condition,
    CurrentAnswer,
    Membership,
    Project,
    ProjectStanding,
    Review,
    SignOff,
)
from lifecycle.vocabulary import (
    Act,
    Actor,
    AnswerState,
    Area,
    Decision,
    Gate,
    Level,
    ProjectStatus,
    Role,
    Stage,
)


@dataclass(frozen=True, slots=True)
class WaitingReview:
    """A request that waits for this person."""

    review_id: int
    project_key: str
    project_name: str
    gate: Gate
    role: Role
    act: Act
    requested_by: str
    requested_at: datetime
    days_waiting: int
    due_on: date | None
    is_overdue: bool
    message: str


@dataclass(frozen=True, slots=True)
class StaleSignOff:
    """A decision of this person that no longer covers what is there. The review's page shows the difference."""

    sign_off_id: int
    review_id: int
    project_key: str
    project_name: str
    gate: Gate
    role: Role
    decision: Decision
    decided_at: datetime
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OwnedCondition:
    condition_id: int
    project_key: str
    project_name: str
    gate: Gate
    text: str
    due_on: date
    is_overdue: bool


@dataclass(frozen=True, slots=True)
class OwnedQuestion:
    """A don't-know that this person is to find out."""

    project_key: str
    project_name: str
    place: Place
    due_on: date | None
    is_overdue: bool


@dataclass(frozen=True, slots=True)
class ProjectLine:
    """One project with where it stands. `level` None: from a register and not assessed here."""

    id: int
    key: str
    name: str
    organisation: str
    stage: Stage | None
    gate: Gate | None
    status: ProjectStatus
    roles: tuple[Role, ...]
    level: Level | None
    weakest: Area | None
    readiness: int
    blockers: int
    top_blocker: str
    top_code: str
    next_on: date | None
    next_what: str
    stage_since: datetime


@dataclass(frozen=True, slots=True)
class MyWork:
    """Most urgent first in each list."""

    today: date
    reviews: tuple[WaitingReview, ...]
    stale: tuple[StaleSignOff, ...]
    conditions: tuple[OwnedCondition, ...]
    questions: tuple[OwnedQuestion, ...]
    projects: tuple[ProjectLine, ...]
    threads: tuple[WaitingThread, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not (self.waits or self.projects)

    @property
    def waits(self) -> int:
        """How many things wait for this person."""
        owed = len(self.conditions) + len(self.questions) + len(self.threads)
        return len(self.reviews) + len(self.stale) + owed


_HELD = Mapping[int, tuple[Role, ...]]


def my_work(session: Session, *, by: Actor, at: datetime, guide: Guide) -> MyWork:
    """What waits for `by`, on projects that are not archived and where they hold a role."""
    today = organisation_today(session, at)
    held = _roles(session, by)
    projects = _projects(session, held)
    standings = _standings(session, list(projects))
    outlived = {key for key, row in standings.items() if row.valid_until and row.valid_until < today}
    wanted = sorted(_signed(session, by, projects) | outlived)
    facts = load_many(session, wanted, today=today, guide=guide) if wanted else {}
    for project_id in outlived:
        now = compute_standing(session, project_id, facts[project_id], guide, at).project
        standings[project_id] = ProjectStanding(project_id=project_id, **now)
    names = all_names(session)
    return MyWork(
        today=today,
        reviews=_reviews(session, by, projects, names, today),
        stale=_stale(by, projects, facts, guide),
        conditions=_conditions(session, by, projects, today),
        questions=_questions(session, by, projects, guide, names, today),
        projects=_lines(projects, standings, held),
        threads=waiting(session, by=by),
    )


def _roles(session: Session, by: Actor) -> _HELD:
    held: dict[int, tuple[Role, ...]] = {}
    rows = session.execute(
        select(col(Membership.project_id), col(Membership.role)).where(
            col(Membership.person_key) == by.key, col(Membership.ended_at).is_(None)
        )
    )
    for row in rows:
        held[row.project_id] = (*held.get(row.project_id, ()), Role(row.role))
    return {project_id: tuple(role for role in Role if role in roles) for project_id, roles in held.items()}


def _projects(session: Session, held: _HELD) -> dict[int, Project]:
    rows = session.execute(
        select(Project)
        .where(col(Project.id).in_(list(held)), col(Project.archived_at).is_(None))
        .order_by(col(Project.name), col(Project.id))
    ).scalars()
    return {row.id or 0: row for row in rows}


def _standings(session: Session, project_ids: Sequence[int]) -> dict[int, ProjectStanding]:
    rows = session.execute(
        select(ProjectStanding).where(col(ProjectStanding.project_id).in_(project_ids))
    ).scalars()
    return {row.project_id: row for row in rows}


def _signed(session: Session, by: Actor, projects: Mapping[int, Project]) -> set[int]:
    """Projects where this person signed something: only their content can tell whether it is stale."""
    signed = session.execute(
        select(col(SignOff.project_id)).where(col(SignOff.person_key) == by.key).distinct()
    ).scalars()
    return {project_id for project_id in signed if project_id in projects}


def _mine(by: Actor) -> list[str]:
    """How an answer or condition may name this person as owner."""
    return [by.key, f"@{by.key}", by.name]


# ---------------------------------------------------------------- lists


def _reviews(
    session: Session, by: Actor, projects: Mapping[int, Project], names: Mapping[str, str], today: date
) -> tuple[WaitingReview, ...]:
    rows = session.execute(
        select(Review).where(
            col(Review.person_key) == by.key,
            col(Review.state) == "open",
            col(Review.project_id).in_(list(projects)),
        )
    ).scalars()
    found = [
        WaitingReview(
            review_id=row.id or 0,
            project_key=projects[row.project_id].key,
            project_name=projects[row.project_id].name,
            gate=Gate(row.gate),
            role=Role(row.role),
            act=Act(row.act),
            requested_by=names.get(row.requested_by, row.requested_by),
            requested_at=row.requested_at,
            days_waiting=(today - row.requested_at.date()).days,
            due_on=row.due_on,
            is_overdue=row.due_on is not None and row.due_on < today,
            message=row.message,
        )
        for row in rows
    ]
    return tuple(sorted(found, key=lambda item: (item.due_on or date.max, item.requested_at, item.review_id)))


def _stale(
    by: Actor, projects: Mapping[int, Project], facts: Mapping[int, ProjectFacts], guide: Guide
) -> tuple[StaleSignOff, ...]:
    found = [
        StaleSignOff(
            sign_off_id=made.id,
            review_id=made.review_id,
            project_key=projects[project_id].key,
            project_name=projects[project_id].name,
            gate=made.gate,
            role=made.role,
            decision=made.decision,
            decided_at=made.at,
            reasons=staleness(known, guide, made),
        )
        for project_id, known in facts.items()
        for made in _own_stale(by, known, guide)
    ]
    return tuple(sorted(found, key=lambda item: (item.project_name, item.gate.order, item.sign_off_id)))


def _own_stale(by: Actor, facts: ProjectFacts, guide: Guide) -> Iterable[SignOffFact]:
    if facts.status in (ProjectStatus.STOPPED, ProjectStatus.RETIRED):
        return ()
    return (
        made
        for made in facts.sign_offs
        if made.person_key == by.key
        and made.act is not Act.CONSULT
        and made.decision.is_favourable
        and made == current_sign_off(facts, made.gate, made.role)
        and is_stale(facts, guide, made)
    )


def _conditions(
    session: Session, by: Actor, projects: Mapping[int, Project], today: date
) -> tuple[OwnedCondition, ...]:
    rows = session.execute(
        select(Condition)
        .where(
            col(Condition.owner).in_(_mine(by)),
            col(Condition.state) == "open",
            col(Condition.project_id).in_(list(projects)),
        )
        .order_by(col(Condition.due_on), col(Condition.id))
    ).scalars()
    return tuple(
        OwnedCondition(
            condition_id=row.id or 0,
            project_key=projects[row.project_id].key,
            project_name=projects[row.project_id].name,
            gate=Gate(row.gate),
            text=row.text,
            due_on=row.due_on,
            is_overdue=row.due_on < today,
        )
        for row in rows
    )


def _questions(
    session: Session,
    by: Actor,
    projects: Mapping[int, Project],
    guide: Guide,
    names: Mapping[str, str],
    today: date,
) -> tuple[OwnedQuestion, ...]:
    rows = session.execute(
        select(CurrentAnswer).where(
            col(CurrentAnswer.owner).in_(_mine(by)),
            col(CurrentAnswer.state) == AnswerState.DONT_KNOW.value,
            col(CurrentAnswer.project_id).in_(list(projects)),
        )
    ).scalars()
    empty = Wording(ProjectFacts(today=today), guide, names)
    found = [
        OwnedQuestion(
            project_key=projects[row.project_id].key,
            project_name=projects[row.project_id].name,
            place=empty.place(f"{row.field_id}@{row.source_id}" if row.source_id else row.field_id),
            due_on=row.due_on,
            is_overdue=row.due_on is not None and row.due_on < today,
        )
        for row in rows
        if row.field_id in guide.fields
    ]
    return tuple(sorted(found, key=lambda item: (item.due_on or date.max, item.project_name, item.place.key)))


# ---------------------------------------------------------------- projects


def _lines(
    projects: Mapping[int, Project], standings: Mapping[int, ProjectStanding], held: _HELD
) -> tuple[ProjectLine, ...]:
    lines = [_line(row, standings.get(project_id), held[project_id]) for project_id, row in projects.items()]
    return tuple(sorted(lines, key=lambda item: (item.next_on or date.max, item.name)))


def _line(row: Project, standing: ProjectStanding | None, roles: tuple[Role, ...]) -> ProjectLine:
    return ProjectLine(
        id=row.id or 0,
        key=row.key,
        name=row.name,
        organisation=row.organisation,
        stage=Stage(row.stage) if row.stage else None,
        gate=Gate(row.gate) if row.gate else None,
        status=ProjectStatus(row.status),
        roles=roles,
        level=Level(standing.level) if standing else None,
        weakest=Area(standing.weakest) if standing else None,
        readiness=standing.readiness if standing else 0,
        blockers=standing.blockers if standing else 0,
        top_blocker=standing.top_blocker if standing else "",
        top_code=standing.top_code if standing else "",
        next_on=standing.next_on if standing else None,
        next_what=standing.next_what if standing else "",
        stage_since=row.stage_since,
    )
