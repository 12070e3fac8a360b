"""The checks of the data sources."""

from __future__ import annotations

from datetime import date

import pytest

from lifecycle.rules.checks.timing import readable
from lifecycle.rules.dates import months_after
from lifecycle.vocabulary import Gate
from tests.rules.building import (
    Case,
    assert_holds,
    days,
    dont_know,
    fails_saying,
    hours,
    months,
    not_applicable,
    number,
    passes,
    person,
    unclear,
    untested,
    weeks,
    years,
)


def feed(**answers: object) -> dict[str, object]:
    return {"name": "Orders feed", **answers}


NO_SUBSTITUTE = {"X03": "vendor", "X10": {"mode": "none"}}
NO_FALLBACK = {"kind": "none"}
GAPS = {"match": "gaps", "gaps": ["People without a phone"]}
BOUGHT = [{"part": "Scoring model", "kind": "bought_model"}]
LIBRARY = [{"part": "Gradient boosting", "kind": "library"}]
APPROVED = {"trigger": "new_data", "approver": person("Ida Berg")}
CHECKED = [{"check": "Schema", "kind": "schema"}]
ATTRIBUTE = {"personal": True, "protected": ["nationality"]}

CASES: list[Case] = [
    fails_saying("C05", "1 day old, but", D20=days(1), sources=[feed(X04=hours(20), X05=hours(5))]),
    fails_saying("C05", D20=days(1), sources=[feed(X05=days(2))]),  # X04 cannot make it fresher
    passes("C05", D20=days(1), sources=[feed(X04=hours(20), X05=hours(4))]),
    passes("C05", D20=days(1), sources=[feed(X04=not_applicable(), X05=days(1))]),
    passes("C05", D20=not_applicable(), sources=[feed(X05=days(2))]),
    unclear("C05", "X05@1", D20=days(1), sources=[feed(X04=hours(20))]),
    unclear("C05", "D20", sources=[feed(X04=hours(20))]),
    fails_saying("C12", "vendor", sources=[feed(**NO_SUBSTITUTE)], R12=NO_FALLBACK),
    fails_saying("C12", sources=[feed(X03="partner", X10=not_applicable())], R12=not_applicable()),
    passes("C12", sources=[feed(**NO_SUBSTITUTE)], R12={"kind": "manual"}),
    passes("C12", sources=[feed(X03="vendor", X10={"mode": "degraded"})]),
    passes("C12", sources=[feed(X03="own")]),
    unclear("C12", "R12", sources=[feed(**NO_SUBSTITUTE)]),
    unclear("C12", "X10@1", sources=[feed(X03="vendor")], R12=NO_FALLBACK),
    fails_saying("C13", "2031-01-30", D37=date(2030, 1, 31), sources=[feed(X09=date(2031, 1, 30))]),
    passes("C13", D37=date(2030, 1, 31), sources=[feed(X09=date(2031, 1, 31))]),
    passes("C13", D37=date(2030, 1, 31), sources=[feed(X09=not_applicable())]),
    unclear("C13", "X09@1", D37=date(2030, 1, 31), sources=[feed()]),
    unclear("C13", "D37", sources=[feed(X09=date(2031, 1, 30))]),
    fails_saying(
        "C14", "1 month of notice", "31 days", R14={"time_needed": days(31)}, sources=[feed(X16=months(1))]
    ),
    passes("C14", R14={"time_needed": weeks(4)}, sources=[feed(X16=days(28))]),
    passes("C14", R14=not_applicable(), sources=[feed(X16=days(28))]),
    unclear("C14", "X16@1", R14={"time_needed": weeks(4)}, sources=[feed()]),
    unclear("C14", "R14", sources=[feed(X16=days(28))]),
    fails_saying("C33", "2 years", "12 months", R15={"keep": years(2)}, sources=[feed(X18=months(12))]),
    passes("C33", R15={"keep": years(1)}, sources=[feed(X18=months(12))]),
    passes("C33", R15=not_applicable(), sources=[feed(X18=months(12))]),
    unclear("C33", "X18@1", R15={"keep": years(1)}, sources=[feed()]),
    fails_saying(
        "C34", "EU or Norway", "Europe", R03={"place": "Europe"}, sources=[feed(X17=["EU", "Norway"])]
    ),
    passes("C34", R03={"place": "eu (Frankfurt)"}, sources=[feed(X17=["EU"])]),
    passes("C34", R03={"place": "anywhere"}, sources=[feed(X17=[]), feed(X17=not_applicable())]),
    passes("C34", sources=[feed(X17=[])]),
    unclear("C34", "R03", sources=[feed(X17=["EU"])]),
    unclear("C34", "X17@1", R03={"place": "EU"}, sources=[feed()]),
    fails_saying("C70", "People without a phone", F11=GAPS, R11=[{"group": "Women"}]),
    fails_saying(
        "C70",
        "Migrants",
        F11={"match": "yes"},
        R11=[],
        sources=[feed(X15={"bias": "x", "missing_groups": ["Migrants"]})],
    ),
    fails_saying("C70", F11=GAPS, R11=not_applicable()),
    passes("C70", F11=GAPS, R11=[{"group": "people without a phone "}]),
    passes("C70", F11={"match": "yes"}, sources=[feed(X15={"bias": "None known"})]),
    unclear("C70", "R11", F11=GAPS),
    unclear("C70", "F11", F11={"match": "no"}),
    unclear("C70", "X15@1", F11={"match": "yes"}, sources=[feed()]),
    fails_saying("C70/not_checked", "Nobody has checked", F11={"match": "not_checked"}),
    fails_saying("C70/not_checked", gate=Gate.FEASIBILITY, F11=dont_know()),
    fails_saying("C70/not_checked", gate=Gate.MODEL, M11=LIBRARY),
    passes("C70/not_checked", F11=GAPS),
    passes("C70/not_checked", F11={"match": "not_checked"}, M11=BOUGHT),
    passes("C70/not_checked", gate=Gate.FEASIBILITY, F11=not_applicable()),
    unclear("C70/not_checked", "F11", gate=Gate.DISCOVERY),
    fails_saying("C70/not_checked_bought", "made elsewhere", F11={"match": "not_checked"}, M11=BOUGHT),
    fails_saying("C70/not_checked_bought", F11={"match": "not_checked"}, sources=[feed(X03="another_model")]),
    passes("C70/not_checked_bought", F11={"match": "not_checked"}, M11=LIBRARY, sources=[feed(X03="vendor")]),
    passes("C70/not_checked_bought", F11=GAPS),
    unclear("C70/not_checked_bought", "M11", F11={"match": "not_checked"}),
    fails_saying("C82", "nationality", D42=True, sources=[feed(X07=ATTRIBUTE)]),
    fails_saying(
        "C82", "age or sex", D42=True, sources=[feed(X07={"personal": True, "categories": ["demographic"]})]
    ),
    passes("C82", D42=True, sources=[feed(X07={**ATTRIBUTE, "basis": "Section 12"})]),
    passes("C82", D42=False, sources=[feed(X07=ATTRIBUTE)]),
    passes("C82", sources=[feed(X07={"personal": True, "categories": ["contact"]})]),
    unclear("C82", "D42", sources=[feed(X07=ATTRIBUTE)]),
    unclear("C82", "X07@1", D42=True, sources=[feed()]),
    fails_saying(
        "C89", "Orders feed", R14={"trigger": "continuous"}, sources=[feed(X03="users", X11=CHECKED)]
    ),
    passes("C89", R14=APPROVED, sources=[feed(X03="users")]),
    passes("C89", R14={"trigger": "calendar"}, sources=[feed(X03="users")]),
    passes("C89", sources=[feed(X03="own")]),
    unclear("C89", "R14", sources=[feed(X03="public")]),
    unclear("C89", "X03@1", R14={"trigger": "continuous"}, sources=[feed()]),
    fails_saying(
        "C89/unchecked",
        "nothing checks",
        R14={"trigger": "continuous", "approver": person("Ida Berg")},
        sources=[feed(X03="public", X11=[])],
    ),
    fails_saying(  # the same person twice is no second person
        "C89/unchecked",
        R14=APPROVED,
        R22={"second_person": person("ida berg")},
        sources=[feed(X03="users", X11=not_applicable())],
    ),
    passes(
        "C89/unchecked",
        R14=APPROVED,
        R22={"second_person": person("Bo Lind")},
        sources=[feed(X03="users", X11=[])],
    ),
    passes("C89/unchecked", R14={"trigger": "continuous"}, sources=[feed(X03="users", X11=CHECKED)]),
    unclear("C89/unchecked", "X11@1", R14={"trigger": "continuous"}, sources=[feed(X03="users")]),
    unclear("C89/unchecked", "R22", R14=APPROVED, sources=[feed(X03="users", X11=[])]),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_check_decides(case: Case) -> None:
    assert_holds(case)


def test_every_branch_has_a_failing_and_a_passing_case() -> None:
    assert not untested("data", CASES)


@pytest.mark.parametrize(
    ("day", "months_later", "expected"),
    [
        (date(2027, 2, 28), 12, date(2028, 2, 28)),
        (date(2028, 2, 29), 12, date(2029, 2, 28)),
        (date(2027, 8, 31), 6, date(2028, 2, 29)),
        (date(2027, 12, 1), 1, date(2028, 1, 1)),
    ],
)
def test_months_after_keeps_to_the_calendar(day: date, months_later: int, expected: date) -> None:
    assert months_after(day, months_later) == expected


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("1095.75", "3 years"),
        ("91.3125", "3 months"),
        ("60", "60 days"),
        ("1", "1 day"),
        ("0.0625", "1.5 hours"),
        ("0", "0 minutes"),
    ],
)
def test_span_reads_in_the_unit_people_use(amount: str, words: str) -> None:
    assert str(readable(number(amount))) == words
