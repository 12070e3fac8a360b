"""Until when a project's standing holds by itself: dates pass without a write."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from lifecycle.guide import Guide
from lifecycle.rules.checks.reading import Reading
from lifecycle.rules.checks.signed import roles_still_to_sign
from lifecycle.rules.dates import months_after
from lifecycle.rules.project_facts import AnswerFact, ProjectFacts
from lifecycle.rules.signoffs import valid_through
from lifecycle.vocabulary import AnswerState

_DAY = timedelta(days=1)


def valid_until(facts: ProjectFacts, guide: Guide) -> date | None:
    """The last day, from today on, on which nothing has changed by the passing of time alone; None: no such day.

    Readers recompute past it. It may come early (a date that no rule compares with today counts too), which costs
    a recomputation that changes nothing; it never comes late.
    """
    return min((day for day in _last_days(facts, guide) if day >= facts.today), default=None)


def _last_days(facts: ProjectFacts, guide: Guide) -> Iterator[date]:
    yield from _promised(facts)
    yield from (last for made in facts.sign_offs if (last := valid_through(facts, guide, made)))
    reading = Reading(facts, guide)
    for day in (*_answered(facts, guide), *_elapsing(reading)):
        # A rule may turn on the day itself or on the day after.
        yield day - _DAY
        yield day
    yield from _reviews_fit_until(reading)


def _promised(facts: ProjectFacts) -> Iterator[date]:
    """Days by which somebody owes something, and days on which something ends."""
    for fact in _all_answers(facts):
        if fact.state is AnswerState.DONT_KNOW and fact.due_on:
            yield fact.due_on
    yield from (item.due_on for item in facts.conditions if item.state == "open")
    yield from (item.expires_on for item in facts.waivers if not item.is_revoked)
    yield from (item.expires_on for item in facts.evidence if item.expires_on)
    yield from (item.due_on for item in facts.reviews if item.state == "open" and item.due_on)


def _all_answers(facts: ProjectFacts) -> Iterator[AnswerFact]:
    yield from facts.answers.values()
    for source in facts.sources:
        yield from source.answers.values()


def _answered(facts: ProjectFacts, guide: Guide) -> Iterator[date]:
    for _, fact in facts.content_keys(guide.dated_fields):
        if fact:
            yield from _dates_in(fact.value)


def _dates_in(value: Any) -> Iterator[date]:
    if isinstance(value, date):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _dates_in(item)
    elif isinstance(value, tuple):
        for item in value:
            yield from _dates_in(item)


def _elapsing(reading: Reading) -> Iterator[date]:
    """Days on which a length of time since something is over: C15, C57, C58, C65, C97."""
    assessed, closed = (
        timedelta(days=int(reading.number(name))) for name in ("change_assessed_days", "incident_open_days")
    )
    yield from (row["changed_on"] + assessed for row in reading.rows("P10") or () if row.get("changed_on"))
    yield from (row["opened_on"] + closed for row in reading.rows("P09") or () if row.get("opened_on"))
    live_on = reading.value("P01", "live_on") or reading.facts.live_since
    if live_on:
        yield months_after(live_on, int(reading.number("value_after_months")))
    trained = [row["trained_on"] for row in reading.rows("P11") or () if row.get("trained_on")]
    interval = reading.value("R14", "interval")
    if trained and interval:
        yield max(trained) + timedelta(days=int(interval.days))
    yield from _next_review_is_near_enough(reading, live_on)


def _next_review_is_near_enough(reading: Reading, live_on: date | None) -> Iterator[date]:
    """C57 counts from today where neither a review nor a launch gives it a start."""
    due = reading.value("P08", "next")
    if due and not live_on and not reading.value("P08", "last"):
        for months in reading.guide.policy.review_months.values():
            yield months_after(due, -months)


def _reviews_fit_until(reading: Reading) -> Iterator[date]:
    """The last day on which the reviews still wanted fit before go-live (C53)."""
    go_live = reading.value("D37")
    if go_live and not reading.facts.live_since:
        lead = reading.guide.policy.lead_days
        yield go_live - timedelta(days=sum(lead.get(role, 0) for role in roles_still_to_sign(reading)))
