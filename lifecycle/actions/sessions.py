"""Bookkeeping of the way in: attempts, activity and the set-up code. No decisions, hence no events."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlmodel import Session, col, delete, func, select, update

from lifecycle.rules import identities
from lifecycle.rules import people as rules
from lifecycle.store.tables import FreshSignIn, PersonRow, SetUpCode, SignInAttempt, WebSession
from lifecycle.store.tokens import hash_token
from lifecycle.vocabulary import OrganisationRole

# Without the letters and digits that people confuse when they read them aloud.
_CODE_ALPHABET = "ABCDEFGHJKMNPQRSTVWXYZ23456789"


def begin_attempt(session: Session, *, email: str, address: str, at: datetime) -> timedelta:
    """Count a sign-in attempt before it is checked, so that a hundred at once are a hundred.

    Returns how long to wait, and then has counted nothing; zero means go on. A success takes its count back.
    """
    session.execute(delete(SignInAttempt).where(col(SignInAttempt.at) <= at - rules.ATTEMPTS_COUNT_FOR))
    account, place = _subjects(email, address)
    wait = max(
        rules.wait_after(_failures(session, account), free=rules.FREE_ATTEMPTS_PER_ACCOUNT, at=at),
        rules.wait_after(_failures(session, place), free=rules.FREE_ATTEMPTS_PER_ADDRESS, at=at),
    )
    if not wait:
        session.add_all([SignInAttempt(subject=account, at=at), SignInAttempt(subject=place, at=at)])
    return wait


def forget_attempts(session: Session, *, email: str, address: str) -> None:
    """After a success: none for the account, one fewer for the address, which others may be trying from."""
    account, place = _subjects(email, address)
    session.execute(delete(SignInAttempt).where(col(SignInAttempt.subject) == account))
    newest = select(func.max(SignInAttempt.id)).where(col(SignInAttempt.subject) == place).scalar_subquery()
    session.execute(delete(SignInAttempt).where(col(SignInAttempt.id) == newest))


def begin_signing(session: Session, *, person_key: str, at: datetime) -> tuple[timedelta, int]:
    """Count a password entered to sign before it is checked. Returns how long signing is locked, and the count.

    While it is locked nothing is counted. `forget_signing` takes the count back once the password was right.
    """
    subject = _signing(person_key)
    session.execute(delete(SignInAttempt).where(col(SignInAttempt.at) <= at - rules.ATTEMPTS_COUNT_FOR))
    failed = _failures(session, subject)
    locked = rules.signing_locked_for(failed, at=at)
    if not locked:
        session.add(SignInAttempt(subject=subject, at=at))
    return locked, len(failed) + (not locked)


def forget_signing(session: Session, *, person_key: str) -> None:
    """After the right password, and after a new one was set."""
    session.execute(delete(SignInAttempt).where(col(SignInAttempt.subject) == _signing(person_key)))


def begin_fresh_sign_in(
    session: Session, *, state: str, person_key: str, session_hash: str, review_id: int, at: datetime
) -> None:
    """Somebody is sent to the identity provider to sign in anew, in order to sign this review."""
    session.execute(delete(FreshSignIn).where(col(FreshSignIn.begun_at) < at - timedelta(days=1)))
    session.add(
        FreshSignIn(
            state_hash=hash_token(state),
            person_key=person_key,
            session_hash=session_hash,
            review_id=review_id,
            begun_at=at,
        )
    )


def confirm_fresh_sign_in(
    session: Session,
    *,
    state: str,
    person_key: str,
    session_hash: str,
    authenticated_at: datetime | None,
    at: datetime,
) -> int | None:
    """The review that may be signed now; None when the sign-in was not fresh or not begun by this person here."""
    begun = session.get(FreshSignIn, hash_token(state))
    if begun is None or begun.confirmed_at is not None:
        return None
    if (begun.person_key, begun.session_hash) != (person_key, session_hash):
        return None
    in_time = at - begun.begun_at <= identities.BEGUN_FOR
    if not in_time or not identities.is_fresh(authenticated_at, begun_at=begun.begun_at):
        return None
    begun.confirmed_at = at
    return begun.review_id


def use_fresh_sign_in(
    session: Session, *, person_key: str, session_hash: str, review_id: int, at: datetime
) -> bool:
    """Whether this browser signed in anew for this review within five minutes; it counts for one signature."""
    confirmed = session.exec(
        select(FreshSignIn).where(
            col(FreshSignIn.person_key) == person_key,
            col(FreshSignIn.session_hash) == session_hash,
            col(FreshSignIn.review_id) == review_id,
            col(FreshSignIn.used_at).is_(None),
            col(FreshSignIn.confirmed_at) >= at - identities.FRESH_FOR,
        )
    ).first()
    if confirmed is None:
        return False
    confirmed.used_at = at
    return True


def touch(session: Session, *, token_hash: str, at: datetime) -> None:
    """Note that the person of this session is active; never moves backwards."""
    session.execute(
        update(WebSession)
        .where(col(WebSession.token_hash) == token_hash, col(WebSession.last_seen_at) < at)
        .values(last_seen_at=at)
    )


def remove_ended(session: Session, *, at: datetime) -> None:
    """Delete sessions that ended more than a week ago; the log keeps who signed in and when."""
    long_ago = at - timedelta(days=7)
    session.execute(
        delete(WebSession).where(
            (col(WebSession.expires_at) < long_ago) | (col(WebSession.revoked_at) < long_ago)
        )
    )


def renew_set_up_code(session: Session, *, at: datetime) -> str | None:
    """A new code in place of the last, or None once somebody administers this installation."""
    if has_administrator(session):
        return None
    code = "-".join("".join(secrets.choice(_CODE_ALPHABET) for _ in range(4)) for _ in range(3))
    session.execute(delete(SetUpCode))
    session.add(SetUpCode(code_hash=code_hash(code), created_at=at))
    return code


def code_hash(code: str) -> str:
    """The same for a code typed in lower case, with spaces or without dashes."""
    return hash_token("".join(character for character in code.upper() if character.isalnum()))


def has_administrator(session: Session) -> bool:
    """Whether anybody can administer this installation, or ever could: set-up happens once."""
    found = session.exec(
        select(PersonRow.key)
        .where(col(PersonRow.organisation_role) == OrganisationRole.ADMINISTRATOR.value)
        .limit(1)
    )
    return found.first() is not None


def _subjects(email: str, address: str) -> tuple[str, str]:
    return hash_token(f"account:{email}"), hash_token(f"address:{address}")


def _signing(person_key: str) -> str:
    return hash_token(f"signing:{person_key}")


def _failures(session: Session, subject: str) -> list[datetime]:
    return list(session.exec(select(SignInAttempt.at).where(col(SignInAttempt.subject) == subject)))
