"""A register reading into the database: first as a plan, then as one import."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from lifecycle.actions.registers import Imported, ListedRegister, ProblemRow, Progress, import_register
from lifecycle.canonical import digest
from lifecycle.facts.registers import known_entries, stored_entries, told_before
from lifecycle.interchange.registers import RegisterReading, RegisterRow
from lifecycle.interchange.tabular import RowProblem
from lifecycle.rules.registers import FieldChange, ListedProject, compare, field_changes, told_by
from lifecycle.vocabulary import Actor

RISK_GROUP_LABEL = "Risk group"
_LONGEST_WORD = 1_000


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """A project known before that the file says something else of, and which fields."""

    key: str
    name: str
    organisation: str
    row: int
    fields: tuple[FieldChange, ...]


@dataclass(frozen=True, slots=True)
class PlannedProject:
    """A project that would be new or that the file leaves out; `row` is its place in the file (before)."""

    name: str
    organisation: str
    row: int


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What an import would do: numbers of projects, which ones, and the rows a person should look at.

    `returning` are among those added: projects of an import taken back before.
    """

    added: int
    changed: int
    unchanged: int
    gone: int
    problems: tuple[RowProblem, ...]
    new: tuple[PlannedProject, ...] = ()
    changes: tuple[PlannedChange, ...] = ()
    left_out: tuple[PlannedProject, ...] = ()


def plan_import(session: Session, reading: RegisterReading) -> ImportPlan:
    """What `apply_import` would do now. Reads only."""
    found = compare(_listed(reading.rows), known_entries(session, reading.mapping.told_apart_in))
    stored = stored_entries(session, [known.project_id for known, _ in found.changed])
    gone = stored_entries(session, [entry.project_id for entry in found.gone])
    return ImportPlan(
        added=len(found.added) + len(found.returning),
        changed=len(found.changed),
        unchanged=len(found.unchanged),
        gone=len(found.gone),
        problems=reading.problems,
        new=tuple(
            PlannedProject(row.name, row.organisation, row.row_number)
            for row in (*found.added, *(row for _, row in found.returning))
        ),
        changes=tuple(
            PlannedChange(
                key=stored[known.project_id][0].key,
                name=row.name,
                organisation=row.organisation,
                row=row.row_number,
                fields=field_changes(told_before(*stored[known.project_id]), told_by(row)),
            )
            for known, row in found.changed
        ),
        left_out=tuple(
            PlannedProject(project.name, project.organisation, entry.row_number)
            for project, entry in (gone[entry.project_id] for entry in found.gone)
        ),
    )


def apply_import(
    session: Session,
    reading: RegisterReading,
    *,
    by: Actor,
    at: datetime,
    progress: Progress | None = None,
) -> Imported:
    """Import a reading in the caller's transaction; `progress(done, all)` is told about ten times.

    Raises Forbidden unless `by` is an administrator or the command line.
    """
    register = ListedRegister(
        register_name=reading.mapping.told_apart_in,
        file_name=reading.file_name,
        file_digest=reading.file_digest,
        projects=_listed(reading.rows),
        problems=tuple(ProblemRow(each.row, each.column, str(each.told)) for each in reading.problems),
    )
    return import_register(session, by=by, at=at, register=register, progress=progress)


def _listed(rows: Sequence[RegisterRow]) -> tuple[ListedProject, ...]:
    return tuple(map(_listed_project, rows))


def _listed_project(row: RegisterRow) -> ListedProject:
    """The digest covers the row and what the mapping made of it: a changed mapping changes it too."""
    facts = _facts(row)
    stage_word, risk = row.stage_word[:_LONGEST_WORD], row.risk[:_LONGEST_WORD]
    made_of_it = [row.name, row.organisation, row.stage, row.status, stage_word, risk, facts]
    return ListedProject(
        identity=row.identity,
        group=row.group,
        digest=digest([row.content_digest, made_of_it]),
        row_number=row.row_number,
        name=row.name,
        organisation=row.organisation,
        external_id=row.external_id,
        stage=row.stage,
        status=row.status,
        stage_word=stage_word,
        risk=risk,
        facts=facts,
        others=row.others,
    )


def _facts(row: RegisterRow) -> tuple[tuple[str, str], ...]:
    """The facts kept with the project: certain days as ISO dates, other date texts as the file has them."""
    group = ((RISK_GROUP_LABEL, row.risk_group.replace("_", " ")),) if row.risk else ()
    dates = tuple((each.label, each.day.isoformat() if each.day else each.text) for each in row.dates)
    return (*group, *dates, *row.facts)
