"""What happened, in words: in one project, or in all that one may read."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response

from lifecycle.queries import history
from lifecycle.queries.history import EventLine
from lifecycle.vocabulary import Gate
from lifecycle.web.api.asking import Reading
from lifecycle.web.api.shapes import Cursor, Limit, PageOf, ProjectKey, Shape, number_cursor, page

router = APIRouter(tags=["Events"])


class EventShape(Shape):
    """One event of the log. `before` and `after` are there for answers."""

    sequence: int
    at: datetime
    who: str
    action: str
    sentence: str
    field: str | None
    gate: Gate | None
    before: str | None
    after: str | None
    consequences: list[str]


class ActivityShape(EventShape):
    project: str


@router.get("/projects/{key}/events")
def list_events(
    asking: Reading,
    key: ProjectKey,
    request: Request,
    response: Response,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> PageOf[EventShape]:
    """The log of a project, newest first."""
    before = number_cursor(cursor)
    with asking.read() as session:
        found = history.events(
            session, by=asking.by, at=asking.at, guide=asking.guide, key=key, before=before, most=limit
        )
    shown = [EventShape(**_event(each)) for each in found.events]
    return page(PageOf[EventShape], request, response, shown, found.older)


@router.get("/events")
def list_activity(
    asking: Reading, request: Request, response: Response, limit: Limit = 50, cursor: Cursor = None
) -> PageOf[ActivityShape]:
    """The log of every project that you may read, newest first."""
    before = number_cursor(cursor)
    with asking.read() as session:
        found = history.activity(
            session, by=asking.by, at=asking.at, guide=asking.guide, before=before, most=limit
        )
    shown = [ActivityShape(project=each.project_key, **_event(each.event)) for each in found.lines]
    return page(PageOf[ActivityShape], request, response, shown, found.older)


def _event(line: EventLine) -> dict[str, Any]:
    return {
        "sequence": line.sequence,
        "at": line.at,
        "who": line.who,
        "action": line.action,
        "sentence": line.sentence,
        "field": line.place.key if line.place else None,
        "gate": line.gate,
        "before": line.before,
        "after": line.after,
        "consequences": list(line.consequences),
    }
