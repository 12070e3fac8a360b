"""Rows for tests of the store: the smallest that the constraints allow, for any table."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date
from multiprocessing import get_context

from sqlalchemy import Boolean, Column, Date, Float, Integer, Table, func, insert, select
from sqlmodel import Session, col

from lifecycle.canonical import canonical_json
from lifecycle.events import EventAction, project_chain, record
from lifecycle.store.base import Moment, metadata
from lifecycle.store.database import Database, open_database
from lifecycle.store.tables import Answer, PersonRow, Project
from lifecycle.vocabulary import Actor
from tests.clock import START

ADA = Actor("ada", "Ada Example")


def fill_every_table(session: Session) -> None:
    """One row in every table; all whole numbers are 1 and all texts “x”, so that references hold."""
    for table in metadata.sorted_tables:
        session.execute(insert(table), {column.name: some_value(column) for column in table.columns})


def some_value(column: Column[object]) -> object:
    if column.nullable:
        return None
    kinds = ((Boolean, True), (Integer, 1), (Float, 1.0), (Moment, START), (Date, date(2026, 3, 2)))
    return next((value for kind, value in kinds if isinstance(column.type, kind)), "x")


def add_project(session: Session) -> int:
    """A project with Ada as the only person."""
    session.add(PersonRow(key=ADA.key, name=ADA.name, organisation_role="member", created_at=START))
    project = Project(key="p", name="P", stage_since=START, created_at=START, created_by=ADA.key)
    session.add(project)
    session.flush()
    assert project.id is not None
    return project.id


def save_answer(session: Session, project_id: int, value: object, field_id: str = "D01") -> int:
    """Add the next revision of an answer and its event, as the action does; returns the revision."""
    earlier = select(func.max(col(Answer.revision))).where(
        col(Answer.project_id) == project_id, col(Answer.field_id) == field_id
    )
    revision = (session.execute(earlier).scalar() or 0) + 1
    session.add(
        Answer(
            project_id=project_id,
            field_id=field_id,
            revision=revision,
            state="answered",
            value=canonical_json(value),
            at=START,
            by_key=ADA.key,
        )
    )
    session.flush()
    record(
        session,
        chain=project_chain(project_id),
        action=EventAction.ANSWER_SAVED,
        subject=field_id,
        detail={"value": value},
        by=ADA,
        at=START,
    )
    return revision


def all_rows(session: Session, table: Table) -> list[tuple[object, ...]]:
    return [tuple(row) for row in session.execute(select(table).order_by(*table.primary_key.columns))]


def start_process(work: Callable[[Database], None], url: str) -> int:
    """Run `work` on its own connection in a process of its own; returns its process id."""
    process = get_context("fork").Process(target=_work_and_leave, args=(work, url))
    process.start()
    assert process.pid is not None
    return process.pid


def wait_for(process: int) -> int:
    """The exit code, or minus the signal that ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def _work_and_leave(work: Callable[[Database], None], url: str) -> None:
    database = open_database(url, busy_seconds=60)
    work(database)
    database.dispose()
