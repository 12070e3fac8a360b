"""Tallies of the portfolio, counted from the rows that are there; past days are kept by the daily job."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import sqlalchemy as sa
from alembic import op

from lifecycle.canonical import canonical_json, moment_text
from lifecycle.store.base import Moment

revision = "0015"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _make_tables()
    _count(op.get_bind())


def _make_tables() -> None:
    op.create_table(
        "tally",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_tally")),
    )
    op.create_table(
        "tally_line",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_tally_line_project_id")),
        sa.PrimaryKeyConstraint("project_id", name=op.f("pk_tally_line")),
    )
    op.create_table(
        "tally_wait",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("since", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_tally_wait_project_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tally_wait")),
    )
    op.create_index(
        "ix_tally_wait_order", "tally_wait", ["queue", "since", "name", "project_id"], unique=False
    )
    op.create_table(
        "tally_day",
        sa.Column("ends", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("ends", name=op.f("pk_tally_day")),
    )


_ROWS = sa.text(
    "SELECT project.id, trim(project.name) AS name, trim(project.organisation) AS organisation, project.stage, "
    "project.status, s.level, s.since, s.causes, s.stale, s.overdue, standing.roles "
    "FROM project LEFT JOIN project_standing s ON s.project_id = project.id "
    "LEFT JOIN standing ON standing.project_id = project.id AND standing.gate = project.gate "
    "WHERE project.archived_at IS NULL ORDER BY project.id"
).columns(since=Moment())
_BATCH = 500


def _count(connection: sa.Connection) -> None:
    numbers: Counter[str] = Counter()
    lines, waits = [], []
    for row in connection.execute(_ROWS):
        keys, queues = _counted_as(row)
        numbers.update(keys)
        content = canonical_json([sorted(keys), sorted(queues)])
        lines.append({"project_id": row.id, "content": content})
        waits += [
            {"queue": queue, "since": since, "name": row.name, "project_id": row.id}
            for queue, since, _ in queues
        ]
    tallies = [{"key": key, "number": number} for key, number in numbers.items()]
    for table, rows in (("tally", tallies), ("tally_line", lines), ("tally_wait", waits)):
        columns: list[Any] = [sa.column(name) for name in rows[0]] if rows else []
        for start in range(0, len(rows), _BATCH):
            connection.execute(sa.insert(sa.table(table, *columns)), rows[start : start + _BATCH])


def _counted_as(row: Any) -> tuple[set[str], set[tuple[str, str, str]]]:
    """As `store.tallies` counts with this version, which goes its own way later."""
    keys = {canonical_json(["cell", row.organisation, row.stage, row.status, row.level])}
    if row.level is None or row.status in ("retired", "stopped"):
        return keys, set()
    said = json.loads(row.roles or "{}")
    keys |= {canonical_json(["said", row.organisation, role, status]) for role, (status, _) in said.items()}
    keys |= {canonical_json(["cause", cause]) for cause in json.loads(row.causes)}
    keys |= {canonical_json([word]) for word in ("stale", "overdue") if getattr(row, word) > 0}
    queues = {
        (canonical_json([row.organisation, role]), since, row.name)
        for role, (status, since) in said.items()
        if status == "waiting" and since
    }
    if row.level == "blocked":
        queues.add(("blocked", moment_text(row.since), row.name))
    return keys, queues
