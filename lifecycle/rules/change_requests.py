"""Changes that a reviewer asked for on named answers, and which of them are open still.

A request for a change ends when the answer it names differs from what the reviewer read, when the team answers
it in words, or when the role decides anew. Bringing the old answer back opens it again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from lifecycle.guide import Guide
from lifecycle.rules.project_facts import AnswerFact, ProjectFacts, SignOffFact
from lifecycle.rules.signoffs import counting_sign_offs
from lifecycle.vocabulary import Decision, ProjectStatus

Answered = Collection[tuple[int, str]]  # (sign-off, key) that the team answered in words


@dataclass(frozen=True, slots=True)
class ChangeRequest:
    """One named answer of a decision that requests changes. `is_changed`: it is not what the reviewer read."""

    sign_off: SignOffFact
    key: str
    is_changed: bool
    is_answered: bool

    @property
    def is_open(self) -> bool:
        return not (self.is_changed or self.is_answered)


def change_requests(facts: ProjectFacts, guide: Guide, answered: Answered) -> tuple[ChangeRequest, ...]:
    """All of the standing decisions that request changes, by gate and role; none of a project that has ended."""
    if facts.status in (ProjectStatus.STOPPED, ProjectStatus.RETIRED):
        return ()
    return tuple(
        request
        for made in counting_sign_offs(facts, guide)
        if made.decision is Decision.CHANGES_REQUESTED
        for request in _requests(facts, guide, made, answered)
    )


def _requests(
    facts: ProjectFacts, guide: Guide, made: SignOffFact, answered: Answered
) -> Iterator[ChangeRequest]:
    for named in made.fields:
        field_id = named.partition("@")[0]
        if field_id not in guide.fields:
            continue  # the guide dropped it since
        for key, fact in facts.content_keys((field_id,)):
            if named in (key, field_id):
                yield ChangeRequest(made, key, _is_changed(made, key, fact), (made.id, key) in answered)


def _is_changed(made: SignOffFact, key: str, fact: AnswerFact | None) -> bool:
    """By content where the role relies on it; else by whether it was answered since."""
    if key in made.covered:
        return (fact.content if fact else "") != made.covered[key]
    return fact is not None and fact.at is not None and fact.at > made.at
