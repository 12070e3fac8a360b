"""What the sign-in pages ask of the database: one short transaction each, run in a thread by the pages."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from lifecycle.actions import accounts, sessions
from lifecycle.queries import people as people_now
from lifecycle.queries.people import OpenLink, SignedInPerson
from lifecycle.settings import Settings
from lifecycle.store.database import Database
from lifecycle.store.tokens import hash_token


@dataclass(frozen=True, slots=True)
class FirstAdministrator:
    """What the set-up page asks for; `password_hash` only, never the password."""

    code: str
    organisation: str
    time_zone: str
    name: str
    email: str
    password_hash: str


class Accounts:
    """The clock is read here: this is the edge."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._idle = timedelta(hours=settings.session_idle_hours)
        self._absolute = timedelta(hours=settings.session_absolute_hours)

    # ------------------------------------------------------------ sessions

    def find_live(self, token_hashes: Collection[str]) -> frozenset[str]:
        with self._database.read() as session:
            return people_now.live_sessions(session, token_hashes=token_hashes, at=_now(), idle=self._idle)

    def touch(self, token_hash: str) -> None:
        with self._database.write() as session:
            sessions.touch(session, token_hash=token_hash, at=_now())

    def person(self, token: str) -> SignedInPerson | None:
        with self._database.read() as session:
            return people_now.person_for_session(session, token, at=_now(), idle=self._idle)

    def begin_attempt(self, email: str, address: str) -> timedelta:
        """How long this attempt must wait; zero counts it and lets it go on."""
        with self._database.write() as session:
            return sessions.begin_attempt(session, email=email, address=address, at=_now())

    def credentials(self, email: str) -> tuple[str, str | None] | None:
        """Key and password hash of the active account with this address."""
        with self._database.read() as session:
            return people_now.credentials(session, email=email)

    def sign_in(self, person_key: str, *, address: str, user_agent: str) -> str:
        with self._database.write() as session:
            return accounts.sign_in(
                session,
                at=_now(),
                person_key=person_key,
                address=address,
                user_agent=user_agent,
                lasts=self._absolute,
            )

    def sign_out(self, token: str) -> None:
        with self._database.write() as session:
            accounts.sign_out(session, at=_now(), token=token)

    # ------------------------------------------------------------ set-up and links

    def has_administrator(self) -> bool:
        with self._database.read() as session:
            return people_now.has_administrator(session)

    def renew_set_up_code(self) -> str | None:
        """A new code while nobody administers this installation, else None."""
        with self._database.write() as session:
            return sessions.renew_set_up_code(session, at=_now())

    def set_up(self, form: FirstAdministrator) -> str:
        with self._database.write() as session:
            return accounts.create_first_administrator(
                session,
                at=_now(),
                code=form.code,
                organisation=form.organisation,
                time_zone=form.time_zone,
                name=form.name,
                email=form.email,
                password_hash=form.password_hash,
            )

    def link(self, token: str, purpose: str) -> OpenLink | None:
        with self._database.read() as session:
            return people_now.open_link(session, token=token, purpose=purpose, at=_now())

    def accept_invitation(self, token: str, *, name: str, password_hash: str) -> str:
        with self._database.write() as session:
            return accounts.accept_invitation(
                session, at=_now(), token=token, name=name, password_hash=password_hash
            )

    def use_reset_link(self, token: str, *, password_hash: str) -> str:
        with self._database.write() as session:
            return accounts.use_reset_link(session, at=_now(), token=token, password_hash=password_hash)

    def change_password(self, person: SignedInPerson, *, token: str, password_hash: str) -> None:
        with self._database.write() as session:
            accounts.change_password(
                session,
                by=person.actor,
                at=_now(),
                password_hash=password_hash,
                keep_session=hash_token(token),
            )

    def is_reachable(self) -> None:
        """Raises Unavailable when the database does not answer."""
        self.has_administrator()


def _now() -> datetime:
    return datetime.now(UTC)
