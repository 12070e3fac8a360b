"""Bookkeeping of what is told: from the outbox to people and channels, digests, reminders, and each attempt.

No decisions of a person, hence no events. Every step may be done again after a crash without a second effect: an
entry is taken up once, a notice is unique, a reminder has a name of its own, a delivery is claimed before it is
sent.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, exists, or_
from sqlmodel import Session, col, delete, func, select
from sqlmodel.sql.expression import SelectOfScalar

from lifecycle.facts.audiences import Entry, audience
from lifecycle.facts.dated_answers import dated_answers
from lifecycle.facts.documents import INCIDENT
from lifecycle.facts.notifications import reminder_policy
from lifecycle.facts.projects import organisation_time_zone, today_in
from lifecycle.rules.deliveries import (
    CLAIM_LASTS,
    DEFAULT_HOUR,
    DeliveryState,
    Medium,
    Way,
    can_be_reached,
    next_attempt,
)
from lifecycle.rules.incidents import IncidentSeverity, IncidentState, escalations
from lifecycle.rules.messages import UNASKED, Telling, tellings
from lifecycle.rules.reminders import (
    Due,
    ReminderPolicy,
    condition_stages,
    date_stages,
    digest_moment,
    is_hour,
    review_stages,
    waiver_stages,
    zone_of,
)
from lifecycle.store.outbox import add_to_outbox
from lifecycle.store.tables import (
    Channel,
    Condition,
    Delivery,
    ElsewhereRecord,
    Incident,
    Notice,
    NotificationChoice,
    Outbox,
    PersonRow,
    Project,
    Review,
    Waiver,
)
from lifecycle.vocabulary import ProjectStatus

KEPT_FOR = timedelta(days=180)


@dataclass(frozen=True, slots=True)
class Claimed:
    """One delivery that is this worker's to send, until `until`."""

    id: int
    key: str
    medium: Medium
    kind: str
    attempt: int
    email: str
    name: str
    address: str
    secret: str
    created_at: datetime
    until: datetime


# ---------------------------------------------------------------- from the outbox to people


def waiting_entries(session: Session, *, at: datetime) -> int:
    """How many entries of the outbox are to be taken up now."""
    return session.exec(
        _count_of(Outbox).where(col(Outbox.taken_at).is_(None), col(Outbox.due_at) <= at)
    ).one()


def take_up(session: Session, *, at: datetime, has_mail: bool, most: int = 200) -> int:
    """Say who is told of the oldest entries, and put a delivery on its way for each; returns how many entries."""
    rows = session.exec(
        select(Outbox)
        .where(col(Outbox.taken_at).is_(None), col(Outbox.due_at) <= at)
        .order_by(col(Outbox.id))
        .limit(most)
    ).all()
    for row in rows:
        detail = json.loads(row.detail)
        entry = Entry(row.id or 0, row.kind, row.project_id, row.subject, detail, row.by_key, row.at)
        _tell(session, entry, at, has_mail)
        row.taken_at = at
    return len(rows)


def _tell(session: Session, entry: Entry, at: datetime, has_mail: bool) -> None:
    """One message for each person: where several fit, the last of the table, which says most."""
    applying = tellings(entry.kind, entry.detail)
    told = {person.key: (person, each) for each in applying for person in audience(session, entry, each)}
    for person, telling in told.values():
        _tell_person(session, entry, telling, person, at, has_mail)
    if applying:
        _tell_channels(session, entry, applying[0], at)


def _tell_person(
    session: Session, entry: Entry, telling: Telling, person: PersonRow, at: datetime, has_mail: bool
) -> None:
    chosen = session.get(NotificationChoice, person.key)
    way = Way(chosen.way) if chosen else Way.AT_ONCE
    if not has_mail or not can_be_reached(person.email):
        way = Way.APP
    delivery_id = None
    if way is Way.AT_ONCE:
        delivery = _new_delivery(Medium.MAIL, telling.kind, at, entry.project_id)
        delivery.person_key = person.key
        delivery_id = _put(session, delivery)
    session.add(
        Notice(
            outbox_id=entry.id,
            person_key=person.key,
            project_id=entry.project_id,
            kind=telling.kind,
            at=at,
            way=way.value,
            delivery_id=delivery_id,
        )
    )


def _tell_channels(session: Session, entry: Entry, telling: Telling, at: datetime) -> None:
    """Channels hear of every message once, whoever else is told; of reminders only where they are chosen."""
    project = session.get(Project, entry.project_id) if entry.project_id else None
    if project is None or project.archived_at is not None:
        return
    for channel in session.exec(
        select(Channel).where(col(Channel.active).is_(True), col(Channel.removed_at).is_(None))
    ):
        kinds = json.loads(channel.kinds)
        if telling.kind not in (kinds or UNASKED):
            continue
        delivery = _new_delivery(Medium(channel.kind), telling.kind, at, entry.project_id)
        delivery.channel_id, delivery.outbox_id = channel.id, entry.id
        session.add(delivery)


def _new_delivery(medium: Medium, kind: str, at: datetime, project_id: int | None) -> Delivery:
    return Delivery(
        key=secrets.token_hex(16),
        medium=medium.value,
        kind=kind,
        project_id=project_id,
        created_at=at,
        due_at=at,
    )


def _put(session: Session, delivery: Delivery) -> int:
    session.add(delivery)
    session.flush()
    return delivery.id or 0


def mark_seen(session: Session, *, person_key: str, at: datetime) -> None:
    """This person has seen on their page what they were told up to now."""
    choice = session.get(NotificationChoice, person_key)
    if choice is None:
        choice = NotificationChoice(
            person_key=person_key, way=Way.AT_ONCE.value, digest_hour=DEFAULT_HOUR, chosen_at=at
        )
        session.add(choice)
    choice.seen_at = at


# ---------------------------------------------------------------- digests


def digests_due(session: Session, *, at: datetime) -> tuple[str, ...]:
    """The people for whose digest the hour has come since something was kept for it."""
    zone = zone_of(organisation_time_zone(session))
    waiting = session.exec(
        select(Notice.person_key, func.min(Notice.at))
        .where(col(Notice.way) == Way.DIGEST.value, col(Notice.delivery_id).is_(None))
        .group_by(col(Notice.person_key))
    ).all()
    hours = dict(session.exec(select(NotificationChoice.person_key, NotificationChoice.digest_hour)).all())
    return tuple(
        key for key, first in waiting if first <= digest_moment(at, zone, hours.get(key, DEFAULT_HOUR))
    )


def make_digests(session: Session, *, at: datetime) -> int:
    """One delivery for each of `digests_due`, with everything kept for it; returns how many."""
    people = digests_due(session, at=at)
    for person_key in people:
        delivery = _new_delivery(Medium.MAIL, "digest", at, None)
        delivery.person_key = person_key
        delivery_id = _put(session, delivery)
        kept = select(Notice).where(
            col(Notice.person_key) == person_key,
            col(Notice.way) == Way.DIGEST.value,
            col(Notice.delivery_id).is_(None),
        )
        for notice in session.exec(kept):
            notice.delivery_id = delivery_id
    return len(people)


# ---------------------------------------------------------------- reminders


def remind(session: Session, *, at: datetime) -> int:
    """Put every reminder and escalation whose day has come into the outbox, once each; returns how many."""
    policy, zone = reminder_policy(session), zone_of(organisation_time_zone(session))
    if not is_hour(at, zone, policy.hour):
        return 0
    return sum(
        add_to_outbox(
            session,
            kind=due.kind,
            project_id=project_id,
            subject=subject,
            detail=detail,
            by_key="",
            at=at,
            once=f"{once}:{due.kind}",
        )
        for project_id, subject, detail, once, due in _due(session, at, policy)
    )


_Reminder = tuple[int, str, dict[str, object], str, Due]


def _due(session: Session, at: datetime, policy: ReminderPolicy) -> Iterator[_Reminder]:
    time_zone = organisation_time_zone(session)
    today = today_in(time_zone, at)
    under_way = select(Project.id).where(
        col(Project.archived_at).is_(None),
        col(Project.status).not_in((ProjectStatus.STOPPED.value, ProjectStatus.RETIRED.value)),
        (col(Project.origin) != "register") | col(Project.adopted_at).is_not(None),
    )
    for review in session.exec(
        select(Review).where(col(Review.state) == "open", col(Review.project_id).in_(under_way))
    ).all():
        asked_on = today_in(time_zone, review.requested_at)
        for due in review_stages(asked_on, review.due_on, today, policy):
            detail: dict[str, object] = {"gate": review.gate, "role": review.role}
            once = f"review:{review.id}:{review.revision}"
            yield review.project_id, f"review:{review.id}", detail, once, due
    for condition in session.exec(
        select(Condition).where(col(Condition.state) == "open", col(Condition.project_id).in_(under_way))
    ).all():
        given_on = today_in(time_zone, condition.created_at)
        for due in condition_stages(given_on, condition.due_on, today, policy):
            detail = {"gate": condition.gate}
            yield (
                condition.project_id,
                f"condition:{condition.id}",
                detail,
                f"condition:{condition.id}:{condition.due_on}",
                due,
            )
    for waiver in session.exec(
        select(Waiver).where(
            col(Waiver.revoked_at).is_(None),
            col(Waiver.expires_on) >= today,
            col(Waiver.project_id).in_(under_way),
        )
    ).all():
        given_on = today_in(time_zone, waiver.at)
        for due in waiver_stages(given_on, waiver.expires_on, today, policy):
            detail = {"gate": waiver.gate, "waiver": waiver.id, "expires_on": waiver.expires_on}
            yield waiver.project_id, f"check:{waiver.check_id}", detail, f"waiver:{waiver.id}", due
    for day in dated_answers(session, under_way):
        for stage, due in date_stages(day.kind, day.on, today, policy):
            once = f"date:{day.project_id}:{day.place}:{day.on}:{stage}"
            detail = {"what": day.what, "expires_on": day.on, "place": day.place}
            yield day.project_id, f"date:{day.place}", detail, once, due


# ---------------------------------------------------------------- incidents that nobody takes on


def escalations_due(session: Session, *, at: datetime) -> int:
    """How many stages have come for incidents that wait, and were not told yet."""
    found = {once for _, _, once in _untaken(session, at)}
    if not found:
        return 0
    told = session.exec(_count_of(Outbox).where(col(Outbox.once).in_(found))).one()
    return len(found) - told


def escalate(session: Session, *, at: datetime) -> int:
    """Tell others, once for each stage, of incidents that nobody has taken on in their time; returns how many."""
    return sum(
        add_to_outbox(
            session,
            kind=kind,
            project_id=incident.project_id,
            subject=f"incident:{incident.id}",
            detail={"incident": incident.id, "called": incident.title, "severity": incident.severity},
            by_key="",
            at=at,
            once=once,
        )
        for incident, kind, once in _untaken(session, at)
    )


def _untaken(session: Session, at: datetime) -> Iterator[tuple[Incident, str, str]]:
    """Open incidents with every stage that has come. One that was opened again has its own stages told already.

    One that came with a document waited elsewhere: it is seen here, and alarms nobody by itself.
    """
    rows = session.exec(
        select(Incident)
        .join(Project, col(Project.id) == col(Incident.project_id))
        .where(
            col(Incident.state) == IncidentState.OPEN.value,
            col(Project.archived_at).is_(None),
            ~exists().where(
                col(ElsewhereRecord.kind) == INCIDENT,
                col(ElsewhereRecord.project_id) == col(Incident.project_id),
                col(ElsewhereRecord.number) == col(Incident.id),
            ),
        )
        .order_by(col(Incident.id))
    )
    for row in rows:
        for stage in escalations(row.opened_at, IncidentSeverity(row.severity), at):
            yield row, stage.kind, f"incident:{row.id}:{stage.kind}"


# ---------------------------------------------------------------- attempts


def waiting_deliveries(session: Session, *, at: datetime) -> int:
    """How many deliveries are to be attempted now, those included whose sender did not come back."""
    return session.exec(_count_of(Delivery).where(_is_due(at))).one()


def claim(session: Session, *, at: datetime, without: frozenset[Medium] = frozenset()) -> Claimed | None:
    """Take the delivery that has waited longest; None when there is none. Nobody else can take it meanwhile.

    One whose sender did not come back may have been sent: it goes out again under the same key.
    """
    row = session.exec(
        select(Delivery)
        .where(_is_due(at), col(Delivery.medium).not_in([medium.value for medium in without]))
        .order_by(col(Delivery.due_at), col(Delivery.id))
        .limit(1)
    ).first()
    if row is None:
        return None
    row.state, row.attempts = DeliveryState.SENDING.value, row.attempts + 1
    row.claimed_until = at + CLAIM_LASTS
    person = session.get(PersonRow, row.person_key) if row.person_key else None
    channel = session.get(Channel, row.channel_id) if row.channel_id else None
    return Claimed(
        id=row.id or 0,
        key=row.key,
        medium=Medium(row.medium),
        kind=row.kind,
        attempt=row.attempts,
        email=(person.email or "") if person and person.active else "",
        name=person.name if person else "",
        address=channel.address if channel and channel.removed_at is None else "",
        secret=channel.secret if channel else "",
        created_at=row.created_at,
        until=row.claimed_until,
    )


def conclude_sent(session: Session, *, claimed: Claimed, at: datetime) -> None:
    _conclude(session, claimed, DeliveryState.SENT, at, "")


def conclude_dropped(session: Session, *, claimed: Claimed, at: datetime, reason: str) -> None:
    """There is nothing to say any more, or nobody to say it to."""
    _conclude(session, claimed, DeliveryState.DROPPED, at, reason)


def conclude_refused(
    session: Session, *, claimed: Claimed, at: datetime, reason: str, is_permanent: bool
) -> bool:
    """Note why it did not arrive. True when it is tried again later, False when it has failed for good."""
    again = None if is_permanent else next_attempt(claimed.attempt, at)
    if again is None:
        _conclude(session, claimed, DeliveryState.FAILED, at, reason)
        return False
    row = _still_mine(session, claimed)
    if row is not None:
        row.state, row.due_at, row.claimed_until = DeliveryState.WAITING.value, again, None
        row.last_error = reason
    return True


def _conclude(session: Session, claimed: Claimed, state: DeliveryState, at: datetime, reason: str) -> None:
    row = _still_mine(session, claimed)
    if row is not None:
        row.state, row.done_at, row.claimed_until, row.last_error = state.value, at, None, reason


def _still_mine(session: Session, claimed: Claimed) -> Delivery | None:
    """None when the claim had run out and somebody else has taken it since: their word counts."""
    row = session.get(Delivery, claimed.id)
    is_mine = row and row.state == DeliveryState.SENDING.value and row.attempts == claimed.attempt
    return row if is_mine else None


def _is_due(at: datetime) -> ColumnElement[bool]:
    waits = (col(Delivery.state) == DeliveryState.WAITING.value) & (col(Delivery.due_at) <= at)
    lost = (col(Delivery.state) == DeliveryState.SENDING.value) & (col(Delivery.claimed_until) <= at)
    return or_(waits, lost)


def _count_of(table: type[Outbox] | type[Delivery]) -> SelectOfScalar[int]:
    return select(func.count()).select_from(table)


# ---------------------------------------------------------------- old entries


def forget_old(session: Session, *, at: datetime) -> int:
    """Delete what was told long ago; the log keeps what happened. Returns how many deliveries went.

    What may be said only once stays while its name could come again.
    """
    before = at - KEPT_FOR
    done = [DeliveryState.SENT.value, DeliveryState.FAILED.value, DeliveryState.DROPPED.value]
    session.execute(delete(Notice).where(col(Notice.at) < before))
    noticed = select(Notice.delivery_id).where(col(Notice.delivery_id).is_not(None))
    gone = session.execute(
        delete(Delivery).where(
            col(Delivery.created_at) < before,
            col(Delivery.state).in_(done),
            col(Delivery.id).not_in(noticed),
        )
    )
    told_of = select(Notice.outbox_id).union(
        select(Delivery.outbox_id).where(col(Delivery.outbox_id).is_not(None))
    )
    session.execute(
        delete(Outbox).where(
            col(Outbox.taken_at) < before, col(Outbox.once).is_(None), col(Outbox.id).not_in(told_of)
        )
    )
    return int(gone.rowcount)  # type: ignore[attr-defined]
