"""The checks first enforced at Design: every branch failing, passing and, where it can lack an answer, unknown."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from lifecycle.rules.project_facts import ProjectFacts, SignOffFact
from lifecycle.rules.signoffs import cover
from lifecycle.vocabulary import Act, Decision, Gate, Role
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
    sign_off,
    weeks,
)
from tests.rules.cases import Case, checks_in, fails, gaps, parameters, passes, unknown

NA = not_applicable()
CONSUMERS = [
    {"name": "Till", "kind": "system", "customer_facing": False},
    {"name": "Shop window", "kind": "team", "customer_facing": True},
]
OWNER = person("Robin Vale")


def signed(project: ProjectFacts, *who: tuple[Gate, Role], **details: Any) -> ProjectFacts:
    """The project with valid sign-offs of these roles at these gates."""
    decided: list[SignOffFact] = []
    for gate, role in who:
        covered = {key: content for key, (_, content) in cover(project, guide(), gate, role).items()}
        decided.append(sign_off(gate, role, covered, **details))
    return replace(project, sign_offs=(*project.sign_offs, *decided))


# ---------------------------------------------------------------- output and serving

DELIVERY = [
    # C03: an answer on the spot or within minutes, but a batch that is slower
    fails(
        "C03",
        facts(D19={"need": "minutes", "within": minutes(5)}, R03={"mode": "batch", "interval": minutes(6)}),
        "within 5 minutes, but the plan computes it every 6 minutes",
    ),
    passes(
        "C03",
        facts(D19={"need": "minutes", "within": minutes(5)}, R03={"mode": "batch", "interval": minutes(5)}),
    ),
    fails(
        "C03", facts(D19={"need": "on_the_spot"}, R03={"mode": "batch", "interval": days(1)}), "on the spot"
    ),
    fails(
        "C03", facts(D19={"need": "minutes"}, R03={"mode": "batch", "interval": minutes(61)}), "60 minutes"
    ),
    passes("C03", facts(D19={"need": "minutes"}, R03={"mode": "batch", "interval": hours(1)})),
    passes("C03", facts(D19={"need": "daily"})),
    passes("C03", facts(R03={"mode": "service"})),
    passes("C03", facts(D19=NA, R03={"mode": "batch", "interval": weeks(1)})),
    unknown("C03", facts(D19={"need": "on_the_spot"}, R03={"mode": "batch"}), "R03"),
    unknown("C03", facts(D19=dont_know()), "D19", "R03"),
    # C04: a live service for a weekly or monthly need
    fails("C04", facts(D19={"need": "weekly"}, R03={"mode": "service"}), "only weekly"),
    passes("C04", facts(D19={"need": "daily"}, R03={"mode": "service"})),
    passes("C04", facts(D19={"need": "monthly"}, R03={"mode": "batch"})),
    unknown("C04", facts(D19={"need": "monthly"}), "R03"),
    # C06: the form against what each consumer takes
    fails(
        "C06",
        facts(
            D16=CONSUMERS,
            D17=[
                {"consumer": "D16/r1", "forms": ["record", "file"]},
                {"consumer": "D16/r2", "forms": ["text"]},
            ],
            R01={"form": "score"},
        ),
        "Till takes record with fields and file with an agreed layout; the output comes as score on a screen",
        "Shop window takes text to read",
    ),
    passes(
        "C06",
        facts(D16=CONSUMERS[:1], D17=[{"consumer": "D16/r1", "forms": ["score"]}], R01={"form": "score"}),
    ),
    passes("C06", facts(D17=NA, R01={"form": "score"})),
    unknown(
        "C06",
        facts(D16=CONSUMERS, D17=[{"consumer": "D16/r1", "forms": ["score"]}], R01={"form": "score"}),
        "D17",
    ),
    unknown("C06", facts(D17=[{"consumer": "D16/r1", "forms": ["score"]}]), "R01"),
    # C08: a probability or number on which somebody acts, without an operating point
    fails(
        "C08",
        facts(R01={"kind": "probability"}, D03="Whom to call", R08={"prefer": "recall"}),
        "a probability",
    ),
    fails("C08", facts(R01={"kind": "number"}, D03="Whom to call", R08=NA)),
    passes("C08", facts(R01={"kind": "number"}, D03="Whom to call", R08={"point": "6"})),
    passes("C08", facts(R01={"kind": "class"})),
    passes("C08", facts(R01={"kind": "number"}, D03=NA, R08={})),
    unknown("C08", facts(R01={"kind": "number"}, D03="Whom to call"), "R08"),
    # C09: systems we write to
    fails(
        "C09/owner",
        facts(D22=[{"name": "Ledger"}, {"name": "Tills"}], R02=[{"consumer": "D22/r2", "owner": OWNER}]),
        "interface to Ledger",
    ),
    fails("C09/owner", facts(D22=[{"name": "Ledger"}], R02=[{"consumer": "D22/r1"}]), "Ledger"),
    passes("C09/owner", facts(D22=[{"name": "Ledger"}], R02=[{"consumer": "D22/r1", "owner": OWNER}])),
    passes("C09/owner", facts(D22=[])),
    unknown("C09/owner", facts(D22=[{"name": "Ledger"}]), "R02"),
    fails(
        "C09/window",
        facts(D22=[{"name": "Ledger", "change_window": date(2030, 9, 2)}], D37=date(2030, 9, 1)),
        "Ledger can next be changed on 2030-09-02, after the go-live on 2030-09-01",
    ),
    passes(
        "C09/window", facts(D22=[{"name": "Ledger", "change_window": date(2030, 9, 1)}], D37=date(2030, 9, 1))
    ),
    passes("C09/window", facts(D22=[])),
    unknown("C09/window", facts(D22=[{"name": "Ledger", "change_window": date(2030, 9, 2)}]), "D37"),
    unknown("C09/window", facts(D22=[{"name": "Ledger"}], D37=date(2030, 9, 1)), "D22"),
    # C10: an API without figures
    fails("C10/volume", facts(D23="yes", R06={"peak": 9})),
    fails("C10/volume", facts(D23="yes", R06=NA)),
    passes("C10/volume", facts(D23="yes", R06={"per_hour": 100})),
    passes("C10/volume", facts(D23="unknown")),
    unknown("C10/volume", facts(D23="yes"), "R06"),
    fails("C10/response", facts(D23="yes", R04=NA)),
    passes("C10/response", facts(D23="yes", R04=200)),
    passes("C10/response", facts(D23="no")),
    unknown("C10/response", facts(D23="yes", R04=dont_know()), "R04"),
    # C11: 160 users, 20 uses a month each, over 160 hours: 20 an hour
    fails(
        "C11",
        facts(R06={"per_hour": 19}, D02=[{"relation": "uses", "count": 160}], D19={"need": "daily"}),
        "19 answers an hour; 160 users would ask for about 20",
    ),
    passes(
        "C11", facts(R06={"per_hour": 20}, D02=[{"relation": "uses", "count": 160}], D19={"need": "daily"})
    ),
    passes(
        "C11", facts(R06={"per_hour": 1}, D02=[{"relation": "uses", "count": 160}], D19={"need": "monthly"})
    ),
    passes(
        "C11",
        facts(R06={"per_hour": 1}, D02=[{"relation": "affected", "count": 9000}], D19={"need": "daily"}),
    ),
    fails(
        "C11",
        facts(
            R06={"per_hour": 1},
            D02=[{"relation": "both", "count": 160}, {"relation": "uses"}],
            D19={"need": "daily"},
        ),
    ),
    unknown("C11", facts(R06={"per_hour": 99}, D02=[{"relation": "uses"}], D19={"need": "daily"}), "D02"),
    unknown("C11", facts(D02=[{"relation": "uses", "count": 5}]), "R06", "D19"),
    # C40: the dearer mistake against the one avoided
    fails(
        "C40/misses",
        facts(D10={"amount": money(100)}, D11={"amount": money(500)}, R08={"prefer": "precision"}),
        "A miss costs 500 EUR and a false alarm 100 EUR",
    ),
    passes(
        "C40/misses",
        facts(D10={"amount": money(100)}, D11={"amount": money(499)}, R08={"prefer": "precision"}),
    ),
    passes("C40/misses", facts(D10={"amount": money(100)}, D11={"amount": money(499)})),
    fails("C40/misses", facts(D10={"scale": 1}, D11={"scale": 5}, R08={"prefer": "precision"}), "5 of 5"),
    fails(
        "C40/misses", facts(D10={"amount": money(0)}, D11={"amount": money(1)}, R08={"prefer": "precision"})
    ),
    passes(
        "C40/misses", facts(D10={"amount": money(0)}, D11={"amount": money(0)}, R08={"prefer": "precision"})
    ),
    passes("C40/misses", facts(R08={"prefer": "balanced"})),
    unknown("C40/misses", facts(D10={"amount": money(1)}, D11={"amount": money(5)}), "R08"),
    unknown(
        "C40/misses",
        facts(D10={"amount": money(1)}, D11={"amount": money(9, "USD")}, R08={"prefer": "precision"}),
        "D10",
        "D11",
    ),
    fails(
        "C40/false_alarms",
        facts(D10={"amount": money(500)}, D11={"amount": money(100)}, R08={"prefer": "recall"}),
        "A false alarm costs 500 EUR",
    ),
    passes(
        "C40/false_alarms",
        facts(D10={"amount": money(499)}, D11={"amount": money(100)}, R08={"prefer": "recall"}),
    ),
    passes("C40/false_alarms", facts(R08={"prefer": "precision"})),
    unknown("C40/false_alarms", facts(D10={"scale": 5}, R08={"prefer": "recall"}), "D11"),
]

# ---------------------------------------------------------------- people and controls

LASTING = {"affected": "public", "undo": "hard"}
MILD = {"affected": "customers", "undo": "easily"}

DECIDING = [
    fails("C23", facts(D12="decides_alone", R12={"kind": "none"})),
    fails("C23", facts(D12="decides_alone", R12=NA)),
    passes("C23", facts(D12="decides_alone", R12={"kind": "rule"})),
    passes("C23", facts(D12="informs")),
    passes("C23", facts(D12="decides_unless_overridden", R12={"kind": "none"})),
    unknown("C23", facts(D12="decides_alone"), "R12"),
    unknown("C23", facts(R12={"kind": "none"}), "D12"),
    fails("C24", facts(D12="decides_alone", R21={"tier": "3"}), "risk tier 3"),
    fails("C24", facts(D12="decides_alone", D33="4"), "risk tier 4"),
    passes("C24", facts(D12="decides_alone", D33="4", R21={"tier": "2"})),
    passes("C24", facts(D12="recommends", R21={"tier": "4"})),
    unknown("C24", facts(D12="decides_alone"), "R21"),
    fails("C26", facts(R09={"override": True, "logged": False})),
    fails("C26", facts(R09=NA, P13={"override": 3, "logged": False})),
    fails("C26", facts(R09={"override": True, "logged": True}, P13={"override": 0, "logged": False})),
    passes("C26", facts(R09={"override": True, "logged": False}, P13={"override": 3, "logged": True})),
    passes("C26", facts(R09={"override": True, "logged": True})),
    passes("C26", facts(R09={"override": False})),
    passes("C26", facts(R09=NA)),
    unknown("C26", facts(R09={"override": True}), "R09"),
    fails(
        "C80/time",
        facts(R09={"override": True}, R28={"available": minutes(2), "needed": minutes(3)}),
        "2 minutes",
    ),
    passes("C80/time", facts(R09={"override": True}, R28={"available": minutes(3), "needed": minutes(3)})),
    passes("C80/time", facts(R09={"override": False})),
    passes("C80/time", facts(R09={"override": True}, R28=NA)),
    unknown("C80/time", facts(R09={"override": True}, R28={"needed": minutes(3)}), "R28"),
    fails("C80/reasons", facts(R09={"override": True}, R28={"reasons_shown": False})),
    fails("C80/reasons", facts(R09={"override": True}, R10={"method": "none"})),
    passes("C80/reasons", facts(R09={"override": True}, R28={"reasons_shown": True}, R10={"method": "none"})),
    unknown("C80/reasons", facts(R09={"override": True}, R10={"method": "examples"}), "R28"),
    fails("C80/targets", facts(R09={"override": True}, R28={"targets_reward_agreeing": True})),
    passes("C80/targets", facts(R09={"override": True}, R28={"targets_reward_agreeing": False})),
    unknown("C80/targets", facts(R28={"targets_reward_agreeing": True}), "R09"),
]

AFFECTED = [
    fails(
        "C27",
        facts(D27="reasons_to_affected", M01={"transparency": "opaque"}, R10={"method": "none"}),
        "reasons to the affected person",
    ),
    fails("C27", facts(D27="reasons_to_staff", M01={"transparency": "opaque"}, R10=NA), "to staff"),
    passes("C27", facts(D27="overall", M01={"transparency": "opaque"}, R10={"method": "none"})),
    passes("C27", facts(D27="reasons_to_affected", R10={"method": "reason_codes"})),
    passes("C27", facts(D27="reasons_to_affected", M01={"transparency": "transparent"})),
    unknown("C27", facts(D27="reasons_to_affected", R10={"method": "none"}), "M01"),
    fails("C41/unnamed", facts(D13=LASTING, R11=[]), "falls on the public"),
    fails("C41/unnamed", facts(D13=MILD, R11=[], R21={"tier": "2"}), "falls on customers"),
    fails("C41/unnamed", facts(D13=LASTING, R11=NA)),
    passes("C41/unnamed", facts(D13=MILD, R11=[], R21={"tier": "1"})),
    passes("C41/unnamed", facts(D13={"affected": "staff", "undo": "never"}, R11=[])),
    passes("C41/unnamed", facts(D13=LASTING, R11=[{"group": "Age"}])),
    unknown("C41/unnamed", facts(D13=LASTING), "R11"),
    unknown("C41/unnamed", facts(D13=MILD, R11=[]), "R21"),
    fails("C41/unnamed_minor", facts(D13=MILD, R11=[]), "falls on customers"),
    fails("C41/unnamed_minor", facts(D13=MILD, R11=[], D33="1")),
    passes("C41/unnamed_minor", facts(D13=MILD, R11=[], D33="2")),
    passes("C41/unnamed_minor", facts(D13=LASTING, R11=[])),
    passes("C41/unnamed_minor", facts(D13=MILD, R11=[{"group": "Age"}])),
    unknown("C41/unnamed_minor", facts(D13=MILD), "R11"),
    fails(
        "C41/gap",
        facts(R11=[{"group": "Age", "largest_gap": 5}, {"group": "Region", "largest_gap": 3}], M07=4),
        "between groups is 4; Region may differ by 3",
    ),
    passes("C41/gap", facts(R11=[{"group": "Age", "largest_gap": 5}], M07=5)),
    passes("C41/gap", facts(R11=[])),
    passes("C41/gap", facts(R11=[{"group": "Age", "largest_gap": 5}], M07=NA)),
    unknown("C41/gap", facts(R11=[{"group": "Age", "largest_gap": 5}]), "M07"),
    unknown("C41/gap", facts(R11=[{"group": "Age", "largest_gap": 5}, {"group": "Sex"}], M07=5), "R11"),
    fails("C73/route", facts(D42=True, D13=LASTING, R23=NA)),
    fails("C73/route", facts(D42=True, D13=LASTING, R23={"can_change": True})),
    passes("C73/route", facts(D42=True, D13=LASTING, R23={"route": "An appeal board"})),
    passes("C73/route", facts(D42=False)),
    unknown("C73/route", facts(D42=True, D13=LASTING), "R23"),
    fails("C73/result", facts(D42=True, D13=LASTING, R23={"can_change": False})),
    passes("C73/result", facts(D42=True, D13=LASTING, R23={"can_change": True})),
    passes("C73/result", facts(D42=True, D13={"undo": "with_effort"}, R23={"can_change": False})),
    unknown("C73/result", facts(D13=LASTING, R23={"can_change": False}), "D42"),
    fails("C73/effect", facts(D42=True, D13={"undo": "never"}, R23={"effect_waits": False})),
    passes("C73/effect", facts(D42=True, D13=LASTING, R23={"effect_waits": True})),
    unknown("C73/effect", facts(D42=True, R23={"effect_waits": False}), "D13"),
    fails("C73/silence", facts(D42=True, D13=LASTING, R23={"silence_counts": True})),
    passes("C73/silence", facts(D42=True, D13=LASTING, R23={"silence_counts": False})),
    unknown("C73/silence", facts(D42=True, D13=LASTING, R23={"route": "A form"}), "R23"),
]

HAZARDS = [
    fails("C74/unforeseen", facts(D13=MILD, R26=[])),
    fails("C74/unforeseen", facts(D13={"affected": "staff", "undo": "never"}, R26=NA)),
    passes("C74/unforeseen", facts(D13=MILD, R26=[{"scenario": "Fog"}])),
    passes("C74/unforeseen", facts(D13={"affected": "staff", "undo": "easily"}, R26=[])),
    unknown("C74/unforeseen", facts(D13=MILD), "R26"),
    fails(
        "C74/untested",
        facts(
            D13=MILD,
            R26=[{"scenario": "Fog"}, {"scenario": "Theft"}],
            M06=[{"scenario": "R26/r1", "test": "Fog images", "result": "failed"}],
        ),
        "“Theft” is foreseen",
    ),
    fails("C74/untested", facts(D13=LASTING, R26=[{"scenario": "Fog"}], M06=NA), "Fog"),
    fails(
        "C74/untested",
        facts(D13=MILD, R26=[{"scenario": "Fog"}], M06=[{"scenario": "R26/r1", "test": "Planned"}]),
    ),
    passes(
        "C74/untested",
        facts(D13=MILD, R26=[{"scenario": "Fog"}], M06=[{"scenario": "R26/r1", "result": "passed"}]),
    ),
    passes("C74/untested", facts(R26=[])),
    passes("C74/untested", facts(D13={"affected": "nobody", "undo": "easily"}, R26=[{"scenario": "Fog"}])),
    unknown("C74/untested", facts(D13=MILD, R26=[{"scenario": "Fog"}]), "M06"),
    unknown("C74/untested", facts(D13=MILD, M06=[]), "R26"),
    fails("C79/limit", facts(D12="decides_alone", R27={"within": hours(1)})),
    fails("C79/limit", facts(D12="decides_unless_overridden", D30={"effect": "loss"}, R27=NA)),
    passes("C79/limit", facts(D12="decides_alone", R27={"amount": money(1000)})),
    passes("C79/limit", facts(D12="decides_alone", D30={"effect": "delay"}, R27=NA)),
    passes("C79/limit", facts(D12="recommends")),
    unknown("C79/limit", facts(D12="decides_alone"), "R27"),
    fails(
        "C79/live",
        facts(D12="decides_alone", R27={"amount": money(1000)}, P15={"exposure": money(1001)}),
        "1,001 EUR is out; the limit is 1,000 EUR",
    ),
    passes(
        "C79/live", facts(D12="decides_alone", R27={"amount": money(1000)}, P15={"exposure": money(1000)})
    ),
    passes("C79/live", facts(D12="informs")),
    unknown("C79/live", facts(D12="decides_alone", R27={"amount": money(1000)}), "P15"),
    unknown(
        "C79/live",
        facts(D12="decides_alone", R27={"amount": money(1)}, P15={"exposure": money(2, "USD")}),
        "P15",
    ),
    fails(
        "C95",
        facts(
            D41=[
                {"control": "Second reader", "change": "switched_off"},
                {"control": "Alarm", "change": "switched_off", "replacement": "New alarm", "tried": False},
                {"control": "Guard", "change": "reduced"},
            ]
        ),
        "“Second reader”",
        "“Alarm”",
    ),
    passes(
        "C95",
        facts(D41=[{"control": "Alarm", "change": "switched_off", "replacement": "New", "tried": True}]),
    ),
    passes("C95", facts(D41=[])),
    passes("C95", facts(D41=NA)),
    unknown("C95", facts(D41=dont_know()), "D41"),
]

TRAINING = [
    fails("C44/plan", facts(D24={"people": 1200, "sites": 30}, R16=[]), "1,200 people"),
    fails("C44/plan", facts(D24={"people": 1}, R16=NA)),
    passes("C44/plan", facts(D24={"people": 1200}, R16=[{"audience": "Branches"}])),
    passes("C44/plan", facts(R16=[{"audience": "Branches"}])),
    passes("C44/plan", facts(D24={"people": 0}, R16=[])),
    unknown("C44/plan", facts(D24={"people": 1200}), "R16"),
    unknown("C44/plan", facts(R16=[]), "D24"),
    fails(
        "C44/trained",
        facts(D24={"people": 1000}, P06={"people": 899}),
        "1,000 people",
    ),
    passes("C44/trained", facts(D24={"people": 1000}, P06={"people": 900})),
    fails("C44/trained", facts(D24={"people": 10}, P06={"people": 0}), "trained so far: none"),
    fails("C44/trained", facts(D24={"people": 10}, P06=NA), "none"),
    passes("C44/trained", facts(D24=NA)),
    unknown("C44/trained", facts(D24={"people": 10}), "P06"),
    fails(
        "C96",
        facts(
            R16=[
                {"audience": "Nurses", "people": 5},
                {"audience": "Clerks", "people": 5, "pass_criterion": "Quiz"},
            ]
        ),
        "Nurses will be trained",
    ),
    passes("C96", facts(R16=[{"audience": "Nurses", "people": 0}])),
    passes("C96", facts(R16=[])),
    unknown("C96", facts(), "R16"),
]

# ---------------------------------------------------------------- monitoring and retraining

AGREED = {"metric": "F1 score", "value": 80, "direction": "higher"}
LOWER = {"metric": "Error", "value": 5, "direction": "lower"}


def watches(what: str, **columns: Any) -> list[dict[str, Any]]:
    return [{"metric": "f1-score", "watches": what, **columns}]


WATCHING = [
    fails(
        "C16", facts(R13=[{"metric": "Recall"}, {"metric": "Latency", "threshold": 0}]), "“Recall” is watched"
    ),
    passes("C16", facts(R13=[{"metric": "Latency", "threshold": 0}])),
    passes("C16", facts(R13=[])),
    unknown("C16", facts(), "R13"),
    fails("C17", facts(R13=[{"metric": "Recall"}]), "“Recall” has nobody"),
    passes("C17", facts(R13=[{"metric": "Recall", "owner": OWNER}])),
    unknown("C17", facts(R13=dont_know()), "R13"),
    fails("C18", facts(R13=[{"metric": "Recall"}]), "“Recall”"),
    passes("C18", facts(R13=[{"metric": "Recall", "action": "Retrain"}])),
    unknown("C18", facts(), "R13"),
    fails("C19", facts(R13=[]), "the business metric"),
    fails("C19", facts(R13=NA, D04="Sales per visit"), "Nothing watches Sales per visit"),
    fails("C19", facts(R13=watches("quality"), D04="Sales per visit"), "Sales per visit"),
    passes("C19", facts(R13=watches("business"))),
    passes("C19", facts(R13=watches("proxy"), D04="Sales per visit")),
    passes("C19", facts(R13=watches("quality"), D04=NA)),
    unknown("C19", facts(R13=watches("quality")), "D04"),
    unknown("C19", facts(D04="Sales per visit"), "R13"),
    fails(
        "C20",
        facts(F04=AGREED, R13=watches("quality", threshold=79)),
        "sounds at 79",
    ),
    fails(
        "C20",
        facts(
            F04=LOWER, R13=[{"metric": "error", "watches": "quality", "threshold": 6, "direction": "above"}]
        ),
    ),
    passes("C20", facts(F04=AGREED, R13=watches("quality", threshold=80))),
    passes("C20", facts(F04=LOWER, R13=[{"metric": "error", "watches": "quality", "threshold": 5}])),
    passes("C20", facts(F04=AGREED, R13=watches("quality", threshold=70, direction="above"))),
    passes("C20", facts(F04=AGREED, R13=[{"metric": "AUC", "watches": "quality", "threshold": 1}])),
    passes("C20", facts(R13=watches("input", threshold=1))),
    unknown("C20", facts(R13=watches("quality", threshold=79)), "F04"),
    unknown("C20", facts(F04=AGREED, R13=watches("quality")), "R13"),
    fails(
        "C21",
        facts(D31={"after": days(31)}, R13=watches("quality", window=days(30))),
        "Outcomes arrive after 31 days",
    ),
    passes("C21", facts(D31={"after": days(30)}, R13=watches("quality", window=days(30)))),
    passes("C21", facts(D31={"after": days(31)}, R13=watches("quality", window=days(1)) + watches("input"))),
    passes("C21", facts(R13=watches("operation", window=days(1)))),
    unknown("C21", facts(R13=watches("quality", window=days(1))), "D31"),
    unknown("C21", facts(D31={"after": days(31)}, R13=watches("quality")), "R13"),
    fails(
        "C22",
        facts(D31={"after": months(2)}, R14={"trigger": "calendar", "interval": months(1)}),
        "every 1 month,",
    ),
    passes("C22", facts(D31={"after": months(1)}, R14={"trigger": "calendar", "interval": months(1)})),
    passes("C22", facts(R14={"trigger": "metric"})),
    unknown("C22", facts(D31={"after": months(2)}, R14={"trigger": "calendar"}), "R14"),
    unknown("C22", facts(), "D31", "R14"),
    fails(
        "C62",
        facts(
            D32=[{"change": "New vendor feed"}, {"change": "New law"}],
            R13=[{"metric": "Share of empty cells", "covers": ["D32/r1"]}],
        ),
        "“New law” is expected",
    ),
    fails("C62", facts(D32=[{"change": "New law"}], R13=NA)),
    passes("C62", facts(D32=[{"change": "New law"}], R13=[{"metric": "Rulings", "covers": ["D32/r1"]}])),
    passes("C62", facts(D32=[])),
    unknown("C62", facts(D32=[{"change": "New law"}]), "R13"),
    fails("C84/row", facts(R23={"route": "Appeal"}, R13=watches("quality"))),
    fails("C84/row", facts(R23={"route": "Appeal"}, R13=[])),
    passes("C84/row", facts(R23={"route": "Appeal"}, R13=watches("overturned"))),
    passes("C84/row", facts(R23=NA, R13=[])),
    unknown("C84/row", facts(R13=[]), "R23"),
    fails("C84/live", facts(P20=26), "26 % of contested outcomes were reversed, where 25 %"),
    passes("C84/live", facts(P20=25)),
    unknown("C84/live", facts(), "P20"),
    fails("C90/notice", facts(R01={"forecasts_behaviour": True}, R13=watches("input"))),
    passes("C90/notice", facts(R01={"forecasts_behaviour": True}, R13=watches("input", threshold=1))),
    passes("C90/notice", facts(R01={"forecasts_behaviour": False}, R13=[])),
    unknown("C90/notice", facts(R13=[]), "R01"),
    fails("C90/adapt", facts(R01={"forecasts_behaviour": True}, R14={"trigger": "calendar"})),
    passes("C90/adapt", facts(R01={"forecasts_behaviour": True}, R14={"emergency_time": days(3)})),
    unknown("C90/adapt", facts(R01={"forecasts_behaviour": True}), "R14"),
    fails("C90/meanwhile", facts(R01={"forecasts_behaviour": True}, R12={"kind": "none"})),
    passes("C90/meanwhile", facts(R01={"forecasts_behaviour": True}, R12={"kind": "last_value"})),
    unknown("C90/meanwhile", facts(R01={"forecasts_behaviour": True}), "R12"),
]

# ---------------------------------------------------------------- the way to launch

PERSONAL = facts(D25={"personal": True}, R24={"needed": True})
NOT_NEEDED = facts(D25={"personal": True}, R24={"needed": False, "started": date(2030, 1, 1)})
AT_DESIGN, AT_DISCOVERY = (Gate.DESIGN, Role.PRIVACY), (Gate.DISCOVERY, Role.PRIVACY)
EVERY_ROLE = [
    (gate, review.role)
    for gate in Gate
    if gate is not Gate.OPERATE
    for review in guide().reviews(gate)
    if review.act is not Act.CONSULT and not review.only_when_stale
]
BUT_LEGAL = [each for each in EVERY_ROLE if each != (Gate.LAUNCH, Role.LEGAL)]
ALL_AT_ONCE = {"way": "all_at_once"}

LAUNCH = [
    fails("C30", PERSONAL, "privacy has neither approved"),
    fails("C30", NOT_NEEDED),
    fails("C30", facts(D25={"personal": True}, R24=NA)),
    fails("C30", signed(PERSONAL, AT_DISCOVERY)),
    fails("C30", signed(PERSONAL, AT_DESIGN, decision=Decision.REJECTED)),
    fails("C30", signed(PERSONAL, AT_DESIGN, invalidations=("A file changed",))),
    fails(
        "C30", replace(signed(facts(R24={"needed": True}), AT_DESIGN), answers=PERSONAL.answers | {"R15": NA})
    ),
    passes("C30", signed(PERSONAL, AT_DESIGN)),
    passes("C30", signed(NOT_NEEDED, AT_DISCOVERY)),
    passes("C30", facts(D25={"personal": True}, R24={"needed": True, "expected_end": date(2030, 8, 1)})),
    passes("C30", facts(D25={"personal": True}, R24={"needed": True, "started": date(2030, 5, 1)})),
    passes("C30", facts(D25={"personal": False})),
    unknown("C30", facts(D25={"personal": True}), "R24"),
    unknown("C30", facts(R24={"needed": True}), "D25"),
    fails("C31", facts(R24={"expected_end": date(2030, 9, 2)}, D37=date(2030, 9, 1)), "ends on 2030-09-02"),
    passes("C31", facts(R24={"expected_end": date(2030, 9, 1)}, D37=date(2030, 9, 1))),
    passes("C31", facts(R24={"needed": False})),
    passes("C31", facts(R24=NA, D37=date(2030, 9, 1))),
    unknown("C31", facts(R24={"expected_end": date(2030, 9, 2)}), "D37"),
    fails("C53", facts(D37=TODAY + timedelta(days=99)), "need 100 days and 99 are left"),
    fails("C53", facts(D37=TODAY - timedelta(days=1)), "0 are left"),
    fails(
        "C53",
        facts(D37=TODAY + timedelta(days=34), D33="1"),
        "Business owner, Technology owner, Compliance and Approver",
    ),
    fails(
        "C53",
        signed(facts(D37=TODAY + timedelta(days=14)), *BUT_LEGAL),
        "Still to sign: Legal. Their reviews need 15",
    ),
    passes("C53", facts(D37=TODAY + timedelta(days=100))),
    passes("C53", facts(D37=TODAY + timedelta(days=35), D33="1")),
    passes("C53", signed(facts(D37=TODAY), *EVERY_ROLE)),
    passes("C53", facts(live_since=TODAY)),
    passes("C53", facts(D37=NA)),
    unknown("C53", facts(), "D37"),
    fails("C66", facts(D33="3", R21={"tier": "2"}), "fell from 3 to 2"),
    passes("C66", facts(D33="3", R21={"tier": "2", "why": "No personal data after all"})),
    passes("C66", facts(D33="2", R21={"tier": "2"})),
    unknown("C66", facts(R21={"tier": "2"}), "D33"),
    fails("C93/everyone", facts(R19=ALL_AT_ONCE, D13={"undo": "hard"})),
    fails("C93/everyone", facts(R19=ALL_AT_ONCE, D13=MILD, D12="decides_alone")),
    fails("C93/everyone", facts(R19=ALL_AT_ONCE, D13=MILD, D12="informs", D16=CONSUMERS)),
    fails("C93/everyone", facts(R19=ALL_AT_ONCE, D13=MILD, D16=[{"name": "All", "kind": "public"}])),
    passes("C93/everyone", facts(R19=ALL_AT_ONCE, D13=MILD, D12="informs", D16=CONSUMERS[:1])),
    passes(
        "C93/everyone",
        facts(R19=ALL_AT_ONCE, D13=MILD, D12="recommends", D16=CONSUMERS, R09={"reviewer": OWNER}),
    ),
    passes("C93/everyone", facts(R19={"way": "canary"})),
    passes("C93/everyone", facts(R19=ALL_AT_ONCE, D13={"affected": "staff", "undo": "easily"})),
    unknown("C93/everyone", facts(R19=ALL_AT_ONCE, D13=MILD), "D13"),
    unknown("C93/everyone", facts(D13={"undo": "never"}), "R19"),
    fails("C93/high_tier", facts(R19=ALL_AT_ONCE, D13=LASTING, R21={"tier": "3"}), "risk tier 3"),
    passes("C93/high_tier", facts(R19=ALL_AT_ONCE, D13=LASTING, R21={"tier": "2"})),
    unknown("C93/high_tier", facts(R19=ALL_AT_ONCE, D13=LASTING), "R21"),
    fails(
        "C99/ends", facts(P17={"funding_end": date(2031, 8, 31)}, D37=date(2030, 9, 1)), "ends on 2031-08-31"
    ),
    passes("C99/ends", facts(P17={"funding_end": date(2031, 9, 1)}, D37=date(2030, 9, 1))),
    passes("C99/ends", facts(F15=money(0))),
    unknown("C99/ends", facts(P17={"budget_owner": OWNER}, D37=date(2030, 9, 1)), "P17"),
    fails("C99/payer", facts(F15=money(900), P17={"notice": "Branches"}), "900 EUR a month"),
    passes("C99/payer", facts(F15=money(900), P17={"budget_owner": OWNER})),
    passes("C99/payer", facts(F15=money(0), P17=NA)),
    unknown("C99/payer", facts(F15=money(900)), "P17"),
]

CASES = [*DELIVERY, *DECIDING, *AFFECTED, *HAZARDS, *TRAINING, *WATCHING, *LAUNCH]


@pytest.mark.parametrize("case", parameters(CASES))
def test_design_check_decides(case: Case) -> None:
    case.verify()


def test_every_design_branch_has_its_cases() -> None:
    assert gaps(checks_in("design"), CASES) == []
