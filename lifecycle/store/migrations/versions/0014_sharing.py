"""Versions of the guide, data sources taken from another project, imported projects that are ones of ours."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("project", sa.Column("merged_into", sa.Integer(), nullable=True))
    op.create_table(
        "shared_source",
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("origin_project_id", sa.Integer(), nullable=False),
        sa.Column("origin_source_id", sa.Integer(), nullable=False),
        sa.Column("seen", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_key", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["origin_project_id"], ["project.id"], name=op.f("fk_shared_source_origin_project_id")
        ),
        sa.ForeignKeyConstraint(
            ["origin_source_id"], ["data_source.id"], name=op.f("fk_shared_source_origin_source_id")
        ),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_shared_source_project_id")),
        sa.ForeignKeyConstraint(["source_id"], ["data_source.id"], name=op.f("fk_shared_source_source_id")),
        sa.PrimaryKeyConstraint("source_id", name=op.f("pk_shared_source")),
    )
    op.create_index(
        op.f("ix_shared_source_origin_source_id"), "shared_source", ["origin_source_id"], unique=False
    )
    op.create_index(op.f("ix_shared_source_project_id"), "shared_source", ["project_id"], unique=False)
    op.create_table(
        "guide_edition",
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_guide_edition")),
    )
