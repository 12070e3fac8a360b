"""Write the first migration anew from the tables: `python -m scripts.regenerate_initial_migration`.

Only until the first release. From then on a change of the tables is a migration of its own.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any, Literal

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.autogenerate.api import AutogenContext
from alembic.operations.ops import UpgradeOps
from alembic.runtime.migration import MigrationContext
from sqlalchemy import String, UniqueConstraint, create_engine
from sqlmodel.sql.sqltypes import AutoString

from lifecycle.store.base import Moment, metadata
from lifecycle.store.tables import APPEND_ONLY

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "lifecycle" / "store" / "migrations" / "versions" / "0001_initial.py"

TEMPLATE = '''"""All tables of the first release, and the triggers of the append-only ones."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from lifecycle.store.append_only import guard_statements

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Table and its keys: no row that has one of them may be put in its place.
APPEND_ONLY = {append_only!r}


def upgrade() -> None:
{body}
    for table, keys in APPEND_ONLY.items():
        for statement in guard_statements(op.get_bind().dialect.name, table, keys):
            op.execute(statement)
'''


def main() -> None:
    with create_engine("sqlite://").connect() as connection:
        context = MigrationContext.configure(connection)
        operations = produce_migrations(context, metadata).upgrade_ops
    assert isinstance(operations, UpgradeOps)
    body = render_python_code(operations, render_item=render_item)
    lines = [line for line in body.splitlines() if not line.strip().startswith("#")]
    TARGET.write_text(TEMPLATE.format(append_only=keys_of_append_only(), body="\n".join(lines)))
    subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--quiet", "--line-length", "110", str(TARGET)],
        check=True,
        cwd=ROOT,
    )


def keys_of_append_only() -> dict[str, list[list[str]]]:
    return {name: table_keys(name) for name in APPEND_ONLY}


def table_keys(name: str) -> list[list[str]]:
    table = metadata.tables[name]
    uniques = [list(rule.columns.keys()) for rule in table.constraints if isinstance(rule, UniqueConstraint)]
    return [list(table.primary_key.columns.keys()), *sorted(uniques)]


def render_item(kind: str, item: Any, _context: AutogenContext) -> str | Literal[False]:
    """Plain SQLAlchemy types: a migration must not change when ours do."""
    if kind == "type" and isinstance(item, Moment):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, AutoString):
        assert isinstance(item.impl_instance, String)
        length = item.impl_instance.length
        return f"sa.String(length={length})" if length else "sa.String()"
    return False


if __name__ == "__main__":
    main()
