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
from lifecycle.language import say
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
        say("{person} (token “{get}”)", person=person, get=programs.get(detail.get("token", 0), ""))
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
        return say("at the {gate} gate", gate=self.gate.title) if self.gate else say("in this project")

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
        return say("version {revision} of the", revision=revision) if revision else say("an earlier")

    def consequences(self) -> Iterable[str]:
        for name, one, many in (
            ("sign_offs_gone_stale", say("1 sign-off became stale."), say("{} sign-offs became stale.")),
            ("sign_offs_valid_again", say("1 sign-off holds again."), say("{} sign-offs hold again.")),
            ("reviews_closed", say("1 open request was closed."), say("{} open requests were closed.")),
            ("conditions_withdrawn", say("1 condition was withdrawn."), say("{} conditions were withdrawn.")),
            ("conditions", say("It set 1 condition."), say("It set {} conditions.")),
            (
                "reviews_asked",
                say("The Operate review was asked for again."),
                say("The Operate reviews were asked for again."),
            ),
            (
                "no_longer_fires_at",
                say("1 firing no longer follows from the readings."),
                say("{} firings no longer follow."),
            ),
        ):
            number = len(self.detail.get(name) or ())
            if number:
                yield one if number == 1 else many.format(number)
        if self.detail.get("incident_opened"):
            yield say("An incident was opened.")
        if self.said("reason"):
            yield say("Reason: {said}", said=self.said("reason"))


def _decided(told: _Told) -> str:
    return f"{told.role}: {Decision(told.said('decision')).title.lower()}, {told.where}"


def _outcome(told: _Told) -> str:
    gate = told.gate.title if told.gate else ""
    sentence = say("Gate {gate}: {title}", gate=gate, title=Outcome(told.said("outcome")).title.lower())
    after = told.detail.get("after") or {}
    if after.get("status") == ProjectStatus.RETIRED:
        return say("{sentence}; the product is retired", sentence=sentence)
    stage = after.get("stage")
    return (
        say("{sentence}; the project is in {title}", sentence=sentence, title=Stage(stage).title)
        if stage
        else sentence
    )


def _asked(told: _Told) -> str:
    due = say(", by {said}", said=told.said("due_on")) if told.detail.get("due_on") else ""
    return say(
        "Asked {person} to review as {role} {where}{due}",
        person=told.person(),
        role=told.role,
        where=told.where,
        due=due,
    )


def _target(told: _Told) -> str:
    gate = told.gate.title if told.gate else ""
    before, after = told.said("before"), told.said("after")
    if not after:
        return say("Took back the target date of the {gate} gate ({before})", gate=gate, before=before)
    return (
        say("Moved the {gate} gate from {before} to {after}", gate=gate, before=before, after=after)
        if before
        else say("Planned the {gate} gate for {after}", gate=gate, after=after)
    )


def _targets(told: _Told) -> str:
    after: Mapping[str, str] = told.detail.get("after") or {}
    return say("Planned ") + ", ".join(f"{Gate(gate).title} for {day}" for gate, day in after.items())


def _edited(told: _Told) -> str:
    before, after = told.detail.get("before") or {}, told.detail.get("after") or {}
    changed = [name for name, value in after.items() if before.get(name) != value]
    return say("Changed the project's {changed}", changed=", ".join(changed) or "entry")


def _pushed(told: _Told) -> str:
    stored, refused = int(told.detail.get("stored") or 0), int(told.detail.get("refused") or 0)
    count = say("1 reading") if stored == 1 else f"{stored:,} readings"
    parts = [say("Pushed {count} of “{said}”", count=count, said=told.said("name"))]
    parts += [say("{refused:,} could not be read", refused=refused)] if refused else []
    return _with_firings(", ".join(parts), told)


def _corrected(told: _Told) -> str:
    before, after = (told.detail.get(name) for name in ("before", "after"))
    said = say(
        "Corrected “{said}” at {said_2} from {number_text} to {number_text_2}",
        said=told.said("name"),
        said_2=told.said("key"),
        number_text=number_text(before),
        number_text_2=number_text(after),
    )
    return _with_firings(said, told)


def _with_firings(sentence: str, told: _Told) -> str:
    fires_at = told.detail.get("fires_at") or []
    if not fires_at:
        return sentence
    more = say(" and {fires_at_count:,} more", fires_at_count=len(fires_at) - 1) if len(fires_at) > 1 else ""
    return say("{sentence}; it fired at {fires_at}{more}", sentence=sentence, fires_at=fires_at[0], more=more)


def _plan_taken_over(told: _Told) -> str:
    names: Mapping[str, str] = told.detail.get("monitors") or {}
    return say("Took over from the monitoring plan: ") + ", ".join(f"“{name}”" for name in names.values())


def _stepped(told: _Told) -> str:
    move = Move(told.said("move"))
    share = say("{said} % of the traffic", said=told.said("share"))
    where = {
        Move.SHARE: share,
        Move.FULL: "everybody",
        Move.CANARY: say("a few users"),
        Move.SHADOW: "shadow",
    }[move]
    return say(
        "Brought {said} to {where}{measured_against}",
        said=told.said("what"),
        where=where,
        measured_against=_measured_against(told),
    )


def _measured_against(told: _Told) -> str:
    """The monitors that take its test results as their baseline."""
    count = len(told.detail.get("baselines") or ())
    many = say("{count} monitors are", count=count) if count > 1 else say("a monitor is")
    return say("; {many} measured against its test results from now on", many=many) if count else ""


def _rolled_back(told: _Told) -> str:
    back = told.said("back_to")
    after = say("; {back} serves again", back=back) if back else say("; the fallback serves")
    return say(
        "Rolled {said} back{after}, restored in {said_2}",
        said=told.said("what"),
        after=after,
        said_2=told.said("restored_in"),
    )


_SENTENCES: Mapping[str, Callable[[_Told], str]] = {
    EventAction.PROJECT_REGISTERED: lambda told: say(
        "Registered the project “{said}”", said=told.said("name")
    ),
    EventAction.PROJECT_EDITED: _edited,
    EventAction.PROJECT_ARCHIVED: lambda told: say("Archived the project"),
    EventAction.PROJECT_RESTORED: lambda told: say("Brought the project back"),
    EventAction.PROJECT_ADOPTED: lambda told: say("Adopted the project from its register"),
    EventAction.PROJECT_GUIDE_UPGRADED: lambda told: say(
        "Moved the project from version {said} of the guide to version {said_2}",
        said=told.said("from"),
        said_2=told.said("to"),
    ),
    EventAction.PROJECT_COPIED: lambda told: say(
        "Began the project “{said}” as a copy of “{said_2}”",
        said=told.said("name"),
        said_2=told.said("from_name"),
    ),
    EventAction.PROJECT_MERGED: lambda told: say(
        "Merged it into “{said}”: it is the same product", said=told.said("into_name")
    ),
    EventAction.ROLE_GIVEN: lambda told: say(
        "Made {person} {role}", person=told.person("nobody"), role=told.role
    ),
    EventAction.ROLE_ENDED: lambda told: say(
        "Ended {person}'s role as {role}", person=told.person("nobody"), role=told.role
    ),
    EventAction.ANSWER_SAVED: lambda told: say("Answered {told}", told=told.title),
    EventAction.ANSWER_CLEARED: lambda told: say("Cleared the answer to {told}", told=told.title),
    EventAction.ANSWER_RESTORED: lambda told: say(
        "Put back {restored} answer to {told}", restored=told.restored, told=told.title
    ),
    EventAction.THREAD_OPENED: lambda told: say(
        "Asked about {field}: {words}", field=told.field, words=told.words
    ),
    EventAction.THREAD_ANSWERED: lambda told: say(
        "Answered a question about {field}: {words}", field=told.field, words=told.words
    ),
    EventAction.THREAD_RESOLVED: lambda told: say("Resolved a question about {field}", field=told.field),
    EventAction.THREAD_REOPENED: lambda told: say(
        "Opened a question about {field} again: {words}", field=told.field, words=told.words
    ),
    EventAction.SOURCE_ADDED: lambda told: (
        say("Brought back a data source")
        if told.detail.get("restored")
        else say("Added the data source “{said}”", said=told.said("name"))
    ),
    EventAction.SOURCE_RENAMED: lambda told: say(
        "Renamed the data source “{said}” to “{said_2}”", said=told.said("before"), said_2=told.said("after")
    ),
    EventAction.SOURCE_REMOVED: lambda told: say("Removed a data source"),
    EventAction.SOURCE_TAKEN: lambda told: say(
        "Took over the data source “{said}” from “{said_2}”",
        said=told.said("name"),
        said_2=told.said("from_name"),
    ),
    EventAction.SOURCE_FOLLOWED: lambda told: say(
        "Looked at what changed in “{said}” in the data source “{said_2}”",
        said=told.said("from_name"),
        said_2=told.said("name"),
    ),
    EventAction.REVIEW_REQUESTED: _asked,
    EventAction.REVIEW_WITHDRAWN: lambda told: say(
        "Took back the request to {person} ({role}) {where}",
        person=told.person(),
        role=told.role,
        where=told.where,
    ),
    EventAction.REVIEW_REASSIGNED: lambda told: say(
        "Asked {person} instead of {person_2} to review as {role} {where}",
        person=told.person(),
        person_2=told.person("from"),
        role=told.role,
        where=told.where,
    ),
    EventAction.REVIEW_HANDED_OVER: lambda told: say(
        "Handed the review as {role} over to {person} {where}",
        role=told.role,
        person=told.person(),
        where=told.where,
    ),
    EventAction.SIGN_OFF_RECORDED: lambda told: (
        say("{decided}, for {person}", decided=_decided(told), person=told.person("for"))
        if told.detail.get("for")
        else _decided(told)
    ),
    EventAction.SIGN_OFF_AFFIRMED: lambda told: say("{decided}; affirmed again", decided=_decided(told)),
    EventAction.CHANGE_ANSWERED: lambda told: say(
        "Answered the change that {role} asked for on {told}", role=told.role, told=told.title
    ),
    EventAction.SIGN_OFF_WITHDRAWN: lambda told: say(
        "{role}: took a decision back, {where}", role=told.role, where=told.where
    ),
    EventAction.SIGN_OFF_INVALIDATED: lambda told: say("A sign-off became stale {where}", where=told.where),
    EventAction.CONDITION_ADDED: lambda told: say(
        "Set a condition {where}: {said}", where=told.where, said=told.said("text")
    ),
    EventAction.CONDITION_MET: lambda told: say(
        "Met a condition {where}: {said}", where=told.where, said=told.said("proof")
    ),
    EventAction.CONDITION_REOPENED: lambda told: say("Opened a condition again {where}", where=told.where),
    EventAction.CONDITION_WITHDRAWN: lambda told: say("Withdrew a condition {where}", where=told.where),
    EventAction.CHECK_WAIVED: lambda told: say(
        "Waived {check} until {said}: {said_2}",
        check=told.check,
        said=told.said("expires_on"),
        said_2=told.said("mitigation"),
    ),
    EventAction.WAIVER_REVOKED: lambda told: say("Revoked the waiver of {check}", check=told.check),
    EventAction.WARNING_REASONED: lambda told: say(
        "Gave a reason for going on despite {check}", check=told.check
    ),
    EventAction.GATE_DECIDED: _outcome,
    EventAction.TIER_CHOSEN: lambda told: say(
        "Chose tier {removeprefix} where the points propose {said}",
        removeprefix=told.subject.removeprefix("tier:"),
        said=told.said("proposed"),
    ),
    EventAction.RELEASE_CREATED: lambda told: say("Made {said} ready to go live", said=told.said("what")),
    EventAction.RELEASE_STEPPED: _stepped,
    EventAction.RELEASE_ROLLED_BACK: _rolled_back,
    EventAction.RELEASE_WITHDRAWN: lambda told: say("Withdrew {said}", said=told.said("what")),
    EventAction.TARGET_DATE_SET: _target,
    EventAction.TARGET_DATES_SET: _targets,
    EventAction.EVIDENCE_ADDED: lambda told: say("Added the document “{said}”", said=told.said("title")),
    EventAction.EVIDENCE_REVISED: lambda told: say(
        "Replaced the document “{said}” (revision {said_2})",
        said=told.said("title"),
        said_2=told.said("revision"),
    ),
    EventAction.EVIDENCE_EXPIRY_SET: lambda told: say(
        "Said until when the document “{said}” is valid: {said_2}",
        said=told.said("title"),
        said_2=told.said("after") or say("without end"),
    ),
    EventAction.EVIDENCE_RESTORED: lambda told: say(
        "Put the document “{said}” back", said=told.said("title")
    ),
    EventAction.MONITOR_ADDED: lambda told: say("Added the monitor “{said}”", said=told.said("name")),
    EventAction.MONITORS_PLANNED: _plan_taken_over,
    EventAction.MONITOR_CHANGED: lambda told: say("Changed the monitor {said}", said=told.said("monitor")),
    EventAction.MONITOR_PAUSED: lambda told: say("Paused the monitor {said}", said=told.said("monitor")),
    EventAction.MONITOR_RESUMED: lambda told: say(
        "Switched the monitor {said} on again", said=told.said("monitor")
    ),
    EventAction.MONITOR_RETIRED: lambda told: say("Retired the monitor {said}", said=told.said("monitor")),
    EventAction.MONITOR_SILENT: lambda told: say(
        "No readings of “{said}” came for too long", said=told.said("name")
    ),
    EventAction.READINGS_PUSHED: _pushed,
    EventAction.READING_CORRECTED: _corrected,
    EventAction.INCIDENT_OPENED: lambda told: say("Opened an incident: {said}", said=told.said("called")),
    EventAction.INCIDENT_TAKEN_ON: lambda told: say(
        "Gave {person} the incident: {said}", person=told.person(), said=told.said("called")
    ),
    EventAction.INCIDENT_CHANGED: lambda told: say(
        "Changed what an incident says: {said}", said=told.said("called")
    ),
    EventAction.INCIDENT_NOTED: lambda told: say(
        "Wrote about an incident, {said}: {words}", said=told.said("called"), words=told.words
    ),
    EventAction.INCIDENT_FIXED: lambda told: say("Recorded a fix: {said}", said=told.said("called")),
    EventAction.INCIDENT_FIX_SIGNED: lambda told: say("Signed the fix: {said}", said=told.said("called")),
    EventAction.INCIDENT_FIX_REFUSED: lambda told: say("Sent a fix back: {said}", said=told.said("called")),
    EventAction.INCIDENT_CLOSED: lambda told: say("Closed an incident: {said}", said=told.said("called")),
    EventAction.INCIDENT_REOPENED: lambda told: say(
        "Opened an incident again: {said}", said=told.said("called")
    ),
    EventAction.EVIDENCE_REMOVED: lambda told: say("Removed the document “{said}”", said=told.said("title")),
}
