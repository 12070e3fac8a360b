"""Plans: the target date of each gate."""

from __future__ import annotations

from datetime import date, datetime

from sqlmodel import Session

from lifecycle.actions.projects import open_project
from lifecycle.errors import Invalid, NotFound
from lifecycle.events import EventAction, project_chain, record
from lifecycle.facts.people import require_on_project
from lifecycle.facts.projects import organisation_today
from lifecycle.facts.standing import refresh_standing
from lifecycle.guide import Guide
from lifecycle.rules.reviews import due_problem
from lifecycle.store.tables import TargetDate
from lifecycle.vocabulary import Actor, Gate


def set_date(
    session: Session, *, by: Actor, at: datetime, guide: Guide, project_id: int, gate: Gate, on_date: date
) -> None:
    """Plan a gate for a day, or move it; the same day again changes nothing."""
    require_on_project(session, "plans.set_date", by, project_id)
    open_project(session, project_id)
    planned = session.get(TargetDate, (project_id, gate.value))
    before = planned.on_date if planned else None
    if before == on_date:
        return
    if problem := due_problem(on_date, organisation_today(session, at)):
        raise Invalid({"date": problem})
    if planned is None:
        planned = TargetDate(
            project_id=project_id, gate=gate.value, on_date=on_date, set_at=at, set_by=by.key
        )
        session.add(planned)
    planned.on_date, planned.set_at, planned.set_by = on_date, at, by.key
    _record(session, project_id, gate, before, on_date, by, at, guide)


def clear_date(
    session: Session, *, by: Actor, at: datetime, guide: Guide, project_id: int, gate: Gate
) -> None:
    """Take the date of a gate back."""
    require_on_project(session, "plans.clear_date", by, project_id)
    open_project(session, project_id)
    planned = session.get(TargetDate, (project_id, gate.value))
    if planned is None:
        raise NotFound("target date", gate.title)
    before = planned.on_date
    session.delete(planned)
    _record(session, project_id, gate, before, None, by, at, guide)


def _record(
    session: Session,
    project_id: int,
    gate: Gate,
    before: date | None,
    after: date | None,
    by: Actor,
    at: datetime,
    guide: Guide,
) -> None:
    session.flush()
    record(
        session,
        chain=project_chain(project_id),
        action=EventAction.TARGET_DATE_SET,
        subject=f"gate:{gate}",
        detail={"before": before, "after": after},
        by=by,
        at=at,
    )
    refresh_standing(session, project_id, guide=guide, at=at)
