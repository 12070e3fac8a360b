"""Incidents and bugs: opened by people or by a trigger, taken on, fixed, signed, reviewed. Each step is an event."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlmodel import Session, col, select

from lifecycle.actions.projects import open_project
from lifecycle.actions.signing import facts_now, refuse, tidy
from lifecycle.errors import Conflict, Invalid, NotFound
from lifecycle.events import EventAction, project_chain, record
from lifecycle.facts.editions import by_its_guide
from lifecycle.facts.people import holders, project_roles, require_on_project
from lifecycle.guide import Guide
from lifecycle.language import say
from lifecycle.rules import incidents as rules
from lifecycle.rules.incidents import IncidentKind, IncidentSeverity, IncidentState
from lifecycle.store.tables import Incident, IncidentNote, PersonRow
from lifecycle.vocabulary import Actor

BY_PEOPLE = (IncidentKind.INCIDENT, IncidentKind.BUG)

# ---------------------------------------------------------------- opening


def open_incident(
    session: Session,
    *,
    by: Actor,
    at: datetime,
    project_id: int,
    title: str,
    kind: IncidentKind = IncidentKind.INCIDENT,
    severity: IncidentSeverity = IncidentSeverity.MAJOR,
    started_at: datetime | None = None,
    model_version: str = "",
    text: str = "",
) -> int:
    """Say that something is wrong; returns the incident's id. `started_at` is when it began, if that is known."""
    require_on_project(session, "incidents.open", by, project_id)
    open_project(session, project_id)
    if kind not in BY_PEOPLE:
        raise Invalid({"kind": say("Choose incident or bug; the others are opened by monitors.")})
    incident = new_incident(
        session,
        Incident(
            project_id=project_id,
            kind=kind.value,
            title=_tidy_title(title),
            severity=severity.value,
            model_version=_one_line("model version", model_version),
            started_at=_tidy_start(started_at, at),
            detected_at=at,
            opened_at=at,
            opened_by=by.key,
        ),
    )
    text = tidy("text", text)
    if text:
        add_note(session, incident, text, by, at)
    detail = {"title": incident.title, "kind": kind, "severity": severity, "text": text}
    _record(session, EventAction.INCIDENT_OPENED, incident, detail, by, at)
    return incident.id or 0


def new_incident(session: Session, incident: Incident) -> Incident:
    """Its row, without an event: for actions of which an incident is a consequence."""
    session.add(incident)
    session.flush()
    return incident


def add_note(session: Session, incident: Incident, text: str, by: Actor, moment: datetime) -> None:
    """Without an event, as `new_incident`."""
    session.add(
        IncidentNote(
            project_id=incident.project_id,
            incident_id=incident.id or 0,
            text=text,
            at=moment,
            by_key=by.key,
        )
    )


# ---------------------------------------------------------------- its course


def take_on(
    session: Session, *, by: Actor, at: datetime, incident_id: int, assignee: str | None = None
) -> None:
    """Somebody sees to it from now on: `by`, or whoever is named. Nobody else is told any more that it waits."""
    incident = _at_step(session, "incidents.acknowledge", "take_on", incident_id, by)
    who = assignee or by.key
    person = session.get(PersonRow, who)
    if person is None or not person.active:
        raise NotFound(say("person"), who)
    if not project_roles(session, incident.project_id, who):
        raise Invalid(
            {
                "assignee": say(
                    "{person} has no role on this project. Give them one first.", person=person.name
                )
            }
        )
    before = incident.assignee
    incident.assignee, incident.acknowledged_at = who, incident.acknowledged_at or at
    incident.state = IncidentState.WORKING.value
    incident.revision += 1
    detail = {"person": who, "before": before}
    _record(session, EventAction.INCIDENT_TAKEN_ON, incident, detail, by, at)


def edit(
    session: Session,
    *,
    by: Actor,
    at: datetime,
    incident_id: int,
    base: int,
    title: str,
    severity: IncidentSeverity,
    cause: str,
    model_version: str,
    started_at: datetime,
) -> None:
    """Say better what it is. `base` is the revision that was on the screen; the same words again change nothing."""
    incident = _at_step(session, "incidents.edit", "edit", incident_id, by)
    if incident.revision != base:
        raise Conflict(say("this incident"), base=base, found=incident.revision)
    after = {
        "title": _tidy_title(title),
        "severity": severity.value,
        "cause": tidy("cause", cause),
        "model_version": _one_line("model version", model_version),
        "started_at": _tidy_start(started_at, incident.detected_at),
    }
    before = {name: getattr(incident, name) for name in after}
    if before == after:
        return
    for name, value in after.items():
        setattr(incident, name, value)
    incident.revision += 1
    changed = {name: value for name, value in after.items() if before[name] != value}
    detail = {"before": {name: before[name] for name in changed}, "after": changed}
    _record(session, EventAction.INCIDENT_CHANGED, incident, detail, by, at)


def note(session: Session, *, by: Actor, at: datetime, incident_id: int, text: str) -> None:
    """Write down what was seen or done; notes stay as they are."""
    incident = _open_to(session, "incidents.note", incident_id, by)
    text = tidy("text", text, required=say("Write what was seen or done."))
    add_note(session, incident, text, by, at)
    _record(session, EventAction.INCIDENT_NOTED, incident, {"text": text}, by, at)


@by_its_guide
def record_fix(
    session: Session,
    *,
    by: Actor,
    at: datetime,
    guide: Guide,
    incident_id: int,
    cause: str,
    fix: str,
    fixed_version: str = "",
    restored_at: datetime | None = None,
) -> None:
    """Why it happened and what was done; it then waits for the signature that the release path asks for.

    `restored_at` is when people had right answers again, now if it is not given.
    """
    incident = _at_step(session, "incidents.resolve", "fix", incident_id, by)
    restored_at = restored_at or at
    if not incident.started_at <= restored_at <= at:
        raise Invalid({"restored": say("It was over after it began, and not later than now.")})
    incident.cause = tidy("cause", cause, required=say("Say why it happened."))
    incident.fix = tidy("fix", fix, required=say("Say what was done about it."))
    incident.fixed_version = _one_line("version", fixed_version)
    incident.fixed_at, incident.fixed_by, incident.restored_at = at, by.key, restored_at
    incident.assignee = incident.assignee or by.key
    incident.acknowledged_at = incident.acknowledged_at or at
    incident.state = IncidentState.FIXED.value
    incident.revision += 1
    detail = {
        "cause": incident.cause,
        "fix": incident.fix,
        "version": incident.fixed_version,
        "restored_at": restored_at,
        "signers": _signer_keys(session, incident, guide, at),
    }
    _record(session, EventAction.INCIDENT_FIXED, incident, detail, by, at)


@by_its_guide
def sign_fix(
    session: Session,
    *,
    by: Actor,
    at: datetime,
    guide: Guide,
    incident_id: int,
    accepted: bool = True,
    text: str = "",
) -> None:
    """Whoever the release path names signs the fix, or sends it back with a reason.

    Raises Refused with the blockers of `rules.incidents.may_sign_fix`.
    """
    incident = _open_to(session, "incidents.sign_fix", incident_id, by)
    refuse(
        rules.may_sign_fix(
            facts_now(session, incident.project_id, guide, at),
            by,
            project_roles(session, incident.project_id, by.key),
            IncidentState(incident.state),
            incident.fixed_by,
        )
    )
    required = "" if accepted else say("Say what the fix does not do.")
    text = tidy("text", text, required=required)
    if text:
        add_note(session, incident, text, by, at)
    if accepted:
        incident.state, incident.signed_at, incident.signed_by = IncidentState.SIGNED.value, at, by.key
    else:
        incident.state, incident.restored_at = IncidentState.WORKING.value, None
        incident.fixed_at = incident.fixed_by = None
    incident.revision += 1
    action = EventAction.INCIDENT_FIX_SIGNED if accepted else EventAction.INCIDENT_FIX_REFUSED
    _record(session, action, incident, {"text": text, "fix": incident.fix}, by, at)


def close(session: Session, *, by: Actor, at: datetime, incident_id: int, lessons: str) -> None:
    """The review afterwards: what was learned, and what will be done otherwise. Nothing is left to do then."""
    incident = _at_step(session, "incidents.close", "close", incident_id, by)
    incident.lessons = tidy(
        "lessons", lessons, required=say("Say what was learned and what will be done otherwise.")
    )
    incident.state, incident.closed_at, incident.closed_by = IncidentState.CLOSED.value, at, by.key
    incident.revision += 1
    _record(session, EventAction.INCIDENT_CLOSED, incident, {"lessons": incident.lessons}, by, at)


def reopen(session: Session, *, by: Actor, at: datetime, incident_id: int, reason: str) -> None:
    """It was not over: the fix and its signature no longer count, and stay in the log."""
    incident = _at_step(session, "incidents.reopen", "reopen", incident_id, by)
    reason = tidy("reason", reason, required=say("Say why it is not over."))
    add_note(session, incident, reason, by, at)
    before = {"state": incident.state, "signed_by": incident.signed_by, "restored_at": incident.restored_at}
    incident.state = IncidentState.WORKING.value
    incident.restored_at = incident.fixed_at = incident.signed_at = incident.closed_at = None
    incident.fixed_by = incident.signed_by = incident.closed_by = None
    incident.revision += 1
    _record(session, EventAction.INCIDENT_REOPENED, incident, {"reason": reason, "before": before}, by, at)


# ---------------------------------------------------------------- rows


def existing(session: Session, incident_id: int) -> Incident:
    incident = session.get(Incident, incident_id)
    if incident is None:
        raise NotFound(say("incident"), incident_id)
    return incident


def under_way(session: Session, monitor_id: int, kind: IncidentKind) -> Incident | None:
    """The incident of this monitor that is not mended yet, if there is one: further firings belong to it."""
    goes_on = [state.value for state in IncidentState if state.goes_on]
    return session.exec(
        select(Incident)
        .where(
            col(Incident.monitor_id) == monitor_id,
            col(Incident.kind) == kind.value,
            col(Incident.state).in_(goes_on),
        )
        .order_by(col(Incident.id).desc())
        .limit(1)
    ).first()


def _open_to(session: Session, action: str, incident_id: int, by: Actor) -> Incident:
    incident = existing(session, incident_id)
    require_on_project(session, action, by, incident.project_id)
    open_project(session, incident.project_id)
    return incident


def _at_step(session: Session, action: str, step: str, incident_id: int, by: Actor) -> Incident:
    incident = _open_to(session, action, incident_id, by)
    refuse(rules.may_take_step(step, IncidentState(incident.state)))
    return incident


def _signer_keys(session: Session, incident: Incident, guide: Guide, at: datetime) -> list[str]:
    """The people who may sign this fix, as far as they are known here."""
    signers = rules.fix_signers(facts_now(session, incident.project_id, guide, at))
    keys = {person.key for person in signers.people if person.key}
    names = [person.name for person in signers.people if not person.key]
    if names:
        keys |= set(session.exec(select(PersonRow.key).where(col(PersonRow.name).in_(names))))
    for role in signers.roles:
        keys |= set(holders(session, incident.project_id, role))
    return sorted(keys - {incident.fixed_by or ""})


# ---------------------------------------------------------------- what is given


def _tidy_title(title: str) -> str:
    return " ".join(
        tidy("title", title, rules.LONGEST_TITLE, required=say("Say in a few words what is wrong.")).split()
    )


def _one_line(place: str, text: str) -> str:
    return " ".join(tidy(place, text, rules.LONGEST_TITLE).split())


def _tidy_start(started_at: datetime | None, known_at: datetime) -> datetime:
    if started_at is None:
        return known_at
    if started_at > known_at:
        raise Invalid({"began": say("It cannot have begun after it was noticed.")})
    return started_at


def _record(
    session: Session,
    action: EventAction,
    incident: Incident,
    detail: Mapping[str, object],
    by: Actor,
    at: datetime,
) -> None:
    session.flush()
    record(
        session,
        chain=project_chain(incident.project_id),
        action=action,
        subject=f"incident:{incident.id}",
        detail={"incident": incident.id, "called": incident.title, "severity": incident.severity, **detail},
        by=by,
        at=at,
    )
