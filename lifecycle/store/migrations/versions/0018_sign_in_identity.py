"""Who somebody is to an identity provider, and fresh sign-ins there in order to sign."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sign_in_identity",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("person_key", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_key"], ["person.key"], name=op.f("fk_sign_in_identity_person_key")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_identity")),
        sa.UniqueConstraint("issuer", "subject", name=op.f("uq_sign_in_identity_issuer")),
    )
    op.create_index(op.f("ix_sign_in_identity_person_key"), "sign_in_identity", ["person_key"], unique=False)
    op.create_table(
        "fresh_sign_in",
        sa.Column("state_hash", sa.String(), nullable=False),
        sa.Column("person_key", sa.String(), nullable=False),
        sa.Column("session_hash", sa.String(), nullable=False),
        sa.Column("review_id", sa.Integer(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_key"], ["person.key"], name=op.f("fk_fresh_sign_in_person_key")),
        sa.PrimaryKeyConstraint("state_hash", name=op.f("pk_fresh_sign_in")),
    )
    op.create_index(op.f("ix_fresh_sign_in_person_key"), "fresh_sign_in", ["person_key"], unique=False)
    op.add_column("web_session", sa.Column("issuer", sa.Text(), nullable=True))
