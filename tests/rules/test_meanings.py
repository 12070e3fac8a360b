"""What a signature may mean, and when the password is entered again: the policy decides, by tables."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from lifecycle.errors import GuideError
from lifecycle.guide import ReentrySpec, load_guide
from lifecycle.rules.reviews import meaning_problem, meanings_of
from lifecycle.vocabulary import Decision, Gate, Meaning, Role
from tests.rules.building import guide

RISK, USE = Meaning.ACCEPTS_RISK, Meaning.APPROVES_USE


@pytest.mark.parametrize(
    ("gate", "role", "decision", "meanings"),
    [
        (Gate.LAUNCH, Role.APPROVER, Decision.APPROVED, [RISK, USE]),
        (Gate.LAUNCH, Role.APPROVER, Decision.APPROVED_WITH_CONDITIONS, [RISK, USE]),
        (Gate.LAUNCH, Role.APPROVER, Decision.REJECTED, [Meaning.REVIEWED]),
        (Gate.LAUNCH, Role.APPROVER, Decision.CHANGES_REQUESTED, [Meaning.REVIEWED]),
        (Gate.LAUNCH, Role.VALIDATION, Decision.APPROVED, [Meaning.REVIEWED]),
        (Gate.MODEL, Role.VALIDATION, Decision.APPROVED, [USE]),
        (Gate.DISCOVERY, Role.PRIVACY, Decision.ACKNOWLEDGED, [Meaning.ACKNOWLEDGES]),
        (Gate.FEASIBILITY, Role.VALIDATION, Decision.OPINION, [Meaning.REVIEWED]),
        (Gate.DISCOVERY, Role.PRIVACY, Decision.WITHDRAWN, []),
    ],
)
def test_policy_names_the_meanings(
    gate: Gate, role: Role, decision: Decision, meanings: list[Meaning]
) -> None:
    assert list(meanings_of(guide().review(gate, role), decision)) == meanings


@pytest.mark.parametrize(
    ("offered", "chosen", "problem"),
    [
        ({USE: "a"}, None, None),
        ({USE: "a"}, USE, None),
        ({USE: "a", RISK: "b"}, RISK, None),
        (
            {USE: "a", RISK: "b"},
            None,
            "Choose what your signature means: approves use or accepts residual risk.",
        ),
        ({USE: "a"}, RISK, "“Accepts residual risk” is not offered here; choose approves use."),
        ({}, None, None),
    ],
)
def test_meaning_is_chosen_where_there_are_several(
    offered: dict[Meaning, str], chosen: Meaning | None, problem: str | None
) -> None:
    assert meaning_problem(offered, chosen) == problem


@pytest.mark.parametrize(
    ("gate", "role", "tier", "enters"),
    [
        (Gate.LAUNCH, Role.LEGAL, 1, True),
        (Gate.MODEL, Role.VALIDATION, 2, True),
        (Gate.MODEL, Role.BUSINESS, 4, False),
        (Gate.DISCOVERY, Role.VALIDATION, 4, False),
    ],
)
def test_shipped_policy_asks_for_the_password(gate: Gate, role: Role, tier: int, enters: bool) -> None:
    assert guide().reenters_password(gate, role, tier) is enters


@pytest.mark.parametrize(
    ("spec", "tier", "enters"),
    [
        ({"from_tier": 3}, 3, True),
        ({"from_tier": 3}, 2, False),
        ({"from_tier": 3}, None, True),
        ({"role": Role.LEGAL, "from_tier": 4}, 4, True),
        ({"role": Role.PRIVACY}, 4, False),
        ({"gate": Gate.DESIGN, "role": Role.LEGAL}, 1, True),
    ],
)
def test_every_part_of_a_line_must_fit_and_an_unknown_tier_counts_as_the_highest(
    spec: dict[str, object], tier: int | None, enters: bool
) -> None:
    assert ReentrySpec.model_validate(spec).covers(Gate.DESIGN, Role.LEGAL, tier) is enters


@pytest.mark.parametrize(
    ("edit", "problem"),
    [
        (lambda policy: policy["reenter_password"].append({}), "names no gate, role or from_tier"),
        (
            lambda policy: policy["gates"]["launch"][0]["alternatives"].update(accepts_residual_risk="twice"),
            "same meaning",
        ),
        (lambda policy: policy["gates"]["launch"][0].update(stated="agrees"), "not one of"),
    ],
)
def test_mistake_in_the_policy_stops_the_start(tmp_path: Path, edit: object, problem: str) -> None:
    for file in (Path(__file__).parents[2] / "data" / "guide").glob("*.yaml"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    file = tmp_path / "sign_offs.yaml"
    policy = yaml.safe_load(file.read_text("utf-8"))
    edit(policy)  # type: ignore[operator]
    file.write_text(yaml.safe_dump(policy), "utf-8")
    with pytest.raises(GuideError, match=problem):
        load_guide(tmp_path)
