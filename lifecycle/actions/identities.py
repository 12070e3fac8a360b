"""Accounts as an identity provider knows them: connect, join, follow its groups. One event each.

The provider has vouched for the person already; `by` is None, and then the person acts.
"""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, select

from lifecycle.actions.accounts import add_person, use_invitation
from lifecycle.actions.people import active_person, change_organisation_role, record_of_person
from lifecycle.errors import Invalid, Refused
from lifecycle.events import EventAction
from lifecycle.facts.people import actor_of
from lifecycle.language import say
from lifecycle.rules.identities import Vouched
from lifecycle.store.tables import Invitation, PersonRow, SignInIdentity
from lifecycle.vocabulary import SYSTEM, Actor, Blocker, OrganisationRole


def connect(session: Session, *, by: Actor | None = None, at: datetime, email: str, vouched: Vouched) -> str:
    """Let the owner of a verified address sign in to the account that has it. Returns the person's key.

    Refused when the provider knows that account by somebody else already: an address that was given to a new
    colleague opens nothing of the old one.
    """
    person = session.exec(select(PersonRow).where(col(PersonRow.email) == email)).one()
    active_person(session, person.key)
    known = session.exec(
        select(SignInIdentity.id).where(
            col(SignInIdentity.person_key) == person.key, col(SignInIdentity.issuer) == vouched.issuer
        )
    ).first()
    if known is not None:
        text = say(
            "This address belongs to an account that another sign-in is connected to. "
            "Ask an administrator of Lifecycle."
        )
        raise Refused(Blocker("identity:other", text))
    _remember(session, person, vouched, at)
    record_of_person(
        session, EventAction.IDENTITY_CONNECTED, person, by or actor_of(person), at, issuer=vouched.issuer
    )
    return person.key


def join(
    session: Session,
    *,
    by: Actor | None = None,
    at: datetime,
    vouched: Vouched,
    by_group: bool,
    role: OrganisationRole = OrganisationRole.MEMBER,
) -> str:
    """Make the account of somebody who was invited at their address, or whose group lets them in (`by_group`).

    Returns its key. An open invitation is used up, with its role on a project; `role` counts without one.
    """
    if not vouched.email or not vouched.name:
        raise Invalid({"email": say("Your provider told neither a name nor an address that it vouches for.")})
    link = _invitation(session, vouched.email, at)
    if link is None and not by_group:
        text = say(
            "You have no account here yet. Ask an administrator of Lifecycle to invite {email}, "
            "then sign in again.",
            email=vouched.email,
        )
        raise Refused(Blocker("identity:unknown", text))
    given = OrganisationRole(link.organisation_role) if link and not by_group else role
    person = add_person(session, at, vouched.name, vouched.email, None, given)
    if link is not None:
        use_invitation(session, link, person, at)
    _remember(session, person, vouched, at)
    record_of_person(
        session,
        EventAction.PERSON_JOINED,
        person,
        by or actor_of(person),
        at,
        issuer=vouched.issuer,
        link=link.token_hash[:16] if link else None,
        organisation_role=given.value,
        project_id=link.project_id if link else None,
        project_role=link.project_role if link else None,
    )
    return person.key


def follow_groups(
    session: Session, *, by: Actor = SYSTEM, at: datetime, person_key: str, role: OrganisationRole
) -> None:
    """Give the role that the provider's groups say. Refused for the last administrator."""
    change_organisation_role(session, by, at, person_key, role, by_groups=True)


def _invitation(session: Session, email: str, at: datetime) -> Invitation | None:
    """The newest open one for this address."""
    return session.exec(
        select(Invitation)
        .where(
            col(Invitation.purpose) == "join",
            col(Invitation.email) == email,
            col(Invitation.used_at).is_(None),
            col(Invitation.revoked_at).is_(None),
            col(Invitation.expires_at) > at,
        )
        .order_by(col(Invitation.created_at).desc())
        .limit(1)
    ).first()


def _remember(session: Session, person: PersonRow, vouched: Vouched, at: datetime) -> None:
    session.add(
        SignInIdentity(issuer=vouched.issuer, subject=vouched.subject, person_key=person.key, created_at=at)
    )
    session.flush()
