"""Access tokens, with which programs act for a person. The log knows their number and name, never their secret."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, func, select, update

from lifecycle.actions.people import active_person, raise_problems
from lifecycle.canonical import canonical_json
from lifecycle.errors import Forbidden, NotFound, Refused
from lifecycle.events import ORGANISATION, EventAction, record
from lifecycle.language import say
from lifecycle.rules import tokens as rules
from lifecycle.rules.people import tidy_name
from lifecycle.rules.permissions import may, require
from lifecycle.store.tables import ApiToken, Project
from lifecycle.store.tokens import hash_token, hint_of, new_access_token
from lifecycle.vocabulary import Actor, Blocker, Scope


@dataclass(frozen=True, slots=True)
class NewToken:
    """The secret is here and nowhere else: it is shown once, and only its hash is kept."""

    id: int
    secret: str
    expires_at: datetime

    def __repr__(self) -> str:
        return f"NewToken(id={self.id}, expires_at={self.expires_at!r})"


def create(
    session: Session,
    *,
    by: Actor,
    at: datetime,
    person_key: str,
    name: str,
    scopes: Collection[Scope],
    days: int = rules.DEFAULT_DAYS,
    only_project_id: int | None = None,
) -> NewToken:
    """For oneself; the command line, which reads the database anyway, for anybody.

    A project that the person may not read is no obstacle: the token then reads nothing.
    """
    require("tokens.create", by)
    if by.key != person_key and by.kind != "command_line":
        raise Forbidden(say("A token acts in the name of its person: only they can make it."))
    person, name = active_person(session, person_key), tidy_name(name)
    raise_problems(rules.problems(name, scopes, days))
    if only_project_id is not None and session.get(Project, only_project_id) is None:
        raise NotFound(say("project"), only_project_id)
    if blockers := rules.against_one_more(_valid(session, person.key, at)):
        raise Refused(*blockers)
    secret = new_access_token()
    token = ApiToken(
        token_hash=hash_token(secret),
        hint=hint_of(secret),
        person_key=person.key,
        name=name,
        scopes=canonical_json(sorted(scopes)),
        only_project_id=only_project_id,
        created_by=by.key,
        created_at=at,
        expires_at=at + rules.lasting(days),
    )
    session.add(token)
    session.flush()
    record(
        session,
        chain=ORGANISATION,
        action=EventAction.TOKEN_CREATED,
        subject=f"token:{token.id}",
        detail={
            "person": person.key,
            "name": name,
            "scopes": sorted(scopes),
            "project": only_project_id,
            "expires_at": token.expires_at,
        },
        by=by,
        at=at,
    )
    return NewToken(token.id or 0, secret, token.expires_at)


def revoke(session: Session, *, by: Actor, at: datetime, token_id: int) -> None:
    """From now on it opens nothing. One's own, or anybody's for an administrator."""
    require("tokens.revoke", by)
    token = session.get(ApiToken, token_id)
    if token is None or (token.person_key != by.key and not may("tokens.read_all", by)):
        raise NotFound(say("token"), token_id)
    if token.revoked_at is not None:
        raise Refused(Blocker("tokens:revoked", say("“{token}” is revoked already.", token=token.name)))
    token.revoked_at, token.revoked_by = at, by.key
    record(
        session,
        chain=ORGANISATION,
        action=EventAction.TOKEN_REVOKED,
        subject=f"token:{token.id}",
        detail={"person": token.person_key, "name": token.name},
        by=by,
        at=at,
    )


def note_use(session: Session, *, token_id: int, at: datetime, apart: timedelta) -> None:
    """When it was last used, to within `apart`: bookkeeping, hence no event and nothing that the log vouches for."""
    session.execute(
        update(ApiToken)
        .where(
            col(ApiToken.id) == token_id,
            col(ApiToken.last_used_at).is_(None) | (col(ApiToken.last_used_at) <= at - apart),
        )
        .values(last_used_at=at)
    )


def _valid(session: Session, person_key: str, at: datetime) -> int:
    found = select(func.count(col(ApiToken.id))).where(
        col(ApiToken.person_key) == person_key,
        col(ApiToken.revoked_at).is_(None),
        col(ApiToken.expires_at) > at,
    )
    return session.exec(found).one()
