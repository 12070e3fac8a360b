"""Access tokens as their owners and administrators see them, and whom a token lets act."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from lifecycle.language import mark, say
from lifecycle.rules.permissions import require
from lifecycle.store.tables import ApiToken, PersonRow, Project
from lifecycle.store.tokens import hash_token
from lifecycle.vocabulary import Actor, OrganisationRole, Scope, TokenGrant

ON_THE_SERVER = mark("the command line of the server")
REVOKED, EXPIRED, VALID = "revoked", "expired", "valid"


@dataclass(frozen=True, slots=True)
class TokenView:
    """One token. `project` is the key of the only one it is for."""

    id: int
    name: str
    hint: str
    person_key: str
    person_name: str
    scopes: tuple[Scope, ...]
    project: str | None
    project_name: str | None
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None
    state: str  # valid, expired or revoked
    made_by: str  # who else made it; empty where the person did

    @property
    def is_valid(self) -> bool:
        return self.state == VALID

    def as_json(self) -> dict[str, object]:
        return {
            "id": self.id,
            "name": self.name,
            "begins_with": self.hint,
            "person": self.person_name,
            "scopes": [scope.value for scope in self.scopes],
            "project": self.project,
            "created_at": self.created_at.isoformat(),
            "made_by": self.made_by or self.person_name,
            "expires_at": self.expires_at.isoformat(),
            "last_used_at": self.last_used_at.isoformat() if self.last_used_at else None,
            "state": self.state,
        }


@dataclass(frozen=True, slots=True)
class Bearer:
    """What is behind a secret. `refusal` says why it opens nothing; then nobody may act with it."""

    actor: Actor
    token_id: int
    name: str
    scopes: frozenset[Scope]
    project: str | None
    expires_at: datetime
    refusal: str | None = None


def bearer(session: Session, secret: str, *, at: datetime) -> Bearer | None:
    """Whom this secret lets act; None for one that was never given out. One statement."""
    row = session.execute(_BEARER, {"token_hash": hash_token(secret)}).one_or_none()
    if row is None:
        return None
    scopes = frozenset(Scope(scope) for scope in json.loads(row.scopes) if scope in set(Scope))
    grant = TokenGrant(row.id, scopes, row.only_project_id)
    role = OrganisationRole(row.organisation_role)
    return Bearer(
        actor=Actor(row.person_key, row.person_name, role, row.approval_level, "token", grant),
        token_id=row.id,
        name=row.name,
        scopes=scopes,
        project=row.project,
        expires_at=row.expires_at,
        refusal=_refusal(row, at),
    )


def _refusal(row: Row[Any], at: datetime) -> str | None:
    if row.revoked_at is not None:
        return say("The token “{token}” was revoked. Make a new one under Access tokens.", token=row.name)
    if row.expires_at <= at:
        return say(
            "The token “{token}” expired on {day}. Make a new one under Access tokens.",
            token=row.name,
            day=row.expires_at.date(),
        )
    return None if row.active else say("The account that this token belongs to is closed.")


# Built once: asked at every request.
_BEARER: Any = (
    select(
        col(ApiToken.id),
        col(ApiToken.name),
        col(ApiToken.scopes),
        col(ApiToken.only_project_id),
        col(ApiToken.expires_at),
        col(ApiToken.revoked_at),
        col(ApiToken.person_key),
        col(PersonRow.name).label("person_name"),
        col(PersonRow.organisation_role),
        col(PersonRow.approval_level),
        col(PersonRow.active),
        col(Project.key).label("project"),
    )
    .join(PersonRow, col(PersonRow.key) == col(ApiToken.person_key))
    .outerjoin(Project, col(Project.id) == col(ApiToken.only_project_id))
    .where(col(ApiToken.token_hash) == bindparam("token_hash"))
)


def own(session: Session, *, by: Actor, at: datetime) -> tuple[TokenView, ...]:
    """This person's, valid ones first, then the newest."""
    return _views(session, at, person_key=by.key)


def everybodys(session: Session, *, by: Actor, at: datetime) -> tuple[TokenView, ...]:
    """All of the organisation's, for administrators. Raises Forbidden for others."""
    require("tokens.read_all", by)
    return _views(session, at)


def names(session: Session, ids: set[int]) -> dict[int, str]:
    """What these tokens are called: one statement, none for no ids."""
    if not ids:
        return {}
    found = session.execute(select(col(ApiToken.id), col(ApiToken.name)).where(col(ApiToken.id).in_(ids)))
    return {number or 0: name for number, name in found}


def _views(session: Session, at: datetime, person_key: str | None = None) -> tuple[TokenView, ...]:
    maker = aliased(PersonRow)
    chosen = (
        select(ApiToken, col(PersonRow.name), col(Project.key), col(Project.name), col(maker.name))
        .join(PersonRow, col(PersonRow.key) == col(ApiToken.person_key))
        .outerjoin(maker, col(maker.key) == col(ApiToken.created_by))
        .outerjoin(Project, col(Project.id) == col(ApiToken.only_project_id))
        .order_by(col(ApiToken.id).desc())
    )
    if person_key is not None:
        chosen = chosen.where(col(ApiToken.person_key) == person_key)
    views = [
        _view(row, person, key, name, maker, at) for row, person, key, name, maker in session.execute(chosen)
    ]
    return tuple(sorted(views, key=lambda view: not view.is_valid))


def _view(
    row: ApiToken,
    person: str,
    project: str | None,
    project_name: str | None,
    maker: str | None,
    at: datetime,
) -> TokenView:
    is_own = row.created_by == row.person_key
    return TokenView(
        id=row.id or 0,
        name=row.name,
        hint=row.hint,
        person_key=row.person_key,
        person_name=person,
        scopes=tuple(scope for scope in Scope if scope.value in json.loads(row.scopes)),
        project=project,
        project_name=project_name,
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
        made_by="" if is_own else maker or say(ON_THE_SERVER),
        state=REVOKED if row.revoked_at else EXPIRED if row.expires_at <= at else VALID,
    )
