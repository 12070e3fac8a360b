"""The public registers in ../shared/data against figures computed without this project."""

from __future__ import annotations

import json
import random
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from lifecycle.interchange.mappings import answer_of
from lifecycle.interchange.registers import RegisterReading, read_register

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
pytestmark = pytest.mark.skipif(not SHARED.exists(), reason="../shared/data is not there")
AMERICAN, DUTCH = "us-federal-2024-v2.csv", "nl-algoritmeregister-2026-05-13.json"


@cache
def reading_of(name: str) -> RegisterReading:
    return read_register((SHARED / "portfolio" / name).read_bytes(), name)


def expected(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((SHARED / "expected" / name).read_text())
    return content


def test_american_register_gives_the_independent_counts() -> None:
    reading, figures = reading_of(AMERICAN), expected("us-federal-2024.json")
    assert reading.mapping.name == "us-federal-2024"
    assert (len(reading.rows), len(reading.headers)) == (figures["rows"], figures["columns"])
    assert list(reading.by_stage.values()) == [29, 370, 0, 404, 1321]
    assert reading.by_status == {"active": 803, "rollout": 287, "live": 892, "retired": 142}
    assert reading.unmapped_words == figures["mapped"]["unmapped_values"]
    assert dict(Counter(row.organisation for row in reading.rows)) == figures["rows_per_org"]
    assert Counter(row.risk_group for row in reading.rows) == figures["risk_tier"]
    assert max(len(row.name) for row in reading.rows) == figures["longest_name"]
    assert reading.problems == ()


def test_american_duplicates_stay_separate_projects() -> None:
    rows, figures = reading_of(AMERICAN).rows, expected("us-federal-2024.json")["duplicates"]
    groups = Counter(row.group for row in rows)
    assert len(groups) == figures["distinct_name+org"]
    assert sum(size for size in groups.values() if size > 1) == figures["rows_in_name+org_duplicate_groups"]
    copies = Counter((row.group, row.content_digest) for row in rows)
    assert sum(size - 1 for size in copies.values()) == figures["exact_duplicate_rows_beyond_first"]
    assert len({row.identity for row in rows}) == len(rows)


@pytest.mark.parametrize(
    ("label", "key"),
    [
        ("Technology approval", "ato"),
        ("Impact assessment", "impact_assessment"),
        ("Privacy assessed", "privacy_saop"),
        ("Independent evaluation", "independent_evaluation"),
    ],
)
def test_american_answers_match_the_independent_counts(label: str, key: str) -> None:
    reading = reading_of(AMERICAN)
    found = Counter(answer_of(reading.mapping, dict(row.facts).get(label, "")) for row in reading.rows)
    assert found == expected("us-federal-2024.json")[key]


def test_american_live_and_high_risk_with_an_impact_assessment() -> None:
    figures = expected("us-federal-2024.json")
    chosen = [row for row in reading_of(AMERICAN).rows if row.status == "live" and row.risk_group == "high"]
    assert len(chosen) == figures["live_high_risk"]
    assessed = sum(dict(row.facts).get("Impact assessment") == "Yes" for row in chosen)
    assert assessed == figures["live_high_risk_with_impact_assessment_yes"]


@pytest.mark.parametrize(
    ("label", "header"),
    [
        ("Initiated", "Date Initiated"),
        ("Development began", "Date when Acquisition and/or Development began"),
        ("Implemented", "Date Implemented"),
        ("Retired", "Date Retired"),
    ],
)
def test_american_dates_mangled_by_spreadsheets_stay_uncertain(label: str, header: str) -> None:
    shapes = expected("us-federal-2024.json")["dates"][header]
    dates = [day for row in reading_of(AMERICAN).rows for day in row.dates if day.label == label]
    certain = [day for day in dates if not day.is_uncertain]
    uncertain = {day.text for day in dates if day.is_uncertain}
    assert all(day.day and day.day.year >= 1950 for day in certain)
    assert uncertain >= set(shapes["year<1950"]) | set(shapes["other_text"])
    assert len(certain) <= shapes["m/d/yyyy"]


def test_dutch_register_gives_the_independent_counts() -> None:
    reading, figures = reading_of(DUTCH), expected("nl-register-2026-05-13.json")["2026-05-13"]
    assert reading.mapping.name == "nl-algorithm-register"
    assert len(reading.rows) == figures["rows"] == len({row.identity for row in reading.rows})
    assert reading.by_status == {"active": 71, "live": 1302, "retired": 58}
    assert reading.by_stage["model"] == 71
    assert reading.unmapped_words == {}
    assert len(reading.organisations) == figures["organisations"]
    found = Counter(answer_of(reading.mapping, dict(row.facts)["Impact assessment"]) for row in reading.rows)
    assert found == {
        "yes": figures["impactassessment"]["Ja"],
        "unknown": figures["impactassessment"]["Onbekend"],
    }


@pytest.mark.parametrize(
    ("name", "rows", "by_status", "organisation"),
    [
        ("us-agency-2025-doi.csv", 247, {"active": 105, "rollout": 89, "live": 40, "retired": 13}, "DOI"),
        ("us-agency-2025-ftc.csv", 16, {"active": 2, "rollout": 1, "live": 11, "retired": 2}, "FTC"),
        (
            "us-agency-2025-dot.csv",
            70,
            {"active": 53, "rollout": 1, "live": 16},
            "Department of Transportation",
        ),
        ("us-agency-2025-hud.xlsx", 11, {"active": 3, "rollout": 1, "live": 5, "retired": 2}, "HUD"),
    ],
)
def test_agency_registers_are_read_by_one_mapping(
    name: str, rows: int, by_status: dict[str, int], organisation: str
) -> None:
    reading = reading_of(name)
    assert (reading.mapping.name, len(reading.rows)) == ("us-agency-2025", rows)
    assert (reading.by_status, reading.organisations) == (by_status, (organisation,))
    assert reading.unmapped_words == {}


def test_nameless_agency_row_is_kept_by_its_id_and_named_as_a_problem() -> None:
    reading = reading_of("us-agency-2025-doi.csv")
    (problem,) = reading.problems
    assert problem.kept
    (row,) = [row for row in reading.rows if row.row_number == problem.row]
    assert row.name == row.external_id == "DOI-0015"


def test_row_order_does_not_change_identities() -> None:
    document = json.loads((SHARED / "portfolio" / DUTCH).read_text())
    random.Random(4).shuffle(document["algoritmes"])
    again = read_register(json.dumps(document).encode(), DUTCH)
    assert {row.identity for row in again.rows} == {row.identity for row in reading_of(DUTCH).rows}
