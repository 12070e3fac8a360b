"""People, invitations and roles as the screens show them, and who a session belongs to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, bindparam
from sqlalchemy import select as columns
from sqlmodel import Session, col, func, select

from lifecycle.errors import NotFound
from lifecycle.language import say
from lifecycle.queries.wording import shown_name
from lifecycle.store.tables import (
    EligibleReviewer,
    FreshSignIn,
    Invitation,
    Membership,
    Organisation,
    PersonRow,
    Project,
    Review,
    SignInIdentity,
    WebSession,
)
from lifecycle.store.tokens import hash_token
from lifecycle.vocabulary import Actor, OrganisationRole, Role


@dataclass(frozen=True, slots=True)
class SignedInPerson:
    """Who acts in this browser. `actor` is what actions take as `by`."""

    key: str
    name: str
    email: str | None
    organisation_role: OrganisationRole
    approval_level: int
    issuer: str | None = None  # the identity provider that vouched for this browser; None with a password
    language: str = ""  # the code of the one chosen; empty: that of the browser

    @property
    def actor(self) -> Actor:
        return Actor(self.key, self.name, self.organisation_role, self.approval_level)


@dataclass(frozen=True, slots=True)
class PersonView:
    """One line of the list of people. `reviews_as` are the roles they may be asked to review in."""

    key: str
    name: str
    email: str | None
    organisation_role: OrganisationRole
    approval_level: int
    active: bool
    erased: bool
    reviews_as: tuple[Role, ...]
    projects: int
    last_seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class InvitationView:
    """An open invitation. `token_hash` names it for revoking; the link itself is shown only once."""

    token_hash: str
    email: str
    name: str
    organisation_role: OrganisationRole
    project: str | None
    project_role: Role | None
    invited_by: str
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class OpenLink:
    """What the page of a link says before anybody has signed in."""

    purpose: str
    email: str
    name: str
    invited_by: str
    organisation: str


@dataclass(frozen=True, slots=True)
class MembershipView:
    """Somebody's role on a project, held now."""

    project_id: int
    project_key: str
    project_name: str
    person_key: str
    person_name: str
    role: Role
    since: datetime


@dataclass(frozen=True, slots=True)
class Duties:
    """What a leaver still holds: to be handed over before or after their account ends."""

    open_reviews: int
    sole_manager_of: tuple[str, ...]


# ------------------------------------------------------------------ who is this


def person_for_session(
    session: Session, token: str | None, *, at: datetime, idle: timedelta
) -> SignedInPerson | None:
    """The person signed in with this token, or None when the session has ended in any way."""
    if not token:
        return None
    asked = {"token_hash": hash_token(token), "now": at, "idle_since": at - idle}
    person = session.execute(_PERSON_OF_SESSION, asked).one_or_none()
    return (
        replace(_identity(person), issuer=person.issuer, language=person.language or "") if person else None
    )


def live_sessions(
    session: Session, *, token_hashes: Collection[str], at: datetime, idle: timedelta
) -> dict[str, str]:
    """Those of the token hashes whose session lasts and whose person is active, and the language that one chose."""
    asked = {"token_hashes": list(token_hashes), "now": at, "idle_since": at - idle}
    return {row.token_hash: row.language or "" for row in session.execute(_LASTING_OF, asked)}


def open_sessions(session: Session, *, person_key: str, at: datetime, idle: timedelta) -> int:
    """In how many browsers somebody is signed in."""
    asked = {"person": person_key, "now": at, "idle_since": at - idle}
    return int(session.execute(_LASTING_OF_PERSON, asked).scalar_one())


_LASTING = (
    col(WebSession.revoked_at).is_(None),
    col(WebSession.expires_at) > bindparam("now"),
    col(WebSession.last_seen_at) > bindparam("idle_since"),
    col(PersonRow.active).is_(True),
)
_OF_PERSON = col(WebSession.person_key) == col(PersonRow.key)
# Built once: the guard and the script ask at every message.
_LASTING_OF = (
    columns(col(WebSession.token_hash), col(PersonRow.language))
    .join(PersonRow, _OF_PERSON)
    .where(col(WebSession.token_hash).in_(bindparam("token_hashes", expanding=True)), *_LASTING)
)
_LASTING_OF_PERSON = (
    columns(func.count())
    .select_from(WebSession)
    .join(PersonRow, _OF_PERSON)
    .where(col(PersonRow.key) == bindparam("person"), *_LASTING)
)
_PERSON_OF_SESSION = (
    columns(
        col(PersonRow.key),
        col(PersonRow.name),
        col(PersonRow.email),
        col(PersonRow.organisation_role),
        col(PersonRow.approval_level),
        col(PersonRow.language),
        col(WebSession.issuer),
    )
    .select_from(WebSession)
    .join(PersonRow, _OF_PERSON)
    .where(col(WebSession.token_hash) == bindparam("token_hash"), *_LASTING)
)


def key_of_email(session: Session, *, email: str) -> str:
    """The key of the active person with this address; raises NotFound."""
    found = session.execute(
        select(col(PersonRow.key)).where(
            func.lower(col(PersonRow.email)) == email.strip().lower(), col(PersonRow.active).is_(True)
        )
    ).scalar_one_or_none()
    if found is None:
        raise NotFound(say("person"), email)
    return str(found)


def credentials(session: Session, *, email: str) -> tuple[str, str | None] | None:
    """Key and password hash of the active account with this tidied address."""
    found = session.execute(
        select(PersonRow.key, PersonRow.password_hash).where(
            col(PersonRow.email) == email, col(PersonRow.active).is_(True)
        )
    ).one_or_none()
    return (found.key, found.password_hash) if found else None


def key_of_identity(session: Session, *, issuer: str, subject: str) -> str | None:
    """The key of the person whom the provider knows by this subject, active or not."""
    found = select(SignInIdentity.person_key).where(
        col(SignInIdentity.issuer) == issuer, col(SignInIdentity.subject) == subject
    )
    return session.execute(found).scalar_one_or_none()


def is_fresh_sign_in(session: Session, *, state: str) -> bool:
    """Whether a sign-in with this state was begun in order to sign."""
    return session.get(FreshSignIn, hash_token(state)) is not None


def organisation_role(session: Session, *, person_key: str) -> OrganisationRole | None:
    """None when there is no such active person."""
    found = select(PersonRow.organisation_role).where(
        col(PersonRow.key) == person_key, col(PersonRow.active).is_(True)
    )
    role = session.execute(found).scalar_one_or_none()
    return OrganisationRole(role) if role else None


def has_account(session: Session, *, email: str) -> bool:
    """Whether any account, active or not, has this tidied address."""
    return session.exec(select(PersonRow.key).where(col(PersonRow.email) == email)).first() is not None


def password_hash(session: Session, *, person_key: str) -> str | None:
    """Of an active account; None when there is no such account or it has no password."""
    found = select(PersonRow.password_hash).where(
        col(PersonRow.key) == person_key, col(PersonRow.active).is_(True)
    )
    return session.execute(found).scalar_one_or_none()


def has_administrator(session: Session) -> bool:
    """Whether set-up is done."""
    found = select(PersonRow.key).where(
        col(PersonRow.organisation_role) == OrganisationRole.ADMINISTRATOR.value
    )
    return session.exec(found.limit(1)).first() is not None


def open_link(session: Session, *, token: str, purpose: str, at: datetime) -> OpenLink | None:
    """What a join or reset link is for, or None when it was used, revoked or is out of date."""
    link = session.get(Invitation, hash_token(token))
    if link is None or link.purpose != purpose or link.used_at or link.revoked_at or link.expires_at <= at:
        return None
    inviter = session.get(PersonRow, link.created_by)
    person = session.get(PersonRow, link.person_key) if link.person_key else None
    organisation = session.get(Organisation, 1)
    return OpenLink(
        purpose=purpose,
        email=(person.email if person else link.email) or "",
        name=person.name if person else link.name,
        invited_by=inviter.name if inviter else say("An administrator"),
        organisation=organisation.name if organisation else "Lifecycle",
    )


# ------------------------------------------------------------------ lists


def people(session: Session) -> tuple[PersonView, ...]:
    """Everybody who ever had an account, active ones first, by name."""
    reviews_as = _roles_by_person(session)
    projects = dict(
        session.exec(
            select(Membership.person_key, func.count(col(Membership.project_id).distinct()))
            .where(col(Membership.ended_at).is_(None))
            .group_by(col(Membership.person_key))
        ).all()
    )
    seen = dict(
        session.exec(
            select(WebSession.person_key, func.max(WebSession.last_seen_at)).group_by(
                col(WebSession.person_key)
            )
        ).all()
    )
    rows = session.exec(select(PersonRow).order_by(col(PersonRow.active).desc(), func.lower(PersonRow.name)))
    return tuple(
        _person_view(row, reviews_as.get(row.key, ()), projects.get(row.key, 0), seen.get(row.key))
        for row in rows
    )


def names(session: Session, keys: Collection[str]) -> Mapping[str, str]:
    """Key to name, for everything that the log and the tables know by key only."""
    found = select(PersonRow.key, PersonRow.name).where(col(PersonRow.key).in_(set(keys)))
    return dict(session.exec(found).all())


def invitations(session: Session, *, at: datetime) -> tuple[InvitationView, ...]:
    """Open ones, newest first."""
    rows = session.exec(
        select(Invitation, PersonRow.name, Project.name)
        .outerjoin(PersonRow, col(PersonRow.key) == col(Invitation.created_by))
        .outerjoin(Project, col(Project.id) == col(Invitation.project_id))
        .where(
            col(Invitation.purpose) == "join",
            col(Invitation.used_at).is_(None),
            col(Invitation.revoked_at).is_(None),
            col(Invitation.expires_at) > at,
        )
        .order_by(col(Invitation.created_at).desc())
    )
    return tuple(
        InvitationView(
            token_hash=row.token_hash,
            email=row.email or "",
            name=row.name,
            organisation_role=OrganisationRole(row.organisation_role),
            project=project,
            project_role=Role(row.project_role) if row.project_role else None,
            invited_by=inviter or row.created_by,
            created_at=row.created_at,
            expires_at=row.expires_at,
        )
        for row, inviter, project in rows
    )


def memberships(
    session: Session, *, person_key: str | None = None, project_id: int | None = None
) -> tuple[MembershipView, ...]:
    """Roles held now, of one person, on one project, or both."""
    query = (
        select(Membership, Project.key, Project.name, PersonRow.name)
        .join(Project, col(Project.id) == col(Membership.project_id))
        .join(PersonRow, col(PersonRow.key) == col(Membership.person_key))
        .where(col(Membership.ended_at).is_(None))
        .order_by(col(Project.name), col(Membership.since), col(Membership.id))
    )
    if person_key is not None:
        query = query.where(col(Membership.person_key) == person_key)
    if project_id is not None:
        query = query.where(col(Membership.project_id) == project_id)
    return tuple(
        MembershipView(
            row.project_id, project_key, project_name, row.person_key, person_name, Role(row.role), row.since
        )
        for row, project_key, project_name, person_name in session.exec(query)
    )


def eligible_reviewers(session: Session, role: Role) -> tuple[SignedInPerson, ...]:
    """Active people whom the administrator listed for this reviewing role, by name."""
    rows = session.exec(
        select(PersonRow)
        .join(EligibleReviewer, col(EligibleReviewer.person_key) == col(PersonRow.key))
        .where(col(EligibleReviewer.role) == role.value, col(PersonRow.active).is_(True))
        .order_by(func.lower(PersonRow.name))
    )
    return tuple(_identity(row) for row in rows)


def approvers(session: Session, *, level: int) -> tuple[SignedInPerson, ...]:
    """Active people who may approve this risk tier, by name."""
    rows = session.exec(
        select(PersonRow)
        .where(col(PersonRow.approval_level) >= max(level, 1), col(PersonRow.active).is_(True))
        .order_by(func.lower(PersonRow.name))
    )
    return tuple(_identity(row) for row in rows)


def duties(session: Session, person_key: str) -> Duties:
    """What to hand over when this person leaves."""
    open_reviews = session.exec(
        select(func.count())
        .select_from(Review)
        .where(col(Review.person_key) == person_key, col(Review.state) == "open")
    ).one()
    managers = (
        select(Membership.project_id)
        .where(col(Membership.role) == Role.PRODUCT_MANAGER.value, col(Membership.ended_at).is_(None))
        .group_by(col(Membership.project_id))
        .having(func.count() == 1, func.max(Membership.person_key) == person_key)
    )
    alone = session.exec(
        select(Project.name).where(col(Project.id).in_(managers)).order_by(col(Project.name))
    )
    return Duties(open_reviews, tuple(alone))


# ------------------------------------------------------------------ rows


def _roles_by_person(session: Session) -> Mapping[str, tuple[Role, ...]]:
    found: defaultdict[str, list[Role]] = defaultdict(list)
    for person_key, role in session.exec(select(EligibleReviewer.person_key, EligibleReviewer.role)):
        found[person_key].append(Role(role))
    return {key: tuple(role for role in Role if role in roles) for key, roles in found.items()}


def _identity(row: PersonRow | Row[Any]) -> SignedInPerson:
    return SignedInPerson(
        row.key, row.name, row.email, OrganisationRole(row.organisation_role), row.approval_level
    )


def _person_view(
    row: PersonRow, reviews_as: tuple[Role, ...], projects: int, last_seen_at: datetime | None
) -> PersonView:
    return PersonView(
        key=row.key,
        name=shown_name(row.name),
        email=row.email,
        organisation_role=OrganisationRole(row.organisation_role),
        approval_level=row.approval_level,
        active=row.active,
        erased=row.erased_at is not None,
        reviews_as=reviews_as,
        projects=projects,
        last_seen_at=last_seen_at,
    )
