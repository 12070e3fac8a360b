"""Mapping files: comparing headers and words, choosing a mapping, and naming mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest

from lifecycle.errors import GuideError
from lifecycle.interchange.mappings import (
    RegisterMapping,
    answer_of,
    load_mappings,
    locate,
    parse_mapping,
    recognition,
    risk_group_of,
    stage_of,
)
from lifecycle.vocabulary import ProjectStatus, Stage

HARBOUR = """
name: harbour
title: Harbour authority
recognise: [[System, Quay, Phase]]
columns:
  name: [System]
  stage: [Phase, "Phase of*"]
  organisation: [Quay]
stages:
  - {stage: model, words: [On the Drawing-Board]}
  - {stage: production, status: live, words: [afloat], prefixes: [Afloat]}
risk: {high: [Storm], standard: [Calm]}
facts: {Pilot agreed: ["*pilot's consent*"]}
words: {yes: [Yes, Aye], no: [No], not_applicable: [N/A], planned: [Soon]}
"""


@pytest.fixture(scope="module")
def harbour() -> RegisterMapping:
    return parse_mapping(HARBOUR, "harbour.yaml")


@pytest.fixture(scope="module")
def shipped() -> dict[str, RegisterMapping]:
    return {mapping.name: mapping for mapping in load_mappings()}


@pytest.mark.parametrize(
    "word",
    [
        "afloat",
        " AFLOAT. ",
        "a) Afloat",
        "c)  Afloat – it carries cargo.",
        "(b) Afloat: mostly",
        "2. afloat",
        "Afloat (since May)",
        "Afloat\n—\nyes",
        "b) b) Afloat",
        "🟢 Afloat",
        "Afloat \ufffd it carries cargo",
        "Afloat ? it carries cargo",
        "Afloat (not on the drawing-board)",
        "Afloat: not yet on the drawing-board",
    ],
)
def test_stage_word_is_known_whatever_its_case_spaces_enumerator_and_dash(
    harbour: RegisterMapping, word: str
) -> None:
    assert stage_of(harbour, word) == (Stage.PRODUCTION, ProjectStatus.LIVE)


def test_stage_word_underscores_and_dashes_are_spaces_and_hyphens(harbour: RegisterMapping) -> None:
    assert stage_of(harbour, "on_the_drawing‑board") == (Stage.MODEL, ProjectStatus.ACTIVE)


@pytest.mark.parametrize(
    "word",
    [
        *["", " ", "n/a", "Not afloat", "afloat-ish", "Afloat or sunk", "Sunk", "afloa"],
        # what follows the word takes it back, or nearly so: a person decides
        *[
            "Afloat?",
            "Afloat (not afloat)",
            "Afloat à quai depuis que le port est fini",
            "Afloat (planned)",
            "Afloat (non-tidal)",
            "Afloat - prototype",
            "Afloat (ended)",
            "Afloat – concluded",
            "❌ Afloat",
            "Afloat - on hold",
            "Afloat: not any more",
            "Afloat (on the drawing-board)",
        ],
    ],
)
def test_unknown_stage_word_is_never_guessed(harbour: RegisterMapping, word: str) -> None:
    assert stage_of(harbour, word) is None


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("AYE", "yes"),
        ("Yes – by the harbour master", "yes"),
        ("No.  Another review instead.", "no"),
        ("n/a", "not_applicable"),
        ("\u00a0 ", "blank"),
        ("Soon", "planned"),
        ("Yesterday", "other"),
        ("Nobody asked", "other"),
        ("Soon, we hope", "other"),
    ],
)
def test_answers_are_read_by_their_words(harbour: RegisterMapping, text: str, answer: str) -> None:
    assert answer_of(harbour, text) == answer


def test_risk_words_fall_into_groups_and_unknown_ones_need_review(harbour: RegisterMapping) -> None:
    words = ["STORM\n", "a) calm", "Breeze", ""]
    assert [risk_group_of(harbour, word) for word in words] == [
        "high",
        "standard",
        "needs_review",
        "needs_review",
    ]


def test_headers_are_found_despite_breaks_quotes_and_trailing_marks(harbour: RegisterMapping) -> None:
    headers = ["Quay:", "Has the pilot’s\u00a0consent been given?\n\nPractice", "SYSTEM *", "Phase of\nwork"]
    found = locate(harbour, headers)
    assert (found.name, found.organisation, found.stage, found.risk) == (2, 0, 3, None)
    assert found.facts == (("Pilot agreed", 1),)


def test_preferred_header_wins_over_an_earlier_column(harbour: RegisterMapping) -> None:
    assert locate(harbour, ["System", "Phase of work", "Phase"]).stage == 2


def test_recognition_needs_a_name_and_most_headers(harbour: RegisterMapping) -> None:
    assert (
        recognition(harbour, ["system", "quay", "phase", "x"]) > recognition(harbour, ["system", "quay"]) > 0
    )
    assert recognition(harbour, ["system", "x", "y"]) == 0
    assert recognition(harbour, ["quay", "phase"]) == 0


def test_shipped_mappings_share_the_documented_stage_words(shipped: dict[str, RegisterMapping]) -> None:
    documented = {
        ("discovery", "active"): ["Planned", "Ideation"],
        ("feasibility", "active"): ["Initiated"],
        ("model", "active"): ["Acquisition and/or Development", "Pre-deployment"],
        ("production", "rollout"): ["Implementation and Assessment", "Pilot"],
        ("production", "live"): ["Operation and Maintenance", "In production", "In mission", "Deployed"],
        ("production", "retired"): ["Retired"],
    }
    for name in ("us-federal-2024", "us-agency-2025", "generic-english"):
        for expected, words in documented.items():
            for word in words:
                assert stage_of(shipped[name], word) == expected, (name, word)
        assert stage_of(shipped[name], "Research or Administrative Action Complete") is None
    dutch = shipped["nl-algorithm-register"]
    assert [stage_of(dutch, word) for word in ("ontwikkeling", "In gebruik", "buiten_gebruik")] == [
        ("model", "active"),
        ("production", "live"),
        ("production", "retired"),
    ]


def test_fallback_fits_below_every_mapping_and_needs_more_than_a_name(
    shipped: dict[str, RegisterMapping],
) -> None:
    generic = shipped["generic-english"]
    assert 0 < recognition(generic, ["Project Name", "Status", "Department"]) < 1
    assert recognition(generic, ["Name", "E-mail", "Telephone"]) == 0


@pytest.mark.parametrize(
    ("old", "new", "where", "words"),
    [
        ("stage: model", "stage: modelling", "stages.0.stage", "'discovery', 'feasibility'"),
        ("name: harbour", "name: Harbour Authority", "name", "pattern"),
        ("name: [System]", "name: []", "columns.name", "at least 1"),
        ("risk: {", "risks: {", "risks", "not permitted"),
        ("status: live, ", "", "stages.1", "must be rollout, live or retired"),
        ("stage: model,", "stage: model, status: live,", "stages.0", "must be active"),
        ("words: [On the Drawing-Board]", "words: [a) AFLOAT]", "file", "“afloat” stands in two"),
        ("words: [On the Drawing-Board]", "words: []", "stages.0", "at least one word"),
        ("recognise: [[System, Quay, Phase]]", "", "file", "recognise"),
        ("title:", "organisation_from_id: '([A-Z'\ntitle:", "file", "not a regular expression"),
        ("title:", "organisation_from_id: '[A-Z]+'\ntitle:", "file", "exactly one group"),
        ("title:", "title: [", "line 4", "not valid YAML"),
        (HARBOUR, "just text", "file", "must hold keys"),
    ],
)
def test_mistake_in_a_mapping_names_file_and_field(old: str, new: str, where: str, words: str) -> None:
    with pytest.raises(GuideError) as mistake:
        parse_mapping(HARBOUR.replace(old, new), "mine.yaml")
    assert str(mistake.value).startswith(f"mine.yaml: {where}")
    assert words in str(mistake.value)


def test_two_files_with_one_name_are_a_mistake(tmp_path: Path) -> None:
    for file in ("a.yaml", "b.yaml"):
        (tmp_path / file).write_text(HARBOUR, encoding="utf-8")
    with pytest.raises(GuideError, match=r"b\.yaml: name: “harbour”"):
        load_mappings(tmp_path)


def test_missing_or_undecodable_mapping_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_bytes(b"name: \xff")
    with pytest.raises(GuideError, match="cannot be read"):
        load_mappings(tmp_path)
