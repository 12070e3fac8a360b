"""Incidents and bugs of a project: the list, and one with its course, its readings and who may do what next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session, col

from lifecycle.errors import NotFound
from lifecycle.facts.editions import by_its_guide
from lifecycle.facts.people import project_roles
from lifecycle.facts.projects import load_facts, organisation_today
from lifecycle.guide import Guide
from lifecycle.language import say
from lifecycle.queries import projects
from lifecycle.queries.projects import ProjectHead
from lifecycle.queries.wording import NOT_PEOPLE, everybody
from lifecycle.rules.incidents import (
    IncidentKind,
    IncidentSeverity,
    IncidentState,
    escalations,
    fix_signers,
    may_sign_fix,
    may_take_step,
    time_to_detect,
    time_to_restore,
)
from lifecycle.rules.permissions import may
from lifecycle.rules.retold import retold
from lifecycle.store.tables import Firing, Incident, IncidentNote, Membership, Monitor
from lifecycle.vocabulary import Actor, Blocker

# What may be done with one: the permission it takes, and its step in rules.incidents; empty: at any time.
_STEPS: Mapping[str, tuple[str, str]] = {
    "take_on": ("incidents.acknowledge", "take_on"),
    "edit": ("incidents.edit", "edit"),
    "note": ("incidents.note", ""),
    "fix": ("incidents.resolve", "fix"),
    "close": ("incidents.close", "close"),
    "reopen": ("incidents.reopen", "reopen"),
}


@dataclass(frozen=True, slots=True)
class IncidentLine:
    """One incident as the list shows it."""

    id: int
    kind: IncidentKind
    title: str
    severity: IncidentSeverity
    state: IncidentState
    monitor_key: str | None
    monitor_name: str
    assignee: str
    started_at: datetime
    detected_at: datetime
    restored_at: datetime | None
    firings: int
    waits_too_long: bool

    @property
    def to_detect(self) -> timedelta:
        return time_to_detect(self.started_at, self.detected_at)

    @property
    def to_restore(self) -> timedelta | None:
        return time_to_restore(self.started_at, self.restored_at)


@dataclass(frozen=True, slots=True)
class IncidentsView:
    """`lines`: open ones first, the gravest on top; then the newest."""

    project_id: int
    project_key: str
    project_name: str
    lines: tuple[IncidentLine, ...]
    may_open: bool

    @property
    def going_on(self) -> int:
        return sum(line.state.goes_on for line in self.lines)


@dataclass(frozen=True, slots=True)
class NoteView:
    who: str
    at: datetime
    text: str
    is_by_product: bool


@dataclass(frozen=True, slots=True)
class FiredAt:
    """A reading at which the monitor fired, or the silence."""

    kind: str
    key: str
    at: datetime
    value: float | None
    limit: float | None
    holds: bool


@dataclass(frozen=True, slots=True)
class IncidentView:
    """One incident whole. `may` names the steps that this person may take now; `sign_blockers` why not sign."""

    line: IncidentLine
    project_key: str
    project_name: str
    model_version: str
    cause: str
    fix: str
    fixed_version: str
    fixed_at: datetime | None
    fixed_by: str
    signed_at: datetime | None
    signed_by: str
    lessons: str
    opened_by: str
    revision: int
    notes: tuple[NoteView, ...]
    fired_at: tuple[FiredAt, ...]
    may: frozenset[str]
    sign_blockers: tuple[Blocker, ...]
    signers: str
    people: Mapping[str, str]  # who may be given it: key to name


def of_project(session: Session, *, by: Actor, at: datetime, key: str) -> IncidentsView:
    """Every incident of a project. Raises NotFound for whoever may not read it."""
    head = projects.head(session, key=key, by=by, at=at)
    rows = session.execute(
        select(Incident).where(col(Incident.project_id) == head.id).order_by(col(Incident.id).desc())
    ).scalars()
    lines = _lines(session, list(rows), at)
    ordered = sorted(lines, key=lambda line: (not line.state.goes_on, line.state is IncidentState.CLOSED))
    going_on = sorted((line for line in ordered if line.state.goes_on), key=lambda line: line.severity.order)
    return IncidentsView(
        project_id=head.id,
        project_key=head.key,
        project_name=head.name,
        lines=(*going_on, *(line for line in ordered if not line.state.goes_on)),
        may_open=_is_open(head) and may("incidents.open", by, head.roles),
    )


@by_its_guide
def one(session: Session, *, by: Actor, at: datetime, guide: Guide, incident_id: int) -> IncidentView:
    """Raises NotFound also for whoever may not read its project."""
    row = session.get(Incident, incident_id)
    if row is None:
        raise NotFound(say("incident"), incident_id)
    try:
        head = projects.head(session, key=projects.key_of(session, project_id=row.project_id), by=by, at=at)
    except NotFound:
        raise NotFound(say("incident"), incident_id) from None
    names = everybody(session)
    facts = load_facts(session, head.id, today=organisation_today(session, at), guide=guide)
    state = IncidentState(row.state)
    roles = project_roles(session, head.id, by.key)
    blockers = may_sign_fix(facts, by, roles, state, row.fixed_by)
    allowed = {
        name
        for name, (permission, step) in _STEPS.items()
        if _is_open(head) and may(permission, by, roles) and not (step and may_take_step(step, state))
    }
    if _is_open(head) and may("incidents.sign_fix", by, roles) and not blockers:
        allowed.add("sign")
    return IncidentView(
        line=_lines(session, [row], at)[0],
        project_key=head.key,
        project_name=head.name,
        model_version=row.model_version,
        cause=row.cause,
        fix=row.fix,
        fixed_version=row.fixed_version,
        fixed_at=row.fixed_at,
        fixed_by=names.get(row.fixed_by or "", ""),
        signed_at=row.signed_at,
        signed_by=names.get(row.signed_by or "", ""),
        lessons=row.lessons,
        opened_by=names.get(row.opened_by, ""),
        revision=row.revision,
        notes=_notes(session, incident_id, names),
        fired_at=_fired_at(session, incident_id),
        may=frozenset(allowed),
        sign_blockers=blockers,
        signers=fix_signers(facts).words,
        people=_team(session, head.id, names),
    )


def _is_open(head: ProjectHead) -> bool:
    return head.archived_at is None and head.is_adopted


def _lines(session: Session, rows: list[Incident], at: datetime) -> list[IncidentLine]:
    ids = [row.id or 0 for row in rows]
    fired: dict[int, int] = dict(
        session.execute(
            select(col(Firing.incident_id), func.count())
            .where(col(Firing.incident_id).in_(ids))
            .group_by(col(Firing.incident_id))
        ).all()
    )
    monitors: dict[int, Any] = {
        row.id: row
        for row in session.execute(
            select(col(Monitor.id), col(Monitor.key), col(Monitor.name)).where(
                col(Monitor.id).in_({row.monitor_id for row in rows if row.monitor_id})
            )
        )
    }
    names = everybody(session)
    return [_line(row, fired, monitors.get(row.monitor_id or 0), names, at) for row in rows]


def _line(
    row: Incident, fired: Mapping[int, int], monitor: Any, names: Mapping[str, str], at: datetime
) -> IncidentLine:
    state, severity = IncidentState(row.state), IncidentSeverity(row.severity)
    kind = IncidentKind(row.kind)
    return IncidentLine(
        id=row.id or 0,
        kind=kind,
        title=retold(row.title) if kind in (IncidentKind.TRIGGER, IncidentKind.SILENCE) else row.title,
        severity=severity,
        state=state,
        monitor_key=monitor.key if monitor else None,
        monitor_name=monitor.name if monitor else "",
        assignee=names.get(row.assignee or "", ""),
        started_at=row.started_at,
        detected_at=row.detected_at,
        restored_at=row.restored_at,
        firings=fired.get(row.id or 0, 0),
        waits_too_long=state is IncidentState.OPEN and bool(escalations(row.opened_at, severity, at)),
    )


def _notes(session: Session, incident_id: int, names: Mapping[str, str]) -> tuple[NoteView, ...]:
    rows = session.execute(
        select(IncidentNote)
        .where(col(IncidentNote.incident_id) == incident_id)
        .order_by(col(IncidentNote.id))
    ).scalars()
    return tuple(
        NoteView(names.get(row.by_key, ""), row.at, _note_text(row), row.by_key in NOT_PEOPLE) for row in rows
    )


def _note_text(row: IncidentNote) -> str:
    return retold(row.text) if row.by_key in NOT_PEOPLE else row.text


def _fired_at(session: Session, incident_id: int) -> tuple[FiredAt, ...]:
    rows = session.execute(
        select(Firing).where(col(Firing.incident_id) == incident_id).order_by(col(Firing.at), col(Firing.id))
    ).scalars()
    return tuple(
        FiredAt(row.kind, row.key, row.at, row.value, row.bound, row.ended_at is None) for row in rows
    )


def _team(session: Session, project_id: int, names: Mapping[str, str]) -> dict[str, str]:
    keys = session.execute(
        select(col(Membership.person_key))
        .where(col(Membership.project_id) == project_id, col(Membership.ended_at).is_(None))
        .distinct()
    ).scalars()
    return dict(sorted(((key, names.get(key, key)) for key in keys), key=lambda item: item[1]))
