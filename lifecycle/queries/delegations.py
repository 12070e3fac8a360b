"""Who stands in for whom, and to whom a review or an absence can be passed on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from lifecycle.facts.editions import by_its_guide
from lifecycle.facts.projects import load_facts, organisation_today
from lifecycle.facts.reviews import candidates
from lifecycle.guide import Guide
from lifecycle.queries import projects
from lifecycle.rules.delegations import DELEGABLE, may_act_as, may_hand_over, nobody_else
from lifecycle.rules.permissions import may, require
from lifecycle.store.tables import Delegation, Membership, PersonRow, Project, Review
from lifecycle.vocabulary import Actor, Blocker, Role

PAST_SHOWN = 20
_FROM, _TO = aliased(PersonRow), aliased(PersonRow)


@dataclass(frozen=True, slots=True)
class DelegationView:
    """`state`: coming, in force, over (its last day has passed) or ended (somebody ended it)."""

    id: int
    from_key: str
    away: str
    to_key: str
    delegate: str
    role: Role
    project: str  # empty: all projects
    starts_on: date
    ends_on: date
    reason: str
    state: str

    @property
    def is_open(self) -> bool:
        return self.state in ("coming", "in force")


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody who may act in the role. `against` is why not here and now; empty: they can be chosen."""

    key: str
    name: str
    against: tuple[Blocker, ...] = ()


@dataclass(frozen=True, slots=True)
class RoleToPassOn:
    """A role that this person reviews in, who else may, and where they hold it."""

    role: Role
    colleagues: tuple[Colleague, ...]
    projects: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Absence:
    """What a person's own page of absence shows."""

    today: date
    mine: tuple[DelegationView, ...]  # I am away, open ones first
    for_others: tuple[DelegationView, ...]  # I stand in, coming or in force
    roles: tuple[RoleToPassOn, ...]


@dataclass(frozen=True, slots=True)
class HandOver:
    """To whom one review can be passed on; neither colleagues nor reasons: it does not wait for this person."""

    review_id: int
    colleagues: tuple[Colleague, ...] = ()
    against: tuple[Blocker, ...] = ()  # why there is no colleague at all

    @property
    def free(self) -> tuple[Colleague, ...]:
        return tuple(item for item in self.colleagues if not item.against)


def absence(session: Session, *, by: Actor, at: datetime) -> Absence:
    """The delegations of one person, and what a new one can be made of."""
    today = organisation_today(session, at)
    found = _views(session, today, by.key)
    listed = candidates(session)
    me = next((item for item in listed if item.key == by.key), None)
    roles = [role for role in DELEGABLE if me and may_act_as(me, role)]
    return Absence(
        today=today,
        mine=tuple(item for item in found if item.from_key == by.key),
        for_others=tuple(item for item in found if item.to_key == by.key and item.is_open),
        roles=tuple(
            RoleToPassOn(
                role,
                tuple(
                    Colleague(item.key, item.name)
                    for item in listed
                    if item.active and item.key != by.key and may_act_as(item, role)
                ),
                _held(session, by.key, role),
            )
            for role in roles
        ),
    )


def all_absences(session: Session, *, by: Actor, at: datetime) -> tuple[DelegationView, ...]:
    """Everybody's, open ones first; for administrators."""
    require("delegations.read_all", by)
    return _views(session, organisation_today(session, at))


@by_its_guide
def hand_over(session: Session, *, by: Actor, at: datetime, guide: Guide, review_id: int) -> HandOver:
    """The colleagues who review in the same role, those who can take this review over first."""
    row = session.get(Review, review_id)
    if row is None or row.state != "open" or row.person_key != by.key:
        return HandOver(review_id)
    key = projects.key_of(session, project_id=row.project_id)
    head = projects.head(session, key=key, by=by, at=at)
    if not may("reviews.hand_over", by, head.roles):
        return HandOver(review_id)
    facts = load_facts(session, row.project_id, guide=guide, today=organisation_today(session, at))
    review = next(item for item in facts.reviews if item.id == review_id)
    found = [
        Colleague(item.key, item.name, may_hand_over(facts, review, item, by))
        for item in candidates(session)
        if item.active and item.key != by.key and may_act_as(item, review.role)
    ]
    if not found:
        return HandOver(review_id, against=(nobody_else(review.role),))
    return HandOver(review_id, tuple(sorted(found, key=lambda item: bool(item.against))))


# ---------------------------------------------------------------- rows


def _held(session: Session, key: str, role: Role) -> tuple[tuple[int, str], ...]:
    rows = session.execute(
        select(col(Project.id), col(Project.name))
        .join(Membership, col(Membership.project_id) == col(Project.id))
        .where(
            col(Membership.person_key) == key,
            col(Membership.role) == role.value,
            col(Membership.ended_at).is_(None),
            col(Project.archived_at).is_(None),
        )
        .order_by(col(Project.name))
    )
    return tuple((project_id, name) for project_id, name in rows)


def _views(session: Session, today: date, key: str | None = None) -> tuple[DelegationView, ...]:
    statement = (
        select(Delegation, col(_FROM.name), col(_TO.name), col(Project.name))
        .join(_FROM, col(_FROM.key) == col(Delegation.from_key))
        .join(_TO, col(_TO.key) == col(Delegation.to_key))
        .outerjoin(Project, col(Project.id) == col(Delegation.project_id))
        .order_by(col(Delegation.starts_on).desc(), col(Delegation.id).desc())
    )
    if key is not None:
        statement = statement.where(or_(col(Delegation.from_key) == key, col(Delegation.to_key) == key))
    found = [
        DelegationView(
            id=row.id or 0,
            from_key=row.from_key,
            away=away,
            to_key=row.to_key,
            delegate=delegate,
            role=Role(row.role),
            project=project or "",
            starts_on=row.starts_on,
            ends_on=row.ends_on,
            reason=row.reason,
            state=_state(row, today),
        )
        for row, away, delegate, project in session.execute(statement)
    ]
    open_ones = sorted((item for item in found if item.is_open), key=lambda item: (item.starts_on, item.id))
    return (*open_ones, *[item for item in found if not item.is_open][:PAST_SHOWN])


def _state(row: Delegation, today: date) -> str:
    if row.ended_at is not None:
        return "ended"
    if row.ends_on < today:
        return "over"
    return "in force" if row.starts_on <= today else "coming"
