"""Standing in for somebody: who may be named, what they may decide while it lasts, and what is told afterwards."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, select

from lifecycle.actions import delegations, evidence, people, reviews, threads
from lifecycle.errors import Forbidden, NotFound, Refused
from lifecycle.events import ORGANISATION, chain_stamp
from lifecycle.queries import delegations as queries
from lifecycle.queries import evidence as evidence_queries
from lifecycle.queries import my_work, projects
from lifecycle.queries import reviews as review_queries
from lifecycle.queries import threads as thread_queries
from lifecycle.rules.evidence import FileContent
from lifecycle.store.database import Database
from lifecycle.store.tables import Delegation, Event, EvidenceRevision, Review, SignOff
from lifecycle.vocabulary import Actor, Decision, Gate, Role
from tests.clock import START
from tests.factories import answer, ask, cast, decide, person, project, seen

TODAY = START.date()
DAY = timedelta(days=1)


@dataclass
class Office:
    """Priya reviews privacy on Pat's project, and two colleagues on the same list who hold no role on it."""

    session: Session

    def __post_init__(self) -> None:
        self.cast = cast(self.session)
        self.project = project(self.session, self.cast)
        self.priya = self.cast[Role.PRIVACY]
        self.quinn = person(self.session, self.cast.ada, "Quinn", reviews_as=Role.PRIVACY)
        self.rosa = person(self.session, self.cast.ada, "Rosa", reviews_as=Role.PRIVACY)

    def give(self, by: Actor | None = None, to: Actor | None = None, **details: Any) -> int:
        wanted = {
            "role": Role.PRIVACY,
            "starts_on": TODAY,
            "ends_on": TODAY + 14 * DAY,
            "at": START,
            **details,
        }
        return delegations.give(
            self.session, by=by or self.priya, guide=self.cast.guide, to_key=(to or self.quinn).key, **wanted
        )

    def ask(self, **details: Any) -> int:
        return ask(self.session, self.cast, self.project, Gate.DISCOVERY, Role.PRIVACY, **details)

    def decide(self, review_id: int, by: Actor, at: datetime = START) -> int:
        return decide(self.session, self.cast, review_id, at=at, by=by)

    def newest(self, chain: str) -> Event:
        found = self.session.exec(
            select(Event).where(Event.chain == chain).order_by(col(Event.id).desc())
        ).first()
        assert found is not None
        return found


@pytest.fixture
def office(database: Database) -> Iterator[Office]:
    with database.write() as session:
        yield Office(session)


def refused_codes(office: Office, **details: Any) -> list[str]:
    before = chain_stamp(office.session)
    with pytest.raises(Refused) as refused:
        office.give(**details)
    for blocker in refused.value.blockers:
        assert blocker.text.endswith("."), blocker
    assert chain_stamp(office.session) == before
    return [blocker.code for blocker in refused.value.blockers]


# ---------------------------------------------------------------- standing in


def test_delegate_decides_for_the_one_who_is_away_and_the_signature_says_so(office: Office) -> None:
    review_id = office.ask()
    with pytest.raises(Forbidden):
        office.decide(review_id, office.quinn)
    delegation_id = office.give()

    signed = office.session.get_one(SignOff, office.decide(review_id, office.quinn))

    assert (signed.printed_name, signed.on_behalf_of) == ("Quinn", "Priya")
    assert "Quinn, Privacy, on behalf of Priya," in signed.statement
    detail = json.loads(office.newest(f"project:{office.project}").detail)
    assert (detail["for"], detail["delegation"]) == (office.priya.key, delegation_id)
    work = my_work.my_work(office.session, by=office.priya, at=START, guide=office.cast.guide)
    assert [(item.who, item.decision) for item in work.signed_for] == [("Quinn", Decision.ACKNOWLEDGED)]


def test_delegate_finds_it_on_their_work_and_may_read_the_project_while_it_lasts(office: Office) -> None:
    review_id = office.ask()
    office.give(starts_on=TODAY + DAY, ends_on=TODAY + 2 * DAY)
    key = projects.key_of(office.session, project_id=office.project)
    for days, there in ((0, False), (1, True), (2, True), (3, False)):
        at = START + days * DAY
        work = my_work.my_work(office.session, by=office.quinn, at=at, guide=office.cast.guide)
        assert [(item.review_id, item.stands_in_for) for item in work.reviews] == (
            [(review_id, "Priya")] if there else []
        )
        if there:
            view = review_queries.view(
                office.session, by=office.quinn, at=at, guide=office.cast.guide, review_id=review_id
            )
            assert (view.against_deciding, view.stands_in_for, view.project.roles) == (
                (),
                "Priya",
                frozenset(),
            )
            (promise,) = view.promises_of(Decision.ACKNOWLEDGED)
            assert "on behalf of Priya" in promise.statement()
        else:
            with pytest.raises(NotFound):
                projects.head(office.session, key=key, by=office.quinn, at=at)
            with pytest.raises(Forbidden):
                office.decide(review_id, office.quinn, at)


def test_delegate_reads_the_evidence_and_the_questions_that_the_review_rests_on(office: Office) -> None:
    office.ask()
    office.give(ends_on=TODAY + DAY)
    revision_id = attached(office)
    common = {"guide": office.cast.guide, "key": projects.key_of(office.session, project_id=office.project)}
    asked = {"project_id": office.project, "field_id": "D25"}
    threads.ask(office.session, by=office.priya, at=START, guide=office.cast.guide, text="Whose?", **asked)

    def read(at: datetime) -> tuple[int, int, int]:
        reader: dict[str, Any] = {"by": office.quinn, "at": at}
        of_role = evidence_queries.of_role(
            office.session, **reader, **common, gate=Gate.DISCOVERY, role=Role.PRIVACY
        )
        of_gate = evidence_queries.of_gate(office.session, **reader, **common, gate=Gate.DISCOVERY)
        shelf = evidence_queries.shelf(office.session, **reader, **common)
        evidence_queries.stored_file(office.session, **reader, revision_id=revision_id)
        assert of_role.against_adding, "reading is all that standing in allows"
        return len(of_role.documents), len(of_gate.documents), len(shelf.items)

    assert read(START) == (1, 1, 1)
    assert len(thread_queries.of_field(office.session, by=office.quinn, at=START, **asked)) == 1
    later = START + 2 * DAY
    assert thread_queries.of_field(office.session, by=office.quinn, at=later, **asked) == ()
    with pytest.raises(NotFound):
        read(later)


def attached(office: Office) -> int:
    """A file at a question on which privacy relies; the id of its revision."""
    evidence_id = evidence.add(
        office.session,
        by=office.cast.pat,
        at=START,
        guide=office.cast.guide,
        project_id=office.project,
        title="Assessment",
        content=FileContent("a" * 64, 9, "text/plain", "assessment.txt"),
        field_id="D25",
    )
    row = office.session.exec(
        select(EvidenceRevision).where(EvidenceRevision.evidence_id == evidence_id)
    ).one()
    return row.id or 0


def test_it_ends_any_time_and_by_its_last_day_without_a_write(office: Office) -> None:
    review_id, delegation_id = office.ask(), office.give()
    delegations.end(office.session, by=office.priya, at=START, delegation_id=delegation_id)
    with pytest.raises(Forbidden):
        office.decide(review_id, office.quinn)
    with pytest.raises(Refused, match="ended already"):
        delegations.end(office.session, by=office.priya, at=START, delegation_id=delegation_id)
    office.give(to=office.rosa, ends_on=TODAY)
    tomorrow = START + DAY
    assert [item.state for item in queries.absence(office.session, by=office.priya, at=tomorrow).mine] == [
        "over",
        "ended",
    ]
    office.give(to=office.rosa, at=tomorrow, starts_on=TODAY + DAY)  # the one that is over is in nobody's way


def test_it_reaches_only_its_role_and_its_project(office: Office) -> None:
    other = project(office.session, office.cast, "Returns")
    elsewhere = ask(office.session, office.cast, other, Gate.DISCOVERY, Role.PRIVACY)
    here = office.ask()
    people.make_eligible(
        office.session, by=office.cast.ada, at=START, person_key=office.quinn.key, role=Role.LEGAL
    )
    legal = ask(office.session, office.cast, office.project, Gate.DISCOVERY, Role.LEGAL)
    office.give(project_id=office.project)

    for review_id in (elsewhere, legal):
        with pytest.raises((Forbidden, Refused)):
            office.decide(review_id, office.quinn)
    office.decide(here, office.quinn)


def test_whoever_loses_the_list_or_the_account_stands_in_no_more(office: Office) -> None:
    review_id = office.ask()
    office.give()
    people.end_eligibility(
        office.session, by=office.cast.ada, at=START, person_key=office.quinn.key, role=Role.PRIVACY
    )
    with pytest.raises(Forbidden):
        office.decide(review_id, office.quinn)


def test_independence_holds_for_whoever_stands_in(office: Office) -> None:
    """Quinn became product manager after the delegation was set: P5 still bars the decision."""
    review_id = office.ask()
    office.give()
    people.give_project_role(
        office.session,
        by=office.cast.pat,
        at=START,
        project_id=office.project,
        person_key=office.quinn.key,
        role=Role.PRODUCT_MANAGER,
    )
    with pytest.raises(Refused) as refused:
        office.decide(review_id, office.quinn)
    assert [blocker.code for blocker in refused.value.blockers] == ["own_work:product_manager"]
    rosas = office.session.get_one(Review, review_id)
    rosas.requested_by = office.rosa.key
    office.session.flush()
    assert refused_codes(office, by=office.cast.ada, from_key=office.priya.key, to=office.rosa) == [
        "overlaps",
        "own_work:requester",
    ]


def test_one_who_was_away_takes_back_or_affirms_what_was_signed_for_them(office: Office) -> None:
    review_id = office.ask()
    office.give()
    first = office.decide(review_id, office.quinn)
    answer(office.session, office.cast, office.project, "D25", {"personal": False})
    again = reviews.affirm(
        office.session,
        by=office.priya,
        at=START + DAY,
        guide=office.cast.guide,
        sign_off_id=first,
        seen_digest=seen(office.session, office.cast, review_id),
    )
    row = office.session.get_one(SignOff, again)
    assert (row.printed_name, row.on_behalf_of, row.affirms) == ("Priya", "", first)
    taken_back = {"at": START + DAY, "guide": office.cast.guide, "sign_off_id": again, "reason": "Misread"}
    with pytest.raises(Refused, match="Only Priya"):
        reviews.withdraw(office.session, by=office.quinn, **taken_back)
    reviews.withdraw(office.session, by=office.priya, **taken_back)


# ---------------------------------------------------------------- what cannot be set


def test_what_cannot_be_delegated_is_refused_and_leaves_nothing(office: Office) -> None:
    people.deactivate(office.session, by=office.cast.ada, at=START, person_key=office.rosa.key)
    table: list[tuple[dict[str, Any], list[str]]] = [
        ({"to": office.priya}, ["to_self"]),
        ({"to": office.rosa}, ["inactive"]),
        ({"to": office.cast.olu}, ["not_eligible"]),
        ({"by": office.cast.olu}, ["nothing_to_pass_on"]),
        ({"role": Role.LEGAL}, ["nothing_to_pass_on", "not_eligible"]),
        ({"starts_on": TODAY - DAY}, ["past_dates"]),
        ({"starts_on": TODAY - 9 * DAY, "ends_on": TODAY - DAY}, ["past_dates"]),
        ({"starts_on": TODAY + 2 * DAY, "ends_on": TODAY + DAY}, ["wrong_order"]),
        ({"ends_on": TODAY + 400 * DAY}, ["too_long"]),
    ]
    for details, expected in table:
        assert refused_codes(office, **details) == expected, details
    with pytest.raises(NotFound):
        office.give(project_id=99)
    assert office.session.exec(select(Delegation)).all() == []


def test_neither_overlap_nor_loop_nor_chain(office: Office) -> None:
    office.give(starts_on=TODAY + 5 * DAY, ends_on=TODAY + 9 * DAY)
    days = {"starts_on": TODAY, "ends_on": TODAY + 5 * DAY}
    assert refused_codes(office, to=office.rosa, **days) == ["overlaps"]
    assert refused_codes(office, to=office.rosa, project_id=office.project, **days) == ["overlaps"]
    assert refused_codes(office, by=office.quinn, to=office.priya, **days) == ["loop"]
    assert refused_codes(office, by=office.quinn, to=office.rosa, **days) == ["chain"]
    assert refused_codes(office, by=office.rosa, to=office.priya, **days) == ["chain"]
    office.give(
        by=office.quinn, to=office.priya, starts_on=TODAY, ends_on=TODAY + 4 * DAY
    )  # not the same days
    office.give(to=office.rosa, starts_on=TODAY + 10 * DAY, ends_on=TODAY + 12 * DAY)


def test_not_to_whoever_manages_or_asked(office: Office) -> None:
    people.make_eligible(
        office.session, by=office.cast.ada, at=START, person_key=office.cast.pat.key, role=Role.PRIVACY
    )
    office.ask()
    assert refused_codes(office, to=office.cast.pat) == ["own_work:product_manager", "own_work:requester"]
    assert refused_codes(office, to=office.cast.pat, project_id=office.project) == [
        "own_work:product_manager",
        "own_work:requester",
    ]


def test_only_oneself_or_an_administrator_sets_and_ends(office: Office) -> None:
    with pytest.raises(Forbidden):
        office.give(by=office.rosa, from_key=office.priya.key)
    delegation_id = office.give(by=office.cast.ada, from_key=office.priya.key)
    row = office.session.get_one(Delegation, delegation_id)
    assert (row.from_key, row.by_key) == (office.priya.key, office.cast.ada.key)
    event = office.newest(ORGANISATION)
    assert (event.action, event.subject) == ("delegation.set", f"delegation:{delegation_id}")
    assert set(json.loads(event.detail)) >= {"from", "to", "role", "starts_on", "ends_on"}
    with pytest.raises(Forbidden):
        delegations.end(office.session, by=office.rosa, at=START, delegation_id=delegation_id)
    everybody = queries.all_absences(office.session, by=office.cast.ada, at=START)
    assert [(item.away, item.delegate, item.state) for item in everybody] == [("Priya", "Quinn", "in force")]
    delegations.end(office.session, by=office.quinn, at=START, delegation_id=delegation_id)


# ---------------------------------------------------------------- one review


def test_one_review_is_handed_over_once_and_never_back_to_who_asked(office: Office) -> None:
    review_id = office.ask()
    view = queries.hand_over(
        office.session, by=office.priya, at=START, guide=office.cast.guide, review_id=review_id
    )
    assert {item.name for item in view.free} == {"Quinn", "Rosa"}

    new = reviews.hand_over(
        office.session,
        by=office.priya,
        at=START,
        guide=office.cast.guide,
        review_id=review_id,
        person_key=office.quinn.key,
    )

    row = office.session.get_one(Review, new)
    assert (row.person_key, row.requested_by, row.handed_over_by) == (
        office.quinn.key,
        office.cast.pat.key,
        office.priya.key,
    )
    assert office.session.get_one(Review, review_id).state == "withdrawn"
    with pytest.raises(Refused) as refused:
        reviews.hand_over(
            office.session,
            by=office.quinn,
            at=START,
            guide=office.cast.guide,
            review_id=new,
            person_key=office.rosa.key,
        )
    assert [blocker.code for blocker in refused.value.blockers] == ["chain"]
    # Nor by an absence: what was handed over to Quinn does not reach Rosa.
    office.give(by=office.quinn, to=office.rosa)
    with pytest.raises(Refused, match="not passed on again"):
        office.decide(new, office.rosa)
    signed = office.session.get_one(SignOff, office.decide(new, office.quinn))
    assert (signed.printed_name, signed.on_behalf_of) == ("Quinn", "")


def test_hand_over_refuses_who_asked_manages_or_is_not_listed(office: Office) -> None:
    people.make_eligible(
        office.session, by=office.cast.ada, at=START, person_key=office.cast.pat.key, role=Role.PRIVACY
    )
    review_id = office.ask()
    for to, expected in (
        (office.priya, ["to_self"]),
        (office.cast.olu, ["not_eligible"]),
        (office.cast.pat, ["own_work:product_manager", "own_work:requester"]),
    ):
        with pytest.raises(Refused) as refused:
            reviews.hand_over(
                office.session,
                by=office.priya,
                at=START,
                guide=office.cast.guide,
                review_id=review_id,
                person_key=to.key,
            )
        codes = [blocker.code for blocker in refused.value.blockers]
        assert [code for code in codes if code != "asked_already"] == expected
    with pytest.raises((Forbidden, Refused)):
        reviews.hand_over(
            office.session,
            by=office.cast[Role.LEGAL],
            at=START,
            guide=office.cast.guide,
            review_id=review_id,
            person_key=office.quinn.key,
        )
