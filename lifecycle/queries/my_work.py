"""Everything that waits for one person, and the projects they work on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import CompoundSelect, literal, or_, select, union_all
from sqlmodel import Session, col

from lifecycle.facts.delegations import delegations_to
from lifecycle.facts.editions import guides_of, load_by_guide
from lifecycle.facts.projects import organisation_today
from lifecycle.facts.standing import compute_standing, words_of
from lifecycle.guide import Guide
from lifecycle.queries.change_requests import (
    RequestedChange,
    projects_asked_to_change,
    requested_changes,
)
from lifecycle.queries.threads import WaitingThread, waiting
from lifecycle.queries.wording import Place, Wording, all_names, message_of
from lifecycle.rules.permissions import TEAM
from lifecycle.rules.project_facts import ProjectFacts, SignOffFact, SourceFact
from lifecycle.rules.reviews import ENDED
from lifecycle.rules.signoffs import (
    approvals_due,
    current_sign_offs,
    has_lost_ground,
    sign_off_status,
    staleness,
    valid_through,
)
from lifecycle.store.tables import (
    Condition,
    CurrentAnswer,
    DataSource,
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
    SignOffStatus,
    Stage,
)

_UNFAVOURABLE = (Decision.CHANGES_REQUESTED, Decision.REJECTED)


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
    stands_in_for: str = ""  # whom it was asked of, where this person stands in for them


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
class DueApproval:
    """An approval of this person that holds and soon has to be given again."""

    review_id: int
    project_name: str
    gate: Gate
    role: Role
    due_on: date


@dataclass(frozen=True, slots=True)
class SignedFor:
    """What somebody signed in this person's place, lately."""

    review_id: int
    project_name: str
    gate: Gate
    role: Role
    decision: Decision
    who: str
    at: datetime


@dataclass(frozen=True, slots=True)
class SentBack:
    """A reviewer sent work of this product manager back, and has not been asked again since."""

    sign_off_id: int
    review_id: int
    project_key: str
    project_name: str
    gate: Gate
    role: Role
    decision: Decision  # changes requested, or rejected
    by_name: str
    comment: str
    places: tuple[Place, ...]  # the answers to change, where the reviewer named some


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
class AskedChange:
    """A change that a reviewer asks for on a project that this person fills in."""

    project_key: str
    project_name: str
    change: RequestedChange


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
    changes: tuple[AskedChange, ...]
    sent_back: tuple[SentBack, ...]
    projects: tuple[ProjectLine, ...]
    due: tuple[DueApproval, ...] = ()
    signed_for: tuple[SignedFor, ...] = ()
    threads: tuple[WaitingThread, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not (self.waits or self.projects or self.due or self.signed_for)

    @property
    def waits(self) -> int:
        """How many things wait for this person."""
        lists = (
            self.reviews,
            self.stale,
            self.conditions,
            self.questions,
            self.changes,
            self.sent_back,
            self.threads,
        )
        return sum(len(items) for items in lists)


TOLD_FOR = timedelta(days=31)
_HELD = Mapping[int, tuple[Role, ...]]
_GUIDES = Mapping[int, Guide]  # that of each project


def my_work(session: Session, *, by: Actor, at: datetime, guide: Guide) -> MyWork:
    """What waits for `by`, on projects that are not archived and where they hold a role."""
    today = organisation_today(session, at)
    held = _roles(session, by)
    projects = _projects(session, held)
    standings = _standings(session, list(projects))
    outlived = {key for key, row in standings.items() if row.valid_until and row.valid_until < today}
    asked = _asked_to_change(session, held, projects)
    managed = [project_id for project_id in projects if Role.PRODUCT_MANAGER in held[project_id]]
    sent_back = _sent_back(session, managed)
    wanted = sorted(_signed(session, by, projects) | outlived | asked | sent_back)
    guides = guides_of(session, guide, list(projects))
    facts = {
        project_id: known
        for _, found in load_by_guide(session, wanted, today=today, guide=guide)
        for project_id, known in found.items()
    }
    for project_id in outlived:
        now = compute_standing(session, project_id, facts[project_id], guides[project_id], at).project
        standings[project_id] = ProjectStanding(project_id=project_id, **now)
    names = all_names(session)
    changes = _changes(session, sorted(asked), projects, facts, guides, names)
    return MyWork(
        today=today,
        reviews=_most_urgent(
            (*_reviews(session, by, projects, names, today), *_stood_in(session, by, names, today))
        ),
        stale=_stale(by, projects, facts, guides),
        conditions=_conditions(session, by, projects, today),
        questions=_questions(session, by, projects, guides, names, today),
        changes=changes,
        sent_back=_returned(projects, {key: facts[key] for key in sorted(sent_back)}, guides, names, changes),
        projects=_lines(projects, standings, held),
        due=_due(by, projects, facts, guides),
        signed_for=_signed_for(session, by, projects, names, at),
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
    """Projects where this person signed something, or somebody for them: only content tells what is stale."""
    signed = session.execute(
        select(col(SignOff.project_id))
        .join(Review, col(Review.id) == col(SignOff.review_id))
        .where(or_(col(SignOff.person_key) == by.key, col(Review.person_key) == by.key))
        .distinct()
    ).scalars()
    return {project_id for project_id in signed if project_id in projects}


def _asked_to_change(session: Session, held: _HELD, projects: Mapping[int, Project]) -> set[int]:
    """Projects that this person fills in and on which a reviewer ever asked for a change."""
    filled_in = [project_id for project_id in projects if TEAM & set(held[project_id])]
    if not filled_in:
        return set()
    return projects_asked_to_change(session, filled_in)


def _sent_back(session: Session, project_ids: Sequence[int]) -> set[int]:
    """Those of the projects in which a reviewer ever asked for changes or rejected."""
    unfavourable = [decision.value for decision in _UNFAVOURABLE]
    found = session.execute(
        select(col(SignOff.project_id))
        .where(col(SignOff.project_id).in_(project_ids), col(SignOff.decision).in_(unfavourable))
        .distinct()
    )
    return set(found.scalars())


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
    return tuple(_waiting(row, projects[row.project_id], names, today) for row in rows)


def _stood_in(
    session: Session, by: Actor, names: Mapping[str, str], today: date
) -> tuple[WaitingReview, ...]:
    """What waits for those whom this person stands in for today, but what they may not decide themselves."""
    held = [fact for fact in delegations_to(session, by.key, today=today) if fact.is_in_force(today)]
    if not held:
        return ()
    rows = session.execute(
        select(Review, Project)
        .join(Project, col(Project.id) == col(Review.project_id))
        .where(
            col(Review.person_key).in_({fact.from_key for fact in held}),
            col(Review.state) == "open",
            col(Review.requested_by) != by.key,
            col(Review.handed_over_by).is_(None),
            col(Project.archived_at).is_(None),
        )
    ).all()
    reach = {(fact.from_key, fact.role.value): fact for fact in held}
    return tuple(
        _waiting(row, project, names, today, names.get(row.person_key, row.person_key))
        for row, project in rows
        if (fact := reach.get((row.person_key, row.role))) and fact.covers(row.project_id)
    )


def _waiting(
    row: Review, project: Project, names: Mapping[str, str], today: date, stands_in_for: str = ""
) -> WaitingReview:
    return WaitingReview(
        review_id=row.id or 0,
        project_key=project.key,
        project_name=project.name,
        gate=Gate(row.gate),
        role=Role(row.role),
        act=Act(row.act),
        requested_by=names.get(row.requested_by, row.requested_by),
        requested_at=row.requested_at,
        days_waiting=(today - row.requested_at.date()).days,
        due_on=row.due_on,
        is_overdue=row.due_on is not None and row.due_on < today,
        message=message_of(row),
        stands_in_for=stands_in_for,
    )


def _most_urgent(found: Iterable[WaitingReview]) -> tuple[WaitingReview, ...]:
    return tuple(sorted(found, key=lambda item: (item.due_on or date.max, item.requested_at, item.review_id)))


def _signed_for(
    session: Session,
    by: Actor,
    projects: Mapping[int, Project],
    names: Mapping[str, str],
    at: datetime,
) -> tuple[SignedFor, ...]:
    """Decisions of the last month on what was asked of this person and signed by somebody else, newest first."""
    rows = session.execute(
        select(SignOff)
        .join(Review, col(Review.id) == col(SignOff.review_id))
        .where(
            col(Review.person_key) == by.key,
            col(SignOff.person_key) != by.key,
            col(SignOff.withdraws).is_(None),
            col(SignOff.at) >= at - TOLD_FOR,
            col(SignOff.project_id).in_(list(projects)),
        )
        .order_by(col(SignOff.id).desc())
    ).scalars()
    return tuple(
        SignedFor(
            review_id=row.review_id,
            project_name=projects[row.project_id].name,
            gate=Gate(row.gate),
            role=Role(row.role),
            decision=Decision(row.decision),
            who=names.get(row.person_key, row.printed_name),
            at=row.at,
        )
        for row in rows
    )


def _stale(
    by: Actor, projects: Mapping[int, Project], facts: Mapping[int, ProjectFacts], guides: _GUIDES
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
            reasons=staleness(known, guides[project_id], made),
        )
        for project_id, known in facts.items()
        for made in _own_stale(by, known, guides[project_id])
    ]
    # The latest gate first: whoever affirms there has seen the change, and the earlier ones stand again by it.
    return tuple(sorted(found, key=lambda item: (item.project_name, -item.gate.order, item.sign_off_id)))


def _changes(
    session: Session,
    project_ids: Sequence[int],
    projects: Mapping[int, Project],
    facts: Mapping[int, ProjectFacts],
    guides: _GUIDES,
    names: Mapping[str, str],
) -> tuple[AskedChange, ...]:
    found = [
        AskedChange(projects[project_id].key, projects[project_id].name, change)
        for project_id in project_ids
        for change in requested_changes(
            session, project_id, Wording(facts[project_id], guides[project_id], names)
        )
        if change.is_open
    ]
    return tuple(sorted(found, key=lambda item: (item.change.at, item.project_name, item.change.place.key)))


def _due(
    by: Actor, projects: Mapping[int, Project], facts: Mapping[int, ProjectFacts], guides: _GUIDES
) -> tuple[DueApproval, ...]:
    found = [
        DueApproval(made.review_id, projects[project_id].name, made.gate, made.role, due_on)
        for project_id, known in facts.items()
        for made in approvals_due(known, guides[project_id])
        if made.person_key == by.key and (due_on := valid_through(known, guides[project_id], made))
    ]
    return tuple(sorted(found, key=lambda item: (item.due_on, item.project_name)))


def _own_stale(by: Actor, facts: ProjectFacts, guide: Guide) -> Iterable[SignOffFact]:
    if facts.status in (ProjectStatus.STOPPED, ProjectStatus.RETIRED):
        return ()
    asked = {review.id: review.person_key for review in facts.reviews}
    return (
        made
        for made in facts.sign_offs
        if by.key in (made.person_key, asked.get(made.review_id))
        and made.act is not Act.CONSULT
        and made.decision.is_favourable
        and made in current_sign_offs(facts, guide, made.gate, made.role)
        and has_lost_ground(facts, guide, made)
    )


def _returned(
    projects: Mapping[int, Project],
    facts: Mapping[int, ProjectFacts],
    guides: _GUIDES,
    names: Mapping[str, str],
    changes: Iterable[AskedChange],
) -> tuple[SentBack, ...]:
    """What still stands: a newer decision or request of the same role takes it off the list.

    While answers it names are still to be changed, these stand on the list instead.
    """
    at_answers = {item.change.sign_off_id for item in changes}
    found = []
    for project_id, known in facts.items():
        if known.status in (ProjectStatus.STOPPED, ProjectStatus.RETIRED):
            continue
        wording = Wording(known, guides[project_id], names)
        for made in known.sign_offs:
            state = sign_off_status(known, guides[project_id], made.gate, made.role)
            if made != state.sign_off or made.decision not in _UNFAVOURABLE:
                continue
            is_open = state.status in (SignOffStatus.CHANGES_REQUESTED, SignOffStatus.REJECTED)
            if is_open and made.id not in at_answers:
                found.append(_sent_back_by(projects[project_id], made, wording))
    return tuple(sorted(found, key=lambda item: (item.project_name, item.gate.order, item.sign_off_id)))


def _sent_back_by(project: Project, made: SignOffFact, wording: Wording) -> SentBack:
    return SentBack(
        sign_off_id=made.id,
        review_id=made.review_id,
        project_key=project.key,
        project_name=project.name,
        gate=made.gate,
        role=made.role,
        decision=made.decision,
        by_name=wording.person(made.person_key),
        comment=made.comment,
        places=wording.places(made.fields),
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
    guides: _GUIDES,
    names: Mapping[str, str],
    today: date,
) -> tuple[OwnedQuestion, ...]:
    rows = (
        session.execute(
            select(CurrentAnswer).where(
                col(CurrentAnswer.owner).in_(_mine(by)),
                col(CurrentAnswer.state) == AnswerState.DONT_KNOW.value,
                col(CurrentAnswer.project_id).in_(list(projects)),
                col(CurrentAnswer.source_id).in_(_in_use(list(projects))),
            )
        )
        .scalars()
        .all()
    )
    sources = _sources_of(session, rows)
    wordings = {
        own: Wording(ProjectFacts(today=today, sources=sources.get(own, ())), guides[own], names)
        for own in projects
    }
    found = [
        OwnedQuestion(
            project_key=projects[row.project_id].key,
            project_name=projects[row.project_id].name,
            place=wordings[row.project_id].place(
                f"{row.field_id}@{row.source_id}" if row.source_id else row.field_id
            ),
            due_on=row.due_on,
            is_overdue=row.due_on is not None and row.due_on < today,
        )
        for row in rows
        if row.field_id in guides[row.project_id].fields
    ]
    return tuple(sorted(found, key=lambda item: (item.due_on or date.max, item.project_name, item.place.key)))


def _sources_of(session: Session, rows: Sequence[CurrentAnswer]) -> Mapping[int, tuple[SourceFact, ...]]:
    """The data sources that these answers are about, by project; without their own answers."""
    wanted = {row.source_id for row in rows if row.source_id}
    if not wanted:
        return {}
    found: dict[int, tuple[SourceFact, ...]] = {}
    for source in session.execute(select(DataSource).where(col(DataSource.id).in_(wanted))).scalars():
        of_project = found.get(source.project_id, ())
        found[source.project_id] = (*of_project, SourceFact(source.id or 0, source.name))
    return found


def _in_use(project_ids: Sequence[int]) -> CompoundSelect[int]:
    """The worksheets (0) and the data sources that are still used: nobody owes an answer about a removed one."""
    used = select(col(DataSource.id)).where(
        col(DataSource.project_id).in_(project_ids), col(DataSource.removed_at).is_(None)
    )
    return union_all(select(literal(0)), used)


# ---------------------------------------------------------------- projects


def _lines(
    projects: Mapping[int, Project], standings: Mapping[int, ProjectStanding], held: _HELD
) -> tuple[ProjectLine, ...]:
    lines = [_line(row, standings.get(project_id), held[project_id]) for project_id, row in projects.items()]
    return tuple(sorted(lines, key=lambda item: (item.next_on or date.max, item.name)))


def _line(row: Project, standing: ProjectStanding | None, roles: tuple[Role, ...]) -> ProjectLine:
    """Of a project that has ended, nothing is in the way of anything and no date comes next."""
    goes_on = standing if row.status not in ENDED else None
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
        blockers=goes_on.blockers if goes_on else 0,
        top_blocker=words_of(goes_on, "top_blocker") if goes_on else "",
        top_code=goes_on.top_code if goes_on else "",
        next_on=goes_on.next_on if goes_on else None,
        next_what=words_of(goes_on, "next_what") if goes_on else "",
        stage_since=row.stage_since,
    )
