from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, inspect, text
from sqlalchemy.exc import DatabaseError
from sqlmodel import select

from lifecycle.errors import Outdated
from lifecycle.store.base import metadata
from lifecycle.store.database import Database, open_database
from lifecycle.store.migrations import VERSIONS, check_schema, upgrade
from lifecycle.store.tables import APPEND_ONLY, Evidence, EvidenceRevision
from tests.clock import START
from tests.store.rows import all_rows, fill_every_table, start_process, wait_for

RELEASED = sorted(VERSIONS.glob("0*.py"))
NEWEST = ScriptDirectory(str(VERSIONS.parent), version_locations=[str(VERSIONS)]).get_current_head()


@pytest.fixture
def empty(tmp_path: Path) -> Database:
    return open_database(f"sqlite:///{tmp_path / 'new' / 'lifecycle.db'}")


def triggers(connection: Connection) -> set[tuple[str, str]]:
    if connection.dialect.name == "sqlite":
        sql = "SELECT tbl_name, name FROM sqlite_master WHERE type = 'trigger'"
    else:
        sql = (
            "SELECT relname, tgname FROM pg_trigger JOIN pg_class ON tgrelid = pg_class.oid "
            "WHERE NOT tgisinternal AND tgenabled = 'A'"
        )
    return {(row[0], row[1]) for row in connection.execute(text(sql))}


def expected_triggers(dialect: str) -> set[tuple[str, str]]:
    names = ("update", "delete", "replace") if dialect == "sqlite" else ("change", "truncate")
    return {(table, f"{table}_refuses_{name}") for table in APPEND_ONLY for name in names}


def description(connection: Connection) -> dict[str, object]:
    """Everything the inspector knows of each table, in an order of its own."""
    inspector = inspect(connection)
    return {
        table: (
            [(c["name"], str(c["type"]), c["nullable"], c["default"]) for c in inspector.get_columns(table)],
            inspector.get_pk_constraint(table),
            sorted(map(repr, inspector.get_unique_constraints(table))),
            sorted(map(repr, inspector.get_indexes(table))),
            sorted(map(repr, inspector.get_foreign_keys(table))),
            inspector.get_check_constraints(table),
        )
        for table in inspector.get_table_names()
        if table != "alembic_version"
    }


def test_migrated_schema_is_the_one_of_the_tables(database: Database) -> None:
    with database.read() as session:
        context = MigrationContext.configure(session.connection(), opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_migrated_schema_equals_what_create_all_makes(empty: Database) -> None:
    upgrade(empty)
    created = create_engine("sqlite://")
    metadata.create_all(created)
    with empty.read() as session, created.connect() as connection:
        assert description(session.connection()) == description(connection)


def test_every_append_only_table_is_guarded(database: Database) -> None:
    with database.read() as session:
        assert triggers(session.connection()) == expected_triggers(database.dialect)


def test_empty_database_says_so_until_it_is_upgraded(empty: Database) -> None:
    assert "db upgrade" in (check_schema(empty) or "")
    upgrade(empty)
    assert check_schema(empty) is None
    upgrade(empty)
    assert check_schema(empty) is None


def test_many_first_starts_at_once_make_one_schema(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'lifecycle.db'}"
    processes = [start_process(upgrade, url) for _ in range(4)]
    assert [wait_for(process) for process in processes] == [0, 0, 0, 0]
    database = open_database(url)
    assert check_schema(database) is None
    with database.read() as session:
        assert triggers(session.connection()) == expected_triggers("sqlite")


def test_newer_database_is_refused_and_left_alone(database: Database) -> None:
    with database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0999'"))
    with pytest.raises(Outdated, match=rf"newer version of Lifecycle .* schema 0999, .* up to {NEWEST}"):
        upgrade(database)
    assert "install that version" in (check_schema(database) or "")


def test_database_of_another_program_is_refused_and_left_alone(empty: Database) -> None:
    with empty.write() as session:
        session.execute(text("CREATE TABLE recipes (id INTEGER)"))
    with pytest.raises(Outdated, match=r"did not make \(recipes\)"):
        upgrade(empty)
    assert "recipes" in (check_schema(empty) or "")
    with empty.read() as session:
        assert inspect(session.connection()).get_table_names() == ["recipes"]


# ------------------------------------------------------------------ upgrades of a database in use

CHANGE_ANSWER = """
import sqlalchemy as sa
from alembic import op
from lifecycle.store.append_only import guard_statements

revision, down_revision = "0900", "{newest}"


def upgrade():
    with op.batch_alter_table("answer") as batch:
        batch.add_column(sa.Column("confidence", sa.Integer()))
        batch.alter_column("method", type_=sa.Text())
    keys = [["id"], ["project_id", "source_id", "field_id", "revision"]]
    if op.get_bind().dialect.name == "sqlite":
        for statement in guard_statements("sqlite", "answer", keys):
            op.execute(statement)
    {ending}
"""


@pytest.fixture
def next_version(tmp_path: Path) -> Callable[[str], Path]:
    """A folder with all migrations and one more that makes `answer` anew and then does `ending`."""

    def write(ending: str) -> Path:
        folder = tmp_path / "versions"
        shutil.copytree(VERSIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
        change = CHANGE_ANSWER.replace("{ending}", ending).replace("{newest}", str(NEWEST))
        (folder / "0900_next.py").write_text(change)
        return folder

    return write


def snapshot(database: Database) -> tuple[object, ...]:
    with database.read() as session:
        connection = session.connection()
        rows = [all_rows(session, table) for table in metadata.sorted_tables if table.name != "answer"]
        answers = [tuple(row) for row in session.execute(text("SELECT id, field_id, by_key FROM answer"))]
        return inspect(connection).get_table_names(), triggers(connection), rows, answers


def test_older_database_is_upgraded_with_all_rows_and_guards(
    database: Database, next_version: Callable[[str], Path]
) -> None:
    with database.write() as session:
        fill_every_table(session)
    before, versions = snapshot(database), next_version("pass")
    assert "needs 0900" in (check_schema(database, versions=versions) or "")
    upgrade(database, versions=versions)
    assert check_schema(database, versions=versions) is None
    assert snapshot(database) == before
    with pytest.raises(DatabaseError, match="append-only"), database.write() as session:
        session.execute(text("UPDATE answer SET confidence = 1"))
    with pytest.raises(DatabaseError, match=r"(?i)foreign key"), database.write() as session:
        session.execute(text("UPDATE current_answer SET answer_id = 99"))


@pytest.mark.parametrize(
    ("ending", "reason"),
    [
        ('op.drop_table("event"); op.execute("SELECT broken FROM nowhere")', "nowhere"),
        ('op.drop_index("ix_event_at"); op.execute("SELECT broken FROM nowhere")', "nowhere"),
        ('op.execute("UPDATE current_answer SET answer_id = 99")', "(?i)point nowhere|foreign key"),
    ],
)
def test_failed_upgrade_changes_nothing(
    database: Database, next_version: Callable[[str], Path], ending: str, reason: str
) -> None:
    with database.write() as session:
        fill_every_table(session)
    before, versions = snapshot(database), next_version(ending)
    with pytest.raises((DatabaseError, RuntimeError), match=reason):
        upgrade(database, versions=versions)
    assert snapshot(database) == before
    assert check_schema(database) is None


# ------------------------------------------------------------------ what a migration carries over


def up_to(number: str, folder: Path) -> Path:
    """A folder with the released migrations up to this one."""
    folder.mkdir()
    for released in RELEASED:
        if released.name <= f"{number}~":
            (folder / released.name).write_text(released.read_text())
    return folder


def test_links_of_the_first_release_become_documents_with_one_revision(
    empty: Database, tmp_path: Path
) -> None:
    upgrade(empty, versions=up_to("0001", tmp_path / "first"))
    with empty.write() as session:
        session.execute(
            text(
                "INSERT INTO project (id, key, name, purpose, organisation, status, origin, guide_version,"
                " stage_since, created_at, created_by, revision)"
                " VALUES (1, 'p', 'P', '', '', 'active', 'here', '1', :at, :at, 'ada', 1)"
            ),
            {"at": "2026-03-02 09:00:00.000000"},
        )
        for number, removed in ((3, None), (7, "2026-03-05 09:00:00.000000")):
            session.execute(
                text(
                    "INSERT INTO evidence_link (id, project_id, gate, field_id, title, url, expires_on, added_at,"
                    " added_by, removed_at) VALUES (:id, 1, 'design', 'D25', :title, 'https://example.org', NULL,"
                    " '2026-03-02 09:00:00.000000', 'ada', :removed)"
                ),
                {"id": number, "title": f"Document {number}", "removed": removed},
            )
    upgrade(empty)
    with empty.read() as session:
        assert [
            (row.id, row.title, row.kind, row.gate, row.field_id, row.removed_at is None)
            for row in session.exec(select(Evidence)).all()
        ] == [
            (3, "Document 3", "link", "design", "D25", True),
            (7, "Document 7", "link", "design", "D25", False),
        ]
        assert [
            (row.evidence_id, row.number, row.address, row.at == START, row.by_key, row.digest)
            for row in session.exec(select(EvidenceRevision)).all()
        ] == [(number, 1, "https://example.org", True, "ada", "") for number in (3, 7)]
