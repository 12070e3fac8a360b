"""Set-up, sign-in, passwords: what each leaves behind, and how attempts are counted."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import Session, select

from lifecycle.actions import accounts, people, sessions
from lifecycle.errors import Invalid, Refused
from lifecycle.queries import people as people_now
from lifecycle.store.database import Database
from lifecycle.store.tables import Organisation, SetUpCode, WebSession
from lifecycle.store.tokens import hash_token
from tests.clock import START
from tests.people import DAY, events, join, set_up

MINUTE = timedelta(minutes=1)


def test_set_up_happens_once_and_uses_up_its_code(database: Database) -> None:
    with database.write() as session:
        ada = set_up(session)

        organisation = session.get_one(Organisation, 1)
        assert (organisation.name, organisation.time_zone) == ("Riverbank", "UTC")
        assert events(session) == 1
        assert session.get(SetUpCode, 1) is None
        assert sessions.renew_set_up_code(session, at=START) is None
        assert people_now.has_administrator(session)
        with pytest.raises(Refused):
            _set_up_with(session, "anything")
        assert ada.name == "Ada"


@pytest.mark.parametrize("code", ["", "AAAA-AAAA-AAAA", "last"])
def test_wrong_or_replaced_code_sets_up_nothing(database: Database, code: str) -> None:
    with database.write() as session:
        last = sessions.renew_set_up_code(session, at=START)
        session.flush()
        sessions.renew_set_up_code(session, at=START)
        session.flush()

        with pytest.raises(Invalid) as refused:
            _set_up_with(session, str(last) if code == "last" else code)

        assert "code" in refused.value.problems
        assert not people_now.has_administrator(session)


def test_code_is_taken_in_lower_case_and_without_dashes(database: Database) -> None:
    with database.write() as session:
        code = str(sessions.renew_set_up_code(session, at=START))
        session.flush()

        _set_up_with(session, f" {code.lower().replace('-', ' ')} ")

        assert people_now.has_administrator(session)


def test_only_the_hash_of_a_session_is_stored(database: Database) -> None:
    with database.write() as session:
        ada = set_up(session)

        token = accounts.sign_in(session, at=START, person_key=ada.key, lasts=DAY)
        session.flush()

        stored = session.exec(select(WebSession)).one()
        assert stored.token_hash == hash_token(token)
        assert token not in repr(stored.model_dump())
        assert len(token) >= 43


def test_session_ends_by_sign_out_idleness_or_age(database: Database) -> None:
    with database.write() as session:
        ada = set_up(session)
        token = accounts.sign_in(session, at=START, person_key=ada.key, lasts=DAY)
        session.flush()

        def who(after: timedelta) -> str | None:
            found = people_now.person_for_session(session, token, at=START + after, idle=60 * MINUTE)
            return found.key if found else None

        assert who(59 * MINUTE) == ada.key
        assert who(60 * MINUTE) is None
        for minutes in range(30, 24 * 60, 30):
            sessions.touch(session, token_hash=hash_token(token), at=START + minutes * MINUTE)
        assert who(DAY - MINUTE) == ada.key
        assert who(DAY) is None
        sessions.touch(session, token_hash=hash_token(token), at=START)
        assert who(DAY - MINUTE) == ada.key
        accounts.sign_out(session, at=START, token=token)
        session.flush()
        assert who(MINUTE) is None


def test_live_sessions_are_those_of_the_asked_ones_that_last(database: Database) -> None:
    with database.write() as session:
        ada = set_up(session)
        bo = join(session, ada, "Bo")
        kept = accounts.sign_in(session, at=START, person_key=ada.key, lasts=DAY)
        gone = accounts.sign_in(session, at=START, person_key=bo.key, lasts=DAY)
        accounts.sign_in(session, at=START, person_key=ada.key, lasts=DAY)
        session.flush()
        people.deactivate(session, by=ada, at=START, person_key=bo.key)
        session.flush()

        live = people_now.live_sessions(
            session, token_hashes=[hash_token(kept), hash_token(gone), "unknown"], at=START, idle=DAY
        )

        assert live == {hash_token(kept): ""}


def test_new_password_ends_the_other_sessions_only(database: Database) -> None:
    with database.write() as session:
        ada = set_up(session)
        here = accounts.sign_in(session, at=START, person_key=ada.key, lasts=DAY)
        there = accounts.sign_in(session, at=START, person_key=ada.key, lasts=DAY)
        session.flush()

        accounts.change_password(
            session, by=ada, at=START, password_hash="$new", keep_session=hash_token(here)
        )
        session.flush()

        assert people_now.person_for_session(session, here, at=START, idle=DAY)
        assert people_now.person_for_session(session, there, at=START, idle=DAY) is None
        assert people_now.credentials(session, email="ada@example.org") == (ada.key, "$new")


def test_reset_link_works_once_within_a_day_and_ends_all_sessions(database: Database) -> None:
    with database.write() as session:
        ada = set_up(session)
        bo = join(session, ada, "Bo")
        token = accounts.sign_in(session, at=START, person_key=bo.key, lasts=DAY)
        first = people.make_reset_link(session, by=ada, at=START, person_key=bo.key)
        link = people.make_reset_link(session, by=ada, at=START, person_key=bo.key)
        session.flush()

        for dead, at in ((first, START), (link, START + DAY), ("made-up", START)):
            with pytest.raises(Refused):
                accounts.use_reset_link(session, at=at, token=dead, password_hash="$new")
        assert accounts.use_reset_link(session, at=START, token=link, password_hash="$new") == bo.key
        session.flush()
        assert people_now.credentials(session, email="bo@example.org") == (bo.key, "$new")
        assert people_now.person_for_session(session, token, at=START, idle=DAY) is None
        with pytest.raises(Refused):
            accounts.use_reset_link(session, at=START, token=link, password_hash="$again")


def test_join_link_resets_no_password_and_the_other_way_round(database: Database) -> None:
    with database.write() as session:
        ada = set_up(session)
        join_link = people.invite(session, by=ada, at=START, email="bo@example.org")
        reset_link = people.make_reset_link(session, by=ada, at=START, person_key=ada.key)
        session.flush()

        with pytest.raises(Refused):
            accounts.use_reset_link(session, at=START, token=join_link, password_hash="$h")
        with pytest.raises(Refused):
            accounts.accept_invitation(session, at=START, token=reset_link, name="Bo", password_hash="$h")


def test_attempts_are_counted_per_account_whatever_the_address(database: Database) -> None:
    waits = []
    with database.write() as session:
        for number in range(6):
            waits.append(
                sessions.begin_attempt(
                    session, email="ada@example.org", address=f"203.0.113.{number}", at=START
                )
            )
            session.flush()

        assert [wait.total_seconds() for wait in waits] == [0, 0, 0, 0, 1, 1]
        assert not sessions.begin_attempt(session, email="bo@example.org", address="203.0.113.1", at=START)


def test_attempts_are_counted_per_address_whatever_the_account(database: Database) -> None:
    with database.write() as session:
        for number in range(20):
            assert not sessions.begin_attempt(
                session, email=f"{number}@e.org", address="203.0.113.1", at=START
            )
            session.flush()

        assert sessions.begin_attempt(session, email="new@e.org", address="203.0.113.1", at=START)
        assert not sessions.begin_attempt(session, email="new@e.org", address="203.0.113.2", at=START)


def test_success_clears_the_account_but_only_its_own_count_of_the_address(database: Database) -> None:
    with database.write() as session:
        ada = set_up(session)
        for email in ("ada@example.org", "x@e.org", "ada@example.org"):
            sessions.begin_attempt(session, email=email, address="203.0.113.1", at=START)
            session.flush()

        accounts.sign_in(session, at=START, person_key=ada.key, address="203.0.113.1", lasts=DAY)
        session.flush()

        left = session.exec(select(sessions.SignInAttempt.subject)).all()
        assert sorted(left) == sorted(
            [
                hash_token("account:x@e.org"),
                hash_token("address:203.0.113.1"),
                hash_token("address:203.0.113.1"),
            ]
        )


def _set_up_with(session: Session, code: str) -> str:
    return accounts.create_first_administrator(
        session,
        at=START,
        code=code,
        organisation="Riverbank",
        time_zone="UTC",
        name="Ada",
        email="ada@example.org",
        password_hash="$hash",
    )
