"""The checks first enforced at Feasibility."""

from __future__ import annotations

from typing import Any

import pytest

from lifecycle.vocabulary import Gate
from tests.rules.building import (
    Case,
    assert_holds,
    days,
    dont_know,
    facts,
    fails_saying,
    messages,
    money,
    months,
    not_applicable,
    number,
    passes,
    person,
    unclear,
    untested,
    verdict,
    weeks,
    years,
)

GO = {"recommendation": "go", "reasons": "It works"}
WITH_CONDITIONS = {"recommendation": "go_with_conditions", "reasons": "It nearly works"}
STOP = {"recommendation": "stop", "reasons": "It does not work"}
HIGHER, LOWER = {"direction": "higher"}, {"direction": "lower"}
PERSON_WEEK = {"unit": "person", "period": "week"}
SYSTEM = [{"name": "Ledger"}]
CHANGES = [{"change": "New ledger", "kind": "product", "system": "D21/r1"}]
OUTSIDE = [{"name": "Partner bank", "outside": True}]
STATED = {"who": "Staff", "difference": "Staff judge, the court decides"}


def feed(**answers: object) -> dict[str, object]:
    return {"name": "Orders feed", **answers}


def scores(baseline: object, best: object, **others: Any) -> dict[str, Any]:
    return {"F03": {"score": baseline}, "F05": {"value": best}, "F04": HIGHER, **others}


def grain(unit: str, period: str, **others: object) -> dict[str, object]:
    return feed(X22={"unit": unit, "period": period, **others})


CASES: list[Case] = [
    fails_saying("C32", "is refused", sources=[feed(X08={"status": "refused"})]),
    fails_saying("C32", sources=[feed(), feed(X08={"status": "in_review"})]),
    passes("C32", sources=[feed(X08={"status": "confirmed"}), feed(X08=not_applicable())]),
    unclear("C32", "X08@2", sources=[feed(X08={"status": "confirmed"}), feed()]),
    fails_saying("C32/overall", "not confirmed", F12="not_confirmed"),
    passes("C32/overall", F12="confirmed"),
    passes("C32/overall", F12=not_applicable()),
    unclear("C32/overall", "F12", F12=dont_know()),
    fails_saying("C35", "is 3", "has 5", **scores(5, 3, F18=GO)),
    fails_saying("C35", **scores(5, 6, F18=WITH_CONDITIONS, F04=LOWER)),
    fails_saying("C35", F03={"score": 5}, F05={"value": number("5.0")}, F18=GO),  # equal, either way
    passes("C35", **scores(5, number("5.01"), F18=GO)),
    passes("C35", **scores(5, 6)),  # better, whatever is recommended
    passes("C35", **scores(5, 3, F18=STOP)),
    unclear("C35", "F04", F03={"score": 5}, F05={"value": 6}, F18=GO),
    unclear("C35", "F18", **scores(5, 3)),
    unclear(  # of two metrics
        "C35", "F04", F03={"metric": "Recall", "score": 5}, F05={"metric": "Cost", "value": 5}, F18=GO
    ),
    fails_saying(
        "C35/no_score", "“Baseline and its score”", F18=GO, F03={"baseline": "rule"}, F05={"value": 3}
    ),
    fails_saying("C35/no_score", "but “Best", F18=GO, F03=dont_know(), F05=not_applicable()),
    unclear("C35/no_score", "F03", F18=GO, F05={"value": 3}),
    passes("C35/no_score", **scores(5, 3, F18=GO)),
    passes("C35/no_score", F18=STOP),
    unclear("C35/no_score", "F18"),
    fails_saying("C39/input", "Closing code", F09=[{"input": "Closing code", "problem": "not_available"}]),
    passes("C39/input", F09=[]),
    passes("C39/input", F09=[{"input": "Closing code", "problem": "after_the_fact"}]),
    unclear("C39/input", "F09"),
    unclear("C39/input", "F09", F09=[{"input": "Closing code"}]),
    fails_saying("C39/source", "Orders feed", sources=[feed(X06=False), feed()]),
    passes("C39/source", sources=[feed(X06=True)]),
    unclear("C39/source", "X06@1", sources=[feed()]),
    fails_saying(
        "C42", "1,210 EUR", F15=money(100), D08=money(1209), sources=[feed(X21=money(10)), feed(X21=money(0))]
    ),
    fails_saying("C42", F15=money(101), D08=money(1200), sources=[feed()]),  # enough without the source
    passes("C42", F15=money(100), D08=money(1210), sources=[feed(X21=money(10)), feed(X21=not_applicable())]),
    unclear("C42", "X21@1", F15=money(100), D08=money(1200), sources=[feed()]),
    unclear("C42", "F15", F15=money(100, "USD"), D08=money(1), sources=[]),
    unclear("C42", "D08", F15=money(100)),
    passes("C42", F15=not_applicable(), D08=money(1)),
    fails_saying("C52", "narrowed", "the business owner", F17={"outcome": "narrowed", "reconfirmed": False}),
    fails_saying(
        "C52",
        "Ida Berg",
        F17={"outcome": "reframed", "reconfirmed": False},
        D28={"business": person("Ida Berg")},
    ),
    passes("C52", F17={"outcome": "as_set"}),
    passes("C52", F17={"outcome": "narrowed", "reconfirmed": True}),
    unclear("C52", "F17"),
    unclear("C52", "F17", F17={"outcome": "narrowed"}),
    fails_saying("C59/no_record", "Ledger", D21=SYSTEM, sources=[feed()]),
    fails_saying("C59/no_record", D21=[{"name": "Ledger", "source": "source/9"}], sources=[feed()]),
    passes("C59/no_record", D21=[{"name": "Ledger", "source": "source/1"}], sources=[feed()]),
    unclear("C59/no_record", "D21", sources=[feed()]),
    fails_saying("C59/not_listed", "Orders feed", D21=SYSTEM, sources=[feed()]),
    fails_saying("C59/not_listed", D21=not_applicable(), sources=[feed()]),
    passes("C59/not_listed", D21=[{"name": "Ledger", "source": "source/1"}], sources=[feed()]),
    passes("C59/not_listed"),
    unclear("C59/not_listed", "D21", sources=[feed()]),
    fails_saying("C61", "5 months", "3 months", F10=months(5), D14={"horizon": months(3)}),
    fails_saying("C61", F10=days(60), D14={"horizon": months(1)}),
    passes("C61", F10=weeks(4), D14={"horizon": days(14)}),  # exactly twice
    passes("C61", F10=not_applicable()),
    unclear("C61", "D14", F10=years(1)),
    fails_saying("C67", "Ledger", D22=SYSTEM, F14=[{"system": "D22/r1", "done": False}]),
    fails_saying("C67", D22=SYSTEM, F14=[{"system": "D21/r1", "done": True}]),
    fails_saying("C67", D22=SYSTEM, F14=not_applicable()),
    passes("C67", D22=SYSTEM, F14=[{"system": "D22/r1", "done": True}]),
    passes("C67", D22=[]),
    unclear("C67", "F14", D22=SYSTEM),
    unclear("C67", "D22", F14=[]),
    fails_saying(
        "C67/successor", "Ledger", D21=SYSTEM, D32=CHANGES, F14=[{"system": "D21/r1", "done": True}]
    ),
    passes(
        "C67/successor",
        D21=SYSTEM,
        D32=CHANGES,
        F14=[{"system": "D21/r1", "done": True, "successor": True}],
    ),
    passes("C67/successor", D32=[{"change": "New law", "kind": "rule"}]),
    passes("C67/successor", D21=[], D32=CHANGES, F14=[]),  # the system is no longer listed
    unclear("C67/successor", "F14", D21=SYSTEM, D32=CHANGES),
    fails_saying("C76/difference", "A person's judgement", F08="human", sources=[feed(X19={"who": "Staff"})]),
    fails_saying("C76/difference", F08="none", sources=[feed(X19=not_applicable())]),
    passes("C76/difference", F08="recorded_outcome"),
    passes("C76/difference", F08="proxy", sources=[feed(), feed(X19=STATED)]),
    unclear("C76/difference", "X19@1", F08="proxy", sources=[feed()]),
    unclear("C76/difference", "F08", sources=[feed(X19={"who": "Staff"})]),
    fails_saying(
        "C76/independent",
        "A stand-in for the outcome",
        F08="proxy",
        D13={"undo": "never"},
        M05=[{"metric": "Recall", "independent": False}],
        sources=[feed(X19=STATED)],
    ),
    passes("C76/independent", F08="proxy", D13={"undo": "easily"}),
    passes("C76/independent", F08="proxy", D13={"undo": "hard"}, M05=[{"independent": True}]),
    passes(
        "C76/independent", F08="proxy", D13={"undo": "hard"}, sources=[feed(X19={**STATED, "tested": True})]
    ),
    unclear(
        "C76/independent", "M05", F08="proxy", D13={"undo": "hard"}, sources=[feed(X19=not_applicable())]
    ),
    unclear("C76/independent", "D13", F08="proxy", M05=[], sources=[feed(X19=not_applicable())]),
    fails_saying("C77", "1,200 cases", "handle 90", R29=1200, D38=90),
    passes("C77", R29=90, D38=90),
    unclear("C77", "D38", R29=1200),
    unclear("C77", "R29", "D38"),
    fails_saying("C77/unsaid", "how many cases", D38=not_applicable()),
    passes("C77/unsaid", D38=0),
    unclear("C77/unsaid", "D38"),
    fails_saying(
        "C78",
        "per person and year",
        "per person and week",
        D39=PERSON_WEEK,
        sources=[grain("person", "year")],
    ),
    fails_saying("C78", D39=PERSON_WEEK, sources=[feed(X22={"unit": "region"})]),
    fails_saying("C78", D39=PERSON_WEEK, sources=[grain("site", "day", allocation="Evenly")]),  # not approved
    fails_saying("C78", D39=PERSON_WEEK, sources=[feed(), grain("household", "day")]),
    passes("C78", D39=PERSON_WEEK, sources=[grain("account", "week"), grain("event", "moment")]),
    passes(
        "C78",
        D39=PERSON_WEEK,
        sources=[grain("person", "year", allocation="By pay slip", allocation_approved=True)],
    ),
    passes("C78", D39=PERSON_WEEK, sources=[feed(X22=not_applicable())]),
    unclear("C78", "X22@1", D39=PERSON_WEEK, sources=[feed(X22={"unit": "person"})]),
    unclear("C78", "D39", sources=[grain("person", "week")]),
    fails_saying("C83", "not asked", D40="not_asked", D42=True),
    passes("C83", D40="confirmed"),
    passes("C83", D42=False),
    unclear("C83", "D40", D42=True),
    unclear("C83", "D42", D40="in_review"),
    fails_saying("C83/advised_against", D40="advice_against", D42=False),
    passes("C83/advised_against", D40="in_review"),
    unclear("C83/advised_against", "D40"),
    fails_saying("C85", "“Best score so far”", F18=GO, F03={"score": 3}),
    fails_saying("C85", "“Baseline and its score”", F18=GO, F03=dont_know(), F05={"value": 3}),
    passes("C85", **scores(3, 4, F18=GO)),
    unclear("C85", "F18"),
    fails_saying(
        "C85/last_value",
        "2 weeks",
        F03={"baseline": "rule"},
        D31={"after": weeks(2)},
        R01={"forecasts_behaviour": True},
    ),
    passes("C85/last_value", F03={"baseline": "last_value"}),
    passes("C85/last_value", F03={"baseline": "rule"}, R01={"forecasts_behaviour": False}),
    passes("C85/last_value", D31=not_applicable()),
    unclear("C85/last_value", "R01", "F03", D31={"after": weeks(2)}),
    fails_saying(
        "C85/as_good",
        "Recall: the baseline of 0.7",
        M03=[
            {
                "metric": "Recall",
                "value": number("0.75"),
                "low": number("0.7"),
                "high": 1,
                "baseline": number("0.7"),
            }
        ],
    ),
    passes("C85/as_good", M03=[{"value": 5, "low": 4, "high": 6, "baseline": number("3.9")}]),
    passes("C85/as_good", M03=[{"value": 5, "baseline": 5}]),  # no interval to lie in
    unclear("C85/as_good", "M03"),
    fails_saying(
        "C86", "Order of antibiotics", F09=[{"input": "Order of antibiotics", "problem": "after_the_fact"}]
    ),
    fails_saying("C86", "Visit", R18=[{"input": "Visit", "after_the_fact": True}]),
    passes("C86", gate=Gate.FEASIBILITY, F09=[]),  # R18 is asked for at Design
    unclear("C86", "R18", gate=Gate.DESIGN, F09=[]),
    passes("C86", gate=Gate.DESIGN, F09=[], R18=[{"input": "Visit", "after_the_fact": False}]),
    unclear("C86", "F09", R18=[]),
    fails_saying("C88", "5.5 %", "at Clinic", F20=[{"place": "Clinic", "share": number("5.5")}]),
    passes("C88", F20=[{"place": "Clinic", "share": 5}]),
    passes("C88", F20=[]),
    unclear("C88", "F20", F20=[{"place": "Clinic"}]),
    fails_saying("C88/untried", "no real place", F20=[]),
    fails_saying("C88/untried", F20=not_applicable()),
    passes("C88/untried", F20=[{"place": "Clinic"}]),
    unclear("C88/untried", "F20"),
    # 1,000 to build and 36 months of 10 against three years of 450
    fails_saying("C91", "1,360 EUR", "1,350 EUR", F16={"cost": money(1000)}, F15=money(10), D08=money(450)),
    fails_saying("C91", F16={"cost": money(1351)}, D08=money(450)),  # enough without running it
    passes("C91", F16={"cost": money(990)}, F15=money(10), D08=money(450)),
    passes("C91", F16={"cost": money(990)}, F15=money(10), D08=not_applicable()),
    unclear("C91", "F15", F16={"cost": money(990)}, D08=money(450)),
    unclear("C91", "F16", F16={"cost": money(9900, "USD")}, F15=money(10), D08=money(450)),
    fails_saying("C91/uncosted", "Estimate it", F18=GO),
    passes("C91/uncosted", F18=GO, F16={"cost": money(1)}),
    passes("C91/uncosted", F18=STOP),
    unclear("C91/uncosted", "F18"),
    fails_saying(
        "C98", "Partner bank", D16=OUTSIDE, R02=[{"consumer": "D16/r1", "owner": person("Ida Berg")}]
    ),
    fails_saying("C98", D16=OUTSIDE, R02=not_applicable()),
    passes("C98", D16=OUTSIDE, R02=[{"consumer": "D16/r1", "accepted_by": person("Ida Berg")}]),
    passes("C98", D16=[{"name": "Sales", "outside": False}]),
    unclear("C98", "R02", D16=OUTSIDE),
    unclear("C98", "D16", D16=[{"name": "Sales"}]),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_check_decides(case: Case) -> None:
    assert_holds(case)


def test_every_branch_has_a_failing_and_a_passing_case() -> None:
    assert not untested("feasibility", CASES)


def test_each_input_is_named_once_however_often_it_is_listed() -> None:
    late = {"input": "Visit"}
    project = facts(
        F09=[{**late, "problem": "after_the_fact"}],
        R18=[{**late, "after_the_fact": True}, {"after_the_fact": True}],
    )
    assert len(messages("C86", "main", project)) == 2


def test_go_without_scores_points_at_the_fields_to_fill() -> None:
    assert verdict("C35", "no_score", facts(F18=GO, F03={"score": 1}, F05={})).fields == ("F18", "F05")
