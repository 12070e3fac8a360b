"""All checks of a project at one gate: verdicts with their severity, sentences, waivers and reasons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from string import Formatter
from typing import Any, Final

from lifecycle.canonical import digest
from lifecycle.errors import GuideError
from lifecycle.guide import BranchSpec, CheckSpec, Guide
from lifecycle.rules.checks.reading import RULES, Reading, Verdict, judge
from lifecycle.rules.project_facts import ProjectFacts, WaiverFact
from lifecycle.vocabulary import Area, CheckResult, Gate, Role, Severity, plain_number

# Checks that watch sign-offs and conditions instead of answers: they count in those areas.
AREAS_OF_CHECKS: Final[Mapping[str, Area]] = {
    "C46": Area.SIGN_OFFS,
    "C47": Area.SIGN_OFFS,
    "C48": Area.CONDITIONS,
}


@dataclass(frozen=True, slots=True)
class CheckState:
    """One branch of a check as it stands at a gate. `severity` is None while it is advice only."""

    check_id: str
    branch: str
    title: str
    result: CheckResult
    severity: Severity | None
    advice_severity: Severity  # the one it will have at its first gate
    first_gate: Gate
    waived_by: Role
    messages: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()  # keys of the fields for want of which it cannot tell
    fields: tuple[str, ...] = ()
    waived: WaiverFact | None = None
    reasoned: str | None = None
    inputs_digest: str = ""

    @property
    def enforced(self) -> bool:
        return self.severity is not None

    @property
    def area(self) -> Area:
        return AREAS_OF_CHECKS.get(self.check_id, Area.CHECKS)

    @property
    def is_settled(self) -> bool:
        """Passes, or is accepted as it is."""
        return self.result is CheckResult.PASSES or self.waived is not None or self.reasoned is not None

    @property
    def blocks(self) -> bool:
        """A block that fails or cannot tell, or a warning that fails, which nobody has accepted."""
        if self.is_settled:
            return False
        if self.severity is Severity.WARNING:
            return self.result is CheckResult.FAILS
        return self.severity is Severity.BLOCK


def verify_register(guide: Guide) -> None:
    """Raise GuideError unless the checks of the guide and the rules in the code name the same branches."""
    named = {(check.id, branch.id) for check in guide.checks for branch in check.branches}
    for check_id, branch in sorted(named - set(RULES)):
        raise GuideError("checks_*.yaml", f"{check_id} › {branch}", "has no rule in the code")
    for check_id, branch in sorted(set(RULES) - named):
        raise GuideError(
            "checks_*.yaml", f"{check_id} › {branch}", "is missing, though the code has its rule"
        )


def evaluate(facts: ProjectFacts, guide: Guide, gate: Gate | None = None) -> tuple[CheckState, ...]:
    """Every branch of every check, in the guide's order, at `gate` or else at the project's own gate."""
    at = gate or facts.gate
    reading = Reading(facts, guide, at)
    return tuple(state for check in guide.checks for state in _states(check, reading))


def _states(check: CheckSpec, reading: Reading) -> Iterator[CheckState]:
    contents = {key: fact.content for key, fact in reading.facts.content_keys(check.reads) if fact}
    for branch in check.branches:
        yield _state(check, branch, reading, judge(check.id, branch.id, reading), contents)


def _state(
    check: CheckSpec, branch: BranchSpec, reading: Reading, verdict: Verdict, contents: Mapping[str, str]
) -> CheckState:
    severity = branch.severity_at(reading.gate) if reading.gate else None
    messages = tuple(say(branch.message, finding) for finding in verdict.findings)
    inputs = _inputs_digest(check, contents, messages)
    fails = verdict.result is CheckResult.FAILS
    return CheckState(
        check_id=check.id,
        branch=branch.id,
        title=check.title,
        result=verdict.result,
        severity=severity,
        advice_severity=branch.enforced[branch.first_gate],
        first_gate=branch.first_gate,
        waived_by=check.waived_by,
        messages=messages,
        missing=verdict.missing,
        fields=verdict.fields or check.reads,
        waived=None if verdict.result is CheckResult.PASSES else _waiver(check, branch, reading.facts),
        reasoned=_reason(check, reading.facts, inputs) if fails and severity is Severity.WARNING else None,
        inputs_digest=inputs,
    )


def _waiver(check: CheckSpec, branch: BranchSpec, facts: ProjectFacts) -> WaiverFact | None:
    """The waiver in force that ends last. It covers what blocked at the gate it was given for, no more."""
    held = (
        waiver
        for waiver in facts.waivers
        if waiver.check_id == check.id
        and waiver.expires_on >= facts.today
        and branch.severity_at(waiver.gate) is Severity.BLOCK
    )
    return max(held, key=lambda waiver: waiver.expires_on, default=None)


def _reason(check: CheckSpec, facts: ProjectFacts, inputs: str) -> str | None:
    held = [
        fact.reason for fact in facts.reasons if fact.check_id == check.id and fact.inputs_digest == inputs
    ]
    return held[-1] if held else None


def _inputs_digest(check: CheckSpec, contents: Mapping[str, str], messages: tuple[str, ...]) -> str:
    """Over the content a check reads. What watches sign-offs and conditions is told apart by what it says."""
    said = messages if check.id in AREAS_OF_CHECKS else ()
    return digest({"contents": contents, "said": said})


# ---------------------------------------------------------------- sentences


class _Sentence(Formatter):
    """Fills a message with values as people write them; a format written in the message wins."""

    def format_field(self, value: Any, format_spec: str) -> str:
        return format(value, format_spec) if format_spec else in_words(value)


_SENTENCE: Final = _Sentence()


def say(message: str, finding: Mapping[str, object]) -> str:
    """One sentence of a check: its message with a finding's values."""
    return _SENTENCE.vformat(message, (), finding)


def in_words(value: object) -> str:
    """A value as it stands in a sentence: 12,500.5 · 3 months · 2026-11-23 · yes · a, b."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return plain_number(value)
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple | list | set | frozenset):
        items = [in_words(item) for item in value]
        return ", ".join(sorted(items) if isinstance(value, set | frozenset) else items)
    return str(value)
