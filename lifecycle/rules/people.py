"""Rules of accounts: what a name, an address and a password must be, and how long a failed sign-in waits."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime, timedelta

from lifecycle.language import say

SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 256
LONGEST_EMAIL, LONGEST_NAME = 254, 120
FREE_ATTEMPTS_PER_ACCOUNT, FREE_ATTEMPTS_PER_ADDRESS = 4, 20
LONGEST_WAIT = timedelta(minutes=15)
WRONG_PASSWORDS_TO_LOCK_SIGNING, SIGNING_LOCKED_FOR = 5, timedelta(minutes=15)
ATTEMPTS_COUNT_FOR = timedelta(hours=24)
HIGHEST_APPROVAL_LEVEL = 4

_EMAIL = re.compile(r"[^@\s\"<>(),;:\\]+@[^@\s\"<>(),;:\\]+\.[^@\s\"<>(),;:\\.]{2,}")
# Control, format (zero-width, direction overrides), surrogate, private-use and unassigned characters.
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def tidy_name(text: str) -> str:
    """One line without surrounding or doubled spaces, in composed form."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def tidy_email(text: str) -> str:
    """The form in which addresses are stored and compared: composed, without spaces around, lower case."""
    return unicodedata.normalize("NFKC", text).strip().casefold()


def name_problem(name: str, what: str = "") -> str | None:
    """None when a tidied name can be shown anywhere without misleading anybody. `what`: of what it is, in words."""
    if not name:
        return say("Enter {what}.", what=what or say("a name"))
    if len(name) > LONGEST_NAME:
        return say(
            "Use at most {most} characters; this has {count}.",
            most=LONGEST_NAME,
            count=len(name),
        )
    if any(unicodedata.category(character) in _INVISIBLE for character in name):
        return say("Remove the invisible characters; retype it if you pasted it.")
    return None


def email_problem(email: str) -> str | None:
    if not email:
        return say("Enter an e-mail address.")
    if len(email) > LONGEST_EMAIL or not _EMAIL.fullmatch(email) or name_problem(email[:LONGEST_NAME]):
        return say("Enter an e-mail address such as name@example.org.")
    return None


def password_problem(password: str, *, near: Sequence[str] = ()) -> str | None:
    """None when long enough and not one of `near` (the person's own name and address)."""
    if len(password) < SHORTEST_PASSWORD:
        return say(
            "This has {count} characters; use at least {least}.",
            count=len(password),
            least=SHORTEST_PASSWORD,
        )
    if len(password) > LONGEST_PASSWORD:
        return say(
            "This has {count} characters; use at most {most}.",
            count=len(password),
            most=LONGEST_PASSWORD,
        )
    if len(set(password)) < 4 or password.casefold() in {text.casefold() for text in near}:
        return say("This is too easy to guess. Use words that are not your name or address.")
    return None


def wait_after(failed_at: Sequence[datetime], *, free: int, at: datetime) -> timedelta:
    """How long the next attempt must still wait: 1 s after the free ones, doubling to 15 minutes.

    Counts the failures of the last 24 hours; zero when it may go on now.
    """
    recent = [moment for moment in failed_at if at - moment < ATTEMPTS_COUNT_FOR]
    if len(recent) < free:
        return timedelta(0)
    doublings = min(len(recent) - free, 20)
    delay = min(timedelta(seconds=2**doublings), LONGEST_WAIT)
    return max(max(recent) + delay - at, timedelta(0))


def signing_locked_for(failed_at: Sequence[datetime], *, at: datetime) -> timedelta:
    """How long signing is locked still: 15 minutes from the newest wrong password, once there were five in 24 hours."""
    recent = [moment for moment in failed_at if at - moment < ATTEMPTS_COUNT_FOR]
    if len(recent) < WRONG_PASSWORDS_TO_LOCK_SIGNING:
        return timedelta(0)
    return max(max(recent) + SIGNING_LOCKED_FOR - at, timedelta(0))
