"""What one project takes from another: a whole project to begin with, or the record of a data source.

What is taken becomes the project's own: its sign-offs rest on its own answers, and nothing that is done elsewhere
changes what somebody signed here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from lifecycle.actions.answers import Content, carry_over, stored_contents
from lifecycle.actions.projects import begin, existing, open_project
from lifecycle.actions.sources import existing as existing_source
from lifecycle.actions.sources import new_source
from lifecycle.canonical import canonical_json
from lifecycle.errors import Conflict, Invalid, NotFound, Refused
from lifecycle.events import EventAction, project_chain, record
from lifecycle.facts.editions import by_its_guide
from lifecycle.facts.known import known_facts
from lifecycle.facts.people import project_roles, require_on_project
from lifecycle.facts.projects import load_facts, organisation_today
from lifecycle.facts.standing import refresh_standing
from lifecycle.guide import FieldSpec, Guide
from lifecycle.language import say
from lifecycle.rules.answers import parse
from lifecycle.rules.permissions import may, require
from lifecycle.rules.project_facts import ProjectFacts
from lifecycle.rules.signoffs import stale_sign_offs
from lifecycle.store.tables import DataSource, Project, SharedSource
from lifecycle.vocabulary import Actor, AnswerState, Blocker

METHOD = "copy"
_SOURCE = "source/"  # how an answer points at a data source


def copy_project(
    session: Session,
    *,
    by: Actor,
    at: datetime,
    guide: Guide,
    project_id: int,
    name: str,
    purpose: str | None = None,
) -> int:
    """Begin a project in Discovery with the answers and data sources of another one; returns its id.

    No sign-off, document, condition, waiver, date or decision comes along. An answer of a shape that the guide no
    longer takes stays behind and is named in the event.
    """
    origin = existing(session, project_id)
    require_on_project(session, "projects.copy", by, project_id)
    require("projects.create", by)
    if origin.origin == "register" and origin.adopted_at is None:
        raise Refused(
            Blocker(
                "project:not_adopted", say("This project comes from a register and has no answers to copy.")
            )
        )
    said = origin.purpose if purpose is None else purpose
    project = begin(session, by, at, guide, name, said, origin.organisation)
    new_id = project.id or 0
    sources = dict(_copied_sources(session, project_id, new_id, at))
    copied, left = [], []
    for (source_id, field_id), (_, content) in stored_contents(session, project_id).items():
        if content.state is None or (source_id and source_id not in sources):
            continue
        field, here = guide.fields.get(field_id), sources.get(source_id, 0)
        key = f"{field_id}@{here}" if here else field_id
        moved = _moved(field, content, sources) if field else None
        if field is None or moved is None:
            left.append(key)
        elif carry_over(session, project, field, here, moved, by, at, METHOD):
            copied.append(key)
    record(
        session,
        chain=project_chain(new_id),
        action=EventAction.PROJECT_COPIED,
        subject=f"project:{project.key}",
        detail={
            "name": project.name,
            "purpose": project.purpose,
            "organisation": project.organisation,
            "guide": guide.version,
            "from": origin.key,
            "from_name": origin.name,
            "answers": copied,
            "left_behind": left,
            "sources": list(sources.values()),
        },
        by=by,
        at=at,
    )
    refresh_standing(session, new_id, guide=guide, at=at)
    return new_id


@by_its_guide
def take_source(
    session: Session,
    *,
    by: Actor,
    at: datetime,
    guide: Guide,
    project_id: int,
    origin_source_id: int,
    name: str | None = None,
) -> int:
    """Open a data source here with the record that another project has of it; returns its id.

    From then on the record is this project's own, and what changes there is shown here to be taken over or not.
    """
    require_on_project(session, "sources.take", by, project_id)
    project = open_project(session, project_id)
    origin, other = _readable_origin(session, by, origin_source_id)
    if origin.project_id == project_id:
        raise Invalid({"source": say("This project has that data source already.")})
    source = new_source(session, project_id, origin.name if name is None else name, at)
    source_id, seen = source.id or 0, {}
    for (_, field_id), (revision, content) in _record_of(session, origin).items():
        field = guide.fields.get(field_id)
        moved = _moved(field, content, {}) if field and content.state else None
        if field is not None and moved is not None:
            carry_over(session, project, field, source_id, moved, by, at, METHOD)
            seen[field_id] = revision
    session.add(
        SharedSource(
            source_id=source_id,
            project_id=project_id,
            origin_project_id=origin.project_id,
            origin_source_id=origin_source_id,
            seen=canonical_json(seen),
            at=at,
            by_key=by.key,
        )
    )
    record(
        session,
        chain=project_chain(project_id),
        action=EventAction.SOURCE_TAKEN,
        subject=f"source:{source_id}",
        detail={"name": source.name, "from": other.key, "from_name": other.name, "answers": sorted(seen)},
        by=by,
        at=at,
    )
    refresh_standing(session, project_id, guide=guide, at=at)
    return source_id


@by_its_guide
def follow_source(
    session: Session,
    *,
    by: Actor,
    at: datetime,
    guide: Guide,
    project_id: int,
    source_id: int,
    take: Mapping[str, int],
    keep: Mapping[str, int],
) -> int:
    """Take over what changed in the record that this one was taken from, or set it aside; returns how much changed.

    `take` and `keep` name each question with the revision there that the person was shown; raises Conflict when it
    changed again since. Sign-offs that rest on what is taken over become stale, as after any other change.
    """
    require_on_project(session, "sources.follow", by, project_id)
    project = open_project(session, project_id)
    source = existing_source(session, project_id, source_id)
    shared = session.get(SharedSource, source_id)
    if shared is None:
        raise NotFound(say("data source of another project"), source_id)
    origin, other = _readable_origin(session, by, shared.origin_source_id)
    there = _record_of(session, origin)
    if not take and not keep:
        raise Invalid({"": say("Choose what to take over.")})
    today = organisation_today(session, at)
    before = _stale_ids(known_facts(session, project_id, guide=guide, today=today), guide)
    taken = []
    for field_id, revision in sorted({**keep, **take}.items()):
        found, content = there.get((origin.id or 0, field_id), (0, Content(None)))
        if found != revision:
            raise Conflict(field_id, base=revision, found=found, theirs=content)
        field = guide.fields.get(field_id)
        if field_id not in take or field is None:
            continue
        moved = _moved(field, content, {}) if content.state else content
        if moved is None:
            raise Invalid({field_id: say("This answer has a shape that the guide here does not take.")})
        if carry_over(session, project, field, source_id, moved, by, at, METHOD):
            taken.append(field_id)
    shared.seen = canonical_json({**json.loads(shared.seen), **keep, **take})
    # Read anew: what is kept in memory is the project before what was just written.
    after = _stale_ids(load_facts(session, project_id, guide=guide, today=today), guide)
    record(
        session,
        chain=project_chain(project_id),
        action=EventAction.SOURCE_FOLLOWED,
        subject=f"source:{source_id}",
        detail={
            "name": source.name,
            "from": other.key,
            "from_name": other.name,
            "taken": taken,
            "set_aside": sorted(keep),
            "sign_offs_gone_stale": sorted(after - before),
            "sign_offs_valid_again": sorted(before - after),
        },
        by=by,
        at=at,
    )
    refresh_standing(session, project_id, guide=guide, at=at, today=today)
    return len(taken)


# ------------------------------------------------------------------ what is taken


def _copied_sources(
    session: Session, project_id: int, new_id: int, at: datetime
) -> Iterator[tuple[int, int]]:
    """Old id to new id of every data source in use."""
    found = session.exec(
        select(DataSource)
        .where(col(DataSource.project_id) == project_id, col(DataSource.removed_at).is_(None))
        .order_by(col(DataSource.position), col(DataSource.id))
    ).all()
    for source in found:
        yield source.id or 0, new_source(session, new_id, source.name, at).id or 0


def _readable_origin(session: Session, by: Actor, source_id: int) -> tuple[DataSource, Project]:
    source = session.get(DataSource, source_id)
    if source is None or source.removed_at is not None:
        raise NotFound(say("data source"), source_id)
    if not may("projects.read", by, project_roles(session, source.project_id, by.key)):
        raise NotFound(say("data source"), source_id)
    return source, existing(session, source.project_id)


def _record_of(session: Session, source: DataSource) -> dict[tuple[int, str], tuple[int, Content]]:
    return stored_contents(session, source.project_id, source.id)


def _moved(field: FieldSpec, content: Content, sources: Mapping[int, int]) -> Content | None:
    """The content for its new place; None when the guide does not take it as it is."""
    if content.state is not AnswerState.ANSWERED:
        return content
    stored = json.loads(content.value or "null")
    try:
        taken = parse(field, stored)
    except Invalid:
        return None
    if taken != stored:
        return None
    for part in field.columns:
        if "source" in part.to:
            for record in _records(field, stored):
                if part.id in record:
                    record[part.id] = _pointing(record[part.id], sources)
    return Content(AnswerState.ANSWERED, canonical_json(stored))


def _records(field: FieldSpec, stored: Any) -> Iterable[dict[str, Any]]:
    return stored if field.kind == "rows" else [stored] if field.kind == "parts" else []


def _pointing(value: Any, sources: Mapping[int, int]) -> Any:
    if isinstance(value, list):
        return sorted(_pointing(each, sources) for each in value)
    number = str(value).removeprefix(_SOURCE)
    if str(value).startswith(_SOURCE) and number.isdecimal() and int(number) in sources:
        return f"{_SOURCE}{sources[int(number)]}"
    return value


def _stale_ids(facts: ProjectFacts, guide: Guide) -> set[int]:
    return {made.id for made in stale_sign_offs(facts, guide)}
