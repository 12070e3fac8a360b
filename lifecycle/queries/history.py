"""What happened in a project, in words: events newest first, the versions of an answer, signature records."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from textwrap import shorten
from typing import Any

from sqlalchemy import String, and_, cast, literal, or_, select, tuple_
from sqlmodel import Session, col

from lifecycle.events import EventAction, project_chain
from lifecycle.facts.editions import by_its_guide
from lifecycle.facts.known import known_facts
from lifecycle.facts.projects import organisation_today
from lifecycle.guide import Guide
from lifecycle.queries import projects, records, tokens
from lifecycle.queries.records import SignatureView
from lifecycle.queries.wording import NO_ANSWER, Place, Wording, all_names
from lifecycle.rules.monitors import number_text
from lifecycle.rules.project_facts import ProjectFacts
from lifecycle.rules.releases import Move
from lifecycle.store.tables import Answer, Event, Project
from lifecycle.vocabulary import Actor, Decision, Gate, Outcome, ProjectStatus, Role, Stage

LONGEST_WORDS = 160  # of what somebody wrote, in one line of the activity

PAGE = 50


@dataclass(frozen=True, slots=True)
class EventLine:
    """One event in words. `before` and `after` are there for answers; `place` and `gate` lead to its page."""

    sequence: int
    at: datetime
    who: str
    action: str
    sentence: str
    place: Place | None = None
    gate: Gate | None = None
    before: str | None = None
    after: str | None = None
    consequences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """`older` is what to pass as `before` for the next page; None on the last."""

    events: tuple[EventLine, ...]
    older: int | None


@dataclass(frozen=True, slots=True)
class ActivityLine:
    """One event of some project."""

    id: int
    project_key: str
    project_name: str
    event: EventLine


@dataclass(frozen=True, slots=True)
class ActivityPage:
    """`older` is what to pass as `before` for the next page; None on the last."""

    lines: tuple[ActivityLine, ...]
    older: int | None


@dataclass(frozen=True, slots=True)
class AnswerChange:
    """One version of an answer, beside the one before."""

    answer_id: int
    revision: int
    at: datetime
    who: str
    method: str
    before: str
    after: str
    restored_from: int | None


@by_its_guide
def events(
    session: Session,
    *,
    by: Actor,
    at: datetime,
    guide: Guide,
    key: str,
    before: int | None = None,
    most: int = PAGE,
) -> HistoryPage:
    """The events of a project, newest first, older than the one with sequence `before`. Raises NotFound."""
    head = projects.head(session, key=key, by=by, at=at)
    wording = _wording(session, head.id, guide, at)
    newest = select(Event).where(col(Event.chain) == project_chain(head.id))
    if before is not None:
        newest = newest.where(col(Event.sequence) < before)
    rows = list(session.execute(newest.order_by(col(Event.sequence).desc()).limit(most + 1)).scalars())
    shown = rows[:most]
    details = [json.loads(row.detail) for row in shown]
    versions = _versions(session, [detail.get("answer") for detail in details], wording)
    programs = _programs(session, details)
    lines = tuple(
        _line(row, detail, wording, versions, programs) for row, detail in zip(shown, details, strict=True)
    )
    return HistoryPage(lines, shown[-1].sequence if len(rows) > most else None)


def activity(
    session: Session,
    *,
    by: Actor,
    at: datetime,
    guide: Guide,
    before: int | None = None,
    most: int = PAGE,
) -> ActivityPage:
    """The events of all projects that this person may read, newest first, older than the event with id `before`."""
    chain = literal("project:") + cast(col(Project.id), String)
    newest = select(Event, Project).join(Project, col(Event.chain) == chain)
    newest = newest.where(col(Project.id).in_(projects.readable_ids(by)))
    if before is not None:
        moment = select(col(Event.at)).where(col(Event.id) == before).scalar_subquery()
        newest = newest.where(tuple_(col(Event.at), col(Event.id)) < tuple_(moment, literal(before)))
    # By their time: the events of an example or of a brought-in project were written later than they happened.
    rows = list(session.execute(newest.order_by(col(Event.at).desc(), col(Event.id).desc()).limit(most + 1)))
    wording = Wording(ProjectFacts(today=organisation_today(session, at)), guide, all_names(session))
    details = [json.loads(row.detail) for row, _ in rows[:most]]
    programs = _programs(session, details)
    lines = [
        ActivityLine(row.id or 0, project.key, project.name, _line(row, detail, wording, {}, programs))
        for (row, project), detail in zip(rows[:most], details, strict=True)
    ]
    return ActivityPage(tuple(lines), lines[-1].id if len(rows) > most else None)


@by_its_guide
def answer_changes(
    session: Session, *, by: Actor, at: datetime, guide: Guide, key: str, field_id: str, source_id: int = 0
) -> tuple[AnswerChange, ...]:
    """Every version of one answer in words, newest first. Raises NotFound."""
    head = projects.head(session, key=key, by=by, at=at)
    wording = _wording(session, head.id, guide, at)
    rows = session.execute(
        select(Answer)
        .where(
            col(Answer.project_id) == head.id,
            col(Answer.field_id) == field_id,
            col(Answer.source_id) == source_id,
        )
        .order_by(col(Answer.revision))
    ).scalars()
    changes: list[AnswerChange] = []
    for row in rows:
        changes.append(
            AnswerChange(
                answer_id=row.id or 0,
                revision=row.revision,
                at=row.at,
                who=wording.person(row.by_key),
                method=row.method,
                before=changes[-1].after if changes else NO_ANSWER,
                after=_words(row, wording),
                restored_from=row.restored_from,
            )
        )
    return tuple(reversed(changes))


@by_its_guide
def signatures(
    session: Session, *, by: Actor, at: datetime, guide: Guide, key: str
) -> tuple[SignatureView, ...]:
    """Every signature record of a project, newest first. Raises NotFound."""
    head = projects.head(session, key=key, by=by, at=at)
    return tuple(reversed(records.signatures(session, head.id, _wording(session, head.id, guide, at))))


def _wording(session: Session, project_id: int, guide: Guide, at: datetime) -> Wording:
    facts = known_facts(session, project_id, guide=guide, today=organisation_today(session, at))
    return Wording(facts, guide, all_names(session))


# ---------------------------------------------------------------- answers


def _words(row: Answer, wording: Wording) -> str:
    """A question that the guide dropped has no shape any more; its stored text stands for itself."""
    return wording.version(row) if row.field_id in wording.guide.fields else row.value or NO_ANSWER


def _versions(
    session: Session, answer_ids: Iterable[int | None], wording: Wording
) -> Mapping[int, tuple[str, str]]:
    """Before and after of these versions, by answer id: two statements."""
    ids = [answer_id for answer_id in answer_ids if answer_id]
    rows = list(session.execute(select(Answer).where(col(Answer.id).in_(ids))).scalars())
    wanted = [
        and_(
            col(Answer.project_id) == row.project_id,
            col(Answer.source_id) == row.source_id,
            col(Answer.field_id) == row.field_id,
            col(Answer.revision) == row.revision - 1,
        )
        for row in rows
    ]
    earlier = session.execute(select(Answer).where(or_(*wanted))).scalars() if wanted else ()
    known = {(row.source_id, row.field_id, row.revision): _words(row, wording) for row in earlier}
    return {
        row.id or 0: (
            known.get((row.source_id, row.field_id, row.revision - 1), NO_ANSWER),
            _words(row, wording),
        )
        for row in rows
    }


# ---------------------------------------------------------------- sentences


def _programs(session: Session, details: Iterable[Mapping[str, Any]]) -> Mapping[int, str]:
    """The names of the tokens with which programs did some of this, by their number."""
    return tokens.names(
        session, {detail["token"] for detail in details if isinstance(detail.get("token"), int)}
    )


def _who(row: Event, detail: Mapping[str, Any], wording: Wording, programs: Mapping[int, str]) -> str:
    person = wording.person(row.actor_key)
    return (
        f"{person} (token “{programs.get(detail.get('token', 0), '')}”)"
        if row.actor_kind == "token"
        else person
    )


def _line(
    row: Event,
    detail: dict[str, Any],
    wording: Wording,
    versions: Mapping[int, tuple[str, str]],
    programs: Mapping[int, str],
) -> EventLine:
    told = _Told(row.subject, detail, wording)
    say = _SENTENCES.get(row.action)
    change = versions.get(int(detail.get("answer") or 0), (None, None))
    return EventLine(
        sequence=row.sequence,
        at=datetime.fromisoformat(row.at),
        who=_who(row, detail, wording, programs),
        action=row.action,
        sentence=say(told) if say else row.action.replace("_", " ").replace(".", ": "),
        place=told.place,
        gate=told.gate,
        before=change[0],
        after=change[1],
        consequences=tuple(told.consequences()),
    )


@dataclass(frozen=True)
class _Told:
    """One event's subject and detail, with its parts in words."""

    subject: str
    detail: Mapping[str, Any]
    wording: Wording

    @property
    def place(self) -> Place | None:
        key = self.said("field") if self.subject.startswith("thread:") else self.subject
        field_id = key.partition("@")[0]
        return self.wording.place(key) if field_id in self.wording.guide.fields else None

    @property
    def words(self) -> str:
        """The beginning of what somebody wrote: a line of the activity is no place for all of it."""
        return shorten(self.said("text"), LONGEST_WORDS, placeholder="…")

    @property
    def field(self) -> str:
        return self.place.title if self.place else self.said("field")

    @property
    def gate(self) -> Gate | None:
        name = self.detail.get("gate") or (self.subject[5:] if self.subject.startswith("gate:") else None)
        return Gate(name) if name in set(Gate) else None

    @property
    def where(self) -> str:
        return f"at the {self.gate.title} gate" if self.gate else "in this project"

    @property
    def role(self) -> str:
        name = self.detail.get("role")
        return Role(name).title if name in set(Role) else str(name or "")

    @property
    def title(self) -> str:
        return self.place.title if self.place else self.subject

    @property
    def check(self) -> str:
        check_id = self.subject.removeprefix("check:")
        known = self.wording.guide.checks_by_id.get(check_id)
        return f"{check_id} ({known.title})" if known else check_id

    def person(self, name: str = "person") -> str:
        key = str(self.detail.get(name) or self.subject.removeprefix("person:"))
        return self.wording.person(key)

    def said(self, name: str) -> str:
        return str(self.detail.get(name) or "")

    @property
    def restored(self) -> str:
        """Which version it was; older events only tell its row."""
        revision = self.said("restored_revision")
        return f"version {revision} of the" if revision else "an earlier"

    def consequences(self) -> Iterable[str]:
        for name, one, many in (
            ("sign_offs_gone_stale", "1 sign-off became stale.", "{} sign-offs became stale."),
            ("sign_offs_valid_again", "1 sign-off holds again.", "{} sign-offs hold again."),
            ("reviews_closed", "1 open request was closed.", "{} open requests were closed."),
            ("conditions_withdrawn", "1 condition was withdrawn.", "{} conditions were withdrawn."),
            ("conditions", "It set 1 condition.", "It set {} conditions."),
            (
                "reviews_asked",
                "The Operate review was asked for again.",
                "The Operate reviews were asked for again.",
            ),
            (
                "no_longer_fires_at",
                "1 firing no longer follows from the readings.",
                "{} firings no longer follow.",
            ),
        ):
            number = len(self.detail.get(name) or ())
            if number:
                yield one if number == 1 else many.format(number)
        if self.detail.get("incident_opened"):
            yield "An incident was opened."
        if self.said("reason"):
            yield f"Reason: {self.said('reason')}"


def _decided(told: _Told) -> str:
    return f"{told.role}: {Decision(told.said('decision')).title.lower()}, {told.where}"


def _outcome(told: _Told) -> str:
    gate = told.gate.title if told.gate else ""
    sentence = f"Gate {gate}: {Outcome(told.said('outcome')).title.lower()}"
    after = told.detail.get("after") or {}
    if after.get("status") == ProjectStatus.RETIRED:
        return f"{sentence}; the product is retired"
    stage = after.get("stage")
    return f"{sentence}; the project is in {Stage(stage).title}" if stage else sentence


def _asked(told: _Told) -> str:
    due = f", by {told.said('due_on')}" if told.detail.get("due_on") else ""
    return f"Asked {told.person()} to review as {told.role} {told.where}{due}"


def _target(told: _Told) -> str:
    gate = told.gate.title if told.gate else ""
    before, after = told.said("before"), told.said("after")
    if not after:
        return f"Took back the target date of the {gate} gate ({before})"
    return (
        f"Moved the {gate} gate from {before} to {after}"
        if before
        else f"Planned the {gate} gate for {after}"
    )


def _targets(told: _Told) -> str:
    after: Mapping[str, str] = told.detail.get("after") or {}
    return "Planned " + ", ".join(f"{Gate(gate).title} for {day}" for gate, day in after.items())


def _edited(told: _Told) -> str:
    before, after = told.detail.get("before") or {}, told.detail.get("after") or {}
    changed = [name for name, value in after.items() if before.get(name) != value]
    return f"Changed the project's {', '.join(changed) or 'entry'}"


def _pushed(told: _Told) -> str:
    stored, refused = int(told.detail.get("stored") or 0), int(told.detail.get("refused") or 0)
    count = "1 reading" if stored == 1 else f"{stored:,} readings"
    parts = [f"Pushed {count} of “{told.said('name')}”"]
    parts += [f"{refused:,} could not be read"] if refused else []
    return _with_firings(", ".join(parts), told)


def _corrected(told: _Told) -> str:
    before, after = (told.detail.get(name) for name in ("before", "after"))
    said = f"Corrected “{told.said('name')}” at {told.said('key')} from {number_text(before)} to {number_text(after)}"
    return _with_firings(said, told)


def _with_firings(sentence: str, told: _Told) -> str:
    fires_at = told.detail.get("fires_at") or []
    if not fires_at:
        return sentence
    more = f" and {len(fires_at) - 1:,} more" if len(fires_at) > 1 else ""
    return f"{sentence}; it fired at {fires_at[0]}{more}"


def _plan_taken_over(told: _Told) -> str:
    names: Mapping[str, str] = told.detail.get("monitors") or {}
    return "Took over from the monitoring plan: " + ", ".join(f"“{name}”" for name in names.values())


def _stepped(told: _Told) -> str:
    move = Move(told.said("move"))
    share = f"{told.said('share')} % of the traffic"
    where = {Move.SHARE: share, Move.FULL: "everybody", Move.CANARY: "a few users", Move.SHADOW: "shadow"}[
        move
    ]
    return f"Brought {told.said('what')} to {where}{_measured_against(told)}"


def _measured_against(told: _Told) -> str:
    """The monitors that take its test results as their baseline."""
    count = len(told.detail.get("baselines") or ())
    many = f"{count} monitors are" if count > 1 else "a monitor is"
    return f"; {many} measured against its test results from now on" if count else ""


def _rolled_back(told: _Told) -> str:
    back = told.said("back_to")
    after = f"; {back} serves again" if back else "; the fallback serves"
    return f"Rolled {told.said('what')} back{after}, restored in {told.said('restored_in')}"


_SENTENCES: Mapping[str, Callable[[_Told], str]] = {
    EventAction.PROJECT_REGISTERED: lambda told: f"Registered the project “{told.said('name')}”",
    EventAction.PROJECT_EDITED: _edited,
    EventAction.PROJECT_ARCHIVED: lambda told: "Archived the project",
    EventAction.PROJECT_RESTORED: lambda told: "Brought the project back",
    EventAction.PROJECT_ADOPTED: lambda told: "Adopted the project from its register",
    EventAction.PROJECT_GUIDE_UPGRADED: lambda told: (
        f"Moved the project from version {told.said('from')} of the guide to version {told.said('to')}"
    ),
    EventAction.PROJECT_COPIED: lambda told: (
        f"Began the project “{told.said('name')}” as a copy of “{told.said('from_name')}”"
    ),
    EventAction.PROJECT_MERGED: lambda told: (
        f"Merged it into “{told.said('into_name')}”: it is the same product"
    ),
    EventAction.ROLE_GIVEN: lambda told: f"Made {told.person('nobody')} {told.role}",
    EventAction.ROLE_ENDED: lambda told: f"Ended {told.person('nobody')}'s role as {told.role}",
    EventAction.ANSWER_SAVED: lambda told: f"Answered {told.title}",
    EventAction.ANSWER_CLEARED: lambda told: f"Cleared the answer to {told.title}",
    EventAction.ANSWER_RESTORED: lambda told: f"Put back {told.restored} answer to {told.title}",
    EventAction.THREAD_OPENED: lambda told: f"Asked about {told.field}: {told.words}",
    EventAction.THREAD_ANSWERED: lambda told: f"Answered a question about {told.field}: {told.words}",
    EventAction.THREAD_RESOLVED: lambda told: f"Resolved a question about {told.field}",
    EventAction.THREAD_REOPENED: lambda told: f"Opened a question about {told.field} again: {told.words}",
    EventAction.SOURCE_ADDED: lambda told: (
        "Brought back a data source"
        if told.detail.get("restored")
        else f"Added the data source “{told.said('name')}”"
    ),
    EventAction.SOURCE_RENAMED: lambda told: (
        f"Renamed the data source “{told.said('before')}” to “{told.said('after')}”"
    ),
    EventAction.SOURCE_REMOVED: lambda told: "Removed a data source",
    EventAction.SOURCE_TAKEN: lambda told: (
        f"Took over the data source “{told.said('name')}” from “{told.said('from_name')}”"
    ),
    EventAction.SOURCE_FOLLOWED: lambda told: (
        f"Looked at what changed in “{told.said('from_name')}” in the data source “{told.said('name')}”"
    ),
    EventAction.REVIEW_REQUESTED: _asked,
    EventAction.REVIEW_WITHDRAWN: lambda told: (
        f"Took back the request to {told.person()} ({told.role}) {told.where}"
    ),
    EventAction.REVIEW_REASSIGNED: lambda told: (
        f"Asked {told.person()} instead of {told.person('from')} to review as {told.role} {told.where}"
    ),
    EventAction.REVIEW_HANDED_OVER: lambda told: (
        f"Handed the review as {told.role} over to {told.person()} {told.where}"
    ),
    EventAction.SIGN_OFF_RECORDED: lambda told: (
        f"{_decided(told)}, for {told.person('for')}" if told.detail.get("for") else _decided(told)
    ),
    EventAction.SIGN_OFF_AFFIRMED: lambda told: f"{_decided(told)}; affirmed again",
    EventAction.CHANGE_ANSWERED: lambda told: (
        f"Answered the change that {told.role} asked for on {told.title}"
    ),
    EventAction.SIGN_OFF_WITHDRAWN: lambda told: f"{told.role}: took a decision back, {told.where}",
    EventAction.SIGN_OFF_INVALIDATED: lambda told: f"A sign-off became stale {told.where}",
    EventAction.CONDITION_ADDED: lambda told: f"Set a condition {told.where}: {told.said('text')}",
    EventAction.CONDITION_MET: lambda told: f"Met a condition {told.where}: {told.said('proof')}",
    EventAction.CONDITION_REOPENED: lambda told: f"Opened a condition again {told.where}",
    EventAction.CONDITION_WITHDRAWN: lambda told: f"Withdrew a condition {told.where}",
    EventAction.CHECK_WAIVED: lambda told: (
        f"Waived {told.check} until {told.said('expires_on')}: {told.said('mitigation')}"
    ),
    EventAction.WAIVER_REVOKED: lambda told: f"Revoked the waiver of {told.check}",
    EventAction.WARNING_REASONED: lambda told: f"Gave a reason for going on despite {told.check}",
    EventAction.GATE_DECIDED: _outcome,
    EventAction.TIER_CHOSEN: lambda told: (
        f"Chose tier {told.subject.removeprefix('tier:')} where the points propose {told.said('proposed')}"
    ),
    EventAction.RELEASE_CREATED: lambda told: f"Made {told.said('what')} ready to go live",
    EventAction.RELEASE_STEPPED: _stepped,
    EventAction.RELEASE_ROLLED_BACK: _rolled_back,
    EventAction.RELEASE_WITHDRAWN: lambda told: f"Withdrew {told.said('what')}",
    EventAction.TARGET_DATE_SET: _target,
    EventAction.TARGET_DATES_SET: _targets,
    EventAction.EVIDENCE_ADDED: lambda told: f"Added the document “{told.said('title')}”",
    EventAction.EVIDENCE_REVISED: lambda told: (
        f"Replaced the document “{told.said('title')}” (revision {told.said('revision')})"
    ),
    EventAction.EVIDENCE_EXPIRY_SET: lambda told: (
        f"Said until when the document “{told.said('title')}” is valid: {told.said('after') or 'without end'}"
    ),
    EventAction.EVIDENCE_RESTORED: lambda told: f"Put the document “{told.said('title')}” back",
    EventAction.MONITOR_ADDED: lambda told: f"Added the monitor “{told.said('name')}”",
    EventAction.MONITORS_PLANNED: _plan_taken_over,
    EventAction.MONITOR_CHANGED: lambda told: f"Changed the monitor {told.said('monitor')}",
    EventAction.MONITOR_PAUSED: lambda told: f"Paused the monitor {told.said('monitor')}",
    EventAction.MONITOR_RESUMED: lambda told: f"Switched the monitor {told.said('monitor')} on again",
    EventAction.MONITOR_RETIRED: lambda told: f"Retired the monitor {told.said('monitor')}",
    EventAction.MONITOR_SILENT: lambda told: f"No readings of “{told.said('name')}” came for too long",
    EventAction.READINGS_PUSHED: _pushed,
    EventAction.READING_CORRECTED: _corrected,
    EventAction.INCIDENT_OPENED: lambda told: f"Opened an incident: {told.said('called')}",
    EventAction.INCIDENT_TAKEN_ON: lambda told: f"Gave {told.person()} the incident: {told.said('called')}",
    EventAction.INCIDENT_CHANGED: lambda told: f"Changed what an incident says: {told.said('called')}",
    EventAction.INCIDENT_NOTED: lambda told: f"Wrote about an incident, {told.said('called')}: {told.words}",
    EventAction.INCIDENT_FIXED: lambda told: f"Recorded a fix: {told.said('called')}",
    EventAction.INCIDENT_FIX_SIGNED: lambda told: f"Signed the fix: {told.said('called')}",
    EventAction.INCIDENT_FIX_REFUSED: lambda told: f"Sent a fix back: {told.said('called')}",
    EventAction.INCIDENT_CLOSED: lambda told: f"Closed an incident: {told.said('called')}",
    EventAction.INCIDENT_REOPENED: lambda told: f"Opened an incident again: {told.said('called')}",
    EventAction.EVIDENCE_REMOVED: lambda told: f"Removed the document “{told.said('title')}”",
}
