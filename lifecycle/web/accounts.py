"""What the sign-in pages ask of the database: one short transaction each, run in a thread by the pages."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from lifecycle.actions import accounts, identities, people, sessions
from lifecycle.errors import Refused
from lifecycle.queries import people as people_now
from lifecycle.queries.people import OpenLink, SignedInPerson
from lifecycle.rules.identities import GroupRoles, Vouched
from lifecycle.settings import Settings
from lifecycle.store.database import Database
from lifecycle.store.tokens import hash_token
from lifecycle.vocabulary import OrganisationRole
from lifecycle.web.logs import note_person
from lifecycle.web.refusals import note_refusal


@dataclass(frozen=True, slots=True)
class FirstAdministrator:
    """What the set-up page asks for; `password_hash` only, never the password; None where passwords are off."""

    code: str
    organisation: str
    time_zone: str
    name: str
    email: str
    password_hash: str | None


class Accounts:
    """The clock is read here: this is the edge."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._idle = timedelta(hours=settings.session_idle_hours)
        self._absolute = timedelta(hours=settings.session_absolute_hours)

    # ------------------------------------------------------------ sessions

    def find_live(self, token_hashes: Collection[str]) -> dict[str, str]:
        with self._database.read() as session:
            return people_now.live_sessions(session, token_hashes=token_hashes, at=_now(), idle=self._idle)

    def touch(self, token_hash: str) -> None:
        with self._database.write() as session:
            sessions.touch(session, token_hash=token_hash, at=_now())

    def person(self, token: str) -> SignedInPerson | None:
        with self._database.read() as session:
            person = people_now.person_for_session(session, token, at=_now(), idle=self._idle)
        if person is not None:
            note_person(person.key)
        return person

    def begin_attempt(self, email: str, address: str) -> timedelta:
        """How long this attempt must wait; zero counts it and lets it go on."""
        with self._database.write() as session:
            return sessions.begin_attempt(session, email=email, address=address, at=_now())

    def credentials(self, email: str) -> tuple[str, str | None] | None:
        """Key and password hash of the active account with this address."""
        with self._database.read() as session:
            return people_now.credentials(session, email=email)

    def sign_in(self, person_key: str, *, address: str, user_agent: str, issuer: str | None = None) -> str:
        with self._database.write() as session:
            return accounts.sign_in(
                session,
                at=_now(),
                person_key=person_key,
                address=address,
                user_agent=user_agent,
                issuer=issuer,
                lasts=self._absolute,
            )

    def sign_out(self, token: str) -> None:
        with self._database.write() as session:
            accounts.sign_out(session, at=_now(), token=token)

    def sign_out_everywhere(self, person: SignedInPerson) -> None:
        with self._database.write() as session:
            people.sign_out_everywhere(session, by=person.actor, at=_now(), person_key=person.key)

    def browsers(self, person: SignedInPerson) -> int:
        """In how many browsers this person is signed in."""
        with self._database.read() as session:
            return people_now.open_sessions(session, person_key=person.key, at=_now(), idle=self._idle)

    # ------------------------------------------------------------ the identity provider

    def person_by_provider(self, vouched: Vouched, groups: GroupRoles) -> str:
        """The key of whom the provider vouches for: known, connected by a verified address, or made now.

        Raises Refused for somebody whom nobody invited and no group lets in.
        """
        person_key = self._known(vouched)
        if person_key is None:
            with self._database.write() as session:
                person_key = identities.join(
                    session,
                    at=_now(),
                    vouched=vouched,
                    by_group=groups.named(vouched.groups),
                    role=groups.role(vouched.groups),
                )
        if groups.decide:
            self._follow(person_key, groups.role(vouched.groups))
        return person_key

    def _known(self, vouched: Vouched) -> str | None:
        with self._database.read() as session:
            person_key = people_now.key_of_identity(session, issuer=vouched.issuer, subject=vouched.subject)
            has_account = bool(vouched.email) and people_now.has_account(session, email=vouched.email)
        if person_key is None and has_account:
            with self._database.write() as session:
                return identities.connect(session, at=_now(), email=vouched.email, vouched=vouched)
        return person_key

    def _follow(self, person_key: str, role: OrganisationRole) -> None:
        """The last administrator stays one whatever the groups say: somebody must be able to mend them."""
        with self._database.read() as session:
            held = people_now.organisation_role(session, person_key=person_key)
        if held in (None, role):
            return
        try:
            with self._database.write() as session:
                identities.follow_groups(session, at=_now(), person_key=person_key, role=role)
        except Refused as error:
            note_refusal("identities.follow_groups", person_key, error)

    def begin_fresh_sign_in(self, person_key: str, *, state: str, token: str, review_id: int) -> None:
        with self._database.write() as session:
            sessions.begin_fresh_sign_in(
                session,
                state=state,
                person_key=person_key,
                session_hash=hash_token(token),
                review_id=review_id,
                at=_now(),
            )

    def is_fresh_sign_in(self, state: str) -> bool:
        """Whether this was begun in order to sign, not to come in."""
        with self._database.read() as session:
            return people_now.is_fresh_sign_in(session, state=state)

    def confirm_fresh_sign_in(self, vouched: Vouched, *, state: str, token: str) -> int | None:
        """The review that may be signed now; None when somebody else signed in, or not anew."""
        person_key = self._known(vouched)
        if person_key is None:
            return None
        with self._database.write() as session:
            return sessions.confirm_fresh_sign_in(
                session,
                state=state,
                person_key=person_key,
                session_hash=hash_token(token),
                authenticated_at=vouched.authenticated_at,
                at=_now(),
            )

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
