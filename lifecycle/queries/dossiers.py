"""The dossier of a project: everything that was answered, signed and decided, in words, to read and to print."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from lifecycle.facts.editions import by_its_guide
from lifecycle.facts.people import project_roles
from lifecycle.facts.projects import load_facts, organisation_today
from lifecycle.guide import FieldSpec, Guide
from lifecycle.queries import projects, records
from lifecycle.queries.projects import ProjectHead
from lifecycle.queries.records import (
    ConditionView,
    OutcomeView,
    ReasonView,
    SignatureView,
    TierChoiceView,
    WaiverView,
)
from lifecycle.queries.wording import Wording, all_names
from lifecycle.rules.permissions import require
from lifecycle.store.tables import Answer, DataSource, Event
from lifecycle.vocabulary import Actor


@dataclass(frozen=True, slots=True)
class Version:
    """One version of an answer in words."""

    words: str
    who: str
    at: datetime
    restored: bool


@dataclass(frozen=True, slots=True)
class Question:
    """A question with its answer; `versions` newest first, the first of them is the answer now."""

    id: str
    title: str
    question: str
    versions: tuple[Version, ...]


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
    outcomes: tuple[OutcomeView, ...]
    tier_choice: TierChoiceView | None
    conditions: tuple[ConditionView, ...]
    waivers: tuple[WaiverView, ...]
    reasons: tuple[ReasonView, ...]


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
        outcomes=records.outcomes(session, head.id, wording),
        tier_choice=records.tier_choice(session, head.id, wording),
        conditions=records.conditions(session, head.id, wording),
        waivers=records.waivers(session, head.id, wording),
        reasons=records.reasons(session, head.id, wording, ()),
    )


def _chapters(session: Session, project_id: int, wording: Wording) -> Iterator[Chapter]:
    versions = _versions(session, project_id, wording)
    for sheet in wording.guide.worksheets:
        found = tuple(_questions(sheet.fields, 0, versions))
        if found and sheet.stage:
            yield Chapter(f"{sheet.stage.title} worksheet", found)
    sources = session.execute(
        select(DataSource).where(col(DataSource.project_id) == project_id).order_by(col(DataSource.position))
    ).scalars()
    for source in sources:
        found = tuple(_questions(wording.guide.source_worksheet.fields, source.id or 0, versions))
        removed = ", removed" if source.removed_at else ""
        yield Chapter(f"Data source “{source.name}”{removed}", found)


def _questions(
    fields: tuple[FieldSpec, ...], source_id: int, versions: dict[tuple[int, str], list[Version]]
) -> Iterator[Question]:
    for field in fields:
        found = versions.get((source_id, field.id))
        if found:
            yield Question(field.id, field.title, field.question, tuple(reversed(found)))


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
