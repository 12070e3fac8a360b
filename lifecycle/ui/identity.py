"""Who acts in this browser. The guard has refused everybody else already; this is the second line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import streamlit as st

from lifecycle.language import ask_for_language
from lifecycle.queries.people import SignedInPerson, person_for_session
from lifecycle.ui import cache, current_run, state
from lifecycle.vocabulary import Actor, OrganisationRole
from lifecycle.web.guard import SESSION_COOKIE
from lifecycle.web.logs import note_person
from lifecycle.web.speech import of_browser


def now() -> datetime:
    """The clock of the screens: read here alone."""
    return datetime.now(UTC)


def this_hour() -> datetime:
    """The clock for reads that are kept: a day that passes is noticed within the hour."""
    return now().replace(minute=0, second=0, microsecond=0)


def session_token() -> str | None:
    """The session cookie of this connection; tests put another function in its place."""
    return st.context.cookies.get(SESSION_COOKIE)


def signed_in() -> SignedInPerson | None:
    """The person whose cookie this is, asked of the database once in every run; None when the session has ended."""
    return current_run.once("person", _signed_in)


def _signed_in() -> SignedInPerson | None:
    idle = timedelta(hours=cache.settings().session_idle_hours)
    person: SignedInPerson | None = cache.read_now(
        person_for_session, token=session_token(), at=now(), idle=idle
    )
    note_person(person.key if person else "")
    return person


def language_here() -> str:
    """The code of the language of this tab: what this person chose, else this browser, when the tab began."""
    return state.language(_language_here)


def _language_here() -> str:
    person = signed_in()
    if person is not None and person.language:
        return person.language
    return of_browser(st.context.cookies, st.context.headers.get("Accept-Language") or "")


# Callbacks and fragments run in threads of their own, which nobody told.
ask_for_language(language_here)


def actor() -> Actor:
    """Whoever acts, for actions. Raises PermissionError when nobody is signed in: the frame never gets here then."""
    person = signed_in()
    if person is None:
        raise PermissionError("nobody is signed in")
    return person.actor


def signs_anew_with() -> str | None:
    """The identity provider at which a signer signs in again; None for whoever enters a password instead."""
    settings, person = cache.settings(), signed_in()
    if settings.provider is None or person is None:
        return None
    return settings.provider.title if person.issuer or not settings.local_accounts else None


def is_administrator(person: SignedInPerson) -> bool:
    return person.organisation_role is OrganisationRole.ADMINISTRATOR


def reads_everything(person: SignedInPerson) -> bool:
    """Leadership and administrators see every project."""
    return person.organisation_role in (OrganisationRole.ADMINISTRATOR, OrganisationRole.LEADERSHIP)
