"""What Alembic does of an upgrade: apart, because importing it takes a third of a second that few starts need."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from lifecycle.errors import Outdated

FOLDER = Path(__file__).parent

NEWER = (
    "A newer version of Lifecycle made this database: it has schema {current}, this version knows up to "
    "{newest}. Nothing was changed: install that version or a later one, or restore a backup from before."
)
OLDER = (
    "The database has schema {current}, this version of Lifecycle needs {newest}. "
    "Run “python -m lifecycle db upgrade”, or start the server, which does it by itself."
)
EMPTY = "The database is empty. Run “python -m lifecycle db upgrade”, or start the server, which fills it."
FOREIGN = (
    "The database holds tables that Lifecycle did not make ({tables}). Nothing was changed: "
    "set LIFECYCLE_DATABASE_URL to an empty database or a new file."
)


def upgrade(connection: Connection, versions: Path) -> None:
    """Apply what is missing, in the caller's transaction. Raises Outdated when the database is newer or not ours."""
    config = _config(versions)
    _refuse_newer_or_foreign(connection, config)
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def fault(connection: Connection, versions: Path) -> str | None:
    """None when the schema is the newest, else a sentence that says what to do."""
    config = _config(versions)
    try:
        _refuse_newer_or_foreign(connection, config)
    except Outdated as refusal:
        return str(refusal)
    current = _revision(connection)
    if current is None:
        return EMPTY
    newest = _newest(config)
    return None if current == newest else OLDER.format(current=current, newest=newest)


def _config(versions: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", _escaped(FOLDER))
    config.set_main_option("version_locations", _escaped(versions))
    config.set_main_option("path_separator", "newline")
    return config


def _escaped(folder: Path) -> str:
    return str(folder).replace("%", "%%")


def _newest(config: Config) -> str:
    newest = ScriptDirectory.from_config(config).get_current_head()
    if newest is None:
        raise RuntimeError("there are no migrations")
    return newest


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _refuse_newer_or_foreign(connection: Connection, config: Config) -> None:
    current = _revision(connection)
    if current is None:
        tables = inspect(connection).get_table_names()
        if tables:
            raise Outdated(FOREIGN.format(tables=", ".join(sorted(tables)[:5])))
        return
    scripts = ScriptDirectory.from_config(config)
    if current not in {script.revision for script in scripts.walk_revisions()}:
        raise Outdated(NEWER.format(current=current, newest=_newest(config)))
