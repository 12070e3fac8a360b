"""Evaluation of checks: severity by gate, sentences, waivers, reasons and the register."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from lifecycle.errors import GuideError
from lifecycle.rules.checks.evaluation import CheckState, evaluate, in_sentence, verify_register
from lifecycle.rules.checks.reading import RULES, Verdict, fails
from lifecycle.rules.checks.waivers import may_reason, may_waive
from lifecycle.rules.project_facts import ProjectFacts, ReasonFact, WaiverFact
from lifecycle.vocabulary import Actor, CheckResult, Duration, Gate, Money, Person, Severity
from tests.rules.building import TODAY, facts, guide
from tests.rules.trial_checks import FAILS, NAMES, trial, trial_check
from tests.rules.worksheets import changed, full_worksheet, guide_with

NOW = full_worksheet()
BLOCK, WARNING, NOTE = Severity.BLOCK, Severity.WARNING, Severity.NOTE


def state_of(
    patch: pytest.MonkeyPatch, verdict: Verdict, severity: Severity, facts: ProjectFacts = NOW
) -> CheckState:
    (state,) = evaluate(facts, trial(patch, verdict, severity), Gate.DESIGN)
    return state


@pytest.mark.parametrize(
    ("gate", "severity"),
    [
        (Gate.DISCOVERY, None),
        (Gate.FEASIBILITY, WARNING),
        (Gate.DESIGN, WARNING),
        (Gate.MODEL, BLOCK),
        (Gate.OPERATE, BLOCK),
    ],
)
def test_severity_is_that_of_the_latest_gate_named(
    monkeypatch: pytest.MonkeyPatch, gate: Gate, severity: Severity | None
) -> None:
    monkeypatch.setitem(RULES, ("T01", "main"), lambda reading: FAILS)
    graded = guide_with(trial_check({Gate.FEASIBILITY: WARNING, Gate.MODEL: BLOCK}))

    (state,) = evaluate(NOW, graded, gate)

    assert (state.severity, state.enforced) == (severity, severity is not None)
    assert (state.advice_severity, state.first_gate) == (WARNING, Gate.FEASIBILITY)


def test_evaluation_without_a_gate_takes_the_projects_own(monkeypatch: pytest.MonkeyPatch) -> None:
    checks = trial(monkeypatch, FAILS)

    (early,) = evaluate(replace(NOW, gate=Gate.DISCOVERY), checks)
    (due,) = evaluate(replace(NOW, gate=Gate.DESIGN), checks)
    (placeless,) = evaluate(replace(NOW, gate=None), checks)

    assert (early.severity, due.severity, placeless.severity) == (None, BLOCK, None)


@pytest.mark.parametrize(
    ("verdict", "severity", "blocks"),
    [
        ("passes", BLOCK, False),
        ("fails", BLOCK, True),
        ("unknown", BLOCK, True),
        ("passes", WARNING, False),
        ("fails", WARNING, True),
        ("unknown", WARNING, False),
        ("fails", NOTE, False),
        ("unknown", NOTE, False),
    ],
)
def test_only_open_blocks_and_failing_warnings_block(
    monkeypatch: pytest.MonkeyPatch, verdict: str, severity: Severity, blocks: bool
) -> None:
    assert state_of(monkeypatch, NAMES[verdict], severity).blocks is blocks


def test_message_prints_each_value_as_people_write_it() -> None:
    finding = {
        "length": Duration(Decimal("3"), "months"),
        "price": Money(Decimal("12500.50"), "EUR"),
        "number": Decimal("0.250"),
        "day": date(2030, 2, 1),
        "who": Person("k", "Ria Holm"),
        "many": ("a", "b"),
        "sure": True,
        "none": None,
        "share": Decimal("0.346"),
    }
    message = "{length} · {price} · {number} · {day} · {who} · {many} · {sure} · {none} · {share:.0%}"

    assert in_sentence(message, finding) == (
        "3 months · 12,500.5 EUR · 0.25 · 2030-02-01 · Ria Holm · a, b · yes · nothing · 35%"
    )


def test_every_finding_becomes_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    state = state_of(monkeypatch, fails({"what": "one"}, {"what": Decimal(2)}, fields=("D15",)), BLOCK)

    assert state.messages == ("There are one.", "There are 2.")
    assert state.fields == ("D15",)


# ---------------------------------------------------------------- accepting


def waived(gate: Gate = Gate.DESIGN, expires_on: date = TODAY, check_id: str = "T01") -> ProjectFacts:
    return replace(NOW, waivers=(WaiverFact(7, check_id, gate, "bo", "By hand meanwhile", expires_on),))


@pytest.mark.parametrize(
    ("project", "verdict", "severity", "holds"),
    [
        (waived(), "fails", BLOCK, True),
        (waived(), "unknown", BLOCK, True),
        (waived(), "passes", BLOCK, False),
        (waived(expires_on=TODAY - timedelta(days=1)), "fails", BLOCK, False),
        (waived(check_id="T02"), "fails", BLOCK, False),
        (waived(), "fails", WARNING, False),
        (waived(gate=Gate.FEASIBILITY), "fails", BLOCK, False),  # it did not block there yet
        (waived(gate=Gate.LAUNCH), "fails", BLOCK, True),
    ],
)
def test_waiver_covers_a_block_until_its_last_day(
    monkeypatch: pytest.MonkeyPatch, project: ProjectFacts, verdict: str, severity: Severity, holds: bool
) -> None:
    assert (state_of(monkeypatch, NAMES[verdict], severity, project).waived is not None) is holds


def test_reason_for_a_warning_lapses_when_what_it_reads_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    digest = state_of(monkeypatch, FAILS, WARNING).inputs_digest
    reasoned = replace(NOW, reasons=(ReasonFact("T01", "The vendor agreed", digest),))

    def reason(project: ProjectFacts, severity: Severity = WARNING) -> str | None:
        return state_of(monkeypatch, FAILS, severity, project).reasoned

    assert reason(reasoned) == "The vendor agreed"
    assert reason(changed(reasoned, "D15")) == "The vendor agreed"
    assert reason(changed(reasoned, "X05")) is None
    assert reason(changed(reasoned, "D14")) is None
    assert reason(reasoned, BLOCK) is None


def test_reason_for_a_stale_sign_off_lapses_when_another_field_changes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def digest(what: str) -> str:
        checks = trial(monkeypatch, fails(what=what), WARNING, check_id="C47")
        return evaluate(NOW, checks, Gate.DESIGN)[0].inputs_digest

    assert digest("privacy, D25") == digest("privacy, D25")
    assert digest("privacy, D25") != digest("privacy, R24")


@pytest.mark.parametrize(
    ("actor", "verdict", "severity", "expires_on", "codes"),
    [
        ("bo", "fails", BLOCK, TODAY, []),
        ("bo", "unknown", BLOCK, TODAY, []),
        ("bo", "passes", BLOCK, TODAY, ["T01:nothing_to_waive"]),
        ("bo", "fails", WARNING, TODAY, ["T01:nothing_to_waive"]),
        ("val", "fails", BLOCK, TODAY, ["T01:wrong_role"]),
        ("pat", "fails", BLOCK, TODAY, ["T01:own_work:product_manager"]),
        ("bo", "fails", BLOCK, TODAY - timedelta(days=1), ["T01:expired"]),
    ],
)
def test_only_the_role_a_check_names_may_waive_it(
    monkeypatch: pytest.MonkeyPatch,
    actor: str,
    verdict: str,
    severity: Severity,
    expires_on: date,
    codes: list[str],
) -> None:
    states = [state_of(monkeypatch, NAMES[verdict], severity)]

    refused = may_waive(NOW, states, "T01", Actor(actor, actor), expires_on)

    assert [blocker.code for blocker in refused] == codes


@pytest.mark.parametrize(
    ("actor", "verdict", "severity", "codes"),
    [
        ("pat", "fails", WARNING, []),
        ("pat", "unknown", WARNING, ["T01:nothing_to_reason"]),
        ("pat", "fails", BLOCK, ["T01:nothing_to_reason"]),
        ("bo", "fails", WARNING, ["T01:wrong_role"]),
    ],
)
def test_only_the_product_manager_gives_reasons_and_only_for_failing_warnings(
    monkeypatch: pytest.MonkeyPatch, actor: str, verdict: str, severity: Severity, codes: list[str]
) -> None:
    states = [state_of(monkeypatch, NAMES[verdict], severity)]

    assert [item.code for item in may_reason(NOW, states, "T01", Actor(actor, actor))] == codes


# ---------------------------------------------------------------- the register


def test_register_refuses_a_branch_without_rule_and_a_rule_without_branch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(GuideError, match="T01 › main: has no rule"):
        verify_register(guide_with(trial_check({Gate.DESIGN: BLOCK})))

    monkeypatch.setitem(RULES, ("A01", "main"), lambda reading: FAILS)
    with pytest.raises(GuideError, match="A01 › main: is missing"):
        verify_register(guide_with())


def test_shipped_guide_and_code_name_the_same_99_checks() -> None:
    verify_register(guide())

    assert [check.id for check in sorted(guide().checks, key=lambda check: check.id)] == [
        f"C{number:02}" for number in range(1, 100)
    ]


def test_every_check_of_the_guide_speaks_about_an_empty_and_a_full_project() -> None:
    for project in (facts(), NOW):
        states = evaluate(project, guide(), Gate.OPERATE)

        assert {state.check_id for state in states} == set(guide().checks_by_id)
        for state in states:
            assert bool(state.messages) is (state.result is CheckResult.FAILS), state.check_id
            assert bool(state.missing) is (state.result is CheckResult.CANNOT_TELL), state.check_id
            assert bool(state.inputs_digest) is (state.result is CheckResult.FAILS), state.check_id
