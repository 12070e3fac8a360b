"""Plans: the target date of each gate, and the holidays that working days leave out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime

from sqlmodel import Session, select

from lifecycle.actions.projects import open_project, record_change
from lifecycle.canonical import canonical_json
from lifecycle.errors import Invalid, NotFound
from lifecycle.events import ORGANISATION, EventAction, record
from lifecycle.facts.calendars import COUNTRY, REGION, countries, regions
from lifecycle.facts.editions import by_its_guide
from lifecycle.facts.people import require_on_project
from lifecycle.facts.projects import organisation_today
from lifecycle.guide import Guide
from lifecycle.language import say
from lifecycle.rules.permissions import require
from lifecycle.rules.reviews import due_problem
from lifecycle.store.tables import Organisation, TargetDate
from lifecycle.vocabulary import Actor, Gate


@by_its_guide
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


@by_its_guide
def clear_date(
    session: Session, *, by: Actor, at: datetime, guide: Guide, project_id: int, gate: Gate
) -> None:
    """Take the date of a gate back."""
    require_on_project(session, "plans.clear_date", by, project_id)
    open_project(session, project_id)
    planned = session.get(TargetDate, (project_id, gate.value))
    if planned is None:
        raise NotFound(say("target date"), gate.title)
    before = planned.on_date
    session.delete(planned)
    _record(session, project_id, gate, before, None, by, at, guide)


@by_its_guide
def set_dates(
    session: Session,
    *,
    by: Actor,
    at: datetime,
    guide: Guide,
    project_id: int,
    dates: Mapping[Gate, date],
) -> None:
    """Plan several gates at once, as when the dates that a plan proposes are taken over: one event for all."""
    require_on_project(session, "plans.set_dates", by, project_id)
    open_project(session, project_id)
    today = organisation_today(session, at)
    if problems := {gate.title: said for gate, day in dates.items() if (said := due_problem(day, today))}:
        raise Invalid(problems)
    planned = {gate: session.get(TargetDate, (project_id, gate.value)) for gate in dates}
    before = {gate: row.on_date if row else None for gate, row in planned.items()}
    moved = {gate: day for gate, day in dates.items() if before[gate] != day}
    if not moved:
        return
    for gate, day in moved.items():
        row = planned[gate] or TargetDate(
            project_id=project_id, gate=gate.value, on_date=day, set_at=at, set_by=by.key
        )
        row.on_date, row.set_at, row.set_by = day, at, by.key
        session.add(row)
    detail = {"before": {gate.value: before[gate] for gate in moved}, "after": dict(moved)}
    record_change(session, EventAction.TARGET_DATES_SET, project_id, "", detail, by, at, guide)


def set_holidays(session: Session, *, by: Actor, at: datetime, country: str, region: str = "") -> None:
    """Choose whose public holidays working days leave out; an empty country means weekends alone."""
    require("plans.set_holidays", by)
    if country and country not in countries():
        raise Invalid({"country": say("No holidays are known for “{country}”.", country=country)})
    if region and region not in regions(country):
        raise Invalid(
            {
                "region": say(
                    "“{region}” is no region of {country}.",
                    region=region,
                    country=countries().get(country) or say("this country"),
                )
            }
        )
    organisation = session.exec(select(Organisation)).first()
    if organisation is None:
        raise NotFound(say("organisation"), "")
    settings = json.loads(organisation.settings)
    before = {name: settings.get(name, "") for name in (COUNTRY, REGION)}
    after = {COUNTRY: country, REGION: region}
    if before == after:
        return
    organisation.settings = canonical_json({**settings, **after})
    session.flush()
    record(
        session,
        chain=ORGANISATION,
        action=EventAction.ORGANISATION_SETTINGS_CHANGED,
        detail={"before": before, "after": after},
        by=by,
        at=at,
    )


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
    detail = {"before": before, "after": after}
    record_change(session, EventAction.TARGET_DATE_SET, project_id, f"gate:{gate}", detail, by, at, guide)
