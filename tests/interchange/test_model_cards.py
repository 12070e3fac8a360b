"""The model card and the bill of materials, read by the libraries that others read them with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from huggingface_hub import ModelCard
from hypothesis import given
from hypothesis import strategies as st
from referencing import Registry, Resource
from sqlmodel import Session

from lifecycle.errors import Forbidden, Invalid, NotFound
from lifecycle.interchange.card_files import CardFormat, card_file, format_of
from lifecycle.interchange.model_card import block, line
from lifecycle.queries.cards import Card, card
from lifecycle.store.database import Database
from lifecycle.vocabulary import COMMAND_LINE, Gate, Role
from tests import factories as make
from tests.clock import START
from tests.rules.building import guide as shipped_guide

GUIDE = shipped_guide()
EVIL = "---\nlicense: mit\n---\n# Owned <script>alert(1)</script> [x](javascript:1) | a | `b` \x0b 😀 שלום \u202eabc"


@pytest.fixture
def answered(database: Database) -> Iterator[tuple[Session, make.Cast]]:
    with database.write() as session:
        everybody = make.cast(session, GUIDE)
        project_id = make.project(session, everybody, "Orders")

        def say(field_id: str, raw: object, source_id: int = 0) -> None:
            make.answer(session, everybody, project_id, field_id, raw, source_id=source_id)

        feed = make.source(session, everybody, project_id, "Meter | totals")
        say("X03", "vendor", feed)
        say("X07", {"personal": True, "categories": ["contact"], "basis": "Contract"}, feed)
        say("D03", EVIL)
        say("D16", [{"name": "Planners", "kind": "team"}])
        say("R01", {"kind": "number", "unit": "MWh", "form": "file"})
        say("R11", [{"group": "New shops", "measure": "Error", "largest_gap": "2"}])
        say("R20", [{"use": "Ordering", "approved": "approved"}, {"use": "Fines <b>", "approved": "not_for"}])
        say("R26", [{"scenario": "Cold snap", "harm": "Too little", "control": "A limit", "test": "Replay"}])
        say("M01", {"family": "Boosted trees", "transparency": "opaque"})
        say("M03", [{"metric": "Recall at 5 %", "value": "0.74", "low": "0.70", "high": "0.78"}])
        say("M05", [{"group": "R11/r1", "metric": "Recall at 5 %", "value": "0.6"}])
        say("M10", [{"limit": "1. Not for new shops", "kind": "limit", "control": "A list"}])
        say("M11", [{"part": "Booster", "kind": "library", "licence": "Apache 2.0", "version": "4.1"}])
        say("M15", [{"person": f"@{everybody.olu.key}", "part": "developer"}])
        say("P01", {"live_on": "2026-02-01", "version": "4.2", "approver": "Axel", "environment": "main"})
        make.sign(session, everybody, project_id, Gate.DISCOVERY, Role.BUSINESS)
        yield session, everybody


@pytest.fixture
def made(answered: tuple[Session, make.Cast]) -> Card:
    return card(answered[0], by=COMMAND_LINE, at=START, guide=GUIDE, key="orders")


def test_hugging_face_reads_the_card(made: Card) -> None:
    text = card_file(made, CardFormat.HUGGINGFACE, START).decode()
    read = ModelCard(text)
    found = read.data.to_dict()
    assert found["license"] == "other", "what somebody wrote cannot set it"
    assert found["license_name"] == "Apache 2.0"
    assert found["model_version"] == "4.2"
    (result,) = read.data.eval_results or ()
    assert (result.metric_name, result.metric_value, result.dataset_name) == (
        "Recall at 5 %",
        0.74,
        "Meter | totals",
    )
    assert read.data.model_name == "Orders"
    for words in (
        "Ordering",
        "Boosted trees",
        "Planners",
        "Booster 4.1",
        "Olu",
        "New shops",
        "0.70",
        "Cold snap",
    ):
        assert words.removesuffix("0") in read.text, words
    assert "- 1\\. Not for new shops" in read.text


def test_what_people_wrote_does_nothing_in_the_card(made: Card) -> None:
    text = ModelCard(card_file(made, CardFormat.HUGGINGFACE, START).decode()).text
    assert "<script" not in text.replace("\\<", "")
    assert "](" not in text.replace("\\](", "")
    assert "\\# Owned" in text
    assert not any(found == "---" for found in text.splitlines())
    assert "\u202e" not in text
    headings = [found for found in text.splitlines() if found.startswith("#")]
    assert headings[0] == "# Model Card for Orders"
    assert not any("Owned" in found for found in headings)


def test_bill_of_materials_is_valid_and_complete(made: Card) -> None:
    text = card_file(made, CardFormat.CYCLONEDX, START).decode()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    found = json.loads(text)
    model, data, part = found["components"]
    assert (model["type"], data["type"], part["type"]) == ("machine-learning-model", "data", "library")
    assert part["licenses"] == [{"license": {"name": "Apache 2.0"}}]
    said = model["modelCard"]
    assert said["modelParameters"]["datasets"] == [{"ref": data["bom-ref"]}]
    assert said["quantitativeAnalysis"]["performanceMetrics"] == [
        {
            "type": "Recall at 5 %",
            "value": "0.74",
            "confidenceInterval": {"lowerBound": "0.7", "upperBound": "0.78"},
        },
        {"type": "Recall at 5 %", "value": "0.6", "slice": "New shops"},
    ]
    assert said["considerations"]["useCases"] == ["Ordering"]
    assert "Not for: Fines <b>" in said["considerations"]["technicalLimitations"]
    assert data["data"][0]["sensitiveData"]


def test_bill_of_materials_fits_the_published_schema(made: Card, shared_data: Path) -> None:
    folder = shared_data / "cards"
    names = {"bom-1.6": "cyclonedx-bom-1.6", "spdx": "cyclonedx-spdx", "jsf-0.82": "cyclonedx-jsf-0.82"}
    schemas = {
        name: json.loads((folder / f"{file}.schema.json").read_text("utf-8")) for name, file in names.items()
    }
    registry: Any = Registry().with_resources(
        (f"http://cyclonedx.org/schema/{name}.schema.json", Resource.from_contents(schema))
        for name, schema in schemas.items()
    )
    validator = jsonschema.Draft7Validator(schemas["bom-1.6"], registry=registry)
    found = json.loads(card_file(made, CardFormat.CYCLONEDX, START))
    assert [error.message for error in validator.iter_errors(found)] == []
    assert list(validator.iter_errors({**found, "bomFormat": "Other"})), "the schema is looked at"


def test_a_project_without_answers_has_a_card(database: Database) -> None:
    with database.write() as session:
        everybody = make.cast(session, GUIDE)
        make.project(session, everybody, "Empty")
        found = card(session, by=everybody.pat, at=START, guide=GUIDE, key="empty")
        with pytest.raises((NotFound, Forbidden)):
            card(session, by=everybody.olu, at=START, guide=GUIDE, key="empty")
    assert (
        "[More Information Needed]"
        in ModelCard(card_file(found, CardFormat.HUGGINGFACE, START).decode()).text
    )
    text = card_file(found, CardFormat.CYCLONEDX, START).decode()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None


def test_the_format_follows_the_ending() -> None:
    assert format_of("a.MD") is CardFormat.HUGGINGFACE
    assert format_of("a.json") is CardFormat.CYCLONEDX
    with pytest.raises(Invalid, match="--format"):
        format_of("a.txt")


@given(st.text(alphabet=st.characters(exclude_categories=("Cs",)), max_size=80))
def test_any_text_stays_one_harmless_line(text: str) -> None:
    written = line(text)
    assert "\n" not in written
    assert "<" not in written.replace("\\<", "")
    assert not written.startswith(("#", "-", "+", ">", "=", "---"))
    assert all(not each.startswith(("#", ">", "---")) for each in block(text).split("\n"))
