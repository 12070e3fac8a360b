"""Questions and answers on a field: asked by anybody with a role on the project, resolved by either side."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlmodel import Session

from lifecycle.actions.answers import elsewhere
from lifecycle.actions.projects import open_project
from lifecycle.actions.sources import existing
from lifecycle.errors import Invalid, NotFound, Refused
from lifecycle.events import EventAction, project_chain, record
from lifecycle.facts.editions import by_its_guide
from lifecycle.facts.people import project_roles, require_on_project
from lifecycle.guide import Guide
from lifecycle.language import say
from lifecycle.rules import threads as rules
from lifecycle.rules.answers import clean_text
from lifecycle.rules.threads import ThreadFact
from lifecycle.store.tables import CurrentAnswer, Thread, ThreadMessage
from lifecycle.vocabulary import Actor, Blocker


@by_its_guide
def ask(
    session: Session,
    *,
    by: Actor,
    at: datetime,
    guide: Guide,
    project_id: int,
    field_id: str,
    source_id: int = 0,
    text: str,
) -> int:
    """Ask the team about a question of the worksheet or of a data source; returns the thread's id.

    It notes which version of the answer it is about.
    """
    field = guide.fields.get(field_id)
    if field is None:
        raise NotFound(say("question"), field_id)
    require_on_project(session, "threads.ask", by, project_id)
    open_project(session, project_id)
    if field.is_of_source != bool(source_id):
        raise Invalid({field_id: elsewhere(field)})
    if source_id:
        existing(session, project_id, source_id)
    text = _tidy(text, say("Write what you want to know."))
    current = session.get(CurrentAnswer, (project_id, source_id, field_id))
    thread = Thread(
        project_id=project_id,
        field_id=field_id,
        source_id=source_id,
        answer_id=current.answer_id if current else None,
        opened_by=by.key,
        opened_at=at,
        waits_for=rules.TEAM_TURN,
        moved_at=at,
    )
    session.add(thread)
    session.flush()
    _say(session, thread, text, by, at)
    _record(session, EventAction.THREAD_OPENED, thread, {"text": text, "answer": thread.answer_id}, by, at)
    return thread.id or 0


def reply(session: Session, *, by: Actor, at: datetime, thread_id: int, text: str) -> int:
    """Say more in an open thread; returns the message's id."""
    thread = _thread(session, thread_id)
    require_on_project(session, "threads.reply", by, thread.project_id)
    open_project(session, thread.project_id)
    _refuse(rules.may_reply(_fact(thread)))
    text = _tidy(text, say("Write your answer."))
    message_id = _say(session, thread, text, by, at)
    thread.waits_for, thread.moved_at = rules.turn_after(thread.opened_by, by), at
    _record(session, EventAction.THREAD_ANSWERED, thread, {"text": text}, by, at)
    return message_id


def resolve(session: Session, *, by: Actor, at: datetime, thread_id: int, text: str = "") -> None:
    """Nothing is left to ask; a last word may say why."""
    thread = _thread(session, thread_id)
    require_on_project(session, "threads.resolve", by, thread.project_id)
    open_project(session, thread.project_id)
    _refuse(rules.may_resolve(_fact(thread), by, project_roles(session, thread.project_id, by.key)))
    text = _tidy(text)
    if text:
        _say(session, thread, text, by, at)
    thread.state, thread.resolved_by, thread.resolved_at, thread.moved_at = "resolved", by.key, at, at
    _record(session, EventAction.THREAD_RESOLVED, thread, {"text": text}, by, at)


def reopen(session: Session, *, by: Actor, at: datetime, thread_id: int, text: str) -> None:
    """It was not resolved after all; says why."""
    thread = _thread(session, thread_id)
    require_on_project(session, "threads.reopen", by, thread.project_id)
    open_project(session, thread.project_id)
    _refuse(rules.may_reopen(_fact(thread), by, project_roles(session, thread.project_id, by.key)))
    text = _tidy(text, say("Say what is still open."))
    _say(session, thread, text, by, at)
    thread.state, thread.resolved_by, thread.resolved_at = "open", None, None
    thread.waits_for, thread.moved_at = rules.turn_after(thread.opened_by, by), at
    _record(session, EventAction.THREAD_REOPENED, thread, {"text": text}, by, at)


# ---------------------------------------------------------------- rows


def _thread(session: Session, thread_id: int) -> Thread:
    thread = session.get(Thread, thread_id)
    if thread is None:
        raise NotFound(say("question asked"), thread_id)
    return thread


def _fact(thread: Thread) -> ThreadFact:
    return ThreadFact(thread.opened_by, thread.state == "open", thread.waits_for)


def _refuse(blockers: tuple[Blocker, ...]) -> None:
    if blockers:
        raise Refused(*blockers)


def _tidy(text: str, required: str = "") -> str:
    text = clean_text(text)
    if len(text) > rules.LONGEST_MESSAGE:
        problem = say(
            "This is {count:,} characters long; at most {longest:,} can be kept.",
            count=len(text),
            longest=rules.LONGEST_MESSAGE,
        )
        raise Invalid({"text": problem})
    if required and not text:
        raise Invalid({"text": required})
    return text


def _say(session: Session, thread: Thread, text: str, by: Actor, at: datetime) -> int:
    message = ThreadMessage(
        project_id=thread.project_id, thread_id=thread.id or 0, text=text, at=at, by_key=by.key
    )
    session.add(message)
    session.flush()
    return message.id or 0


def _record(
    session: Session,
    action: EventAction,
    thread: Thread,
    detail: Mapping[str, object],
    by: Actor,
    at: datetime,
) -> None:
    record(
        session,
        chain=project_chain(thread.project_id),
        action=action,
        subject=f"thread:{thread.id}",
        detail={
            "field": f"{thread.field_id}@{thread.source_id}" if thread.source_id else thread.field_id,
            "asked_by": thread.opened_by,
            **detail,
        },
        by=by,
        at=at,
    )
