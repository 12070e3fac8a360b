"""The shipped guide is whole; a mistake in a guide file is named by file and place before anything starts."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import get_args

import pytest
import yaml

from lifecycle.errors import GuideError, Invalid
from lifecycle.guide import (
    BranchSpec,
    CheckSpec,
    FieldSpec,
    Guide,
    PartSpec,
    PartType,
    ReviewSpec,
    TierPoint,
    load_guide,
)
from lifecycle.interchange.mappings import RegisterMapping
from lifecycle.own_guide import with_own
from lifecycle.rules.answers import parse
from lifecycle.vocabulary import Act, Gate, Role, Severity, Stage

SHIPPED = Path(__file__).parents[1] / "data" / "guide"
WORKSHEETS = ("discovery", "feasibility", "design", "model", "production", "data")
FILES = {f"{name}.yaml" for name in (*WORKSHEETS, "guide", "sign_offs", "thresholds", "tiers")}
FILES |= {f"checks_{name}.yaml" for name in WORKSHEETS}
STAR = {f"D{number:02}" for number in (3, *range(14, 30), 32, 35)}
PLUS = {"D12", "D30", "D31", "D33", "D36"}
# Which rows a part may point at.
POINTERS = {
    ("D17", "consumer"): {"D16"},
    ("D18", "consumer"): {"D16"},
    ("D21", "source"): {"source"},
    ("D32", "system"): {"D21", "D22"},
    ("F06", "system"): {"D21", "D22"},
    ("F14", "system"): {"D21", "D22"},
    ("R02", "consumer"): {"D16", "D22"},
    ("R13", "covers"): {"D32"},
    ("R18", "source"): {"source"},
    ("R20", "consumer"): {"D16"},
    ("M05", "group"): {"R11"},
    ("M06", "scenario"): {"R26"},
    ("M10", "use"): {"R20"},
    ("M19", "use"): {"R20"},
    ("P02", "monitor"): {"R13"},
    ("P10", "use"): {"R20"},
    ("P10", "consumer"): {"D16"},
}
REVIEWERS = {Role.BUSINESS, Role.TECHNOLOGY, Role.PRIVACY, Role.LEGAL, Role.COMPLIANCE, Role.VALIDATION}


@pytest.fixture(scope="module")
def guide() -> Guide:
    return load_guide(SHIPPED)


# ---------------------------------------------------------------- the guide as shipped


def test_the_loader_reads_every_file_that_ships(tmp_path: Path) -> None:
    """Each file is needed: a file that nothing reads would only look as if it ruled."""
    assert {path.name for path in SHIPPED.iterdir()} == FILES
    shutil.copytree(SHIPPED, tmp_path / "guide")
    for name in FILES:
        away = (tmp_path / "guide" / name).rename(tmp_path / name)
        with pytest.raises(GuideError, match=rf"^{re.escape(name)}: file: is missing"):
            load_guide(tmp_path / "guide")
        away.rename(tmp_path / "guide" / name)


def test_the_guide_asks_exactly_the_known_questions(guide: Guide) -> None:
    expected = {Stage.DISCOVERY: ("D", 42), Stage.FEASIBILITY: ("F", 20), Stage.DESIGN: ("R", 29)}
    expected |= {Stage.MODEL: ("M", 19), Stage.PRODUCTION: ("P", 20)}
    for stage, (letter, count) in expected.items():
        ids = sorted(field.id for field in guide.worksheet(stage).fields)
        assert ids == [f"{letter}{number:02}" for number in range(1, count + 1)]
    of_sources = sorted(field.id for field in guide.source_worksheet.fields)
    assert of_sources == [f"X{number:02}" for number in range(1, 23)]
    assert len(guide.fields) == 130 + 22
    assert all(field.is_of_source is field.id.startswith("X") for field in guide.fields.values())


def test_24_production_questions_are_asked_at_discovery(guide: Guide) -> None:
    asked = {field.id: field.production for field in guide.production_questions}
    assert asked == dict.fromkeys(STAR, "star") | dict.fromkeys(PLUS, "plus")
    assert len(asked) == 24
    assert all(field.gate is Gate.DISCOVERY for field in guide.production_questions)


def test_every_field_falls_due_in_its_own_stage(guide: Guide) -> None:
    for field in guide.fields.values():
        assert field.stage is None or field.gate.stage is field.stage
    operate = {field.id for field in guide.fields.values() if field.gate is Gate.OPERATE}
    assert operate == {"P09", "P10", "P11", "P12", "P13", "P14", "P15", "P16", "P20"}


def test_every_field_explains_itself(guide: Guide) -> None:
    for field in guide.fields.values():
        words = [field.title, field.question, field.help, field.example]
        assert all(words), field.id
        assert field.question[-1] in "?.", field.id
        assert field.help != field.question
        assert 1 <= len(re.findall(r"[.?](?= |$)", field.help)) <= 2, (field.id, "one or two sentences")
        assert not any("!" in word for word in words), field.id
        assert len({part.label for part in field.columns}) == len(field.columns)
        assert all(part.label for part in field.columns), field.id


def test_examples_are_not_repeated_but_for_short_choices(guide: Guide) -> None:
    longer = [field.example for field in guide.fields.values() if len(field.example) > 24]
    assert len(longer) == len(set(longer)) > 90


def test_every_example_of_a_single_part_is_accepted(guide: Guide) -> None:
    """What the example shows can be typed as it stands."""
    single = [field for field in guide.fields.values() if field.kind == "single"]
    for field in single:
        try:
            assert parse(field, field.example) is not None, field.id
        except Invalid as refusal:
            pytest.fail(f"{field.id} shows “{field.example}”, which is refused: {refusal}")
    assert len(single) > 40


def test_sections_hold_fields_and_say_what_they_are_for(guide: Guide) -> None:
    for sheet in (*guide.worksheets, guide.source_worksheet):
        assert {section.id for section in sheet.sections} == {field.section for field in sheet.fields}
        assert all(section.intro.endswith(".") for section in sheet.sections)
        assert sheet.exit_question.endswith("?")


def test_pointers_point_where_the_rules_expect(guide: Guide) -> None:
    found = {
        (field.id, part.id): set(part.to)
        for field in guide.fields.values()
        for part in field.columns
        if part.type in ("reference", "references")
    }
    assert found == POINTERS


def test_every_gate_asks_the_six_and_the_last_two_an_approver(guide: Guide) -> None:
    for gate in Gate:
        roles = [review.role for review in guide.reviews(gate)]
        last = {Role.APPROVER} if gate in (Gate.LAUNCH, Gate.OPERATE) else set()
        assert set(roles) == REVIEWERS | last
        assert len(roles) == len(set(roles))
    consulted = {
        (gate, spec.role) for gate in Gate for spec in guide.reviews(gate) if spec.act is Act.CONSULT
    }
    assert consulted == {(Gate.FEASIBILITY, Role.VALIDATION), (Gate.FEASIBILITY, Role.COMPLIANCE)}


def test_a_meaning_completes_the_sentence_that_is_signed(guide: Guide) -> None:
    """“Ada Example, Business owner, approves …”: a verb in the third person, no full stop of its own."""
    meanings = [spec.meaning for gate in Gate for spec in guide.reviews(gate)]
    for meaning in meanings:
        assert re.match(r"(approves|confirms|agrees|accepts|has) ", meaning), meaning
        assert not meaning.endswith(".")
    assert len(meanings) == len(set(meanings))


@pytest.mark.parametrize(
    ("gate", "role", "some", "none"),
    [
        (Gate.DISCOVERY, Role.BUSINESS, {"D01", "D06", "D15", "D34"}, {"D21", "F17", "R01"}),
        (Gate.DISCOVERY, Role.PRIVACY, {"D13", "D25", "X07", "X17"}, {"X18", "R24", "D01"}),
        (Gate.DESIGN, Role.PRIVACY, {"R15", "R24", "X08", "X18", "D25"}, {"R01", "P10"}),
        (Gate.MODEL, Role.VALIDATION, {"F04", "M03", "R13", "X15"}, {"P02", "D08"}),
        (Gate.LAUNCH, Role.APPROVER, {"R21", "P01", "M14", "R24"}, {"D01"}),
    ],
)
def test_a_decision_rests_on_its_evidence_and_the_roles_own_fields(
    guide: Guide, gate: Gate, role: Role, some: set[str], none: set[str]
) -> None:
    relied_on = guide.relied_on(gate, role)
    assert some <= set(relied_on)
    assert not none & set(relied_on)
    assert list(relied_on) == [field_id for field_id in guide.fields if field_id in set(relied_on)]


def test_tier_1_asks_three_roles_and_the_approver(guide: Guide) -> None:
    light = {Role.BUSINESS, Role.TECHNOLOGY, Role.COMPLIANCE}
    assert {spec.role for spec in guide.reviews(Gate.DESIGN, tier=1)} == light
    assert {spec.role for spec in guide.reviews(Gate.LAUNCH, tier=1)} == light | {Role.APPROVER}
    assert {spec.role for spec in guide.reviews(Gate.DESIGN, tier=2)} == REVIEWERS


def test_the_light_track_keeps_every_production_question(guide: Guide) -> None:
    light = {field.id for field in guide.due_by(Gate.DISCOVERY, light=True)}
    assert STAR | PLUS <= light < {field.id for field in guide.due_by(Gate.DISCOVERY)}


def test_severity_is_that_of_the_latest_gate_named() -> None:
    enforced = {Gate.LAUNCH: Severity.BLOCK, Gate.FEASIBILITY: Severity.WARNING}
    branch = BranchSpec(enforced=enforced, message="")
    severities = [branch.severity_at(gate) for gate in Gate]
    assert severities == [None, *[Severity.WARNING] * 3, *[Severity.BLOCK] * 2]
    assert branch.first_gate is Gate.FEASIBILITY


def test_the_digest_changes_with_a_word(guide: Guide, tmp_path: Path) -> None:
    folder = copied(tmp_path, "discovery.yaml", "title: By when", "title: By what day")
    assert load_guide(SHIPPED).digest == guide.digest != load_guide(folder).digest


def test_thresholds_are_numbers_or_words(guide: Guide) -> None:
    assert guide.number("actionable_share") == Decimal("0.5")
    assert "ai_act" in guide.words("incident_reporting_regimes")
    with pytest.raises(TypeError, match="is a list"):
        guide.number("incident_reporting_regimes")


# ---------------------------------------------------------------- docs/guide.md


def test_the_page_about_the_guide_shows_what_loads(tmp_path: Path) -> None:
    page = (SHIPPED.parents[1] / "docs" / "guide.md").read_text(encoding="utf-8")
    described = re.findall(r"^\| `(\w+)` \|", page[page.index("### Types") :], flags=re.MULTILINE)
    assert described == list(get_args(PartType))
    field, rows, check, thresholds, gates, tiers, own, mapping = re.findall(
        r"```yaml\n(.*?)```", page, flags=re.DOTALL
    )
    added = load_guide(copied(tmp_path, "discovery.yaml", "fields:\n", f"fields:\n{field}"))
    assert added.field("D90").example == "4711, customer service"
    assert [PartSpec.model_validate(part).type for part in yaml.safe_load(rows)["rows"]][2] == "date"
    assert CheckSpec.model_validate(yaml.safe_load(check)[0]).branch("main").first_gate is Gate.DESIGN
    assert {name: added.thresholds[name] for name in yaml.safe_load(thresholds)}
    asked = ReviewSpec.model_validate(yaml.safe_load(gates)["gates"]["discovery"][0])
    assert asked.meaning == added.reviews(Gate.DISCOVERY)[0].meaning
    assert [TierPoint.model_validate(point).points for point in yaml.safe_load(tiers)["impact"]] == [4]
    (tmp_path / "own_guide.yaml").write_text(own, encoding="utf-8")
    assert with_own(load_guide(SHIPPED), tmp_path / "own_guide.yaml").field("ORG1").title == "Cost centre"
    assert RegisterMapping.model_validate(yaml.safe_load(mapping)).stage_words


# ---------------------------------------------------------------- mistakes

Edit = Callable[[str], str]


def copied(tmp_path: Path, file: str, old: str, new: str) -> Path:
    """A copy of the guide in which the first `old` of `file` reads `new`."""
    folder = tmp_path / "guide"
    shutil.copytree(SHIPPED, folder)
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text, f"{file} no longer holds {old!r}"
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("file", "old", "new", "where", "words"),
    [
        ("discovery.yaml", "type: long_text", "type: essay", "D01 › type", "“essay” is not one of 'text'"),
        (
            "discovery.yaml",
            "section: problem",
            "section: trouble",
            "D01",
            "section “trouble”, which does not",
        ),
        (
            "discovery.yaml",
            "- id: problem\n",
            "- id: hidden\n",
            "D01",
            "section “problem”, which does not exist",
        ),
        ("discovery.yaml", "id: D02", "id: D01", "D01", "this id is used twice"),
        ("discovery.yaml", "to: [D16]", "to: [D99]", "D17", "refers to D99, which does not exist"),
        ("discovery.yaml", "to: [D16]", "to: [D15]", "D17", "refers to D15, which has no rows to point at"),
        (
            "discovery.yaml",
            "type: reference, to: [D16]",
            "type: reference",
            "fields › D17 › rows › consumer",
            "needs “to”",
        ),
        ("discovery.yaml", "type: long_text", "type: choice", "D01", "is of type choice and needs choices"),
        (
            "discovery.yaml",
            "type: long_text",
            "type: text\n    rows: [{id: a, type: text}]",
            "D01",
            "exactly one of type",
        ),
        ("discovery.yaml", "id: measured", "id: value", "D05", "two parts with the same id"),
        ("discovery.yaml", "label: Who,", "label: How many,", "D02", "two parts with the same label"),
        ("discovery.yaml", "    light: true", "    ligth: true", "D01 › ligth", "is not a key of the guide"),
        ("discovery.yaml", "    light: true", "    light: maybe", "D01 › light", "valid boolean"),
        (
            "discovery.yaml",
            "    light: true",
            "    gate: lunch",
            "D01 › gate",
            "“lunch” is not one of 'discovery'",
        ),
        (
            "discovery.yaml",
            "    light: true",
            "    title: Again",
            "line 2\\d",
            "the key “title” is written twice",
        ),
        ("discovery.yaml", '    question: "What is', '    quest: "What is', "D01 › question", "is missing"),
        (
            "discovery.yaml",
            '"yes": "Yes"',
            "yes: Yes",
            "D23 › choices",
            "put yes, no, true and false in quotes",
        ),
        ("discovery.yaml", "max: 5", "max: five", "fields › D10 › parts › scale › max", "decimal"),
        ("discovery.yaml", "fields:", "fields: none\nrest:", "fields", "must be a list of mappings"),
        ("discovery.yaml", "fields:", "fields: [", "line \\d+", "cannot be read as YAML"),
        (
            "discovery.yaml",
            "stage: discovery",
            "stage: feasibility",
            "stage",
            "must be “discovery”, not “feasibility”",
        ),
        (
            "design.yaml",
            "    section: output",
            "    section: output\n    gate: discovery",
            "R01 › gate",
            "comes before",
        ),
        ("production.yaml", "    gate: launch\n", "", "P01 › gate", "is missing"),
        ("data.yaml", "id: X22", "id: D01", "D01", "this id is used twice"),
        ("checks_design.yaml", "id: C03", "id: C04", "C04", "this id is used twice"),
        ("checks_design.yaml", "D19", "D98", "C03 › reads", "D98 does not exist"),
        ("checks_design.yaml", "{need}", "{need", "C03 › branches › 0", "in field name"),
        ("checks_design.yaml", "{need}", "{}", "C03 › branches › 0", "braces without a plain name"),
        (
            "checks_design.yaml",
            "enforced: {design: block}",
            "enforced: {}",
            "C03 › branches › 0 › enforced",
            "at least 1",
        ),
        (
            "checks_design.yaml",
            "waived_by: business",
            "waived_by: everyone",
            "C03 › waived_by",
            "“everyone” is not one of",
        ),
        (
            "checks_design.yaml",
            "design: block",
            "design: stop",
            "C03 › branches › 0 › enforced › design",
            "“stop” is not one of",
        ),
        ("sign_offs.yaml", "D34]", "D97]", "gates › discovery › business", "D97 does not exist"),
        (
            "sign_offs.yaml",
            "  business: [D04",
            "  business: [D96",
            "role_fields › business",
            "D96 does not exist",
        ),
        (
            "sign_offs.yaml",
            "  launch: [P03",
            "  launch: [P93",
            "required_evidence › launch",
            "P93 does not exist",
        ),
        (
            "sign_offs.yaml",
            "act: approve",
            "act: applaud",
            "gates › discovery › business › act",
            "“applaud” is not one of",
        ),
        ("sign_offs.yaml", "  operate:\n", "  retire:\n", "gates › retire", "“retire” is not one of"),
        ("sign_offs.yaml", "cosmetic: []", "cosmetic: [D95]", "cosmetic", "D95 does not exist"),
        ("tiers.yaml", "field: D12", "field: D94", "D94", "does not exist"),
        ("tiers.yaml", "part: affected", "part: victim", "D13", "has no part “victim”"),
        (
            "tiers.yaml",
            "when: [decides_alone]",
            "when: [decides]",
            "D12",
            "“decides” is not one of its answers: informs",
        ),
        ("thresholds.yaml", "actionable_share: 0.5", "actionable_share: half", "actionable_share", "decimal"),
    ],
    ids=lambda value: value if value.endswith(".yaml") else None,
)
def test_a_mistake_is_named_by_file_and_place(
    tmp_path: Path, file: str, old: str, new: str, where: str, words: str
) -> None:
    with pytest.raises(GuideError) as mistake:
        load_guide(copied(tmp_path, file, old, new))
    assert mistake.value.file == file
    assert re.search(where, str(mistake.value))
    assert words in mistake.value.problem
    assert "\n" not in str(mistake.value)
    assert "pydantic" not in str(mistake.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xff\xfe\x00", r"is not UTF-8 text \(byte 1\)"),
        (b"- a\n- b\n", "must hold a mapping"),
        (b"", "must hold a mapping"),
        (b"stage: discovery\n\tpurpose: x\n", "line 2: cannot be read as YAML"),
        (b"stage: \x00", "cannot be read as YAML"),
        (b"stage: !!python/object:os.system x", "cannot be read as YAML"),
    ],
)
def test_a_file_that_is_no_guide_file_is_named(tmp_path: Path, content: bytes, words: str) -> None:
    folder = tmp_path / "guide"
    shutil.copytree(SHIPPED, folder)
    (folder / "discovery.yaml").write_bytes(content)
    with pytest.raises(GuideError, match=words) as mistake:
        load_guide(folder)
    assert mistake.value.file == "discovery.yaml"


def test_a_folder_in_place_of_a_file_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "guide"
    shutil.copytree(SHIPPED, folder)
    (folder / "tiers.yaml").unlink()
    (folder / "tiers.yaml").mkdir()
    with pytest.raises(GuideError, match=r"tiers\.yaml: file: cannot be opened"):
        load_guide(folder)


def test_an_organisation_may_add_a_question_of_its_own(tmp_path: Path) -> None:
    added = (
        'fields:\n  - {id: D90, section: plan, title: Cost centre, question: "Who is charged?", type: text}\n'
    )
    guide = load_guide(copied(tmp_path, "discovery.yaml", "fields:\n", added))
    field: FieldSpec = guide.field("D90")
    assert (field.stage, field.gate) == (Stage.DISCOVERY, Gate.DISCOVERY)
