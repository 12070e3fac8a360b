"""The evidence shelf of a project: its documents, their revisions, which sign-offs covered them, and one to fetch."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlmodel import Session, col

from lifecycle.errors import NotFound
from lifecycle.facts.editions import by_its_guide
from lifecycle.facts.projects import load_facts, organisation_today
from lifecycle.guide import Guide
from lifecycle.language import say
from lifecycle.queries import projects, records
from lifecycle.queries.projects import ProjectHead
from lifecycle.queries.records import EvidenceView, SignatureView
from lifecycle.queries.wording import Wording, all_names
from lifecycle.rules.evidence import EVIDENCE, against_changing
from lifecycle.rules.permissions import refusal
from lifecycle.store.tables import EvidenceRevision, Project, SignOff
from lifecycle.vocabulary import Actor, Gate, Role


@dataclass(frozen=True, slots=True)
class UseView:
    """A sign-off that covered a document, and with which revision. `holds`: it is the role's newest and not stale."""

    sign_off_id: int
    review_id: int
    gate: Gate
    role: Role
    printed_name: str
    at: datetime
    revision: int
    is_current: bool
    holds: bool


@dataclass(frozen=True, slots=True)
class RevisionView:
    id: int
    number: int
    file_name: str
    size: int
    media_type: str
    digest: str
    url: str
    note: str
    at: datetime
    by: str
    is_current: bool
    covered_by: tuple[UseView, ...]


@dataclass(frozen=True, slots=True)
class ShelfItem:
    """One document on the shelf. `revisions` newest first; `may_change` for the person who asked."""

    document: EvidenceView
    revisions: tuple[RevisionView, ...]
    uses: tuple[UseView, ...]  # newest first
    may_change: bool


@dataclass(frozen=True, slots=True)
class Shelf:
    """`against_adding` is why this person may not add a document; empty: they may."""

    project: ProjectHead
    today: date
    items: tuple[ShelfItem, ...]
    removed: tuple[ShelfItem, ...]
    against_adding: str

    def item(self, evidence_id: int) -> ShelfItem | None:
        """One document, a removed one too."""
        return next((item for item in (*self.items, *self.removed) if item.document.id == evidence_id), None)


@dataclass(frozen=True, slots=True)
class DocumentsOf:
    """The documents that one gate, or one role at it, relies on."""

    today: date
    documents: tuple[EvidenceView, ...]
    against_adding: str


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One revision of a file, for whoever may read its project."""

    revision_id: int
    project_id: int
    title: str
    file_name: str
    media_type: str
    size: int
    digest: str


@by_its_guide
def shelf(session: Session, *, by: Actor, at: datetime, guide: Guide, key: str) -> Shelf:
    """Everything on the shelf of a project, in the order it was added. Raises NotFound."""
    head = projects.head(session, key=key, by=by, at=at)
    wording = _wording(session, head.id, guide, at)
    revisions = list(records.evidence_revisions(session, head.id))
    uses = _uses(session, head.id, wording, {row.id or 0: row.number for row in revisions})
    of_item: Mapping[int, list[EvidenceRevision]] = defaultdict(list)
    for row in reversed(revisions):
        of_item[row.evidence_id].append(row)

    def items(removed: bool) -> tuple[ShelfItem, ...]:
        found = records.evidence(session, head.id, wording, removed=removed)
        return tuple(_item(each, of_item[each.id], uses[each.id], wording, head, by) for each in found)

    return Shelf(head, wording.facts.today, items(False), items(True), against_adding(head, by))


@by_its_guide
def of_gate(session: Session, *, by: Actor, at: datetime, guide: Guide, key: str, gate: Gate) -> DocumentsOf:
    """Documents of this gate, and those that belong to questions due by it. Raises NotFound."""
    head = projects.head(session, key=key, by=by, at=at)
    wording = _wording(session, head.id, guide, at)
    found = records.evidence_by(records.evidence(session, head.id, wording), guide, gate)
    return DocumentsOf(wording.facts.today, found, against_adding(head, by))


@by_its_guide
def of_role(
    session: Session, *, by: Actor, at: datetime, guide: Guide, key: str, gate: Gate, role: Role
) -> DocumentsOf:
    """Exactly the documents that a sign-off of this role at this gate covers now. Raises NotFound."""
    head = projects.head(session, key=key, by=by, at=at)
    wording = _wording(session, head.id, guide, at)
    found = records.relied_on_evidence(records.evidence(session, head.id, wording), guide, gate, role)
    return DocumentsOf(wording.facts.today, found, against_adding(head, by))


def stored_file(session: Session, *, by: Actor, at: datetime, revision_id: int) -> StoredFile:
    """Raises NotFound for a revision that is no file or whose project this person may not read."""
    row = session.get(EvidenceRevision, revision_id)
    key = session.execute(
        select(col(Project.key)).where(col(Project.id) == (row.project_id if row else None))
    ).scalar_one_or_none()
    if row is None or key is None or not row.digest:
        raise NotFound(say("file"), revision_id)
    try:
        head = projects.head(session, key=key, by=by, at=at)
    except NotFound as error:  # the answer must not name the project
        raise NotFound(say("file"), revision_id) from error
    document = records.evidence_title(session, row.evidence_id)
    return StoredFile(revision_id, head.id, document, row.file_name, row.media_type, row.size, row.digest)


def against_adding(head: ProjectHead, by: Actor) -> str:
    """Why this person may not add a document; empty: they may."""
    if head.archived_at is not None:
        return say("This project is archived. Restore it before changing it.")
    if not head.is_open:
        return say("This project is not assessed here yet. Adopt it first.")
    return refusal("evidence.add", by, head.roles) or ""


# ---------------------------------------------------------------- parts


def _wording(session: Session, project_id: int, guide: Guide, at: datetime) -> Wording:
    facts = load_facts(session, project_id, guide=guide, today=organisation_today(session, at))
    return Wording(facts, guide, all_names(session))


def _item(
    document: EvidenceView,
    rows: list[EvidenceRevision],
    uses: list[UseView],
    wording: Wording,
    head: ProjectHead,
    by: Actor,
) -> ShelfItem:
    may_change = (
        head.is_open
        and refusal("evidence.revise", by, head.roles) is None
        and not against_changing(document.added_by_key, head.roles, by)
    )
    revisions = tuple(_revision(row, document, uses, wording) for row in rows)
    return ShelfItem(document, revisions, tuple(uses), may_change)


def _revision(
    row: EvidenceRevision, document: EvidenceView, uses: list[UseView], wording: Wording
) -> RevisionView:
    return RevisionView(
        id=row.id or 0,
        number=row.number,
        file_name=row.file_name,
        size=row.size,
        media_type=row.media_type,
        digest=row.digest,
        url=row.address,
        note=row.note,
        at=row.at,
        by=wording.person(row.by_key),
        is_current=row.number == document.revision,
        covered_by=tuple(use for use in uses if use.revision == row.number),
    )


def _uses(
    session: Session, project_id: int, wording: Wording, numbers: Mapping[int, int]
) -> Mapping[int, list[UseView]]:
    """By document: the sign-offs that covered it, newest first."""
    stored = session.execute(
        select(col(SignOff.id), col(SignOff.covered)).where(col(SignOff.project_id) == project_id)
    )
    covered = {sign_off_id: json.loads(text) for sign_off_id, text in stored}
    found: Mapping[int, list[UseView]] = defaultdict(list)
    for signature in reversed(records.signatures(session, project_id, wording)):
        for key, (revision_id, _) in covered[signature.id].items():
            name, _, evidence_id = key.partition("@")
            if name == EVIDENCE and evidence_id:
                found[int(evidence_id)].append(_use(signature, numbers.get(int(revision_id), 0)))
    return found


def _use(signature: SignatureView, revision: int) -> UseView:
    return UseView(
        sign_off_id=signature.id,
        review_id=signature.review_id,
        gate=signature.gate,
        role=signature.role,
        printed_name=signature.printed_name,
        at=signature.at,
        revision=revision,
        is_current=signature.is_current,
        holds=signature.is_current and not signature.stale,
    )
