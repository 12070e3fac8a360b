"""The evidence shelf: documents with revisions. Links that gates hold already become documents with one revision."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from lifecycle.store.append_only import guard_statements

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# Ids are kept: the log names documents by them.
CARRY_OVER = (
    "INSERT INTO evidence (id, project_id, title, kind, gate, field_id, source_id, expires_on, added_at, added_by,"
    " removed_at) SELECT id, project_id, title, 'link', gate, field_id, 0, expires_on, added_at, added_by,"
    " removed_at FROM evidence_link ORDER BY id",
    "INSERT INTO evidence_revision (evidence_id, project_id, number, file_name, size, digest, media_type, address,"
    " note, at, by_key) SELECT id, project_id, 1, '', 0, '', '', url, '', added_at, added_by FROM evidence_link"
    " ORDER BY id",
)
NEXT_ID = (
    "SELECT setval(pg_get_serial_sequence('evidence', 'id'), (SELECT coalesce(max(id), 0) + 1 FROM evidence),"
    " false)"
)


def upgrade() -> None:
    op.create_table(
        "evidence",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("gate", sa.String(), nullable=True),
        sa.Column("field_id", sa.String(), nullable=True),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("added_by", sa.String(), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("removed_by", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_evidence_project_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence")),
    )
    op.create_index(op.f("ix_evidence_project_id"), "evidence", ["project_id"], unique=False)
    op.create_table(
        "evidence_revision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("evidence_id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_key", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["evidence_id"], ["evidence.id"], name=op.f("fk_evidence_revision_evidence_id")
        ),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_evidence_revision_project_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence_revision")),
        sa.UniqueConstraint("evidence_id", "number", name=op.f("uq_evidence_revision_evidence_id")),
    )
    op.create_index(op.f("ix_evidence_revision_digest"), "evidence_revision", ["digest"], unique=False)
    op.create_index(
        op.f("ix_evidence_revision_project_id"), "evidence_revision", ["project_id"], unique=False
    )
    for statement in CARRY_OVER:
        op.execute(statement)
    dialect = op.get_bind().dialect.name
    if dialect == "postgresql":
        op.execute(NEXT_ID)
    for statement in guard_statements(dialect, "evidence_revision", [["id"], ["evidence_id", "number"]]):
        op.execute(statement)
