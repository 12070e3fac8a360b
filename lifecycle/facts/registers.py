"""What earlier imports of a register left behind, as the plain values its rules compare."""

from __future__ import annotations

import json
from collections.abc import Sequence

from sqlalchemy import select
from sqlmodel import Session, col

from lifecycle.rules.registers import KnownEntry, Told, place_words
from lifecycle.store.tables import ImportRun, Project, RegisterEntry
from lifecycle.vocabulary import ProjectStatus, Stage

_CHUNK = 400  # ids in one IN (…): well below what either database takes


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
            col(RegisterEntry.run_id),
        )
        .join(Project, col(Project.id) == col(RegisterEntry.project_id))
        .join(ImportRun, col(ImportRun.id) == col(RegisterEntry.run_id))
        .where(col(RegisterEntry.register_name) == register_name)
        .order_by(col(RegisterEntry.project_id))
    )
    return tuple(
        KnownEntry(project_id, identity, digest, row_number, organisation, bool(gone), bool(undone), run_id)
        for project_id, identity, digest, row_number, organisation, gone, undone, run_id in found
    )


def stored_entries(session: Session, ids: Sequence[int]) -> dict[int, tuple[Project, RegisterEntry]]:
    """The rows of these projects and their entries, by project."""
    stored: dict[int, tuple[Project, RegisterEntry]] = {}
    for start in range(0, len(ids), _CHUNK):
        found = session.execute(
            select(Project, RegisterEntry)
            .join(RegisterEntry, col(RegisterEntry.project_id) == col(Project.id))
            .where(col(RegisterEntry.project_id).in_(ids[start : start + _CHUNK]))
        )
        stored.update({entry.project_id: (project, entry) for project, entry in found})
    return stored


def told_before(project: Project, entry: RegisterEntry) -> Told:
    """What the register said of a project at its last import; what the project no longer follows is None."""
    follows = project.adopted_at is None
    stage = Stage(project.stage) if project.stage else None
    placed_by_hand = project.revision > 1
    return Told(
        name=project.name if follows else None,
        organisation=project.organisation if follows else None,
        external_id=entry.external_id or "",
        stage_word=entry.stage_word,
        place=place_words(stage, ProjectStatus(project.status)) if follows and not placed_by_hand else None,
        risk=entry.risk,
        facts=_pairs(entry.facts),
        others=None if entry.others is None else _pairs(entry.others),
        gone=entry.gone_at is not None,
    )


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    return tuple((str(label), str(value)) for label, value in json.loads(text))
