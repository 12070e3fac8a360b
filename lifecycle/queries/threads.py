"""What people asked about single questions of a project, and what they were told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func, or_, select
from sqlmodel import Session, col

from lifecycle.facts.people import project_roles
from lifecycle.queries.projects import stands_in
from lifecycle.queries.wording import all_names
from lifecycle.rules.permissions import TEAM, may
from lifecycle.rules.threads import (
    ASKER,
    TEAM_TURN,
    ThreadFact,
    may_reopen,
    may_reply,
    may_resolve,
    waits_for,
)
from lifecycle.store.tables import Answer, DataSource, Membership, Project, Thread, ThreadMessage
from lifecycle.vocabulary import Actor


@dataclass(frozen=True, slots=True)
class Mark:
    """How many threads a question has, and how many of them are open."""

    threads: int
    open: int


@dataclass(frozen=True, slots=True)
class Message:
    who: str
    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class ThreadView:
    """One thread with all its messages, oldest first. `answer_changed`: the answer is another one since."""

    id: int
    field_id: str
    source_id: int
    is_open: bool
    messages: tuple[Message, ...]
    answer_changed: bool
    my_turn: bool
    may_reply: bool
    may_resolve: bool
    may_reopen: bool
    resolved_by: str
    resolved_at: datetime | None


@dataclass(frozen=True, slots=True)
class WaitingThread:
    """A thread in which it is this person's turn."""

    thread_id: int
    project_id: int
    project_key: str
    project_name: str
    field_id: str
    source_id: int
    source_name: str  # empty for a question of the worksheet
    said: str
    who: str
    since: datetime


Places = Mapping[tuple[int, str], Mark]


def marks(session: Session, *, project_id: int) -> Places:
    """(data source, question) to its threads; questions without any are left out. One statement."""
    is_open = func.sum(case((col(Thread.state) == "open", 1), else_=0))
    found = session.execute(
        select(col(Thread.source_id), col(Thread.field_id), func.count(), is_open)
        .where(col(Thread.project_id) == project_id)
        .group_by(col(Thread.source_id), col(Thread.field_id))
    )
    return {(source_id, field_id): Mark(count, opened) for source_id, field_id, count, opened in found}


def of_field(
    session: Session, *, by: Actor, at: datetime, project_id: int, field_id: str, source_id: int = 0
) -> tuple[ThreadView, ...]:
    """The threads of one question: open ones first, then the newest. Empty for whoever may not read the project."""
    roles = project_roles(session, project_id, by.key)
    if by.is_kept_from(project_id):
        return ()
    if not may("projects.read", by, roles) and not stands_in(session, project_id, by, at):
        return ()
    rows = session.execute(
        select(Thread)
        .where(
            col(Thread.project_id) == project_id,
            col(Thread.field_id) == field_id,
            col(Thread.source_id) == source_id,
        )
        .order_by(col(Thread.state) != "open", col(Thread.moved_at).desc(), col(Thread.id).desc())
    ).scalars()
    threads = list(rows)
    messages = _messages(session, [thread.id or 0 for thread in threads])
    newest = session.execute(
        select(func.max(col(Answer.id))).where(
            col(Answer.project_id) == project_id,
            col(Answer.field_id) == field_id,
            col(Answer.source_id) == source_id,
        )
    ).scalar()
    names = all_names(session)
    project = session.get(Project, project_id)
    # Nothing of an archived project changes; what was said stays readable.
    acts = project is not None and project.archived_at is None
    views = []
    for thread in threads:
        fact = ThreadFact(thread.opened_by, thread.state == "open", thread.waits_for)
        views.append(
            ThreadView(
                id=thread.id or 0,
                field_id=thread.field_id,
                source_id=thread.source_id,
                is_open=fact.is_open,
                messages=tuple(messages.get(thread.id or 0, ())),
                answer_changed=newest != thread.answer_id,
                my_turn=acts and waits_for(fact, by, roles),
                may_reply=acts and not may_reply(fact) and may("threads.reply", by, roles),
                may_resolve=acts and may("threads.resolve", by, roles) and not may_resolve(fact, by, roles),
                may_reopen=acts and may("threads.reopen", by, roles) and not may_reopen(fact, by, roles),
                resolved_by=names.get(thread.resolved_by or "", ""),
                resolved_at=thread.resolved_at,
            )
        )
    return tuple(views)


def waiting(session: Session, *, by: Actor) -> tuple[WaitingThread, ...]:
    """Threads of projects that are not archived in which it is this person's turn, the longest waiting first."""
    on_it = select(col(Membership.project_id)).where(
        col(Membership.person_key) == by.key, col(Membership.ended_at).is_(None)
    )
    team = on_it.where(col(Membership.role).in_([role.value for role in TEAM]))
    # Whoever asked and left the project since no longer reads what is said there.
    mine = (
        (col(Thread.waits_for) == ASKER)
        & (col(Thread.opened_by) == by.key)
        & col(Thread.project_id).in_(on_it)
    )
    ours = (
        (col(Thread.waits_for) == TEAM_TURN)
        & (col(Thread.opened_by) != by.key)
        & col(Thread.project_id).in_(team)
    )
    rows = session.execute(
        select(Thread, col(Project.key), col(Project.name), col(DataSource.name))
        .join(Project, col(Project.id) == col(Thread.project_id))
        .outerjoin(DataSource, col(DataSource.id) == col(Thread.source_id))
        .where(col(Thread.state) == "open", col(Project.archived_at).is_(None), or_(mine, ours))
        .order_by(col(Thread.moved_at), col(Thread.id))
    ).all()
    messages = _messages(session, [thread.id or 0 for thread, *_ in rows])
    found = []
    for thread, key, name, source in rows:
        last = messages[thread.id or 0][-1]
        found.append(
            WaitingThread(
                thread.id or 0,
                thread.project_id,
                key,
                name,
                thread.field_id,
                thread.source_id,
                source or "",
                last.text,
                last.who,
                last.at,
            )
        )
    return tuple(found)


def _messages(session: Session, thread_ids: list[int]) -> dict[int, list[Message]]:
    found: dict[int, list[Message]] = {}
    if not thread_ids:
        return found
    names = all_names(session)
    rows = session.execute(
        select(ThreadMessage)
        .where(col(ThreadMessage.thread_id).in_(thread_ids))
        .order_by(col(ThreadMessage.id))
    ).scalars()
    for row in rows:
        said = Message(names.get(row.by_key, row.by_key), row.at, row.text)
        found.setdefault(row.thread_id, []).append(said)
    return found
