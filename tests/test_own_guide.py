"""An organisation's own questions, thresholds and evidence: added whole, or refused naming file and place."""

from __future__ import annotations

from pathlib import Path

import pytest

from lifecycle.errors import GuideError
from lifecycle.guide import Guide
from lifecycle.own_guide import with_own
from lifecycle.vocabulary import Gate, Role, Stage
from tests.rules.building import guide

WHOLE = """
version: "3"
prefix: ORG
sections:
  discovery:
    - {id: ours, title: What we ask besides}
fields:
  - id: ORG1
    stage: discovery
    section: ours
    title: Cost centre
    question: "Which cost centre pays for it?"
    example: "4711, customer service"
    type: text
  - id: ORG2
    stage: production
    gate: launch
    section: run
    title: Helpdesk
    question: "Which helpdesk knows of it?"
    rows:
      - {id: desk, label: Helpdesk, type: text}
      - {id: consumer, label: For, type: reference, to: [D16]}
  - id: XORG1
    stage: data
    gate: feasibility
    section: origin
    title: Entry in the catalogue
    question: "Which entry of the data catalogue is it?"
    type: link
thresholds:
  actionable_share: 0.6
rests_on:
  discovery:
    business: [ORG1]
required_evidence:
  launch: [ORG2]
cosmetic: [ORG2]
roles:
  - id: own_1
    title: Works council
    lead_days: 9
    asked:
      design: {meaning: agrees for the staff, rests_on: [D12, ORG1], from_tier: 3}
"""


def _sections(name: str) -> str:
    sheet = guide().worksheet(Stage(name)) if name in set(Stage) else guide().source_worksheet
    return sheet.sections[0].id


def _written(folder: Path, text: str = WHOLE) -> Path:
    file = folder / "ours.yaml"
    text = text.replace("section: run", f"section: {_sections('production')}")
    file.write_text(text.replace("section: origin", f"section: {_sections('data')}"), "utf-8")
    return file


@pytest.fixture
def both(tmp_path: Path) -> Guide:
    return with_own(guide(), _written(tmp_path))


def test_what_is_added_stands_beside_the_guide(both: Guide) -> None:
    assert both.version == f"{guide().version}+3"
    assert set(both.fields) - set(guide().fields) == {"ORG1", "ORG2", "XORG1"}
    assert both.field("ORG1").gate is Gate.DISCOVERY
    assert both.field("XORG1").is_of_source
    assert both.number("actionable_share") != guide().number("actionable_share")
    assert "ORG1" in both.relied_on(Gate.DISCOVERY, Role.BUSINESS)
    assert "ORG2" in [field.id for field in both.evidence_by(Gate.LAUNCH)]
    council = both.review(Gate.DESIGN, Role.OWN_1)
    assert council is not None
    assert (council.from_tier, both.policy.lead_days[Role.OWN_1]) == (3, 9)
    assert both.relied_on(Gate.DESIGN, Role.OWN_1) == ("D12", "ORG1")
    assert both.checks == guide().checks
    assert [field.id for field in both.production_questions] == [
        field.id for field in guide().production_questions
    ]
    assert both.worksheet(Stage.DISCOVERY).sections[-1].title == "What we ask besides"


def test_without_a_file_the_guide_is_itself() -> None:
    assert with_own(guide(), None) is guide()


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("prefix: ORG", "prefix: D", "prefix"),
        ("prefix: ORG", "prefix: XORG", "prefix"),
        ('version: "3"', 'version: "3+1"', "version"),
        ("id: ORG1", "id: D01", "fields › D01"),
        ("id: ORG2", "id: ORG1", "fields › ORG1"),
        ("id: XORG1", "id: ORG7", "fields › ORG7"),
        ("stage: discovery", "stage: someday", "fields › ORG1 › stage"),
        ("section: ours", "section: theirs", "fields › ORG1 › section"),
        ("{id: ours,", f"{{id: {_sections('discovery')},", "sections › discovery"),
        ("    type: text\n", "    type: words\n", "fields › ORG1 › type"),
        ("    type: text\n", "    type: text\n    production: star\n", "fields › ORG1 › production"),
        ("    gate: launch", "    gate: discovery", "fields › ORG2 › gate"),
        ("to: [D16]", "to: [D01]", "fields › ORG2"),
        ("actionable_share: 0.6", "actionable_shore: 0.6", "thresholds › actionable_shore"),
        ("actionable_share: 0.6", "actionable_share: [a]", "thresholds › actionable_share"),
        ("business: [ORG1]", "business: [ORG9]", "rests_on › discovery › business"),
        ("id: own_1", "id: privacy", "roles › privacy"),
        ("title: Works council", "title: model validation", "roles › own_1 › title"),
        ("rests_on: [D12, ORG1]", "rests_on: [D12, ORG9]", "roles › own_1 › asked › design › rests_on"),
        ("rests_on: [D12, ORG1]", "rests_on: [D12, P01]", "roles › own_1 › asked › design › rests_on"),
        ("      design: {meaning", "      designs: {meaning", "roles › own_1 › asked › designs"),
        ("launch: [ORG2]", "launch: [ORG9]", "required_evidence › launch"),
        ("cosmetic: [ORG2]", "cosmetic: [D01]", "cosmetic"),
        ("cosmetic: [ORG2]", "colour: red", "colour"),
    ],
)
def test_mistake_is_named_with_file_and_place(tmp_path: Path, old: str, new: str, place: str) -> None:
    assert old in WHOLE
    with pytest.raises(GuideError) as refused:
        with_own(guide(), _written(tmp_path, WHOLE.replace(old, new, 1)))
    assert refused.value.file == "ours.yaml"
    assert place in refused.value.where, str(refused.value)


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(GuideError, match=r"gone\.yaml"):
        with_own(guide(), tmp_path / "gone.yaml")
