"""Working days: worked by hand over a year's end, and by properties."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.rules.calendars import WorkCalendar

CHRISTMAS, NEW_YEAR = date(2026, 12, 25), date(2027, 1, 1)  # both Fridays
OFFICE = WorkCalendar(frozenset({CHRISTMAS, NEW_YEAR}))
FRIDAY = date(2026, 11, 6)

days = st.dates(date(2026, 1, 1), date(2028, 12, 31))
calendars = st.builds(
    WorkCalendar,
    st.frozensets(days, max_size=40),
    st.sampled_from([frozenset({5, 6}), frozenset({4, 5}), frozenset[int](), frozenset({0, 1, 2, 3, 4, 6})]),
)
lengths = st.integers(0, 60)


@pytest.mark.parametrize(
    ("start", "takes", "done"),
    [
        (FRIDAY, 1, date(2026, 11, 9)),  # a Friday's question is answered on Monday
        (FRIDAY, 0, FRIDAY),
        (date(2026, 11, 7), 0, date(2026, 11, 9)),
        (
            date(2026, 11, 7),
            1,
            date(2026, 11, 9),
        ),  # asked on a Saturday: the first day to work on it is Monday
        (date(2026, 12, 23), 3, date(2026, 12, 29)),  # 24, 28, 29
        (date(2026, 12, 30), 2, date(2027, 1, 4)),  # 31, 4
    ],
)
def test_ahead(start: date, takes: int, done: date) -> None:
    assert OFFICE.ahead(start, takes) == done


@pytest.mark.parametrize(
    ("end", "takes", "begin"),
    [
        (date(2027, 1, 29), 25, date(2026, 12, 23)),  # five weeks and two holidays
        (date(2026, 11, 9), 1, FRIDAY),
        (date(2026, 11, 8), 1, date(2026, 11, 5)),  # due on a Sunday is due on the Friday before
        (date(2026, 12, 27), 0, date(2026, 12, 24)),
    ],
)
def test_back(end: date, takes: int, begin: date) -> None:
    assert OFFICE.back(end, takes) == begin


def test_between_counts_the_last_day_and_not_the_first() -> None:
    assert OFFICE.between(FRIDAY, date(2026, 11, 9)) == 1
    assert OFFICE.between(date(2026, 11, 9), FRIDAY) == -1
    assert OFFICE.between(date(2026, 12, 23), date(2027, 1, 29)) == 25
    assert OFFICE.between(FRIDAY, FRIDAY) == 0


def test_a_week_without_a_working_day_is_no_calendar() -> None:
    with pytest.raises(ValueError, match="weekday"):
        WorkCalendar(weekend=frozenset(range(7)))


@given(calendars, days, lengths)
def test_back_is_the_latest_working_day_from_which_it_is_done_in_time(
    calendar: WorkCalendar, end: date, takes: int
) -> None:
    begin = calendar.back(end, takes)
    assert calendar.is_working(begin)
    assert calendar.ahead(begin, takes) <= end
    later = calendar.on_or_after(begin + timedelta(days=1))
    assert calendar.ahead(later, takes) > end


@given(calendars, days, st.integers(1, 60))
def test_between_agrees_with_ahead(calendar: WorkCalendar, start: date, takes: int) -> None:
    assert calendar.between(start, calendar.ahead(start, takes)) == takes


@given(calendars, days, st.integers(0, 400))
def test_between_counts_day_by_day(calendar: WorkCalendar, start: date, span: int) -> None:
    end = start + timedelta(days=span)
    counted = sum(calendar.is_working(start + timedelta(days=number)) for number in range(1, span + 1))
    assert calendar.between(start, end) == counted


@given(calendars, days, st.integers(0, 30), lengths)
def test_later_end_never_means_an_earlier_beginning(
    calendar: WorkCalendar, end: date, later: int, takes: int
) -> None:
    assert calendar.back(end + timedelta(days=later), takes) >= calendar.back(end, takes)
