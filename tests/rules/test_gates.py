"""What stands in the way of a gate, who may decide it, and where a project is afterwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest

from lifecycle.rules.gates import after, blockers, may_decide_gate
from lifecycle.rules.project_facts import (
    ConditionFact,
    EvidenceFact,
    MemberFact,
    ProjectFacts,
    SourceFact,
    WaiverFact,
)
from lifecycle.vocabulary import (
    COMMAND_LINE,
    Actor,
    Area,
    Decision,
    Gate,
    OrganisationRole,
    Outcome,
    ProjectStatus,
    Role,
    Severity,
    Stage,
)
from tests.rules.building import TODAY, answered, dont_know, guide, not_applicable
from tests.rules.trial_checks import NAMES, trial
from tests.rules.worksheets import (
    PEOPLE,
    changed,
    full_worksheet,
    guide_with,
    marked,
    signed,
    signed_by_all,
    with_answer,
)

NO_CHECKS = guide_with()
YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)


def ready(gate: Gate = Gate.DESIGN, tier: str = "3") -> ProjectFacts:
    """A project with nothing in the way of `gate`."""
    stage = gate.stage
    project = full_worksheet(stage=stage, gate=gate, furthest_stage=stage)
    return signed_by_all(
        with_answer(project, "R21", answered("R21", {"tier": tier, "why": "As agreed"})), gate
    )


def codes(project: ProjectFacts, gate: Gate = Gate.DESIGN) -> list[str]:
    return [blocker.code for blocker in blockers(project, NO_CHECKS, gate)]


# ---------------------------------------------------------------- blockers


@pytest.mark.parametrize("gate", Gate)
def test_project_with_everything_in_place_has_no_blockers(gate: Gate) -> None:
    assert codes(ready(gate), gate) == []


@pytest.mark.parametrize(
    ("field", "fact", "expected"),
    [
        ("D09", None, ["answer:D09"]),
        ("D09", marked("D09", complete=False), ["answer:D09"]),
        ("D09", not_applicable(), []),
        ("D09", dont_know(due_on=TODAY), []),
        ("D09", dont_know(due_on=YESTERDAY), ["answer:D09"]),
        ("D09", dont_know(due_on=None), ["answer:D09"]),
        ("D09", dont_know(owner=None, due_on=TOMORROW), ["answer:D09"]),
        ("R18", None, ["answer:R18"]),
        ("M12", None, []),  # due at a later gate
        ("X02", None, ["answer:X02@1"]),
        ("X13", None, []),
    ],
)
def test_due_question_blocks_until_answered_excused_or_promised(
    field: str, fact: object, expected: list[str]
) -> None:
    assert codes(with_answer(ready(), field, fact)) == expected  # type: ignore[arg-type]


def test_questions_of_data_are_due_for_every_source() -> None:
    project = ready()
    second = SourceFact(2, "Branch notes", {**project.sources[0].answers, "X03": dont_know(due_on=None)})

    found = codes(replace(project, sources=(*project.sources, second)))

    assert "answer:X03@2" in found
    assert "answer:X03@1" not in found


def test_light_track_asks_only_the_marked_questions() -> None:
    light = ready(Gate.DISCOVERY, tier="1")
    without = with_answer(with_answer(light, "D09", None), "D14", None)

    assert codes(without, Gate.DISCOVERY) == ["answer:D14"]


@pytest.mark.parametrize(
    ("verdict", "severity", "expected"),
    [
        ("passes", Severity.BLOCK, []),
        ("fails", Severity.BLOCK, ["T01"]),
        ("unknown", Severity.BLOCK, ["T01"]),
        ("fails", Severity.WARNING, ["T01"]),
        ("unknown", Severity.WARNING, []),
        ("fails", Severity.NOTE, []),
    ],
)
def test_check_blocks_from_its_gate_on(
    monkeypatch: pytest.MonkeyPatch, verdict: str, severity: Severity, expected: list[str]
) -> None:
    checks = trial(monkeypatch, NAMES[verdict], severity)

    assert [item.code for item in blockers(ready(), checks, Gate.DESIGN)] == expected
    assert blockers(ready(Gate.FEASIBILITY), checks, Gate.FEASIBILITY) == ()


def test_check_that_cannot_tell_names_the_missing_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    (found,) = blockers(ready(), trial(monkeypatch, NAMES["unknown"]), Gate.DESIGN)

    assert found.fields == ("D14", "X05@1")
    assert found.text == (
        "A trial: cannot tell until How far ahead it looks (D14), Delay (X05) of Feed is known."
    )


def test_waived_check_does_not_block(monkeypatch: pytest.MonkeyPatch) -> None:
    waiver = WaiverFact(1, "T01", Gate.DESIGN, "bo", "By hand meanwhile", TODAY)
    project = replace(ready(), waivers=(waiver,))

    assert blockers(project, trial(monkeypatch, NAMES["fails"]), Gate.DESIGN) == ()


def _without(project: ProjectFacts, role: Role) -> ProjectFacts:
    return replace(project, sign_offs=tuple(fact for fact in project.sign_offs if fact.role is not role))


def _instead(role: Role, decision: Decision) -> ProjectFacts:
    project = _without(ready(), role)
    return replace(
        project, sign_offs=(*project.sign_offs, signed(project, Gate.DESIGN, role, decision=decision))
    )


@pytest.mark.parametrize(
    ("project", "expected"),
    [
        (_without(ready(), Role.LEGAL), ["sign_off:legal"]),
        (changed(ready(), "R23"), ["sign_off:legal"]),
        (changed(ready(), "D09"), []),
        (_instead(Role.LEGAL, Decision.CHANGES_REQUESTED), ["sign_off:legal"]),
        (_instead(Role.LEGAL, Decision.REJECTED), ["sign_off:legal"]),
        (_instead(Role.LEGAL, Decision.APPROVED_WITH_CONDITIONS), []),
    ],
)
def test_required_sign_off_blocks_until_it_is_favourable_and_current(
    project: ProjectFacts, expected: list[str]
) -> None:
    assert codes(project) == expected


def condition(due_on: date, state: str = "open", gate: Gate = Gate.FEASIBILITY) -> ConditionFact:
    return ConditionFact(12, gate, Role.LEGAL, "Sign the terms", "pat", due_on, state)


@pytest.mark.parametrize(
    ("owed", "expected"),
    [
        (condition(YESTERDAY), ["condition:12"]),
        (condition(TODAY), []),
        (condition(YESTERDAY, "met"), []),
        (condition(YESTERDAY, "withdrawn"), []),
        (condition(YESTERDAY, gate=Gate.LAUNCH), []),  # asked for by a later gate
    ],
)
def test_condition_blocks_once_its_day_has_passed(owed: ConditionFact, expected: list[str]) -> None:
    assert codes(replace(ready(), conditions=(owed,))) == expected


@pytest.mark.parametrize(
    ("fact", "attached", "expected"),
    [
        (marked("P03"), [], []),
        (None, [None], ["answer:P03"]),
        (None, [], ["answer:P03", "evidence:P03"]),
        (not_applicable(), [], []),
        (marked("P03"), [TODAY], []),
        (marked("P03"), [YESTERDAY], ["evidence:P03"]),
        (marked("P03"), [YESTERDAY, TOMORROW], []),
    ],
)
def test_required_evidence_must_be_there_and_current(
    fact: object, attached: list[date | None], expected: list[str]
) -> None:
    answers = with_answer(full_worksheet(gate=Gate.LAUNCH), "P03", fact)  # type: ignore[arg-type]
    held = tuple(EvidenceFact("P03", Gate.LAUNCH, expires_on) for expires_on in attached)
    project = signed_by_all(replace(answers, evidence=held), Gate.LAUNCH)

    assert codes(project, Gate.LAUNCH) == expected


@pytest.mark.parametrize(
    ("earlier_is_stale", "expected"),
    [(False, ["sign_off:privacy"]), (True, ["C47", "sign_off:privacy"])],
)
def test_stale_sign_off_of_this_gate_is_not_said_twice(
    monkeypatch: pytest.MonkeyPatch, earlier_is_stale: bool, expected: list[str]
) -> None:
    checks = trial(monkeypatch, NAMES["fails"], Severity.BLOCK, check_id="C47")
    project = ready()
    earlier = signed(project, Gate.FEASIBILITY, Role.PRIVACY, id=99)
    project = replace(project, sign_offs=(earlier, *project.sign_offs))
    now = changed(changed(project, "R15"), "F12" if earlier_is_stale else "D09")

    assert sorted(item.code for item in blockers(now, checks, Gate.DESIGN)) == expected


def test_blockers_come_in_the_order_of_areas_gravest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    checks = trial(monkeypatch, NAMES["fails"], Severity.WARNING)
    project = with_answer(_without(ready(), Role.LEGAL), "D09", None)

    found = blockers(replace(project, conditions=(condition(YESTERDAY),)), checks, Gate.DESIGN)

    assert [(item.code, item.area) for item in found] == [
        ("answer:D09", Area.ANSWERS),
        ("T01", Area.CHECKS),
        ("sign_off:legal", Area.SIGN_OFFS),
        ("condition:12", Area.CONDITIONS),
    ]


# ---------------------------------------------------------------- who may decide

BO, PAT, ANN = Actor("bo", "Bo Lind"), Actor("pat", "Pat Quill"), Actor("ann", "Ann Reyes")
ROOT = Actor("root", "Root Admin", OrganisationRole.ADMINISTRATOR)


def refusals(project: ProjectFacts, outcome: Outcome, actor: Actor, **details: object) -> list[str]:
    gate = project.gate or Gate.DESIGN
    return [item.code for item in may_decide_gate(project, NO_CHECKS, gate, outcome, actor, **details)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("project", "outcome", "actor", "expected"),
    [
        (ready(), Outcome.GO, BO, []),
        (ready(), Outcome.GO_WITH_CONDITIONS, BO, []),
        (ready(), Outcome.GO, ANN, ["wrong_role"]),
        (ready(), Outcome.GO, PAT, ["own_work:product_manager"]),
        (ready(), Outcome.GO, ROOT, ["wrong_role"]),
        (ready(), Outcome.GO, COMMAND_LINE, ["not_a_person"]),
        (ready(Gate.LAUNCH), Outcome.GO, ANN, []),
        (ready(Gate.OPERATE), Outcome.GO, ANN, []),
        (ready(Gate.LAUNCH), Outcome.GO, BO, ["wrong_role"]),
        (
            ready(Gate.LAUNCH, tier="4"),
            Outcome.GO,
            ANN,
            ["level_too_low", "sign_off:approver", "sign_off:validation"],
        ),
        (ready(Gate.LAUNCH, tier="4"), Outcome.STOP, ANN, []),
        (ready(), Outcome.STOP, BO, []),
        (ready(), Outcome.STOP, PAT, []),
        (ready(), Outcome.STOP, ROOT, ["wrong_role"]),
        (ready(), Outcome.STOP, COMMAND_LINE, ["not_a_person"]),
        (replace(ready(), status=ProjectStatus.STOPPED), Outcome.GO, BO, ["ended"]),
        (replace(ready(), is_adopted=False), Outcome.GO, BO, ["not_adopted"]),
    ],
)
def test_gate_is_decided_by_those_with_authority(
    project: ProjectFacts, outcome: Outcome, actor: Actor, expected: list[str]
) -> None:
    reason = "" if outcome in (Outcome.GO, Outcome.GO_WITH_CONDITIONS) else "The evidence says so"

    assert refusals(project, outcome, actor, reason=reason) == expected


def test_product_manager_who_also_owns_the_business_side_cannot_go() -> None:
    both = replace(ready(), members=(*PEOPLE, MemberFact("pat", Role.BUSINESS, 0, "Pat Quill")))

    assert refusals(both, Outcome.GO, PAT) == ["own_work:product_manager"]


def test_launch_needs_a_known_tier_to_find_its_approver() -> None:
    unknown = with_answer(ready(Gate.LAUNCH), "R21", not_applicable())

    assert "tier_unknown" in refusals(unknown, Outcome.GO, ANN)


def test_go_carries_every_blocker_that_the_button_shows() -> None:
    project = with_answer(_without(ready(), Role.LEGAL), "D09", None)

    refused = may_decide_gate(project, NO_CHECKS, Gate.DESIGN, Outcome.GO, BO)

    assert refused == blockers(project, NO_CHECKS, Gate.DESIGN)
    assert len(refused) == 2


@pytest.mark.parametrize("gate", [Gate.FEASIBILITY, Gate.MODEL])
def test_only_the_gate_the_project_is_at_can_be_decided(gate: Gate) -> None:
    refused = may_decide_gate(ready(), NO_CHECKS, gate, Outcome.STOP, PAT, reason="No use for it")

    assert [item.code for item in refused] == ["not_current_gate"]


@pytest.mark.parametrize(
    ("outcome", "details", "expected"),
    [
        (Outcome.STOP, {"reason": "  "}, ["no_reason"]),
        (Outcome.RECYCLE, {}, ["no_reason", "no_stage"]),
        (Outcome.RECYCLE, {"reason": "Study again", "to_stage": Stage.MODEL}, ["later_stage"]),
        (Outcome.RECYCLE, {"reason": "Study again", "to_stage": Stage.DESIGN}, []),
        (Outcome.RECYCLE, {"reason": "Study again", "to_stage": Stage.DISCOVERY}, []),
    ],
)
def test_stop_and_recycle_say_why_and_where_to(
    outcome: Outcome, details: dict[str, object], expected: list[str]
) -> None:
    blocked = _without(ready(), Role.LEGAL)  # which hinders a go only

    assert refusals(blocked, outcome, PAT, **details) == expected


# ---------------------------------------------------------------- what comes after

GO, RECYCLE, STOP = Outcome.GO, Outcome.RECYCLE, Outcome.STOP


@pytest.mark.parametrize(
    ("gate", "outcome", "to_stage", "expected"),
    [
        (Gate.DISCOVERY, GO, None, "feasibility feasibility active feasibility"),
        (Gate.FEASIBILITY, Outcome.GO_WITH_CONDITIONS, None, "design design active design"),
        (Gate.MODEL, GO, None, "production launch rollout production"),
        (Gate.LAUNCH, GO, None, "production operate live production"),
        (Gate.OPERATE, GO, None, "production operate live production"),
        (Gate.MODEL, RECYCLE, Stage.FEASIBILITY, "feasibility feasibility active model"),
        (Gate.MODEL, RECYCLE, Stage.MODEL, "model model active model"),
        (Gate.OPERATE, RECYCLE, Stage.PRODUCTION, "production launch rollout production"),
        (Gate.DESIGN, STOP, None, "design design stopped design"),
        (Gate.LAUNCH, STOP, None, "production launch stopped production"),
        (Gate.OPERATE, STOP, None, "production operate retired production"),
    ],
)
def test_decision_leads_to_its_place(
    gate: Gate, outcome: Outcome, to_stage: Stage | None, expected: str
) -> None:
    place = after(ready(gate), outcome, to_stage)

    assert f"{place.stage} {place.gate} {place.status} {place.furthest_stage}" == expected


@pytest.mark.parametrize(
    "decide",
    [
        lambda: after(replace(ready(), stage=None, gate=None), GO),
        lambda: after(ready(), RECYCLE),
    ],
)
def test_decision_without_a_place_is_a_mistake_of_the_caller(decide: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match="a recycle names where to"):
        decide()


def test_shipped_guide_asks_for_evidence_of_questions_that_exist() -> None:
    asked = [field for fields in guide().policy.required_evidence.values() for field in fields]

    assert asked == ["M02", "P03", "P05"]
