"""Importing a register and taking an import back: many projects, one event in the organisation's log."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from sqlmodel import Session, col, select

from lifecycle.actions.projects import existing, next_key, place, slug
from lifecycle.canonical import canonical_json, moment_text
from lifecycle.errors import NotFound, Refused
from lifecycle.events import ORGANISATION, EventAction, project_chain, record
from lifecycle.facts.people import require_on_project
from lifecycle.facts.registers import known_entries, stored_entries, told_before
from lifecycle.language import say
from lifecycle.rules.permissions import require
from lifecycle.rules.registers import (
    Comparison,
    FieldChange,
    KnownEntry,
    ListedProject,
    Pair,
    compare,
    field_changes,
    told_by,
)
from lifecycle.rules.retold import IN_THE_REGISTER, kept
from lifecycle.store.tables import ImportRun, Project, RegisterChange, RegisterEntry, RegisterProblem
from lifecycle.vocabulary import Actor, Blocker, ProjectStatus

PROGRESS_STEPS = 10
_CHUNK = 400  # ids in one IN (…): well below what either database takes
CHANGED, RETURNED, GONE, MOVED = "changed", "returned", "gone", "moved"
# What an import writes, and what taking it back writes again.
_OF_ENTRY = (
    "run_id",
    "external_id",
    "row_number",
    "content_digest",
    "stage_word",
    "risk",
    "facts",
    "others",
    "gone_at",
)
_OF_PROJECT = (
    "name",
    "organisation",
    "stage",
    "gate",
    "furthest_stage",
    "status",
    "stage_since",
    "archived_at",
    "revision",
)
_MOMENTS = frozenset({"gone_at", "stage_since", "archived_at"})

Progress = Callable[[int, int], None]
_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class ProblemRow:
    """A row that a person should look at, as it will be kept with the import."""

    row_number: int
    column: str
    text: str


@dataclass(frozen=True, slots=True)
class ListedRegister:
    """All that one register file says, parsed beforehand. Entries are told apart within `register_name`."""

    register_name: str
    file_name: str
    file_digest: str
    projects: tuple[ListedProject, ...]
    problems: tuple[ProblemRow, ...] = ()


@dataclass(frozen=True, slots=True)
class Imported:
    """The import as done; `added` counts projects brought back after an undone import too."""

    run_id: int
    added: int
    changed: int
    unchanged: int
    gone: int


def import_register(
    session: Session,
    *,
    by: Actor,
    at: datetime,
    register: ListedRegister,
    progress: Progress | None = None,
) -> Imported:
    """Make, update and mark projects so that they say what the register says; one event, whatever the size.

    Projects from a register are not assessed until adopted: they get no answers, no standing and no
    signatures. A project adopted, or placed by hand, keeps its stage; its register's facts still follow the
    file. Nothing is deleted: what a later file leaves out is marked as gone.
    """
    require("imports.run", by)
    comparison = compare(register.projects, known_entries(session, register.register_name))
    steps = _Steps(progress, len(register.projects))
    work = _Work(session, _begin_run(session, register, by, at), by, at, steps)
    touched = _write(work, comparison)
    run = work.run
    run.added, run.changed = len(touched["added"]) + len(touched["returned"]), len(touched["changed"])
    run.unchanged, run.gone = len(comparison.unchanged), len(touched["gone"])
    session.flush()
    said = {"run": run.id, "file": register.file_name, "digest": register.file_digest, "rows": run.rows}
    record(
        session,
        chain=ORGANISATION,
        action=EventAction.REGISTER_IMPORTED,
        subject=f"register:{register.register_name}",
        detail={
            **said,
            "problems": len(register.problems),
            "unchanged": run.unchanged,
            **touched,
            "moved": _by_text(work.moved),
        },
        by=by,
        at=at,
    )
    steps.finish()
    return Imported(_id(work.run), run.added, run.changed, run.unchanged, run.gone)


def undo_import(session: Session, *, by: Actor, at: datetime, run_id: int) -> int:
    """Take an import back whole; returns how many projects it archives.

    The projects it brought are archived, unless somebody has adopted them since; what it changed in projects known
    before says again what it said, and what it marked as gone is not. What people did since stays: a project that
    was adopted or placed by hand keeps its place. Refused when a later import stands on this one. Importing the
    file again does all of it again.
    """
    require("imports.undo", by)
    run = session.get(ImportRun, run_id)
    if run is None:
        raise NotFound(say("import"), run_id)
    if run.undone_at is not None:
        raise Refused(Blocker("import:undone", say("This import was taken back already.")))
    projects = _brought_by(session, run_id)
    changes = session.exec(select(RegisterChange).where(col(RegisterChange.run_id) == run_id)).all()
    _refuse_under_a_later_one(session, run)
    moved: dict[int, list[str | None]] = {}
    restored = _put_back(session, changes, moved)
    for project in projects:
        project.archived_at = at
    run.undone_at = at
    session.flush()
    record(
        session,
        chain=ORGANISATION,
        action=EventAction.REGISTER_UNDONE,
        subject=f"register:{run.register_name}",
        detail={
            "run": run_id,
            "archived": [project.id for project in projects],
            "restored": restored,
            "moved": _by_text(moved),
        },
        by=by,
        at=at,
    )
    return len(projects)


def merge(session: Session, *, by: Actor, at: datetime, project_id: int, into_id: int) -> None:
    """Say that an imported project is one of ours: it leaves the portfolio, and what its register says stands there.

    Its entry stays with it, so that importing the register again still follows it. Restoring it takes this back.
    """
    project, ours = existing(session, project_id), existing(session, into_id)
    require_on_project(session, "projects.read", by, project_id)
    require_on_project(session, "projects.merge", by, into_id)
    if project.origin != "register" or project.adopted_at is not None:
        raise Refused(
            Blocker("project:adopted", say("Only a project from a register that nobody adopted is merged."))
        )
    if project.archived_at is not None:
        raise Refused(Blocker("project:archived", say("This project is archived already.")))
    if ours.origin == "register" and ours.adopted_at is None:
        raise Refused(
            Blocker("project:not_adopted", say("Choose a project that is assessed here, or adopt that one."))
        )
    if ours.archived_at is not None:
        raise Refused(
            Blocker("project:archived", say("The project to merge into is archived. Restore it first."))
        )
    project.archived_at, project.merged_into = at, into_id
    record(
        session,
        chain=project_chain(project_id),
        action=EventAction.PROJECT_MERGED,
        subject=f"project:{project.key}",
        detail={"name": project.name, "into": ours.key, "into_name": ours.name},
        by=by,
        at=at,
    )


def _brought_by(session: Session, run_id: int) -> Sequence[Project]:
    return session.exec(
        select(Project)
        .join(RegisterEntry, col(RegisterEntry.project_id) == col(Project.id))
        .where(col(RegisterEntry.run_id) == run_id)
        .where(col(Project.adopted_at).is_(None), col(Project.archived_at).is_(None))
        .order_by(col(Project.id))
    ).all()


def _refuse_under_a_later_one(session: Session, run: ImportRun) -> None:
    """A later import that changed the same projects has to be taken back first, or neither would be whole."""
    ours = (
        select(col(RegisterEntry.project_id))
        .where(col(RegisterEntry.run_id) == run.id)
        .union(select(col(RegisterChange.project_id)).where(col(RegisterChange.run_id) == run.id))
    )
    later = session.exec(
        select(ImportRun)
        .join(RegisterChange, col(RegisterChange.run_id) == col(ImportRun.id))
        .where(col(ImportRun.id) > run.id, col(ImportRun.undone_at).is_(None))
        .where(col(RegisterChange.kind) != MOVED, col(RegisterChange.project_id).in_(ours))
        .order_by(col(ImportRun.id).desc())
    ).first()
    if later is not None:
        raise Refused(
            Blocker(
                "import:later",
                say(
                    "The import of {file_name} on {moment} UTC changed the same projects "
                    "later. Take that one back first.",
                    file_name=later.file_name,
                    moment=f"{later.at:%Y-%m-%d %H:%M}",
                ),
            )
        )


def _put_back(
    session: Session, changes: Sequence[RegisterChange], moved: dict[int, list[str | None]]
) -> list[int]:
    """Entries, and projects that nobody took over since, as they were before an import; their ids."""
    stored = stored_entries(session, [change.project_id for change in changes])
    for change in changes:
        project, entry = stored[change.project_id]
        before = json.loads(change.content)
        entry.sqlmodel_update(_with_moments(before["entry"]))
        was = before.get("project")
        if was and project.adopted_at is None:
            if project.revision != was["revision"]:
                was = {name: was[name] for name in ("name", "organisation")}
            elif project.stage != was["stage"]:
                moved[change.project_id] = [project.stage, was["stage"]]
            project.sqlmodel_update(_with_moments(was))
    return sorted(change.project_id for change in changes if change.kind != MOVED)


def _with_moments(columns: dict[str, Any]) -> dict[str, Any]:
    return {
        name: datetime.fromisoformat(value) if value is not None and name in _MOMENTS else value
        for name, value in columns.items()
    }


def _by_text(moved: dict[int, list[str | None]]) -> dict[str, list[str | None]]:
    """JSON has no numbers for keys."""
    return {str(project_id): stages for project_id, stages in sorted(moved.items())}


class _Steps:
    """Tells how many rows are done, at most about ten times and always at the end."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self.progress, self.total, self.count = progress, total, 0
        self.size = max(1, -(-total // PROGRESS_STEPS))

    def done(self, rows: int) -> None:
        """`rows` more are done; a large number is told in several steps."""
        for _ in range(rows // self.size):
            self._tell(self.size)
        if rows % self.size:
            self._tell(rows % self.size)

    def finish(self) -> None:
        if self.progress and (self.count != self.total or not self.total):
            self.progress(self.total, self.total)

    def _tell(self, rows: int) -> None:
        self.count += rows
        if self.progress:
            self.progress(self.count, self.total)


@dataclass(frozen=True, slots=True)
class _Work:
    """What every step of one import needs."""

    session: Session
    run: ImportRun
    by: Actor
    at: datetime
    steps: _Steps
    moved: dict[int, list[str | None]] = field(default_factory=dict)  # projects into another stage: from, to


def _write(work: _Work, comparison: Comparison) -> dict[str, list[int]]:
    """All rows of one import; returns the ids of the projects touched, by what happened to them."""
    touched = {
        "added": _add(work, comparison.added),
        "returned": _rewrite(work, comparison.returning, brought_back=True),
        "changed": _rewrite(work, comparison.changed, brought_back=False),
        "gone": _mark_gone(work, comparison.gone),
    }
    _renumber(work, comparison.unchanged)
    work.steps.done(len(comparison.unchanged))
    return touched


def _begin_run(session: Session, register: ListedRegister, by: Actor, at: datetime) -> ImportRun:
    run = ImportRun(
        register_name=register.register_name,
        file_name=register.file_name,
        file_digest=register.file_digest,
        rows=len(register.projects),
        added=0,
        changed=0,
        unchanged=0,
        gone=0,
        at=at,
        by_key=by.key,
    )
    session.add(run)
    session.flush()
    session.add_all(
        RegisterProblem(run_id=_id(run), row_number=each.row_number, column=each.column, text=each.text)
        for each in register.problems
    )
    return run


def _add(work: _Work, rows: Sequence[ListedProject]) -> list[int]:
    """New projects with their entries, in batches; returns their ids in file order."""
    session, run = work.session, work.run
    taken = set(session.exec(select(Project.key))) if rows else set()
    ids: list[int] = []
    for batch in _chunks(rows, work.steps.size):
        projects = [_new_project(row, taken, work) for row in batch]
        session.add_all(projects)
        session.flush()
        new = [project.id for project in projects if project.id is not None]
        session.add_all(
            RegisterEntry(
                project_id=project_id,
                register_name=run.register_name,
                identity=row.identity,
                run_id=_id(work.run),
                **_said(row),
            )
            for project_id, row in zip(new, batch, strict=True)
        )
        session.flush()
        ids.extend(new)
        work.steps.done(len(batch))
    return ids


def _new_project(row: ListedProject, taken: set[str], work: _Work) -> Project:
    key = next_key(slug(row.name), taken)
    taken.add(key)
    project = Project(
        key=key,
        name=row.name,
        organisation=row.organisation,
        origin="register",
        stage_since=work.at,
        created_at=work.at,
        created_by=work.by.key,
    )
    place(project, row.stage, row.status, work.at)
    return project


def _said(row: ListedProject) -> dict[str, Any]:
    """The columns of an entry that the file decides."""
    return {
        "external_id": row.external_id,
        "row_number": row.row_number,
        "content_digest": row.digest,
        "stage_word": row.stage_word,
        "risk": row.risk,
        "facts": canonical_json(row.facts),
        "others": canonical_json(row.others),
        "gone_at": None,
    }


def _rewrite(work: _Work, pairs: Sequence[Pair], *, brought_back: bool) -> list[int]:
    """Entries, and projects not adopted, as the file has them now; returns the projects' ids.

    Brought back are those an undone import had archived: they belong to this import from now on.
    """
    for batch in _chunks(pairs, work.steps.size):
        stored = stored_entries(work.session, [known.project_id for known, _ in batch])
        for known, row in batch:
            project, entry = stored[known.project_id]
            fields = field_changes(told_before(project, entry), told_by(row))
            _keep_before(work, RETURNED if brought_back else CHANGED, project, entry, fields)
            stage = project.stage
            if project.adopted_at is None:
                _follow(project, entry.stage_word, row, work.at)
            if project.stage != stage:
                work.moved[known.project_id] = [stage, project.stage]
            entry.sqlmodel_update(_said(row))
            if brought_back:
                project.archived_at, entry.run_id = None, _id(work.run)
        work.session.flush()
        work.steps.done(len(batch))
    return [known.project_id for known, _ in pairs]


def _keep_before(
    work: _Work, kind: str, project: Project, entry: RegisterEntry, fields: Sequence[FieldChange] = ()
) -> None:
    """What taking the import back needs, and what people want to read of it."""
    before: dict[str, Any] = {"entry": _columns(entry, _OF_ENTRY)}
    if kind in (CHANGED, RETURNED) and project.adopted_at is None:
        before["project"] = _columns(project, _OF_PROJECT)
    work.session.add(
        RegisterChange(
            run_id=_id(work.run),
            project_id=entry.project_id,
            kind=kind,
            content=canonical_json(before),
            fields=canonical_json([[each.field, each.before, each.after] for each in fields]),
        )
    )


def _columns(row: Project | RegisterEntry, names: Sequence[str]) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in names}
    return {
        name: moment_text(value) if isinstance(value, datetime) else value for name, value in values.items()
    }


def _follow(project: Project, old_word: str, row: ListedProject, at: datetime) -> None:
    """An unadopted project takes name, owner and stage from its register.

    Its revision grows only when a person places it; then the register moves it no more, until it uses
    another word for the stage.
    """
    project.name, project.organisation = row.name, row.organisation
    placed_by_hand = project.revision > 1
    if not placed_by_hand or row.stage_word != old_word:
        place(project, row.stage, row.status if row.stage else ProjectStatus.ACTIVE, at)


def _renumber(work: _Work, pairs: Iterable[Pair]) -> None:
    """Rows that moved within the file without a change of content keep pointing at their place in it."""
    moved = {known.project_id: row.row_number for known, row in pairs if known.row_number != row.row_number}
    for batch in _chunks(list(moved), _CHUNK):
        for project, entry in stored_entries(work.session, batch).values():
            _keep_before(work, MOVED, project, entry)
            entry.row_number = moved[entry.project_id]


def _mark_gone(work: _Work, entries: Sequence[KnownEntry]) -> list[int]:
    ids = [entry.project_id for entry in entries]
    for batch in _chunks(ids, _CHUNK):
        for project, entry in stored_entries(work.session, batch).values():
            _keep_before(work, GONE, project, entry, [FieldChange(kept(IN_THE_REGISTER), "yes", "no")])
            entry.gone_at = work.at
    return ids


def _chunks(items: Sequence[_Item], size: int) -> Iterator[Sequence[_Item]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def _id(run: ImportRun) -> int:
    if run.id is None:
        raise ValueError("the import is not in the database yet")
    return run.id
