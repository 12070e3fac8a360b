"""Reviews of what is live, the evidence for them, who can use it, how it ends, and what changes around it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from lifecycle.rules.delivery import IncidentFact, measure
from lifecycle.rules.operation import (
    Finding,
    Reads,
    Trigger,
    enablement,
    findings,
    may_retire,
    review_cycle,
    triggers_of,
)
from lifecycle.rules.project_facts import ConditionFact, ProjectFacts
from lifecycle.rules.releases import Move, ReleaseFact, StepFact
from lifecycle.rules.surroundings import change_entries, change_problem, days_ahead
from lifecycle.vocabulary import Gate, Outcome, ProjectStatus, Stage
from tests.rules.building import (
    TODAY,
    days,
    dont_know,
    facts,
    gate_decision,
    guide,
    moment,
    money,
    months,
    not_applicable,
    quantity,
)

LAUNCHED = date(2029, 9, 1)  # 287 days before TODAY, 2030-06-15


def live(**given: Any) -> ProjectFacts:
    there = {"stage": Stage.PRODUCTION, "gate": Gate.OPERATE, "status": ProjectStatus.LIVE}
    return facts(**{**there, "decisions": (gate_decision(Gate.LAUNCH, LAUNCHED),), **given})


# ---------------------------------------------------------------- when it is looked at again


@pytest.mark.parametrize(
    ("tier", "planned", "due_on"),
    [
        ("1", None, date(2031, 9, 1)),  # 24 months after launch
        ("3", None, date(2030, 9, 1)),  # 12
        ("4", None, date(2030, 3, 1)),  # 6
        ("3", date(2030, 7, 1), date(2030, 7, 1)),  # planned earlier than the tier asks
        ("3", date(2031, 7, 1), date(2030, 9, 1)),  # planned later: the tier counts
        ("3", LAUNCHED, date(2030, 9, 1)),  # a day that has been used up says nothing
    ],
)
def test_a_review_is_due_by_the_earlier_of_plan_and_tier(
    tier: str, planned: date | None, due_on: date
) -> None:
    given: dict[str, Any] = {"D33": tier}
    if planned:
        given["P08"] = {"next": planned}
    cycle = review_cycle(live(**given), guide())
    assert cycle is not None
    assert (cycle.due_on, cycle.last_on) == (due_on, LAUNCHED)
    assert cycle.is_due is (due_on <= TODAY)


def test_without_a_tier_the_strictest_counts() -> None:
    cycle = review_cycle(live(), guide())
    assert cycle is not None
    assert (cycle.months, cycle.due_on) == (None, date(2030, 3, 1))


def test_a_review_that_was_held_begins_the_next_cycle_and_says_what_it_restricted() -> None:
    held = gate_decision(
        Gate.OPERATE, date(2030, 5, 1), Outcome.GO_WITH_CONDITIONS, reason="Only the northern depots"
    )
    cycle = review_cycle(live(D33="4", decisions=(gate_decision(Gate.LAUNCH, LAUNCHED), held)), guide())
    assert cycle is not None
    assert (cycle.last_on, cycle.due_on, cycle.is_due) == (date(2030, 5, 1), date(2030, 11, 1), False)
    assert cycle.restricted_to == "Only the northern depots"


@pytest.mark.parametrize(
    "project",
    [
        live(status=ProjectStatus.RETIRED),
        live(gate=Gate.LAUNCH),
        live(decisions=()),
        live(
            decisions=(
                gate_decision(Gate.LAUNCH, LAUNCHED),
                gate_decision(Gate.OPERATE, LAUNCHED, Outcome.RECYCLE, to_stage=Stage.MODEL),
            )
        ),
    ],
)
def test_what_is_not_live_is_not_reviewed(project: ProjectFacts) -> None:
    assert review_cycle(project, guide()) is None


def test_a_trigger_makes_it_due_until_it_was_looked_at() -> None:
    bad_night = Trigger(date(2030, 6, 1), "Release 2 was rolled back.")
    cycle = review_cycle(live(D33="1"), guide(), (bad_night,))
    assert cycle is not None
    assert cycle.because == ("Release 2 was rolled back.",)
    held = (gate_decision(Gate.LAUNCH, LAUNCHED), gate_decision(Gate.OPERATE, date(2030, 6, 5)))
    after = review_cycle(live(D33="1", decisions=held), guide(), (bad_night,))
    assert after is not None
    assert not after.is_due


def test_a_rollback_and_its_incident_are_one_trigger() -> None:
    at = moment(date(2030, 6, 1))
    back = StepFact(Move.ROLLED_BACK, at)
    release = ReleaseFact(7, 2, "1.5", "", at, steps=(StepFact(Move.CANARY, at), back))
    late = IncidentFact(at - timedelta(days=400), detected_at=at + timedelta(days=3), title="Drift")
    incidents = (IncidentFact(at, release_id=7), IncidentFact(at + timedelta(days=2)), late)
    assert [each.text for each in triggers_of((release,), incidents)] == [
        "Release 2 (version 1.5) was rolled back on 2030-06-01.",
        "An incident began on 2030-06-03.",
        "An incident began on 2029-04-27: Drift.",
    ]


# ---------------------------------------------------------------- the evidence


def found(project: ProjectFacts, title: str) -> Finding:
    nothing = measure((), (), moment(TODAY))
    return next(each for each in findings(project, guide(), nothing, (), LAUNCHED) if each.title == title)


METRIC = {
    "D04": "Punctuality",
    "D05": {"value": quantity(80), "measured": "x"},
    "D06": quantity(90),
}


@pytest.mark.parametrize(
    ("title", "given", "now", "reads"),
    [
        (
            "Punctuality",
            {**METRIC, "P12": {"value": quantity(86)}},
            "86 %, 60 % of the way",
            Reads.GOOD,
        ),
        (
            "Punctuality",
            {**METRIC, "P12": {"value": quantity(82)}},
            "82 %, 20 % of the way",
            Reads.BAD,
        ),
        (
            "Punctuality",
            {**METRIC, "P12": {"value": quantity(91)}},
            "91 %, the target is reached",
            Reads.GOOD,
        ),
        (
            "Punctuality",
            {**METRIC, "P12": {"value": quantity(5, "hours")}},
            "5 hours",
            Reads.UNKNOWN,
        ),
        ("Punctuality", METRIC, "not measured", Reads.UNKNOWN),
        ("Punctuality", {"D04": "Punctuality", "P12": {"value": quantity(5)}}, "5 %", Reads.PLAIN),
        (
            "Value realised",
            {"D08": money(200_000), "P12": {"value": quantity(86), "realised": money(50_000)}},
            "50,000 EUR, 25 % of it",
            Reads.PLAIN,
        ),
        (
            "Value realised",
            {
                "D08": money(200_000),
                "P12": {"value": quantity(86), "realised": money(50_000), "stop_met": True},
            },
            "50,000 EUR, 25 % of it; the condition to stop is met",
            Reads.BAD,
        ),
        (
            "Value realised",
            {"D08": money(200_000), "P12": {"value": quantity(86), "realised": money(50_000, "USD")}},
            "50,000 USD, in another currency",
            Reads.UNKNOWN,
        ),
        (
            "Override and non-use",
            {"P13": {"override": 6, "non_use": 18}},
            "6 % overridden, 18 % not used",
            Reads.PLAIN,
        ),
        ("Outcomes overturned", {"P20": 40}, "40 %", Reads.BAD),
        ("Outcomes overturned", {"P20": not_applicable()}, "does not apply", Reads.PLAIN),
        ("Response time", {"P15": {"response": 210}, "R04": 200}, "210 ms", Reads.BAD),
        ("Response time", {"P15": {"response": 200}, "R04": 200}, "200 ms", Reads.GOOD),
        ("Response time", {"P15": dont_know()}, "not known", Reads.UNKNOWN),
        (
            "Age of the model",
            {
                "P11": [{"trained_on": date(2030, 3, 7), "approved_by": None}],
                "R14": {"trigger": "calendar", "interval": days(90)},
            },
            "trained 100 days ago",
            Reads.BAD,
        ),
        ("Incidents since the last review", {"P09": []}, "none", Reads.GOOD),
        (
            "Incidents since the last review",
            {
                "P09": [
                    {"incident": "a", "opened_on": date(2030, 1, 1)},
                    {"incident": "b", "opened_on": date(2029, 1, 1)},
                ]
            },
            "1, of which 1 open",
            Reads.BAD,
        ),
        ("Changes around it", {"P10": []}, "none since the last review", Reads.GOOD),
        ("Changes around it", {}, "not known", Reads.UNKNOWN),
    ],
)
def test_evidence_reads(title: str, given: dict[str, Any], now: str, reads: Reads) -> None:
    line = found(live(**given), title)
    assert (line.now, line.reads) == (now, reads)


def test_conditions_are_counted_and_the_overdue_ones_named() -> None:
    owed = ConditionFact(1, Gate.LAUNCH, None, "Second person", "kim", TODAY - timedelta(days=1), "open")
    line = found(live(conditions=(owed,)), "Conditions open")
    assert (line.now, line.reads) == ("1, of which 1 overdue", Reads.BAD)


# ---------------------------------------------------------------- people and sites


def test_people_and_sites_beside_the_plan() -> None:
    project = live(
        D24={"people": 850, "sites": 62},
        P06={"people": 720, "sites": 70},
        R16=[{"audience": "Managers", "people": 310, "material": "x", "finish": date(2030, 5, 15)}],
    )
    reached = enablement(project, guide())
    assert (reached.people.percent, reached.sites.percent) == (84, 100)
    assert [each.is_late for each in reached.audiences] == [True]
    assert enablement(live(), guide()).people.percent is None
    assert enablement(live(D24={"people": 0, "sites": 1}), guide()).people.percent is None


# ---------------------------------------------------------------- the end


def test_nobody_who_uses_it_is_left_untold_and_records_stay_as_long_as_planned() -> None:
    project = live(
        D16=[{"name": "Planners", "kind": "team"}, {"name": "Dispatch", "kind": "system"}],
        P17={
            "criteria": "x",
            "notice": "y",
            "retention": months(6),
            "downstream_checked": True,
        },
    )
    yesterday = TODAY - timedelta(days=1)
    told: dict[str, date | None] = {"Planners": yesterday, "Dispatch": yesterday}
    assert may_retire(project, guide(), told, date(2031, 1, 1)) == ()
    codes = [each.code for each in may_retire(project, guide(), {"Planners": None}, None)]
    assert codes == ["not_told", "not_told", "no_retention"]
    late = may_retire(project, guide(), {**told, "Planners": TODAY + timedelta(days=1)}, date(2030, 12, 1))
    assert [each.code for each in late] == ["told_ahead", "kept_too_short"]


# ---------------------------------------------------------------- what changes around it


def test_a_change_waits_five_days_for_its_assessment() -> None:
    project = live(
        P10=[
            {"change": "Old", "kind": "vendor", "changed_on": date(2030, 6, 9), "impact_assessed": False},
            {"change": "New", "kind": "policy", "changed_on": date(2030, 6, 10), "impact_assessed": False},
            {"change": "Done", "kind": "usage", "changed_on": date(2030, 5, 1), "impact_assessed": True},
        ]
    )
    entries = change_entries(project, guide())
    assert [(each.change, each.is_late, each.is_assessed) for each in entries] == [
        ("New", False, False),
        ("Old", True, False),
        ("Done", False, True),
    ]
    assert entries[0].assess_by == TODAY


def test_days_of_an_entry_that_cannot_be() -> None:
    tomorrow = TODAY + timedelta(days=1)
    assert change_problem(TODAY, TODAY, TODAY) == {}
    assert set(change_problem(None, None, TODAY)) == {"date"}
    assert set(change_problem(tomorrow, tomorrow, TODAY)) == {"date", "assessed on"}


def test_days_ahead_come_from_sources_foreseen_changes_windows_and_funding() -> None:
    project = live(
        sources=[
            {"id": 3, "name": "Weather", "X09": date(2030, 9, 1), "X16": days(30)},
            {"id": 4, "name": "Meters", "X09": date(2029, 1, 1)},  # ended long ago
        ],
        D21=[{"name": "Vendor", "source": "source/3"}],
        D22=[{"name": "Dispatch", "owner": "x", "change_window": date(2030, 7, 1)}],
        D32=[{"change": "New tariff", "kind": "vendor", "system": "D21/r1", "expected_on": date(2030, 8, 1)}],
        P17={"criteria": "x", "funding_end": date(2031, 1, 1)},
    )
    assert [(each.on, each.what, each.announced_by) for each in days_ahead(project)] == [
        (date(2030, 7, 1), "Change window of Dispatch", None),
        (date(2030, 8, 1), "Expected: New tariff", date(2030, 7, 2)),
        (date(2030, 9, 1), "Agreement for Weather ends", None),
        (date(2031, 1, 1), "Funding ends", None),
    ]
