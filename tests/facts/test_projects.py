"""Rows become facts: all of them, as they stand, in a constant number of statements."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from lifecycle.errors import NotFound
from lifecycle.facts.projects import content_digest, load_facts, load_many, today_in
from lifecycle.rules.project_facts import MemberFact, PastAnswer, ProjectFacts
from lifecycle.rules.signoffs import cover, digest_of, stale_keys
from lifecycle.store.database import Database
from lifecycle.store.tables import (
    CurrentAnswer,
    DataSource,
    Evidence,
    EvidenceRevision,
    Invalidation,
    Membership,
    TierChoice,
    Waiver,
    WarningReason,
)
from lifecycle.vocabulary import (
    AnswerState,
    Decision,
    Duration,
    Gate,
    Outcome,
    Person,
    ProjectStatus,
    Role,
    Stage,
)
from tests.clock import START
from tests.facts import rows
from tests.rules.building import guide

TODAY = date(2026, 3, 2)
LATER = START + timedelta(days=1)


def load(session: object, project_id: int) -> ProjectFacts:
    return load_facts(session, project_id, today=TODAY, guide=guide())  # type: ignore[arg-type]


def test_facts_hold_every_row_of_the_project_and_none_of_another(database: Database) -> None:
    with database.write() as session:
        rows.add_people(session, "pat", "bo")
        rows.add_people(session, "ria", level=3)
        other, mine = (rows.add_project(session, key, Gate.DESIGN) for key in ("other", "mine"))
        for project_id in (other, mine):
            source = rows.add_source(session, project_id)
            rows.answer(session, project_id, "X04", "2 days", source_id=source)
            rows.answer(session, project_id, "D15", "3 weeks", settled_stage="feasibility")
            rows.answer(session, project_id, "D29", {"person": "@ria"})
            rows.condition(session, project_id, TODAY)
            rows.decide(session, project_id, Gate.DISCOVERY)
            signed = rows.sign(session, project_id, Gate.DESIGN, Role.LEGAL, {"R23": (1, "c")})
            session.add(
                Invalidation(sign_off_id=signed, project_id=project_id, cause="file", opened_at=START)
            )
            session.add(
                Invalidation(
                    sign_off_id=signed, project_id=project_id, cause="x", opened_at=START, closed_at=START
                )
            )
            session.add(
                WarningReason(
                    project_id=project_id,
                    check_id="C07",
                    reason="Mail",
                    inputs_digest="d",
                    at=START,
                    by_key="pat",
                )
            )
            for revoked in (None, START):
                session.add(
                    Waiver(
                        project_id=project_id,
                        check_id="C01",
                        gate="design",
                        approver="bo",
                        mitigation="By hand",
                        expires_on=TODAY,
                        at=START,
                        by_key="bo",
                        revoked_at=revoked,
                    )
                )
                document = Evidence(
                    project_id=project_id,
                    title="Versions",
                    kind="file",
                    gate="design",
                    field_id="M02",
                    added_at=START,
                    added_by="pat",
                    removed_at=revoked,
                )
                session.add(document)
                session.flush()
                for number in (1, 2):
                    session.add(
                        EvidenceRevision(
                            evidence_id=document.id or 0,
                            project_id=project_id,
                            number=number,
                            digest=f"digest {number}",
                            at=START,
                            by_key="pat",
                        )
                    )
                session.add(
                    Membership(
                        project_id=project_id,
                        person_key="ria",
                        role="legal",
                        since=START,
                        given_by="pat",
                        ended_at=revoked,
                    )
                )
            for tier in (2, 3):
                session.add(
                    TierChoice(
                        project_id=project_id,
                        tier=tier,
                        proposed=1,
                        reason="r",
                        approver="bo",
                        at=START,
                        by_key="pat",
                    )
                )

        facts = load(session, mine)

    (source_fact,) = facts.sources
    assert (facts.stage, facts.gate, facts.furthest_stage) == (Stage.DESIGN, Gate.DESIGN, Stage.DESIGN)
    assert (facts.status, facts.is_adopted, facts.today) == (ProjectStatus.ACTIVE, True, TODAY)
    assert facts.answers["D15"].value == Duration(Decimal(3), "weeks")
    assert facts.answers["D15"].settled_stage is Stage.FEASIBILITY
    assert facts.answers["D29"].value == {"person": Person("ria", "Ria Example")}
    assert source_fact.name == "Feed"
    assert source_fact.answers["X04"].value == Duration(Decimal(2), "days")
    (signed_fact,) = facts.sign_offs
    assert (signed_fact.covered, signed_fact.approval_level) == ({"R23": "c"}, 3)
    assert signed_fact.invalidations == ("file",)
    assert [item.due_on for item in facts.conditions] == [TODAY]
    assert [item.outcome for item in facts.decisions] == [Outcome.GO]
    assert [(item.check_id, item.is_revoked) for item in facts.waivers] == [("C01", False), ("C01", True)]
    assert [item.reason for item in facts.reasons] == ["Mail"]
    assert [(item.field_id, item.revision, item.content) for item in facts.evidence] == [
        ("M02", 2, "digest 2")
    ]
    assert [item.removed_at for item in facts.removed_evidence] == [START]
    assert facts.members == (MemberFact("ria", Role.LEGAL, 3, "Ria Example"),)
    assert [item.state for item in facts.reviews] == ["decided"]
    assert facts.tier_choice == 3


def test_number_of_statements_does_not_grow_with_the_projects(database: Database) -> None:
    with database.write() as session:
        rows.add_people(session, "pat", "ria")
        ids = [rows.add_project(session, f"p{number}") for number in range(5)]
        for project_id in ids:
            source = rows.add_source(session, project_id)
            rows.answer(session, project_id, "D27", "overall")
            rows.answer(session, project_id, "X04", "2 days", source_id=source)
            rows.sign(session, project_id, Gate.DISCOVERY, Role.LEGAL, {})

    counts = []
    for number in (1, 5):
        with rows.counted_statements(database) as sent, database.read() as session:
            found = load_many(session, ids[:number], today=TODAY, guide=guide())
        assert [len(facts.sign_offs) for facts in found.values()] == [1] * number
        counts.append(len([text for text in sent if text.startswith("SELECT")]))

    assert counts[0] == counts[1] <= 16


def test_project_that_does_not_exist_is_not_found(database: Database) -> None:
    with database.read() as session:
        assert load_many(session, [7], today=TODAY, guide=guide()) == {}
        with pytest.raises(NotFound):
            load(session, 7)


def test_unflushed_answer_is_already_a_fact(database: Database) -> None:
    with database.write() as session:
        rows.add_people(session, "pat")
        project_id = rows.add_project(session)
        rows.answer(session, project_id, "D15", "3 weeks")
        current = session.get(CurrentAnswer, (project_id, 0, "D15"))
        assert current is not None
        current.value = '{"amount":"4","unit":"weeks"}'

        assert load(session, project_id).answers["D15"].value == Duration(Decimal(4), "weeks")


def test_cleared_removed_and_unreadable_answers(database: Database) -> None:
    with database.write() as session:
        rows.add_people(session, "pat")
        project_id = rows.add_project(session)
        gone = rows.add_source(session, project_id)
        rows.answer(session, project_id, "D15", "3 weeks")
        rows.answer(session, project_id, "D15", state=None)
        rows.answer(session, project_id, "D14", {"horizon": "3 months"})
        rows.answer(session, project_id, "D20", "3 weeks")
        rows.answer(session, project_id, "D23", state=AnswerState.DONT_KNOW, owner="Robin", due_on=TODAY)
        old = session.get(CurrentAnswer, (project_id, 0, "D20"))
        source = session.get(DataSource, gone)
        assert old is not None
        assert source is not None
        old.value = '"three weeks, from when this was a text"'
        source.removed_at = START

        facts = load(session, project_id)

    assert set(facts.answers) == {"D14", "D20", "D23"}
    assert facts.sources == ()
    assert facts.answers["D14"].complete is False
    assert (facts.answers["D20"].value, facts.answers["D20"].complete) == (None, False)
    assert (facts.answers["D23"].owner, facts.answers["D23"].due_on) == ("Robin", TODAY)


def test_withdrawing_ends_all_that_the_role_said_at_that_gate(database: Database) -> None:
    with database.write() as session:
        rows.add_people(session, "pat", "ria")
        project_id = rows.add_project(session)
        rows.sign(session, project_id, Gate.DISCOVERY, Role.LEGAL, {})
        second = rows.sign(session, project_id, Gate.DISCOVERY, Role.LEGAL, {})
        elsewhere = rows.sign(session, project_id, Gate.DESIGN, Role.LEGAL, {})
        rows.sign(
            session,
            project_id,
            Gate.DISCOVERY,
            Role.LEGAL,
            {},
            decision=Decision.WITHDRAWN,
            withdraws=second,
        )
        anew = rows.sign(session, project_id, Gate.DISCOVERY, Role.LEGAL, {})

        assert [fact.id for fact in load(session, project_id).sign_offs] == [elsewhere, anew]


@pytest.mark.parametrize(
    ("origin", "adopted_at", "expected"),
    [("here", None, True), ("register", None, False), ("register", START, True)],
)
def test_imported_project_counts_from_its_adoption(
    database: Database, origin: str, adopted_at: datetime | None, expected: bool
) -> None:
    with database.write() as session:
        rows.add_people(session, "pat")
        project_id = rows.add_project(session, origin=origin, adopted_at=adopted_at)

        assert load(session, project_id).is_adopted is expected


def test_project_without_stage_has_none(database: Database) -> None:
    with database.write() as session:
        project_id = rows.add_project(session, gate=None)
        facts = load(session, project_id)

    assert (facts.stage, facts.gate, facts.furthest_stage) == (None, None, None)


def test_history_keeps_every_earlier_answer_of_the_fields_with_a_past(database: Database) -> None:
    with database.write() as session:
        project_id = rows.add_project(session)
        rows.answer(session, project_id, "D37", "2026-06-01")
        rows.answer(session, project_id, "D37", state=None, at=LATER)
        rows.answer(session, project_id, "D15", "3 weeks")

        history = load(session, project_id).history

    assert history == {
        "D37": (
            PastAnswer(date(2026, 6, 1), AnswerState.ANSWERED, START),
            PastAnswer(None, None, LATER),
        )
    }


def test_project_is_live_since_its_launch_until_it_is_sent_back(database: Database) -> None:
    with database.write() as session:
        project_id = rows.add_project(session, gate=Gate.OPERATE)
        rows.decide(session, project_id, Gate.LAUNCH)
        rows.decide(session, project_id, Gate.OPERATE, at=LATER)
        assert load(session, project_id).live_since == TODAY

        rows.decide(session, project_id, Gate.OPERATE, Outcome.RECYCLE, at=LATER)
        assert load(session, project_id).live_since is None


# ---------------------------------------------------------------- content


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (("answered", '"a"', None), ("answered", '"a"', None), True),
        (("answered", '"a"', None), ("answered", '"b"', None), False),
        (("answered", '"a"', None), ("not_applicable", None, '"a"'), False),
        (("not_applicable", None, "no people"), ("not_applicable", None, "no data"), False),
        (("dont_know", None, None), ("dont_know", '"kept"', "kept"), True),
        (("dont_know", None, None), ("answered", None, None), False),
    ],
)
def test_content_is_the_state_with_value_or_reason(
    one: tuple[str, str | None, str | None], other: tuple[str, str | None, str | None], same: bool
) -> None:
    def content(parts: tuple[str, str | None, str | None]) -> str:
        return content_digest(AnswerState(parts[0]), parts[1], parts[2])

    assert (content(one) == content(other)) is same


def test_restored_answer_makes_the_sign_off_valid_again_in_the_database(database: Database) -> None:
    with database.write() as session:
        rows.add_people(session, "pat", "ria")
        project_id = rows.add_project(session)
        rows.answer(session, project_id, "D26", {"regimes": ["privacy"]})
        before = cover(load(session, project_id), guide(), Gate.DISCOVERY, Role.LEGAL)
        rows.sign(session, project_id, Gate.DISCOVERY, Role.LEGAL, before)

        def stale() -> tuple[str, ...]:
            facts = load(session, project_id)
            return stale_keys(facts, guide(), facts.sign_offs[0])

        assert stale() == ()
        rows.answer(session, project_id, "D26", {"regimes": ["privacy", "health"]})
        assert stale() == ("D26",)
        rows.answer(session, project_id, "D26", {"regimes": ["privacy"]})
        assert stale() == ()
        after = cover(load(session, project_id), guide(), Gate.DISCOVERY, Role.LEGAL)
        assert (after["D26"] != before["D26"], digest_of(after)) == (True, digest_of(before))


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("UTC", date(2026, 3, 2)),
        ("Asia/Tokyo", date(2026, 3, 3)),
        ("America/Los_Angeles", date(2026, 3, 2)),
        ("Nowhere/Land", date(2026, 3, 2)),
        ("../etc", date(2026, 3, 2)),
    ],
)
def test_today_is_the_date_of_the_organisations_time_zone(zone: str, expected: date) -> None:
    assert today_in(zone, datetime(2026, 3, 2, 20, 0, tzinfo=UTC)) == expected
