"""The engine and the transaction at the edge: one writer at a time, readers see one moment.

Writes are serialised on both databases (SQLite by BEGIN IMMEDIATE, PostgreSQL by one advisory lock), so an
action may read, decide and write without anybody getting in between.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from itertools import islice
from pathlib import Path
from sqlite3 import Connection as SqliteConnection
from sqlite3 import OperationalError
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool
from sqlmodel import Session as Session  # part of this module's face: the edges pass it on

from lifecycle.errors import Invalid, Unavailable
from lifecycle.language import say
from lifecycle.store import vouched
from lifecycle.store.kept import Kept, notes_for
from lifecycle.store.unavailable import LOCKED, refusals

BUSY_SECONDS = 15.0
# Any fixed number: everybody who writes this schema takes the same advisory lock.
WRITER_LOCK = 4_207_110_231


class _Session(Session):
    """Notes the rows it touches, for the event that will vouch for them."""


vouched.watch(_Session)


class Database:
    """One SQLite file or PostgreSQL database, shared by all threads of a process."""

    def __init__(self, url: URL, writer: Engine, reader: Engine, busy_seconds: float = BUSY_SECONDS) -> None:
        self._url, self._writer, self._reader = url, writer, reader
        # SQLite asks again after ever longer pauses whether the writer before is done; a lock says so at once.
        self._turn, self._patience = threading.Lock(), busy_seconds
        self._open = threading.local()
        self._kept = Kept()

    @property
    def url(self) -> str:
        """Without the password, so that it may be printed."""
        return self._url.render_as_string(hide_password=True)

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._url.get_backend_name()

    @property
    def file(self) -> Path | None:
        """The SQLite file, None on PostgreSQL."""
        return Path(self._url.database or "") if self.dialect == "sqlite" else None

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One write transaction: committed at normal exit, rolled back on any exception.

        Holds the writer's lock from the start, so what it reads is the newest. Raises Unavailable when the
        database is locked, full, read-only or gone, RuntimeError when this thread is already writing.
        """
        if getattr(self._open, "writing", False):
            raise RuntimeError("this thread is already inside write(); a second one would wait for the first")
        if not self._turn.acquire(timeout=self._patience):
            raise Unavailable(LOCKED)
        self._open.writing = True
        try:
            with self._session(self._writer) as session:
                yield session
                session.commit()
        finally:
            self._open.writing = False
            self._turn.release()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A snapshot of one moment. Writing in it fails as the bug it is; Unavailable as in `write`."""
        with self._session(self._reader) as session:
            yield session

    @contextmanager
    def change_schema(self) -> Iterator[Connection]:
        """One transaction for migrations, alone with the database; all of it is kept or nothing.

        SQLite checks foreign keys at the end instead of on the way, because changing a table there means
        making it anew. Raises Unavailable as `write` does.
        """
        with refusals(reading=False), self._writer.connect() as connection:
            checked_later = _foreign_keys_off(connection) if self.dialect == "sqlite" else nullcontext()
            with checked_later, connection.begin():
                yield connection
                if self.dialect == "sqlite":
                    _check_foreign_keys(connection)

    @contextmanager
    def _session(self, engine: Engine) -> Iterator[Session]:
        opened = _Session(engine, expire_on_commit=False, info=notes_for(self._kept))
        with refusals(reading=engine is self._reader), opened as session:
            session.connection()  # begins now: the lock is held, or the moment fixed, before anything is read
            yield session

    def dispose(self) -> None:
        """Close all connections; the last one leaves a single SQLite file without WAL beside it."""
        self._reader.dispose()
        self._writer.dispose()


def raw_lines(session: Session, statement: str) -> Iterator[tuple[Any, ...]]:
    """The rows of a statement as the driver gives them, streamed in this transaction, past the ORM.

    Text that is not UTF-8 comes with surrogates in the place of the bytes that are wrong.
    """
    raw = session.connection().connection.driver_connection
    if not isinstance(raw, SqliteConnection):
        with raw.cursor(name="lines") as cursor:  # type: ignore[union-attr]
            yield from cursor.execute(statement)
        return
    read = 0
    try:
        for row in raw.execute(statement):
            read += 1
            yield row
    except OperationalError as error:
        if "decode" not in str(error):
            raise
        yield from islice(_lenient(raw, statement), read, None)


def _lenient(raw: SqliteConnection, statement: str) -> Iterator[tuple[Any, ...]]:
    raw.text_factory = lambda stored: stored.decode("utf-8", "surrogateescape")
    try:
        yield from raw.execute(statement)
    finally:
        raw.text_factory = str


def open_database(url: str, *, busy_seconds: float = BUSY_SECONDS) -> Database:
    """Open, but do not yet touch, the database; creates the folder of a SQLite file.

    A writer waits `busy_seconds` for the one before it. Raises Invalid for an address that cannot be used.
    """
    address = _read_url(url)
    if address.get_backend_name() == "sqlite":
        return _open_sqlite(address, busy_seconds)
    return _open_postgresql(address, busy_seconds)


def _read_url(url: str) -> URL:
    try:
        address = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise _refused(say("must be an address as sqlite:///FOLDER/FILE.db or postgresql://…")) from error
    backend = address.get_backend_name()
    if backend in ("postgres", "postgresql"):
        return address.set(drivername="postgresql+psycopg")
    if backend != "sqlite":
        raise _refused(say("names “{backend}”; only sqlite and postgresql are supported.", backend=backend))
    if not address.database or address.database.startswith((":memory:", "file:")):
        raise _refused(say("must name a file, as in sqlite:///data/lifecycle.db."))
    return address.set(drivername="sqlite", database=str(Path(address.database).absolute()))


def _refused(problem: str) -> Invalid:
    return Invalid({"LIFECYCLE_DATABASE_URL": problem})


# ------------------------------------------------------------------ SQLite


def _open_sqlite(address: URL, busy_seconds: float) -> Database:
    folder = Path(address.database or "").parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _refused(
            say(
                "needs the folder {folder}, which cannot be made: {reason}.",
                folder=folder,
                reason=error.strerror,
            )
        ) from error
    writer = _sqlite_engine(address, busy_seconds, begin="BEGIN IMMEDIATE")
    reader = _sqlite_engine(address, busy_seconds, begin="BEGIN")
    event.listen(writer, "connect", _keep_a_write_ahead_log)
    event.listen(reader, "connect", _refuse_writing)
    return Database(address, writer, reader, busy_seconds)


def _sqlite_engine(address: URL, busy_seconds: float, *, begin: str) -> Engine:
    engine = create_engine(
        address,
        poolclass=QueuePool,
        pool_size=10,
        max_overflow=40,
        pool_timeout=busy_seconds,
        # The driver must not begin transactions by itself: it would read outside of them.
        connect_args={"timeout": busy_seconds, "isolation_level": None, "check_same_thread": False},
    )

    def begin_transaction(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine, "connect", _set_pragmas)
    event.listen(engine, "begin", begin_transaction)
    return engine


def _set_pragmas(connection: SqliteConnection, _record: ConnectionPoolEntry) -> None:
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = FULL")


def _keep_a_write_ahead_log(connection: SqliteConnection, _record: ConnectionPoolEntry) -> None:
    # Asked first: setting it anew takes a lock even when nothing changes.
    if connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
        connection.execute("PRAGMA journal_mode = WAL")


def _refuse_writing(connection: SqliteConnection, _record: ConnectionPoolEntry) -> None:
    connection.execute("PRAGMA query_only = ON")


@contextmanager
def _foreign_keys_off(connection: Connection) -> Iterator[None]:
    raw = connection.connection.driver_connection
    assert isinstance(raw, SqliteConnection)
    raw.execute("PRAGMA foreign_keys = OFF")  # has no effect inside a transaction, so before it
    try:
        yield
    finally:
        raw.execute("PRAGMA foreign_keys = ON")


def _check_foreign_keys(connection: Connection) -> None:
    orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    if orphans:
        raise RuntimeError(f"the migration leaves {len(orphans)} rows that point nowhere, first {orphans[0]}")


# ------------------------------------------------------------------ PostgreSQL


def _open_postgresql(address: URL, busy_seconds: float) -> Database:
    options = {"pool_size": 10, "max_overflow": 20, "pool_timeout": busy_seconds, "pool_pre_ping": True}
    milliseconds = int(busy_seconds * 1000)
    arguments = {
        "connect_timeout": 10,
        "options": f"-c lock_timeout={milliseconds} -c timezone=UTC",
    }
    try:
        engine = create_engine(address, connect_args=arguments, **options)
    except ModuleNotFoundError as error:
        raise _refused(say("needs the driver psycopg: pip install 'psycopg[binary]'.")) from error
    reader = create_engine(address, connect_args=arguments, **options).execution_options(
        isolation_level="REPEATABLE READ", postgresql_readonly=True
    )
    event.listen(engine, "begin", _become_the_writer)
    return Database(address, engine, reader, busy_seconds)


def _become_the_writer(connection: Connection) -> None:
    connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": WRITER_LOCK})
