"""Answers to the worksheet and to data sources: saved as they are typed, never overwritten, never lost."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, bindparam, insert, select, update
from sqlmodel import Session

from lifecycle.actions.projects import open_project
from lifecycle.canonical import canonical_json
from lifecycle.errors import Conflict, Invalid, NotFound
from lifecycle.events import EventAction, project_chain, record
from lifecycle.facts.editions import by_its_guide
from lifecycle.facts.known import facts_with, keep, known_project, with_answer
from lifecycle.facts.people import require_on_project
from lifecycle.facts.projects import answer_fact, load_facts, organisation_today
from lifecycle.facts.standing import refresh_standing
from lifecycle.guide import FieldSpec, Guide
from lifecycle.language import say
from lifecycle.rules.answers import clean_text, is_complete, parse
from lifecycle.rules.assessment import are_only_words
from lifecycle.rules.project_facts import ProjectFacts
from lifecycle.rules.signoffs import stale_keys
from lifecycle.store import vouched
from lifecycle.store.base import metadata
from lifecycle.store.tables import Answer, DataSource, Project
from lifecycle.vocabulary import Actor, AnswerState

LONGEST_REASON = 2_000


@dataclass(frozen=True, slots=True)
class SavedAnswer:
    """What is in the database now. `changed` is false when the same answer was there already."""

    revision: int
    changed: bool
    answer_id: int


@dataclass(frozen=True, slots=True)
class Content:
    """The content of an answer as stored: state None means that it was cleared."""

    state: AnswerState | None
    value: str | None = None
    owner: str | None = None
    due_on: date | None = None
    reason: str | None = None


CLEARED = Content(None)


@by_its_guide
def save(
    session: Session,
    *,
    by: Actor,
    at: datetime,
    guide: Guide,
    project_id: int,
    field_id: str,
    source_id: int = 0,
    state: AnswerState = AnswerState.ANSWERED,
    raw: object = None,
    owner: str | None = None,
    due_on: date | None = None,
    reason: str | None = None,
    base: int | None,
    method: str = "web",
) -> SavedAnswer:
    """Save one answer. `base` is the revision that the person saw (0: none); None skips the comparison.

    The same content again changes nothing. Raises Invalid with a sentence per place, Conflict with both
    versions when somebody saved first. An empty answered value clears the field.
    """
    field = _field(guide, field_id, source_id)
    require_on_project(session, "answers.save", by, project_id)
    project = open_project(session, project_id)
    today = organisation_today(session, at)
    content = _content(field, state, raw, owner, due_on, reason, today)
    action = _saved_or_cleared(content)
    return _write(
        session, guide, project, field, source_id, content, base, action, by, at, method, today=today
    )


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """One of many answers given at once, as `save` takes it; `at` is when it was given, if that is known.

    `base` is the revision that the person saw; None skips the comparison. `source_id` None: that of all of them.
    """

    field_id: str
    raw: object = None
    state: AnswerState = AnswerState.ANSWERED
    owner: str | None = None
    due_on: date | None = None
    reason: str | None = None
    at: datetime | None = None
    base: int | None = None
    source_id: int | None = None


@by_its_guide
def save_many(
    session: Session,
    *,
    by: Actor,
    at: datetime,
    guide: Guide,
    project_id: int,
    given: Sequence[GivenAnswer],
    source_id: int = 0,
    method: str = "web",
) -> int:
    """Save answers of the worksheet, or of one data source, at once; returns how many changed anything.

    One event for each that did, one standing for all. When one of them cannot be taken nothing is saved: raises
    Invalid naming every place by its field, or Conflict when somebody saved after the revision that one names.
    """
    require_on_project(session, "answers.save", by, project_id)
    return _save_many(session, by, at, guide, project_id, given, source_id, method)


@by_its_guide
def import_sheet(
    session: Session,
    *,
    by: Actor,
    at: datetime,
    guide: Guide,
    project_id: int,
    given: Sequence[GivenAnswer],
) -> int:
    """As `save_many`, for answers from a filled-in spreadsheet; the command line may bring one in too."""
    require_on_project(session, "answers.import_sheet", by, project_id)
    return _save_many(session, by, at, guide, project_id, given, 0, "spreadsheet")


def _save_many(
    session: Session,
    by: Actor,
    at: datetime,
    guide: Guide,
    project_id: int,
    given: Sequence[GivenAnswer],
    of_source: int,
    method: str,
) -> int:
    project = open_project(session, project_id)
    for each in {one.source_id if one.source_id is not None else of_source for one in given} | {of_source}:
        _check_source(session, project_id, each)
    today = organisation_today(session, at)
    contents = _contents(guide, given, of_source, today)
    facts = load_facts(session, project_id, guide=guide, today=today)
    changed = 0
    for field, content, one in contents:
        source_id = of_source if one.source_id is None else one.source_id
        current = _current(session, project_id, source_id, field.id)
        if _same(current, content):
            continue
        found = current.revision if current else 0
        if one.base is not None and one.base != found:
            raise Conflict(field.id, base=one.base, found=found, theirs=_shown(current), mine=content)
        answer = _put(session, project, field, source_id, content, current, by, one.at or at, method)
        before = _stale(facts, guide, field)
        facts = facts_with(facts, field.id, source_id, answer_fact(field, answer))
        _record(session, _saved_or_cleared(content), answer, before, _stale(facts, guide, field), by)
        changed += 1
    if changed:
        refresh_standing(session, project_id, guide=guide, at=at)
    return changed


def _contents(
    guide: Guide, given: Sequence[GivenAnswer], source_id: int, today: date
) -> list[tuple[FieldSpec, Content, GivenAnswer]]:
    contents: list[tuple[FieldSpec, Content, GivenAnswer]] = []
    problems: dict[str, str] = {}
    for each in given:
        field = _field(guide, each.field_id, source_id if each.source_id is None else each.source_id)
        try:
            content = content_of(field, each, today)
        except Invalid as error:
            problems |= {
                " · ".join(filter(None, (field.id, place))): text for place, text in error.problems.items()
            }
        else:
            contents.append((field, content, each))
    if problems:
        raise Invalid(problems)
    return contents


def content_of(field: FieldSpec, given: GivenAnswer, today: date) -> Content:
    """What would be stored; raises Invalid with a sentence per place for what cannot be."""
    return _content(field, given.state, given.raw, given.owner, given.due_on, given.reason, today)


def _saved_or_cleared(content: Content) -> EventAction:
    return EventAction.ANSWER_SAVED if content.state else EventAction.ANSWER_CLEARED


@by_its_guide
def clear(
    session: Session,
    *,
    by: Actor,
    at: datetime,
    guide: Guide,
    project_id: int,
    field_id: str,
    source_id: int = 0,
    base: int | None,
) -> SavedAnswer:
    """Take an answer back to unanswered; its history stays."""
    field = _field(guide, field_id, source_id)
    require_on_project(session, "answers.clear", by, project_id)
    project = open_project(session, project_id)
    return _write(
        session, guide, project, field, source_id, CLEARED, base, EventAction.ANSWER_CLEARED, by, at, "web"
    )


@by_its_guide
def restore(
    session: Session,
    *,
    by: Actor,
    at: datetime,
    guide: Guide,
    project_id: int,
    answer_id: int,
    base: int | None,
) -> SavedAnswer:
    """Put an earlier answer back as a new revision.

    Raises Invalid when the form no longer takes it: the guide or a date moved on since.
    """
    require_on_project(session, "answers.restore", by, project_id)
    project = open_project(session, project_id)
    earlier = session.get(Answer, answer_id)
    if earlier is None or earlier.project_id != project_id:
        raise NotFound(say("earlier answer"), answer_id)
    field = _field(guide, earlier.field_id, earlier.source_id)
    state = AnswerState(earlier.state) if earlier.state else None
    content = Content(state, earlier.value, earlier.owner, earlier.due_on, earlier.reason)
    today = organisation_today(session, at)
    _require_still_taken(field, content, today)
    return _write(
        session,
        guide,
        project,
        field,
        earlier.source_id,
        content,
        base,
        EventAction.ANSWER_RESTORED,
        by,
        at,
        "web",
        restored=earlier,
        today=today,
    )


# ---------------------------------------------------------------- content


def _require_still_taken(field: FieldSpec, content: Content, today: date) -> None:
    """What the form would take only in part must not come back as if it were the same answer."""
    if content.state is None:
        return
    raw = json.loads(content.value) if content.value else None
    taken = _content(field, content.state, raw, content.owner, content.due_on, content.reason, today)
    if taken != content:
        raise Invalid({field.id: say("The form asks for something else by now. Answer it anew.")})


def _field(guide: Guide, field_id: str, source_id: int) -> FieldSpec:
    field = guide.fields.get(field_id)
    if field is None:
        raise NotFound(say("question"), field_id)
    if field.is_of_source != bool(source_id):
        raise Invalid({field_id: elsewhere(field)})
    return field


def elsewhere(field: FieldSpec) -> str:
    """Why this is not the place to answer or ask about it."""
    if field.is_of_source:
        return say("This question belongs to a data source.")
    return say("This question belongs to the stage worksheet.")


def _content(
    field: FieldSpec,
    state: AnswerState,
    raw: object,
    owner: str | None,
    due_on: date | None,
    reason: str | None,
    today: date,
) -> Content:
    if state is AnswerState.DONT_KNOW:
        return _dont_know(owner, due_on, today)
    if state is AnswerState.NOT_APPLICABLE:
        return _not_applicable(reason)
    value = parse(field, raw)
    return CLEARED if value is None else Content(AnswerState.ANSWERED, canonical_json(value))


def _dont_know(owner: str | None, due_on: date | None, today: date) -> Content:
    owner = " ".join(clean_text(owner or "").split())
    problems = {}
    if not owner:
        problems["owner"] = say("Say who will find out.")
    if due_on is None:
        problems["due date"] = say("Say by when it will be known.")
    elif due_on < today:
        problems["due date"] = say("{day} has passed; choose today or a later day.", day=due_on.isoformat())
    if problems:
        raise Invalid(problems)
    return Content(AnswerState.DONT_KNOW, owner=owner[:200], due_on=due_on)


def _not_applicable(reason: str | None) -> Content:
    reason = clean_text(reason or "")
    if not reason:
        raise Invalid({"reason": say("Say why this does not apply.")})
    if len(reason) > LONGEST_REASON:
        raise Invalid(
            {
                "reason": say(
                    "This is {count:,} characters long; at most {longest:,} can be kept.",
                    count=len(reason),
                    longest=LONGEST_REASON,
                )
            }
        )
    return Content(AnswerState.NOT_APPLICABLE, reason=reason)


# ---------------------------------------------------------------- writing


def _write(
    session: Session,
    guide: Guide,
    project: Project,
    field: FieldSpec,
    source_id: int,
    content: Content,
    base: int | None,
    action: EventAction,
    by: Actor,
    at: datetime,
    method: str,
    restored: Answer | None = None,
    today: date | None = None,
) -> SavedAnswer:
    project_id = project.id or 0
    _check_source(session, project_id, source_id)
    current = _current(session, project_id, source_id, field.id)
    if _same(current, content):
        return SavedAnswer(current.revision if current else 0, False, current.answer_id if current else 0)
    found = current.revision if current else 0
    if base is not None and base != found:
        raise Conflict(field.id, base=base, found=found, theirs=_shown(current), mine=content)
    day = today or organisation_today(session, at)
    before = known_project(session, project_id, guide=guide, today=day)
    restored_from = restored.id if restored else None
    answer = _put(session, project, field, source_id, content, current, by, at, method, restored_from)
    after = with_answer(session, before, field, answer)
    stale_before, stale_after = (_stale(known.facts, guide, field) for known in (before, after))
    revision = restored.revision if restored else None
    _record(session, action, answer, stale_before, stale_after, by, revision)
    if not are_only_words(before.basis, after.basis, before.facts, after.facts, guide):
        refresh_standing(session, project_id, guide=guide, at=at, facts=after.facts, basis=after.basis)
    keep(session, after)
    return SavedAnswer(answer.revision, True, answer.answer_id)


# Built once, and sent without the unit of work: an answer is saved with every field that is left.
_ANSWER, _CURRENT = metadata.tables["answer"], metadata.tables["current_answer"]
_PLACE = ("project_id", "source_id", "field_id")
_OF_BOTH = ("revision", "state", "value", "owner", "due_on", "reason", "at", "by_key")
_HERE = [_CURRENT.c[name] == bindparam(f"of_{name}") for name in _PLACE]
_FIND_CURRENT, _CHANGE_CURRENT = select(_CURRENT).where(*_HERE), update(_CURRENT).where(*_HERE)
_ADD_ANSWER, _ADD_CURRENT = insert(_ANSWER), insert(_CURRENT)


@dataclass(frozen=True, slots=True)
class Written:
    """An answer as it was just written: the new row of the history, and the current one, which it is now."""

    answer_id: int
    project_id: int
    source_id: int
    field_id: str
    revision: int
    state: str | None
    value: str | None
    owner: str | None
    due_on: date | None
    reason: str | None
    at: datetime
    by_key: str
    method: str
    restored_from: int | None
    settled_stage: str | None


def _current(session: Session, project_id: int, source_id: int, field_id: str) -> Row[Any] | None:
    place = {"of_project_id": project_id, "of_source_id": source_id, "of_field_id": field_id}
    return session.connection().execute(_FIND_CURRENT, place).one_or_none()


def _put(
    session: Session,
    project: Project,
    field: FieldSpec,
    source_id: int,
    content: Content,
    current: Row[Any] | None,
    by: Actor,
    at: datetime,
    method: str,
    restored_from: int | None = None,
) -> Written:
    """The new row of the history, and the current one beside it."""
    settles = (current is None or current.settled_at is None) and _settles(field, content)
    history = {
        "project_id": project.id or 0,
        "source_id": source_id,
        "field_id": field.id,
        "revision": (current.revision if current else 0) + 1,
        "state": content.state.value if content.state else None,
        "value": content.value,
        "owner": content.owner,
        "due_on": content.due_on,
        "reason": content.reason,
        "at": at,
        "by_key": by.key,
        "method": method,
        "restored_from": restored_from,
    }
    connection = session.connection()
    added = connection.execute(_ADD_ANSWER, history).inserted_primary_key
    now = {name: history[name] for name in _OF_BOTH} | {"answer_id": added[0] if added else 0}
    if settles:
        now |= {"settled_at": at, "settled_stage": project.furthest_stage}
    if current is None:
        connection.execute(_ADD_CURRENT, {name: history[name] for name in _PLACE} | now)
    else:
        connection.execute(_CHANGE_CURRENT, {f"of_{name}": history[name] for name in _PLACE} | now)
    first = {name: now.get(name, getattr(current, name, None)) for name in ("settled_at", "settled_stage")}
    vouched.wrote(session, _ANSWER.name, history | {"id": now["answer_id"]})
    vouched.wrote(session, _CURRENT.name, history | now | first)
    return Written(**history, answer_id=now["answer_id"], settled_stage=first["settled_stage"])  # type: ignore[arg-type]


def carry_over(
    session: Session,
    project: Project,
    field: FieldSpec,
    source_id: int,
    content: Content,
    by: Actor,
    at: datetime,
    method: str,
) -> Written | None:
    """Write an answer that comes from another project; None when it is there already. The caller records it."""
    current = _current(session, project.id or 0, source_id, field.id)
    if _same(current, content):
        return None
    return _put(session, project, field, source_id, content, current, by, at, method)


def stored_contents(
    session: Session, project_id: int, source_id: int | None = None
) -> dict[tuple[int, str], tuple[int, Content]]:
    """What a project answers now, by data source and question, each with its revision; cleared ones included."""
    chosen = select(_CURRENT).where(_CURRENT.c.project_id == project_id)
    if source_id is not None:
        chosen = chosen.where(_CURRENT.c.source_id == source_id)
    found = session.connection().execute(chosen.order_by(_CURRENT.c.source_id, _CURRENT.c.field_id))
    return {(row.source_id, row.field_id): (row.revision, _shown(row)) for row in found}


def _check_source(session: Session, project_id: int, source_id: int) -> None:
    if not source_id:
        return
    source = session.get(DataSource, source_id)
    if source is None or source.project_id != project_id or source.removed_at is not None:
        raise NotFound(say("data source"), source_id)


def _same(current: Row[Any] | None, content: Content) -> bool:
    if current is None or current.state is None:
        return content.state is None
    mine = (content.state, content.value, content.owner, content.due_on, content.reason)
    return mine == (AnswerState(current.state), current.value, current.owner, current.due_on, current.reason)


def _shown(current: Row[Any] | None) -> Content:
    if current is None or current.state is None:
        return CLEARED
    return Content(AnswerState(current.state), current.value, current.owner, current.due_on, current.reason)


def _settles(field: FieldSpec, content: Content) -> bool:
    """First answered in full or found not applicable: what the early-planning index counts."""
    if content.state is not AnswerState.ANSWERED:
        return content.state is AnswerState.NOT_APPLICABLE
    return is_complete(field, json.loads(content.value or "null"))


def _stale(facts: ProjectFacts, guide: Guide, changed: FieldSpec) -> frozenset[int]:
    """The stale decisions among those that rest on the changed field; the others cannot have turned."""
    return frozenset(
        fact.id
        for fact in facts.sign_offs
        if changed.id in guide.relied_on(fact.gate, fact.role) and stale_keys(facts, guide, fact)
    )


def _record(
    session: Session,
    action: EventAction,
    answer: Written,
    stale_before: frozenset[int],
    stale_after: frozenset[int],
    by: Actor,
    restored_revision: int | None = None,
) -> None:
    detail = {
        "answer": answer.answer_id,
        "revision": answer.revision,
        "state": answer.state,
        "value": answer.value,
        "owner": answer.owner,
        "due_on": answer.due_on,
        "reason": answer.reason,
        "method": answer.method,
        "restored_from": answer.restored_from,
        "restored_revision": restored_revision,
        "sign_offs_gone_stale": sorted(stale_after - stale_before),
        "sign_offs_valid_again": sorted(stale_before - stale_after),
    }
    record(
        session,
        chain=project_chain(answer.project_id),
        action=action,
        subject=f"{answer.field_id}@{answer.source_id}" if answer.source_id else answer.field_id,
        detail=detail,
        by=by,
        at=answer.at,
    )
