"""The password entered again to sign: counted, checked and, when wrong, logged. It is kept nowhere."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from lifecycle.actions import accounts, sessions
from lifecycle.errors import Invalid, Refused
from lifecycle.language import say, say_count
from lifecycle.queries import people as people_now
from lifecycle.rules import people as rules
from lifecycle.store.database import Database
from lifecycle.vocabulary import Actor, Blocker
from lifecycle.web.passwords import is_password_now


def reenter_password(database: Database, *, by: Actor, at: datetime, password: str, review_id: int) -> str:
    """Returns the hash that the password was checked against, for the action that signs.

    Raises Invalid when nothing was entered and Refused when it is wrong or signing is locked. Two short
    transactions of its own, none of which waits while argon2 works.
    """
    if not password:
        raise Invalid({"password": say("Enter your password to sign.")})
    with database.write() as session:
        locked, tries = sessions.begin_signing(session, person_key=by.key, at=at)
    if locked:
        raise _locked(locked)
    with database.read() as session:
        known = people_now.password_hash(session, person_key=by.key)
    too_long = len(password) > rules.LONGEST_PASSWORD
    right = is_password_now("" if too_long else password, known) and not too_long
    with database.write() as session:
        if right:
            sessions.forget_signing(session, person_key=by.key)
        else:
            accounts.refuse_signing(session, by=by, at=at, review_id=review_id, tries=tries)
    if not right or known is None:
        raise _wrong(tries, has_password=known is not None)
    return known


def _wrong(tries: int, *, has_password: bool) -> Refused:
    if not has_password:
        text = say(
            "Signing here takes a password, and your account has none. "
            "Ask an administrator for a link to set one. Nothing was signed."
        )
        return Refused(Blocker("password:none", text))
    left = rules.WRONG_PASSWORDS_TO_LOCK_SIGNING - tries
    if left <= 0:
        return _locked(rules.SIGNING_LOCKED_FOR)
    text = say_count(
        "This is not your password. Nothing was signed. One more try, then signing is locked for 15 minutes.",
        "This is not your password. Nothing was signed. {number} more tries, then signing is locked for "
        "15 minutes.",
        left,
    )
    return Refused(Blocker("password:wrong", text))


def _locked(wait: timedelta) -> Refused:
    minutes = math.ceil(wait.total_seconds() / 60)
    text = say_count(
        "Signing is locked after five wrong passwords. Nothing was signed; you stay signed in. "
        "Try again in {number} minute.",
        "Signing is locked after five wrong passwords. Nothing was signed; you stay signed in. "
        "Try again in {number} minutes.",
        minutes,
    )
    return Refused(Blocker("password:locked", text))
