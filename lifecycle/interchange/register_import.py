"""A register reading into the database: first as a plan, then as one import."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from lifecycle.actions.registers import Imported, ListedRegister, ProblemRow, Progress, import_register
from lifecycle.canonical import digest
from lifecycle.facts.registers import known_entries
from lifecycle.interchange.registers import RegisterReading, RegisterRow
from lifecycle.interchange.tabular import RowProblem
from lifecycle.rules.registers import ListedProject, compare
from lifecycle.vocabulary import Actor

RISK_GROUP_LABEL = "Risk group"
_LONGEST_WORD = 1_000


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What an import would do: numbers of projects, and the rows a person should look at."""

    added: int
    changed: int
    unchanged: int
    gone: int
    problems: tuple[RowProblem, ...]


def plan_import(session: Session, reading: RegisterReading) -> ImportPlan:
    """The counts that `apply_import` would give now. Reads only."""
    found = compare(_listed(reading.rows), known_entries(session, reading.mapping.name))
    return ImportPlan(
        added=len(found.added) + len(found.returning),
        changed=len(found.changed),
        unchanged=len(found.unchanged),
        gone=len(found.gone),
        problems=reading.problems,
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
        register_name=reading.mapping.name,
        file_name=reading.file_name,
        file_digest=reading.file_digest,
        projects=_listed(reading.rows),
        problems=tuple(ProblemRow(each.row, each.column, each.text) for each in reading.problems),
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
    )


def _facts(row: RegisterRow) -> tuple[tuple[str, str], ...]:
    """The facts kept with the project: certain days as ISO dates, other date texts as the file has them."""
    group = ((RISK_GROUP_LABEL, row.risk_group.replace("_", " ")),) if row.risk else ()
    dates = tuple((each.label, each.day.isoformat() if each.day else each.text) for each in row.dates)
    return (*group, *dates, *row.facts)
