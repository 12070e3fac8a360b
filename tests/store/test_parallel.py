"""P8: N parallel writers of k changes leave exactly N·k events and an intact chain."""

from __future__ import annotations

from threading import Thread

from sqlmodel import Session, select

from lifecycle.events import ORGANISATION, EventAction, chain_stamp, project_chain, record, verify_all
from lifecycle.store.database import Database
from lifecycle.store.tables import Answer, Event
from tests.clock import START
from tests.store.rows import ADA, add_project, save_answer, start_process, wait_for

CHANGES = 15
WRITERS = 4


def write_changes(database: Database) -> None:
    """Read, decide, write: each change builds on the answer found, and every third tells the organisation."""
    for number in range(CHANGES):
        with database.write() as session:
            save_answer(session, 1, number)
            if number % 3 == 0:
                record(session, chain=ORGANISATION, action=EventAction.REVIEWER_LISTED, by=ADA, at=START)


def assert_nothing_lost(session: Session, changes: int) -> None:
    revisions = session.exec(select(Answer.revision)).all()
    assert sorted(revisions) == list(range(1, changes + 1))
    assert len(session.exec(select(Event).where(Event.chain == project_chain(1))).all()) == changes
    assert chain_stamp(session, ORGANISATION) == changes // 3
    assert verify_all(session) == []


def test_threads_lose_no_change(database: Database) -> None:
    with database.write() as session:
        add_project(session)
    threads = [Thread(target=write_changes, args=(database,)) for _ in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as session:
        assert_nothing_lost(session, WRITERS * CHANGES)


def test_processes_lose_no_change(database: Database, database_url: str) -> None:
    with database.write() as session:
        add_project(session)
    processes = [start_process(write_changes, database_url) for _ in range(WRITERS)]
    assert [wait_for(process) for process in processes] == [0] * WRITERS
    with database.read() as session:
        assert_nothing_lost(session, WRITERS * CHANGES)
