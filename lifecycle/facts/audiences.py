"""Whom an entry of the outbox concerns, as keys of people; and who of them may be told at all."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from lifecycle.facts.people import actor_of, holders, project_roles
from lifecycle.rules.messages import Audience, Telling
from lifecycle.rules.permissions import TEAM, may
from lifecycle.rules.threads import ASKER, TEAM_TURN
from lifecycle.store.tables import (
    Condition,
    Incident,
    Membership,
    Monitor,
    PersonRow,
    Project,
    Review,
    SignOff,
    Thread,
    ThreadMessage,
    Waiver,
)
from lifecycle.vocabulary import OrganisationRole, Role


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the outbox as plain values."""

    id: int
    kind: str
    project_id: int | None
    subject: str
    detail: Mapping[str, Any]
    by_key: str
    at: datetime

    @property
    def about(self) -> int:
        """The number in a subject such as `review:12`; 0 where there is none."""
        number = self.subject.partition(":")[2]
        return int(number) if number.isdecimal() else 0


def audience(session: Session, entry: Entry, telling: Telling) -> tuple[PersonRow, ...]:
    """Everybody this message is for, by key: active, allowed to read the project, and not who did it."""
    keys = {key for part in telling.to for key in _RESOLVED[part](session, entry)} - {entry.by_key, ""}
    found = session.exec(select(PersonRow).where(col(PersonRow.key).in_(keys)).order_by(col(PersonRow.key)))
    return tuple(person for person in found if may_be_told(session, person, entry.project_id))


def may_be_told(session: Session, person: PersonRow, project_id: int | None) -> bool:
    """Whoever left hears nothing more, and nobody hears of a project that they may not read."""
    if not person.active or person.erased_at is not None:
        return False
    if project_id is None:
        return True
    project = session.get(Project, project_id)
    if project is None or project.archived_at is not None:
        return False
    return may("projects.read", actor_of(person), project_roles(session, project_id, person.key))


# ---------------------------------------------------------------- who that is


def review_of(session: Session, entry: Entry) -> Review | None:
    """The review that an entry is about: by its subject, or that of the decision it is about."""
    if entry.subject.startswith("review:"):
        return session.get(Review, entry.about)
    sign_off = sign_off_of(session, entry)
    return session.get(Review, sign_off.review_id) if sign_off else None


def sign_off_of(session: Session, entry: Entry) -> SignOff | None:
    """The decision that an entry is about; of a stale one the role's newest at the gate."""
    if entry.subject.startswith("sign_off:"):
        return session.get(SignOff, entry.about)
    if not {"gate", "role"} <= entry.detail.keys():
        return None
    return session.exec(
        select(SignOff)
        .where(
            col(SignOff.project_id) == entry.project_id,
            col(SignOff.gate) == entry.detail["gate"],
            col(SignOff.role) == entry.detail["role"],
        )
        .order_by(col(SignOff.id).desc())
        .limit(1)
    ).first()


def conditions_of(session: Session, entry: Entry) -> tuple[Condition, ...]:
    """The conditions that an entry is about: one by its subject, or those that a decision set."""
    ids: Collection[int] = [entry.about] if entry.subject.startswith("condition:") else ()
    if entry.subject.startswith("sign_off:"):
        ids = entry.detail.get("conditions", ())
    return tuple(
        session.exec(select(Condition).where(col(Condition.id).in_(ids)).order_by(col(Condition.id)))
    )


def thread_of(session: Session, entry: Entry) -> Thread | None:
    """The question asked that an entry is about."""
    return session.get(Thread, entry.about) if entry.subject.startswith("thread:") else None


def side_told(entry: Entry) -> str:
    """Who has the next word after what an entry tells of: whoever asked hears from others, the team from them."""
    return TEAM_TURN if entry.by_key == entry.detail.get("asked_by") else ASKER


def _asked(session: Session, entry: Entry) -> Iterable[str]:
    review = review_of(session, entry)
    return [review.person_key] if review else []


def _asked_before(_session: Session, entry: Entry) -> Iterable[str]:
    return [str(entry.detail.get("from", ""))]


def _requester(session: Session, entry: Entry) -> Iterable[str]:
    review = review_of(session, entry)
    return [review.requested_by] if review else []


def _managers(session: Session, entry: Entry) -> Iterable[str]:
    return holders(session, entry.project_id or 0, Role.PRODUCT_MANAGER)


def _approvers(session: Session, entry: Entry) -> Iterable[str]:
    return holders(session, entry.project_id or 0, Role.APPROVER)


def _team(session: Session, entry: Entry) -> Iterable[str]:
    return session.exec(
        select(Membership.person_key).where(
            col(Membership.project_id) == entry.project_id, col(Membership.ended_at).is_(None)
        )
    )


def _signer(session: Session, entry: Entry) -> Iterable[str]:
    sign_off = sign_off_of(session, entry)
    return [sign_off.person_key] if sign_off else []


def _owners(session: Session, entry: Entry) -> Iterable[str]:
    """By key or, as a condition may have it, by name alone."""
    named = {condition.owner.removeprefix("@") for condition in conditions_of(session, entry)}
    is_named = col(PersonRow.key).in_(named) | col(PersonRow.name).in_(named)
    return session.exec(select(PersonRow.key).where(is_named))


def _setter(session: Session, entry: Entry) -> Iterable[str]:
    return [condition.created_by for condition in conditions_of(session, entry)]


def _waiver_giver(session: Session, entry: Entry) -> Iterable[str]:
    waiver = session.get(Waiver, entry.detail.get("waiver", 0))
    return [waiver.by_key] if waiver else []


def _person(_session: Session, entry: Entry) -> Iterable[str]:
    kind, _, key = entry.subject.partition(":")
    return [key] if kind == "person" else []


def _administrators(session: Session, _entry: Entry) -> Iterable[str]:
    return session.exec(
        select(PersonRow.key).where(
            col(PersonRow.organisation_role) == OrganisationRole.ADMINISTRATOR.value,
            col(PersonRow.active).is_(True),
        )
    )


def _stood_in_for(_session: Session, entry: Entry) -> Iterable[str]:
    return [str(entry.detail.get("for", ""))]


def _other_side(session: Session, entry: Entry) -> Iterable[str]:
    if side_told(entry) == ASKER:
        return [str(entry.detail.get("asked_by", ""))]
    return session.exec(
        select(Membership.person_key).where(
            col(Membership.project_id) == entry.project_id,
            col(Membership.role).in_([role.value for role in TEAM]),
            col(Membership.ended_at).is_(None),
        )
    )


def _talkers(session: Session, entry: Entry) -> Iterable[str]:
    return session.exec(
        select(ThreadMessage.by_key).where(col(ThreadMessage.thread_id) == entry.about).distinct()
    )


def incident_of(session: Session, entry: Entry) -> Incident | None:
    """The incident that an entry is about."""
    return session.get(Incident, entry.about) if entry.subject.startswith("incident:") else None


def _watchers(session: Session, entry: Entry) -> Iterable[str]:
    """The monitor's owner, by key or by name alone, and everybody who watches over the project's monitors."""
    incident = incident_of(session, entry)
    monitor = session.get(Monitor, incident.monitor_id) if incident and incident.monitor_id else None
    if monitor is not None and monitor.owner:
        owner = monitor.owner.removeprefix("@")
        yield from session.exec(
            select(PersonRow.key).where((col(PersonRow.key) == owner) | (col(PersonRow.name) == owner))
        )
    yield from holders(session, entry.project_id or 0, Role.MONITOR_OWNER)


def _assignee(session: Session, entry: Entry) -> Iterable[str]:
    incident = incident_of(session, entry)
    return [incident.assignee] if incident and incident.assignee else []


def _fix_signers(_session: Session, entry: Entry) -> Iterable[str]:
    return [str(key) for key in entry.detail.get("signers", ())]


def _accountable(session: Session, entry: Entry) -> Iterable[str]:
    for role in (Role.BUSINESS, Role.TECHNOLOGY):
        yield from holders(session, entry.project_id or 0, role)


_RESOLVED: Mapping[Audience, Callable[[Session, Entry], Iterable[str]]] = {
    Audience.ASKED: _asked,
    Audience.ASKED_BEFORE: _asked_before,
    Audience.REQUESTER: _requester,
    Audience.MANAGERS: _managers,
    Audience.APPROVERS: _approvers,
    Audience.TEAM: _team,
    Audience.SIGNER: _signer,
    Audience.OWNERS: _owners,
    Audience.SETTER: _setter,
    Audience.WAIVER_GIVER: _waiver_giver,
    Audience.PERSON: _person,
    Audience.ADMINISTRATORS: _administrators,
    Audience.STOOD_IN_FOR: _stood_in_for,
    Audience.OTHER_SIDE: _other_side,
    Audience.TALKERS: _talkers,
    Audience.WATCHERS: _watchers,
    Audience.ASSIGNEE: _assignee,
    Audience.FIX_SIGNERS: _fix_signers,
    Audience.ACCOUNTABLE: _accountable,
}
