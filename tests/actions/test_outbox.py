"""Who is told of what, through the real actions: the outbox in the same transaction, people and channels from it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, select

from lifecycle.actions import (
    delegations,
    deliveries,
    gates,
    outbox,
    people,
    projects,
    reviews,
    threads,
)
from lifecycle.errors import Refused
from lifecycle.events import EventAction, project_chain, record
from lifecycle.queries import messages
from lifecycle.queries.messages import Unneeded
from lifecycle.rules.deliveries import Medium, Way
from lifecycle.rules.reminders import ReminderPolicy
from lifecycle.store.database import Database
from lifecycle.store.outbox import untold
from lifecycle.store.tables import Delivery, Notice, Outbox, PersonRow
from lifecycle.vocabulary import Actor, Decision, Gate, Outcome, Role
from tests.clock import START
from tests.factories import Cast, answer, ask, cast, decide, person, project, sign, source

BASE = "https://lifecycle.example.org"
NEXT_MONTH = date(2026, 4, 2)
SOON = START + timedelta(minutes=10)
LEGAL, PRIVACY, COMPLIANCE = Role.LEGAL, Role.PRIVACY, Role.COMPLIANCE


@dataclass(frozen=True)
class World:
    session: Session
    cast: Cast
    project_id: int

    def told(self, at: datetime = SOON, **details: Any) -> set[tuple[str, str]]:
        """Who was told of what since this was asked last: name and kind."""
        before = self.session.exec(select(Notice.id)).all()
        outbox.take_up(self.session, at=at, has_mail=True, **details)
        self.session.flush()
        found = self.session.exec(
            select(PersonRow.name, Notice.kind)
            .join(Notice, col(Notice.person_key) == col(PersonRow.key))
            .where(col(Notice.id).not_in(before))
        )
        return set(found)

    def entries(self) -> list[str]:
        return list(self.session.exec(select(Outbox.kind).order_by(col(Outbox.id))))

    def deliveries(self) -> list[Delivery]:
        return list(self.session.exec(select(Delivery).order_by(col(Delivery.id))))

    @property
    def on_project(self) -> dict[str, Any]:
        return {"guide": self.cast.guide, "project_id": self.project_id}


@pytest.fixture
def world(database: Database) -> Iterator[World]:
    with database.write() as session:
        everybody = cast(session)
        project_id = project(session, everybody)
        outbox.take_up(session, at=SOON, has_mail=False)
        yield World(session, everybody, project_id)


# ---------------------------------------------------------------- in the same transaction


def test_a_change_that_is_taken_back_is_told_to_nobody(database: Database) -> None:
    with database.write() as session:
        everybody = cast(session)
        project_id = project(session, everybody)
    with suppress(ZeroDivisionError), database.write() as session:
        ask(session, everybody, project_id, Gate.DISCOVERY, PRIVACY)
        assert session.exec(select(Outbox)).all()
        raise ZeroDivisionError
    with pytest.raises(Refused), database.write() as session:
        ask(session, everybody, project_id, Gate.DISCOVERY, PRIVACY, person_key=everybody.olu.key)
    with database.read() as session:
        assert session.exec(select(Outbox)).all() == []
    with database.write() as session:
        ask(session, everybody, project_id, Gate.DISCOVERY, PRIVACY)
    with database.read() as session:
        assert [row.kind for row in session.exec(select(Outbox))] == ["review.requested"]


def test_no_action_can_forget_it_because_the_event_itself_puts_it_there(world: World) -> None:
    record(
        world.session,
        chain=project_chain(world.project_id),
        action=EventAction.GATE_DECIDED,
        subject="gate:discovery",
        by=world.cast.pat,
        at=START,
    )
    assert world.entries()[-1] == "gate.decided"


def test_a_past_that_is_only_told_again_is_told_to_nobody(world: World) -> None:
    before = world.entries()
    with untold(world.session):
        ask(world.session, world.cast, world.project_id, Gate.DISCOVERY, PRIVACY)
    assert world.entries() == before
    ask(world.session, world.cast, world.project_id, Gate.DISCOVERY, LEGAL)
    assert len(world.entries()) == len(before) + 1


# ---------------------------------------------------------------- who is told


def test_who_is_told_of_a_review_from_the_request_to_the_decision(world: World) -> None:
    session, everybody = world.session, world.cast
    review_id = ask(session, everybody, world.project_id, Gate.DISCOVERY, PRIVACY)
    assert world.told() == {("Priya", "review.requested")}

    other = people_named(session, everybody.ada, "Primo")
    moved = reviews.reassign(
        session, by=everybody.ada, at=START, guide=everybody.guide, review_id=review_id, person_key=other.key
    )
    assert world.told() == {("Primo", "review.requested"), ("Priya", "review.reassigned")}

    decide(session, everybody, moved, by=other)
    assert world.told() == {("Pat", "sign_off.recorded"), ("Ada", "sign_off.recorded")}, (
        "manager and requester"
    )

    taken_back = ask(session, everybody, world.project_id, Gate.DISCOVERY, LEGAL)
    reviews.cancel(session, by=everybody.pat, at=START, guide=everybody.guide, review_id=taken_back)
    assert ("Leo", "review.withdrawn") in world.told()


def people_named(session: Session, by: Actor, name: str) -> Actor:
    return person(session, by, name, reviews_as=PRIVACY)


def test_owners_of_conditions_are_told_by_key_and_by_name_but_not_of_their_own(world: World) -> None:
    session, everybody = world.session, world.cast
    people.give_project_role(
        session,
        by=everybody.ada,
        at=START,
        project_id=world.project_id,
        person_key=everybody.olu.key,
        role=Role.CONTRIBUTOR,
    )
    assert world.told() == {("Olu", "role.given")}
    sign(
        session,
        everybody,
        world.project_id,
        Gate.DESIGN,
        PRIVACY,
        Decision.APPROVED_WITH_CONDITIONS,
        conditions=[
            ("Agree on retention", everybody.olu.key, NEXT_MONTH),
            ("Name a second owner", "Pat", NEXT_MONTH),
            ("Ask somebody outside", "Nobody we know", NEXT_MONTH),
        ],
    )
    told = world.told()
    assert {("Olu", "condition.given"), ("Pat", "condition.given")} <= told
    assert ("Pat", "sign_off.recorded") not in told, "one message for one thing: the one that says more"
    assert not any(name == "Priya" and kind != "review.requested" for name, kind in told), "her own act"

    gates.add_condition(
        session,
        by=everybody.pat,
        at=START,
        gate=Gate.DESIGN,
        text="Write it down",
        owner=everybody.pat.key,
        due_on=NEXT_MONTH,
        **world.on_project,
    )
    assert world.told() == set()


def test_a_stale_sign_off_is_told_once_to_its_signer_and_the_manager_who_did_not_do_it(world: World) -> None:
    session, everybody = world.session, world.cast
    answer(session, everybody, world.project_id, "D25", {"personal": False})
    sign(session, everybody, world.project_id, Gate.DISCOVERY, PRIVACY)
    world.told()
    answer(session, everybody, world.project_id, "D25", {"personal": True, "categories": ["contact"]})
    answer(
        session, everybody, world.project_id, "D25", {"personal": True, "categories": ["contact", "health"]}
    )
    assert world.told(START + timedelta(minutes=4)) == set(), "it waits until the typing has settled"
    assert world.told() == {("Priya", "sign_off.stale")}


def test_the_team_hears_of_the_gate_but_not_who_decided_it(world: World) -> None:
    session, everybody = world.session, world.cast
    ask(session, everybody, world.project_id, Gate.DISCOVERY, LEGAL)
    world.told()
    gates.decide(
        session,
        by=everybody.pat,
        at=START,
        gate=Gate.DISCOVERY,
        outcome=Outcome.STOP,
        reason="A rule does as well",
        **world.on_project,
    )
    assert world.told() == {("Leo", "gate.decided")}


@pytest.mark.parametrize("gone", ["deactivated", "erased", "archived"])
def test_nobody_is_told_who_left_or_may_not_read_the_project(world: World, gone: str) -> None:
    session, everybody = world.session, world.cast
    ask(session, everybody, world.project_id, Gate.DISCOVERY, PRIVACY)
    key = everybody[PRIVACY].key
    if gone == "deactivated":
        people.deactivate(session, by=everybody.ada, at=START, person_key=key)
    elif gone == "erased":
        people.erase(session, by=everybody.ada, at=START, person_key=key)
    else:
        projects.archive(session, by=everybody.pat, at=START, project_id=world.project_id)
    assert world.told() == set()
    assert world.deliveries() == []


def test_an_owner_without_a_role_hears_nothing_of_the_project(world: World) -> None:
    gates.add_condition(
        world.session,
        by=world.cast.pat,
        at=START,
        gate=Gate.DESIGN,
        text="Secret",
        owner=world.cast.olu.key,
        due_on=NEXT_MONTH,
        **world.on_project,
    )
    assert world.told() == set()


# ---------------------------------------------------------------- questions asked about an answer


def test_who_is_told_of_a_question_its_answers_and_its_end(world: World) -> None:
    session, everybody = world.session, world.cast
    bea, olu = everybody[Role.BUSINESS], everybody.olu
    given = {"by": everybody.ada, "at": START, "project_id": world.project_id}
    for who, role in ((olu, Role.CONTRIBUTOR), (everybody.ann, Role.READER)):
        people.give_project_role(session, person_key=who.key, role=role, **given)
    ask(session, everybody, world.project_id, Gate.DISCOVERY, Role.BUSINESS)
    world.told()

    thread = threads.ask(session, by=bea, at=START, field_id="D25", text="Whose?", **world.on_project)
    assert world.told() == {("Pat", "thread.opened"), ("Olu", "thread.opened")}, "the team, not every reader"
    threads.reply(session, by=everybody.pat, at=START, thread_id=thread, text="Of customers.")
    assert world.told() == {("Bea", "thread.answered")}
    threads.reply(session, by=bea, at=START, thread_id=thread, text="All of them?")
    assert world.told() == {("Pat", "thread.answered"), ("Olu", "thread.answered")}
    threads.resolve(session, by=olu, at=START, thread_id=thread, text="Yes, all.")
    assert world.told() == {("Bea", "thread.resolved"), ("Pat", "thread.resolved")}, "all who spoke in it"
    threads.reopen(session, by=bea, at=START, thread_id=thread, text="Of which countries?")
    assert world.told() == {("Pat", "thread.reopened"), ("Olu", "thread.reopened")}


def test_message_of_a_question_leads_to_the_field_or_the_source_and_says_what_was_said(world: World) -> None:
    session, everybody = world.session, world.cast
    bea = everybody[Role.BUSINESS]
    feed = source(session, everybody, world.project_id, "Vendor feed")
    ask(session, everybody, world.project_id, Gate.DISCOVERY, Role.BUSINESS)
    world.told()
    asked = {"by": bea, "at": START, "text": "Whose is it?", **world.on_project}
    of_sheet = threads.ask(session, field_id="D25", **asked)
    of_feed = threads.ask(session, field_id="X03", source_id=feed, **asked)
    world.told()
    sheet, of_source = (message(world, delivery) for delivery in world.deliveries()[-2:])
    assert sheet.link == f"{BASE}/worksheet?project=orders&field=D25&thread={of_sheet}"
    assert of_source.link == f"{BASE}/sources?project=orders&field=X03&thread={of_feed}&source={feed}"
    assert sheet.subject == "Orders: a question about “Personal or sensitive data”"
    assert of_source.title.endswith("of Vendor feed”")
    assert [(part.heading, part.lines[0].text) for part in sheet.sections] == [("Bea asked", "Whose is it?")]

    threads.reply(session, by=everybody.pat, at=SOON, thread_id=of_sheet, text="Of customers.")
    world.told()
    answer_mail = message(world, world.deliveries()[-1])
    assert [(part.heading, part.lines[0].text) for part in answer_mail.sections] == [
        ("Bea asked", "Whose is it?"),
        ("Pat wrote", "Of customers."),
    ]
    threads.resolve(session, by=bea, at=SOON, thread_id=of_sheet)
    assert isinstance(message(world, world.deliveries()[-1]), Unneeded), "an answer to what is resolved"
    threads.resolve(session, by=bea, at=SOON, thread_id=of_feed)
    (notice, *_) = messages.notices(
        session, person_key=everybody.pat.key, guide=everybody.guide, at=SOON + timedelta(hours=1)
    )
    assert notice.link.startswith("/sources?"), "it stays among what one was told"


def message(world: World, delivery: Delivery) -> Any:
    given = {"guide": world.cast.guide, "at": SOON, "base_url": BASE}
    return messages.message_for(world.session, delivery_id=delivery.id or 0, **given)


# ---------------------------------------------------------------- passing on and standing in


def test_a_colleague_hears_of_what_was_passed_on_to_them_and_the_absent_of_what_was_decided(
    world: World,
) -> None:
    session, everybody = world.session, world.cast
    priya, leo = everybody[PRIVACY], everybody[LEGAL]
    primo = people_named(session, everybody.ada, "Primo")
    lex = person(session, everybody.ada, "Lex", reviews_as=LEGAL)
    review_id = ask(session, everybody, world.project_id, Gate.DISCOVERY, PRIVACY)
    legal = ask(session, everybody, world.project_id, Gate.DISCOVERY, LEGAL)
    common: dict[str, Any] = {"at": START, "guide": everybody.guide}
    world.told()
    reviews.hand_over(session, by=priya, review_id=review_id, person_key=primo.key, **common)
    assert world.told() == {("Primo", "review.requested"), ("Pat", "review.handed_over")}

    away = {"starts_on": START.date(), "ends_on": NEXT_MONTH}
    delegations.give(session, by=leo, role=LEGAL, to_key=lex.key, **away, **common)
    decide(session, everybody, legal, by=lex)
    assert {("Leo", "sign_off.for_you"), ("Pat", "sign_off.recorded")} <= world.told()


# ---------------------------------------------------------------- how


def test_each_person_is_told_as_they_chose(world: World) -> None:
    session, everybody = world.session, world.cast
    for role, way in ((PRIVACY, Way.DIGEST), (LEGAL, Way.APP)):
        deliveries.choose(session, by=everybody[role], at=START, way=way, digest_hour=7)
    for role in (PRIVACY, LEGAL, COMPLIANCE):
        ask(session, everybody, world.project_id, Gate.DISCOVERY, role)
    world.told()
    ways = dict(session.exec(select(PersonRow.name, Notice.way).join(Notice)).all())
    assert ways == {"Priya": "digest", "Leo": "app", "Cleo": "at_once"}
    assert [(one.medium, one.person_key) for one in world.deliveries()] == [
        ("mail", everybody[COMPLIANCE].key)
    ]


def test_without_mail_and_for_addresses_that_lead_nowhere_it_stays_in_the_app(world: World) -> None:
    session, everybody = world.session, world.cast
    session.get_one(PersonRow, everybody[PRIVACY].key).email = "priya@group.example"
    ask(session, everybody, world.project_id, Gate.DISCOVERY, PRIVACY)
    world.told()
    ask(session, everybody, world.project_id, Gate.DISCOVERY, LEGAL)
    outbox.take_up(session, at=SOON, has_mail=False)
    assert {notice.way for notice in session.exec(select(Notice))} == {"app"}
    assert world.deliveries() == []


def test_a_channel_hears_once_of_what_it_chose(world: World) -> None:
    session, everybody = world.session, world.cast
    for name, kinds in (("All", ()), ("Gates", ("gate.decided",)), ("Off", ())):
        deliveries.add_channel(
            session,
            by=everybody.ada,
            at=START,
            medium=Medium.WEBHOOK,
            name=name,
            address="https://example.org/x",
            kinds=kinds,
        )
    deliveries.switch_channel(session, by=everybody.ada, at=START, channel_id=3, active=False)
    review_id = ask(session, everybody, world.project_id, Gate.DISCOVERY, PRIVACY)
    other = people_named(session, everybody.ada, "Primo")
    reviews.reassign(
        session, by=everybody.pat, at=START, guide=everybody.guide, review_id=review_id, person_key=other.key
    )
    world.told()
    assert [(one.channel_id, one.kind) for one in world.deliveries() if one.medium == "webhook"] == [
        (1, "review.requested"),
        (1, "review.requested"),
    ]


def test_a_digest_takes_all_that_was_kept_when_its_hour_has_come(world: World) -> None:
    session, everybody = world.session, world.cast
    deliveries.choose(session, by=everybody[PRIVACY], at=START, way=Way.DIGEST, digest_hour=16)
    ask(session, everybody, world.project_id, Gate.DISCOVERY, PRIVACY)
    ask(session, everybody, world.project_id, Gate.DESIGN, PRIVACY)
    world.told()
    at = datetime(2026, 3, 2, 15, 59, tzinfo=UTC)
    assert outbox.make_digests(session, at=at) == 0
    assert outbox.make_digests(session, at=at + timedelta(minutes=1)) == 1
    assert outbox.make_digests(session, at=at + timedelta(minutes=2)) == 0, "nothing is left for another one"
    (digest,) = world.deliveries()
    assert [notice.delivery_id for notice in session.exec(select(Notice))] == [digest.id, digest.id]


def test_who_wants_no_more_mail_gets_no_last_digest(world: World) -> None:
    session, everybody = world.session, world.cast
    deliveries.choose(session, by=everybody[PRIVACY], at=START, way=Way.DIGEST, digest_hour=16)
    ask(session, everybody, world.project_id, Gate.DISCOVERY, PRIVACY)
    world.told()
    deliveries.choose(session, by=everybody[PRIVACY], at=START, way=Way.APP, digest_hour=16)
    assert outbox.make_digests(session, at=START + timedelta(days=2)) == 0
    assert [notice.way for notice in session.exec(select(Notice))] == ["app"]


# ---------------------------------------------------------------- reminders


def test_each_reminder_and_escalation_comes_once_and_reaches_whom_it_should(world: World) -> None:
    session, everybody = world.session, world.cast
    ask(session, everybody, world.project_id, Gate.DISCOVERY, PRIVACY)
    world.told()
    come = {}
    for day in range(1, 40):
        at = START + timedelta(days=day)
        outbox.remind(session, at=at)
        outbox.remind(session, at=at)  # as a second server would
        told = world.told(at)
        if told:
            come[at.date().isoformat()] = told
    assert come == {
        "2026-03-09": {("Priya", "review.reminder")},
        "2026-03-10": {("Priya", "review.reminder")},
        "2026-03-12": {("Pat", "review.escalation")},
        "2026-03-19": {("Ada", "review.escalation")},
    }


def test_reminders_wait_for_the_hour_and_stop_with_the_decision(world: World) -> None:
    session, everybody = world.session, world.cast
    deliveries.set_reminders(session, by=everybody.ada, at=START, policy=ReminderPolicy(hour=10))
    review_id = ask(session, everybody, world.project_id, Gate.DISCOVERY, PRIVACY)
    late = START + timedelta(days=8)
    assert outbox.remind(session, at=late.replace(hour=9)) == 0
    decide(session, everybody, review_id)
    assert outbox.remind(session, at=late.replace(hour=11)) == 0


def test_old_entries_are_forgotten_and_their_reminders_do_not_come_again(world: World) -> None:
    session, everybody = world.session, world.cast
    ask(session, everybody, world.project_id, Gate.DISCOVERY, PRIVACY)
    world.told()
    late = START + timedelta(days=8)
    outbox.remind(session, at=late)
    for delivery in world.deliveries():
        delivery.state = "sent"
    session.flush()
    assert outbox.forget_old(session, at=START + timedelta(days=400)) == 1
    assert world.deliveries() == []
    assert set(world.entries()) == {"review.due_soon", "review.overdue"} & set(world.entries())
    assert outbox.remind(session, at=late) == 0
