"""Absence: who stands in for whom in a reviewing role, from day to day. It ends by its last day without a write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from sqlmodel import Session, col, select

from lifecycle.actions.signing import refuse, tidy
from lifecycle.errors import Forbidden, Invalid, NotFound, Refused
from lifecycle.events import ORGANISATION, EventAction, record
from lifecycle.facts.delegations import delegations
from lifecycle.facts.editions import load_by_guide
from lifecycle.facts.projects import organisation_today
from lifecycle.facts.reviews import candidates
from lifecycle.guide import Guide
from lifecycle.language import say
from lifecycle.rules.delegations import DELEGABLE, Scope, may_delegate
from lifecycle.rules.permissions import require
from lifecycle.rules.project_facts import DelegationFact
from lifecycle.rules.reviews import Candidate
from lifecycle.store.tables import Delegation, Project, Review
from lifecycle.vocabulary import Actor, Blocker, OrganisationRole, Role


def give(
    session: Session,
    *,
    by: Actor,
    at: datetime,
    guide: Guide,
    to_key: str,
    role: Role,
    starts_on: date,
    ends_on: date,
    from_key: str = "",
    project_id: int | None = None,
    reason: str = "",
) -> int:
    """Let somebody stand in for oneself, or for `from_key` where an administrator sets it; returns its id.

    Raises Refused with the blockers of `rules.delegations.may_delegate`.
    """
    require("delegations.give", by)
    from_key = from_key or by.key
    _require_own(by, from_key)
    if role not in DELEGABLE:
        raise Invalid({"role": say("{role} signs nothing, so there is nothing to pass on.", role=role.title)})
    giver, delegate = _person(session, from_key), _person(session, to_key)
    today = organisation_today(session, at)
    wanted = DelegationFact(
        id=0,
        from_key=from_key,
        from_name=giver.name,
        to_key=to_key,
        to_name=delegate.name,
        role=role,
        project_id=project_id,
        starts_on=starts_on,
        ends_on=ends_on,
    )
    reach = _reach(session, wanted, guide, today)
    refuse(may_delegate(wanted, giver, delegate, delegations(session, today=today), reach, today))
    row = Delegation(
        from_key=from_key,
        to_key=to_key,
        role=role.value,
        project_id=project_id,
        starts_on=starts_on,
        ends_on=ends_on,
        reason=tidy("reason", reason, longest=500),
        at=at,
        by_key=by.key,
    )
    session.add(row)
    detail = {
        "from": from_key,
        "to": to_key,
        "role": role,
        "project": project_id,
        "starts_on": starts_on,
        "ends_on": ends_on,
    }
    _record(session, EventAction.DELEGATION_SET, row, detail, by, at)
    return row.id or 0


def end(session: Session, *, by: Actor, at: datetime, delegation_id: int) -> None:
    """From now on the one who was away decides alone again; what was signed meanwhile stays."""
    require("delegations.end", by)
    row = session.get(Delegation, delegation_id)
    if row is None:
        raise NotFound(say("delegation"), delegation_id)
    _require_own(by, row.from_key, also=row.to_key)
    if row.ended_at is not None or row.ends_on < organisation_today(session, at):
        raise Refused(Blocker("closed", say("This delegation has ended already."), role=Role(row.role)))
    row.ended_at, row.ended_by = at, by.key
    detail = {"from": row.from_key, "to": row.to_key, "role": row.role}
    _record(session, EventAction.DELEGATION_ENDED, row, detail, by, at)


def _require_own(by: Actor, *keys: str, also: str = "") -> None:
    if by.key not in (*keys, also) and by.organisation_role is not OrganisationRole.ADMINISTRATOR:
        raise Forbidden(say("Only the person who is away or an administrator may do this."))


def _person(session: Session, key: str) -> Candidate:
    found = candidates(session, keys=(key,))
    if not found:
        raise NotFound(say("person"), key)
    return found[0]


def _reach(session: Session, wanted: DelegationFact, guide: Guide, today: date) -> Sequence[Scope]:
    """The project named, or each where something waits in this role for the one who is away."""
    rows = session.exec(
        select(Review.project_id).where(
            col(Review.person_key) == wanted.from_key,
            col(Review.role) == wanted.role.value,
            col(Review.state) == "open",
        )
    ).all()
    if wanted.project_id is not None and session.get(Project, wanted.project_id) is None:
        raise NotFound(say("project"), wanted.project_id)
    ids = sorted({*rows}) if wanted.project_id is None else [wanted.project_id]
    facts = {
        project_id: found
        for _, by_id in load_by_guide(session, ids, today=today, guide=guide)
        for project_id, found in by_id.items()
    }
    names = dict(session.exec(select(Project.id, Project.name).where(col(Project.id).in_(ids))).all())
    return [
        Scope(
            names[project_id],
            found,
            tuple(
                review
                for review in found.reviews
                if (review.person_key, review.role, review.state) == (wanted.from_key, wanted.role, "open")
            ),
        )
        for project_id, found in sorted(facts.items())
    ]


def _record(
    session: Session,
    action: EventAction,
    row: Delegation,
    detail: Mapping[str, object],
    by: Actor,
    at: datetime,
) -> None:
    """On the organisation's chain: an absence belongs to a person, not to a project."""
    session.flush()
    record(
        session,
        chain=ORGANISATION,
        action=action,
        subject=f"delegation:{row.id}",
        detail=detail,
        by=by,
        at=at,
    )
