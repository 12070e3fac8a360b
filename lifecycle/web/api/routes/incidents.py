"""Incidents and bugs: opened, taken on, mended and closed. Signing a fix is for people."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Response
from pydantic import AwareDatetime, Field

from lifecycle.actions import incidents as actions
from lifecycle.queries import incidents
from lifecycle.queries.incidents import IncidentLine, IncidentView
from lifecycle.rules.incidents import IncidentKind, IncidentSeverity, IncidentState
from lifecycle.web.api.asking import Asking, Reading, WritingIncidents
from lifecycle.web.api.problems import Described, problem_response
from lifecycle.web.api.shapes import Given, Number, ProjectKey, Shape

router = APIRouter(tags=["Incidents"])
_REFUSED: Described = {409: problem_response("A rule says no")}
_TEXT = 100_000


class IncidentLineShape(Shape):
    """One incident as the list shows it. Lengths of time are in seconds."""

    id: int
    kind: IncidentKind
    title: str
    severity: IncidentSeverity
    state: IncidentState
    monitor: str | None
    assignee: str
    started_at: datetime
    detected_at: datetime
    restored_at: datetime | None
    seconds_to_detect: float
    seconds_to_restore: float | None
    firings: int
    waits_too_long: bool


class IncidentsShape(Shape):
    """Open ones first, the gravest on top; then the newest."""

    project: str
    items: list[IncidentLineShape]


class NoteShape(Shape):
    at: datetime
    who: str
    text: str


class FiredShape(Shape):
    key: str
    at: datetime
    value: float | None
    limit: float | None
    holds: bool


class IncidentShape(IncidentLineShape):
    """One incident whole. `may` names the steps that this token may take now."""

    project: str
    model_version: str
    cause: str
    fix: str
    fixed_version: str
    fixed_at: datetime | None
    fixed_by: str
    signed_at: datetime | None
    signed_by: str
    signers: str = Field(description="Who may sign the fix.")
    lessons: str
    opened_by: str
    revision: int
    notes: list[NoteShape]
    fired_at: list[FiredShape]
    may: list[str]


class NewIncident(Given):
    title: str = Field(max_length=_TEXT)
    kind: IncidentKind = Field(IncidentKind.INCIDENT, description="incident or bug.")
    severity: IncidentSeverity = IncidentSeverity.MAJOR
    started_at: AwareDatetime | None = Field(None, description="When it began, if that is known.")
    model_version: str = Field("", max_length=_TEXT)
    text: str = Field("", max_length=_TEXT)


class GivenText(Given):
    text: str = Field(max_length=_TEXT)


class GivenFix(Given):
    cause: str = Field(max_length=_TEXT, description="Why it happened.")
    fix: str = Field(max_length=_TEXT, description="What was done about it.")
    fixed_version: str = Field("", max_length=_TEXT)
    restored_at: AwareDatetime | None = Field(None, description="When answers were right again; else now.")


@router.get("/projects/{key}/incidents")
def list_incidents(asking: Reading, key: ProjectKey) -> IncidentsShape:
    """Every incident and bug of a project."""
    with asking.read() as session:
        found = incidents.of_project(session, by=asking.by, at=asking.at, key=key)
    return IncidentsShape(project=key, items=[IncidentLineShape(**_line(each)) for each in found.lines])


@router.post("/projects/{key}/incidents", status_code=201, responses=_REFUSED)
def open_incident(
    asking: WritingIncidents, key: ProjectKey, given: NewIncident, response: Response
) -> IncidentShape:
    """Say that something is wrong."""
    with asking.write() as session:
        head = asking.project(session, key)
        told = given.model_dump() | {"started_at": _utc(given.started_at)}
        number = actions.open_incident(session, by=asking.by, at=asking.at, project_id=head.id, **told)
        made = _whole(session, asking, number)
    response.headers["Location"] = f"/api/v1/incidents/{number}"
    return made


@router.get("/incidents/{incident}")
def read_incident(asking: Reading, incident: Number) -> IncidentShape:
    """One incident with its notes, and the readings at which its monitor fired."""
    with asking.read() as session:
        return _whole(session, asking, incident)


@router.post("/incidents/{incident}/take-on", responses=_REFUSED)
def take_on_incident(asking: WritingIncidents, incident: Number) -> IncidentShape:
    """The person of the token sees to it from now on."""
    return _step(asking, incident, actions.take_on)


@router.post("/incidents/{incident}/notes", responses=_REFUSED)
def note_incident(asking: WritingIncidents, incident: Number, given: GivenText) -> IncidentShape:
    """Write down what was seen or done; notes stay as they are."""
    return _step(asking, incident, actions.note, text=given.text)


@router.post("/incidents/{incident}/fix", responses=_REFUSED)
def fix_incident(asking: WritingIncidents, incident: Number, given: GivenFix) -> IncidentShape:
    """Why it happened and what was done. It then waits for a signature, if the release path asks for one."""
    told = given.model_dump() | {"restored_at": _utc(given.restored_at)}
    return _step(asking, incident, actions.record_fix, guide=asking.guide, **told)


@router.post("/incidents/{incident}/close", responses=_REFUSED)
def close_incident(asking: WritingIncidents, incident: Number, given: GivenText) -> IncidentShape:
    """What was learned, and what will be done otherwise."""
    return _step(asking, incident, actions.close, lessons=given.text)


@router.post("/incidents/{incident}/reopen", responses=_REFUSED)
def reopen_incident(asking: WritingIncidents, incident: Number, given: GivenText) -> IncidentShape:
    """It was not over."""
    return _step(asking, incident, actions.reopen, reason=given.text)


def _step(asking: Asking, incident: int, action: Callable[..., None], **told: Any) -> IncidentShape:
    """Raises NotFound before anything else for whoever may not read the project."""
    with asking.write() as session:
        _whole(session, asking, incident)
        action(session, by=asking.by, at=asking.at, incident_id=incident, **told)
        return _whole(session, asking, incident)


def _utc(moment: datetime | None) -> datetime | None:
    return moment.astimezone(UTC) if moment else None


def _whole(session: Any, asking: Asking, incident: int) -> IncidentShape:
    session.flush()
    view: IncidentView = incidents.one(
        session, by=asking.by, at=asking.at, guide=asking.guide, incident_id=incident
    )
    same = {
        name: getattr(view, name)
        for name in IncidentShape.model_fields
        if name in IncidentView.__dataclass_fields__ and name not in ("notes", "fired_at", "may", "line")
    }
    return IncidentShape(
        **_line(view.line),
        **same,
        project=view.project_key,
        notes=[NoteShape(at=each.at, who=each.who, text=each.text) for each in view.notes],
        fired_at=[
            FiredShape(key=each.key, at=each.at, value=each.value, limit=each.limit, holds=each.holds)
            for each in view.fired_at
        ],
        may=sorted(view.may),
    )


def _line(line: IncidentLine) -> dict[str, Any]:
    restored = line.to_restore
    return {
        **{name: getattr(line, name) for name in IncidentLineShape.model_fields if hasattr(line, name)},
        "monitor": line.monitor_key,
        "seconds_to_detect": line.to_detect.total_seconds(),
        "seconds_to_restore": restored.total_seconds() if restored is not None else None,
    }
