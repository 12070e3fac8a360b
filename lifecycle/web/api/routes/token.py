"""The token itself: what it may do, and until when."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter

from lifecycle.vocabulary import Scope
from lifecycle.web.api.asking import AnyToken
from lifecycle.web.api.shapes import Shape

router = APIRouter(tags=["Token"])


class TokenShape(Shape):
    """The token that asked."""

    id: int
    name: str
    person: str
    scopes: list[Scope]
    project: str | None
    expires_at: datetime


@router.get("/token")
def read_token(asking: AnyToken) -> TokenShape:
    """Who this token acts for, what it is for, and when it ends. Any token may ask."""
    bearer = asking.bearer
    return TokenShape(
        id=bearer.token_id,
        name=bearer.name,
        person=bearer.actor.name,
        scopes=sorted(bearer.scopes),
        project=bearer.project,
        expires_at=bearer.expires_at,
    )
