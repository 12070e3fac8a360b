"""Days of the portfolio that are over: which are to be kept, and what each counted."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy import func, select
from sqlmodel import Session, col

from lifecycle.errors import Refused
from lifecycle.facts.projects import end_of_day, organisation_time_zone, organisation_today, today_in
from lifecycle.queries.portfolio_lines import lines_of
from lifecycle.queries.portfolio_overview import counted, packed
from lifecycle.store.tables import ProjectPast
from lifecycle.store.tallies import days_kept


def days_to_keep(session: Session, *, at: datetime, most: int) -> tuple[date, ...]:
    """Days from the first project's on that are over at `at` and not kept, the newest first."""
    first = session.execute(select(func.min(col(ProjectPast.at)))).scalar()
    if first is None:
        return ()
    zone, kept = organisation_time_zone(session), days_kept(session)
    day, missing = organisation_today(session, at) - timedelta(days=1), list[date]()
    while day >= today_in(zone, first) and len(missing) < most:
        if end_of_day(day, zone) not in kept:
            missing.append(day)
        day -= timedelta(days=1)
    return tuple(missing)


def day_to_keep(session: Session, day: date) -> tuple[datetime, str] | None:
    """When that day ended and what the portfolio counted then; None where nobody can know."""
    try:
        line = lines_of(session, day)
    except Refused:
        return None
    found = counted(session, line.where(line.c.archived.is_(False)))
    return end_of_day(day, organisation_time_zone(session)), packed(found)
