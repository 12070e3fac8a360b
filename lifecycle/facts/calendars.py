"""The organisation's working days: weekends and the public holidays of the country in its settings."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date
from functools import lru_cache

import holidays
from holidays.registry import COUNTRIES
from sqlalchemy import select
from sqlmodel import Session, col

from lifecycle.language import country_names, language, sorting_key
from lifecycle.rules.calendars import WorkCalendar
from lifecycle.store.tables import Organisation

YEARS_AHEAD = 6
YEARS_BACK = 4
COUNTRY, REGION = "holiday_country", "holiday_region"
_CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def countries() -> Mapping[str, str]:
    """Code and name of every country whose holidays are known, by name."""
    return _countries_in(language())


@lru_cache(maxsize=4)
def _countries_in(code: str) -> Mapping[str, str]:
    known = holidays.list_supported_countries()
    english = {code: _CAPITAL.sub(" ", name) for name, code, *_ in COUNTRIES.values() if code in known}
    named = english | {code: name for code, name in country_names(code).items() if code in english}
    return dict(sorted(named.items(), key=lambda each: sorting_key(each[1])))


def regions(country: str) -> tuple[str, ...]:
    """The codes of a country's regions that have holidays of their own; empty for an unknown country."""
    return tuple(holidays.list_supported_countries().get(country, ()))


def chosen_holidays(session: Session) -> tuple[str, str]:
    """Country and region in the organisation's settings; empty where none was chosen."""
    text = session.execute(select(col(Organisation.settings))).scalar()
    settings = json.loads(text) if text else {}
    return str(settings.get(COUNTRY, "")), str(settings.get(REGION, ""))


def organisation_calendar(session: Session, today: date) -> WorkCalendar:
    """Working days around today. Without a chosen country only weekends are free."""
    return calendar_of(*chosen_holidays(session), today.year)


@lru_cache(maxsize=16)
def calendar_of(country: str, region: str, year: int) -> WorkCalendar:
    """The calendar of a country, for the years around `year`."""
    if country not in countries():
        return WorkCalendar()
    years = range(year - YEARS_BACK, year + YEARS_AHEAD)
    subdivision = region if region in regions(country) else None
    found = holidays.country_holidays(country, subdiv=subdivision, years=years)
    return WorkCalendar(frozenset(found.keys()))
