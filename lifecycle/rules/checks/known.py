"""Conditions over answers that may be missing: True, False, or None where it hangs on what is not known."""

from __future__ import annotations

from lifecycle.guide import ONLY
from lifecycle.rules.checks.reading import Reading
from lifecycle.rules.project_facts import SourceFact
from lifecycle.vocabulary import AnswerState

GOING_ON = ("go", "go_with_conditions")


def says(reading: Reading, field_id: str, part: str, *wanted: object) -> bool | None:
    """Whether the answer is one of `wanted`; a field that does not apply says none of them."""
    if not reading.applies(field_id):
        return False
    value = reading.value(field_id, part)
    return None if value is None else value in wanted


def source_says(
    reading: Reading, source: SourceFact, field_id: str, part: str, *wanted: object
) -> bool | None:
    """`says` for the answer of one data source."""
    if not source_applies(source, field_id):
        return False
    value = reading.of(source, field_id, part)
    return None if value is None else value in wanted


def all_of(*conditions: bool | None) -> bool | None:
    """False as soon as one is, whatever is unknown."""
    if any(condition is False for condition in conditions):
        return False
    return None if None in conditions else True


def unknown(*conditions: tuple[str, object]) -> list[str]:
    """Keys whose condition or value is None: what a cannot-tell names."""
    return [key for key, value in conditions if value is None]


def goes_on(reading: Reading) -> bool | None:
    """The study recommends to go on (F18), with or without conditions."""
    return says(reading, "F18", "recommendation", *GOING_ON)


def hard_to_undo(reading: Reading) -> bool | None:
    """The effect can hardly or never be undone (D13)."""
    return says(reading, "D13", "undo", "hard", "never")


def source_applies(source: SourceFact, field_id: str) -> bool:
    fact = source.answers.get(field_id)
    return fact is None or fact.state is not AnswerState.NOT_APPLICABLE


def unsaid(reading: Reading, field_id: str, part: str = ONLY) -> list[str]:
    """Keys (`X05@3`) of the sources that apply and do not say it."""
    return [
        f"{field_id}@{source.id}"
        for source, value in reading.each_source(field_id, part)
        if value is None and source_applies(source, field_id)
    ]
