"""Dates of reminders and escalations: written out, and what holds for all of them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.errors import Invalid
from lifecycle.rules.reminders import (
    ReminderPolicy,
    check_policy,
    condition_stages,
    date_stages,
    digest_moment,
    read_policy,
    review_stages,
    waiver_stages,
)

POLICY = ReminderPolicy()
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
MONDAY = date(2026, 3, 2)
DAYS = st.dates(date(2026, 1, 1), date(2027, 12, 31))


def days(number: int) -> timedelta:
    return timedelta(days=number)


# Asked on a Monday. Without a due date it counts as due a week later, on Monday the 9th.
@pytest.mark.parametrize(
    ("due_on", "today", "expected"),
    [
        (None, "2026-03-02", []),
        (None, "2026-03-06", []),
        (None, "2026-03-07", []),  # a Saturday: what falls on it waits
        (None, "2026-03-09", ["due_soon"]),
        (None, "2026-03-10", ["overdue"]),
        (None, "2026-03-12", ["overdue", "late_for_manager"]),
        (None, "2026-03-19", ["overdue", "late_for_manager", "late_for_administrator"]),
        ("2026-03-20", "2026-03-17", []),
        ("2026-03-20", "2026-03-18", ["due_soon"]),
        ("2026-03-20", "2026-03-20", ["due_soon"]),
        ("2026-03-20", "2026-03-21", []),  # a Saturday again
        ("2026-03-20", "2026-03-23", ["overdue", "late_for_manager"]),
        ("2026-03-03", "2026-03-03", []),  # asked for tomorrow: there is nothing to remind of
        ("2026-03-03", "2026-03-04", ["overdue"]),
    ],
)
def test_review_is_reminded_and_escalated_on(due_on: str | None, today: str, expected: list[str]) -> None:
    due = date.fromisoformat(due_on) if due_on else None
    come = review_stages(MONDAY, due, date.fromisoformat(today), POLICY)
    assert [stage.kind.removeprefix("review.") for stage in come] == expected


@pytest.mark.parametrize(
    ("given_on", "today", "expected"),
    [
        ("2026-03-02", "2026-03-17", []),
        ("2026-03-02", "2026-03-18", ["condition.due_soon"]),
        ("2026-03-19", "2026-03-20", []),  # given the day before it is due
        ("2026-03-02", "2026-03-23", ["condition.overdue"]),
    ],
)
def test_owner_of_a_condition_hears_before_and_after(given_on: str, today: str, expected: list[str]) -> None:
    come = condition_stages(
        date.fromisoformat(given_on), date(2026, 3, 20), date.fromisoformat(today), POLICY
    )
    assert [stage.kind for stage in come] == expected


def test_waiver_is_announced_a_week_before_it_ends_and_not_after() -> None:
    ends = date(2026, 3, 20)
    assert waiver_stages(MONDAY, ends, date(2026, 3, 12), POLICY) == ()
    assert len(waiver_stages(MONDAY, ends, date(2026, 3, 13), POLICY)) == 1
    assert waiver_stages(MONDAY, ends, ends + days(1), POLICY) == ()
    assert waiver_stages(date(2026, 3, 13), ends, ends, POLICY) == (), "given for a week: nothing to announce"


@given(asked=DAYS, due_after=st.none() | st.integers(0, 120), passed=st.integers(0, 200))
def test_whatever_the_dates_a_stage_comes_on_a_working_day_and_stays_come(
    asked: date, due_after: int | None, passed: int
) -> None:
    due = None if due_after is None else asked + days(due_after)
    today = asked + days(passed)
    come = review_stages(asked, due, today, POLICY)
    assert all(stage.on <= today and stage.on.weekday() < 5 for stage in come)
    assert not come or today.weekday() < 5
    later = {stage.kind for stage in review_stages(asked, due, _working(today + days(1)), POLICY)}
    escalated = {stage.kind for stage in come if "late" in stage.kind}
    assert escalated <= later, "an escalation that was missed is made up for"
    if "review.late_for_administrator" in later:
        assert {"review.late_for_manager", "review.overdue"} <= later, "nobody is passed over"


def _working(day: date) -> date:
    while day.weekday() > 4:
        day += days(1)
    return day


@given(
    at=st.integers(0, 2 * 365 * 24 * 60).map(lambda minutes: NEW_YEAR + timedelta(minutes=minutes)),
    hour=st.integers(0, 23),
    zone=st.sampled_from(["UTC", "Europe/Amsterdam", "America/New_York", "Asia/Kolkata", "Pacific/Auckland"]),
)
def test_a_digest_is_due_once_a_day_at_its_hour(at: datetime, hour: int, zone: str) -> None:
    moment = digest_moment(at, ZoneInfo(zone), hour)
    assert moment <= at
    assert at - moment <= timedelta(hours=25), "a day has 25 hours once a year"
    assert digest_moment(moment, ZoneInfo(zone), hour) == moment


def test_policy_that_makes_no_sense_is_refused_by_name() -> None:
    with pytest.raises(Invalid) as refused:
        check_policy(ReminderPolicy(due_after_days=0, hour=24))
    assert set(refused.value.problems) == {"due after days", "hour"}
    with pytest.raises(Invalid, match="later than the product manager"):
        check_policy(ReminderPolicy(manager_after_days=5, administrator_after_days=5))
    check_policy(POLICY)


def test_policy_of_another_version_is_read_as_far_as_it_is_known() -> None:
    assert read_policy({"hour": 9, "moon": "full"}) == ReminderPolicy(hour=9)
    assert read_policy(POLICY.as_json()) == POLICY


@pytest.mark.parametrize(
    ("kind", "left", "expected"),
    [
        ("agreement.ends", 91, []),
        ("agreement.ends", 90, [90]),
        ("agreement.ends", 31, [90]),
        ("agreement.ends", 30, [30]),
        ("agreement.ends", 7, [7]),
        ("agreement.ends", 0, [7]),
        ("agreement.ends", -1, []),
        ("change.expected", 12, [30]),
        ("operate_review.due", 31, []),
        ("operate_review.due", 30, [30]),
        ("operate_review.due", 1, [30]),
        ("operate_review.due", 0, [0]),
        ("operate_review.due", -40, [0]),
    ],
)
def test_of_a_day_that_an_answer_names_the_last_stage_that_has_come_is_told(
    kind: str, left: int, expected: list[int]
) -> None:
    any_day = ReminderPolicy(skip_weekends=False)
    found = date_stages(kind, MONDAY + days(left), MONDAY, any_day)
    assert [stage for stage, _ in found] == expected
    assert all(due.kind == kind for _, due in found)
