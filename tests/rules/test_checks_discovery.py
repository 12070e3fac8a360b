"""The checks first enforced at Discovery."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from lifecycle.rules.signoffs import cover
from lifecycle.vocabulary import Act, AnswerState, Decision, Gate, Outcome, ProjectStatus, Role
from tests.rules.building import (
    Case,
    answered,
    assert_holds,
    days,
    dont_know,
    facts,
    fails_saying,
    gate_decision,
    guide,
    hours,
    messages,
    months,
    not_applicable,
    passes,
    past,
    person,
    sign_off,
    unclear,
    untested,
    verdict,
    weeks,
    years,
)


def ahead(span: object, kind: str | None = "any_time_within") -> dict[str, object]:
    return {"horizon": span, "kind": kind} if kind else {"horizon": span}


def feed(**answers: object) -> dict[str, object]:
    return {"name": "Orders feed", **answers}


CONSUMERS = [{"name": "Sales", "outside": False}, {"name": "Support", "outside": False}]
TALKED = date(2030, 6, 1)
PASSED = gate_decision(Gate.FEASIBILITY, date(2030, 3, 1))
EVERYONE = {
    name: value
    for role in ("business", "technology", "privacy", "legal", "compliance", "validation")
    for name, value in ((role, person(f"{role} person")), (f"{role}_on", TALKED))
}
LIVE = {"status": ProjectStatus.LIVE}
BREACH = {"incident": "Wrong advice", "kind": "incident", "named_in_stop": True}


def without(*names: str, **changes: object) -> dict[str, object]:
    return {name: value for name, value in {**EVERYONE, **changes}.items() if name not in names}


def changed_since(**project: Any) -> dict[str, Any]:
    """A business approval at Discovery of D15 = 1 day, and whatever `project` says now."""
    covered = dict.fromkeys(guide().relied_on(Gate.DISCOVERY, Role.BUSINESS), "")
    covered["D15"] = answered("D15", days(1)).content
    return {"sign_offs": (sign_off(Gate.DISCOVERY, Role.BUSINESS, covered),), **project}


def open_questions(**changes: object) -> dict[str, Any]:
    """All 24 production questions found not applicable, but for `changes`; None leaves one unanswered."""
    settled: dict[str, Any] = {field.id: not_applicable() for field in guide().production_questions}
    return {key: value for key, value in {**settled, **changes}.items() if value is not None}


CASES: list[Case] = [
    fails_saying("C01", "3 months", "6 months", D14=ahead(months(3)), D15=months(6)),
    fails_saying("C01", D14=ahead(weeks(2)), D15=days(14)),  # equal, in other units
    fails_saying("C01", D14=ahead(months(1), None), D15=days(31)),
    passes("C01", D14=ahead(months(1)), D15=days(30)),
    passes("C01", D14=ahead(months(3)), D15=not_applicable()),
    unclear("C01", "D15", D14=ahead(months(3))),
    unclear("C01", "D14", D14=dont_know(), D15=days(1)),
    # 100 days ahead: 30 to act, 11 to refresh, 10 of delay leave 49 %
    fails_saying(
        "C02",
        "49 %",
        "51 days",
        D14=ahead(days(100)),
        D15=days(30),
        D20=days(11),
        sources=[feed(X05=days(10))],
    ),
    passes("C02", D14=ahead(days(100)), D15=days(30), D20=days(10), sources=[feed(X05=days(10))]),  # 50 %
    passes("C02", D14=ahead(days(100), "at"), D15=days(30), D20=days(11), sources=[feed(X05=days(10))]),
    fails_saying(  # the longest delay counts, and the interval of serving before D20
        "C02",
        D14=ahead(days(100)),
        D15=days(30),
        D20=days(1),
        R03={"mode": "batch", "interval": days(20)},
        sources=[feed(X05=days(1)), feed(X05=hours(36))],
    ),
    passes("C02", D14=ahead(days(100)), D15=days(100), D20=days(1), sources=[feed(X05=days(1))]),  # C01
    passes("C02", D14=ahead(days(100)), D15=days(60), D20=days(1)),  # delay unknown: the optimistic branch
    unclear("C02", "D20", D14=ahead(days(100)), D15=days(30), sources=[feed(X05=days(10))]),
    unclear("C02", "D14", D14=ahead(days(100), None), D15=days(60), D20=days(1), sources=[feed(X05=days(1))]),
    fails_saying(
        "C02", D14=ahead(days(100)), D15=days(60), sources=[feed(X05=days(1))]
    ),  # D20 cannot mend it
    fails_saying("C02/optimistic", "at best 39 %", D14=ahead(days(100)), D15=days(60), D20=days(1)),
    fails_saying(
        "C02/optimistic", D14=ahead(days(100)), D15=days(60), D20=days(1), sources=[feed(X05=days(1)), feed()]
    ),
    passes("C02/optimistic", D14=ahead(days(100)), D15=days(30), D20=days(1)),
    passes("C02/optimistic", D14=ahead(days(100)), D15=days(30), D20=not_applicable()),
    unclear("C02/optimistic", "D14", D15=days(60)),
    fails_saying("C02/none_left", "5 days", D14=ahead(days(5), "at"), D15=days(3), D20=days(2)),
    fails_saying("C02/none_left", D14=ahead(days(5), None), D15=days(3), sources=[feed(X05=days(2))]),
    passes("C02/none_left", D14=ahead(days(5), "at"), D15=days(3), D20=days(1)),
    unclear("C02/none_left", "D20", D14=ahead(days(5), "at"), D15=days(3)),
    fails_saying("C07", "Support", D16=CONSUMERS, D18=[{"consumer": "D16/r1", "channel": "api"}]),
    fails_saying("C07", D16=CONSUMERS[:1], D18=[{"consumer": "D16/r1", "channel": "none"}]),
    fails_saying("C07", "Sales", "Support", D16=CONSUMERS, D18=not_applicable()),
    passes("C07", D16=CONSUMERS[:1], D18=[{"consumer": "D16/r1", "channel": "file"}]),
    passes("C07", D16=[]),
    unclear("C07", "D18", D16=CONSUMERS),
    fails_saying("C25", "the public", "hardly", D33="1", D13={"affected": "public", "undo": "hard"}),
    fails_saying("C25", D33="4", R21={"tier": "1"}, D13={"affected": "customers", "undo": "never"}),
    passes("C25", D33="1", D13={"affected": "staff", "undo": "never"}),
    passes("C25", D33="1", D13={"undo": "easily"}),
    passes("C25", D33="2"),
    passes("C25", D33="1", D13=not_applicable()),
    unclear("C25", "D13", "D33"),
    unclear("C25", "D33", D13={"affected": "public", "undo": "hard"}),
    fails_saying("C25/decides_alone", D33="1", D12="decides_alone"),
    passes("C25/decides_alone", D33="1", D12="recommends"),
    unclear("C25/decides_alone", "D12", D33="1"),
    fails_saying("C29", "Orders feed", D25={"personal": False}, sources=[feed(X07={"personal": True})]),
    fails_saying("C29", D25=not_applicable(), sources=[feed(X07={"personal": True})]),
    fails_saying("C29", D25={"personal": False}, sources=[feed(X07={"personal": True}), feed()]),
    passes("C29", D25={"personal": True}, sources=[feed()]),
    passes("C29", sources=[feed(X07={"personal": False})]),
    passes("C29", D25={"personal": False}, sources=[feed(X07=not_applicable())]),
    unclear("C29", "X07@1", D25={"personal": False}, sources=[feed()]),
    unclear("C29", "D25", sources=[feed(X07={"personal": True})]),
    fails_saying("C49/unnamed", "Privacy: nobody", D28=without("privacy")),
    fails_saying("C49/unnamed", "Legal: nobody"),
    fails_saying("C49/unnamed", D33="1", D28=without("business")),
    passes("C49/unnamed", D33="1", D28=without("privacy", "legal", "validation")),
    passes("C49/unnamed", D28=EVERYONE),
    fails_saying("C49/not_contacted", "legal person", D28=without("legal_on")),
    fails_saying("C49/not_contacted", D28=without(legal_on=date(2030, 6, 16))),  # a talk still to come
    passes("C49/not_contacted", D28=without(legal_on=date(2030, 6, 15))),
    passes("C49/not_contacted", D28=without("legal", "legal_on")),  # unnamed is the other branch
    fails_saying("C50", "24 of the 24", "and 21 more"),
    fails_saying("C50", "1 of the 24", **open_questions(D23=None)),
    fails_saying("C50", **open_questions(D23=dont_know(due_on=date(2030, 6, 14)))),
    fails_saying("C50", **open_questions(D23=dont_know(owner=None))),
    fails_saying("C50", **open_questions(D14={"horizon": days(3)})),  # half an answer
    passes("C50", **open_questions(D23=dont_know(due_on=date(2030, 6, 15)), D14=ahead(days(3)))),
    fails_saying("C51/study", "2030-06-14", F01={"decision": date(2030, 6, 14)}),
    passes("C51/study", F01={"decision": date(2030, 6, 15)}),
    passes("C51/study", F01={"decision": date(2030, 6, 1)}, F18={"recommendation": "stop"}),
    passes("C51/study", F01={"decision": date(2030, 6, 1)}, decisions=(PASSED,)),
    passes("C51/study", F01={"decision": date(2030, 6, 1)}, status=ProjectStatus.STOPPED),
    passes("C51/study"),
    fails_saying("C51/build", "2030-06-01", M13={"next_decision": date(2030, 6, 1)}, decisions=(PASSED,)),
    passes("C51/build", M13={"next_decision": date(2030, 7, 1)}),
    passes(
        "C51/build",
        M13={"next_decision": date(2030, 6, 1)},
        decisions=(gate_decision(Gate.DESIGN, date(2030, 6, 2), Outcome.RECYCLE),),
    ),
    fails_saying(
        "C71", "31 days later", D37=date(2030, 8, 1), history={"D37": (past(date(2030, 7, 1), TALKED),)}
    ),
    fails_saying("C71", "62 days earlier", D37=date(2030, 9, 1), P01={"live_on": date(2030, 7, 1)}),
    passes("C71", D37=date(2030, 7, 31), history={"D37": (past(date(2030, 7, 1), TALKED),)}),  # 30 days
    passes(
        "C71",
        D37=date(2030, 9, 1),
        history={"D37": (past(None, TALKED, AnswerState.DONT_KNOW), past(date(2030, 9, 9), TALKED))},
    ),
    unclear("C71", "D37"),
    fails_saying("C97/unsaid", D34=not_applicable()),
    passes("C97/unsaid", D34="No lift over the rule"),
    unclear("C97/unsaid", "D34"),
    fails_saying("C97/met", "No lift", D34="No lift over the rule", P12={"stop_met": True}),
    fails_saying("C97/met", "the finding you named", P12={"stop_met": True}),
    passes("C97/met", P12={"stop_met": False}),
    unclear("C97/met", "P12", P12={}),
    fails_saying("C97/incident_open", "2030-05-15", P09=[{**BREACH, "opened_on": date(2030, 5, 15)}], **LIVE),
    passes("C97/incident_open", P09=[{**BREACH, "opened_on": date(2030, 5, 16)}], **LIVE),  # 30 days
    passes("C97/incident_open", P09=[{**BREACH, "opened_on": date(2030, 1, 1)}]),  # not live
    passes(
        "C97/incident_open",
        P09=[{**BREACH, "opened_on": date(2030, 1, 1), "closed_on": date(2030, 2, 1)}],
        **LIVE,
    ),
    unclear("C97/incident_open", "P09", P09=[BREACH], **LIVE),
    unclear("C97/incident_open", "P09", **LIVE),
    fails_saying(
        "C28",
        "“none” to “reasons to the affected person”",
        D27="reasons_to_affected",
        decisions=(PASSED,),
        history={"D27": (past("none", date(2030, 2, 1)), past("overall", date(2030, 4, 1)))},
    ),
    fails_saying(
        "C28",
        D27="overall",
        decisions=(PASSED,),
        history={"D27": (past(None, date(2030, 2, 1), AnswerState.NOT_APPLICABLE),)},
    ),
    passes("C28", D27="overall", history={"D27": (past("none", date(2030, 2, 1)),)}),  # not passed yet
    passes("C28", D27="overall", decisions=(PASSED,), history={"D27": (past("overall", date(2030, 2, 1)),)}),
    passes("C28", D27="none", decisions=(PASSED,), history={"D27": (past("overall", date(2030, 2, 1)),)}),
    passes(  # raised before the gate, as the answer's own time says
        "C28",
        D27=answered("D27", "overall", at=past("x", date(2030, 2, 20)).at),
        decisions=(PASSED,),
        history={"D27": (past("none", date(2030, 2, 1)),)},
    ),
    passes(  # back in Feasibility
        "C28",
        D27="overall",
        decisions=(
            PASSED,
            gate_decision(Gate.DESIGN, TALKED, Outcome.RECYCLE, to_stage=Gate.FEASIBILITY.stage),
        ),
        history={"D27": (past("none", date(2030, 2, 1)),)},
    ),
    unclear("C28", "D27", decisions=(PASSED,), history={"D27": (past("none", date(2030, 2, 1)),)}),
    fails_saying("C47", "Business owner", "“Time needed to act (D15)”", **changed_since(D15=days(2))),
    fails_saying("C47", **changed_since()),  # the answer is gone
    passes("C47", **changed_since(D15=days(1))),
    passes("C47", **changed_since(D15=days(1), D23="yes")),  # nothing that business relies on
    passes("C47", D15=days(2)),
    fails_saying(
        "C47/cause",
        "monitor fired",
        sign_offs=(sign_off(Gate.DISCOVERY, Role.LEGAL, {}, invalidations=("monitor fired",)),),
    ),
    passes("C47/cause", **changed_since(D15=days(2))),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_check_decides(case: Case) -> None:
    assert_holds(case)


def test_every_branch_has_a_failing_and_a_passing_case() -> None:
    assert not untested("discovery", CASES)


def test_open_questions_are_named_as_fields() -> None:
    found = verdict("C50", "main", facts(**open_questions(D23=None, D36=dont_know(due_on=None))))
    assert found.fields == ("D23", "D36")


def test_month_is_longer_than_thirty_days_and_a_year_than_twelve_of_thirty() -> None:
    assert messages("C01", "main", facts(D14=ahead(days(30)), D15=months(1)))
    assert not messages("C01", "main", facts(D14=ahead(years(1)), D15=days(365)))


def test_later_decision_of_the_same_role_covers_what_changed() -> None:
    project = changed_since(D15=days(2))
    covered = dict.fromkeys(guide().relied_on(Gate.FEASIBILITY, Role.BUSINESS), "")
    covered["D15"] = answered("D15", days(2)).content
    later = sign_off(Gate.FEASIBILITY, Role.BUSINESS, covered, on=date(2030, 6, 2))
    of_another_role = sign_off(
        Gate.FEASIBILITY, Role.LEGAL, {}, on=date(2030, 6, 2), decision=Decision.REJECTED
    )
    assert messages(
        "C47", "main", facts(**{**project, "sign_offs": (*project["sign_offs"], of_another_role)})
    )
    assert not messages("C47", "main", facts(**{**project, "sign_offs": (*project["sign_offs"], later)}))


def test_opinion_and_refusal_do_not_go_stale() -> None:
    opinion = sign_off(Gate.FEASIBILITY, Role.COMPLIANCE, {}, act=Act.CONSULT, decision=Decision.OPINION)
    refusal = sign_off(Gate.DISCOVERY, Role.BUSINESS, {}, decision=Decision.CHANGES_REQUESTED)
    assert not messages("C47", "main", facts(D33="2", D15=days(1), sign_offs=(opinion, refusal)))


@pytest.mark.parametrize(
    ("sources", "words"),
    [
        ([feed(id=9)], ""),
        ([feed(id=9, name="Renamed feed")], ""),  # another name is no other content
        ([feed(id=9), feed(id=10, name="New feed")], "the data source “New feed”"),
        ([], "a data source, now removed"),
        ([feed(id=9, X09=date(2031, 1, 1))], "“Agreement ends (X09) of Orders feed”"),
    ],
)
def test_sources_that_change_come_or_go_make_a_sign_off_stale(
    sources: list[dict[str, object]], words: str
) -> None:
    then = cover(facts(sources=[feed(id=9)]), guide(), Gate.FEASIBILITY, Role.PRIVACY)
    privacy = sign_off(Gate.FEASIBILITY, Role.PRIVACY, {key: content for key, (_, content) in then.items()})
    now = facts(sources=sources, sign_offs=(privacy,))
    assert [words in sentence for sentence in messages("C47", "main", now)] == [True] * bool(words)
    assert all("source" not in key for key in verdict("C47", "main", now).fields)
