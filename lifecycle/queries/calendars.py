"""Whose public holidays the organisation keeps, and whose it could."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from sqlmodel import Session

from lifecycle.facts.calendars import calendar_of, chosen_holidays, countries, regions

_A_YEAR = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class HolidaysView:
    """The choice in force, and the next days off that it brings."""

    country: str
    region: str
    coming: tuple[date, ...]


def chosen(session: Session, *, today: date) -> HolidaysView:
    country, region = chosen_holidays(session)
    free = calendar_of(country, region, today.year).holidays
    coming = tuple(sorted(day for day in free if today <= day <= today + _A_YEAR))
    return HolidaysView(country, region, coming)


def known_countries(_session: Session) -> Mapping[str, str]:
    """Code and name of every country whose holidays are known."""
    return countries()


def regions_of(_session: Session, *, country: str) -> tuple[str, ...]:
    """Codes of the country's regions with holidays of their own."""
    return regions(country)
