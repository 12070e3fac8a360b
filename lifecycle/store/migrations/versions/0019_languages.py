"""The language a person chose, and what standings say in words, in other languages than English."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("person", sa.Column("language", sa.String(), nullable=True))
    for table in ("project_standing", "standing_past"):
        op.add_column(table, sa.Column("retold", sa.Text(), nullable=True))
