"""The log of what was told, the channels, and how one person wants to be told. No secret leaves this ring."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlmodel import Session, col

from lifecycle.facts.notifications import reminder_policy
from lifecycle.language import say
from lifecycle.rules.deliveries import DEFAULT_HOUR, DeliveryState, Medium, Way, host_of
from lifecycle.rules.messages import TITLES
from lifecycle.rules.permissions import require
from lifecycle.rules.reminders import ReminderPolicy
from lifecycle.store.tables import (
    Channel,
    Delivery,
    JobLease,
    Notice,
    NotificationChoice,
    Organisation,
    Outbox,
    PersonRow,
    Project,
)
from lifecycle.vocabulary import Actor

PAGE = 50


@dataclass(frozen=True, slots=True)
class DeliveryLine:
    """One message of the log. `to` is a person or a channel by name."""

    id: int
    created_at: datetime
    to: str
    medium: Medium
    what: str
    project: str
    state: DeliveryState
    attempts: int
    last_error: str
    due_at: datetime
    done_at: datetime | None

    @property
    def can_be_replayed(self) -> bool:
        return self.state not in (DeliveryState.WAITING, DeliveryState.SENDING)


@dataclass(frozen=True, slots=True)
class DeliveryPage:
    """`older` is what to pass as `before` for the next page; None on the last."""

    lines: tuple[DeliveryLine, ...]
    older: int | None


@dataclass(frozen=True, slots=True)
class ChannelView:
    """A channel without its secrets: of a webhook's address the host, of a chat's the service."""

    id: int
    medium: Medium
    name: str
    shown_address: str
    kinds: tuple[str, ...]  # empty: everything
    active: bool


@dataclass(frozen=True, slots=True)
class JobView:
    name: str
    holder: str
    is_running: bool
    finished_at: datetime | None
    said: str


@dataclass(frozen=True, slots=True)
class ChoiceView:
    """How one person is told; `seen_at`: which notices they have seen."""

    way: Way
    digest_hour: int
    seen_at: datetime | None
    time_zone: str


# ---------------------------------------------------------------- the log


def log(
    session: Session,
    *,
    by: Actor,
    state: DeliveryState | None = None,
    medium: Medium | None = None,
    kind: str | None = None,
    before: int | None = None,
    most: int = PAGE,
) -> DeliveryPage:
    """Messages, newest first. Raises Forbidden for everybody but administrators."""
    require("deliveries.read", by)
    query = (
        select(Delivery, col(PersonRow.name), col(Channel.name), col(Project.name))
        .outerjoin(PersonRow, col(PersonRow.key) == col(Delivery.person_key))
        .outerjoin(Channel, col(Channel.id) == col(Delivery.channel_id))
        .outerjoin(Project, col(Project.id) == col(Delivery.project_id))
    )
    for column, wanted in (
        (col(Delivery.state), state and state.value),
        (col(Delivery.medium), medium and medium.value),
        (col(Delivery.kind), kind),
    ):
        query = query.where(column == wanted) if wanted else query
    if before is not None:
        query = query.where(col(Delivery.id) < before)
    rows = list(session.execute(query.order_by(col(Delivery.id).desc()).limit(most + 1)))
    lines = tuple(
        DeliveryLine(
            id=row.id or 0,
            created_at=row.created_at,
            to=person or channel or "",
            medium=Medium(row.medium),
            what=say(TITLES.get(row.kind, row.kind)),
            project=project or "",
            state=DeliveryState(row.state),
            attempts=row.attempts,
            last_error=say(row.last_error),
            due_at=row.due_at,
            done_at=row.done_at,
        )
        for row, person, channel, project in rows[:most]
    )
    return DeliveryPage(lines, lines[-1].id if len(rows) > most else None)


def counts(session: Session, *, by: Actor) -> Mapping[DeliveryState, int]:
    """How many messages are in each state."""
    require("deliveries.read", by)
    found = session.execute(select(col(Delivery.state), func.count()).group_by(col(Delivery.state)))
    known = {DeliveryState(state): int(number) for state, number in found}
    return {state: known.get(state, 0) for state in DeliveryState}


def waiting_to_be_told(session: Session, *, by: Actor) -> int:
    """What stands in the outbox and has not been taken up: grows when no job runs."""
    require("deliveries.read", by)
    untaken = select(func.count()).select_from(Outbox).where(col(Outbox.taken_at).is_(None))
    return int(session.execute(untaken).scalar_one())


def jobs(session: Session, *, by: Actor, at: datetime) -> tuple[JobView, ...]:
    """When each job ran last, and whether it runs now."""
    require("deliveries.read", by)
    rows = session.execute(select(JobLease).order_by(col(JobLease.job))).scalars()
    return tuple(
        JobView(
            row.job,
            row.holder,
            row.held_until is not None and row.held_until > at,
            row.finished_at,
            say(row.said),
        )
        for row in rows
    )


def last_finished(session: Session, *, job: str) -> datetime | None:
    """When this job ended last, for the jobs themselves."""
    lease = session.get(JobLease, job)
    return lease.finished_at if lease else None


# ---------------------------------------------------------------- channels and settings


def channels(session: Session, *, by: Actor) -> tuple[ChannelView, ...]:
    """Those that were not removed, by name."""
    require("deliveries.read", by)
    rows = session.execute(
        select(Channel).where(col(Channel.removed_at).is_(None)).order_by(func.lower(Channel.name))
    ).scalars()
    return tuple(
        ChannelView(
            id=row.id or 0,
            medium=Medium(row.kind),
            name=row.name,
            shown_address=_shown(row),
            kinds=tuple(json.loads(row.kinds)),
            active=row.active,
        )
        for row in rows
    )


def _shown(row: Channel) -> str:
    if row.kind == Medium.WEBHOOK.value:
        return host_of(row.address)
    return f"{row.address.partition('://')[0]}://…"


def reminders(session: Session) -> ReminderPolicy:
    """After how many days people are reminded, as the organisation has set it."""
    return reminder_policy(session)


def choice(session: Session, *, person_key: str) -> ChoiceView:
    """How this person is told: as chosen, else at once."""
    row = session.get(NotificationChoice, person_key)
    organisation = session.get(Organisation, 1)
    zone = organisation.time_zone if organisation else "UTC"
    if row is None:
        return ChoiceView(Way.AT_ONCE, DEFAULT_HOUR, None, zone)
    return ChoiceView(Way(row.way), row.digest_hour, row.seen_at, zone)


def waits_for_digest(session: Session, *, person_key: str) -> int:
    """How many things are kept for this person's next digest."""
    kept = (
        select(func.count())
        .select_from(Notice)
        .where(
            col(Notice.person_key) == person_key,
            col(Notice.way) == Way.DIGEST.value,
            col(Notice.delivery_id).is_(None),
        )
    )
    return int(session.execute(kept).scalar_one())
