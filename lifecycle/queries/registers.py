"""Registers as the import page shows them: imports so far, and imported projects that a person has to place."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlmodel import Session, col

from lifecycle.language import say
from lifecycle.rules.permissions import require
from lifecycle.store.tables import (
    ImportRun,
    PersonRow,
    Project,
    RegisterChange,
    RegisterEntry,
    RegisterProblem,
    SavedMapping,
)
from lifecycle.vocabulary import Actor

MOST_UNPLACED = 500
MOST_CHANGES = 1_000


@dataclass(frozen=True, slots=True)
class ImportView:
    """One import as done. `problems` are the rows it asked a person to look at."""

    run_id: int
    register: str
    file_name: str
    rows: int
    added: int
    changed: int
    unchanged: int
    gone: int
    problems: int
    at: datetime
    by_name: str
    undone_at: datetime | None


@dataclass(frozen=True, slots=True)
class SavedMappingView:
    """A mapping under a name; `content` is its YAML."""

    name: str
    title: str
    content: str
    revision: int
    saved_at: datetime
    by_name: str


@dataclass(frozen=True, slots=True)
class ImportChange:
    """What an import changed in one project known before: (field, before, after)."""

    project_key: str
    project_name: str
    kind: str  # changed, returned or gone
    fields: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class ProblemView:
    """What an import said of one row."""

    row: int
    column: str
    text: str


@dataclass(frozen=True, slots=True)
class UnplacedProject:
    """A project whose register uses a word for its stage that no mapping knows."""

    project_id: int
    key: str
    name: str
    organisation: str
    word: str
    row_number: int


@dataclass(frozen=True, slots=True)
class Unplaced:
    """The first MOST_UNPLACED of them, and how many there are."""

    projects: tuple[UnplacedProject, ...]
    total: int


def imports(session: Session, *, by: Actor, most: int = 20) -> tuple[ImportView, ...]:
    """The newest imports first. Raises Forbidden to all but administrators and the command line."""
    require("imports.run", by)
    problems = (
        select(func.count())
        .where(col(RegisterProblem.run_id) == col(ImportRun.id))
        .correlate(ImportRun)
        .scalar_subquery()
    )
    found = session.execute(
        select(ImportRun, col(PersonRow.name), problems)
        .outerjoin(PersonRow, col(PersonRow.key) == col(ImportRun.by_key))
        .order_by(col(ImportRun.id).desc())
        .limit(most)
    )
    return tuple(_import(run, name, count) for run, name, count in found)


def _import(run: ImportRun, name: str | None, problems: int) -> ImportView:
    return ImportView(
        run_id=run.id or 0,
        register=run.register_name,
        file_name=run.file_name,
        rows=run.rows,
        added=run.added,
        changed=run.changed,
        unchanged=run.unchanged,
        gone=run.gone,
        problems=problems,
        at=run.at,
        by_name=name or say("Command line"),
        undone_at=run.undone_at,
    )


def import_problems(session: Session, *, by: Actor, run_id: int) -> tuple[ProblemView, ...]:
    """What one import said of single rows, in the order of the file."""
    require("imports.run", by)
    found = session.execute(
        select(RegisterProblem)
        .where(col(RegisterProblem.run_id) == run_id)
        .order_by(col(RegisterProblem.row_number), col(RegisterProblem.id))
    ).scalars()
    return tuple(ProblemView(row.row_number, row.column, row.text) for row in found)


def import_changes(
    session: Session, *, by: Actor, run_id: int, most: int = MOST_CHANGES
) -> tuple[ImportChange, ...]:
    """The projects known before that one import changed, brought back or marked as gone."""
    require("imports.run", by)
    found = session.execute(
        select(RegisterChange, col(Project.key), col(Project.name))
        .join(Project, col(Project.id) == col(RegisterChange.project_id))
        .where(col(RegisterChange.run_id) == run_id, col(RegisterChange.kind) != "moved")
        .order_by(col(RegisterChange.id))
        .limit(most)
    )
    return tuple(
        ImportChange(
            key,
            name,
            change.kind,
            tuple((say(str(f)), str(b), str(a)) for f, b, a in json.loads(change.fields)),
        )
        for change, key, name in found
    )


def saved_mappings(session: Session, *, by: Actor) -> tuple[SavedMappingView, ...]:
    """Mappings that people saved, in the order of their names."""
    require("imports.run", by)
    found = session.execute(
        select(SavedMapping, col(PersonRow.name))
        .outerjoin(PersonRow, col(PersonRow.key) == col(SavedMapping.saved_by))
        .order_by(col(SavedMapping.name))
    )
    return tuple(
        SavedMappingView(
            row.name, row.title, row.content, row.revision, row.saved_at, name or say("Command line")
        )
        for row, name in found
    )


def unplaced(session: Session, *, by: Actor) -> Unplaced:
    """Imported projects without a stage, by the register's word: for a person to decide."""
    require("imports.resolve", by)
    where = (
        col(Project.archived_at).is_(None),
        col(Project.stage).is_(None),
        col(Project.adopted_at).is_(None),
    )
    joined = (
        select(Project, RegisterEntry)
        .join(RegisterEntry, col(RegisterEntry.project_id) == col(Project.id))
        .where(*where)
    )
    total = session.execute(select(func.count()).select_from(joined.subquery())).scalar_one()
    found = session.execute(
        joined.order_by(col(RegisterEntry.stage_word), col(Project.name), col(Project.id)).limit(
            MOST_UNPLACED
        )
    )
    return Unplaced(
        tuple(
            UnplacedProject(
                project_id=entry.project_id,
                key=project.key,
                name=project.name,
                organisation=project.organisation,
                word=entry.stage_word,
                row_number=entry.row_number,
            )
            for project, entry in found
        ),
        total,
    )
