"""Who stands in for whom, as plain values. Delegations end by their dates, without a write."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from lifecycle.rules.project_facts import DelegationFact
from lifecycle.store.tables import Delegation, EligibleReviewer, Membership, PersonRow
from lifecycle.vocabulary import Role

_FROM, _TO = aliased(PersonRow), aliased(PersonRow)


def _not_ended() -> Select[Delegation, str, str]:
    return (
        select(Delegation, col(_FROM.name), col(_TO.name))
        .join(_FROM, col(_FROM.key) == col(Delegation.from_key))
        .join(_TO, col(_TO.key) == col(Delegation.to_key))
        .where(col(Delegation.ended_at).is_(None))
        .order_by(col(Delegation.starts_on), col(Delegation.id))
    )


def delegations(session: Session, *, today: date) -> tuple[DelegationFact, ...]:
    """Those that nobody ended and whose last day is still to come, of everybody."""
    return _facts(session, _not_ended().where(col(Delegation.ends_on) >= today))


def delegations_to(
    session: Session, person_key: str, *, today: date, project_id: int | None = None
) -> tuple[DelegationFact, ...]:
    """Those by which this person may act now or later: still on the list for the role, their account active.

    `project_id` leaves those that reach this project.
    """
    listed = (
        select(col(EligibleReviewer.role))
        .where(
            col(EligibleReviewer.person_key) == col(Delegation.to_key),
            col(EligibleReviewer.role) == col(Delegation.role),
        )
        .exists()
    )
    approves = and_(col(Delegation.role) == Role.APPROVER.value, col(_TO.approval_level) > 0)
    statement = _not_ended().where(
        col(Delegation.to_key) == person_key,
        col(Delegation.ends_on) >= today,
        col(_TO.active).is_(True),
        or_(listed, approves),
    )
    if project_id is not None:
        statement = statement.where(_reaches(project_id))
    return _facts(session, statement)


def delegated_roles(session: Session, project_id: int, person_key: str, *, today: date) -> frozenset[Role]:
    """The roles in which this person stands in on the project today for somebody who holds them there."""
    found = delegations_to(session, person_key, today=today, project_id=project_id)
    in_force = {(fact.from_key, fact.role.value): fact.role for fact in found if fact.is_in_force(today)}
    if not in_force:
        return frozenset()
    held = session.execute(
        select(col(Membership.person_key), col(Membership.role)).where(
            col(Membership.project_id) == project_id,
            col(Membership.person_key).in_({key for key, _ in in_force}),
            col(Membership.ended_at).is_(None),
        )
    )
    return frozenset(in_force[key, role] for key, role in held if (key, role) in in_force)


def _reaches(project_id: int) -> Any:
    return or_(col(Delegation.project_id).is_(None), col(Delegation.project_id) == project_id)


def _facts(session: Session, statement: Select[Delegation, str, str]) -> tuple[DelegationFact, ...]:
    return tuple(_fact(row, giver, delegate) for row, giver, delegate in session.execute(statement))


def _fact(row: Delegation, giver: str, delegate: str) -> DelegationFact:
    return DelegationFact(
        id=row.id or 0,
        from_key=row.from_key,
        from_name=giver,
        to_key=row.to_key,
        to_name=delegate,
        role=Role(row.role),
        project_id=row.project_id,
        starts_on=row.starts_on,
        ends_on=row.ends_on,
    )
