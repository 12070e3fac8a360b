"""What earlier imports of a register left behind, as the plain values its rules compare."""

from __future__ import annotations

from sqlalchemy import select
from sqlmodel import Session, col

from lifecycle.rules.registers import KnownEntry
from lifecycle.store.tables import ImportRun, Project, RegisterEntry


def known_entries(session: Session, register_name: str) -> tuple[KnownEntry, ...]:
    """All entries of one register, those of undone imports included, in the order they were made."""
    found = session.execute(
        select(
            col(RegisterEntry.project_id),
            col(RegisterEntry.identity),
            col(RegisterEntry.content_digest),
            col(RegisterEntry.row_number),
            col(Project.organisation),
            col(RegisterEntry.gone_at).is_not(None),
            col(ImportRun.undone_at).is_not(None)
            & col(Project.archived_at).is_not(None)
            & col(Project.merged_into).is_(None),
        )
        .join(Project, col(Project.id) == col(RegisterEntry.project_id))
        .join(ImportRun, col(ImportRun.id) == col(RegisterEntry.run_id))
        .where(col(RegisterEntry.register_name) == register_name)
        .order_by(col(RegisterEntry.project_id))
    )
    return tuple(
        KnownEntry(project_id, identity, digest, row_number, organisation, bool(gone), bool(undone))
        for project_id, identity, digest, row_number, organisation, gone, undone in found
    )
