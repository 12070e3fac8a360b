"""The schema, version by version. Upgrades run by themselves at the start, in one transaction."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from types import ModuleType

from sqlalchemy import Connection, inspect, text

from lifecycle.store.database import Database

VERSIONS = Path(__file__).parent / "versions"


def upgrade(database: Database, *, versions: Path = VERSIONS) -> None:
    """Bring an empty or older database to the newest schema; does nothing when it is there already.

    Only one process upgrades at a time, the others wait and find it done. Raises Outdated when the database
    is newer than the code or not ours, Unavailable when it cannot be written; then nothing has changed.
    """
    with database.read() as session:
        if _is_newest(session.connection(), versions):
            return
    with database.change_schema() as connection:
        _steps().upgrade(connection, versions)


def check_schema(database: Database, *, versions: Path = VERSIONS) -> str | None:
    """None when the schema is the one this code needs, else a sentence that says what to do."""
    with database.read() as session:
        connection = session.connection()
        if _is_newest(connection, versions):
            return None
        fault: str | None = _steps().fault(connection, versions)
        return fault


def _is_newest(connection: Connection, versions: Path) -> bool:
    """Whether the database names the newest file of the folder, as it does at nearly every start."""
    if not inspect(connection).has_table("alembic_version"):
        return False
    numbers = [file.stem.partition("_")[0] for file in versions.glob("[0-9]*.py")]
    current = connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
    return bool(numbers) and current == [max(numbers)]


def _steps() -> ModuleType:
    return import_module("lifecycle.store.migrations.steps")
