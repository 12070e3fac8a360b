"""The checks first enforced at Model: every branch failing, passing and, where it can, unknown."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.rules.building import days, dont_know, facts, money, not_applicable, number, person
from tests.rules.cases import Case, checks_in, fails, gaps, parameters, passes, unknown

NA = not_applicable()
AUC = {"metric": "AUC", "value": number("0.8"), "direction": "higher"}
ERROR = {"metric": "Mean error", "value": 5, "direction": "lower"}
ADA, BO, CY = person("Ada Fenn"), person("Bo Marsh"), person("Cy Dale")


def results(metric: str, *values: str, **columns: Any) -> list[dict[str, Any]]:
    return [{"metric": metric, "value": number(value), **columns} for value in values]


RESULTS = [
    fails(
        "C36/below",
        facts(F04=AUC, M03=results("auc", "0.7", "0.79") + results("Recall", "0.99")),
        "The best AUC is 0.79; the agreed minimum is 0.8",
    ),
    passes("C36/below", facts(F04=AUC, M03=results("AUC", "0.7", "0.8"))),
    fails("C36/below", facts(F04=ERROR, M03=results("mean-error", "6", "5.1")), "is 5.1"),
    passes("C36/below", facts(F04=ERROR, M03=results("mean error", "5", "9"))),
    passes("C36/below", facts(F04=AUC, M03=[])),
    passes("C36/below", facts(F04=NA)),
    unknown("C36/below", facts(M03=results("AUC", "0.9")), "F04"),
    unknown("C36/below", facts(F04=AUC), "M03"),
    unknown("C36/below", facts(F04=AUC, M03=results("Recall", "0.9")), "M03"),
    fails("C36/no_minimum", facts(F04={"metric": "AUC", "direction": "higher"})),
    fails("C36/no_minimum", facts(F04=NA)),
    passes("C36/no_minimum", facts(F04=AUC)),
    unknown("C36/no_minimum", facts(F04=dont_know()), "F04"),
    fails("C36/no_result", facts(M03=[])),
    unknown("C36/no_result", facts(M03=[{"metric": "AUC"}]), "M03"),
    fails("C36/no_result", facts(M03=NA)),
    passes("C36/no_result", facts(M03=results("AUC", "0"))),
    unknown("C36/no_result", facts(), "M03"),
    fails(
        "C37/metric",
        facts(F04=AUC, M03=results("Recall", "1", "1") + results("Precision", "1")),
        "AUC was agreed; reported is Recall and Precision",
    ),
    passes("C37/metric", facts(F04=AUC, M03=results("Recall", "1") + results("a.u.c", "1"))),
    passes("C37/metric", facts(M03=[])),
    unknown("C37/metric", facts(M03=results("Recall", "1")), "F04"),
    fails("C37/why", facts(M09=NA)),
    fails("C37/why", facts(M09={"evidence": "A trial"})),
    passes("C37/why", facts(M09={"why": "It moved with sales in the trial"})),
    unknown("C37/why", facts(), "M09"),
    fails("C43/response", facts(M08={"response": 101}, R04=100), "101 ms; the limit is 100 ms"),
    passes("C43/response", facts(M08={"response": 100}, R04=100)),
    passes("C43/response", facts(M08={"response": 101}, R04=NA)),
    unknown("C43/response", facts(M08={"response": 100}), "R04"),
    fails("C43/cost", facts(M08={"cost": money(2)}, R07=money(1)), "costs 2 EUR; the ceiling is 1 EUR"),
    passes("C43/cost", facts(M08={"cost": money(1)}, R07=money(1))),
    unknown("C43/cost", facts(M08={"cost": money(2)}, R07=money(1, "USD")), "M08", "R07"),
    unknown("C43/cost", facts(R07=money(1)), "M08"),
]

BACKWARD = {"training_end": date(2030, 1, 31), "test_start": date(2030, 1, 31)}
FORWARD = {"training_end": date(2030, 1, 31), "test_start": date(2030, 2, 1)}
FORECASTS = {"forecasts_behaviour": True}
DESCRIBES = {"forecasts_behaviour": False}
TODAY_ONLY = {"horizon": days(0), "kind": "at"}
ELSEWHERE = [{"metric": "AUC", "value": 1, "own_population": False}]
HERE = [*ELSEWHERE, {"metric": "AUC", "value": 1, "own_population": True}]
BOUGHT = [{"part": "Grader", "kind": "bought_model"}]

TESTING = [
    fails("C38/random", facts(M04={"split": "random"}, R01=FORECASTS)),
    fails("C38/random", facts(M04={"split": "random"}, D14={"horizon": days(30), "kind": "at"})),
    passes("C38/random", facts(M04={"split": "random"}, R01=DESCRIBES, D14=TODAY_ONLY)),
    passes("C38/random", facts(M04={"split": "time"})),
    unknown("C38/random", facts(M04={"split": "random"}, R01=DESCRIBES), "R01"),
    unknown("C38/random", facts(R01=FORECASTS), "M04"),
    fails("C38/backward", facts(M04={"split": "time", **BACKWARD}), "starts on 2030-01-31"),
    fails("C38/backward", facts(M04={"split": "entity", **BACKWARD}, R01=FORECASTS)),
    passes("C38/backward", facts(M04={"split": "time", **FORWARD})),
    passes("C38/backward", facts(M04={"split": "random", **BACKWARD}, R01=DESCRIBES, D14=TODAY_ONLY)),
    unknown("C38/backward", facts(M04={"split": "time", "test_start": date(2030, 2, 1)}), "M04"),
    unknown("C38/backward", facts(M04={"split": "entity", **BACKWARD}), "R01"),
    fails("C68", facts(M18={"same_code": False, "sample_compared": False})),
    passes("C68", facts(M18={"same_code": False, "sample_compared": True})),
    passes("C68", facts(M18={"same_code": True})),
    unknown("C68", facts(M18={"same_code": False}), "M18"),
    fails("C75/own_model", facts(M03=ELSEWHERE)),
    fails("C75/own_model", facts(M03=[], M11=[{"part": "Solver", "kind": "library"}])),
    passes("C75/own_model", facts(M03=HERE)),
    passes("C75/own_model", facts(M03=ELSEWHERE, M11=BOUGHT)),
    unknown("C75/own_model", facts(), "M03"),
    unknown("C75/own_model", facts(M03=[{"metric": "AUC", "value": 1}]), "M03"),
    fails("C75/bought_model", facts(M03=ELSEWHERE, M11=BOUGHT), "come from somewhere else"),
    fails("C75/bought_model", facts(M03=[], sources=[{"X03": "another_model"}])),
    passes("C75/bought_model", facts(M03=HERE)),
    passes("C75/bought_model", facts(M03=ELSEWHERE, M11=[], sources=[{"X03": "vendor"}])),
    unknown("C75/bought_model", facts(M03=ELSEWHERE), "M11"),
]


def part(who: object, part: str, reports_to: str | None = None) -> dict[str, Any]:
    return {"person": who, "part": part, **({"reports_to": reports_to} if reports_to else {})}


BUILT_BY_ADA = part(ADA, "developer")
SECTIONS = ("data", "model", "infrastructure", "monitoring")


def scored(**sections: int) -> list[dict[str, str]]:
    """That many automatic tests in each section; three where none is given."""
    return [
        {"test": f"{section}_{place}", "score": "1"}
        for section in SECTIONS
        for place in range(1, sections.get(section, 3) + 1)
    ]


VALIDATING = [
    fails("C45/developer", facts(M15=[BUILT_BY_ADA, part(person("ada fenn "), "validator")]), "ada fenn"),
    fails(
        "C45/developer",
        facts(M15=[part(person("A. Fenn", "p7"), "developer"), part(person("Ada", "p7"), "validator")]),
        "Ada validated",
    ),
    passes("C45/developer", facts(M15=[BUILT_BY_ADA, part(BO, "validator")])),
    passes("C45/developer", facts(M15=NA)),
    unknown("C45/developer", facts(), "M15"),
    fails("C45/nobody", facts(M15=[BUILT_BY_ADA])),
    fails("C45/nobody", facts(M15=NA)),
    passes("C45/nobody", facts(M15=[BUILT_BY_ADA, part(BO, "validator")])),
    passes("C45/nobody", facts(M15=[BUILT_BY_ADA], R21={"tier": "1"})),
    unknown("C45/nobody", facts(), "M15"),
    fails(
        "C45/dependent",
        facts(M15=[part(BO, "validator", "go_live_owner"), part(CY, "validator", "vendor")]),
        "(Bo Marsh and Cy Dale)",
    ),
    passes(
        "C45/dependent", facts(M15=[part(BO, "validator", "vendor"), part(CY, "validator", "independent")])
    ),
    passes("C45/dependent", facts(M15=[BUILT_BY_ADA])),
    unknown("C45/dependent", facts(M15=[part(BO, "validator", "vendor"), part(CY, "validator")]), "M15"),
    fails(
        "C63",
        facts(
            M14=[
                {"finding": "Leak", "severity": "high", "status": "open"},
                {"finding": "Typo", "severity": "low", "status": "open"},
                {"finding": "Bias", "severity": "high", "status": "condition"},
            ]
        ),
        "“Leak”",
    ),
    passes("C63", facts(M14=[{"finding": "Leak", "severity": "high", "status": "closed"}])),
    passes("C63", facts(M14=[])),
    unknown("C63", facts(), "M14"),
    fails("C60", facts(M16=scored(model=1), R21={"tier": "3"}), "Model at 1; this risk tier asks for 2"),
    passes("C60", facts(M16=scored(model=2), R21={"tier": "3"})),
    fails("C60", facts(M16=scored(monitoring=2), D33="4"), "Monitoring at 2"),
    fails("C60", facts(M16=scored(data=0)), "Data at 0"),
    passes("C60", facts(M16=scored())),
    fails(
        "C60",
        facts(
            M16=[*scored(data=0), {"test": "data_7", "score": "0.5"}, {"test": "data_6", "score": "0"}],
            D33="1",
        ),
        "Data at 0.5; this risk tier asks for 1",
    ),
    passes("C60", facts(M16=NA)),
    unknown("C60", facts(M16=scored(model=1)), "R21"),
    unknown("C60", facts(R21={"tier": "1"}), "M16"),
]

CASES = [*RESULTS, *TESTING, *VALIDATING]


@pytest.mark.parametrize("case", parameters(CASES))
def test_model_check_decides(case: Case) -> None:
    case.verify()


def test_every_model_branch_has_its_cases() -> None:
    assert gaps(checks_in("model"), CASES) == []
