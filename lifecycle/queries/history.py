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
from lifecycle.language import counted, mark, say, say_count
from lifecycle.queries import projects, records, tokens
from lifecycle.queries.records import SignatureView
from lifecycle.queries.wording import NO_ANSWER, Place, Wording, all_names
from lifecycle.rules.monitors import number_text
from lifecycle.rules.project_facts import ProjectFacts
from lifecycle.rules.releases import Move, length_words
from lifecycle.rules.retold import retold
from lifecycle.store.tables import Answer, Event, Project
from lifecycle.vocabulary import Actor, Decision, Gate, Outcome, ProjectStatus, Role, Stage

_ENTRY = {"name": mark("name"), "purpose": mark("purpose"), "organisation": mark("organisation")}
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
                before=changes[-1].after if changes else say(NO_ANSWER),
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
    return wording.version(row) if row.field_id in wording.guide.fields else row.value or say(NO_ANSWER)


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
            known.get((row.source_id, row.field_id, row.revision - 1), say(NO_ANSWER)),
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
    if row.actor_kind != "token":
        return person
    return say("{person} (token “{token}”)", person=person, token=programs.get(detail.get("token", 0), ""))


def _line(
    row: Event,
    detail: dict[str, Any],
    wording: Wording,
    versions: Mapping[int, tuple[str, str]],
    programs: Mapping[int, str],
) -> EventLine:
    told = _Told(row.subject, detail, wording)
    sentence = _SENTENCES.get(row.action)
    change = versions.get(int(detail.get("answer") or 0), (None, None))
    return EventLine(
        sequence=row.sequence,
        at=datetime.fromisoformat(row.at),
        who=_who(row, detail, wording, programs),
        action=row.action,
        sentence=sentence(told) if sentence else row.action.replace("_", " ").replace(".", ": "),
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
    def incident(self) -> str:
        """What it is called; the product wrote the title where a monitor opened it."""
        return retold(self.said("called"))

    @property
    def release(self) -> str:
        """Which one; the event tells it in English, as it was written."""
        return retold(self.said("what"))

    def consequences(self) -> Iterable[str]:
        for name, sentence in _CONSEQUENCES.items():
            number = len(self.detail.get(name) or ())
            if number:
                yield sentence(number)
        if self.detail.get("incident_opened"):
            yield say("An incident was opened.")
        if self.said("reason"):
            yield say("Reason: {reason}", reason=self.said("reason"))


_CONSEQUENCES: Mapping[str, Callable[[int], str]] = {
    "sign_offs_gone_stale": lambda number: say_count(
        "1 sign-off became stale.", "{number} sign-offs became stale.", number
    ),
    "sign_offs_valid_again": lambda number: say_count(
        "1 sign-off holds again.", "{number} sign-offs hold again.", number
    ),
    "reviews_closed": lambda number: say_count(
        "1 open request was closed.", "{number} open requests were closed.", number
    ),
    "conditions_withdrawn": lambda number: say_count(
        "1 condition was withdrawn.", "{number} conditions were withdrawn.", number
    ),
    "conditions": lambda number: say_count("It set 1 condition.", "It set {number} conditions.", number),
    "reviews_asked": lambda number: say_count(
        "The Operate review was asked for again.", "The Operate reviews were asked for again.", number
    ),
    "no_longer_fires_at": lambda number: say_count(
        "1 firing no longer follows from the readings.", "{number} firings no longer follow.", number
    ),
}


def _restored(told: _Told) -> str:
    """Which version it was; older events only tell its row."""
    if revision := told.said("restored_revision"):
        return say(
            "Put back version {revision} of the answer to {question}", revision=revision, question=told.title
        )
    return say("Put back an earlier answer to {question}", question=told.title)


def _decided(told: _Told) -> str:
    return say(
        "{role}: {decision}, {where}",
        role=told.role,
        decision=Decision(told.said("decision")).title.lower(),
        where=told.where,
    )


def _outcome(told: _Told) -> str:
    gate = told.gate.title if told.gate else ""
    sentence = say("Gate {gate}: {outcome}", gate=gate, outcome=Outcome(told.said("outcome")).title.lower())
    after = told.detail.get("after") or {}
    if after.get("status") == ProjectStatus.RETIRED:
        return say("{sentence}; the product is retired", sentence=sentence)
    stage = after.get("stage")
    if not stage:
        return sentence
    return say("{sentence}; the project is in {stage}", sentence=sentence, stage=Stage(stage).title)


def _asked(told: _Told) -> str:
    due = say(", by {day}", day=told.said("due_on")) if told.detail.get("due_on") else ""
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
    days = [say("{gate} for {day}", gate=Gate(gate).title, day=day) for gate, day in after.items()]
    return say("Planned {gates}", gates=", ".join(days))


def _edited(told: _Told) -> str:
    before, after = told.detail.get("before") or {}, told.detail.get("after") or {}
    changed = [say(_ENTRY.get(name, name)) for name, value in after.items() if before.get(name) != value]
    return say("Changed the project's {changed}", changed=", ".join(changed) or say("entry"))


def _pushed(told: _Told) -> str:
    stored, refused = int(told.detail.get("stored") or 0), int(told.detail.get("refused") or 0)
    count = counted(stored, "reading")
    parts = [say("Pushed {count} of “{monitor}”", count=count, monitor=told.said("name"))]
    parts += [say("{refused:,} could not be read", refused=refused)] if refused else []
    return _with_firings(", ".join(parts), told)


def _corrected(told: _Told) -> str:
    before, after = (told.detail.get(name) for name in ("before", "after"))
    said = say(
        "Corrected “{monitor}” at {key} from {before} to {after}",
        monitor=told.said("name"),
        key=told.said("key"),
        before=number_text(before),
        after=number_text(after),
    )
    return _with_firings(said, told)


def _with_firings(sentence: str, told: _Told) -> str:
    fires_at = told.detail.get("fires_at") or []
    if not fires_at:
        return sentence
    if len(fires_at) == 1:
        return say("{sentence}; it fired at {key}", sentence=sentence, key=fires_at[0])
    more = len(fires_at) - 1
    return say(
        "{sentence}; it fired at {key} and {more:,} more", sentence=sentence, key=fires_at[0], more=more
    )


def _plan_taken_over(told: _Told) -> str:
    names: Mapping[str, str] = told.detail.get("monitors") or {}
    listed = ", ".join(say("“{name}”", name=name) for name in names.values())
    return say("Took over from the monitoring plan: {monitors}", monitors=listed)


def _stepped(told: _Told) -> str:
    move = Move(told.said("move"))
    where = {
        Move.SHARE: say("{share} % of the traffic", share=told.said("share")),
        Move.FULL: say("everybody"),
        Move.CANARY: say("a few users"),
        Move.SHADOW: say("shadow"),
    }[move]
    return _with_baselines(say("Brought {release} to {where}", release=told.release, where=where), told)


def _with_baselines(sentence: str, told: _Told) -> str:
    """The monitors that take its test results as their baseline."""
    count = len(told.detail.get("baselines") or ())
    if not count:
        return sentence
    return say_count(
        "{sentence}; a monitor is measured against its test results from now on",
        "{sentence}; {number} monitors are measured against its test results from now on",
        count,
        sentence=sentence,
    )


def _rolled_back(told: _Told) -> str:
    back = retold(told.said("back_to"))
    if not back:
        return say(
            "Rolled {release} back; the fallback serves, restored in {duration}",
            release=told.release,
            duration=_took(told),
        )
    return say(
        "Rolled {release} back; {other} serves again, restored in {duration}",
        release=told.release,
        other=back,
        duration=_took(told),
    )


def _took(told: _Told) -> str:
    """Older events only tell it in words."""
    began, restored = (told.said(name) for name in ("began_at", "restored_at"))
    if not (began and restored):
        return told.said("restored_in")
    return length_words(datetime.fromisoformat(restored) - datetime.fromisoformat(began))


_SENTENCES: Mapping[str, Callable[[_Told], str]] = {
    EventAction.PROJECT_REGISTERED: lambda told: say(
        "Registered the project “{project}”", project=told.said("name")
    ),
    EventAction.PROJECT_EDITED: _edited,
    EventAction.PROJECT_ARCHIVED: lambda told: say("Archived the project"),
    EventAction.PROJECT_RESTORED: lambda told: say("Brought the project back"),
    EventAction.PROJECT_ADOPTED: lambda told: say("Adopted the project from its register"),
    EventAction.PROJECT_GUIDE_UPGRADED: lambda told: say(
        "Moved the project from version {before} of the guide to version {after}",
        before=told.said("from"),
        after=told.said("to"),
    ),
    EventAction.PROJECT_COPIED: lambda told: say(
        "Began the project “{project}” as a copy of “{other}”",
        project=told.said("name"),
        other=told.said("from_name"),
    ),
    EventAction.PROJECT_IMPORTED: lambda told: say("project: imported"),
    EventAction.PROJECT_MERGED: lambda told: say(
        "Merged it into “{project}”: it is the same product", project=told.said("into_name")
    ),
    EventAction.ROLE_GIVEN: lambda told: say(
        "Made {person} {role}", person=told.person("nobody"), role=told.role
    ),
    EventAction.ROLE_ENDED: lambda told: say(
        "Ended {person}'s role as {role}", person=told.person("nobody"), role=told.role
    ),
    EventAction.ANSWER_SAVED: lambda told: say("Answered {question}", question=told.title),
    EventAction.ANSWER_CLEARED: lambda told: say("Cleared the answer to {question}", question=told.title),
    EventAction.ANSWER_RESTORED: _restored,
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
        else say("Added the data source “{source}”", source=told.said("name"))
    ),
    EventAction.SOURCE_RENAMED: lambda told: say(
        "Renamed the data source “{before}” to “{after}”",
        before=told.said("before"),
        after=told.said("after"),
    ),
    EventAction.SOURCE_REMOVED: lambda told: say("Removed a data source"),
    EventAction.SOURCE_TAKEN: lambda told: say(
        "Took over the data source “{source}” from “{project}”",
        source=told.said("name"),
        project=told.said("from_name"),
    ),
    EventAction.SOURCE_FOLLOWED: lambda told: say(
        "Looked at what changed in “{project}” in the data source “{source}”",
        project=told.said("from_name"),
        source=told.said("name"),
    ),
    EventAction.REVIEW_REQUESTED: _asked,
    EventAction.REVIEW_WITHDRAWN: lambda told: say(
        "Took back the request to {person} ({role}) {where}",
        person=told.person(),
        role=told.role,
        where=told.where,
    ),
    EventAction.REVIEW_REASSIGNED: lambda told: say(
        "Asked {person} instead of {former} to review as {role} {where}",
        person=told.person(),
        former=told.person("from"),
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
        "Answered the change that {role} asked for on {question}", role=told.role, question=told.title
    ),
    EventAction.SIGN_OFF_WITHDRAWN: lambda told: say(
        "{role}: took a decision back, {where}", role=told.role, where=told.where
    ),
    EventAction.SIGN_OFF_INVALIDATED: lambda told: say("A sign-off became stale {where}", where=told.where),
    EventAction.CONDITION_ADDED: lambda told: say(
        "Set a condition {where}: {text}", where=told.where, text=told.said("text")
    ),
    EventAction.CONDITION_MET: lambda told: say(
        "Met a condition {where}: {proof}", where=told.where, proof=told.said("proof")
    ),
    EventAction.CONDITION_REOPENED: lambda told: say("Opened a condition again {where}", where=told.where),
    EventAction.CONDITION_WITHDRAWN: lambda told: say("Withdrew a condition {where}", where=told.where),
    EventAction.CHECK_WAIVED: lambda told: say(
        "Waived {check} until {day}: {mitigation}",
        check=told.check,
        day=told.said("expires_on"),
        mitigation=told.said("mitigation"),
    ),
    EventAction.WAIVER_REVOKED: lambda told: say("Revoked the waiver of {check}", check=told.check),
    EventAction.WARNING_REASONED: lambda told: say(
        "Gave a reason for going on despite {check}", check=told.check
    ),
    EventAction.GATE_DECIDED: _outcome,
    EventAction.TIER_CHOSEN: lambda told: say(
        "Chose tier {tier} where the points propose {proposed}",
        tier=told.subject.removeprefix("tier:"),
        proposed=told.said("proposed"),
    ),
    EventAction.RELEASE_CREATED: lambda told: say("Made {release} ready to go live", release=told.release),
    EventAction.RELEASE_STEPPED: _stepped,
    EventAction.RELEASE_ROLLED_BACK: _rolled_back,
    EventAction.RELEASE_WITHDRAWN: lambda told: say("Withdrew {release}", release=told.release),
    EventAction.TARGET_DATE_SET: _target,
    EventAction.TARGET_DATES_SET: _targets,
    EventAction.EVIDENCE_ADDED: lambda told: say(
        "Added the document “{document}”", document=told.said("title")
    ),
    EventAction.EVIDENCE_REVISED: lambda told: say(
        "Replaced the document “{document}” (revision {revision})",
        document=told.said("title"),
        revision=told.said("revision"),
    ),
    EventAction.EVIDENCE_EXPIRY_SET: lambda told: say(
        "Said until when the document “{document}” is valid: {day}",
        document=told.said("title"),
        day=told.said("after") or say("without end"),
    ),
    EventAction.EVIDENCE_RESTORED: lambda told: say(
        "Put the document “{document}” back", document=told.said("title")
    ),
    EventAction.MONITOR_ADDED: lambda told: say("Added the monitor “{monitor}”", monitor=told.said("name")),
    EventAction.MONITORS_PLANNED: _plan_taken_over,
    EventAction.MONITOR_CHANGED: lambda told: say(
        "Changed the monitor {monitor}", monitor=told.said("monitor")
    ),
    EventAction.MONITOR_PAUSED: lambda told: say(
        "Paused the monitor {monitor}", monitor=told.said("monitor")
    ),
    EventAction.MONITOR_RESUMED: lambda told: say(
        "Switched the monitor {monitor} on again", monitor=told.said("monitor")
    ),
    EventAction.MONITOR_RETIRED: lambda told: say(
        "Retired the monitor {monitor}", monitor=told.said("monitor")
    ),
    EventAction.MONITOR_SILENT: lambda told: say(
        "No readings of “{monitor}” came for too long", monitor=told.said("name")
    ),
    EventAction.READINGS_PUSHED: _pushed,
    EventAction.READING_CORRECTED: _corrected,
    EventAction.INCIDENT_OPENED: lambda told: say("Opened an incident: {incident}", incident=told.incident),
    EventAction.INCIDENT_TAKEN_ON: lambda told: say(
        "Gave {person} the incident: {incident}", person=told.person(), incident=told.incident
    ),
    EventAction.INCIDENT_CHANGED: lambda told: say(
        "Changed what an incident says: {incident}", incident=told.incident
    ),
    EventAction.INCIDENT_NOTED: lambda told: say(
        "Wrote about an incident, {incident}: {words}", incident=told.incident, words=told.words
    ),
    EventAction.INCIDENT_FIXED: lambda told: say("Recorded a fix: {incident}", incident=told.incident),
    EventAction.INCIDENT_FIX_SIGNED: lambda told: say("Signed the fix: {incident}", incident=told.incident),
    EventAction.INCIDENT_FIX_REFUSED: lambda told: say("Sent a fix back: {incident}", incident=told.incident),
    EventAction.INCIDENT_CLOSED: lambda told: say("Closed an incident: {incident}", incident=told.incident),
    EventAction.INCIDENT_REOPENED: lambda told: say(
        "Opened an incident again: {incident}", incident=told.incident
    ),
    EventAction.EVIDENCE_REMOVED: lambda told: say(
        "Removed the document “{document}”", document=told.said("title")
    ),
}
