"""The event log: the only writer of `event` and `chain_head`.

Each chain (one per project, one for the organisation) numbers its events from 1 and hashes each together with
the one before: hash = SHA-256(previous hash ‖ canonical JSON of chain, sequence, at, actor_key, actor_kind,
action, subject, detail), where `detail` is the stored text itself, so that no byte of it can change unseen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, insert, select, union, update
from sqlmodel import Session

from lifecycle.canonical import canonical_json, moment_text, sha256_hex
from lifecycle.store.base import metadata
from lifecycle.store.tables import ChainHead, Event
from lifecycle.vocabulary import Actor

ORGANISATION = "organisation"
FIRST_PREVIOUS_HASH = "0" * 64

_EVENTS = metadata.tables[str(Event.__tablename__)]
_HEADS = metadata.tables[str(ChainHead.__tablename__)]
_Line = Row[Any]
# Built once: an event is added with every change, and building costs more than running them.
_LOCK_HEAD = select(_HEADS).where(_HEADS.c.chain == bindparam("named")).with_for_update()
_ADD_EVENT, _ADD_HEAD = insert(_EVENTS), insert(_HEADS)
_MOVE_HEAD = update(_HEADS).where(_HEADS.c.chain == bindparam("named"))
_STAMP = select(func.coalesce(func.sum(_HEADS.c.sequence), 0))
_STAMP_OF = _STAMP.where(_HEADS.c.chain.in_(bindparam("chains", expanding=True)))
_HASHED = ("chain", "sequence", "at", "actor_key", "actor_kind", "action", "subject", "detail")


class EventAction(StrEnum):
    """Everything that can be in the log, as noun.past_verb."""

    ORGANISATION_SET_UP = "organisation.set_up"
    ORGANISATION_SETTINGS_CHANGED = "organisation.settings_changed"
    PERSON_INVITED = "person.invited"
    INVITATION_REVOKED = "invitation.revoked"
    RESET_LINK_MADE = "reset_link.made"
    PERSON_JOINED = "person.joined"
    PERSON_CHANGED = "person.changed"
    PERSON_DEACTIVATED = "person.deactivated"
    PERSON_REACTIVATED = "person.reactivated"
    PERSON_ERASED = "person.erased"
    PERSON_PASSWORD_CHANGED = "person.password_changed"
    PERSON_SIGNED_IN = "person.signed_in"
    PERSON_SIGNED_OUT = "person.signed_out"
    SESSION_REVOKED = "session.revoked"
    REVIEWER_LISTED = "reviewer.listed"
    REVIEWER_UNLISTED = "reviewer.unlisted"
    ROLE_GIVEN = "role.given"
    ROLE_ENDED = "role.ended"
    PROJECT_REGISTERED = "project.registered"
    PROJECT_EDITED = "project.edited"
    PROJECT_ARCHIVED = "project.archived"
    PROJECT_RESTORED = "project.restored"
    PROJECT_ADOPTED = "project.adopted"
    ANSWER_SAVED = "answer.saved"
    ANSWER_CLEARED = "answer.cleared"
    ANSWER_RESTORED = "answer.restored"
    SOURCE_ADDED = "source.added"
    SOURCE_RENAMED = "source.renamed"
    SOURCE_REMOVED = "source.removed"
    REVIEW_REQUESTED = "review.requested"
    REVIEW_WITHDRAWN = "review.withdrawn"
    REVIEW_REASSIGNED = "review.reassigned"
    SIGN_OFF_RECORDED = "sign_off.recorded"
    SIGN_OFF_AFFIRMED = "sign_off.affirmed"
    SIGN_OFF_WITHDRAWN = "sign_off.withdrawn"
    SIGN_OFF_INVALIDATED = "sign_off.invalidated"
    CONDITION_ADDED = "condition.added"
    CONDITION_MET = "condition.met"
    CONDITION_REOPENED = "condition.reopened"
    CONDITION_WITHDRAWN = "condition.withdrawn"
    CHECK_WAIVED = "check.waived"
    WAIVER_REVOKED = "waiver.revoked"
    WARNING_REASONED = "warning.reasoned"
    GATE_DECIDED = "gate.decided"
    TIER_CHOSEN = "tier.chosen"
    TARGET_DATE_SET = "target_date.set"
    TARGET_DATES_SET = "target_dates.set"
    EVIDENCE_ADDED = "evidence.added"
    EVIDENCE_REMOVED = "evidence.removed"
    REGISTER_IMPORTED = "register.imported"
    REGISTER_UNDONE = "register.undone"
    DEMO_BUILT = "demo.built"


@dataclass(frozen=True, slots=True)
class ChainFault:
    """One place where a chain does not hold, and what is wrong there."""

    chain: str
    sequence: int
    sentence: str


def project_chain(project_id: int) -> str:
    return f"project:{project_id}"


# ------------------------------------------------------------------ writing


def record(
    session: Session,
    *,
    chain: str,
    action: EventAction,
    subject: str = "",
    detail: Mapping[str, object] | None = None,
    by: Actor,
    at: datetime,
) -> int:
    """Add one event in the caller's transaction and return its sequence in the chain.

    Time never runs backwards in a chain: when `at` is earlier than the event before, that event's time is
    recorded and the given one kept in the detail as `clock_said`.
    """
    connection = session.connection()
    head = connection.execute(_LOCK_HEAD, {"named": chain}).one_or_none()
    given = moment_text(at)
    said = dict(detail or {})
    if head is not None and given < head.at:
        said["clock_said"] = given
    line = {
        "chain": chain,
        "sequence": head.sequence + 1 if head else 1,
        "at": max(given, head.at) if head else given,
        "actor_key": by.key,
        "actor_kind": by.kind,
        "action": action.value,
        "subject": subject,
        "detail": canonical_json(said),
    }
    previous = head.hash if head else FIRST_PREVIOUS_HASH
    return _append(connection, line, previous, new_chain=head is None)


def _append(connection: Connection, line: dict[str, str | int], previous: str, *, new_chain: bool) -> int:
    hashed = event_hash(previous, line)
    newest = {"sequence": line["sequence"], "at": line["at"], "hash": hashed}
    connection.execute(_ADD_EVENT, {**line, "previous_hash": previous, "hash": hashed})
    if new_chain:
        connection.execute(_ADD_HEAD, {"chain": line["chain"], **newest})
    else:
        connection.execute(_MOVE_HEAD, {"named": line["chain"], **newest})
    return int(line["sequence"])


def event_hash(previous_hash: str, line: Mapping[str, object]) -> str:
    """The hash of one event; keys beyond the hashed ones are ignored."""
    return sha256_hex(previous_hash + canonical_json({name: line[name] for name in _HASHED}))


# ------------------------------------------------------------------ reading


def chain_stamp(session: Session, *chains: str) -> int:
    """How many events these chains hold, from their heads alone; without names, all chains.

    Grows with every change to what they cover: the key of a page's cache.
    """
    found = session.execute(_STAMP_OF, {"chains": chains}) if chains else session.execute(_STAMP)
    return int(found.scalar_one())


def verify_all(session: Session) -> list[ChainFault]:
    """The faults of every chain that has events or a head; empty when the whole log holds."""
    names = union(select(_HEADS.c.chain), select(_EVENTS.c.chain))
    chains = sorted(session.execute(names).scalars())
    return [fault for chain in chains for fault in verify_chain(session, chain)]


def verify_chain(session: Session, chain: str) -> list[ChainFault]:
    """Recompute a chain from its first event; the first fault is where it first breaks."""
    head = session.execute(select(_HEADS).where(_HEADS.c.chain == chain)).one_or_none()
    lines = session.execute(
        select(_EVENTS).where(_EVENTS.c.chain == chain).order_by(_EVENTS.c.sequence),
        execution_options={"yield_per": 1000},
    )
    faults: list[ChainFault] = []
    last: _Line | None = None
    for line in lines:
        faults += [ChainFault(chain, line.sequence, text) for text in _faults_of_line(line, last)]
        last = line
    return faults + _faults_of_head(chain, head, last)


def _faults_of_line(line: _Line, last: _Line | None) -> Iterator[str]:
    due = last.sequence + 1 if last else 1
    if line.sequence != due:
        yield f"Event {due} is missing: the next one found is {line.sequence}."
    elif line.previous_hash != (last.hash if last else FIRST_PREVIOUS_HASH):
        yield f"Event {line.sequence} does not follow the event before it: one of the two was replaced."
    if line.hash != event_hash(line.previous_hash, line._asdict()):
        yield f"Event {line.sequence} was changed after it was written."
    if last and line.at < last.at:
        yield f"Event {line.sequence} is dated before the event it follows."


def _faults_of_head(chain: str, head: _Line | None, last: _Line | None) -> list[ChainFault]:
    found = last.sequence if last else 0
    if head is None:
        return [ChainFault(chain, found, f"The chain has {found} events but its head is missing.")]
    if head.sequence > found:
        missing = f"Events {found + 1} to {head.sequence} are missing from the end."
        return [ChainFault(chain, found + 1, missing)]
    if last is None or (head.sequence, head.hash, head.at) != (found, last.hash, last.at):
        return [ChainFault(chain, found, f"The head of the chain does not name event {found}, its newest.")]
    return []
