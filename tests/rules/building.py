"""Small builders of project facts: plain Python values in, the facts that rules take out.

`facts(D14={"horizon": months(3), "kind": "at"}, sources=[{"name": "Feed", "X04": days(1)}])` wraps each
value as an answered fact; `dont_know()` and `not_applicable()` stand for the other two states. Lists of
mappings become rows with ids r1, r2, … where they carry none; whole numbers become decimals. An unknown
field, part or choice is refused, so that a mistyped test cannot pass by reading nothing.
"""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from lifecycle.canonical import digest
from lifecycle.guide import FieldSpec, Guide, load_guide
from lifecycle.rules import checks
from lifecycle.rules.answers import encode, is_complete
from lifecycle.rules.checks.reading import RULES, Reading, Verdict, judge
from lifecycle.rules.project_facts import (
    AnswerFact,
    GateDecisionFact,
    PastAnswer,
    ProjectFacts,
    SignOffFact,
    SourceFact,
)
from lifecycle.vocabulary import (
    Act,
    AnswerState,
    CheckResult,
    Decision,
    Duration,
    Gate,
    Money,
    Outcome,
    Person,
    Quantity,
    Role,
)

TODAY = date(2030, 6, 15)
FIELD_ID = re.compile(r"^[DFRMPX]\d\d$")


@cache
def guide() -> Guide:
    """The guide as shipped."""
    return load_guide(Path(__file__).parents[2] / "data" / "guide")


# ---------------------------------------------------------------- values


def number(amount: int | str) -> Decimal:
    return Decimal(amount)


def minutes(amount: int | str) -> Duration:
    return Duration(Decimal(amount), "minutes")


def hours(amount: int | str) -> Duration:
    return Duration(Decimal(amount), "hours")


def days(amount: int | str) -> Duration:
    return Duration(Decimal(amount), "days")


def weeks(amount: int | str) -> Duration:
    return Duration(Decimal(amount), "weeks")


def months(amount: int | str) -> Duration:
    return Duration(Decimal(amount), "months")


def years(amount: int | str) -> Duration:
    return Duration(Decimal(amount), "years")


def money(amount: int | str, currency: str = "EUR") -> Money:
    return Money(Decimal(amount), currency)


def quantity(amount: int | str, unit: str = "%") -> Quantity:
    return Quantity(Decimal(amount), unit)


def person(name: str, key: str | None = None) -> Person:
    return Person(key, name)


# ---------------------------------------------------------------- answers


def answered(field_id: str, value: object, **details: Any) -> AnswerFact:
    """The fact of a plain value; `details` are further attributes of AnswerFact."""
    field = guide().field(field_id)
    plain = _shaped(field, value)
    content = _content(AnswerState.ANSWERED, encode(field, plain))
    complete = is_complete(field, plain)
    return AnswerFact(AnswerState.ANSWERED, plain, **{"complete": complete, "content": content, **details})


def dont_know(owner: str | None = "Robin Vale", due_on: date | None = date(2030, 9, 1)) -> AnswerFact:
    due = due_on.isoformat() if due_on else None
    content = _content(AnswerState.DONT_KNOW, {"owner": owner, "due_on": due})
    return AnswerFact(AnswerState.DONT_KNOW, owner=owner, due_on=due_on, content=content)


def not_applicable(reason: str = "It has no bearing here") -> AnswerFact:
    return AnswerFact(
        AnswerState.NOT_APPLICABLE, reason=reason, content=_content(AnswerState.NOT_APPLICABLE, reason)
    )


def past(value: object, on: date, state: AnswerState | None = AnswerState.ANSWERED) -> PastAnswer:
    """An answer that was current from noon of that day."""
    return PastAnswer(value, state, moment(on))


def moment(on: date) -> datetime:
    return datetime(on.year, on.month, on.day, 12, tzinfo=UTC)


def _content(state: AnswerState, value: object) -> str:
    return digest({"state": state.value, "value": value})


def _shaped(field: FieldSpec, value: Any) -> Any:
    if field.kind == "rows":
        return tuple(
            {"id": row.get("id", f"r{place}"), **_record(field, row)} for place, row in enumerate(value, 1)
        )
    if field.kind == "parts":
        return _record(field, value)
    return _plain(value)


def _record(field: FieldSpec, record: Mapping[str, Any]) -> dict[str, Any]:
    known = {part.id for part in field.columns} | {"id"}
    unknown = set(record) - known
    assert not unknown, f"{field.id} has no {', '.join(sorted(unknown))}"
    return {part: _plain(value) for part, value in record.items() if part != "id"}


def _plain(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    return tuple(value) if isinstance(value, list) else value


# ---------------------------------------------------------------- facts


def facts(today: date = TODAY, sources: Iterable[Mapping[str, Any]] = (), **given: Any) -> ProjectFacts:
    """A project on `today`: field ids among the keywords are answers, the rest attributes of ProjectFacts."""
    answers = {name: value for name, value in given.items() if FIELD_ID.match(name)}
    others = {name: value for name, value in given.items() if name not in answers}
    return ProjectFacts(
        today=today,
        answers=_facts_of(answers),
        sources=tuple(_source(place, record) for place, record in enumerate(sources, 1)),
        **others,
    )


def _facts_of(answers: Mapping[str, Any]) -> dict[str, AnswerFact]:
    return {
        field_id: value if isinstance(value, AnswerFact) else answered(field_id, value)
        for field_id, value in answers.items()
    }


def _source(place: int, record: Mapping[str, Any]) -> SourceFact:
    answers = {key: value for key, value in record.items() if key not in ("id", "name")}
    return SourceFact(
        id=record.get("id", place), name=record.get("name", f"Source {place}"), answers=_facts_of(answers)
    )


def gate_decision(gate: Gate, on: date, outcome: Outcome = Outcome.GO, **details: Any) -> GateDecisionFact:
    return GateDecisionFact(gate, outcome, moment(on), "robin", **details)


def sign_off(
    gate: Gate,
    role: Role,
    covered: Mapping[str, str],
    *,
    decision: Decision = Decision.APPROVED,
    on: date = date(2030, 5, 1),
    **details: Any,
) -> SignOffFact:
    """A decision of one person, bound to the content digests in `covered`."""
    defaults: dict[str, Any] = {
        "id": 1,
        "review_id": 1,
        "act": Act.APPROVE,
        "person_key": "alex",
        "printed_name": "Alex Moor",
    }
    return SignOffFact(
        gate=gate, role=role, decision=decision, at=moment(on), covered=covered, **{**defaults, **details}
    )


# ---------------------------------------------------------------- verdicts


for _module in pkgutil.iter_modules(checks.__path__, f"{checks.__name__}."):
    import_module(_module.name)  # each file of rules registers its own


def verdict(check_id: str, branch: str, project: ProjectFacts, gate: Gate | None = None) -> Verdict:
    return judge(check_id, branch, Reading(project, guide(), gate))


def messages(check_id: str, branch: str, project: ProjectFacts, gate: Gate | None = None) -> list[str]:
    """The sentences that a failing branch shows, with its own values filled in."""
    text = guide().checks_by_id[check_id].branch(branch).message
    return [text.format(**finding) for finding in verdict(check_id, branch, project, gate).findings]


# ---------------------------------------------------------------- tables of cases


@dataclass(frozen=True)
class Case:
    """One line of a table: this project, judged at this gate, comes out like that."""

    check: str
    branch: str
    result: CheckResult
    project: ProjectFacts
    gate: Gate | None = None
    says: tuple[str, ...] = ()  # words that the sentences of a failing branch hold
    missing: tuple[str, ...] = ()  # what a cannot-tell names, in this order

    def __str__(self) -> str:
        return f"{self.check}-{self.branch}-{self.result.value}"


def fails_saying(name: str, *says: str, gate: Gate | None = None, **project: Any) -> Case:
    return Case(*_named(name), CheckResult.FAILS, facts(**project), gate, says=says)


def passes(name: str, gate: Gate | None = None, **project: Any) -> Case:
    return Case(*_named(name), CheckResult.PASSES, facts(**project), gate)


def unclear(name: str, *missing: str, gate: Gate | None = None, **project: Any) -> Case:
    return Case(*_named(name), CheckResult.CANNOT_TELL, facts(**project), gate, missing=missing)


def _named(name: str) -> tuple[str, str]:
    """`C02/optimistic` as check and branch; `C01` alone is its main branch."""
    check_id, _, branch = name.partition("/")
    return check_id, branch or "main"


def assert_holds(case: Case) -> None:
    """The case comes out as it says; a failing one in whole sentences with nothing left to fill in."""
    found = verdict(case.check, case.branch, case.project, case.gate)
    assert (found.result, found.missing) == (case.result, case.missing)
    sentences = messages(case.check, case.branch, case.project, case.gate)
    assert bool(sentences) is (case.result is CheckResult.FAILS)
    for sentence in sentences:
        assert sentence.endswith(".")
        assert not re.search(r"[{}]|None|Decimal|datetime|\(\)|  ", sentence), sentence
    for words in case.says:
        assert any(words in sentence for sentence in sentences), sentences


def untested(module: str, cases: Iterable[Case]) -> set[tuple[str, str, str]]:
    """Branches of a file of rules that no failing, or no passing, line of the table covers."""
    branches = [key for key, function in RULES.items() if function.__module__.endswith(f".{module}")]
    wanted = {(*key, result.value) for key in branches for result in (CheckResult.FAILS, CheckResult.PASSES)}
    return wanted - {(case.check, case.branch, case.result.value) for case in cases}
