"""Which answers a rule looks at, noted while it looks: no list of them has to be kept right by hand.

A verdict depends on the answers that its rule looked at and on nothing else that an answer can change, so it holds
as long as those are the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from lifecycle.rules.project_facts import AnswerFact, ProjectFacts

EVERYTHING = "*"  # stands for all fields: the rule went through the answers instead of asking for one


class Watched(Mapping[str, AnswerFact]):
    """Answers that add the id of every field asked for to `looked_at`, whether there is an answer or not."""

    __slots__ = ("_answers", "_looked_at")

    def __init__(self, answers: Mapping[str, AnswerFact], looked_at: set[str]) -> None:
        self._answers, self._looked_at = answers, looked_at

    def __getitem__(self, field_id: str) -> AnswerFact:
        self._looked_at.add(field_id)
        return self._answers[field_id]

    def get(self, field_id: str, default: Any = None) -> Any:
        self._looked_at.add(field_id)
        return self._answers.get(field_id, default)

    def __contains__(self, field_id: object) -> bool:
        self._looked_at.add(str(field_id))
        return field_id in self._answers

    def __iter__(self) -> Iterator[str]:
        self._looked_at.add(EVERYTHING)
        return iter(self._answers)

    def __len__(self) -> int:
        self._looked_at.add(EVERYTHING)
        return len(self._answers)


def watched(facts: ProjectFacts, looked_at: set[str]) -> ProjectFacts:
    """The same facts, noting in `looked_at` which answers are asked for, those of data sources by field too."""
    return replace(
        facts,
        answers=Watched(facts.answers, looked_at),
        sources=tuple(
            replace(source, answers=Watched(source.answers, looked_at)) for source in facts.sources
        ),
    )
