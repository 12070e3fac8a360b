"""What the leadership pack shows: the portfolio at one moment, as far as whoever asks may read it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import Session

from lifecycle.facts.projects import end_of_day, organisation_time_zone, today_in
from lifecycle.guide import Guide
from lifecycle.queries.plans import observed
from lifecycle.queries.portfolio import PortfolioRow, rows
from lifecycle.queries.portfolio_overview import Overview, overview
from lifecycle.queries.portfolio_summary import refuse_days_to_come
from lifecycle.queries.roadmap import Roadmap, roadmap
from lifecycle.store.tables import Organisation
from lifecycle.vocabulary import Actor

MOST_PROJECTS = 1_000  # on paper; the weakest come first


@dataclass(frozen=True, slots=True)
class LeadershipPack:
    """`seen_at` is the moment that it shows, `made_at` when it was made. A past day has no forecast."""

    organisation: str
    made_for: str
    made_at: datetime
    as_of: date
    seen_at: datetime
    time_zone: str
    is_past: bool
    overview: Overview
    projects: tuple[PortfolioRow, ...]
    roadmap: Roadmap | None

    @property
    def left_out(self) -> int:
        """Projects that are counted and not listed."""
        return self.overview.total - len(self.projects)


def leadership_pack(
    session: Session, *, by: Actor, at: datetime, guide: Guide, as_of: date | None = None
) -> LeadershipPack:
    """Today's, or that of the end of a past day. Raises Invalid for a day still to come, Refused as `choose` does."""
    zone = organisation_time_zone(session)
    today = today_in(zone, at)
    refuse_days_to_come(as_of, today)
    day = None if as_of == today else as_of
    organisation = session.get(Organisation, 1)
    found = overview(session, by=by, today=today, as_of=day)
    page = rows(session, by=by, today=today, as_of=day, size=MOST_PROJECTS)
    heading = None
    if day is None:
        heading = roadmap(session, by=by, today=today, guide=guide, observed=observed(session, today=today))
    return LeadershipPack(
        organisation=organisation.name if organisation else "",
        made_for=by.name,
        made_at=at,
        as_of=day or today,
        seen_at=end_of_day(day, zone) - timedelta(seconds=1) if day else at,
        time_zone=zone,
        is_past=day is not None,
        overview=found,
        projects=page.rows,
        roadmap=heading,
    )
