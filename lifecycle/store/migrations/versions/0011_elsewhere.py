"""What an imported project document says was decided elsewhere."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from lifecycle.store.append_only import guard_statements

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "elsewhere_record",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_elsewhere_record_project_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_elsewhere_record")),
    )
    op.create_index(op.f("ix_elsewhere_record_project_id"), "elsewhere_record", ["project_id"], unique=False)
    for statement in guard_statements(op.get_bind().dialect.name, "elsewhere_record", [["id"]]):
        op.execute(statement)
