"""Keeping standing up to date for those who read it: dates pass without a write."""

from __future__ import annotations

from datetime import date, datetime

from lifecycle.events import ORGANISATION
from lifecycle.facts.projects import organisation_time_zone, today_in
from lifecycle.facts.standing import lapsed_standing, rebuild_lapsed
from lifecycle.ui import cache


def today(now: datetime) -> date:
    """The date in the organisation's time zone."""
    return today_in(cache.read(organisation_time_zone, ORGANISATION), now)


def bring_standing_up_to_date(now: datetime) -> int:
    """Write anew what a date has outrun; returns how many projects that were, nearly always none.

    Reads first, so that only the first visitor of a day waits for a write. What was kept of earlier days is
    asked for with another date and never shown again.
    """
    if not cache.read_now(lapsed_standing, at=now):
        return 0
    with cache.database().write() as session:
        return rebuild_lapsed(session, guide=cache.current_guide(), at=now)
