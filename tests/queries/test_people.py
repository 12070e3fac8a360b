"""The lists of people: what the screens read, in the order they show it, in few statements."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import event

from lifecycle.actions import accounts, people
from lifecycle.queries import people as people_now
from lifecycle.store.database import Database
from lifecycle.store.tables import Review
from lifecycle.vocabulary import OrganisationRole, Role
from tests.clock import START
from tests.people import DAY, add_project, join, set_up


def test_people_show_roles_projects_and_when_they_were_here(database: Database) -> None:
    with database.write() as session:
        ada = set_up(session)
        zoe, bo = join(session, ada, "zoe"), join(session, ada, "Bo", OrganisationRole.LEADERSHIP)
        add_project(session, zoe, "Orders")
        add_project(session, zoe, "Returns")
        for role in (Role.LEGAL, Role.PRIVACY):
            people.make_eligible(session, by=ada, at=START, person_key=bo.key, role=role)
        people.set_approval_level(session, by=ada, at=START, person_key=bo.key, level=3)
        accounts.sign_in(session, at=START + DAY, person_key=bo.key, lasts=DAY)

    with database.read() as session:
        listed = people_now.people(session)
        approvers = people_now.approvers(session, level=3)

    assert [person.name for person in listed] == ["Ada", "Bo", "zoe"]
    seen = {person.name: person for person in listed}
    assert seen["Bo"].reviews_as == (Role.PRIVACY, Role.LEGAL)
    assert (seen["Bo"].approval_level, seen["Bo"].last_seen_at) == (3, START + DAY)
    assert (seen["zoe"].projects, seen["zoe"].last_seen_at) == (2, None)
    assert [person.name for person in approvers] == ["Bo"]


def test_inactive_people_come_last_and_are_asked_for_nothing(database: Database) -> None:
    with database.write() as session:
        ada = set_up(session)
        aaron = join(session, ada, "Aaron")
        people.make_eligible(session, by=ada, at=START, person_key=aaron.key, role=Role.LEGAL)
        session.flush()
        people.deactivate(session, by=ada, at=START, person_key=aaron.key)

    with database.read() as session:
        assert [person.name for person in people_now.people(session)] == ["Ada", "Aaron"]
        assert people_now.eligible_reviewers(session, Role.LEGAL) == ()


def test_list_of_people_takes_the_same_statements_for_one_and_for_many(database: Database) -> None:
    def statements() -> int:
        seen: list[str] = []
        with database.read() as session:
            connection = session.connection()
            event.listen(connection, "before_cursor_execute", lambda *told: seen.append(told[2]))
            people_now.people(session)
        return len(seen)

    with database.write() as session:
        ada = set_up(session)
    one = statements()
    with database.write() as session:
        for number in range(10):
            join(session, ada, f"Person{number}")

    assert statements() == one


def test_open_invitations_say_who_for_what_and_until_when(database: Database) -> None:
    with database.write() as session:
        ada = set_up(session)
        project_id = add_project(session, ada)
        people.invite(
            session,
            by=ada,
            at=START,
            email="bo@example.org",
            project_id=project_id,
            project_role=Role.CONTRIBUTOR,
        )

    with database.read() as session:
        [invitation] = people_now.invitations(session, at=START)
        later = people_now.invitations(session, at=START + 7 * DAY)

    assert (invitation.email, invitation.invited_by) == ("bo@example.org", "Ada")
    assert (invitation.project, invitation.project_role) == ("Orders", Role.CONTRIBUTOR)
    assert invitation.expires_at - START == timedelta(days=7)
    assert later == ()


def test_memberships_by_person_and_by_project_are_those_held_now(database: Database) -> None:
    with database.write() as session:
        ada = set_up(session)
        bo = join(session, ada, "Bo")
        orders, returns = add_project(session, ada, "Orders"), add_project(session, bo, "Returns")
        for project_id in (orders, returns):
            people.give_project_role(
                session, by=ada, at=START, project_id=project_id, person_key=bo.key, role=Role.READER
            )
        session.flush()
        people.take_project_role(
            session, by=ada, at=START, project_id=returns, person_key=bo.key, role=Role.READER
        )

    with database.read() as session:
        of_bo = people_now.memberships(session, person_key=bo.key)
        of_orders = people_now.memberships(session, project_id=orders)

    assert [(held.project_name, held.role) for held in of_bo] == [
        ("Orders", Role.READER),
        ("Returns", Role.PRODUCT_MANAGER),
    ]
    assert [(held.person_name, held.role) for held in of_orders] == [
        ("Ada", Role.PRODUCT_MANAGER),
        ("Bo", Role.READER),
    ]


def test_duties_name_what_a_leaver_must_hand_over(database: Database) -> None:
    with database.write() as session:
        ada = set_up(session)
        bo = join(session, ada, "Bo")
        alone, shared = add_project(session, bo, "Orders"), add_project(session, bo, "Returns")
        people.give_project_role(
            session, by=ada, at=START, project_id=shared, person_key=ada.key, role=Role.PRODUCT_MANAGER
        )
        for state in ("open", "decided"):
            session.add(
                Review(
                    project_id=alone,
                    gate="design",
                    role="legal",
                    act="approve",
                    person_key=bo.key,
                    requested_by=ada.key,
                    requested_at=START,
                    state=state,
                )
            )

    with database.read() as session:
        assert people_now.duties(session, bo.key) == people_now.Duties(1, ("Orders",))
        assert people_now.duties(session, ada.key) == people_now.Duties(0, ())
