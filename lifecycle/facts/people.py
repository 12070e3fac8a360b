"""Who a person is and which roles they hold, as the plain values that rules and permissions take."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import bindparam
from sqlmodel import Session, col, select

from lifecycle.errors import Forbidden
from lifecycle.language import say
from lifecycle.rules.permissions import require
from lifecycle.store.tables import Membership, PersonRow
from lifecycle.vocabulary import Actor, OrganisationRole, Role


def actor_of(person: PersonRow) -> Actor:
    return Actor(person.key, person.name, OrganisationRole(person.organisation_role), person.approval_level)


def project_roles(session: Session, project_id: int, person_key: str) -> frozenset[Role]:
    """The roles that this person holds on this project now."""
    session.flush()
    held = session.connection().execute(_ROLES, {"project": project_id, "person": person_key})
    return frozenset(Role(role) for role in held.scalars())


# Built once: asked before every change to a project.
_ROLES = select(Membership.role).where(
    col(Membership.project_id) == bindparam("project"),
    col(Membership.person_key) == bindparam("person"),
    col(Membership.ended_at).is_(None),
)


def holders(session: Session, project_id: int, role: Role) -> tuple[str, ...]:
    """The keys of those who hold this role on this project now, longest first."""
    held = session.exec(
        select(Membership.person_key)
        .where(
            col(Membership.project_id) == project_id,
            col(Membership.role) == role.value,
            col(Membership.ended_at).is_(None),
        )
        .order_by(col(Membership.since), col(Membership.id))
    )
    return tuple(held)


def require_on_project(
    session: Session, action: str, by: Actor, project_id: int, also: Collection[Role] = ()
) -> None:
    """Raises Forbidden unless the table of permissions lets this actor do it on this project.

    `also` are roles that somebody else holds and that `by` stands in for.
    """
    if by.is_kept_from(project_id):
        raise Forbidden(say("This token is for another project."))
    require(action, by, project_roles(session, project_id, by.key) | set(also))
