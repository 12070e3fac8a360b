"""Invitations, accounts and roles: state, event and refusal of each; nothing personal in the log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import Session, col, select

from lifecycle.actions import accounts, people
from lifecycle.errors import Forbidden, Invalid, NotFound, Refused
from lifecycle.events import ORGANISATION, project_chain, verify_all
from lifecycle.facts.people import holders, project_roles
from lifecycle.queries import people as people_now
from lifecycle.store.base import metadata
from lifecycle.store.database import Database
from lifecycle.store.tables import Event, PersonRow
from lifecycle.store.tokens import hash_token
from lifecycle.vocabulary import COMMAND_LINE, Actor, OrganisationRole, Role
from tests.clock import START
from tests.people import DAY, add_project, events, join, set_up
from tests.store.rows import all_rows

IDLE = DAY


def test_invitation_makes_one_account_with_its_role(database: Database) -> None:
    with database.write() as session:
        ada = set_up(session)
        token = people.invite(
            session, by=ada, at=START, email=" Bo@Example.org", organisation_role=OrganisationRole.LEADERSHIP
        )
        before = events(session)

        key = accounts.accept_invitation(session, at=START, token=token, name="Bo", password_hash="$h")

        assert events(session) == before + 1
        assert people_now.credentials(session, email="bo@example.org") == (key, "$h")
        assert session.get_one(PersonRow, key).organisation_role == "leadership"
        with pytest.raises(Refused):
            accounts.accept_invitation(session, at=START, token=token, name="Bo", password_hash="$h")


def test_invitation_for_a_reviewer_lists_and_appoints_them(database: Database) -> None:
    with database.write() as session:
        ada = set_up(session)
        project_id = add_project(session, ada)
        token = people.invite(
            session,
            by=ada,
            at=START,
            email="bo@example.org",
            project_id=project_id,
            project_role=Role.PRIVACY,
        )

        key = accounts.accept_invitation(session, at=START, token=token, name="Bo", password_hash="$h")
        session.flush()

        assert project_roles(session, project_id, key) == {Role.PRIVACY}
        assert [person.key for person in people_now.eligible_reviewers(session, Role.PRIVACY)] == [key]


def test_second_invitation_ends_the_first(database: Database) -> None:
    with database.write() as session:
        ada = set_up(session)
        first = people.invite(session, by=ada, at=START, email="bo@example.org")
        second = people.invite(session, by=ada, at=START, email="bo@example.org")

        assert people_now.open_link(session, token=first, purpose="join", at=START) is None
        assert people_now.open_link(session, token=second, purpose="join", at=START) is not None
        assert len(people_now.invitations(session, at=START)) == 1


def test_invitation_ends_after_a_week_or_when_revoked(database: Database) -> None:
    with database.write() as session:
        ada = set_up(session)
        old = people.invite(session, by=ada, at=START, email="bo@example.org")
        revoked = people.invite(session, by=ada, at=START, email="cy@example.org")
        people.revoke_invitation(session, by=ada, at=START, token_hash=hash_token(revoked))

        for token, at in ((old, START + 7 * DAY), (revoked, START)):
            with pytest.raises(Refused):
                accounts.accept_invitation(session, at=at, token=token, name="Bo", password_hash="$h")
        with pytest.raises(NotFound):
            people.revoke_invitation(session, by=ada, at=START, token_hash=hash_token(revoked))


def test_invitation_of_somebody_with_an_account_is_refused(database: Database) -> None:
    with database.write() as session:
        ada = set_up(session)

        with pytest.raises(Invalid) as refused:
            people.invite(session, by=ada, at=START, email="ADA@example.org")

    assert "has an account" in refused.value.problems["email"]


def test_deactivation_ends_sessions_and_links_and_reactivation_lets_in_again(database: Database) -> None:
    with database.write() as session:
        ada = set_up(session)
        bo = join(session, ada, "Bo")
        token = accounts.sign_in(session, at=START, person_key=bo.key, lasts=DAY)
        link = people.make_reset_link(session, by=ada, at=START, person_key=bo.key)
        session.flush()

        people.deactivate(session, by=ada, at=START, person_key=bo.key)
        session.flush()

        assert people_now.person_for_session(session, token, at=START, idle=IDLE) is None
        assert people_now.open_link(session, token=link, purpose="reset", at=START) is None
        assert people_now.credentials(session, email="bo@example.org") is None
        with pytest.raises(Refused):
            accounts.sign_in(session, at=START, person_key=bo.key, lasts=DAY)
        people.reactivate(session, by=ada, at=START, person_key=bo.key)
        session.flush()
        assert people_now.person_for_session(session, token, at=START, idle=IDLE) is None
        assert accounts.sign_in(session, at=START, person_key=bo.key, lasts=DAY)


@pytest.mark.parametrize("leaves", ["deactivate", "erase", "demote"])
def test_last_administrator_stays(database: Database, leaves: str) -> None:
    def leave(session: Session, who: Actor, by: Actor) -> None:
        if leaves == "demote":
            people.set_organisation_role(
                session, by=by, at=START, person_key=who.key, role=OrganisationRole.MEMBER
            )
        else:
            getattr(people, leaves)(session, by=by, at=START, person_key=who.key)

    with database.write() as session:
        ada = set_up(session)
        with pytest.raises(Refused) as refused:
            leave(session, ada, ada)
        assert refused.value.blockers[0].code == "last_administrator"

        bo = join(session, ada, "Bo", OrganisationRole.ADMINISTRATOR)
        leave(session, ada, bo)
        session.flush()
        with pytest.raises(Refused):
            leave(session, bo, bo)


def test_erasing_removes_the_person_and_leaves_the_chain_whole(database: Database) -> None:
    with database.write() as session:
        ada = set_up(session)
        bo = join(session, ada, "Bartholomew")
        project_id = add_project(session, bo)
        accounts.sign_in(session, at=START, person_key=bo.key, user_agent="Bartholomew's phone", lasts=DAY)
        people.rename(session, by=bo, at=START, person_key=bo.key, name="Bartholomew B.")
        people.make_reset_link(session, by=ada, at=START, person_key=bo.key)
    assert "bartholomew" in _everything_stored(database)

    with database.write() as session:
        people.erase(session, by=ada, at=START, person_key=bo.key)

    assert "bartholomew" not in _everything_stored(database)
    with database.read() as session:
        assert holders(session, project_id, Role.PRODUCT_MANAGER) == ()
        assert people_now.names(session, [bo.key]) == {bo.key: people.ERASED_NAME}
        assert verify_all(session) == []


def test_the_log_never_holds_names_addresses_or_secrets(database: Database) -> None:
    with database.write() as session:
        ada = set_up(session)
        bo = join(session, ada, "Bartholomew")
        token = accounts.sign_in(session, at=START, person_key=bo.key, address="203.0.113.9", lasts=DAY)
        link = people.make_reset_link(session, by=ada, at=START, person_key=bo.key)
        accounts.sign_out(session, at=START, token=token)
        session.flush()
        log = " ".join(f"{event.subject} {event.detail}" for event in session.exec(select(Event))).casefold()

    for secret in ("bartholomew", "example.org", "203.0.113.9", token, hash_token(token), link, "$hash"):
        assert secret.casefold() not in log


def test_project_role_is_on_the_projects_own_chain(database: Database) -> None:
    with database.write() as session:
        ada = set_up(session)
        bo = join(session, ada, "Bo")
        project_id = add_project(session, ada)
        before = events(session)

        people.give_project_role(
            session, by=ada, at=START, project_id=project_id, person_key=bo.key, role=Role.CONTRIBUTOR
        )
        session.flush()
        assert project_roles(session, project_id, bo.key) == {Role.CONTRIBUTOR}
        people.take_project_role(
            session, by=ada, at=START, project_id=project_id, person_key=bo.key, role=Role.CONTRIBUTOR
        )
        session.flush()

        assert project_roles(session, project_id, bo.key) == frozenset()
        assert (events(session), events(session, project_chain(project_id))) == (before, 2)


def test_reviewing_role_needs_the_administrators_list_and_an_approver_a_level(database: Database) -> None:
    with database.write() as session:
        ada = set_up(session)
        bo = join(session, ada, "Bo")
        project_id = add_project(session, ada)

        def give(role: Role) -> None:
            people.give_project_role(
                session, by=ada, at=START, project_id=project_id, person_key=bo.key, role=role
            )

        for role, code in ((Role.LEGAL, "not_eligible"), (Role.APPROVER, "no_level")):
            with pytest.raises(Refused) as refused:
                give(role)
            assert refused.value.blockers[0].code == code

        people.make_eligible(session, by=ada, at=START, person_key=bo.key, role=Role.LEGAL)
        people.set_approval_level(session, by=ada, at=START, person_key=bo.key, level=2)
        session.flush()
        give(Role.LEGAL)
        give(Role.APPROVER)
        session.flush()
        assert project_roles(session, project_id, bo.key) == {Role.LEGAL, Role.APPROVER}
        with pytest.raises(Invalid):
            give(Role.LEGAL)


def test_project_keeps_its_last_product_manager(database: Database) -> None:
    with database.write() as session:
        ada = set_up(session)
        bo = join(session, ada, "Bo")
        project_id = add_project(session, ada)

        def take(who: Actor) -> None:
            people.take_project_role(
                session,
                by=ada,
                at=START,
                project_id=project_id,
                person_key=who.key,
                role=Role.PRODUCT_MANAGER,
            )

        with pytest.raises(Refused):
            take(ada)
        people.give_project_role(
            session, by=ada, at=START, project_id=project_id, person_key=bo.key, role=Role.PRODUCT_MANAGER
        )
        session.flush()
        take(ada)
        session.flush()
        assert holders(session, project_id, Role.PRODUCT_MANAGER) == (bo.key,)


ADMINISTRATORS_ONLY: list[tuple[str, dict[str, Any]]] = [
    ("invite", {"email": "new@example.org"}),
    ("revoke_invitation", {"token_hash": "x"}),
    ("make_reset_link", {"person_key": "?"}),
    ("set_organisation_role", {"person_key": "?", "role": OrganisationRole.ADMINISTRATOR}),
    ("set_approval_level", {"person_key": "?", "level": 4}),
    ("make_eligible", {"person_key": "?", "role": Role.LEGAL}),
    ("end_eligibility", {"person_key": "?", "role": Role.LEGAL}),
    ("deactivate", {"person_key": "?"}),
    ("reactivate", {"person_key": "?"}),
    ("erase", {"person_key": "?"}),
    ("rename", {"person_key": "?", "name": "Somebody else"}),
]


@pytest.mark.parametrize(("name", "arguments"), ADMINISTRATORS_ONLY)
def test_only_an_administrator_administers_people(
    database: Database, name: str, arguments: dict[str, Any]
) -> None:
    with database.write() as session:
        ada = set_up(session)
        leader = join(session, ada, "Lin", OrganisationRole.LEADERSHIP)
        given = {key: ada.key if value == "?" else value for key, value in arguments.items()}
        action: Callable[..., object] = getattr(people, name)
        before = events(session)

        with pytest.raises(Forbidden):
            action(session, by=leader, at=START, **given)

        session.flush()
        assert events(session) == before


def test_stranger_to_a_project_gives_no_role_on_it(database: Database) -> None:
    with database.write() as session:
        ada = set_up(session)
        bo = join(session, ada, "Bo")
        project_id = add_project(session, ada)

        with pytest.raises(Forbidden):
            people.give_project_role(
                session, by=bo, at=START, project_id=project_id, person_key=bo.key, role=Role.PRODUCT_MANAGER
            )


def test_command_line_may_invite_but_not_erase(database: Database) -> None:
    with database.write() as session:
        ada = set_up(session)
        bo = join(session, ada, "Bo")

        assert people.invite(session, by=COMMAND_LINE, at=START, email="cy@example.org")
        with pytest.raises(Forbidden):
            people.erase(session, by=COMMAND_LINE, at=START, person_key=bo.key)
        actors = session.exec(select(Event.actor_key).where(col(Event.chain) == ORGANISATION)).all()
        assert actors[-1] == COMMAND_LINE.key


def _everything_stored(database: Database) -> str:
    with database.read() as session:
        return str([all_rows(session, table) for table in metadata.sorted_tables]).casefold()
