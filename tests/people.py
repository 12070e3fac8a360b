"""People for tests, made as the product makes them: through set-up, invitation and grants."""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import Session, col, func, select

from lifecycle.actions import accounts, people, sessions
from lifecycle.events import ORGANISATION, chain_stamp
from lifecycle.facts.people import actor_of
from lifecycle.store.tables import Membership, PersonRow, Project
from lifecycle.vocabulary import Actor, OrganisationRole, Role
from tests.clock import START

ADMINISTRATOR_EMAIL = "ada@example.org"
DAY = timedelta(days=1)


def set_up(session: Session) -> Actor:
    """The organisation Riverbank with its administrator, Ada."""
    code = sessions.renew_set_up_code(session, at=START)
    assert code is not None
    session.flush()
    key = accounts.create_first_administrator(
        session,
        at=START,
        code=code,
        organisation="Riverbank",
        time_zone="UTC",
        name="Ada",
        email=ADMINISTRATOR_EMAIL,
        password_hash="$hash of Ada",
    )
    return actor(session, key)


def join(session: Session, by: Actor, name: str, role: OrganisationRole = OrganisationRole.MEMBER) -> Actor:
    """Invite somebody, who accepts at once; the address is the name at example.org."""
    email = f"{name.lower()}@example.org"
    token = people.invite(session, by=by, at=START, email=email, organisation_role=role)
    key = accounts.accept_invitation(
        session, at=START, token=token, name=name, password_hash=f"$hash of {name}"
    )
    session.flush()
    return actor(session, key)


def actor(session: Session, key: str) -> Actor:
    person = session.get(PersonRow, key)
    assert person is not None
    return actor_of(person)


def add_project(session: Session, manager: Actor, name: str = "Orders") -> int:
    """A project with this product manager, as bare rows: people need no more of it."""
    project = Project(
        key=name.lower(), name=name, stage_since=START, created_at=START, created_by=manager.key
    )
    session.add(project)
    session.flush()
    assert project.id is not None
    session.add(
        Membership(
            project_id=project.id,
            person_key=manager.key,
            role=Role.PRODUCT_MANAGER.value,
            since=START,
            given_by=manager.key,
        )
    )
    session.flush()
    return project.id


def events(session: Session, chain: str = ORGANISATION) -> int:
    return chain_stamp(session, chain)


def count_people(session: Session) -> int:
    return session.exec(
        select(func.count()).select_from(PersonRow).where(col(PersonRow.active).is_(True))
    ).one()
