"""Shares, the weakest area, the ladder of levels; the early-planning index, debt and what is open."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.rules.project_facts import (
    ConditionFact,
    EvidenceFact,
    GateDecisionFact,
    ProjectFacts,
    ReasonFact,
    ReviewFact,
    WaiverFact,
)
from lifecycle.rules.readiness import (
    early_planning_index,
    open_production_questions,
    production_debt,
    readiness,
    readiness_of_all,
    top_obstacle,
)
from lifecycle.vocabulary import Act, Area, Decision, Gate, Level, Outcome, Role, Severity, Stage
from tests.rules.building import TODAY, dont_know, facts, gate_decision, guide, moment, not_applicable
from tests.rules.trial_checks import NAMES, trial
from tests.rules.worksheets import (
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


def at(gate: Gate = Gate.DESIGN, **details: object) -> ProjectFacts:
    project = full_worksheet(gate=gate, stage=gate.stage, furthest_stage=gate.stage)
    return replace(signed_by_all(project, gate), **details)  # type: ignore[arg-type]


def share(project: ProjectFacts, area: Area, gate: Gate = Gate.DESIGN) -> int:
    return readiness(project, NO_CHECKS, gate).shares[area]


def level(project: ProjectFacts, gate: Gate = Gate.DESIGN) -> Level:
    return readiness(project, NO_CHECKS, gate).level


def condition(due_on: date, state: str = "open", number: int = 1) -> ConditionFact:
    return ConditionFact(number, Gate.DESIGN, Role.LEGAL, "Sign the terms", "pat", due_on, state)


# ---------------------------------------------------------------- shares


def test_answers_share_counts_a_dated_dont_know_half_and_an_overdue_one_not_at_all() -> None:
    project = at(Gate.DISCOVERY)
    due = len(list(guide().due_by(Gate.DISCOVERY)))

    def one(fact: object) -> int:
        return share(with_answer(project, "D09", fact), Area.ANSWERS, Gate.DISCOVERY)  # type: ignore[arg-type]

    assert one(marked("D09")) == 1000
    assert one(not_applicable()) == 1000
    assert one(dont_know(due_on=TODAY)) == 1000 * (2 * due - 1) // (2 * due)
    assert one(dont_know(due_on=YESTERDAY)) == one(None) == 1000 * (due - 1) // due
    assert one(marked("D09", complete=False)) == one(None)


def test_answers_share_of_a_project_without_sources_counts_no_data_questions() -> None:
    empty = facts()

    assert share(with_answer(empty, "D09", marked("D09")), Area.ANSWERS, Gate.DISCOVERY) == 1000 // 42


@pytest.mark.parametrize(
    ("verdict", "severity", "expected"),
    [
        ("passes", Severity.BLOCK, 1000),
        ("fails", Severity.BLOCK, 0),
        ("unknown", Severity.BLOCK, 0),
        ("unknown", Severity.WARNING, 0),
        ("fails", Severity.NOTE, 1000),
    ],
)
def test_checks_share_counts_what_is_enforced(
    monkeypatch: pytest.MonkeyPatch, verdict: str, severity: Severity, expected: int
) -> None:
    checks = trial(monkeypatch, NAMES[verdict], severity)

    assert readiness(at(), checks, Gate.DESIGN).shares[Area.CHECKS] == expected
    assert readiness(at(), checks, Gate.FEASIBILITY).shares[Area.CHECKS] == 1000  # advice there


def test_checks_share_counts_waived_and_reasoned_as_good(monkeypatch: pytest.MonkeyPatch) -> None:
    block = trial(monkeypatch, NAMES["fails"])
    waived = at(waivers=(WaiverFact(1, "T01", Gate.DESIGN, "bo", "By hand", TODAY),))
    assert readiness(waived, block, Gate.DESIGN).shares[Area.CHECKS] == 1000

    warning = trial(monkeypatch, NAMES["fails"], Severity.WARNING)
    (state,) = readiness(at(), warning, Gate.DESIGN).checks
    reasoned = at(reasons=(ReasonFact("T01", "Agreed", state.inputs_digest),))
    assert readiness(reasoned, warning, Gate.DESIGN).shares[Area.CHECKS] == 1000


def test_sign_offs_share_is_what_is_valid_now_of_what_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    assert share(at(), Area.SIGN_OFFS) == 1000
    assert share(changed(at(), "R23"), Area.SIGN_OFFS) == 1000 * 5 // 6
    assert share(at(sign_offs=()), Area.SIGN_OFFS) == 0

    low_level = trial(monkeypatch, NAMES["fails"], check_id="C46")
    found = readiness(at(), low_level, Gate.DESIGN).shares
    assert (found[Area.SIGN_OFFS], found[Area.CHECKS]) == (1000 * 6 // 7, 1000)


def test_conditions_share_is_what_was_met_of_what_is_due() -> None:
    met, overdue, coming = condition(YESTERDAY, "met"), condition(YESTERDAY, "open", 2), condition(TODAY)

    assert share(at(conditions=(coming,)), Area.CONDITIONS) == 1000
    assert share(at(conditions=(met, overdue, coming)), Area.CONDITIONS) == 500


def test_evidence_share_is_what_is_there_and_current() -> None:
    expired = EvidenceFact("P03", Gate.LAUNCH, YESTERDAY)

    assert share(at(Gate.LAUNCH), Area.EVIDENCE, Gate.LAUNCH) == 1000
    assert share(at(Gate.LAUNCH, evidence=(expired,)), Area.EVIDENCE, Gate.LAUNCH) == 666  # of M02 P03 P05


def test_readiness_is_the_smallest_share_and_names_the_first_of_equals() -> None:
    nothing = readiness(facts(), NO_CHECKS, Gate.DISCOVERY)
    unsigned = readiness(at(sign_offs=()), NO_CHECKS, Gate.DESIGN)

    assert (nothing.readiness, nothing.weakest) == (0, Area.ANSWERS)  # sign-offs are 0 too
    assert (unsigned.readiness, unsigned.weakest) == (0, Area.SIGN_OFFS)


# ---------------------------------------------------------------- the ladder


def _decided(role: Role, decision: Decision) -> ProjectFacts:
    kept = tuple(fact for fact in at().sign_offs if fact.role is not role)
    return at(sign_offs=(*kept, signed(at(), Gate.DESIGN, role, decision=decision)))


_UNSIGNED = at(sign_offs=())
_STALE = changed(at(), "R23")


@pytest.mark.parametrize(
    ("project", "expected"),
    [
        (at(), Level.READY),
        (at(conditions=(condition(TOMORROW),)), Level.CONDITIONAL),
        (at(conditions=(condition(TOMORROW, "met"),)), Level.READY),
        (with_answer(at(), "D09", dont_know(due_on=TOMORROW)), Level.CONDITIONAL),
        (_STALE, Level.CONDITIONAL),
        (_UNSIGNED, Level.WAITING),
        (with_answer(_UNSIGNED, "D09", dont_know(due_on=TOMORROW)), Level.WAITING),
        (with_answer(_UNSIGNED, "D09", None), Level.IN_PROGRESS),
        (with_answer(_STALE, "D09", None), Level.IN_PROGRESS),
        (with_answer(at(), "D09", dont_know(due_on=None)), Level.IN_PROGRESS),
        (_decided(Role.LEGAL, Decision.CHANGES_REQUESTED), Level.IN_PROGRESS),
        (_decided(Role.LEGAL, Decision.REJECTED), Level.BLOCKED),
        (with_answer(at(), "D09", dont_know(due_on=YESTERDAY)), Level.BLOCKED),
        (at(conditions=(condition(YESTERDAY),)), Level.BLOCKED),
        (facts(gate=Gate.DISCOVERY), Level.NOT_STARTED),
    ],
)
def test_level_is_the_weakest_rung_that_holds(project: ProjectFacts, expected: Level) -> None:
    gate = project.gate or Gate.DESIGN

    assert level(project, gate) == expected


@pytest.mark.parametrize(
    ("verdict", "severity", "expected"),
    [
        ("fails", Severity.BLOCK, Level.BLOCKED),
        ("unknown", Severity.BLOCK, Level.IN_PROGRESS),
        ("fails", Severity.WARNING, Level.IN_PROGRESS),
        ("unknown", Severity.WARNING, Level.READY),
        ("fails", Severity.NOTE, Level.READY),
    ],
)
def test_level_is_blocked_by_failing_blocks_alone(
    monkeypatch: pytest.MonkeyPatch, verdict: str, severity: Severity, expected: Level
) -> None:
    assert readiness(at(), trial(monkeypatch, NAMES[verdict], severity), Gate.DESIGN).level == expected


def test_level_with_a_waiver_in_force_is_conditional(monkeypatch: pytest.MonkeyPatch) -> None:
    waived = at(waivers=(WaiverFact(1, "T01", Gate.DESIGN, "bo", "By hand", TODAY),))

    assert readiness(waived, trial(monkeypatch, NAMES["fails"]), Gate.DESIGN).level == Level.CONDITIONAL


@pytest.mark.parametrize(
    ("now", "expected"), [(Gate.DISCOVERY, Level.NOT_STARTED), (Gate.DESIGN, Level.BLOCKED)]
)
def test_gate_ahead_without_any_answer_is_not_started_rather_than_blocked(
    monkeypatch: pytest.MonkeyPatch, now: Gate, expected: Level
) -> None:
    checks = trial(monkeypatch, NAMES["fails"])

    assert readiness(facts(gate=now), checks, Gate.DESIGN).level == expected


def test_gate_whose_questions_the_light_track_leaves_out_is_started_by_an_answer_or_a_review() -> None:
    light = replace(facts(R21={"tier": "1"}), gate=Gate.MODEL)
    assert level(light, Gate.MODEL) is Level.NOT_STARTED
    assert level(with_answer(light, "M07", marked("M07")), Gate.MODEL) is not Level.NOT_STARTED
    review = ReviewFact(1, Gate.MODEL, Role.BUSINESS, Act.APPROVE, "bo", "pat", moment(TODAY), TODAY, "open")
    asked = replace(light, reviews=(review,))
    assert level(asked, Gate.MODEL) is not Level.NOT_STARTED


def test_gate_ahead_is_blocked_as_soon_as_its_own_drafts_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    early = with_answer(facts(gate=Gate.DISCOVERY), "R03", marked("R03"))

    assert readiness(early, trial(monkeypatch, NAMES["fails"]), Gate.DESIGN).level == Level.BLOCKED


@pytest.mark.parametrize(
    ("gate", "decisions", "expected"),
    [
        (Gate.DESIGN, (gate_decision(Gate.DESIGN, TODAY),), Level.PASSED),
        (Gate.DESIGN, (gate_decision(Gate.DESIGN, TODAY, Outcome.GO_WITH_CONDITIONS),), Level.PASSED),
        (
            Gate.DESIGN,
            (
                gate_decision(Gate.DESIGN, TODAY),
                gate_decision(Gate.MODEL, TODAY, Outcome.RECYCLE, to_stage=Stage.DESIGN),
            ),
            Level.READY,
        ),
        (Gate.OPERATE, (gate_decision(Gate.OPERATE, TODAY),), Level.READY),
    ],
)
def test_gate_is_passed_after_a_go_until_sent_back_and_operate_never(
    gate: Gate, decisions: tuple[GateDecisionFact, ...], expected: Level
) -> None:
    assert level(at(gate, decisions=decisions), gate) == expected


@given(st.data())
def test_answering_one_more_question_never_lowers_readiness(data: st.DataObject) -> None:
    ids = [field.id for field in guide().due_by(Gate.DISCOVERY) if not field.is_of_source]
    known = data.draw(st.sets(st.sampled_from(ids)))
    more = data.draw(st.sampled_from(ids))

    def answers(of: set[str]) -> int:
        project = facts(**{name: marked(name) for name in of})
        return share(project, Area.ANSWERS, Gate.DISCOVERY)

    assert answers(known) <= answers(known | {more}) <= 1000


# ---------------------------------------------------------------- the first thing to mend


def test_top_blocker_is_the_gravest_of_the_earliest_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    def top(
        project: ProjectFacts, verdict: str = "passes", severity: Severity = Severity.BLOCK
    ) -> str | None:
        checks = trial(monkeypatch, NAMES[verdict], severity)
        found = top_obstacle(readiness(project, checks, Gate.DESIGN), checks)
        return found.code if found else None

    unsigned = at(sign_offs=())
    two_open = with_answer(with_answer(unsigned, "R18", None), "F19", None)
    assert top(at()) is None
    assert top(unsigned) == "sign_off:privacy"
    assert top(two_open) == "answer:F19"
    assert top(two_open, "fails") == "T01"
    assert top(two_open, "unknown") == "answer:F19"  # of an earlier stage than the check
    assert top(two_open, "fails", Severity.WARNING) == "answer:F19"
    assert top(replace(two_open, conditions=(condition(YESTERDAY),))) == "condition:1"
    assert top(_decided(Role.LEGAL, Decision.REJECTED)) == "sign_off:legal"


def test_readiness_of_all_gates_is_that_of_each(monkeypatch: pytest.MonkeyPatch) -> None:
    checks = trial(monkeypatch, NAMES["fails"], Severity.WARNING)

    found = readiness_of_all(at(), checks)

    assert found == {gate: readiness(at(), checks, gate) for gate in Gate}


# ---------------------------------------------------------------- production questions

STARRED = [field.id for field in guide().production_questions]
PASSED_DISCOVERY = (gate_decision(Gate.DISCOVERY, TODAY),)


def starred(*settled: Stage | None, **details: object) -> ProjectFacts:
    """The first production questions, each first settled in that stage; None: an open don't-know."""
    answers = {
        field_id: marked(field_id, settled_stage=stage) if stage else dont_know()
        for field_id, stage in zip(STARRED, settled, strict=False)
    }
    return facts(**{"decisions": PASSED_DISCOVERY, **answers, **details})  # type: ignore[arg-type]


S = Stage


@pytest.mark.parametrize(
    ("project", "expected"),
    [
        (starred(*[S.DISCOVERY] * 24), Fraction(1)),
        (starred(*[S.DISCOVERY] * 12), Fraction(1, 2)),
        (starred(*[S.DISCOVERY] * 12, *[S.FEASIBILITY] * 12), Fraction(7, 8)),
        (starred(S.DISCOVERY, S.FEASIBILITY, S.DESIGN, S.MODEL, S.PRODUCTION), Fraction(5, 48)),
        (starred(*[S.PRODUCTION] * 24), Fraction(0)),
        (starred(*[None] * 24), Fraction(0)),
        (starred(), Fraction(0)),
        (starred(*[S.DISCOVERY] * 24, decisions=()), None),
        (
            starred(*[S.DISCOVERY] * 24, decisions=(gate_decision(Gate.DISCOVERY, TODAY, Outcome.STOP),)),
            None,
        ),
        (starred(*[S.DISCOVERY] * 24, is_adopted=False), None),
    ],
)
def test_early_planning_index_weighs_when_each_question_was_first_settled(
    project: ProjectFacts, expected: Fraction | None
) -> None:
    assert early_planning_index(project, guide()) == expected


def test_index_counts_a_question_found_not_applicable() -> None:
    early = replace(not_applicable(), settled_stage=Stage.DISCOVERY)

    assert early_planning_index(
        facts(decisions=PASSED_DISCOVERY, **{STARRED[0]: early}), guide()
    ) == Fraction(1, 24)


def test_index_survives_a_later_recycle() -> None:
    again = (*PASSED_DISCOVERY, gate_decision(Gate.FEASIBILITY, TODAY, Outcome.RECYCLE, to_stage=S.DISCOVERY))

    assert early_planning_index(starred(*[S.DISCOVERY] * 24, decisions=again), guide()) == 1


def test_open_production_questions_are_those_without_a_full_answer() -> None:
    project = starred(*[S.DISCOVERY] * 24)
    for field_id, fact in (
        ("D14", dont_know(due_on=TOMORROW)),
        ("D15", marked("D15", complete=False)),
        ("D16", None),
        ("D17", not_applicable()),
    ):
        project = with_answer(project, field_id, fact)

    assert set(open_production_questions(project, guide())) == {"D14", "D15", "D16"}


@pytest.mark.parametrize(
    ("passed", "adopted", "debt"),
    [
        ((), True, 0),
        ((Gate.DISCOVERY,), True, 20),
        ((Gate.DISCOVERY, Gate.FEASIBILITY), True, 40),
        ((Gate.DISCOVERY,), False, 0),
    ],
)
def test_production_debt_grows_with_every_gate_passed(
    passed: tuple[Gate, ...], adopted: bool, debt: int
) -> None:
    decisions = tuple(gate_decision(gate, TODAY) for gate in passed)
    project = starred(*[S.DISCOVERY] * 4, decisions=decisions, is_adopted=adopted)

    assert production_debt(project, guide()) == debt
