from __future__ import annotations

import socket
import sqlite3
from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DatabaseError, IntegrityError, StatementError
from sqlmodel import select

from lifecycle.errors import Invalid, Unavailable
from lifecycle.store.database import Database, open_database
from lifecycle.store.tables import ChainHead, Organisation, Project, TargetDate
from tests.clock import START
from tests.store.rows import add_project

PRAGMAS = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


@pytest.fixture
def sqlite(database: Database) -> Database:
    if database.dialect != "sqlite":
        pytest.skip("speaks of SQLite's file")
    return database


def add_head(database: Database, chain: str) -> None:
    with database.write() as session:
        session.add(ChainHead(chain=chain, sequence=1, at="", hash=""))


def heads(database: Database) -> list[str]:
    with database.read() as session:
        return sorted(head.chain for head in session.exec(select(ChainHead)))


# ------------------------------------------------------------------ transactions


def test_write_keeps_everything_or_nothing(database: Database) -> None:
    add_head(database, "kept")
    for reason in (ZeroDivisionError, KeyboardInterrupt):
        with pytest.raises(reason):
            write_and_fail(database, reason)
    assert heads(database) == ["kept"]


def write_and_fail(database: Database, reason: type[BaseException]) -> None:
    with database.write() as session:
        session.add(ChainHead(chain="lost", sequence=1, at="", hash=""))
        session.flush()
        session.execute(text("DELETE FROM chain_head WHERE chain = 'kept'"))
        raise reason


def test_rows_stay_readable_after_the_transaction(database: Database) -> None:
    with database.write() as session:
        written = Organisation(name="Example", created_at=START)
        session.add(written)
    with database.read() as session:
        read = session.exec(select(Organisation)).one()
    assert (written.id, written.name) == (read.id, read.name) == (1, "Example")
    assert read.created_at == START
    assert read.created_at.utcoffset() is not None


def test_reader_sees_one_moment_while_others_write(database: Database) -> None:
    add_head(database, "before")
    with database.read() as session:
        first = len(session.exec(select(ChainHead.chain)).all())
        writer = Thread(target=add_head, args=(database, "during"))
        writer.start()
        writer.join()
        assert len(session.exec(select(ChainHead.chain)).all()) == first == 1
    assert heads(database) == ["before", "during"]


def test_reader_is_not_stopped_by_a_writer(database: Database) -> None:
    add_head(database, "before")
    with database.write() as session:
        session.add(ChainHead(chain="not yet", sequence=1, at="", hash=""))
        session.flush()
        assert heads(database) == ["before"]


def test_writing_while_reading_is_a_bug_and_not_an_excuse(database: Database) -> None:
    with pytest.raises(DatabaseError) as raised, database.read() as session:
        session.execute(text("DELETE FROM chain_head"))
    assert "read" in str(raised.value)
    assert heads(database) == []


def test_broken_rule_of_the_schema_is_a_bug_and_not_an_excuse(database: Database) -> None:
    with pytest.raises(IntegrityError), database.write() as session:
        session.add(TargetDate(project_id=99, gate="launch", on_date=START.date(), set_at=START, set_by="x"))


def test_naive_moment_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="aware"), database.write() as session:
        session.add(Organisation(name="Example", created_at=START.replace(tzinfo=None)))


def test_write_inside_a_write_is_named_at_once(database: Database) -> None:
    with pytest.raises(RuntimeError, match="already inside write"), database.write(), database.write():
        pass
    add_head(database, "still works")
    assert heads(database) == ["still works"]


def test_foreign_keys_hold_and_commits_are_durable(sqlite: Database) -> None:
    with sqlite.write() as session:
        found = {name: session.execute(text(f"PRAGMA {name}")).scalar() for name in PRAGMAS}
    assert found == PRAGMAS


# ------------------------------------------------------------------ what a person can mend


def test_locked_database_says_that_somebody_else_is_writing(database: Database, database_url: str) -> None:
    impatient = open_database(database_url, busy_seconds=0.1)
    with database.write(), pytest.raises(Unavailable, match="Somebody else is writing"):
        add_head(impatient, "x")
    add_head(impatient, "later")
    assert heads(database) == ["later"]
    impatient.dispose()


def test_locked_database_says_so_to_other_threads_too(database: Database, database_url: str) -> None:
    impatient = open_database(database_url, busy_seconds=0.1)
    said: list[str] = []

    def try_it() -> None:
        try:
            add_head(impatient, "x")
        except Unavailable as refusal:
            said.append(str(refusal))

    with impatient.write():
        other = Thread(target=try_it)
        other.start()
        other.join()
    impatient.dispose()
    assert len(said) == 1
    assert "try again" in said[0]


def test_read_only_database_says_who_can_help(database: Database, database_url: str) -> None:
    refusing = open_database(database_url)
    forbid = "PRAGMA query_only = ON" if database.dialect == "sqlite" else "SET TRANSACTION READ ONLY"
    event.listen(refusing._writer, "begin", lambda connection: connection.exec_driver_sql(forbid))
    with pytest.raises(Unavailable, match="read-only"):
        add_head(refusing, "x")
    refusing.dispose()
    assert heads(database) == []


def test_full_disk_says_so_and_keeps_nothing_of_the_change(sqlite: Database, database_url: str) -> None:
    full = open_database(database_url)

    def leave_little_room(connection: sqlite3.Connection, _record: object) -> None:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages + 3}")

    event.listen(full._writer, "connect", leave_little_room)
    add_head(full, "fits")
    with pytest.raises(Unavailable, match="disk that holds the database is full"), full.write() as session:
        session.add(Organisation(name="x", created_at=START, settings="x" * 100_000))
    assert heads(full) == ["fits"]
    full.dispose()


def test_file_that_is_no_database_says_so(tmp_path: Path) -> None:
    file = tmp_path / "lifecycle.db"
    file.write_bytes(b"This is a letter, not a database. " * 200)
    with pytest.raises(Unavailable, match="damaged or is not a database"):
        heads(open_database(f"sqlite:///{file}"))


def test_file_that_cannot_be_opened_says_so(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="cannot be opened"):
        heads(open_database(f"sqlite:///{tmp_path}"))


def test_database_server_that_does_not_answer_says_so() -> None:
    pytest.importorskip("psycopg", reason="PostgreSQL's driver is optional")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but nobody listens
        address = f"postgresql://me:secret@127.0.0.1:{taken.getsockname()[1]}/lifecycle"
        database = open_database(address)
        with pytest.raises(Unavailable, match="cannot be reached"):
            heads(database)
    assert "secret" not in database.url
    assert database.dialect == "postgresql"


# ------------------------------------------------------------------ addresses


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("", "must be an address"),
        ("data/lifecycle.db", "must be an address"),
        ("mysql://localhost/x", "only sqlite and postgresql"),
        ("sqlite://", "must name a file"),
        ("sqlite:///:memory:", "must name a file"),
    ],
)
def test_address_that_cannot_be_used_is_refused_by_name(url: str, sentence: str) -> None:
    with pytest.raises(Invalid, match=sentence) as raised:
        open_database(url)
    assert str(raised.value).startswith("LIFECYCLE_DATABASE_URL: ")


def test_folder_of_the_file_is_made(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'a' / 'b' / 'x.db'}")
    assert database.file == tmp_path / "a" / "b" / "x.db"
    assert database.file.parent.is_dir()


def test_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Invalid, match=r"needs the folder .*file, which cannot be made"):
        open_database(f"sqlite:///{tmp_path / 'file' / 'x.db'}")


def test_relative_file_stays_the_same_when_the_working_folder_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    database = open_database("sqlite:///here.db")
    monkeypatch.chdir("/")
    assert database.file == tmp_path / "here.db"


def test_one_database_serves_many_threads(database: Database) -> None:
    threads = [Thread(target=add_head, args=(database, f"{number:02}")) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert heads(database) == [f"{number:02}" for number in range(20)]


def test_project_and_person_fit_the_constraints(database: Database) -> None:
    with database.write() as session:
        number = add_project(session)
    with database.read() as session:
        assert session.exec(select(Project)).one().id == number
