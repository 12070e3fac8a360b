"""What data sources and the study say, as far as known, and which keys are still open."""

from __future__ import annotations

from lifecycle.guide import ONLY
from lifecycle.rules.checks.conditions import is_among
from lifecycle.rules.checks.reading import Reading
from lifecycle.rules.project_facts import SourceFact
from lifecycle.vocabulary import AnswerState

GOING_ON = ("go", "go_with_conditions")


def source_says(
    reading: Reading, source: SourceFact, field_id: str, part: str, *wanted: object
) -> bool | None:
    """Whether a source's answer is one of `wanted`; what does not apply to it is none of them."""
    if not source_applies(source, field_id):
        return False
    value = reading.of(source, field_id, part)
    return None if value is None else value in wanted


def unknown(*conditions: tuple[str, object]) -> list[str]:
    """Keys whose condition or value is None: what a cannot-tell names."""
    return [key for key, value in conditions if value is None]


def goes_on(reading: Reading) -> bool | None:
    """The study recommends to go on (F18), with or without conditions."""
    return is_among(reading, "F18", "recommendation", GOING_ON)


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
