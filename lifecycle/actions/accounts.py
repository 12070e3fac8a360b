"""The way in: set-up, invitation, sign-in and passwords. One event each; the commit is the caller's.

`by` is None where a code, a link or a password is what authorises: then the person acts.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlmodel import Session, col, delete, select

from lifecycle.actions import sessions
from lifecycle.actions.people import (
    active_person,
    add_membership,
    end_sessions,
    existing_person,
    raise_problems,
    record_of_person,
)
from lifecycle.errors import Invalid, Refused
from lifecycle.events import EventAction
from lifecycle.facts.people import actor_of
from lifecycle.language import say
from lifecycle.rules import people as rules
from lifecycle.rules.permissions import require
from lifecycle.store.tables import (
    EligibleReviewer,
    Invitation,
    Organisation,
    PersonRow,
    SetUpCode,
    WebSession,
)
from lifecycle.store.tokens import hash_token, is_same, new_token
from lifecycle.vocabulary import OWN_ROLES, REVIEWERS, Actor, Blocker, OrganisationRole, Role

_KEY_ALPHABET = "abcdefghjkmnpqrstvwxyz23456789"


# ------------------------------------------------------------------ the way in


def create_first_administrator(
    session: Session,
    *,
    by: Actor | None = None,
    at: datetime,
    code: str,
    organisation: str,
    time_zone: str,
    name: str,
    email: str,
    password_hash: str | None,
) -> str:
    """The organisation and its first administrator, once. Returns the person's key; the code is used up.

    Without a password hash they sign in with the identity provider.
    """
    if sessions.has_administrator(session):
        raise Refused(
            Blocker(
                "set_up", say("Lifecycle is set up already. Sign in, or ask an administrator to invite you.")
            )
        )
    expected = session.get(SetUpCode, 1)
    if expected is None or not is_same(sessions.code_hash(code), expected.code_hash):
        raise Invalid(
            {"code": say("This is not the set-up code. It is printed anew each time Lifecycle starts.")}
        )
    name, email = _checked(name, email)
    session.merge(Organisation(name=rules.tidy_name(organisation), time_zone=time_zone, created_at=at))
    person = add_person(session, at, name, email, password_hash, OrganisationRole.ADMINISTRATOR)
    session.execute(delete(SetUpCode))
    session.flush()
    record_of_person(
        session, EventAction.ORGANISATION_SET_UP, person, by or actor_of(person), at, time_zone=time_zone
    )
    return person.key


def sign_in(
    session: Session,
    *,
    by: Actor | None = None,
    at: datetime,
    person_key: str,
    address: str = "",
    user_agent: str = "",
    issuer: str | None = None,
    lasts: timedelta,
) -> str:
    """Start a session for somebody whose password was right, or whom the identity provider `issuer` vouched for.

    Returns its token; only its hash is stored.
    """
    person = active_person(session, person_key)
    token = new_token()
    session.add(
        WebSession(
            token_hash=hash_token(token),
            person_key=person.key,
            created_at=at,
            last_seen_at=at,
            expires_at=at + lasts,
            user_agent=user_agent,
            issuer=issuer,
        )
    )
    sessions.forget_attempts(session, email=person.email or "", address=address)
    sessions.remove_ended(session, at=at)
    how = {"issuer": issuer} if issuer else {}
    record_of_person(session, EventAction.PERSON_SIGNED_IN, person, by or actor_of(person), at, **how)
    return token


def sign_out(session: Session, *, by: Actor | None = None, at: datetime, token: str) -> None:
    """End the session of this token; nothing happens when it has ended already."""
    web_session = session.get(WebSession, hash_token(token))
    if web_session is None or web_session.revoked_at is not None:
        return
    web_session.revoked_at = at
    person = existing_person(session, web_session.person_key)
    record_of_person(session, EventAction.PERSON_SIGNED_OUT, person, by or actor_of(person), at)


def accept_invitation(
    session: Session,
    *,
    by: Actor | None = None,
    at: datetime,
    token: str,
    name: str,
    password_hash: str | None,
) -> str:
    """Make the account that the link is for, with its role on a project if it names one. Returns the key.

    Without a password hash nobody can sign in with it until a reset link is used.
    """
    link = _usable_link(session, token, "join", at)
    name, email = _checked(name, link.email or "")
    if session.exec(select(PersonRow.key).where(col(PersonRow.email) == email)).first():
        raise Refused(Blocker("joined", say("This address has an account already. Sign in instead.")))
    role = OrganisationRole(link.organisation_role)
    person = add_person(session, at, name, email, password_hash, role)
    use_invitation(session, link, person, at)
    record_of_person(
        session,
        EventAction.PERSON_JOINED,
        person,
        by or actor_of(person),
        at,
        link=link.token_hash[:16],
        organisation_role=role.value,
        project_id=link.project_id,
        project_role=link.project_role,
    )
    return person.key


# ------------------------------------------------------------------ passwords


def refuse_signing(session: Session, *, by: Actor, at: datetime, review_id: int, tries: int) -> None:
    """Log that the password entered to sign was wrong, the how manieth time; `sessions` counts and locks."""
    person = active_person(session, by.key)
    locked = tries >= rules.WRONG_PASSWORDS_TO_LOCK_SIGNING
    record_of_person(
        session,
        EventAction.SIGNING_REFUSED,
        person,
        by,
        at,
        review=review_id,
        wrong_passwords=tries,
        locked=locked,
    )


def change_password(
    session: Session, *, by: Actor, at: datetime, password_hash: str, keep_session: str | None = None
) -> None:
    """One's own. Ends all sessions but `keep_session` (the hash of the token in use)."""
    require("people.change_password", by)
    person = active_person(session, by.key)
    person.password_hash = password_hash
    sessions.forget_signing(session, person_key=person.key)
    ended = end_sessions(session, person.key, at, but=keep_session)
    record_of_person(session, EventAction.PERSON_PASSWORD_CHANGED, person, by, at, sessions_ended=ended)


def use_reset_link(
    session: Session, *, by: Actor | None = None, at: datetime, token: str, password_hash: str
) -> str:
    """Set the password the link is for and end all sessions. Returns the person's key."""
    link = _usable_link(session, token, "reset", at)
    person = active_person(session, link.person_key or "")
    link.used_at = at
    person.password_hash = password_hash
    sessions.forget_attempts(session, email=person.email or "", address="")
    sessions.forget_signing(session, person_key=person.key)
    ended = end_sessions(session, person.key, at)
    record_of_person(
        session,
        EventAction.PERSON_PASSWORD_CHANGED,
        person,
        by or actor_of(person),
        at,
        link=link.token_hash[:16],
        sessions_ended=ended,
    )
    return person.key


# ------------------------------------------------------------------ rows


def _checked(name: str, email: str) -> tuple[str, str]:
    name, email = rules.tidy_name(name), rules.tidy_email(email)
    raise_problems({"name": rules.name_problem(name, say("your name")), "email": rules.email_problem(email)})
    return name, email


def add_person(
    session: Session,
    at: datetime,
    name: str,
    email: str,
    password_hash: str | None,
    role: OrganisationRole,
) -> PersonRow:
    """The row of a new account, under a key of its own."""
    person = PersonRow(
        key="person-" + "".join(secrets.choice(_KEY_ALPHABET) for _ in range(10)),
        email=email,
        name=name,
        password_hash=password_hash,
        organisation_role=role.value,
        approval_level=0,
        created_at=at,
    )
    session.add(person)
    # At once: rows that refer to the person may be written before it otherwise.
    session.flush()
    return person


def use_invitation(session: Session, link: Invitation, person: PersonRow, at: datetime) -> None:
    """The link is used up; the project role it names is given."""
    link.used_at, link.person_key, link.email, link.name = at, person.key, None, ""
    session.flush()
    if link.project_id is not None and link.project_role:
        _give_invited_role(session, person, link, at)


def _give_invited_role(session: Session, person: PersonRow, link: Invitation, at: datetime) -> None:
    """The administrator who invited them for a reviewing role thereby put them on the list for it."""
    role = Role(link.project_role or "")
    if role in (*REVIEWERS, *OWN_ROLES):
        session.add(
            EligibleReviewer(
                person_key=person.key, role=role.value, granted_by=link.created_by, granted_at=at
            )
        )
    add_membership(session, link.project_id or 0, person.key, role, at, given_by=link.created_by)


def _usable_link(session: Session, token: str, purpose: str, at: datetime) -> Invitation:
    link = session.get(Invitation, hash_token(token))
    if link is None or link.purpose != purpose or link.used_at or link.revoked_at or link.expires_at <= at:
        raise Refused(
            Blocker(
                "link_gone",
                say(
                    "This link has been used, withdrawn or is out of date. Ask an administrator for a new one."
                ),
            )
        )
    return link
