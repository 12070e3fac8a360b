"""Reviews over all projects: who is waited for since when, how old requests are, and how long decisions take.

Ages and lead times are told as the median and the 85th percentile; an average would hide the one that is stuck.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session, col

from lifecycle.facts.projects import organisation_time_zone, today_in
from lifecycle.guide import Guide
from lifecycle.language import say
from lifecycle.queries.plans import Observed
from lifecycle.queries.portfolio import EVERYTHING, OVER, Filters, choose
from lifecycle.rules.planning import MEDIAN, SAFE, Spread, lead_times, percentile
from lifecycle.store.tables import PersonRow, Review
from lifecycle.vocabulary import Act, Actor, Gate, Role, reviewers


@dataclass(frozen=True, slots=True)
class OpenReview:
    """One request that nobody has decided. `days` since it was asked, `overdue` since it was due."""

    key: str
    name: str
    gate: Gate
    role: Role
    act: Act
    person: str
    person_key: str
    asked_at: datetime
    days: int
    due_on: date | None
    overdue: int


@dataclass(frozen=True, slots=True)
class RoleLoad:
    """One role: what is open and how old, in days, and how long it took to decide, in working days.

    The ages are None where nothing is open. `lead.observed` 0: the guide's default, too few having been observed.
    """

    role: Role
    open: int
    people: int  # on whom it rests
    overdue: int
    median: int | None
    safe: int | None
    oldest: int | None
    lead: Spread


@dataclass(frozen=True, slots=True)
class PersonLoad:
    """One person's open requests, in all roles."""

    name: str
    roles: tuple[Role, ...]
    open: int
    overdue: int
    oldest: int


@dataclass(frozen=True, slots=True)
class PortfolioReviews:
    """Open requests on running projects, the oldest first."""

    today: date
    waiting: tuple[OpenReview, ...]
    roles: tuple[RoleLoad, ...]
    people: tuple[PersonLoad, ...]  # the most open first


def portfolio_reviews(
    session: Session,
    *,
    by: Actor,
    today: date,
    guide: Guide,
    observed: Observed,
    filters: Filters = EVERYTHING,
) -> PortfolioReviews:
    """In two statements, on the projects that this person may read."""
    every = choose(session, by, filters)
    c = every.c
    line = every.where(c.level.is_not(None), c.status.not_in(OVER))
    zone = organisation_time_zone(session)
    found = session.execute(
        line.select(
            c.key,
            c.name,
            col(Review.gate),
            col(Review.role),
            col(Review.act),
            col(PersonRow.name).label("person"),
            col(PersonRow.key).label("person_key"),
            col(Review.requested_at),
            col(Review.due_on),
        )
        .join(Review, col(Review.project_id) == c.id)
        .join(PersonRow, col(PersonRow.key) == col(Review.person_key))
        .where(col(Review.state) == "open")
        .order_by(col(Review.requested_at), col(Review.id))
    )
    waiting = tuple(
        OpenReview(
            key=each.key,
            name=each.name,
            gate=Gate(each.gate),
            role=Role(each.role),
            act=Act(each.act),
            person=each.person or say("somebody erased"),
            person_key=each.person_key,
            asked_at=each.requested_at,
            days=max((today - today_in(zone, each.requested_at)).days, 0),
            due_on=each.due_on,
            overdue=max((today - each.due_on).days, 0) if each.due_on else 0,
        )
        for each in found
    )
    leads = lead_times(guide, observed.leads)
    return PortfolioReviews(today, waiting, _by_role(waiting, leads), _by_person(waiting))


def _by_role(waiting: Sequence[OpenReview], leads: Mapping[Role, Spread]) -> tuple[RoleLoad, ...]:
    found = []
    for role in (*reviewers(), Role.APPROVER):
        here = [each for each in waiting if each.role is role]
        days = [each.days for each in here]
        found.append(
            RoleLoad(
                role=role,
                open=len(here),
                people=len({each.person_key for each in here}),
                overdue=sum(each.overdue > 0 for each in here),
                median=percentile(days, MEDIAN) if days else None,
                safe=percentile(days, SAFE) if days else None,
                oldest=max(days, default=None),
                lead=leads.get(role, Spread(0, 0)),
            )
        )
    return tuple(found)


def _by_person(waiting: Sequence[OpenReview]) -> tuple[PersonLoad, ...]:
    by_key: dict[str, list[OpenReview]] = defaultdict(list)
    for each in waiting:
        by_key[each.person_key].append(each)
    found = [
        PersonLoad(
            name=theirs[0].person,
            roles=tuple(role for role in Role if any(each.role is role for each in theirs)),
            open=len(theirs),
            overdue=sum(each.overdue > 0 for each in theirs),
            oldest=max(each.days for each in theirs),
        )
        for theirs in by_key.values()
    ]
    return tuple(sorted(found, key=lambda person: (-person.open, -person.oldest, person.name)))
