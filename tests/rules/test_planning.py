"""The schedule backward from go-live: one project worked by hand, then what holds for any."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.rules.calendars import WorkCalendar
from lifecycle.rules.planning import (
    FixedKind,
    ReviewPlan,
    Schedule,
    Spread,
    Timing,
    consequences,
    fixed_dates,
    lead_times,
    percentile,
    schedule,
    spread,
)
from lifecycle.rules.project_facts import ConditionFact, ProjectFacts, ReviewFact
from lifecycle.rules.signoffs import cover
from lifecycle.vocabulary import Act, Gate, Outcome, Role, Stage
from tests.rules.building import facts, gate_decision, guide, moment, months, sign_off

OFFICE = WorkCalendar(frozenset({date(2026, 12, 25), date(2027, 1, 1)}))
MONDAY = date(2026, 11, 2)
GO_LIVE = date(2027, 1, 29)
LEADS = {role: Spread(10, 10) for role in Role} | {Role.VALIDATION: Spread(20, 30, 9)}
LENGTHS = {stage: Spread(40, 80) for stage in Stage} | {Stage.PRODUCTION: Spread(25, 50)}


def at_model(today: date = MONDAY, **given: object) -> ProjectFacts:
    """A project in Model & Development, with a go-live date and nothing signed for this gate."""
    passed = tuple(gate_decision(gate, date(2026, 9, 1)) for gate in (Gate.DISCOVERY, Gate.FEASIBILITY))
    known = {"stage": Stage.MODEL, "gate": Gate.MODEL, "furthest_stage": Stage.MODEL, "decisions": passed}
    return facts(today=today, D37=GO_LIVE, **{**known, **given})


def planned(project: ProjectFacts, targets: dict[Gate, date] | None = None, **given: object) -> Schedule:
    known = {"leads": LEADS, "lengths": LENGTHS, "calendar": OFFICE, **given}
    return schedule(project, guide(), targets=targets or {}, **known)  # type: ignore[arg-type]


def validation(project: ProjectFacts, targets: dict[Gate, date] | None = None) -> ReviewPlan:
    """The validation review at Model."""
    found = [review for review in planned(project, targets).reviews if review.role is Role.VALIDATION]
    return next(review for review in found if review.gate is Gate.MODEL)


# ------------------------------------------------------------------ worked by hand


def test_gates_without_a_date_take_the_latest_one_that_the_next_leaves() -> None:
    plan = planned(at_model())
    assert plan.go_live == GO_LIVE
    model, launch = plan.gates
    assert (launch.gate, launch.on, launch.is_derived) == (Gate.LAUNCH, GO_LIVE, True)
    # Production usually takes 25 working days: over Christmas that is from 23 December.
    assert (model.gate, model.on, model.is_derived) == (Gate.MODEL, date(2026, 12, 23), True)


def test_a_date_that_people_set_counts_and_what_comes_before_follows_it() -> None:
    project = facts(today=MONDAY, D37=GO_LIVE)
    plan = planned(project, {Gate.MODEL: date(2026, 12, 11)})
    dates = {each.gate: (each.on, each.is_derived) for each in plan.gates}
    assert dates[Gate.LAUNCH] == (GO_LIVE, True)
    assert dates[Gate.MODEL] == (date(2026, 12, 11), False)
    assert dates[Gate.DESIGN] == (date(2026, 10, 16), True)  # 40 working days: eight weeks, no holiday
    assert [each.gate for each in plan.gates] == list(Gate)[:5]


def test_the_day_to_ask_by_is_safe_and_the_last_call_is_the_median() -> None:
    review = validation(at_model())
    assert review.ask_by == date(2026, 11, 11)  # 30 working days before 23 December
    assert review.last_call == date(2026, 11, 25)  # 20 working days before
    assert (review.timing, review.days_late) == (Timing.AHEAD, 0)
    assert review.expected_on == date(2026, 11, 30)  # 20 working days from today


@pytest.mark.parametrize(
    ("today", "timing", "days_late"),
    [
        (date(2026, 11, 11), Timing.AHEAD, 0),
        (date(2026, 11, 12), Timing.TIGHT, 0),
        (date(2026, 11, 25), Timing.TIGHT, 0),
        (date(2026, 11, 26), Timing.TOO_LATE, 1),
        (date(2026, 12, 2), Timing.TOO_LATE, 5),
    ],
)
def test_not_asked_yet(today: date, timing: Timing, days_late: int) -> None:
    review = validation(at_model(today))
    assert (review.timing, review.days_late) == (timing, days_late)
    assert review.timing.is_late is (days_late > 0)


@pytest.mark.parametrize(
    ("asked", "today", "timing", "expected"),
    [
        (date(2026, 11, 25), date(2026, 11, 27), Timing.ASKED, date(2026, 12, 23)),
        (date(2026, 11, 26), date(2026, 11, 27), Timing.ASKED_LATE, date(2026, 12, 24)),
        # It should have been there weeks ago: from now on every day may be the one.
        (date(2026, 10, 1), date(2026, 12, 5), Timing.ASKED, date(2026, 12, 7)),
    ],
)
def test_asked_already(asked: date, today: date, timing: Timing, expected: date) -> None:
    request = ReviewFact(
        1, Gate.MODEL, Role.VALIDATION, Act.APPROVE, "val", "pat", moment(asked), None, "open"
    )
    review = validation(at_model(today, reviews=(request,)))
    assert (review.timing, review.asked_on, review.expected_on) == (timing, asked, expected)


def test_a_valid_sign_off_needs_no_asking_and_a_stale_one_does() -> None:
    project = at_model()
    now = {key: content for key, (_, content) in cover(project, guide(), Gate.MODEL, Role.VALIDATION).items()}
    signed = sign_off(Gate.MODEL, Role.VALIDATION, now, on=date(2026, 10, 1))
    assert validation(replace(project, sign_offs=(signed,))).timing is Timing.SIGNED
    stale = replace(signed, covered={**now, "M01": "as it was"})
    assert validation(replace(project, sign_offs=(stale,))).timing is Timing.AHEAD


def test_without_any_date_nothing_is_late() -> None:
    plan = planned(replace(at_model(), answers={}))
    assert plan.go_live is None
    assert {each.on for each in plan.gates} == {None}
    assert {review.timing for review in plan.reviews} == {Timing.UNDATED}


def test_a_stage_that_gets_less_than_it_usually_takes_is_short_by_the_difference() -> None:
    model, launch = planned(at_model(), entered_on=date(2026, 10, 26)).gates
    # Five of the forty days are spent; from 2 November to 23 December there are 37.
    assert (model.days_left, model.days_usual, model.days_short) == (37, 35, 0)
    assert (launch.days_left, launch.days_usual, launch.days_short) == (25, 25, 0)
    late = planned(at_model(date(2026, 12, 14))).gates[0]
    assert (late.days_left, late.days_usual, late.days_short) == (7, 40, 33)


def test_once_live_only_the_coming_review_is_planned() -> None:
    live = replace(at_model(), stage=Stage.PRODUCTION, gate=Gate.OPERATE, live_since=MONDAY)
    plan = planned(live, {Gate.OPERATE: date(2027, 3, 1)})
    assert [(each.gate, each.on, each.is_derived) for each in plan.gates] == [
        (Gate.OPERATE, date(2027, 3, 1), False)
    ]


# ------------------------------------------------------------------ how long things take


@pytest.mark.parametrize(
    ("values", "share", "found"),
    [
        ([7], 0.85, 7),
        ([1, 2, 3, 4], 0.5, 2),
        ([4, 3, 2, 1, 5], 0.5, 3),
        (range(1, 21), 0.85, 17),
        (range(1, 101), 0.85, 85),
    ],
)
def test_percentile_is_the_nearest_rank(values: list[int], share: float, found: int) -> None:
    assert percentile(values, share) == found


def test_observed_times_replace_the_default_once_there_are_enough() -> None:
    assert spread(Spread(9, 12), [1, 2, 3, 4]) == Spread(9, 12, 0)
    assert spread(Spread(9, 12), [1, 2, 3, 4, 50]) == Spread(3, 50, 5)
    policy = guide().policy.lead_days
    leads = lead_times(guide(), {Role.LEGAL: (8, 8, 8, 8, 8, 9)})
    assert leads[Role.LEGAL] == Spread(8, 9, 6)
    assert leads[Role.PRIVACY] == Spread(policy[Role.PRIVACY], policy[Role.PRIVACY], 0)


# ------------------------------------------------------------------ other dates, and moving the date


def test_dates_that_others_set_are_listed_by_day() -> None:
    owed = ConditionFact(1, Gate.MODEL, None, "Publish the notice", "pat", date(2026, 12, 1), "open")
    met = replace(owed, id=2, state="met", due_on=date(2026, 11, 1))
    project = at_model(
        D22=[{"name": "Claims desk", "change_window": date(2027, 2, 14)}],
        R24={"needed": True, "expected_end": date(2026, 11, 30)},
        sources=[{"name": "Feed", "X09": date(2027, 6, 30)}],
        conditions=(owed, met),
    )
    assert [(each.on, each.kind, each.key) for each in fixed_dates(project)] == [
        (date(2026, 11, 30), FixedKind.ASSESSMENT_END, "R24"),
        (date(2026, 12, 1), FixedKind.CONDITION, None),
        (date(2027, 2, 14), FixedKind.CHANGE_WINDOW, "D22"),
        (date(2027, 6, 30), FixedKind.AGREEMENT_END, "X09@1"),
    ]


def test_another_go_live_date_says_which_checks_turn() -> None:
    project = at_model(
        D14={"horizon": months(6), "kind": "at"},
        D22=[{"name": "Claims desk", "change_window": date(2027, 2, 14)}],
        sources=[{"name": "Feed", "X09": date(2028, 2, 1)}],
    )
    turned = {each.check_id: each.fails for each in consequences(project, guide(), date(2027, 2, 20))}
    assert turned["C13"] is True  # the agreement would now end less than a year after go-live
    assert turned["C09"] is False  # and the change window would no longer come too late
    assert consequences(project, guide(), GO_LIVE) == ()


# ------------------------------------------------------------------ properties

holidays = st.frozensets(st.dates(date(2026, 1, 1), date(2027, 12, 31)), max_size=8)
moves = st.integers(0, 200)


@given(holidays, moves, st.integers(0, 200))
def test_moving_the_date_later_never_makes_an_ask_by_date_earlier(
    free: frozenset[date], first: int, later: int
) -> None:
    calendar = WorkCalendar(free)
    before, after = (
        planned(facts(today=MONDAY, D37=GO_LIVE + timedelta(days=days)), calendar=calendar)
        for days in (first, first + later)
    )
    for early, late in zip(before.reviews, after.reviews, strict=True):
        assert early.ask_by
        assert late.ask_by
        assert early.ask_by <= late.ask_by
        assert early.last_call
        assert early.ask_by <= early.last_call
        assert early.days_late >= late.days_late


@given(holidays, moves)
def test_dates_follow_the_order_of_the_gates_and_leave_each_stage_its_time(
    free: frozenset[date], days: int
) -> None:
    calendar = WorkCalendar(free)
    plan = planned(facts(today=MONDAY, D37=GO_LIVE + timedelta(days=days)), calendar=calendar)
    dates = [each.on for each in plan.gates if each.on]
    assert len(dates) == 5
    for before, after, each in zip(dates, dates[1:], plan.gates[1:], strict=False):
        assert calendar.between(before, after) >= LENGTHS[each.gate.stage].typical


def test_a_recycled_gate_is_ahead_again() -> None:
    back = gate_decision(Gate.MODEL, date(2026, 10, 1), Outcome.RECYCLE, to_stage=Stage.DESIGN)
    project = at_model(stage=Stage.DESIGN, gate=Gate.DESIGN, decisions=(back,))
    assert [each.gate for each in planned(project).gates] == [Gate.DESIGN, Gate.MODEL, Gate.LAUNCH]
