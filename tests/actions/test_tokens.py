"""Access tokens: whose they are, what ends them, and that their secret is nowhere."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from lifecycle.actions import answers, people, projects, tokens
from lifecycle.actions.tokens import NewToken
from lifecycle.errors import Forbidden, Invalid, NotFound, Refused
from lifecycle.queries import history
from lifecycle.queries import projects as project_queries
from lifecycle.queries import tokens as token_queries
from lifecycle.queries.tokens import Bearer
from lifecycle.store.base import metadata
from lifecycle.store.database import Database
from lifecycle.store.tables import ApiToken, Event, Membership
from lifecycle.store.verification import verify_session
from lifecycle.vocabulary import COMMAND_LINE, Actor, Role, Scope
from tests.clock import START
from tests.factories import Cast, cast, project
from tests.store.rows import all_rows

EVERYTHING = tuple(Scope)


def make(session: Session, by: Actor, *scopes: Scope, **details: Any) -> NewToken:
    given = {"person_key": by.key, "name": "Nightly", "scopes": scopes or EVERYTHING, **details}
    return tokens.create(session, by=by, at=START, **given)


def behind(session: Session, token: NewToken, days: int = 0) -> Bearer:
    found = token_queries.bearer(session, token.secret, at=START + timedelta(days=days))
    assert found is not None
    return found


@pytest.fixture
def everybody(database: Database) -> Cast:
    with database.write() as session:
        return cast(session)


def test_secret_is_in_no_table_and_in_no_representation(database: Database, everybody: Cast) -> None:
    with database.write() as session:
        token = make(session, everybody.pat)
        assert behind(session, token).actor.key == everybody.pat.key
        stored = "\n".join(str(all_rows(session, table)) for table in metadata.sorted_tables)
        assert token.secret not in stored
        assert token.secret not in repr(token)
        assert token.secret.startswith("lcy_")
        assert len(token.secret) > 40
        assert token_queries.bearer(session, token.secret[:-1], at=START) is None


def test_token_ends_by_itself_by_hand_and_with_its_account(database: Database, everybody: Cast) -> None:
    with database.write() as session:
        expiring = make(session, everybody.pat, days=2)
        assert behind(session, expiring, days=1).refusal is None
        assert "expired on 2026-03-04" in str(behind(session, expiring, days=2).refusal)

        revoked = make(session, everybody.pat)
        tokens.revoke(session, by=everybody.ada, at=START, token_id=revoked.id)
        assert "revoked" in str(behind(session, revoked).refusal)
        with pytest.raises(Refused):
            tokens.revoke(session, by=everybody.pat, at=START, token_id=revoked.id)

        of_leaver = make(session, everybody.olu)
        people.deactivate(session, by=everybody.ada, at=START, person_key=everybody.olu.key)
        people.reactivate(session, by=everybody.ada, at=START, person_key=everybody.olu.key)
        assert "revoked" in str(behind(session, of_leaver).refusal)
        assert not verify_session(session).row_faults


def test_nobody_makes_or_ends_the_token_of_another(database: Database, everybody: Cast) -> None:
    with database.write() as session:
        with pytest.raises(Forbidden, match="only they"):
            make(session, everybody.ada, person_key=everybody.pat.key)
        of_pat = tokens.create(
            session, by=COMMAND_LINE, at=START, person_key=everybody.pat.key, name="CI", scopes=EVERYTHING
        )
        assert behind(session, of_pat).actor.key == everybody.pat.key
        with pytest.raises(NotFound):
            tokens.revoke(session, by=everybody.olu, at=START, token_id=of_pat.id)
        program = behind(session, of_pat).actor
        with pytest.raises(Forbidden, match="No token"):
            make(session, program)
        with pytest.raises(Forbidden, match="No token"):
            tokens.revoke(session, by=program, at=START, token_id=of_pat.id)


@pytest.mark.parametrize(
    ("details", "place"),
    [({"name": " "}, "name"), ({"scopes": ()}, "scopes"), ({"days": 0}, "days"), ({"days": 367}, "days")],
)
def test_what_is_wrong_is_named(
    database: Database, everybody: Cast, details: dict[str, Any], place: str
) -> None:
    with database.write() as session, pytest.raises(Invalid) as invalid:
        make(session, everybody.pat, **details)
    assert list(invalid.value.problems) == [place]


def test_program_acts_for_its_person_and_the_log_says_so(database: Database, everybody: Cast) -> None:
    with database.write() as session:
        project_id = project(session, everybody)
        program = behind(session, make(session, everybody.pat, Scope.WORKSHEETS_WRITE, Scope.READ)).actor
        at = START + timedelta(hours=1)
        answers.save(
            session,
            by=program,
            at=at,
            guide=everybody.guide,
            project_id=project_id,
            field_id="D12",
            raw="informs",
            base=0,
        )
        (event,) = session.exec(select(Event).where(Event.action == "answer.saved"))
        assert (event.actor_key, event.actor_kind) == (everybody.pat.key, "token")
        page = history.events(session, by=everybody.pat, at=at, guide=everybody.guide, key="orders", most=1)
        assert page.events[0].who == "Pat (token “Nightly”)"


def test_program_that_registers_a_project_makes_its_person_the_manager(
    database: Database, everybody: Cast
) -> None:
    with database.write() as session:
        program = behind(session, make(session, everybody.olu, Scope.PROJECTS_WRITE)).actor
        number = projects.register(session, by=program, at=START, guide=everybody.guide, name="Returns")
        (held,) = session.exec(select(Membership).where(Membership.project_id == number))
        assert (held.person_key, held.role) == (everybody.olu.key, Role.PRODUCT_MANAGER.value)


def test_token_for_one_project_finds_no_other(database: Database, everybody: Cast) -> None:
    with database.write() as session:
        first, second = project(session, everybody), project(session, everybody, "Returns")
        for person in (everybody.pat, everybody.ada):
            program = behind(session, make(session, person, only_project_id=first)).actor
            assert [each.key for each in project_queries.names(session, by=program)] == ["orders"]
            with pytest.raises(NotFound):
                project_queries.head(session, key="returns", by=program)
        program = behind(session, make(session, everybody.pat, only_project_id=first)).actor
        with pytest.raises(Forbidden, match="another project"):
            answers.save(
                session,
                by=program,
                at=START,
                guide=everybody.guide,
                project_id=second,
                field_id="D12",
                raw="informs",
                base=0,
            )


def test_use_is_noted_now_and_then_and_breaks_no_voucher(database: Database, everybody: Cast) -> None:
    with database.write() as session:
        token = make(session, everybody.pat)
        for minute in (0, 0.5, 2):
            at = START + timedelta(minutes=minute)
            tokens.note_use(session, token_id=token.id, at=at, apart=timedelta(minutes=1))
        used = session.exec(select(ApiToken.last_used_at)).one()
        assert used == START + timedelta(minutes=2)
    with database.read() as session:
        assert not verify_session(session).row_faults


def test_number_of_valid_tokens_has_an_end(database: Database, everybody: Cast) -> None:
    with database.write() as session:
        for _ in range(50):
            make(session, everybody.pat)
        with pytest.raises(Refused, match="50 valid tokens"):
            make(session, everybody.pat)
        tokens.revoke(session, by=everybody.pat, at=START, token_id=1)
        make(session, everybody.pat)
