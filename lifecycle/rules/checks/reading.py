"""What a check sees of a project, the verdict it returns, and the register of all rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from lifecycle.guide import ONLY, Guide
from lifecycle.rules.project_facts import ProjectFacts, SourceFact, Value
from lifecycle.vocabulary import AnswerState, CheckResult, Gate


@dataclass(frozen=True, slots=True)
class Verdict:
    """Outcome of one branch. Each finding is a set of values for the message; one sentence per finding.

    `missing` names the fields whose answer would decide it (`D14`, `X05@3` for one source).
    """

    result: CheckResult
    findings: tuple[Mapping[str, object], ...] = ()
    missing: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()  # narrower than the check's own list, when the rule knows better


PASSES: Final = Verdict(CheckResult.PASSES)


def fails(*findings: Mapping[str, object], fields: tuple[str, ...] = (), **values: object) -> Verdict:
    """A failing verdict: either one finding as keywords, or several as mappings."""
    return Verdict(CheckResult.FAILS, findings or (values,), (), fields)


def cannot_tell(*missing: str) -> Verdict:
    """No verdict for want of these fields."""
    return Verdict(CheckResult.CANNOT_TELL, (), missing)


def fails_if(findings: Sequence[Mapping[str, object]], missing: Sequence[str] = ()) -> Verdict:
    """Fails with the findings there are; else cannot tell for what is missing; else passes."""
    if findings:
        return fails(*findings)
    return cannot_tell(*dict.fromkeys(missing)) if missing else PASSES


class Missing(Exception):
    """Raised by `Reading.need`; turned into a cannot-tell verdict. Carries the field's key."""

    def __init__(self, *keys: str) -> None:
        self.keys = keys
        super().__init__(*keys)


@dataclass(frozen=True)
class Reading:
    """Typed access to the answers of one project, for the rules.

    Unanswered and don't-know read as None and count as missing. Not applicable reads as None too;
    ask `is_not_applicable`, or let `applies` end the rule, where the guide says that it does not apply.
    """

    facts: ProjectFacts
    guide: Guide
    gate: Gate | None = None  # the gate it is evaluated at; None: as advice only

    @property
    def today(self) -> date:
        return self.facts.today

    # ---- single answers
    def value(self, field_id: str, part: str = ONLY) -> Value:
        """The decoded value of a field, or of one of its parts; None when missing or not applicable."""
        return self._value_of(self.facts.answers, field_id, part)

    def need(self, field_id: str, part: str = ONLY) -> Any:
        """Like `value`, but a missing value ends the rule as cannot tell, naming the field."""
        value = self.value(field_id, part)
        if value is None:
            raise Missing(field_id)
        return value

    def is_answered(self, field_id: str) -> bool:
        fact = self.facts.answers.get(field_id)
        return fact is not None and fact.state is AnswerState.ANSWERED

    def is_known(self, field_id: str) -> bool:
        """Answered or not applicable."""
        fact = self.facts.answers.get(field_id)
        return fact is not None and fact.state is not AnswerState.DONT_KNOW

    def is_not_applicable(self, field_id: str) -> bool:
        fact = self.facts.answers.get(field_id)
        return fact is not None and fact.state is AnswerState.NOT_APPLICABLE

    def applies(self, *field_ids: str) -> bool:
        """False when one of these fields was found not applicable, which ends most rules as passed."""
        return not any(self.is_not_applicable(field_id) for field_id in field_ids)

    def is_due(self, field_id: str) -> bool:
        """Whether the field is due by the gate it is evaluated at; as advice nothing is."""
        return self.gate is not None and self.guide.field(field_id).gate.order <= self.gate.order

    # ---- rows
    def rows(self, field_id: str) -> tuple[Mapping[str, Any], ...] | None:
        """The rows of an answer; () when there are none or it does not apply; None when missing."""
        if self.is_not_applicable(field_id):
            return ()
        fact = self.facts.answers.get(field_id)
        if fact is None or fact.state is not AnswerState.ANSWERED:
            return None
        return tuple(fact.value or ())

    def need_rows(self, field_id: str) -> tuple[Mapping[str, Any], ...]:
        rows = self.rows(field_id)
        if rows is None:
            raise Missing(field_id)
        return rows

    def row(self, reference: str | None) -> Mapping[str, Any] | None:
        """The row a reference such as `D16/r1` points at, None when it is gone."""
        if not reference or "/" not in reference:
            return None
        field_id, row_id = reference.split("/", 1)
        return next((row for row in self.rows(field_id) or () if row.get("id") == row_id), None)

    # ---- data sources
    @property
    def sources(self) -> tuple[SourceFact, ...]:
        return self.facts.sources

    def of(self, source: SourceFact, field_id: str, part: str = ONLY) -> Value:
        """The decoded X value of one source; None when missing or not applicable."""
        return self._value_of(source.answers, field_id, part)

    def source_rows(self, source: SourceFact, field_id: str) -> tuple[Mapping[str, Any], ...] | None:
        fact = source.answers.get(field_id)
        if fact is not None and fact.state is AnswerState.NOT_APPLICABLE:
            return ()
        if fact is None or fact.state is not AnswerState.ANSWERED:
            return None
        return tuple(fact.value or ())

    def source_knows(self, source: SourceFact, field_id: str) -> bool:
        """Answered or not applicable for this source."""
        fact = source.answers.get(field_id)
        return fact is not None and fact.state is not AnswerState.DONT_KNOW

    def each_source(self, field_id: str, part: str = ONLY) -> Iterator[tuple[SourceFact, Value]]:
        for source in self.sources:
            yield source, self.of(source, field_id, part)

    # ---- the guide
    def number(self, threshold: str) -> Decimal:
        return self.guide.number(threshold)

    def label(self, field_id: str, part: str = ONLY, value: str | None = None) -> str:
        """The words a person chose from, for messages: "Decides alone" for D12 = decides_alone."""
        chosen = self.value(field_id, part) if value is None else value
        spec = self.guide.field(field_id).part(part)
        return spec.choices.get(str(chosen), str(chosen))

    def _value_of(self, answers: Mapping[str, Any], field_id: str, part: str) -> Value:
        fact = answers.get(field_id)
        if fact is None or fact.state is not AnswerState.ANSWERED or fact.value is None:
            return None
        field = self.guide.field(field_id)
        if field.kind != "parts" or (part == ONLY and not any(named.id == ONLY for named in field.parts)):
            return fact.value
        return fact.value.get(part)  # some fields have a part that is itself called “value”


Rule = Callable[[Reading], Verdict]
RULES: dict[tuple[str, str], Rule] = {}


def rule(check_id: str, branch: str = "main") -> Callable[[Rule], Rule]:
    """Register a function as the rule of one branch of a check; a second one under the same name is a bug."""

    def register(function: Rule) -> Rule:
        if (check_id, branch) in RULES:
            raise ValueError(f"{check_id}/{branch} has two rules")
        RULES[check_id, branch] = function
        return function

    return register


def judge(check_id: str, branch: str, reading: Reading) -> Verdict:
    """The verdict of one branch; a missing input ends as cannot tell."""
    try:
        return RULES[check_id, branch](reading)
    except Missing as missing:
        return cannot_tell(*missing.keys)
