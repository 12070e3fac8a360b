"""Who may be asked to review, and what changed in the content since somebody looked at it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping

from sqlalchemy import select
from sqlmodel import Session, col

from lifecycle.facts.projects import answer_fact
from lifecycle.guide import Guide
from lifecycle.rules.project_facts import ProjectFacts
from lifecycle.rules.reviews import Candidate
from lifecycle.rules.signoffs import Cover, cover, digest_of
from lifecycle.store.tables import Answer, ChangeAnswer, CurrentAnswer, EligibleReviewer, PersonRow
from lifecycle.vocabulary import Gate, Role

MOST_STEPS_BACK = 500


def candidates(session: Session, *, keys: Collection[str] | None = None) -> tuple[Candidate, ...]:
    """Everybody who may be asked for anything, or just these people, by name: two statements."""
    listed: defaultdict[str, set[Role]] = defaultdict(set)
    roles = select(col(EligibleReviewer.person_key), col(EligibleReviewer.role))
    people = select(PersonRow).order_by(col(PersonRow.name), col(PersonRow.key))
    if keys is not None:
        roles = roles.where(col(EligibleReviewer.person_key).in_(keys))
        people = people.where(col(PersonRow.key).in_(keys))
    for person_key, role in session.execute(roles):
        listed[person_key].add(Role(role))
    found = session.execute(people).scalars()
    return tuple(
        Candidate(row.key, row.name, row.active, row.approval_level, frozenset(listed[row.key]))
        for row in found
        if keys is not None or row.approval_level or listed[row.key]
    )


def answered_changes(session: Session, project_id: int) -> dict[tuple[int, str], ChangeAnswer]:
    """What the team said to requested changes, by decision and key; the newest where it spoke twice."""
    rows = session.execute(
        select(ChangeAnswer).where(col(ChangeAnswer.project_id) == project_id).order_by(col(ChangeAnswer.id))
    ).scalars()
    return {(row.sign_off_id, row.key): row for row in rows}


def changed_since(
    session: Session,
    project_id: int,
    facts: ProjectFacts,
    guide: Guide,
    gate: Gate,
    role: Role,
    seen_digest: str,
) -> tuple[str, ...] | None:
    """The keys that changed since the content had this digest; empty when it still has.

    Takes back one answer at a time, newest first. None when no such moment is found: a data source came, went
    or was renamed, or the digest never was one of this content.
    """
    now = cover(facts, guide, gate, role)
    then = dict(now)
    if digest_of(then) == seen_digest:
        return ()
    for key, earlier in _steps_back(session, project_id, guide, now):
        then[key] = earlier
        if digest_of(then) == seen_digest:
            return tuple(key for key, (_, content) in now.items() if then[key][1] != content)
    return None


def _steps_back(
    session: Session, project_id: int, guide: Guide, now: Cover
) -> Iterator[tuple[str, tuple[int, str]]]:
    """What each relied-on key held before its newest version, and before that, newest change first."""
    fields = {key.partition("@")[0] for key in now}
    rows = session.execute(
        select(Answer)
        .where(col(Answer.project_id) == project_id, col(Answer.field_id).in_(fields))
        .order_by(col(Answer.id).desc())
        .limit(MOST_STEPS_BACK)
    ).scalars()
    versions: Mapping[str, list[Answer]] = defaultdict(list)
    order: list[str] = []
    for row in rows:
        key = f"{row.field_id}@{row.source_id}" if row.source_id else row.field_id
        if key in now:
            versions[key].append(row)
            order.append(key)
    for key in order:
        versions[key].pop(0)
        yield key, _content(guide, versions[key][0]) if versions[key] else (0, "")


def _content(guide: Guide, row: Answer) -> tuple[int, str]:
    fact = answer_fact(guide.field(row.field_id), as_current(row))
    return (fact.answer_id, fact.content) if fact else (0, "")


def as_current(row: Answer) -> CurrentAnswer:
    """An earlier version of an answer in the shape of a current one, for `answer_fact`; never stored."""
    return CurrentAnswer(
        project_id=row.project_id,
        source_id=row.source_id,
        field_id=row.field_id,
        answer_id=row.id or 0,
        revision=row.revision,
        state=row.state,
        value=row.value,
        owner=row.owner,
        due_on=row.due_on,
        reason=row.reason,
        at=row.at,
        by_key=row.by_key,
    )
