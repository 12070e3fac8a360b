from __future__ import annotations

import hashlib
import json
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlmodel import Session, select

from lifecycle.events import (
    ORGANISATION,
    ChainFault,
    EventAction,
    chain_stamp,
    project_chain,
    record,
    verify_all,
    verify_chain,
)
from lifecycle.store.database import Database
from lifecycle.store.tables import ChainHead, Event
from lifecycle.vocabulary import COMMAND_LINE, Actor
from tests.clock import START, Clock

ADA = Actor("ada", "Ada Example")
CHAIN = project_chain(7)


def add_events(database: Database, number: int, chain: str = CHAIN) -> None:
    with database.write() as session:
        for index in range(number):
            record(
                session,
                chain=chain,
                action=EventAction.ANSWER_SAVED,
                subject=f"D{index:02}",
                detail={"value": "Zoë"},
                by=ADA,
                at=START + timedelta(minutes=index),
            )


def faults_after(database: Database, *statements: str) -> list[ChainFault]:
    """What verification finds once somebody with the database password got past the triggers."""
    with database.write() as session:
        for table_and_trigger in guards(session, database.dialect):
            session.execute(text(f"DROP TRIGGER {table_and_trigger}"))
        for statement in statements:
            session.execute(text(statement))
    with database.read() as session:
        return verify_all(session)


def guards(session: Session, dialect: str) -> list[str]:
    if dialect == "sqlite":
        found = session.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'"))
    else:
        found = session.execute(
            text(
                "SELECT tgname || ' ON ' || relname FROM pg_trigger JOIN pg_class ON tgrelid = pg_class.oid "
                "WHERE NOT tgisinternal"
            )
        )
    return list(found.scalars())


def test_actions_are_named_noun_dot_past_verb_and_after_their_value() -> None:
    for action in EventAction:
        noun, _, verb = action.value.partition(".")
        assert noun.replace("_", "").isalpha()
        assert verb.replace("_", "").isalpha()
        assert action.name == action.value.replace(".", "_").upper()


def test_each_chain_counts_from_one(database: Database, clock: Clock) -> None:
    with database.write() as session:
        given = [
            record(
                session, chain=chain, action=EventAction.PROJECT_EDITED, by=ADA, at=clock.pass_by(seconds=1)
            )
            for chain in (CHAIN, ORGANISATION, CHAIN, CHAIN, ORGANISATION)
        ]
    assert given == [1, 1, 2, 3, 2]


def test_hash_can_be_recomputed_with_the_standard_library_alone(database: Database) -> None:
    add_events(database, 2)
    with database.read() as session:
        first, second = session.exec(select(Event).order_by(Event.sequence)).all()  # type: ignore[arg-type]
    assert first.previous_hash == "0" * 64
    assert second.previous_hash == first.hash
    line = {
        "action": "answer.saved",
        "actor_key": "ada",
        "actor_kind": "person",
        "at": "2026-03-02T09:01:00.000000Z",
        "chain": "project:7",
        "detail": '{"value":"Zoë"}',
        "sequence": 2,
        "subject": "D01",
    }
    text_of_line = json.dumps(line, ensure_ascii=False, separators=(",", ":"))
    assert second.hash == hashlib.sha256((first.hash + text_of_line).encode()).hexdigest()


def test_actor_is_kept_by_key_and_kind_and_never_by_name(database: Database) -> None:
    add_events(database, 1)
    with database.write() as session:
        record(session, chain=CHAIN, action=EventAction.REGISTER_IMPORTED, by=COMMAND_LINE, at=START)
    with database.read() as session:
        events = session.exec(select(Event)).all()
    assert [(event.actor_key, event.actor_kind) for event in events] == [
        ("ada", "person"),
        ("command-line", "command_line"),
    ]
    assert not any("Example" in event.model_dump_json() for event in events)


def test_clock_that_steps_back_does_not_turn_the_log_around(database: Database, clock: Clock) -> None:
    later, earlier = clock(), clock.pass_by(hours=-2)
    with database.write() as session:
        for at in (later, earlier):
            record(session, chain=CHAIN, action=EventAction.PROJECT_EDITED, detail={"a": 1}, by=ADA, at=at)
    with database.read() as session:
        events = session.exec(select(Event).order_by(Event.sequence)).all()  # type: ignore[arg-type]
        assert verify_all(session) == []
    assert [event.at for event in events] == ["2026-03-02T09:00:00.000000Z"] * 2
    assert [event.detail for event in events] == [
        '{"a":1}',
        '{"a":1,"clock_said":"2026-03-02T07:00:00.000000Z"}',
    ]


def test_stamp_grows_with_every_event_of_the_chains_it_covers(database: Database) -> None:
    add_events(database, 3)
    add_events(database, 2, ORGANISATION)
    with database.read() as session:
        assert chain_stamp(session, CHAIN) == 3
        assert chain_stamp(session, CHAIN, ORGANISATION) == 5
        assert chain_stamp(session) == 5
        assert chain_stamp(session, "project:8") == 0


def test_event_rolls_back_with_the_change_it_tells_of(database: Database) -> None:
    add_events(database, 2)
    with pytest.raises(ZeroDivisionError):
        record_and_fail(database)
    with database.read() as session:
        assert len(session.exec(select(Event)).all()) == chain_stamp(session) == 2
        assert verify_all(session) == []


def record_and_fail(database: Database) -> None:
    with database.write() as session:
        record(session, chain=CHAIN, action=EventAction.PROJECT_EDITED, by=ADA, at=START)
        raise ZeroDivisionError


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("at", "'2026-03-02T09:02:00.000001Z'"),
        ("actor_key", "'adb'"),
        ("actor_kind", "'persom'"),
        ("action", "'answer.savee'"),
        ("subject", "'D12'"),
        ("detail", """'{"value":"Zoe"}'"""),
        ("detail", """'{"value": "Zoë"}'"""),
        ("hash", "substr(hash, 1, 63) || CASE substr(hash, 64) WHEN '0' THEN '1' ELSE '0' END"),
    ],
)
def test_one_altered_byte_is_located(database: Database, column: str, value: str) -> None:
    add_events(database, 5)
    add_events(database, 5, ORGANISATION)
    where = f"WHERE chain = '{CHAIN}' AND sequence = 3"
    faults = faults_after(database, f"UPDATE event SET {column} = {value} {where}")
    assert faults[0] == ChainFault(CHAIN, 3, "Event 3 was changed after it was written.")
    assert {fault.chain for fault in faults} == {CHAIN}


def test_event_rewritten_with_a_fitting_hash_breaks_the_next(database: Database) -> None:
    add_events(database, 5)
    with database.read() as session:
        third = session.exec(select(Event).where(Event.sequence == 3)).one()
    forged = third.model_copy(update={"subject": "D99"})
    line = forged.model_dump(exclude={"id", "hash", "previous_hash"})
    new_hash = hashlib.sha256(
        (
            forged.previous_hash + json.dumps(line, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        ).encode()
    ).hexdigest()
    faults = faults_after(
        database, f"UPDATE event SET subject = 'D99', hash = '{new_hash}' WHERE id = {third.id}"
    )
    assert faults == [
        ChainFault(CHAIN, 4, "Event 4 does not follow the event before it: one of the two was replaced.")
    ]


@pytest.mark.parametrize(
    ("statement", "sequence", "sentence"),
    [
        ("DELETE FROM event WHERE sequence = 2", 3, "Event 2 is missing: the next one found is 3."),
        ("DELETE FROM event WHERE sequence = 1", 2, "Event 1 is missing: the next one found is 2."),
        ("DELETE FROM event WHERE sequence > 3", 4, "Events 4 to 5 are missing from the end."),
        ("DELETE FROM event", 1, "Events 1 to 5 are missing from the end."),
        ("DELETE FROM chain_head", 5, "The chain has 5 events but its head is missing."),
        (
            "UPDATE chain_head SET sequence = 4",
            5,
            "The head of the chain does not name event 5, its newest.",
        ),
    ],
)
def test_missing_events_and_heads_are_named(
    database: Database, statement: str, sequence: int, sentence: str
) -> None:
    add_events(database, 5)
    assert faults_after(database, statement) == [ChainFault(CHAIN, sequence, sentence)]


def test_verify_chain_reads_its_own_chain_only(database: Database) -> None:
    add_events(database, 2)
    add_events(database, 2, ORGANISATION)
    assert faults_after(database, f"UPDATE event SET subject = 'x' WHERE chain = '{CHAIN}' AND sequence = 1")
    with database.read() as session:
        assert verify_chain(session, ORGANISATION) == []
        assert session.get(ChainHead, CHAIN) is not None
