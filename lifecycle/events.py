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
from json.encoder import encode_basestring as quoted
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select, update
from sqlmodel import Session

from lifecycle.canonical import canonical_json, moment_text, sha256_hex
from lifecycle.language import say
from lifecycle.store import vouched
from lifecycle.store.base import metadata
from lifecycle.store.database import raw_lines
from lifecycle.store.outbox import add_to_outbox
from lifecycle.store.past import keep_past
from lifecycle.store.tables import ChainHead, Event
from lifecycle.vocabulary import Actor

ORGANISATION = "organisation"
FIRST_PREVIOUS_HASH = "0" * 64

_EVENTS = metadata.tables[str(Event.__tablename__)]
_HEADS = metadata.tables[str(ChainHead.__tablename__)]
# Built once: an event is added with every change, and building costs more than running them.
_LOCK_HEAD = select(_HEADS).where(_HEADS.c.chain == bindparam("named")).with_for_update()
_ADD_EVENT, _ADD_HEAD = insert(_EVENTS), insert(_HEADS)
_MOVE_HEAD = update(_HEADS).where(_HEADS.c.chain == bindparam("named"))
_STAMP = select(func.coalesce(func.sum(_HEADS.c.sequence), 0))
_STAMP_OF = _STAMP.where(_HEADS.c.chain.in_(bindparam("chains", expanding=True)))
_NEWEST = select(_HEADS.c.chain, _HEADS.c.hash).where(_HEADS.c.chain.in_(bindparam("chains", expanding=True)))
_SELECT_EVENTS = (
    "SELECT chain, sequence, at, actor_key, actor_kind, action, subject, detail, previous_hash, hash "
    "FROM event"
)
_SELECT_HEADS = "SELECT chain, sequence, hash, at FROM chain_head"
_FIRST = (0, FIRST_PREVIOUS_HASH, "")  # what the first event of a chain follows
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
    IDENTITY_CONNECTED = "identity.connected"
    SIGNING_REFUSED = "signing.refused"
    REVIEWER_LISTED = "reviewer.listed"
    REVIEWER_UNLISTED = "reviewer.unlisted"
    ROLE_GIVEN = "role.given"
    ROLE_ENDED = "role.ended"
    TOKEN_CREATED = "token.created"
    TOKEN_REVOKED = "token.revoked"
    PROJECT_REGISTERED = "project.registered"
    PROJECT_EDITED = "project.edited"
    PROJECT_ARCHIVED = "project.archived"
    PROJECT_RESTORED = "project.restored"
    PROJECT_ADOPTED = "project.adopted"
    PROJECT_GUIDE_UPGRADED = "project.guide_upgraded"
    PROJECT_COPIED = "project.copied"
    PROJECT_MERGED = "project.merged"
    PROJECT_IMPORTED = "project.imported"
    ANSWER_SAVED = "answer.saved"
    ANSWER_CLEARED = "answer.cleared"
    ANSWER_RESTORED = "answer.restored"
    THREAD_OPENED = "thread.opened"
    THREAD_ANSWERED = "thread.answered"
    THREAD_RESOLVED = "thread.resolved"
    THREAD_REOPENED = "thread.reopened"
    SOURCE_ADDED = "source.added"
    SOURCE_RENAMED = "source.renamed"
    SOURCE_REMOVED = "source.removed"
    SOURCE_TAKEN = "source.taken"
    SOURCE_FOLLOWED = "source.followed"
    REVIEW_REQUESTED = "review.requested"
    REVIEW_WITHDRAWN = "review.withdrawn"
    REVIEW_REASSIGNED = "review.reassigned"
    REVIEW_HANDED_OVER = "review.handed_over"
    DELEGATION_SET = "delegation.set"
    DELEGATION_ENDED = "delegation.ended"
    SIGN_OFF_RECORDED = "sign_off.recorded"
    SIGN_OFF_AFFIRMED = "sign_off.affirmed"
    SIGN_OFF_WITHDRAWN = "sign_off.withdrawn"
    CHANGE_ANSWERED = "change.answered"
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
    RELEASE_CREATED = "release.created"
    RELEASE_STEPPED = "release.stepped"
    RELEASE_ROLLED_BACK = "release.rolled_back"
    RELEASE_WITHDRAWN = "release.withdrawn"
    TARGET_DATE_SET = "target_date.set"
    TARGET_DATES_SET = "target_dates.set"
    EVIDENCE_ADDED = "evidence.added"
    EVIDENCE_REVISED = "evidence.revised"
    EVIDENCE_EXPIRY_SET = "evidence.expiry_set"
    EVIDENCE_REMOVED = "evidence.removed"
    EVIDENCE_RESTORED = "evidence.restored"
    MONITOR_ADDED = "monitor.added"
    MONITORS_PLANNED = "monitors.planned"
    MONITOR_CHANGED = "monitor.changed"
    MONITOR_PAUSED = "monitor.paused"
    MONITOR_RESUMED = "monitor.resumed"
    MONITOR_RETIRED = "monitor.retired"
    MONITOR_SILENT = "monitor.silent"
    READINGS_PUSHED = "readings.pushed"
    READING_CORRECTED = "reading.corrected"
    INCIDENT_OPENED = "incident.opened"
    INCIDENT_TAKEN_ON = "incident.taken_on"
    INCIDENT_CHANGED = "incident.changed"
    INCIDENT_NOTED = "incident.noted"
    INCIDENT_FIXED = "incident.fixed"
    INCIDENT_FIX_SIGNED = "incident.fix_signed"
    INCIDENT_FIX_REFUSED = "incident.fix_refused"
    INCIDENT_CLOSED = "incident.closed"
    INCIDENT_REOPENED = "incident.reopened"
    REGISTER_IMPORTED = "register.imported"
    REGISTER_UNDONE = "register.undone"
    GUIDE_KEPT = "guide.kept"
    OWN_GUIDE_SAVED = "own_guide.saved"
    MAPPING_SAVED = "mapping.saved"
    MAPPING_RENAMED = "mapping.renamed"
    MAPPING_REMOVED = "mapping.removed"
    DEMO_BUILT = "demo.built"
    CHANNEL_ADDED = "channel.added"
    CHANNEL_SWITCHED = "channel.switched"
    CHANNEL_REMOVED = "channel.removed"
    DELIVERY_REPLAYED = "delivery.replayed"
    DELIVERY_TESTED = "delivery.tested"
    NOTIFICATIONS_CHOSEN = "notifications.chosen"
    FILTER_SAVED = "filter.saved"
    FILTER_RENAMED = "filter.renamed"
    FILTER_DELETED = "filter.deleted"


# What people are told of. `rules/messages.py` says who is told, and in which words; a test compares the two.
TOLD = frozenset(
    {
        EventAction.REVIEW_REQUESTED,
        EventAction.REVIEW_REASSIGNED,
        EventAction.REVIEW_WITHDRAWN,
        EventAction.SIGN_OFF_RECORDED,
        EventAction.SIGN_OFF_AFFIRMED,
        EventAction.SIGN_OFF_WITHDRAWN,
        EventAction.CONDITION_ADDED,
        EventAction.CONDITION_MET,
        EventAction.CONDITION_WITHDRAWN,
        EventAction.CHECK_WAIVED,
        EventAction.WAIVER_REVOKED,
        EventAction.GATE_DECIDED,
        EventAction.TIER_CHOSEN,
        EventAction.ROLE_GIVEN,
        EventAction.REVIEW_HANDED_OVER,
        EventAction.THREAD_OPENED,
        EventAction.THREAD_ANSWERED,
        EventAction.THREAD_RESOLVED,
        EventAction.THREAD_REOPENED,
        EventAction.INCIDENT_OPENED,
        EventAction.INCIDENT_TAKEN_ON,
        EventAction.INCIDENT_FIXED,
        EventAction.INCIDENT_FIX_SIGNED,
        EventAction.INCIDENT_FIX_REFUSED,
        EventAction.INCIDENT_REOPENED,
        EventAction.RELEASE_CREATED,
        EventAction.RELEASE_STEPPED,
        EventAction.RELEASE_ROLLED_BACK,
    }
)


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

    It vouches for every row touched since the event before it (`store.vouched`), so rows change first. What people
    are told of goes into the outbox here, and what a project was into its past, so that no action can forget it.

    Time never runs backwards in a chain: when `at` is earlier than the event before, that event's time is
    recorded and the given one kept in the detail as `clock_said`.
    """
    vouches = vouched.take(session)
    connection = session.connection()
    head = connection.execute(_LOCK_HEAD, {"named": chain}).one_or_none()
    given = moment_text(at)
    said = dict(detail or {})
    if vouches:
        said[vouched.KEY] = vouches
    if by.grant is not None:
        said["token"] = by.grant.id
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
    sequence = _append(connection, line, previous, new_chain=head is None)
    keep_past(session, vouches, datetime.fromisoformat(str(line["at"])))
    if action in TOLD:
        add_to_outbox(
            session,
            kind=action.value,
            project_id=_project_of(chain),
            subject=subject,
            detail=said,
            by_key=by.key,
            at=at,
        )
    return sequence


def _project_of(chain: str) -> int | None:
    """The other way round from `project_chain`."""
    name, _, number = chain.partition(":")
    return int(number) if name == "project" else None


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


def heads(session: Session, *chains: str) -> tuple[str, ...]:
    """The newest hash of each of these chains, "" for one without events.

    A hash stands for everything that ever happened in its chain: as long as it is the same, so is that.
    """
    found = {row.chain: row.hash for row in session.connection().execute(_NEWEST, {"chains": chains})}
    return tuple(found.get(chain, "") for chain in chains)


def head_of(session: Session, chain: str) -> tuple[int, str]:
    """Sequence and hash of a chain's newest event."""
    found = session.execute(
        select(_HEADS.c.sequence, _HEADS.c.hash).where(_HEADS.c.chain == chain)
    ).one_or_none()
    return (found.sequence, found.hash) if found else (0, FIRST_PREVIOUS_HASH)


def written_lines(session: Session, chain: str) -> Iterator[dict[str, Any]]:
    """The events of a chain, oldest first, as they are hashed, with their hashes."""
    for line in raw_lines(session, f"{_SELECT_EVENTS} WHERE chain = {_literal(chain)} ORDER BY sequence"):
        yield dict(zip((*_HASHED, "previous_hash", "hash"), line, strict=True))


def verify_all(session: Session) -> list[ChainFault]:
    """The faults of every chain that has events or a head; empty when the whole log holds."""
    return _verify(session, "", "")


def verify_chain(session: Session, chain: str) -> list[ChainFault]:
    """Recompute a chain from its first event; the first fault is where it first breaks."""
    only = f"WHERE chain = {_literal(chain)}"
    return _verify(session, only, only)


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _verify(session: Session, of_events: str, of_heads: str) -> list[ChainFault]:
    """One pass over the events in the order they were written, which is also that of each chain."""
    last: dict[str, tuple[int, str, str]] = {}  # chain -> sequence, hash, at of the event before
    faults: list[ChainFault] = []
    for line in raw_lines(session, f"{_SELECT_EVENTS} {of_events} ORDER BY id"):
        chain, sequence, at, _, _, _, _, _, previous_hash, hashed = line
        due, expected, earliest = last.get(chain, _FIRST)
        if type(sequence) is not int or type(at) is not str:
            faults.append(
                ChainFault(
                    chain,
                    due + 1,
                    say("Event {sequence} was changed after it was written.", sequence=due + 1),
                )
            )
            last[chain] = (due + 1, hashed, earliest)
            continue
        if sequence != due + 1 or previous_hash != expected or hashed != _hash_of(line) or at < earliest:
            faults += [ChainFault(chain, sequence, text) for text in _faults_of_line(line, last.get(chain))]
        last[chain] = (sequence, hashed, at)
    heads = {head[0]: head for head in raw_lines(session, f"{_SELECT_HEADS} {of_heads}")}
    by_chain: dict[str, list[ChainFault]] = {}
    for fault in faults:
        by_chain.setdefault(fault.chain, []).append(fault)
    return [
        fault
        for chain in sorted({*last, *heads}, key=str)
        for fault in (*by_chain.get(chain, ()), *_faults_of_head(chain, heads.get(chain), last.get(chain)))
    ]


def _hash_of(line: tuple[Any, ...]) -> str:
    """As `event_hash`, five times as fast; empty for what no event of ours can hold."""
    chain, sequence, at, actor_key, actor_kind, action, subject, detail, previous_hash, _ = line
    try:
        return sha256_hex(
            f'{previous_hash}{{"action":{quoted(action)},"actor_key":{quoted(actor_key)},'
            f'"actor_kind":{quoted(actor_kind)},"at":{quoted(at)},"chain":{quoted(chain)},'
            f'"detail":{quoted(detail)},"sequence":{sequence:d},"subject":{quoted(subject)}}}'
        )
    except (TypeError, ValueError):
        return ""


def _faults_of_line(line: tuple[Any, ...], last: tuple[int, str, str] | None) -> Iterator[str]:
    _, sequence, at, _, _, _, _, _, previous_hash, hashed = line
    due, expected, earliest = last or _FIRST
    if sequence != due + 1:
        yield say(
            "Event {missing} is missing: the next one found is {sequence}.",
            missing=due + 1,
            sequence=sequence,
        )
    elif previous_hash != expected:
        yield say(
            "Event {sequence} does not follow the event before it: one of the two was replaced.",
            sequence=sequence,
        )
    if hashed != _hash_of(line):
        yield say("Event {sequence} was changed after it was written.", sequence=sequence)
    if last and at < earliest:
        yield say("Event {sequence} is dated before the event it follows.", sequence=sequence)


def _faults_of_head(
    chain: str, head: tuple[Any, ...] | None, last: tuple[int, str, str] | None
) -> list[ChainFault]:
    found = last[0] if last else 0
    if head is None:
        return [
            ChainFault(
                chain, found, say("The chain has {found} events but its head is missing.", found=found)
            )
        ]
    _, sequence, hashed, at = head
    if sequence > found:
        missing = say("Events {first} to {last} are missing from the end.", first=found + 1, last=sequence)
        return [ChainFault(chain, found + 1, missing)]
    if last is None or (sequence, hashed, at) != last:
        return [
            ChainFault(
                chain,
                found,
                say("The head of the chain does not name event {sequence}, its newest.", sequence=found),
            )
        ]
    return []
