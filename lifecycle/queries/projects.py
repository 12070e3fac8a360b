"""Projects as the screens name them, each only for those who may read it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlmodel import Session, col

from lifecycle.errors import NotFound
from lifecycle.facts.delegations import delegated_roles
from lifecycle.facts.people import project_roles
from lifecycle.facts.projects import organisation_today
from lifecycle.language import say
from lifecycle.rules.permissions import may
from lifecycle.store.tables import Membership, Project
from lifecycle.vocabulary import Actor, Gate, ProjectStatus, Role, Stage


@dataclass(frozen=True, slots=True)
class ProjectHead:
    """What every page about a project begins with. `roles` are those of the person who asked."""

    id: int
    key: str
    name: str
    purpose: str
    organisation: str
    stage: Stage | None
    gate: Gate | None
    status: ProjectStatus
    is_adopted: bool  # False: from a register and not assessed here
    archived_at: datetime | None
    revision: int
    roles: frozenset[Role]
    guide_version: str  # what it began with, or was moved to

    @property
    def is_open(self) -> bool:
        """Whether its content may change at all."""
        return self.archived_at is None and self.is_adopted


@dataclass(frozen=True, slots=True)
class ProjectName:
    """One line of a list to choose from."""

    key: str
    name: str
    organisation: str


def head(session: Session, *, key: str, by: Actor, at: datetime | None = None) -> ProjectHead:
    """The project with this key; raises NotFound also when this person may not read it.

    With `at`, whoever stands in that day for somebody with a role on it may read it too; `roles` stay their own.
    """
    project = session.execute(select(Project).where(col(Project.key) == key)).scalar_one_or_none()
    if project is None or project.id is None or by.is_kept_from(project.id):
        raise NotFound(say("project"), key)
    roles = project_roles(session, project.id, by.key)
    if not may("projects.read", by, roles) and not stands_in(session, project.id, by, at):
        raise NotFound(say("project"), key)
    return ProjectHead(
        id=project.id,
        key=project.key,
        name=project.name,
        purpose=project.purpose,
        organisation=project.organisation,
        stage=Stage(project.stage) if project.stage else None,
        gate=Gate(project.gate) if project.gate else None,
        status=ProjectStatus(project.status),
        is_adopted=project.origin != "register" or project.adopted_at is not None,
        archived_at=project.archived_at,
        revision=project.revision,
        roles=roles,
        guide_version=project.guide_version,
    )


def stands_in(session: Session, project_id: int, by: Actor, at: datetime | None) -> bool:
    """Whether this person reads the project that day for somebody who is away. Without `at` nobody does."""
    if at is None:
        return False
    today = organisation_today(session, at)
    return may("projects.read", by, delegated_roles(session, project_id, by.key, today=today))


def names(session: Session, *, by: Actor) -> tuple[ProjectName, ...]:
    """Projects this person may read and that are not archived, by name: for choosing one."""
    found = session.execute(
        select(col(Project.key), col(Project.name), col(Project.organisation))
        .where(col(Project.archived_at).is_(None), col(Project.id).in_(readable_ids(by)))
        .order_by(col(Project.name), col(Project.key))
    )
    return tuple(ProjectName(key, name, organisation) for key, name, organisation in found)


def mergeable(session: Session, *, by: Actor) -> tuple[ProjectName, ...]:
    """Projects assessed here into which this person may merge an imported one, by name."""
    managed = select(col(Membership.project_id)).where(
        col(Membership.person_key) == by.key,
        col(Membership.ended_at).is_(None),
        col(Membership.role) == Role.PRODUCT_MANAGER.value,
    )
    chosen = select(col(Project.key), col(Project.name), col(Project.organisation)).where(
        col(Project.archived_at).is_(None),
        (col(Project.origin) != "register") | col(Project.adopted_at).is_not(None),
    )
    if not may("projects.merge", by):
        chosen = chosen.where(col(Project.id).in_(managed))
    found = session.execute(chosen.order_by(col(Project.name), col(Project.key)))
    return tuple(ProjectName(key, name, organisation) for key, name, organisation in found)


def readable_ids(by: Actor) -> Select[Any]:
    """The ids of the projects this person may read, archived ones included, for use inside a statement."""
    if may("portfolio.read_all", by):
        return select(col(Project.id))
    only = by.grant.only_project if by.grant else None
    if only is not None and may("projects.read", by):
        return select(col(Project.id)).where(col(Project.id) == only)
    held = select(col(Membership.project_id)).where(
        col(Membership.person_key) == by.key, col(Membership.ended_at).is_(None)
    )
    return held if only is None else held.where(col(Membership.project_id) == only)


def changeable_ids(among: Collection[int]) -> Select[Any]:
    """Of these projects, those whose content may change: neither archived nor waiting to be adopted."""
    return select(col(Project.id)).where(
        col(Project.id).in_(among),
        col(Project.archived_at).is_(None),
        (col(Project.origin) != "register") | col(Project.adopted_at).is_not(None),
    )


def key_of(session: Session, *, project_id: int) -> str:
    """The key that addresses use for this id; raises NotFound."""
    found = session.execute(
        select(col(Project.key)).where(col(Project.id) == project_id)
    ).scalar_one_or_none()
    if found is None:
        raise NotFound(say("project"), project_id)
    return str(found)


def are_there_any(session: Session) -> bool:
    """Whether this installation has a project at all, archived ones and those from registers included."""
    return session.execute(select(col(Project.id)).limit(1)).first() is not None
