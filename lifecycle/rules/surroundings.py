"""What changes around a product: the log of changes (P10), and the days ahead on which something ends or changes.

The log is the answer to P10 itself, so that check C15 and the sign-offs that rest on it see every entry. The days
come from the records of the data sources (X09, X16), the changes foreseen (D32), the change windows (D22) and the
end of the funding (P17).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from lifecycle.guide import Guide
from lifecycle.language import mark, say
from lifecycle.rules.checks.reading import Reading
from lifecycle.rules.planning import FixedKind, fixed_dates
from lifecycle.rules.project_facts import ProjectFacts
from lifecycle.vocabulary import AnswerState

LOG = "P10"
AHEAD_DAYS = (90, 30, 7)  # how long before people are told, once each
_AROUND = (FixedKind.AGREEMENT_END, FixedKind.CHANGE_WINDOW, FixedKind.FUNDING_END)
_LINGERS = timedelta(days=90)  # what ended longer ago is no news any more


# ---------------------------------------------------------------- the log of changes


@dataclass(frozen=True, slots=True)
class ChangeEntry:
    """One entry of the log. `assess_by` is the last day on which C15 lets it stand without an assessment."""

    row_id: str
    change: str
    kind: str  # as chosen: source, vendor, schema, policy or usage
    changed_on: date | None
    is_assessed: bool
    assessed_on: date | None
    assess_by: date | None
    is_late: bool


def change_entries(facts: ProjectFacts, guide: Guide) -> tuple[ChangeEntry, ...]:
    """The newest first; those without a day last."""
    reading = Reading(facts, guide)
    days = timedelta(days=int(reading.number("change_assessed_days")))
    found = [_entry(row, days, facts.today) for row in reading.rows(LOG) or ()]
    return tuple(sorted(found, key=lambda each: each.changed_on or date.min, reverse=True))


def _entry(row: Mapping[str, Any], days: timedelta, today: date) -> ChangeEntry:
    assessed = bool(row.get("impact_assessed"))
    changed_on: date | None = row.get("changed_on")
    by = changed_on + days if changed_on and not assessed else None
    return ChangeEntry(
        row_id=str(row["id"]),
        change=str(row.get("change") or ""),
        kind=str(row.get("kind") or ""),
        changed_on=changed_on,
        is_assessed=assessed,
        assessed_on=row.get("assessed_on"),
        assess_by=by,
        is_late=by is not None and by < today,
    )


def change_problem(changed_on: date | None, assessed_on: date | None, today: date) -> dict[str, str]:
    """What is wrong with the days of an entry, by place."""
    problems = {}
    if changed_on is None:
        problems[mark("date")] = say("Say on which day it changed.")
    elif changed_on > today:
        problems[mark("date")] = say("This lies ahead. Note it among the changes expected (D32) until then.")
    if assessed_on is not None and assessed_on > today:
        problems[mark("assessed on")] = say("This lies ahead. Record an assessment once it was made.")
    if assessed_on is not None and changed_on is not None and assessed_on < changed_on - timedelta(days=366):
        problems[mark("assessed on")] = say("This is more than a year before the change.")
    return problems


# ---------------------------------------------------------------- the days ahead


@dataclass(frozen=True, slots=True)
class DayAhead:
    """A day on which something ends or changes. `announced_by`: when its notice is due, where one was agreed."""

    on: date
    what: str
    key: str  # of the field that says so
    announced_by: date | None = None


def days_ahead(facts: ProjectFacts) -> tuple[DayAhead, ...]:
    """By day; what ended lately stays for a while, marked by its day being past."""
    found = [
        DayAhead(each.on, each.what, each.key or "") for each in fixed_dates(facts) if each.kind in _AROUND
    ]
    found += _foreseen(facts)
    return tuple(
        sorted(
            (each for each in found if each.on >= facts.today - _LINGERS),
            key=lambda each: (each.on, each.what),
        )
    )


def _foreseen(facts: ProjectFacts) -> Iterator[DayAhead]:
    """The changes of D32 that have a day; one in a data source is announced as long before as X16 says."""
    for row in _rows(facts, "D32"):
        on = row.get("expected_on")
        if isinstance(on, date):
            notice = _notice(facts, str(row.get("system") or ""))
            announced = on - timedelta(days=notice) if notice else None
            yield DayAhead(
                on, say("Expected: {change}", change=row.get("change") or say("a change")), "D32", announced
            )


def _notice(facts: ProjectFacts, system: str) -> int:
    """Days of notice of the data source behind a system of D21; 0 where none is known."""
    named = {f"D21/{row['id']}": str(row.get("source") or "") for row in _rows(facts, "D21")}
    for source in facts.sources:
        if f"source/{source.id}" in (named.get(system), system):
            fact = source.answers.get("X16")
            if fact and fact.state is AnswerState.ANSWERED and fact.value is not None:
                return int(fact.value.days)
    return 0


def _rows(facts: ProjectFacts, field_id: str) -> tuple[Mapping[str, Any], ...]:
    fact = facts.answer(field_id)
    answered = fact is not None and fact.state is AnswerState.ANSWERED and isinstance(fact.value, tuple)
    return fact.value if fact and answered else ()
