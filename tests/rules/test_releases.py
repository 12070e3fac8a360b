"""What may be released, the steps of a release, comparing two, and the four measures of delivery by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.rules import releases as rules
from lifecycle.rules.answers import parse
from lifecycle.rules.delivery import IncidentFact, as_answer, length, measure
from lifecycle.rules.project_facts import ProjectFacts
from lifecycle.rules.releases import (
    ADVANCES,
    ENDS,
    Frozen,
    Move,
    ReleaseFact,
    ReleaseState,
    StepFact,
    results_by_metric,
)
from lifecycle.vocabulary import Blocker, Gate, ProjectStatus, Role, Stage
from tests.rules.building import TODAY, facts, gate_decision, guide, person, sign_off

NOON = datetime(2030, 6, 1, 12, tzinfo=UTC)
P01 = {"live_on": TODAY, "version": "1.4.0", "approver": person("Robin"), "environment": "cluster"}
CLOSED = Blocker("sign_off:privacy", "Privacy has not signed.")
Told = Move | tuple[Move, int]


def project(**given: Any) -> ProjectFacts:
    there = {"stage": Stage.PRODUCTION, "gate": Gate.LAUNCH, "status": ProjectStatus.ROLLOUT, "P01": P01}
    return facts(**{**there, **given})


def live(**given: Any) -> ProjectFacts:
    decided = (gate_decision(Gate.LAUNCH, TODAY),)
    return project(**{"gate": Gate.OPERATE, "status": ProjectStatus.LIVE, "decisions": decided, **given})


def release(number: int, *told: Told, day: int = 0, **details: Any) -> ReleaseFact:
    """One step a day, the first on `day`."""
    steps = tuple(_step(each, day + place) for place, each in enumerate(told))
    plain = {"model_version": "1.4.0", "digest": f"d{number}", "at": NOON + timedelta(days=day)}
    return ReleaseFact(id=number * 10, number=number, steps=steps, **{**plain, **details})


def _step(told: Told, day: int) -> StepFact:
    move, share = told if isinstance(told, tuple) else (told, None)
    return StepFact(move, NOON + timedelta(days=day), share)


def codes(blockers: tuple[Blocker, ...]) -> list[str]:
    return [blocker.code for blocker in blockers]


# ---------------------------------------------------------------- freezing


@pytest.mark.parametrize(
    ("project", "version", "against", "expected"),
    [
        (project(), "1.4.0", (), []),
        (live(), "1.4.0", (), []),
        (project(), "1.5.0", (), ["model_version"]),
        (project(P01={"live_on": TODAY}), "1.4.0", (), ["model_version"]),
        (live(), "1.4.0", (CLOSED,), ["sign_off:privacy"]),
        (live(), "2", (CLOSED,), ["model_version", "sign_off:privacy"]),
        (project(stage=Stage.MODEL, gate=Gate.MODEL), "1.4.0", (), ["not_in_production"]),
        (live(status=ProjectStatus.RETIRED), "1.4.0", (), ["ended"]),
        (live(is_adopted=False), "1.4.0", (), ["not_adopted"]),
    ],
)
def test_what_stands_against_a_release(
    project: ProjectFacts, version: str, against: tuple[Blocker, ...], expected: list[str]
) -> None:
    assert codes(rules.may_release(project, version, against)) == expected


def test_the_same_content_is_released_again_only_after_the_other_has_ended() -> None:
    for there, expected in (
        (release(1), ["same_release"]),
        (release(1, Move.FULL), ["same_release"]),
        (release(1, Move.FULL, Move.ROLLED_BACK), []),
        (release(1, digest="other"), []),
    ):
        assert codes(rules.may_release(project(), "1.4.0", (), [there], "d1")) == expected


# ---------------------------------------------------------------- steps


@pytest.mark.parametrize(
    ("there", "move", "share", "expected"),
    [
        (release(1), Move.SHADOW, None, []),
        (release(1), Move.FULL, None, []),
        (release(1, Move.CANARY), Move.SHADOW, None, ["wrong_order"]),
        (release(1, Move.CANARY), Move.SHARE, 20, []),
        (release(1, Move.CANARY), Move.SHARE, None, ["no_share"]),
        (release(1, Move.CANARY), Move.SHARE, 100, ["no_share"]),
        (release(1, (Move.SHARE, 20)), Move.SHARE, 20, ["same_share"]),
        (release(1, (Move.SHARE, 20)), Move.SHARE, 5, []),
        (release(1, Move.FULL), Move.FULL, None, ["wrong_order"]),
        (release(1, Move.CANARY, Move.ROLLED_BACK), Move.FULL, None, ["release_ended"]),
    ],
)
def test_steps_go_from_shadow_to_everybody(
    there: ReleaseFact, move: Move, share: int | None, expected: list[str]
) -> None:
    assert codes(rules.may_step(live(), there, [there], move, share)) == expected


def test_everybody_waits_for_the_go_at_launch_and_shadow_does_not() -> None:
    there = release(1)
    assert codes(rules.may_step(project(), there, [there], Move.FULL, None)) == ["launch_not_decided"]
    assert rules.may_step(project(), there, [there], Move.SHARE, 10) == ()


def test_two_releases_are_not_rolled_out_at_once_nor_an_older_one_after_a_newer() -> None:
    first, second = release(1, Move.CANARY), release(2, day=3)
    assert codes(rules.may_step(live(), second, [first, second], Move.CANARY, None)) == [
        "another_rolling_out"
    ]
    assert rules.may_step(live(), second, [first, second], Move.SHADOW, None) == ()
    newer = release(3, Move.FULL, day=5)
    assert codes(rules.may_step(live(), second, [second, newer], Move.FULL, None)) == ["newer_is_live"]


def test_a_sign_off_that_was_taken_back_or_invalidated_stops_the_rollout_and_an_edited_answer_does_not() -> (
    None
):
    there = release(1, sign_offs=(1,))
    made = sign_off(Gate.LAUNCH, Role.TECHNOLOGY, {"P01": "what it was then"})
    asked = ([there], Move.CANARY, None)
    assert rules.may_step(live(sign_offs=(made,)), there, *asked) == ()
    assert codes(rules.may_step(live(), there, *asked)) == ["sign_off_gone"]
    void = sign_off(Gate.LAUNCH, Role.TECHNOLOGY, {}, invalidations=("Recall fell below 0.8",))
    assert codes(rules.may_step(live(sign_offs=(void,)), there, *asked)) == ["sign_off_invalid"]


def test_what_reached_users_is_rolled_back_and_what_did_not_is_withdrawn() -> None:
    for there, back, withdrawn in (
        (release(1), ["not_out"], []),
        (release(1, Move.SHADOW), ["not_out"], []),
        (release(1, Move.CANARY), [], ["is_out"]),
        (release(1, Move.FULL), [], ["is_out"]),
        (release(1, Move.WITHDRAWN), ["release_ended"], ["release_ended"]),
    ):
        assert codes(rules.may_roll_back(there)) == back
        assert codes(rules.may_withdraw(there)) == withdrawn


def test_after_a_rollback_the_one_before_serves_again() -> None:
    first, second = release(1, Move.FULL), release(2, Move.CANARY, Move.FULL, day=3)
    assert rules.current([first, second]) == second
    assert rules.state_of(first, [first, second]) is ReleaseState.REPLACED
    assert rules.back_to(second, [first, second]) == first
    undone = release(2, Move.CANARY, Move.FULL, Move.ROLLED_BACK, day=3)
    assert rules.state_of(first, [first, undone]) is ReleaseState.LIVE
    assert rules.state_of(undone, [first, undone]) is ReleaseState.ROLLED_BACK
    assert rules.back_to(release(1, Move.FULL), [release(1, Move.FULL)]) is None


@given(st.lists(st.sampled_from(ADVANCES), max_size=6))
def test_no_row_of_steps_leads_round_the_order(asked: list[Move]) -> None:
    there = release(1)
    for number, move in enumerate(asked):
        if move in rules.next_moves(there):
            there = release(1, *[(step.move, step.share or 0) for step in there.steps], (move, number + 1))
    order = [ADVANCES.index(step.move) for step in there.steps]
    assert order == sorted(order)
    assert sum(step.move is Move.FULL for step in there.steps) <= 1
    assert not any(step.move in ENDS for step in there.steps)


def test_times_of_steps() -> None:
    there = release(1, Move.CANARY, day=1)  # made and out at noon of the next day
    out = NOON + timedelta(days=1)
    later = out + timedelta(hours=2)
    assert rules.time_problem(there, later, later) is None
    assert "lies ahead" in str(rules.time_problem(there, later, out))
    assert "cannot be earlier" in str(rules.time_problem(there, NOON, later))
    assert "after it was over" in str(rules.time_problem(there, out, later, later))
    assert "first users" in str(rules.time_problem(there, later, later, NOON))


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(0, "0 min"), (45, "45 min"), (200, "3 h 20 min"), (60, "1 h"), (1_440, "1 day"), (3_120, "2 days 4 h")],
)
def test_lengths_in_words(minutes: int, words: str) -> None:
    assert rules.length_words(timedelta(minutes=minutes)) == words


# ---------------------------------------------------------------- comparing


def test_two_releases_side_by_side() -> None:
    before = Frozen(
        answers={"D01": "a", "P01": "1", "X04@3": "x"},
        sources={3: "Feed", 4: "Till"},
        sign_offs={"launch/technology/tom": 7, "launch/legal/leo": 8},
        tests={"data_1": "1", "model_1": "0.5"},
    )
    after = Frozen(
        answers={"D01": "a", "P01": "2", "R01": "new"},
        sources={3: "Feed", 5: "Weather"},
        sign_offs={"launch/technology/tom": 12, "launch/legal/leo": 8},
        tests={"data_1": "1", "model_1": "1"},
    )
    found = rules.compare(before, after)
    assert found.answers == ("P01", "R01", "X04@3")
    assert (found.sources_gone, found.sources_new) == (("Till",), ("Weather",))
    assert (found.signed_anew, found.tests) == (("launch/technology/tom",), ("model_1",))
    assert rules.compare(before, before).is_empty
    assert not found.is_empty


def test_the_weakest_section_is_the_test_score() -> None:
    tests = {"data_1": "1", "data_2": "0.5", "model_1": "1", "infrastructure_1": "0.5", "monitoring_1": "1"}
    assert rules.test_score(tests) == (Decimal("0.5"), "infrastructure")
    assert rules.test_score({"data_1": "1"}) == (Decimal(0), "model")


# ---------------------------------------------------------------- the four measures, worked out by hand

UNTIL = datetime(2030, 6, 30, 12, tzinfo=UTC)


def out(number: int, days_ago: float, lead_days: float | None, *more: StepFact) -> ReleaseFact:
    reached = UNTIL - timedelta(days=days_ago)
    ready = None if lead_days is None else reached - timedelta(days=lead_days)
    steps = (StepFact(Move.SHADOW, reached - timedelta(days=1)), StepFact(Move.CANARY, reached), *more)
    return ReleaseFact(number, number, f"1.{number}", "", reached - timedelta(days=2), ready, steps)


def undone(days_ago: float, after_minutes: int) -> StepFact:
    """A rollback so many days ago of what had begun so many minutes before."""
    restored = UNTIL - timedelta(days=days_ago)
    return StepFact(Move.ROLLED_BACK, restored, began_at=restored - timedelta(minutes=after_minutes))


RELEASES = (
    out(1, 120, 1),  # before the window
    out(2, 80, 10),
    out(3, 60, 2, undone(59, 30)),
    out(4, 40, 4),
    out(5, 20, None),
    out(6, 10, 6),
    ReleaseFact(
        7, 7, "1.7", "", UNTIL - timedelta(days=3), None, (StepFact(Move.SHADOW, UNTIL - timedelta(days=2)),)
    ),
)
INCIDENTS = (
    IncidentFact(
        UNTIL - timedelta(days=38), restored_at=UNTIL - timedelta(days=38, minutes=-120), release_id=4
    ),
    IncidentFact(
        UNTIL - timedelta(days=37), restored_at=UNTIL - timedelta(days=37, minutes=-40), release_id=4
    ),
    IncidentFact(UNTIL - timedelta(days=5), release_id=None),  # goes on; nobody knows which release
    IncidentFact(UNTIL - timedelta(days=100), restored_at=UNTIL - timedelta(days=90)),  # before the window
)


def test_the_four_measures_by_hand() -> None:
    """Out in the 91 days: 2, 3, 4, 5, 6. Leads 10, 2, 4, 6 days. Failed: 3 (rolled back), 4 (two incidents)."""
    found = measure(RELEASES, INCIDENTS, UNTIL)
    assert (found.deployments, found.per_month) == (5, Decimal("1.7"))  # 5 × 30.4375 / 91 = 1.672
    assert found.lead_time.median == timedelta(days=4)  # of 2, 4, 6, 10 the second (nearest rank)
    assert found.lead_time.safe == timedelta(days=10)  # 0.85 × 4 = 3.4, so the fourth
    assert (found.lead_time.cases, found.without_ready) == (4, 1)
    assert found.restore.median == timedelta(minutes=40)  # of 30, 40 and 120
    assert found.restore.safe == timedelta(minutes=120)
    assert (found.failed, found.failure_rate, found.failed_percent) == (2, Fraction(2, 5), Decimal(40))
    assert found.unrestored == 1


def test_what_was_measured_is_an_answer_that_the_worksheet_takes() -> None:
    given = as_answer(measure(RELEASES, INCIDENTS, UNTIL))
    assert given == {
        "deployments": "1.7",
        "lead_time": "4 days",
        "restore": "40 minutes",
        "failure_rate": "40",
    }
    assert parse(guide().field("P14"), given)
    assert as_answer(measure((), (), UNTIL)) == {"deployments": "0.0"}


def test_a_rollback_that_an_incident_tells_of_counts_once() -> None:
    told = IncidentFact(UNTIL - timedelta(days=59), restored_at=UNTIL - timedelta(days=58), release_id=3)
    found = measure(RELEASES[2:3], (told,), UNTIL)
    assert (found.failed, found.restore.cases, found.restore.median) == (1, 1, timedelta(days=1))


def test_nothing_out_says_nothing_rather_than_zero() -> None:
    found = measure((), (), UNTIL)
    assert (found.deployments, found.failure_rate, found.failed_percent) == (0, None, None)
    assert (found.lead_time, found.restore.median) == (length([]), None)


@given(st.permutations(RELEASES), st.permutations(INCIDENTS))
def test_the_order_in_which_things_are_read_does_not_matter(
    releases: list[ReleaseFact], incidents: list[IncidentFact]
) -> None:
    assert measure(releases, incidents, UNTIL) == measure(RELEASES, INCIDENTS, UNTIL)


def test_results_that_leave_open_which_one_holds_are_no_baseline() -> None:
    """Of several rows of a metric those from the place of use count, however its name is written."""
    rows = [
        {"metric": "Hit  rate", "value": "0.8", "own_population": True},
        {"metric": "hit rate ", "value": "0.99", "own_population": False},
        {"metric": "Recall", "value": 0.5, "own_population": False},
        {"metric": "Recall", "value": 0.6},
        {"metric": "Error", "value": 3},
        {"metric": "Bias", "value": None},
    ]
    assert results_by_metric(rows) == {"hit rate": 0.8, "error": 3.0}
