"""Projects as they were read last, kept in memory while nothing has happened to them.

Every change adds an event to the chain of its project or of the organisation in its own transaction. So what was
read is still true exactly while the heads of these two chains are the same, whoever writes, in whatever process;
a transaction that was rolled back leaves a head that no chain ever has again. Within a write transaction it holds
for what was recorded so far: an action asks before it writes anything itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from sqlmodel import Session

from lifecycle.events import ORGANISATION, heads, project_chain
from lifecycle.facts.projects import WITH_HISTORY, StoredAnswer, answer_fact, load_facts, people_names
from lifecycle.guide import FieldSpec, Guide
from lifecycle.language import language
from lifecycle.rules.assessment import Basis, basis, basis_after
from lifecycle.rules.project_facts import AnswerFact, ProjectFacts
from lifecycle.store.kept import kept_beside


@dataclass(frozen=True, slots=True)
class Known:
    """A project on one day by one guide: its facts, and what the rules make of them whatever the gate."""

    project_id: int
    guide: Guide
    facts: ProjectFacts
    basis: Basis
    names: Mapping[str, str]  # of people, by key: an answer may name them


def known_project(session: Session, project_id: int, *, today: date, guide: Guide) -> Known:
    """The project as it is now; read only when something has happened since it was. Raises NotFound."""
    kept = kept_beside(session)
    if kept is None:
        return _read(session, project_id, today, guide)
    newest = _heads(session, project_id)
    entry: tuple[tuple[str, ...], Known] | None = kept.get(_name(project_id))
    if entry and entry[0] == newest and entry[1].guide is guide and entry[1].facts.today == today:
        return entry[1]
    known = _read(session, project_id, today, guide)
    if all(newest):  # a project without events of its own has no head to tell it by
        kept.put(_name(project_id), (newest, known))
    return known


def known_facts(session: Session, project_id: int, *, today: date, guide: Guide) -> ProjectFacts:
    return known_project(session, project_id, today=today, guide=guide).facts


def with_answer(session: Session, known: Known, field: FieldSpec, row: StoredAnswer) -> Known:
    """The project now that this answer, just written, is the current one, and nothing else has changed."""
    if field.id in WITH_HISTORY:
        return _read(session, known.project_id, known.facts.today, known.guide)
    fact = answer_fact(field, row, known.names)
    facts = facts_with(known.facts, field.id, row.source_id, fact)
    return replace(known, facts=facts, basis=basis_after(known.basis, known.facts, facts, known.guide))


def keep(session: Session, known: Known) -> None:
    """From now on this is what the project is: at the end of an action, once its event is recorded."""
    if kept := kept_beside(session):
        kept.put(_name(known.project_id), (_heads(session, known.project_id), known))


def facts_with(facts: ProjectFacts, field_id: str, source_id: int, fact: AnswerFact | None) -> ProjectFacts:
    """The facts with another answer in this place; None: with none."""
    if not source_id:
        return replace(facts, answers=_replaced(facts.answers, field_id, fact))
    sources = tuple(
        replace(source, answers=_replaced(source.answers, field_id, fact))
        if source.id == source_id
        else source
        for source in facts.sources
    )
    return replace(facts, sources=sources)


def _replaced(
    answers: Mapping[str, AnswerFact], field_id: str, fact: AnswerFact | None
) -> dict[str, AnswerFact]:
    changed = {key: value for key, value in answers.items() if key != field_id}
    if fact is not None:
        changed[field_id] = fact
    return changed


def _read(session: Session, project_id: int, today: date, guide: Guide) -> Known:
    facts = load_facts(session, project_id, today=today, guide=guide)
    return Known(project_id, guide, facts, basis(facts, guide), people_names(session))


def _name(project_id: int) -> tuple[int, str]:
    """What the rules make of a project holds sentences: each language has its own."""
    return project_id, language()


def _heads(session: Session, project_id: int) -> tuple[str, ...]:
    return heads(session, project_chain(project_id), ORGANISATION)
