"""The dossier of a project: everything that was answered, signed and decided, in words, to read and to print."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from lifecycle.events import head_of, project_chain
from lifecycle.facts.editions import by_its_guide
from lifecycle.facts.known import known_project
from lifecycle.facts.people import project_roles
from lifecycle.facts.projects import load_facts, organisation_today
from lifecycle.guide import FieldSpec, Guide
from lifecycle.language import say
from lifecycle.queries import history, projects, records
from lifecycle.queries.elsewhere import Elsewhere, of_project
from lifecycle.queries.history import EventLine
from lifecycle.queries.projects import ProjectHead
from lifecycle.queries.records import (
    ConditionView,
    EvidenceView,
    OutcomeView,
    ReasonView,
    SignatureView,
    TierChoiceView,
    WaiverView,
)
from lifecycle.queries.wording import Wording, all_names
from lifecycle.rules.checks.evaluation import CheckState, states_at
from lifecycle.rules.permissions import require
from lifecycle.store.tables import Answer, ChangeAnswer, DataSource, Event, Thread, ThreadMessage
from lifecycle.vocabulary import Actor, Gate

NEWEST_EVENTS = 40  # that a printed dossier lists; the bundle has all of them


@dataclass(frozen=True, slots=True)
class Version:
    """One version of an answer in words."""

    words: str
    who: str
    at: datetime
    restored: bool


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody wrote about an answer."""

    words: str
    who: str
    at: datetime
    about: str = ""


@dataclass(frozen=True, slots=True)
class Talk:
    """What was asked about an answer and said since, oldest first; open while nobody resolved it."""

    messages: tuple[Said, ...]
    resolved_by: str
    resolved_at: datetime | None


@dataclass(frozen=True, slots=True)
class Question:
    """A question with its answer; `versions` newest first, the first of them is the answer now.

    It may have none yet, where somebody asked about it before it was answered.
    """

    id: str
    title: str
    question: str
    versions: tuple[Version, ...]
    talks: tuple[Talk, ...] = ()


@dataclass(frozen=True, slots=True)
class Chapter:
    """One worksheet, or the record of one data source."""

    title: str
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class Position:
    """Where in the log a sign-off was recorded: with the hash printed on paper, the log can be held to it."""

    sequence: int
    hash: str


@dataclass(frozen=True, slots=True)
class Dossier:
    project: ProjectHead
    guide_version: str
    chapters: tuple[Chapter, ...]
    signatures: tuple[tuple[SignatureView, Position | None], ...]
    said_to_changes: Mapping[
        int, Sequence[Said]
    ]  # sign-off -> what the team said instead of changing an answer
    outcomes: tuple[OutcomeView, ...]
    tier_choice: TierChoiceView | None
    conditions: tuple[ConditionView, ...]
    waivers: tuple[WaiverView, ...]
    reasons: tuple[ReasonView, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """The dossier with what a printed page shows besides: checks at the project's gate, documents and the log."""

    dossier: Dossier
    gate: Gate | None
    checks: tuple[CheckState, ...]
    documents: tuple[EvidenceView, ...]
    elsewhere: Elsewhere | None
    newest: tuple[EventLine, ...]
    events: int  # in all
    head: str  # hash of the newest


@by_its_guide
def report(session: Session, *, by: Actor, at: datetime, guide: Guide, key: str) -> Report:
    """Raises as `dossier`."""
    found = dossier(session, by=by, at=at, guide=guide, key=key)
    head = found.project
    known = known_project(session, head.id, guide=guide, today=organisation_today(session, at))
    states = states_at(known.basis.judgements, known.facts, head.gate) if head.gate else ()
    wording = Wording(known.facts, guide, all_names(session))
    count, hashed = head_of(session, project_chain(head.id))
    return Report(
        dossier=replace(found, reasons=records.reasons(session, head.id, wording, states)),
        gate=head.gate,
        checks=tuple(states),
        documents=records.evidence(session, head.id, wording),
        elsewhere=of_project(session, head.id, guide),
        newest=history.events(session, by=by, at=at, guide=guide, key=key, most=NEWEST_EVENTS).events,
        events=count,
        head=hashed,
    )


@by_its_guide
def dossier(session: Session, *, by: Actor, at: datetime, guide: Guide, key: str) -> Dossier:
    """Raises NotFound for whoever may not read the project, Forbidden for whoever may not export it."""
    head = projects.head(session, key=key, by=by)
    require("projects.export", by, project_roles(session, head.id, by.key))
    facts = load_facts(session, head.id, guide=guide, today=organisation_today(session, at))
    wording = Wording(facts, guide, all_names(session))
    positions = _positions(session, f"project:{head.id}")
    return Dossier(
        project=head,
        guide_version=guide.version,
        chapters=tuple(_chapters(session, head.id, wording)),
        signatures=tuple(
            (each, positions.get(each.id)) for each in records.signatures(session, head.id, wording)
        ),
        said_to_changes=_said_to_changes(session, head.id, wording),
        outcomes=records.outcomes(session, head.id, wording),
        tier_choice=records.tier_choice(session, head.id, wording),
        conditions=records.conditions(session, head.id, wording),
        waivers=records.waivers(session, head.id, wording),
        reasons=records.reasons(session, head.id, wording, ()),
    )


def _chapters(session: Session, project_id: int, wording: Wording) -> Iterator[Chapter]:
    versions = _versions(session, project_id, wording)
    talks = _talks(session, project_id, wording)
    for sheet in wording.guide.worksheets:
        found = tuple(_questions(sheet.fields, 0, versions, talks))
        if found and sheet.stage:
            yield Chapter(say("{stage} worksheet", stage=sheet.stage.title), found)
    sources = session.execute(
        select(DataSource).where(col(DataSource.project_id) == project_id).order_by(col(DataSource.position))
    ).scalars()
    for source in sources:
        found = tuple(_questions(wording.guide.source_worksheet.fields, source.id or 0, versions, talks))
        title = (
            say("Data source “{source}”, removed", source=source.name)
            if source.removed_at
            else say("Data source “{source}”", source=source.name)
        )
        yield Chapter(title, found)


def _questions(
    fields: tuple[FieldSpec, ...],
    source_id: int,
    versions: Mapping[tuple[int, str], Sequence[Version]],
    talks: Mapping[tuple[int, str], Sequence[Talk]],
) -> Iterator[Question]:
    for field in fields:
        place = source_id, field.id
        if place in versions or place in talks:
            found = tuple(reversed(versions.get(place, ())))
            yield Question(field.id, field.title, field.question, found, tuple(talks.get(place, ())))


def _versions(session: Session, project_id: int, wording: Wording) -> dict[tuple[int, str], list[Version]]:
    """By data source and question, oldest first."""
    rows = session.execute(
        select(Answer).where(col(Answer.project_id) == project_id).order_by(col(Answer.id))
    ).scalars()
    found: dict[tuple[int, str], list[Version]] = {}
    for row in rows:
        if row.field_id in wording.guide.fields:
            version = Version(
                wording.version(row), wording.person(row.by_key), row.at, row.restored_from is not None
            )
            found.setdefault((row.source_id, row.field_id), []).append(version)
    return found


def _talks(session: Session, project_id: int, wording: Wording) -> dict[tuple[int, str], list[Talk]]:
    """By data source and question, oldest first. Two statements."""
    messages: dict[int, list[Said]] = {}
    for row in session.execute(
        select(ThreadMessage)
        .where(col(ThreadMessage.project_id) == project_id)
        .order_by(col(ThreadMessage.id))
    ).scalars():
        said = Said(row.text, wording.person(row.by_key), row.at)
        messages.setdefault(row.thread_id, []).append(said)
    found: dict[tuple[int, str], list[Talk]] = {}
    for thread in session.execute(
        select(Thread).where(col(Thread.project_id) == project_id).order_by(col(Thread.id))
    ).scalars():
        resolved_by = wording.person(thread.resolved_by) if thread.resolved_by else ""
        talk = Talk(tuple(messages.get(thread.id or 0, ())), resolved_by, thread.resolved_at)
        found.setdefault((thread.source_id, thread.field_id), []).append(talk)
    return found


def _said_to_changes(session: Session, project_id: int, wording: Wording) -> dict[int, list[Said]]:
    rows = session.execute(
        select(ChangeAnswer).where(col(ChangeAnswer.project_id) == project_id).order_by(col(ChangeAnswer.id))
    ).scalars()
    found: dict[int, list[Said]] = {}
    for row in rows:
        said = Said(row.text, wording.person(row.by_key), row.at, wording.place(row.key).title)
        found.setdefault(row.sign_off_id, []).append(said)
    return found


def _positions(session: Session, chain: str) -> dict[int, Position]:
    """Sign-off -> the event that recorded it."""
    events = session.execute(
        select(col(Event.subject), col(Event.sequence), col(Event.hash)).where(
            col(Event.chain) == chain, col(Event.subject).startswith("sign_off:")
        )
    )
    found: dict[int, Position] = {}
    for subject, sequence, hashed in events:
        number = subject.removeprefix("sign_off:")
        if number.isdigit():
            found.setdefault(int(number), Position(sequence, hashed))
    return found
