"""Standing holds by itself until the day it says, and not a day longer where a day decides."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle.rules.project_facts import ConditionFact, EvidenceFact, ProjectFacts, WaiverFact
from lifecycle.rules.readiness import readiness_of_all
from lifecycle.rules.validity import valid_until
from lifecycle.vocabulary import Gate, Role
from tests.rules.building import TODAY, days, dont_know, facts, guide, months

SOON, LATER = TODAY + timedelta(days=5), TODAY + timedelta(days=50)


def until(project: ProjectFacts) -> date | None:
    return valid_until(project, guide())


@pytest.mark.parametrize(
    ("project", "expected"),
    [
        (facts(), None),
        (facts(D14=dont_know(due_on=SOON), D15=dont_know(due_on=LATER)), SOON),
        (facts(D14=dont_know(due_on=TODAY)), TODAY),
        (facts(D14=dont_know(due_on=TODAY - timedelta(days=1))), None),
        (facts(sources=[{"X05": dont_know(due_on=SOON)}]), SOON),
        (facts(conditions=(ConditionFact(1, Gate.DESIGN, Role.LEGAL, "t", "p", SOON, "open"),)), SOON),
        (facts(conditions=(ConditionFact(1, Gate.DESIGN, Role.LEGAL, "t", "p", SOON, "met"),)), None),
        (facts(waivers=(WaiverFact(1, "C01", Gate.DESIGN, "bo", "m", SOON),)), SOON),
        (facts(evidence=(EvidenceFact("P03", Gate.LAUNCH, SOON),)), SOON),
        (facts(M13={"next_decision": SOON}), SOON - timedelta(days=1)),
        (facts(P10=[{"changed_on": TODAY, "impact_assessed": False}]), TODAY),
        (
            facts(P10=[{"changed_on": TODAY - timedelta(days=1), "impact_assessed": False}]),
            TODAY + timedelta(days=3),
        ),
        (facts(P09=[{"opened_on": TODAY - timedelta(days=9)}]), TODAY + timedelta(days=20)),
        (
            facts(P11=[{"trained_on": TODAY - timedelta(days=9)}], R14={"interval": days(30)}),
            TODAY + timedelta(days=20),
        ),
    ],
)
def test_standing_holds_until_the_first_day_that_decides(
    project: ProjectFacts, expected: date | None
) -> None:
    assert until(project) == expected


def test_reviews_stop_fitting_before_go_live_on_a_day_that_is_known() -> None:
    lead = sum(guide().policy.lead_days.values())  # every role has still to sign
    go_live = TODAY + timedelta(days=lead + 7)

    assert until(facts(D37=go_live)) == TODAY + timedelta(days=7)


def signature(project: ProjectFacts) -> list[Any]:
    """Everything of a standing that a screen shows, but sentences that count days."""
    return [
        (
            ready.level,
            ready.shares,
            [item.code for item in ready.blockers],
            [each.result for each in ready.checks],
        )
        for ready in readiness_of_all(project, guide()).values()
    ]


near = st.integers(-40, 60).map(lambda number: TODAY + timedelta(days=number))
dated = st.fixed_dictionaries(
    {},
    optional={
        "D14": near.map(lambda day: dont_know(due_on=day)),
        "D28": near.map(lambda day: {"privacy": None, "privacy_on": day}),
        "D37": near,
        "F01": near.map(lambda day: {"decision": day}),
        "M13": near.map(lambda day: {"next_decision": day}),
        "P01": near.map(lambda day: {"live_on": day - timedelta(days=150)}),
        "D06": st.just(None),
        "P04": near.map(lambda day: {"tried_on": day, "restore": days(1)}),
        "P08": near.map(lambda day: {"next": day}),
        "P09": near.map(lambda day: [{"opened_on": day, "named_in_stop": True}]),
        "P10": near.map(lambda day: [{"changed_on": day, "impact_assessed": False}]),
        "P11": near.map(lambda day: [{"trained_on": day}]),
        "P16": near.map(lambda day: [{"condition": "Terms", "due": day, "status": "open"}]),
        "R14": st.just({"trigger": "calendar", "interval": months(1)}),
        "R21": st.just({"tier": "3"}),
    },
)


@settings(max_examples=60, deadline=None)
@given(answers=dated, ahead=st.integers(1, 400), due=near)
def test_nothing_changes_by_itself_before_the_day_that_is_named(
    answers: dict[str, Any], ahead: int, due: date
) -> None:
    given = {name: value for name, value in answers.items() if value is not None}
    condition = ConditionFact(1, Gate.DESIGN, Role.LEGAL, "Sign the terms", "pat", due, "open")
    project = facts(**given, gate=Gate.OPERATE, conditions=(condition,))
    last = until(project) or TODAY + timedelta(days=ahead)

    later = TODAY + timedelta(days=min(ahead, (last - TODAY).days))

    assert signature(replace(project, today=later)) == signature(project)
