"""Reviews and sign-offs: state, event and refusal for each exit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, select

from lifecycle.actions import people, reviews
from lifecycle.errors import Forbidden, Invalid, NotFound, Refused
from lifecycle.events import project_chain
from lifecycle.facts.people import project_roles
from lifecycle.queries import change_requests
from lifecycle.rules.signoffs import sign_off_status
from lifecycle.store.database import Database
from lifecycle.store.tables import ChangeAnswer, Condition, Event, Invalidation, Review, SignOff
from lifecycle.vocabulary import (
    COMMAND_LINE,
    Actor,
    AnswerState,
    Decision,
    Gate,
    Meaning,
    Role,
    SignOffStatus,
)
from tests.clock import START
from tests.factories import (
    IGNORED,
    answer,
    ask,
    cast,
    decide,
    facts_of,
    password_hash_of,
    person,
    project,
    seen,
    sign,
    source,
)

LATER = START + timedelta(days=3)
NEXT_MONTH = date(2026, 4, 2)
YESTERDAY = date(2026, 3, 1)


class Desk:
    """One session with a cast and Pat's project; the shortest way to say what happens."""

    def __init__(self, session: Session) -> None:
        self.session, self.cast = session, cast(session)
        self.project = project(session, self.cast)

    def ask(self, gate: Gate = Gate.DISCOVERY, role: Role = Role.PRIVACY, **details: Any) -> int:
        return ask(self.session, self.cast, self.project, gate, role, **details)

    def decide(self, review_id: int, decision: Decision | None = None, **details: Any) -> int:
        return decide(self.session, self.cast, review_id, decision, **details)

    def sign(self, gate: Gate, role: Role, decision: Decision | None = None, **details: Any) -> int:
        return sign(self.session, self.cast, self.project, gate, role, decision, **details)

    def answer(self, field_id: str, raw: object, **details: Any) -> None:
        answer(self.session, self.cast, self.project, field_id, raw, **details)

    def status(self, gate: Gate, role: Role) -> SignOffStatus:
        facts = facts_of(self.session, self.cast, self.project)
        return sign_off_status(facts, self.cast.guide, gate, role).status

    def newest_event(self) -> tuple[str, str, dict[str, Any]]:
        found = self.session.exec(
            select(Event).where(Event.chain == project_chain(self.project)).order_by(col(Event.id).desc())
        ).first()
        assert found is not None
        return found.action, found.subject, json.loads(found.detail)

    def review(self, review_id: int) -> Review:
        return self.session.get_one(Review, review_id)

    def sign_off(self, sign_off_id: int) -> SignOff:
        return self.session.get_one(SignOff, sign_off_id)

    def act(self, action: Any, by: Actor, **details: Any) -> Any:
        return action(self.session, by=by, at=details.pop("at", START), guide=self.cast.guide, **details)


@pytest.fixture
def desk(database: Database) -> Iterator[Desk]:
    with database.write() as session:
        yield Desk(session)


def codes(refused: pytest.ExceptionInfo[Refused]) -> list[str]:
    return [blocker.code for blocker in refused.value.blockers]


# ---------------------------------------------------------------- asking


def test_request_waits_for_the_person_and_gives_them_the_role(desk: Desk) -> None:
    privacy = desk.cast[Role.PRIVACY]
    assert project_roles(desk.session, desk.project, privacy.key) == frozenset()

    review_id = desk.ask()

    assert (desk.review(review_id).state, desk.review(review_id).act) == ("open", "acknowledge")
    assert project_roles(desk.session, desk.project, privacy.key) == {Role.PRIVACY}
    assert desk.status(Gate.DISCOVERY, Role.PRIVACY) is SignOffStatus.WAITING
    action, subject, detail = desk.newest_event()
    assert (action, subject) == ("review.requested", f"review:{review_id}")
    assert (detail["person"], detail["role"], detail["role_given"]) == (privacy.key, "privacy", True)


def test_request_may_go_to_several_people_of_one_role_but_not_twice_to_one(desk: Desk) -> None:
    desk.ask()
    second = person(desk.session, desk.cast.ada, "Primo", reviews_as=Role.PRIVACY)
    desk.ask(person_key=second.key)
    with pytest.raises(Refused, match="asked on 2026-03-02 already") as refused:
        desk.ask(person_key=second.key)
    assert codes(refused) == ["asked_already"]


@pytest.mark.parametrize(
    ("gate", "role", "who", "code"),
    [
        (Gate.DISCOVERY, Role.PRIVACY, Role.LEGAL, "not_eligible"),
        (Gate.DISCOVERY, Role.PRIVACY, Role.PRODUCT_MANAGER, "own_work:product_manager"),
        (Gate.LAUNCH, Role.APPROVER, Role.LEGAL, "no_level"),
        (Gate.DISCOVERY, Role.APPROVER, Role.APPROVER, "not_asked_here"),
        (Gate.MODEL, Role.PRIVACY, Role.PRIVACY, "nothing_to_attest"),
    ],
)
def test_request_is_refused_with_the_reason(desk: Desk, gate: Gate, role: Role, who: Role, code: str) -> None:
    with pytest.raises(Refused) as refused:
        desk.ask(gate, role, person_key=desk.cast[who].key)
    assert code in codes(refused)
    assert desk.session.exec(select(Review)).all() == []


def test_request_is_refused_for_an_approver_below_the_tier(desk: Desk) -> None:
    low = person(desk.session, desk.cast.ada, "Lou", level=1)
    desk.answer("D33", "2")
    with pytest.raises(Refused, match="level 2 or higher; Lou has level 1"):
        desk.ask(Gate.LAUNCH, Role.APPROVER, person_key=low.key)


def test_request_is_refused_for_a_developer_who_would_validate(desk: Desk) -> None:
    desk.answer("M15", [{"person": f"@{desk.cast[Role.VALIDATION].key}", "part": "developer"}])
    with pytest.raises(Refused, match="named as a developer"):
        desk.ask(role=Role.VALIDATION)
    desk.ask(role=Role.LEGAL)


def test_request_is_refused_for_somebody_who_left_or_a_day_that_passed(desk: Desk) -> None:
    with pytest.raises(Invalid, match="2026-03-01 has passed"):
        desk.act(
            reviews.request,
            desk.cast.pat,
            project_id=desk.project,
            gate=Gate.DISCOVERY,
            role=Role.PRIVACY,
            person_key=desk.cast[Role.PRIVACY].key,
            due_on=YESTERDAY,
        )
    people.deactivate(desk.session, by=desk.cast.ada, at=START, person_key=desk.cast[Role.PRIVACY].key)
    with pytest.raises(Refused) as refused:
        desk.ask()
    assert codes(refused) == ["inactive"]
    with pytest.raises(NotFound):
        desk.ask(person_key="person-nobody")


def test_cancelled_request_waits_for_nobody(desk: Desk) -> None:
    review_id = desk.ask()
    desk.act(reviews.cancel, desk.cast.pat, review_id=review_id, reason="Asked too early")
    assert desk.review(review_id).state == "withdrawn"
    assert desk.status(Gate.DISCOVERY, Role.PRIVACY) is SignOffStatus.NOT_ASKED
    assert desk.newest_event()[0] == "review.withdrawn"
    with pytest.raises(Refused, match="withdrawn already"):
        desk.act(reviews.cancel, desk.cast.pat, review_id=review_id)
    with pytest.raises(Refused):
        desk.decide(review_id)


def test_reassigned_review_waits_for_the_other_person_only(desk: Desk) -> None:
    first, second = desk.ask(), person(desk.session, desk.cast.ada, "Primo", reviews_as=Role.PRIVACY)
    new = desk.act(
        reviews.reassign, desk.cast.ada, review_id=first, person_key=second.key, reason="On leave", at=LATER
    )
    assert (desk.review(first).state, desk.review(new).state) == ("withdrawn", "open")
    assert desk.review(new).requested_at == LATER
    assert desk.newest_event()[2]["from"] == desk.cast[Role.PRIVACY].key
    with pytest.raises(Refused):
        desk.decide(first)
    desk.decide(new, by=second, at=LATER)


def test_administrator_cannot_reassign_a_review_to_themselves(desk: Desk) -> None:
    review_id, ada = desk.ask(), desk.cast.ada
    people.make_eligible(desk.session, by=ada, at=START, person_key=ada.key, role=Role.PRIVACY)
    with pytest.raises(Refused) as refused:
        desk.act(reviews.reassign, ada, review_id=review_id, person_key=ada.key)
    assert codes(refused) == ["own_work:requester"]


# ---------------------------------------------------------------- deciding


def test_decision_records_who_signed_what_in_which_words(desk: Desk) -> None:
    desk.answer("D25", {"personal": True, "categories": ["contact"]})
    review_id = desk.ask()
    digest_seen = seen(desk.session, desk.cast, review_id)

    sign_off_id = desk.decide(review_id, on_behalf_of="Data protection office", comment="Fine", at=LATER)

    row = desk.sign_off(sign_off_id)
    assert (row.printed_name, row.decision, row.at) == ("Priya", "acknowledged", LATER)
    spec = desk.cast.guide.review(Gate.DISCOVERY, Role.PRIVACY)
    assert spec is not None
    assert row.statement == (
        f"At the Discovery gate of “Orders”, Priya, Privacy, on behalf of Data protection office, {spec.meaning}."
    )
    assert row.digest == digest_seen
    assert set(json.loads(row.covered)) == {"D13", "D25", "evidence"}
    assert desk.review(review_id).state == "decided"
    action, subject, detail = desk.newest_event()
    assert (action, subject) == ("sign_off.recorded", f"sign_off:{sign_off_id}")
    assert f"sign_off:{sign_off_id}" in detail["vouches"]
    assert "Priya" not in json.dumps(detail), "the log knows people by key"


def test_decision_is_refused_when_the_content_changed_while_reading(desk: Desk) -> None:
    desk.answer("D25", {"personal": False})
    review_id = desk.ask()
    before = seen(desk.session, desk.cast, review_id)
    desk.answer("D25", {"personal": True, "categories": ["health"]})
    desk.answer("D13", {"affected": "public", "undo": "hard"})

    with pytest.raises(Refused) as refused:
        desk.decide(review_id, seen_digest=before)

    assert codes(refused) == ["seen_changed"]
    assert refused.value.blockers[0].fields == ("D13", "D25")
    assert "Who bears the effect (D13), Personal or sensitive data (D25) changed" in str(refused.value)
    assert desk.session.exec(select(SignOff)).all() == []
    desk.answer("D13", {"affected": "public", "undo": "never"})
    desk.decide(review_id)


def test_decision_is_refused_when_a_data_source_came_while_reading(desk: Desk) -> None:
    review_id = desk.ask(Gate.FEASIBILITY)
    before = seen(desk.session, desk.cast, review_id)
    source(desk.session, desk.cast, desk.project)
    with pytest.raises(Refused, match="what this role relies on changed"):
        desk.decide(review_id, seen_digest=before)


def test_change_that_the_role_does_not_rely_on_disturbs_no_decision(desk: Desk) -> None:
    review_id = desk.ask()
    before = seen(desk.session, desk.cast, review_id)
    desk.answer(IGNORED, {"option": "rule"})
    desk.decide(review_id, seen_digest=before)


def test_conditions_of_a_decision_have_owner_and_day(desk: Desk) -> None:
    review_id = desk.ask(Gate.DESIGN)
    wanted = [("Finish the assessment", "Pat", NEXT_MONTH), ("Delete the sample", "Team", NEXT_MONTH)]

    sign_off_id = desk.decide(review_id, Decision.APPROVED_WITH_CONDITIONS, conditions=wanted)

    rows = desk.session.exec(select(Condition).order_by(col(Condition.id))).all()
    assert [(row.text, row.owner, row.due_on) for row in rows] == wanted
    assert {(row.sign_off_id, row.state, row.role) for row in rows} == {(sign_off_id, "open", "privacy")}
    assert "provided that 2 conditions are met" in desk.sign_off(sign_off_id).statement
    assert desk.newest_event()[2]["conditions"] == [row.id for row in rows]
    assert desk.status(Gate.DESIGN, Role.PRIVACY) is SignOffStatus.CONDITIONAL


@pytest.mark.parametrize(
    ("decision", "details", "sentence"),
    [
        (Decision.APPROVED_WITH_CONDITIONS, {}, "at least one condition"),
        (
            Decision.APPROVED_WITH_CONDITIONS,
            {"conditions": [("Do it", "Pat", YESTERDAY)]},
            "condition 1 · due date: 2026-03-01 has passed",
        ),
        (Decision.APPROVED_WITH_CONDITIONS, {"conditions": [("Do it", " ", NEXT_MONTH)]}, "who sees to it"),
        (Decision.APPROVED, {"conditions": [("Do it", "Pat", NEXT_MONTH)]}, "Approved with conditions"),
        (Decision.CHANGES_REQUESTED, {}, "what has to change"),
        (Decision.REJECTED, {"comment": "\u200b"}, "why it is rejected"),
        (Decision.ACKNOWLEDGED, {}, "choose one of: Approved"),
        (Decision.APPROVED, {"fields": ["R03"]}, "when changes are requested"),
        (Decision.CHANGES_REQUESTED, {"comment": "Mend", "fields": ["D99"]}, "no question D99"),
        (Decision.APPROVED, {"comment": "x" * 100_000}, "100,000 characters long"),
    ],
)
def test_incomplete_decision_is_not_taken(
    desk: Desk, decision: Decision, details: dict[str, Any], sentence: str
) -> None:
    review_id = desk.ask(Gate.DESIGN)
    with pytest.raises(Invalid, match=sentence):
        desk.decide(review_id, decision, **details)
    assert desk.review(review_id).state == "open"
    assert desk.session.exec(select(Condition)).all() == []


def test_requested_changes_name_their_fields(desk: Desk) -> None:
    sign_off_id = desk.sign(
        Gate.DESIGN, Role.COMPLIANCE, Decision.CHANGES_REQUESTED, comment="Too low", fields=["R21"]
    )
    assert json.loads(desk.sign_off(sign_off_id).fields) == ["R21"]
    assert desk.status(Gate.DESIGN, Role.COMPLIANCE) is SignOffStatus.CHANGES_REQUESTED


def test_decision_is_refused_once_the_role_was_taken_away(desk: Desk) -> None:
    review_id, privacy = desk.ask(), desk.cast[Role.PRIVACY]
    people.give_project_role(
        desk.session,
        by=desk.cast.ada,
        at=START,
        project_id=desk.project,
        person_key=desk.cast.ann.key,
        role=Role.APPROVER,
    )
    people.take_project_role(
        desk.session,
        by=desk.cast.pat,
        at=START,
        project_id=desk.project,
        person_key=privacy.key,
        role=Role.PRIVACY,
    )
    with pytest.raises(Forbidden):
        desk.decide(review_id)
    with pytest.raises(Forbidden, match="signed in"):
        desk.decide(review_id, by=COMMAND_LINE)


# ---------------------------------------------------------------- affirming and withdrawing


def stale_sign_off(desk: Desk) -> int:
    desk.answer("D25", {"personal": False})
    sign_off_id = desk.sign(Gate.DISCOVERY, Role.PRIVACY)
    desk.answer("D25", {"personal": True, "categories": ["contact"]}, at=LATER)
    return sign_off_id


def affirm(desk: Desk, sign_off_id: int, by: Actor | None = None, **details: Any) -> int:
    now = seen(desk.session, desk.cast, desk.sign_off(sign_off_id).review_id)
    given = {"seen_digest": now, "at": LATER, **details}
    return int(desk.act(reviews.affirm, by or desk.cast[Role.PRIVACY], sign_off_id=sign_off_id, **given))


def test_affirming_adds_a_row_and_leaves_the_old_as_it_was(desk: Desk) -> None:
    old = stale_sign_off(desk)
    kept = desk.sign_off(old).model_dump()
    assert desk.status(Gate.DISCOVERY, Role.PRIVACY) is SignOffStatus.STALE

    new = affirm(desk, old)

    assert desk.sign_off(new).affirms == old
    assert desk.sign_off(new).decision == "acknowledged"
    assert desk.sign_off(new).digest != desk.sign_off(old).digest
    desk.session.expire_all()
    assert desk.sign_off(old).model_dump() == kept
    assert desk.status(Gate.DISCOVERY, Role.PRIVACY) is SignOffStatus.SIGNED
    assert desk.newest_event()[0] == "sign_off.affirmed"


def test_affirming_needs_the_same_person_a_stale_decision_and_a_fresh_look(desk: Desk) -> None:
    old = stale_sign_off(desk)
    primo = person(desk.session, desk.cast.ada, "Primo", reviews_as=Role.PRIVACY)
    desk.ask(person_key=primo.key)
    with pytest.raises(Refused, match="Only Priya, who signed it"):
        affirm(desk, old, by=primo)
    with pytest.raises(Refused) as refused:
        affirm(desk, old, seen_digest=desk.sign_off(old).digest)
    assert refused.value.blockers[0].fields == ("D25",)
    affirm(desk, old)
    with pytest.raises(Refused, match="newer decision"):
        affirm(desk, old)


def test_decision_that_holds_needs_no_affirming(desk: Desk) -> None:
    holds = desk.sign(Gate.DISCOVERY, Role.PRIVACY)
    with pytest.raises(Refused, match="still holds"):
        affirm(desk, holds)


def test_affirming_closes_what_made_it_stale_and_a_new_request_for_the_same(desk: Desk) -> None:
    old = desk.sign(Gate.DISCOVERY, Role.PRIVACY)
    desk.session.add(
        Invalidation(
            sign_off_id=old, project_id=desk.project, cause="trigger", detail="It fired.", opened_at=LATER
        )
    )
    again = desk.ask(at=LATER)
    new = affirm(desk, old, at=LATER + timedelta(hours=1))
    assert desk.review(again).state == "decided"
    assert desk.sign_off(new).review_id == again
    assert desk.session.exec(select(Invalidation.closed_at)).one() is not None
    assert desk.status(Gate.DISCOVERY, Role.PRIVACY) is SignOffStatus.SIGNED


def test_affirming_keeps_the_open_conditions(desk: Desk) -> None:
    desk.answer("D25", {"personal": False})
    wanted = [("Finish the assessment", "Pat", NEXT_MONTH)]
    old = desk.sign(Gate.DESIGN, Role.PRIVACY, Decision.APPROVED_WITH_CONDITIONS, conditions=wanted)
    desk.answer("D25", {"personal": True, "categories": ["contact"]})
    new = affirm(desk, old)
    assert desk.session.exec(select(Condition.sign_off_id)).all() == [new]
    assert desk.status(Gate.DESIGN, Role.PRIVACY) is SignOffStatus.CONDITIONAL


def test_withdrawing_adds_a_row_and_opens_the_review_again(desk: Desk) -> None:
    wanted = [("Finish the assessment", "Pat", NEXT_MONTH)]
    old = desk.sign(Gate.DESIGN, Role.PRIVACY, Decision.APPROVED_WITH_CONDITIONS, conditions=wanted)
    review_id = desk.sign_off(old).review_id

    row = desk.act(
        reviews.withdraw, desk.cast[Role.PRIVACY], sign_off_id=old, reason="The vendor changed", at=LATER
    )

    assert desk.sign_off(row).withdraws == old
    assert (desk.sign_off(row).decision, desk.sign_off(old).decision) == (
        "withdrawn",
        "approved_with_conditions",
    )
    assert desk.review(review_id).state == "open"
    assert desk.session.exec(select(Condition.state)).all() == ["withdrawn"]
    assert desk.status(Gate.DESIGN, Role.PRIVACY) is SignOffStatus.WAITING
    assert desk.newest_event()[0] == "sign_off.withdrawn"
    desk.decide(review_id, Decision.REJECTED, comment="No", at=LATER)
    assert desk.status(Gate.DESIGN, Role.PRIVACY) is SignOffStatus.REJECTED


def test_withdrawing_lets_no_older_decision_stand_up_again(desk: Desk) -> None:
    old = stale_sign_off(desk)
    new = affirm(desk, old)
    desk.act(reviews.withdraw, desk.cast[Role.PRIVACY], sign_off_id=new, reason="I misread it", at=LATER)
    desk.answer("D25", {"personal": False})
    assert desk.status(Gate.DISCOVERY, Role.PRIVACY) is SignOffStatus.WAITING


def test_withdrawing_is_for_the_signer_once_and_with_a_reason(desk: Desk) -> None:
    old, privacy = desk.sign(Gate.DISCOVERY, Role.PRIVACY), desk.cast[Role.PRIVACY]
    desk.ask(role=Role.LEGAL)
    with pytest.raises(Refused, match="who signed it"):
        desk.act(reviews.withdraw, desk.cast[Role.LEGAL], sign_off_id=old, reason="Mine")
    with pytest.raises(Invalid, match="why you take it back"):
        desk.act(reviews.withdraw, privacy, sign_off_id=old, reason=" ")
    row = desk.act(reviews.withdraw, privacy, sign_off_id=old, reason="Wrong project")
    with pytest.raises(Refused, match="withdrawn already"):
        desk.act(reviews.withdraw, privacy, sign_off_id=old, reason="Again")
    with pytest.raises(NotFound):
        desk.act(reviews.withdraw, privacy, sign_off_id=row, reason="The withdrawal too")


def test_change_of_mind_by_a_new_review_keeps_both_rows(desk: Desk) -> None:
    first = desk.sign(Gate.DISCOVERY, Role.PRIVACY)
    second = desk.sign(Gate.DISCOVERY, Role.PRIVACY, Decision.CHANGES_REQUESTED, comment="Too much", at=LATER)
    assert [row.id for row in desk.session.exec(select(SignOff)).all()] == [first, second]
    assert desk.status(Gate.DISCOVERY, Role.PRIVACY) is SignOffStatus.CHANGES_REQUESTED


# ---------------------------------------------------------------- what a signature says, and who it is


def test_signer_chooses_the_meaning_where_the_policy_offers_several(desk: Desk) -> None:
    review_id = desk.ask(Gate.LAUNCH, Role.APPROVER)
    with pytest.raises(Invalid, match="approves use or|accepts residual risk or"):
        desk.decide(review_id, stated=None)
    assert desk.session.exec(select(SignOff)).all() == []

    row = desk.sign_off(desk.decide(review_id, stated=Meaning.APPROVES_USE))

    spec = desk.cast.guide.review(Gate.LAUNCH, Role.APPROVER)
    assert spec is not None
    assert (row.stated, row.meaning) == ("approves_use", spec.alternatives[Meaning.APPROVES_USE])
    assert row.statement.endswith(f"Ann, Approver, {row.meaning}.")
    assert desk.newest_event()[2]["stated"] == "approves_use"


def test_affirming_means_what_was_signed_before(desk: Desk) -> None:
    desk.answer("P01", {"environment": "Shop"})
    old = desk.sign(Gate.LAUNCH, Role.APPROVER, stated=Meaning.APPROVES_USE)
    desk.answer("P01", None, base=1, state=AnswerState.NOT_APPLICABLE, reason="Nothing is deployed")
    again = affirm(desk, old, desk.cast.ann, password_hash=password_hash_of(desk.session, desk.cast.ann))
    assert desk.sign_off(again).statement == desk.sign_off(old).statement
    assert desk.sign_off(again).stated == "approves_use"


@pytest.mark.parametrize(
    ("entered", "code"), [(None, "password:needed"), ("$hash of before", "password:changed")]
)
def test_signature_is_refused_without_the_password_that_the_policy_asks_for(
    desk: Desk, entered: str | None, code: str
) -> None:
    review_id = desk.ask(Gate.LAUNCH, Role.LEGAL)
    with pytest.raises(Refused) as refused:
        desk.decide(review_id, password_hash=entered)
    assert codes(refused) == [code]
    assert (desk.review(review_id).state, desk.session.exec(select(SignOff)).all()) == ("open", [])


def test_signature_says_how_its_signer_was_known(desk: Desk) -> None:
    by_session = desk.sign(Gate.DISCOVERY, Role.PRIVACY)
    assert desk.sign_off(by_session).verified == "session"
    by_password = desk.sign(Gate.LAUNCH, Role.LEGAL)
    assert desk.sign_off(by_password).verified == "password"
    assert desk.newest_event()[2]["verified"] == "password"


def test_asking_for_changes_lets_nothing_go_on_and_takes_no_password(desk: Desk) -> None:
    given = {"comment": "Say who is told", "password_hash": None}
    asked = desk.sign(Gate.LAUNCH, Role.LEGAL, Decision.CHANGES_REQUESTED, **given)
    assert desk.sign_off(asked).verified == "session"


def test_affirming_takes_the_password_too(desk: Desk) -> None:
    desk.answer("P01", {"environment": "Shop"})
    old = desk.sign(Gate.LAUNCH, Role.TECHNOLOGY)
    desk.answer("P01", None, base=1, state=AnswerState.NOT_APPLICABLE, reason="Nothing is deployed")
    with pytest.raises(Refused, match="takes your password"):
        affirm(desk, old, desk.cast[Role.TECHNOLOGY])
    assert desk.status(Gate.LAUNCH, Role.TECHNOLOGY) is SignOffStatus.STALE


@pytest.mark.parametrize("name", ["Board\u200b", "\u202edraoB"])
def test_name_inside_the_signed_sentence_has_nothing_invisible(desk: Desk, name: str) -> None:
    with pytest.raises(Invalid, match="on behalf of: Remove the invisible characters"):
        desk.decide(desk.ask(), on_behalf_of=name)
    assert desk.session.exec(select(SignOff)).all() == []


# ---------------------------------------------------------------- requested changes


def asked_to_change(desk: Desk) -> int:
    desk.answer("D25", {"personal": True, "categories": ["contact"]})
    asked = {"comment": "Name the categories", "fields": ["D25", "D13"]}
    return desk.sign(Gate.DESIGN, Role.PRIVACY, Decision.CHANGES_REQUESTED, **asked)


def open_changes(desk: Desk) -> list[str]:
    found = change_requests.open_changes(
        desk.session, project_id=desk.project, guide=desk.cast.guide, at=LATER
    )
    return sorted(found)


def test_requested_change_ends_when_the_answer_changes_or_the_team_answers(desk: Desk) -> None:
    sign_off_id = asked_to_change(desk)
    assert open_changes(desk) == ["D13", "D25"]
    desk.answer("D25", {"personal": True, "categories": ["contact", "health"]}, at=LATER)
    assert open_changes(desk) == ["D13"]

    said = desk.act(
        reviews.answer_change,
        desk.cast.pat,
        sign_off_id=sign_off_id,
        key="D13",
        text="It is as the register says",
        at=LATER,
    )

    assert open_changes(desk) == []
    action, subject, detail = desk.newest_event()
    assert (action, subject, detail["sign_off"]) == ("change.answered", "D13", sign_off_id)
    assert f"change_answer:{said}" in detail["vouches"]
    assert desk.status(Gate.DESIGN, Role.PRIVACY) is SignOffStatus.CHANGES_REQUESTED, "the review stands"


@pytest.mark.parametrize(
    ("key", "text", "error", "sentence"),
    [
        ("D25", " \u200b", Invalid, "Say why it stays as it is"),
        ("D25", "x" * 100_000, Invalid, "100,000 characters long"),
        ("D12", "Not asked for", Refused, "not asked for any more"),
    ],
)
def test_answer_to_a_change_is_refused_with_the_reason(
    desk: Desk, key: str, text: str, error: type[Exception], sentence: str
) -> None:
    sign_off_id = asked_to_change(desk)
    with pytest.raises(error, match=sentence):
        desk.act(reviews.answer_change, desk.cast.pat, sign_off_id=sign_off_id, key=key, text=text)
    assert desk.session.exec(select(ChangeAnswer)).all() == []


def test_change_is_answered_once_and_not_after_a_new_decision(desk: Desk) -> None:
    sign_off_id = asked_to_change(desk)
    said = {"sign_off_id": sign_off_id, "text": "It stays"}
    desk.act(reviews.answer_change, desk.cast.pat, key="D25", **said)
    with pytest.raises(Refused, match="not asked for any more"):
        desk.act(reviews.answer_change, desk.cast.pat, key="D25", **said)
    desk.sign(Gate.DESIGN, Role.PRIVACY, at=LATER)
    with pytest.raises(Refused, match="decided anew"):
        desk.act(reviews.answer_change, desk.cast.pat, key="D13", **said)
