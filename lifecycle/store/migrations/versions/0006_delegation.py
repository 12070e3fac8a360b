"""Who stands in for whom in a reviewing role, and who handed a single review on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "delegation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("from_key", sa.String(), nullable=False),
        sa.Column("to_key", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_key", sa.String(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["from_key"], ["person.key"], name=op.f("fk_delegation_from_key")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_delegation_project_id")),
        sa.ForeignKeyConstraint(["to_key"], ["person.key"], name=op.f("fk_delegation_to_key")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delegation")),
    )
    op.create_index(op.f("ix_delegation_from_key"), "delegation", ["from_key"], unique=False)
    op.create_index(op.f("ix_delegation_to_key"), "delegation", ["to_key"], unique=False)
    op.add_column("review", sa.Column("handed_over_by", sa.String(), nullable=True))
