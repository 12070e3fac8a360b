"""Public failures and sound projects, as the record tells them: the checks catch the ones and let the others be.

The cases are not part of the repository; without them these tests are skipped. Answers that a case states only in
prose, because its field came later, stand in `IN_PROSE`, each with the fact it rests on.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import pytest

from lifecycle.guide import BranchSpec
from lifecycle.rules.project_facts import ProjectFacts
from lifecycle.vocabulary import CheckResult, Gate, Severity
from tests.rules.building import guide, messages, verdict
from tests.rules.foresight import Case, translated

FOLDER: Final = Path(__file__).parents[3] / "shared" / "data" / "foresight"
CASES: Final[list[Case]] = [
    case
    for file in sorted(FOLDER.glob("cases-*.json"))
    for case in json.loads(file.read_text("utf-8"))["cases"]
]
NO_CASES: Final = pytest.mark.skipif(not CASES, reason=f"no foresight cases in {FOLDER}")
SEVERITIES: Final = MappingProxyType({"B": Severity.BLOCK, "W": Severity.WARNING, "I": Severity.NOTE})

IN_PROSE: Final[MappingProxyType[str, dict[str, Any]]] = MappingProxyType(
    {
        # "whether a doctor had already ordered antibiotics was one of the inputs"
        "epic-sepsis": {"F09": [{"input": "Antibiotics ordered", "problem": "after_the_fact"}]},
        # "accuracy not tested before or monitored after, low-quality images"
        "rite-aid-face": {"F20": []},
        # "annual income was averaged over fortnights"; "advice … said the averaging did not accord with the law"
        "robodebt": {
            "D39": {"unit": "person", "period": "week"},
            "D40": "advice_against",
            "X": {"annual income from the tax office": {"X22": {"unit": "person", "period": "year"}}},
        },
        # "the carmaker's own emergency braking was disabled"; "the system was not designed to alert the operator"
        "uber-atg-2018": {
            "D41": [{"control": "The carmaker's emergency braking", "change": "switched_off"}],
            "R28": {"reasons_shown": False},
        },
        # "promoted as giving actionable and trusted information; a disclaimer was added or strengthened"
        "nyc-mycity": {"M19": [{"limit": "Not to be relied on as advice", "use": "R20/r1"}]},
    }
)


def check_ids(proposal: dict[str, Any]) -> list[str]:
    """The checks that a proposal became: N01…N27 are C73…C99; an amendment names the ones it changes."""
    proposed = proposal["proposed"]
    if proposed["id"].startswith("N"):
        return [f"C{int(proposed['id'][1:]) + 72}"]
    return re.findall(r"C\d\d", proposed["name"])


def failing(check_id: str, project: ProjectFacts, gate: Gate | None = None) -> list[BranchSpec]:
    """The branches of a check that fail, each with sentences that can be shown."""
    branches = []
    for branch in guide().checks_by_id[check_id].branches:
        if verdict(check_id, branch.id, project, gate).result is CheckResult.FAILS:
            assert all(messages(check_id, branch.id, project, gate))
            branches.append(branch)
    return branches


def gravest(branches: list[BranchSpec], gate: Gate) -> Severity | None:
    severities = [severity for branch in branches if (severity := branch.severity_at(gate))]
    return max(severities, key=lambda severity: severity.weight, default=None)


def expectations() -> Iterator[object]:
    for case in CASES:
        for expected in case["expected"]:
            yield pytest.param(case, expected, id=f"{case['id']}-{expected['rule']}")


def proposals(*firing: str) -> Iterator[object]:
    for case in CASES:
        for kind in ("uncatchable", "only_if_answered", "only_partly_or_by_luck"):
            for proposal in case.get(kind, ()):
                if proposal.get("proposed") and proposal["would_fire_on_record"] in firing:
                    name = f"{case['id']}-{proposal['proposed']['id']}-{proposal['root_cause']}"
                    yield pytest.param(case, proposal, id=name)


@NO_CASES
@pytest.mark.parametrize(("case", "expected"), list(expectations()))
def test_expected_check_fires_at_its_gate(case: Case, expected: dict[str, Any]) -> None:
    """On what was known by then, enforced, and as gravely as the case says."""
    gate = Gate(expected["gate"].lower())
    branches = failing(expected["rule"], translated(case, gate), gate)
    assert gravest(branches, gate) is SEVERITIES[expected["severity"]]


@NO_CASES
@pytest.mark.parametrize(("case", "expected"), list(expectations()))
def test_expected_check_shows_as_advice(case: Case, expected: dict[str, Any]) -> None:
    """On what was known at the stage from which it is to be visible, whether enforced there or not."""
    assert failing(expected["rule"], translated(case, _visible_from(expected)))


def _visible_from(expected: dict[str, Any]) -> Gate:
    stage = expected["visible_from"].lower()
    return Gate(expected["gate"].lower()) if stage == "production" else Gate(stage)


@NO_CASES
@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_no_passing_check_fires(case: Case) -> None:
    assert case["passes"]
    project = translated(case)
    assert [check_id for check_id in case["passes"] if failing(check_id, project)] == []


SOUND: Final = [case for case in CASES if case["kind"] == "sound"]


@NO_CASES
@pytest.mark.parametrize("case", SOUND, ids=[case["id"] for case in SOUND])
def test_sound_project_is_blocked_by_nothing_unexpected(case: Case) -> None:
    """Only prompts to complete the worksheet (C49, C50) may block a sound project beyond what is expected."""
    project = translated(case)
    allowed = {"C49", "C50", *(expected["rule"] for expected in case["expected"])}
    severities = {check.id: gravest(failing(check.id, project), Gate.OPERATE) for check in guide().checks}
    blocking = {check_id for check_id, severity in severities.items() if severity is Severity.BLOCK}
    assert blocking - allowed == set()


@NO_CASES
@pytest.mark.parametrize(("case", "proposal"), list(proposals("yes")))
def test_proposal_that_fires_on_the_record_fires(case: Case, proposal: dict[str, Any]) -> None:
    project = translated(case, extra=IN_PROSE.get(case["id"]))
    assert any(failing(check_id, project) for check_id in check_ids(proposal))


@NO_CASES
@pytest.mark.parametrize(("case", "proposal"), list(proposals("asks only")))
def test_proposal_that_only_asks_does_not_fire(case: Case, proposal: dict[str, Any]) -> None:
    project = translated(case, extra=IN_PROSE.get(case["id"]))
    assert [check_id for check_id in check_ids(proposal) if failing(check_id, project)] == []


def test_translation_reads_every_shape_that_cases_use() -> None:
    """Words, ISO durations, helpers and names of rows, as a case file may spell them."""
    told = {
        "D12": "decides unless overridden",
        "D16": [{"consumer": "Drivers", "customer_facing": False}],
        "D18": [{"consumer": "Drivers", "channel": None}],
        "D19": {"need": "on the spot", "duration": "PT0.5S"},
        "D31": {"duration": "unknown", "where": None},
        "D37": "2015-07",
        "F05": {"beats_F03": False},
        "M08": {"p90_ms": "unknown", "within_limit": False},
        "M09": "none",
        "M15": {"developers": "vendor", "validators": ["Ada"]},
        "P04": {"tried": False},
        "R03": {"mode": "precomputed batch", "interval": "P2W"},
        "R12": "unknown",
        "R23": {"route": "none"},
    }
    answers = {
        field_id: {"value": value, "known_at": "discovery", "basis": "stated", "sources": []}
        for field_id, value in told.items()
    }
    found = translated({"answers": answers}).answers
    plain = {field_id: fact.value for field_id, fact in found.items()}
    assert plain["D12"] == "decides_unless_overridden"
    assert plain["D18"] == ({"id": "r1", "consumer": "D16/r1", "channel": "none"},)
    assert (plain["D19"]["need"], plain["D19"]["within"].days * 86_400_000) == ("on_the_spot", 500)
    assert plain["D37"].isoformat() == "2015-07-01"
    assert plain["F05"]["value"] < plain["F03"]["score"]
    assert plain["M08"]["response"] > plain["R04"]
    assert [row.get("reports_to") for row in plain["M15"]] == ["vendor", None]
    assert (plain["R03"]["mode"], plain["R03"]["interval"].days) == ("batch", 14)
    assert {field_id for field_id, fact in found.items() if fact.value is None} == {"M09", "P04", "R23"}
    assert not {"D31", "R12"} & set(found)
