"""The checks first enforced at Launch or Operate: every branch failing, passing and, where it can, unknown."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from lifecycle.rules.project_facts import ConditionFact, MemberFact, ProjectFacts
from lifecycle.rules.signoffs import cover
from lifecycle.vocabulary import Decision, Gate, Role
from tests.rules.building import (
    TODAY,
    days,
    dont_know,
    facts,
    guide,
    hours,
    minutes,
    money,
    months,
    not_applicable,
    person,
    quantity,
    sign_off,
)
from tests.rules.cases import Case, checks_in, fails, gaps, parameters, passes, unknown

NA = not_applicable()
ADA, BO = person("Ada Fenn"), person("Bo Marsh")


def ago(count: int) -> date:
    return TODAY - timedelta(days=count)


def ahead(count: int) -> date:
    return TODAY + timedelta(days=count)


# ---------------------------------------------------------------- approval and conditions


def approved_by(level: int, project: ProjectFacts, **details: Any) -> ProjectFacts:
    covered = {
        key: content for key, (_, content) in cover(project, guide(), Gate.LAUNCH, Role.APPROVER).items()
    }
    decision = sign_off(Gate.LAUNCH, Role.APPROVER, covered, approval_level=level, **details)
    return replace(project, sign_offs=(decision,))


def with_approvers(project: ProjectFacts, *levels: int) -> ProjectFacts:
    members = [MemberFact(f"p{level}", Role.APPROVER, level) for level in levels]
    return replace(project, members=(*members, MemberFact("pm", Role.PRODUCT_MANAGER, 4)))


def conditions(*due: tuple[str, date, str]) -> tuple[ConditionFact, ...]:
    return tuple(
        ConditionFact(place, Gate.MODEL, Role.PRIVACY, text, "Ada Fenn", on, state)
        for place, (text, on, state) in enumerate(due, 1)
    )


TIER_3 = facts(R21={"tier": "3"})

APPROVAL = [
    fails(
        "C46", approved_by(2, TIER_3), "Risk tier 3 needs an approver of level 3; the approver's level is 2"
    ),
    passes("C46", approved_by(3, TIER_3)),
    passes("C46", approved_by(3, with_approvers(TIER_3, 1))),
    fails("C46", approved_by(4, with_approvers(TIER_3, 1), decision=Decision.REJECTED), "level is 1"),
    fails("C46", with_approvers(TIER_3, 1, 2), "level is 2"),
    passes("C46", with_approvers(TIER_3, 1, 3)),
    unknown("C46", TIER_3, "P01"),
    unknown("C46", with_approvers(facts(), 4), "R21"),
    fails(
        "C48",
        facts(
            conditions=conditions(
                ("Retest", ago(1), "open"), ("Notice", TODAY, "open"), ("Log", ago(9), "met")
            ),
            P16=[
                {"condition": "Contract", "due": ago(2), "status": "open"},
                {"condition": "Poster", "due": ago(2), "status": "met"},
            ],
        ),
        "“Retest” was due on 2030-06-14",
        "“Contract” was due on 2030-06-13",
    ),
    passes("C48", facts(conditions=conditions(("Retest", TODAY, "open"), ("Log", ago(9), "withdrawn")))),
    passes("C48", facts()),
    fails(
        "C15",
        facts(
            P10=[
                {"change": "New tariff", "changed_on": ago(6), "impact_assessed": False},
                {"change": "New label", "changed_on": ago(5), "impact_assessed": False},
                {"change": "New form", "changed_on": ago(90), "impact_assessed": True},
            ]
        ),
        "“New tariff” happened on 2030-06-09 and its impact was not assessed within 5 days",
    ),
    passes("C15", facts(P10=[{"change": "New label", "changed_on": ago(5), "impact_assessed": False}])),
    passes("C15", facts(P10=[])),
    unknown("C15", facts(P10=[{"change": "New label", "changed_on": ago(90)}]), "P10"),
    unknown("C15", facts(P10=[{"change": "New label", "impact_assessed": False}]), "P10"),
    unknown("C15", facts(), "P10"),
]

# ---------------------------------------------------------------- readiness

PLANNED = [{"metric": "Recall", "owner": ADA}, {"metric": "Latency"}]

READINESS = [
    fails("C54/owner", facts(D29=NA)),
    fails("C54/owner", facts(D29={"team": "Desk"})),
    passes("C54/owner", facts(D29={"person": ADA})),
    unknown("C54/owner", facts(D29=dont_know()), "D29"),
    fails("C54/on_call", facts(P05={"escalation": "Chat"})),
    passes("C54/on_call", facts(P05={"on_call": ADA})),
    unknown("C54/on_call", facts(), "P05"),
    fails(
        "C54/monitor",
        facts(
            R13=PLANNED,
            P02=[{"monitor": "R13/r1", "running": True}, {"monitor": "R13/r2", "running": True}],
        ),
        "“Latency” has no owner",
    ),
    passes("C54/monitor", facts(R13=PLANNED, P02=[{"monitor": "R13/r2", "running": True, "owner": BO}])),
    passes("C54/monitor", facts(R13=PLANNED, P02=[{"monitor": "R13/r2", "running": False}])),
    unknown("C54/monitor", facts(R13=PLANNED), "P02"),
    fails("C55", facts(P04={"restore": hours(1)})),
    fails("C55", facts(P04=NA)),
    fails("C55", facts(P04={"tried_on": ahead(1)})),
    passes("C55", facts(P04={"tried_on": TODAY})),
    unknown("C55", facts(), "P04"),
    fails(
        "C56",
        facts(
            R13=PLANNED, P02=[{"monitor": "R13/r1", "running": True}, {"monitor": "R13/r2", "running": False}]
        ),
        "“Latency” was promised",
    ),
    fails("C56", facts(R13=PLANNED, P02=NA), "“Recall”", "“Latency”"),
    passes("C56", facts(R13=PLANNED[:1], P02=[{"monitor": "R13/r1", "running": True}])),
    passes("C56", facts(R13=[])),
    unknown("C56", facts(R13=PLANNED), "P02"),
    unknown("C56", facts(P02=[]), "R13"),
    fails(
        "C69",
        facts(P04={"restore": minutes(61)}, R05={"longest_outage": hours(1)}),
        "61 minutes",
    ),
    passes("C69", facts(P04={"restore": minutes(60)}, R05={"longest_outage": hours(1)})),
    passes("C69", facts(P04={"restore": hours(9)}, R05=NA)),
    unknown("C69", facts(P04={"restore": hours(1)}), "R05"),
    fails("C92/second_person", facts(D12="decides_alone", R22={"signer": ADA})),
    fails(
        "C92/second_person",
        facts(D12="decides_alone", R22={"signer": ADA, "second_person": person("ada fenn")}),
    ),
    fails("C92/second_person", facts(D12="informs", R21={"tier": "3"}, R22=NA)),
    passes("C92/second_person", facts(D12="decides_alone", R22={"signer": ADA, "second_person": BO})),
    passes("C92/second_person", facts(D12="informs", R21={"tier": "2"}, R22={"signer": ADA})),
    unknown("C92/second_person", facts(D12="decides_alone"), "R22"),
    unknown("C92/second_person", facts(D12="informs", R22={"signer": ADA}), "D12"),
    fails("C92/instances", facts(D12="decides_alone", R22={"instances_checked": False})),
    fails("C92/instances", facts(D12="decides_alone", R22={"signer": ADA})),
    passes("C92/instances", facts(D12="decides_alone", R22={"instances_checked": True})),
    unknown("C92/instances", facts(D12="decides_alone"), "R22"),
    fails("C94", facts(D26={"regimes": ["privacy", "health"]}, P19=[])),
    fails("C94", facts(D13={"undo": "never"}, P19=NA)),
    passes("C94", facts(D26={"regimes": ["health"]}, P19=[{"recipient": "The regulator"}])),
    passes("C94", facts(D26={"regimes": ["privacy"]}, D13={"undo": "hard"}, P19=[])),
    unknown("C94", facts(D26={"regimes": ["health"]}), "P19"),
    unknown("C94", facts(D26={"regimes": ["privacy"]}, P19=[]), "D26"),
]

# ---------------------------------------------------------------- used as approved

DESKS = [{"name": "Claims desk", "customer_facing": False}, {"name": "Sales desk", "customer_facing": True}]
TRIAGE = {"use": "Triage", "approved": "approved"}
PAYMENT = {"use": "Stopping payment", "approved": "not_for"}

USES = [
    fails(
        "C72/consumer",
        facts(D16=DESKS, R20=[{**TRIAGE, "consumer": "D16/r1"}, PAYMENT]),
        "Sales desk has no approved use",
    ),
    fails("C72/consumer", facts(D16=DESKS, R20=[TRIAGE, {**PAYMENT, "consumer": "D16/r2"}]), "Sales desk"),
    fails("C72/consumer", facts(D16=DESKS, R20=[PAYMENT]), "Claims desk", "Sales desk"),
    passes("C72/consumer", facts(D16=DESKS, R20=[TRIAGE, PAYMENT])),
    passes(
        "C72/consumer",
        facts(D16=DESKS[:1], R20=[{**TRIAGE, "consumer": "D16/r1"}, {**PAYMENT, "consumer": "D16/r1"}]),
    ),
    passes("C72/consumer", facts(D16=[])),
    unknown("C72/consumer", facts(D16=DESKS), "R20"),
    fails(
        "C72/use",
        facts(R20=[TRIAGE, PAYMENT], P10=[{"change": "New target", "kind": "usage", "use": "R20/r2"}]),
        "“New target” uses the output for “Stopping payment”, which is not approved",
    ),
    passes("C72/use", facts(R20=[TRIAGE], P10=[{"change": "More cases", "kind": "usage", "use": "R20/r1"}])),
    passes("C72/use", facts(P10=[{"change": "New feed", "kind": "source"}])),
    unknown("C72/use", facts(P10=[{"change": "New target", "kind": "usage"}]), "P10"),
    unknown("C72/use", facts(R20=[TRIAGE]), "P10"),
    fails("C81", facts(R01={"kind": "text"}, D16=DESKS, R17=[]), "Sales desk will read generated text"),
    fails(
        "C81",
        facts(
            R01={"kind": "text"},
            D16=[{"name": "Residents", "kind": "public"}],
            R17=[{"test": "Speed", "pass_mark": "1 s"}, {"test": "Law", "subject_owner": True}],
        ),
        "Residents",
    ),
    passes(
        "C81",
        facts(
            R01={"kind": "text"},
            D16=DESKS,
            R17=[{"test": "Law", "pass_mark": "49 of 50", "subject_owner": True}],
        ),
    ),
    passes("C81", facts(R01={"kind": "text"}, D16=DESKS[:1], R17=[])),
    passes("C81", facts(R01={"kind": "class"})),
    unknown("C81", facts(R01={"kind": "text"}, D16=DESKS), "R17"),
    unknown("C81", facts(R01={"kind": "text"}, R17=[]), "D16"),
    fails(
        "C87",
        facts(
            R20=[TRIAGE, PAYMENT],
            M10=[
                {"limit": "Not for minors", "kind": "restriction", "use": "R20/r1"},
                {"limit": "Prices stay", "kind": "assumption", "use": "R20/r1"},
            ],
            M19=[
                {"limit": "Not at night", "use": "R20/r1"},
                {"limit": "Not abroad", "use": "R20/r1", "control": "Blocked by address"},
                {"limit": "Not to stop payment", "use": "R20/r2"},
            ],
        ),
        "“Not for minors”. You offer it for “Triage”",
        "“Not at night”",
    ),
    fails("C87", facts(R20=[TRIAGE], M19=[{"limit": "Not at night", "use": "R20/r1"}]), "“Not at night”"),
    passes("C87", facts(R20=[TRIAGE], M10=[], M19=[{"limit": "Not at night"}])),
    unknown("C87", facts(R20=[TRIAGE], M19=[]), "M10"),
]

# ---------------------------------------------------------------- how it is doing

LIVE = {"live_on": date(2029, 12, 15)}  # six months before TODAY
TIER_4 = {"tier": "4"}  # reviewed every 6 months


def value(now: str, unit: str = "%", **other: Any) -> dict[str, Any]:
    """From 10 to 20, now `now`, live for exactly six months."""
    return {
        "D05": {"value": quantity(10)},
        "D06": quantity(20),
        "P12": {"value": quantity(now, unit)},
        "P01": LIVE,
        **other,
    }


RUNNING = [
    fails("C57/missing", facts(P08={"last": ago(30)})),
    fails("C57/missing", facts(P08=NA)),
    passes("C57/missing", facts(P08={"next": ago(30)})),
    unknown("C57/missing", facts(), "P08"),
    fails("C57/overdue", facts(P08={"next": ago(1)}), "due on 2030-06-14"),
    passes("C57/overdue", facts(P08={"next": TODAY})),
    unknown("C57/overdue", facts(P08={"last": ago(1)}), "P08"),
    fails(
        "C57/late",
        facts(P08={"last": date(2030, 1, 31), "next": date(2030, 8, 1)}, R21=TIER_4),
        "set for 2030-08-01; the risk tier allows 2030-07-31",
    ),
    passes("C57/late", facts(P08={"last": date(2030, 1, 31), "next": date(2030, 7, 31)}, R21=TIER_4)),
    fails("C57/late", facts(P08={"next": date(2030, 6, 16)}, P01=LIVE, R21=TIER_4), "2030-06-15"),
    passes("C57/late", facts(P08={"next": date(2030, 12, 15)}, R21=TIER_4)),
    fails("C57/late", facts(P08={"last": TODAY, "next": date(2032, 6, 16)}), "2032-06-15"),
    passes("C57/late", facts(P08={"last": TODAY, "next": date(2030, 12, 15)})),
    unknown("C57/late", facts(P08={"last": TODAY, "next": date(2030, 12, 16)}), "R21"),
    fails(
        "C58",
        facts(
            P11=[{"trained_on": ago(500)}, {"trained_on": ago(31)}],
            R14={"trigger": "calendar", "interval": days(30)},
        ),
        "31 days ago; the plan says every 30 days",
    ),
    passes("C58", facts(P11=[{"trained_on": ago(30)}], R14={"trigger": "calendar", "interval": days(30)})),
    passes("C58", facts(R14={"trigger": "metric"})),
    unknown("C58", facts(R14={"interval": months(1)}), "P11"),
    unknown("C58", facts(P11=[{"trained_on": ago(30)}]), "R14"),
    fails("C64/response", facts(P15={"response": 201}, R04=200), "201 ms; the plan allows 200 ms"),
    passes("C64/response", facts(P15={"response": 200}, R04=200)),
    unknown("C64/response", facts(P15={"response": 200}), "R04"),
    fails("C64/cost", facts(P15={"cost": money(2)}, R07=money(1)), "2 EUR; the plan allows 1 EUR"),
    passes("C64/cost", facts(P15={"cost": money(1)}, R07=money(1))),
    unknown("C64/cost", facts(P15={"cost": money(2)}, R07=money(1, "USD")), "P15", "R07"),
    fails("C64/volume", facts(P15={"volume": 1201}, R06={"per_hour": 100, "peak": 1200}), "1,201 answers"),
    passes("C64/volume", facts(P15={"volume": 1200}, R06={"per_hour": 100, "peak": 1200})),
    passes("C64/volume", facts(P15=NA)),
    unknown("C64/volume", facts(P15={"volume": 1}, R06={"per_hour": 100}), "R06"),
    fails("C65", facts(**value("14.9")), "the metric was 10 %, should reach 20 %, and stands at 14.9 %"),
    passes("C65", facts(**value("15"))),
    fails("C65", facts(**value("8"))),
    passes("C65", facts(**value("11", P01={"live_on": date(2029, 12, 16)}))),
    passes("C65", facts(P01={"live_on": date(2029, 12, 16)})),
    fails("C65", facts(**value("6", D05={"value": quantity(10)}, D06=quantity(0))), "stands at 6 %"),
    passes("C65", facts(**value("5", D05={"value": quantity(10)}, D06=quantity(0)))),
    fails(
        "C65",
        replace(facts(**value("11", P01={"version": "7"})), live_since=date(2029, 1, 1)),
        "since 2029-01-01",
    ),
    unknown("C65", facts(**value("11", unit="points")), "D05", "D06", "P12"),
    unknown("C65", facts(**value("11", P01={"version": "7"})), "P01"),
    unknown("C65", facts(P01=LIVE, D06=quantity(20)), "D05", "P12"),
]

CASES = [*APPROVAL, *READINESS, *USES, *RUNNING]


@pytest.mark.parametrize("case", parameters(CASES))
def test_production_check_decides(case: Case) -> None:
    case.verify()


def test_every_production_branch_has_its_cases() -> None:
    assert gaps(checks_in("production"), CASES, always_known=["C48"]) == []
