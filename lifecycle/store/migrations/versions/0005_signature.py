"""What a signature says and how its signer was known; what a team answers to a requested change."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from lifecycle.store.append_only import guard_statements

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sign_off", sa.Column("stated", sa.String(), nullable=True))
    op.add_column("sign_off", sa.Column("verified", sa.String(), nullable=True))
    op.create_table(
        "change_answer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("sign_off_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_key", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_change_answer_project_id")),
        sa.ForeignKeyConstraint(["sign_off_id"], ["sign_off.id"], name=op.f("fk_change_answer_sign_off_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change_answer")),
    )
    op.create_index(op.f("ix_change_answer_project_id"), "change_answer", ["project_id"], unique=False)
    op.create_index(op.f("ix_change_answer_sign_off_id"), "change_answer", ["sign_off_id"], unique=False)
    for statement in guard_statements(op.get_bind().dialect.name, "change_answer", [["id"]]):
        op.execute(statement)
